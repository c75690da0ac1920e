"""Numbers, flags and times that are written as text.

A column of text is one of numbers if most of its cells that are not missing are: then all must be.
Besides numbers with a decimal point, columns of these are read:

- numbers with a decimal comma, where it cannot be a separator of thousands; if it can, as in
  ``1,234``, another column of the table must show which it is;
- flags, ``true`` and ``false`` in any case, as 1 and 0;
- times such as ``00:01:02.5`` and ``0 days 00:01:02.5``, in seconds.

The three kinds are told by all cells of a column, never by one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.table.missing_words import MISSING_WORDS

NULLS = (
    *MISSING_WORDS,
    *("?", "-", "--", ".", "na", "NaT", "NAN", "none", "NONE", "missing"),
    *("'-", "'--", "'-nan", "'-NaN"),  # as featkit writes them, lest they be formulas
)
"""What is written in a column of numbers where there is none: what pandas takes for missing, and
the marks of UCI's tables and of statistics programs."""

NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?)", re.ASCII | re.IGNORECASE)

_EXPONENT = r"(e[+-]?\d+)?"
_DECIMAL_COMMA = re.compile(
    rf"[+-]?(?=,?\d)(\d+|[1-9]\d{{0,2}}(\.\d{{3}})+)?(,\d*)?{_EXPONENT}", re.ASCII | re.IGNORECASE
)
_DECIMAL_POINT = re.compile(
    rf"[+-]?(?=\.?\d)(\d+|[1-9]\d{{0,2}}(,\d{{3}})+)?(\.\d*)?{_EXPONENT}", re.ASCII | re.IGNORECASE
)
_THOUSAND = {mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}\{mark}\d{{3}}", re.ASCII) for mark in ",."}
"""Numbers of which the only mark may be one of decimals or of thousands."""

_TIME = re.compile(
    r"(?P<sign>-?)(?:(?P<days>\d+) days?,? ?)?(?P<plus>[+]?)"
    r"(?P<hours>\d+):(?P<minutes>[0-5]\d):(?P<seconds>[0-5]\d)(?:\.(?P<fraction>\d+))?",
    re.ASCII,
)

_NUMBER_AND_MORE = re.compile(
    r"[$€£]?[+-]?(\d{1,3}([ \u00a0\u202f'’]\d{3})+([.,]\d+)?|[\d.,]*\d[ \u00a0]?[%‰°$€£]"
    r"|[\d.,]*\d[ \u00a0]+[A-Za-zµ]{1,4})|[$€£][ \u00a0]?[\d.,]*\d",
    re.ASCII,
)
"""Numbers with separators of thousands that are no marks, a sign or a unit: not read as numbers."""

NANOSECONDS = 10**9

MIXED_SHARE = 0.25
"""Share of numbers from which on a column of text is said to be mixed."""

Where = Callable[[int], str]
"""Says which row, counted from 0, is meant: ``line 4`` or ``row 3``."""


def read_numbers(
    columns: Mapping[str, Any],
    *,
    must: Collection[str],
    where: Where,
    delimiter: str | None = None,
    others: Mapping[str, Any] | None = None,
    notes: list[str] | None = None,
) -> dict[str, Array]:
    """The columns of text that are of numbers.

    Parameters
    ----------
    columns : mapping of str to Arrow array
        Columns of text; null where missing.
    must : collection of str
        Columns that have to be of numbers.
    where : callable
        Says which row is meant, for messages.
    delimiter : str, optional
        What stands between the fields of the file that they are from. A comma shows that points
        are decimal points.
    others : mapping of str to Arrow array, optional
        Columns of the same file that may show what its decimal mark is, and are not read.
    notes : list of str, optional
        Takes what a reader should know about columns that hold more than plain numbers.

    Returns
    -------
    dict of str to array of float64
        NaN where a cell is one of `NULLS`. Columns of text are left out.

    Raises
    ------
    TableError
        If a column of numbers has a cell that is none, or numbers may be read in two ways; with
        row and column.
    """
    found: dict[str, Array] = {}
    mixed: list[str] = []
    with_marks: dict[str, list[str | None]] = {}
    for name, column in columns.items():
        values, cells = _plain(column), []
        if values is None:
            cells = _known(column).to_pylist()
            values = _flags(cells)
        if values is None:
            values = _times(cells)
        if values is not None:
            found[name] = values
        elif name in must or _is_numeric(cells):
            _check_numbers(name, cells, where)
            with_marks[name] = cells
        else:
            mixed += _mixed(name, cells)
    marks = {name: _decimal_mark(name, cells, where) for name, cells in with_marks.items()}
    unclear = [name for name, mark in marks.items() if not mark]
    points_unclear = delimiter not in (None, ",")  # else they are not what separates thousands
    decimal_comma = "," in marks.values()
    if not decimal_comma and (unclear or delimiter is not None):
        decimal_comma = any(map(_shows_comma, (others or {}).values()))
    for name, cells in with_marks.items():
        if not marks[name] and not decimal_comma:
            raise _ambiguous(name, cells, ",", where)
        found[name] = _marked(cells, marks[name] or ",")
    if delimiter is not None and (decimal_comma or points_unclear):
        plain = {name: columns[name] for name in found if name not in marks}
        _check_points(plain, others or {}, decimal_comma, where)
    if notes is not None:
        notes += mixed
        if quoted := [name for name in marks if "," in (marks[name] or ",") and not points_unclear]:
            notes.append(f"read as numbers with a decimal comma: {', '.join(quoted)}")
    return {name: found[name] for name in columns if name in found}


def _mixed(name: str, cells: Sequence[str | None]) -> list[str]:
    """A note of a column of text in which there are numbers."""
    present = [cell for cell in cells if cell is not None]
    more = [cell for cell in present if _NUMBER_AND_MORE.fullmatch(cell)]
    if 2 * len(more) > len(present):
        return [
            f"column {name!r} is read as text: cells such as {more[0]!r} are numbers and more:"
            " write the numbers alone, without units, signs and separators of thousands"
        ]
    count = sum(map(_is_number, present))
    if count < MIXED_SHARE * len(present):
        return []
    other = next(cell for cell in present if not _is_number(cell))
    return [
        f"column {name!r} is read as text: {count} of {len(present)} cells are numbers, and others"
        f" are not, such as {other!r}"
    ]


def _known(column: Any) -> Any:
    """Cells without blanks around them; null where missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(column)
    null = pc.is_in(trimmed, value_set=pa.array(NULLS))
    return pc.if_else(null, pa.scalar(None, pa.string()), trimmed)


def _plain(column: Any) -> Array | None:
    """Numbers with a decimal point, as programs write them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        numbers = pc.cast(_known(column), pa.float64())
    except pa.ArrowInvalid:
        return None
    values: Array = numbers.to_numpy()
    return values


def _flags(cells: Sequence[str | None]) -> Array | None:
    words = {cell.lower() for cell in cells if cell is not None}
    if not words or not words <= {"true", "false"}:
        return None
    values = [np.nan if cell is None else float(cell.lower() == "true") for cell in cells]
    return np.array(values, dtype=np.float64)


def _times(cells: Sequence[str | None]) -> Array | None:
    values = [np.nan if cell is None else seconds_of(cell) for cell in cells]
    return None if None in values else np.array(values, dtype=np.float64)


def seconds_of(text: str) -> float | None:
    """Seconds of a time such as ``00:01:02.5`` or ``-1 days +23:59:58``; None of other text.

    Examples
    --------
    >>> seconds_of("00:01:02.5"), seconds_of("1 day, 0:00:01"), seconds_of("-1 days +23:59:58")
    (62.5, 86401.0, -2.0)
    >>> seconds_of("3:45") is None
    True
    """
    said = _TIME.fullmatch(text)
    if said is None:
        return None
    seconds = (60 * int(said["hours"]) + int(said["minutes"])) * 60 + int(said["seconds"])
    inside = seconds * NANOSECONDS + int((said["fraction"] or "0")[:9].ljust(9, "0"))
    sign = -1 if said["sign"] else 1
    if said["days"] is None:
        return sign * inside / NANOSECONDS
    # As Python and pandas write it, only the days are negative.
    return (sign * int(said["days"]) * 86400 * NANOSECONDS + inside) / NANOSECONDS


def _is_numeric(cells: Sequence[str | None]) -> bool:
    """Whether most cells are numbers, however they are written."""
    present = [cell for cell in cells if cell is not None]
    return 2 * sum(map(_is_number, present)) > len(present)


def _is_number(cell: str) -> bool:
    cell = cell.replace("−", "-")
    return bool(
        NUMBER.fullmatch(cell) or _DECIMAL_COMMA.fullmatch(cell) or _DECIMAL_POINT.fullmatch(cell)
    )


def _check_numbers(name: str, cells: Sequence[str | None], where: Where) -> None:
    for row, cell in enumerate(cells):
        if cell is not None and not _is_number(cell):
            raise TableError(
                f"{where(row)}: {name}: {cell!r} is not a number: correct it, or exclude the"
                f" column {name!r}"
            )


def _shows_comma(column: Any) -> bool:
    """Whether a column can only be of numbers with a decimal comma."""
    import pyarrow.compute as pc

    if not pc.any(pc.match_substring(column, ",")).as_py():
        return False
    cells = [cell for cell in _known(column).to_pylist() if cell is not None]
    return (
        bool(cells)
        and all(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)
        and not all(_DECIMAL_POINT.fullmatch(cell) for cell in cells)
    )


def _marked(cells: Sequence[str | None], mark: str) -> Array:
    """Numbers with this decimal mark, of which the other separates thousands."""
    other = {",": ".", ".": ","}[mark]
    return np.array(
        [
            np.nan
            if cell is None
            else float(cell.replace("−", "-").replace(other, "").replace(mark, "."))
            for cell in cells
        ]
    )


def _decimal_mark(name: str, cells: Sequence[str | None], where: Where) -> str:
    """The decimal mark of a column of numbers; "" if a comma may be it or separate thousands.

    A column in which it differs is refused, and one where ``1.234`` may be either beside ``2,5``.
    """
    finite = [
        cell.replace("−", "-") for cell in cells if cell is not None and "n" not in cell.lower()
    ]
    pointed = all(_DECIMAL_POINT.fullmatch(cell) for cell in finite)
    if not any("," in cell for cell in finite) and pointed:
        return "."
    if all(_DECIMAL_COMMA.fullmatch(cell) for cell in finite):
        mark, thousands = ("", "") if pointed else (",", ".")
    elif pointed:
        mark, thousands = ".", ","
    else:
        raise _ambiguous(name, cells, ",", where)
    if thousands:
        doubtful = any(_THOUSAND[thousands].fullmatch(cell) for cell in finite)
        certain = re.compile(rf"\{thousands}\d{{3}}[,.]")
        if doubtful and not any(certain.search(cell) for cell in finite):
            raise _ambiguous(name, cells, thousands, where)
    return mark


def _ambiguous(name: str, cells: Sequence[str | None], mark: str, where: Where) -> TableError:
    """An error that names the first number with a mark of which it is not known what it means."""
    mark = mark if any(cell is not None and mark in cell for cell in cells) else "."
    row, cell = next((k, cell) for k, cell in enumerate(cells) if cell is not None and mark in cell)
    return TableError(
        f"{where(row)}: {name}: the {'comma' if mark == ',' else 'point'} in {cell!r} may be a"
        " decimal mark or separate thousands: write numbers with a decimal point and nothing"
        f" between thousands, or exclude the column {name!r}"
    )


def _check_points(
    columns: Mapping[str, Any], others: Mapping[str, Any], decimal_comma: bool, where: Where
) -> None:
    """Refuse ``1.234`` where points may separate thousands.

    They may in a file with decimal commas, and in one without commas between fields, unless another
    number shows that they are decimal points: where the comma is the decimal mark, programs write
    other separators.
    """
    doubtful = None
    for name, column in {**others, **columns}.items():
        cells = [cell for cell in _known(column).to_pylist() if cell and "." in cell]
        if not cells or not all(map(NUMBER.fullmatch, cells)):
            continue
        if not all(map(_THOUSAND["."].fullmatch, cells)):
            if not decimal_comma:
                return
        elif name in columns:
            doubtful = doubtful or name
    if doubtful is not None:
        raise _ambiguous(doubtful, _known(columns[doubtful]).to_pylist(), ".", where)
