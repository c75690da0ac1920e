"""Names of classes, groups and folds: the same, whatever a table was stored in.

pandas keeps integers with a gap as floats and writes them as ``1.0``, other programs write a flag
as ``TRUE``, a date may carry its midnight.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from featkit.table.missing_words import MISSING_WORDS

MISSING = frozenset({*MISSING_WORDS, "NaT"})
"""Names that do not decide how those beside them are spelled."""

MIDNIGHT = "00:00:00"

_FLAG = re.compile(r"true|false", re.IGNORECASE)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0+")
_TIME = r"([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?"
_MOMENT = re.compile(
    rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:[ T]{_TIME}(Z|[+-][0-9]{{2}}:[0-9]{{2}})?)?"
)
_SPAN = re.compile(rf"(-?[0-9]+ days)(?: \+?{_TIME}())?")


def alike(names: Sequence[str]) -> list[str]:
    """The names of one column, spelled in one way.

    They are changed only if each of them, but what is empty or in `MISSING`, has one such form:

    - ``true`` and ``false`` in any case are ``True`` and ``False``;
    - of numbers as Python writes them, and whole ones with any zeros behind the point, the whole
      ones lose the point: ``1.0`` is ``1``. But ``01``, ``1.10`` and ``1e3`` are left as they are,
      and so is every other name in their column;
    - dates and times of ISO 8601, and pandas' spans of time, have no ``T`` and no zeros at the end
      of a fraction, and no time of day where it is midnight in all of them.

    Examples
    --------
    >>> alike(["1.0", "", "2.0"]), alike(["01", "1.0"]), alike(["TRUE", "FALSE"])
    (['1', '', '2'], ['01', '1.0'], ['True', 'False'])
    >>> alike(["2026-01-31T00:00:00", "2026-02-01"])
    ['2026-01-31', '2026-02-01']
    """
    spelled = _spelled({name for name in names if name.strip() and name not in MISSING})
    return [spelled.get(name, name) for name in names]


def _spelled(names: Collection[str]) -> dict[str, str]:
    """The one spelling of each name, where all of them have a form that has several."""
    if all(map(_FLAG.fullmatch, names)):
        return {name: name.capitalize() for name in names}
    if all(map(_is_number, names)):
        return {name: _without_point(name) for name in names}
    for form in (_MOMENT, _SPAN):
        parts = {name: match.groups() for name in names if (match := form.fullmatch(name))}
        if len(parts) == len(names):
            return _times(parts)
    return {}


def _is_number(name: str) -> bool:
    if _INTEGER.fullmatch(name) or _WHOLE.fullmatch(name):
        return True
    try:
        return repr(float(name)) == name
    except ValueError:
        return False


def _without_point(name: str) -> str:
    if whole := _WHOLE.fullmatch(name):
        return "0" if whole[1] == "-0" else whole[1]
    if _INTEGER.fullmatch(name) or not float(name).is_integer():
        return name
    return str(int(float(name)))


def _times(parts: Mapping[str, tuple[str | None, ...]]) -> dict[str, str]:
    """Days with their times, unless all of these are midnight, of no time zone."""
    told: dict[str, tuple[str, str, str]] = {}
    for name, (day, time, fraction, zone) in parts.items():
        rest = (fraction or "").rstrip("0").rstrip(".")
        told[name] = (str(day), (time or MIDNIGHT) + rest, (zone or "").replace("Z", "+00:00"))
    if all((time, zone) == (MIDNIGHT, "") for _, time, zone in told.values()):
        return {name: day for name, (day, _, _) in told.items()}
    return {name: f"{day} {time}{zone}" for name, (day, time, zone) in told.items()}
