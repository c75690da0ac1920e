"""Numbers and names as a reader wants them: few digits, a true minus, units as they are."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from featkit._utils.bidi import isolated
from featkit._utils.counting import counted
from featkit._utils.typing import Array

NO_NUMBER = "–"

UNITLESS = ("", "1")

DAY, HOUR, MINUTE = 86400.0, 3600.0, 60.0

_NUMBER = re.compile(r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
"""A number as tables write one. ``float`` also takes ``01_02`` and ``007``, which are names."""


def figures(value: float, digits: int = 4) -> str:
    """A number with so many significant digits."""
    if not math.isfinite(value):
        return NO_NUMBER
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if not -5 <= size < 7:
        return f"{value:.{digits - 1}e}".replace("-", "−")
    text = f"{value:,.{max(0, digits - 1 - size)}f}"
    if not float(text.replace(",", "")):
        return "0"
    return text.replace("-", "−")


def signed(value: float, digits: int = 3) -> str:
    """The same with its sign, whichever it is."""
    return ("+" if value > 0 else "") + figures(value, digits)


def fixed(value: float | None, places: int = 3) -> str:
    """A score with so many places, if there is one: a class without rows has no recall."""
    if value is None or not math.isfinite(value):
        return NO_NUMBER
    return f"{value + math.copysign(1e-9, value):.{places}f}".replace("-", "−")


def points(share: float) -> str:
    """A share in points of a hundred; halves are rounded up, as a reader does."""
    return f"{100 * share + 1e-9:.1f}" if math.isfinite(share) else NO_NUMBER


def percent(share: float) -> str:
    """A share in percent, which shows neither few as none nor most as all."""
    if 0 < share < 0.0005:
        return "<0.1\u00a0%"
    return ">99.9\u00a0%" if 0.9995 <= share < 1 else f"{points(share)}\u00a0%"


def of_hundred(share: float) -> str:
    """A share in whole percent, which shows neither few as none nor most as all."""
    if 0 < share < 0.01:
        return "<1"
    if 0.99 < share < 1:
        return ">99"
    return f"{100 * share:.0f}"


def with_unit(value: float, unit: str, digits: int = 4) -> str:
    """A value in its unit."""
    number = figures(value, digits)
    return number if unit in UNITLESS or number == NO_NUMBER else f"{number}\u00a0{unit}"


def quoted(name: str) -> str:
    """A name from outside, set off from the words around it."""
    return f"“{isolated(name)}”"


def listed(names: Iterable[str]) -> str:
    """a, b and c."""
    *most, last = map(isolated, names)
    return f"{', '.join(most)} and {last}" if most else last


def seconds(duration: float) -> str:
    """A duration in the unit that suits it."""
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if duration >= 2 * size:
            return with_unit(duration / size, unit, 3)
    return with_unit(duration, "s", 3)


def summarised(values: Sequence[Any] | Array) -> str:
    """What a column of texts holds: a range of numbers, a few values, or how many."""
    texts = [str(value) for value in np.asarray(values, dtype=object).tolist()]
    there = [text for text in texts if text]
    missing = (
        f"; none in {counted(len(texts) - len(there), 'row')}" if len(there) < len(texts) else ""
    )
    names, counts = np.unique(np.array(there, dtype=str), return_counts=True)
    if not there:
        return "nothing"
    if len(names) <= 6:
        order = np.argsort(-counts, kind="stable")
        shown = (f"{_short(str(names[k]))}: {counted(int(counts[k]), 'row')}" for k in order)
        return ", ".join(shown) + missing
    numbers = _numbers(there)
    if numbers is not None:
        low, middle, high = (figures(float(np.percentile(numbers, q))) for q in (0, 50, 100))
        return f"{low} to {high}, median {middle}{missing}"
    return f"{len(names):,} different values{missing}"


def _short(text: str) -> str:
    return isolated(text if len(text) <= 40 else f"{text[:39]}…")


def _numbers(texts: Sequence[str]) -> Array | None:
    """The texts as numbers; None if one of them is not a finite number."""
    if not all(map(_NUMBER.fullmatch, texts)):
        return None
    numbers = np.array([float(text) for text in texts])
    return numbers if np.isfinite(numbers).all() else None
