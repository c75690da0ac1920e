"""Sample rates: which there are, and samples in seconds of them."""

from __future__ import annotations

import math
from typing import Any

from featkit._utils.parameters import is_number
from featkit.errors import ParameterError

SLOWEST, FASTEST = 100.0, 1e7
"""Sample rates in Hz beyond which a header is taken for damaged, and a wish for a mistake."""

RATES = f"{SLOWEST:,g} to {FASTEST:,.0f} Hz"


def is_rate(value: Any) -> bool:
    """Whether it is a number, and a sample rate that sound may have."""
    return is_number(value) and bool(SLOWEST <= value <= FASTEST)


def check_sr(sr: Any) -> None:
    """Refuse what is asked for as a sample rate, and is none.

    Raises
    ------
    ParameterError
        That says which there are.
    """
    if not is_rate(sr):
        raise ParameterError(f"sr must be a sample rate, {RATES}, got {sr!r}")


def samples_in(seconds: float, rate: float) -> int:
    """Samples that begin within some seconds, which a binary fraction may miss by a trifle."""
    return math.ceil(seconds * rate - 1e-6)
