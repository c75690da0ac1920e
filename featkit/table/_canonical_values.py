"""Canonical spelling of classes, groups and folds, independent of the file that stored them.

pandas stores integers with gaps as floats and writes them as ``1.0``, other programs write flags
as ``TRUE``, and dates may include the time ``00:00:00``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from featkit.table.missing_values import MISSING_WORDS

IGNORED = frozenset({*MISSING_WORDS, "NaT"})
"""Missing values, which do not affect the spelling of the other values in their column."""

MIDNIGHT = "00:00:00"

_FLAG = re.compile(r"true|false", re.IGNORECASE)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0+")
_TIME = r"([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?"
_DATETIME = re.compile(
    rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:[ T]{_TIME}(Z|[+-][0-9]{{2}}:[0-9]{{2}})?)?"
)
_TIMEDELTA = re.compile(rf"(-?[0-9]+ days)(?: \+?{_TIME}())?")


def canonical_values(values: Sequence[str]) -> list[str]:
    """Convert the values of one column to their canonical spelling.

    Values change only if all of them, except empty ones and those in `IGNORED`, have the same form:

    - Flags: ``true`` and ``false`` in any case become ``True`` and ``False``.
    - Numbers as Python writes them, or integers with zeros after the point: ``1.0`` becomes ``1``.
      Other forms, such as ``01``, ``1.10`` or ``1e3``, leave the whole column unchanged.
    - Dates and times of ISO 8601, and time differences of pandas: the ``T`` becomes a space, and
      trailing zeros of seconds are removed. If all times are midnight, only the dates remain.

    Parameters
    ----------
    values : sequence of str
        The values of the column.

    Returns
    -------
    list of str

    Examples
    --------
    >>> canonical_values(["1.0", "", "2.0"]), canonical_values(["01", "1.0"])
    (['1', '', '2'], ['01', '1.0'])
    >>> canonical_values(["TRUE", "FALSE"])
    ['True', 'False']
    >>> canonical_values(["2026-01-31T00:00:00", "2026-02-01"])
    ['2026-01-31', '2026-02-01']
    """
    spellings = _spellings({value for value in values if value.strip() and value not in IGNORED})
    return [spellings.get(value, value) for value in values]


def _spellings(values: Collection[str]) -> dict[str, str]:
    """Canonical spelling of each value; empty if the values differ in form."""
    if all(map(_FLAG.fullmatch, values)):
        return {value: value.capitalize() for value in values}
    if all(map(_is_number, values)):
        return {value: _without_point(value) for value in values}
    for form in (_DATETIME, _TIMEDELTA):
        parts = {value: match.groups() for value in values if (match := form.fullmatch(value))}
        if len(parts) == len(values):
            return _times(parts)
    return {}


def _is_number(value: str) -> bool:
    if _INTEGER.fullmatch(value) or _WHOLE.fullmatch(value):
        return True
    try:
        return repr(float(value)) == value
    except ValueError:
        return False


def _without_point(value: str) -> str:
    if whole := _WHOLE.fullmatch(value):
        return "0" if whole[1] == "-0" else whole[1]
    if _INTEGER.fullmatch(value) or not float(value).is_integer():
        return value
    return str(int(float(value)))


def _times(parts: Mapping[str, tuple[str | None, ...]]) -> dict[str, str]:
    """Days with their times, or days alone if all times are midnight without a time zone."""
    times: dict[str, tuple[str, str, str]] = {}
    for value, (day, time, fraction, zone) in parts.items():
        digits = (fraction or "").rstrip("0").rstrip(".")
        times[value] = (str(day), (time or MIDNIGHT) + digits, (zone or "").replace("Z", "+00:00"))
    if all((time, zone) == (MIDNIGHT, "") for _, time, zone in times.values()):
        return {value: day for value, (day, _, _) in times.items()}
    return {value: f"{day} {time}{zone}" for value, (day, time, zone) in times.items()}
