"""Formatting of numbers and names for readers of the report.

Numbers have few digits and a true minus sign. Undefined numbers are shown as ``–``. Names from
outside are isolated, so that names written from right to left do not change the sentence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from featkit._utils import formatting
from featkit._utils.bidi import isolated
from featkit._utils.formatting import counted
from featkit._utils.typing import Array

NO_NUMBER = "–"

UNITLESS = ("", "1")

MAX_LISTED_VALUES = 6
"""Distinct values of a column up to which they are listed with their counts."""

_NUMBER = re.compile(r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
"""A number in a table. ``float`` also accepts ``01_02`` and ``007``, which are names."""


def significant(value: float, digits: int = 4) -> str:
    """Format a number with significant digits.

    Parameters
    ----------
    value : float
        The number.
    digits : int
        Number of significant digits.

    Returns
    -------
    str
        The number, in scientific notation below 1e-5 and from 1e7.
    """
    if not math.isfinite(value):
        return NO_NUMBER
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if not -5 <= exponent < 7:
        return f"{value:.{digits - 1}e}".replace("-", "−")
    text = f"{value:,.{max(0, digits - 1 - exponent)}f}"
    if not float(text.replace(",", "")):
        return "0"
    return text.replace("-", "−")


def signed(value: float, digits: int = 3) -> str:
    """Format a number with its sign and significant digits.

    Parameters
    ----------
    value : float
        The number.
    digits : int
        Number of significant digits.

    Returns
    -------
    str
        The number, with ``+`` or ``−`` unless it is 0.
    """
    return ("+" if value > 0 else "") + significant(value, digits)


def fixed(value: float | None, places: int = 3) -> str:
    """Format a score with a fixed number of decimal places.

    Parameters
    ----------
    value : float or None
        The score; None or NaN if it is undefined, such as the recall of a class without rows.
    places : int
        Number of decimal places.

    Returns
    -------
    str
        The score, halves rounded away from 0.
    """
    if value is None or not math.isfinite(value):
        return NO_NUMBER
    return f"{value + math.copysign(1e-9, value):.{places}f}".replace("-", "−")


def share(value: float | None) -> str:
    """Format a score that may be near 0 from both sides, without a sign for 0.

    Parameters
    ----------
    value : float or None
        The score; None if it is undefined.

    Returns
    -------
    str
        The score with three decimal places.
    """
    text = fixed(value)
    return "0.000" if text == "−0.000" else text


def percent_number(share: float) -> str:
    """Format a share as a percentage without the sign ``%``.

    Parameters
    ----------
    share : float
        The share, 0 to 1.

    Returns
    -------
    str
        The percentage with one decimal place, halves rounded up.
    """
    return f"{100 * share + 1e-9:.1f}" if math.isfinite(share) else NO_NUMBER


def percent(share: float) -> str:
    """Format a share in percent, never rounded to 0 or 100.

    Parameters
    ----------
    share : float
        The share, 0 to 1.

    Returns
    -------
    str
        The percentage with one decimal place.
    """
    return formatting.percent(share, "\u00a0") if math.isfinite(share) else NO_NUMBER


def whole_percent(share: float) -> str:
    """Format a share as a whole percentage without the sign ``%``, never rounded to 0 or 100.

    Parameters
    ----------
    share : float
        The share, 0 to 1.

    Returns
    -------
    str
        The percentage.
    """
    if 0 < share < 0.01:
        return "<1"
    if 0.99 < share < 1:
        return ">99"
    return f"{100 * share:.0f}"


def with_unit(value: float, unit: str, digits: int = 4) -> str:
    """Format a value with its unit.

    Parameters
    ----------
    value : float
        The value.
    unit : str
        The unit; "" or "1" for none.
    digits : int
        Number of significant digits.

    Returns
    -------
    str
        Value and unit with a no-break space.
    """
    number = significant(value, digits)
    return number if unit in UNITLESS or number == NO_NUMBER else f"{number}\u00a0{unit}"


def quoted(name: str) -> str:
    """Put a name from outside in quotation marks.

    Parameters
    ----------
    name : str
        The name.

    Returns
    -------
    str
        The quoted name.
    """
    return f"“{isolated(name)}”"


def enumerated(names: Iterable[str]) -> str:
    """Join names to ``a, b and c``.

    Parameters
    ----------
    names : iterable of str
        At least one name.

    Returns
    -------
    str
        The enumeration.
    """
    *most, last = map(isolated, names)
    return f"{', '.join(most)} and {last}" if most else last


def summary(values: Sequence[Any] | Array) -> str:
    """Summarise a column of texts.

    Parameters
    ----------
    values : sequence
        The texts; "" where missing.

    Returns
    -------
    str
        The distinct values if they are few, else the range of numbers, else the number of distinct
        values.
    """
    texts = [str(value) for value in np.asarray(values, dtype=object).tolist()]
    present = [text for text in texts if text]
    if not present:
        return "empty"
    n_missing = len(texts) - len(present)
    missing = f"; missing in {counted(n_missing, 'row')}" if n_missing else ""
    names, counts = np.unique(np.array(present, dtype=str), return_counts=True)
    if len(names) <= MAX_LISTED_VALUES:
        order = np.argsort(-counts, kind="stable")
        shown = (f"{_shortened(str(names[k]))}: {counted(int(counts[k]), 'row')}" for k in order)
        return ", ".join(shown) + missing
    numbers = _numbers(present)
    if numbers is not None:
        low, middle, high = (significant(float(np.percentile(numbers, q))) for q in (0, 50, 100))
        return f"{low} to {high}, median {middle}{missing}"
    return f"{len(names):,} different values{missing}"


def _shortened(text: str) -> str:
    return isolated(text if len(text) <= 40 else f"{text[:39]}…")


def _numbers(texts: Sequence[str]) -> Array | None:
    """The texts as numbers; None if one of them is not a finite number."""
    if not all(map(_NUMBER.fullmatch, texts)):
        return None
    numbers = np.array([float(text) for text in texts])
    return numbers if np.isfinite(numbers).all() else None
