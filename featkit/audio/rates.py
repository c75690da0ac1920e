"""Sample rates: the range that featkit accepts, and times in samples."""

from __future__ import annotations

import math
from typing import Any

from featkit._utils.parameters import is_number
from featkit.errors import ParameterError

LOWEST_RATE, HIGHEST_RATE = 100.0, 1e7
"""Accepted sample rates in Hz. Rates outside this range come from damaged headers or mistakes."""

RATES = f"{LOWEST_RATE:,g} to {HIGHEST_RATE:,.0f} Hz"


def is_rate(value: Any) -> bool:
    """Return whether a value is a number, and an accepted sample rate in Hz.

    Parameters
    ----------
    value : object

    Returns
    -------
    bool
    """
    return is_number(value) and bool(LOWEST_RATE <= value <= HIGHEST_RATE)


def check_sr(sr: Any) -> None:
    """Check a sample rate.

    Parameters
    ----------
    sr : object
        Sample rate in Hz.

    Raises
    ------
    ParameterError
        If it is not a number, or not within the accepted range.
    """
    if not is_rate(sr):
        raise ParameterError(f"sr must be a sample rate, {RATES}, got {sr!r}")


def check_target_sr(sr: Any) -> None:
    """Check the sample rate to resample to.

    Parameters
    ----------
    sr : object
        Sample rate in Hz, or None for each recording's own rate.

    Raises
    ------
    ParameterError
        If it is neither None nor an accepted sample rate.
    """
    if sr is not None:
        check_sr(sr)


def samples_before(seconds: float, rate: float) -> int:
    """Count the samples that begin before a time.

    A product that exceeds a whole number by at most 1e-6 counts as that number, because decimals
    such as 2.01 s are not exact in binary.

    Parameters
    ----------
    seconds : float
        The time, at least 0.
    rate : float
        Sample rate in Hz.

    Returns
    -------
    int

    Examples
    --------
    >>> samples_before(0.5, 3)
    2
    """
    return math.ceil(seconds * rate - 1e-6)
