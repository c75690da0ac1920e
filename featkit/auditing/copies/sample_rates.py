"""Standard sample rates, and the common duration of recordings, which depends on them."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array

STANDARD = (8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 96000)
"""Sample rates in Hz."""

SAME = 1e-3
"""Relative difference up to which durations are the same."""

COMMON_SHARE = 0.8
"""Least share of the recordings with the same duration."""

LEAST_SIZE = 8
"""Fewest recordings with the same duration."""


def standard_rate(rate: float, tolerance: float) -> int | None:
    """Return the standard rate near a rate.

    Parameters
    ----------
    rate : float
        Hz.
    tolerance : float
        Largest relative difference.

    Returns
    -------
    int or None
        Hz; None if there is none.
    """
    nearest = min(STANDARD, key=lambda one: abs(np.log(one / rate)))
    return nearest if abs(nearest / rate - 1) <= tolerance else None


def common_duration(durations: Array) -> float | None:
    """Return the duration that most recordings have.

    Parameters
    ----------
    durations : array, shape ``(recordings,)``
        Seconds.

    Returns
    -------
    float or None
        Seconds; None if they differ.
    """
    ordered = np.sort(durations[durations > 0])
    if not len(ordered):
        return None
    counts = np.searchsorted(ordered, ordered * (1 + SAME), side="right") - np.arange(len(ordered))
    first, count = int(np.argmax(counts)), int(counts.max())
    if count < max(LEAST_SIZE, COMMON_SHARE * len(durations)):
        return None
    return float(np.median(ordered[first : first + count]))
