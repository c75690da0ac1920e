"""Numbers, flags and times that are written as text.

A text column is read as numbers if most of its cells that are not missing are numbers; any other
cell is then an error. Besides numbers with a decimal point, these are read:

- numbers with a decimal comma, unless the comma may separate thousands; for cells such as
  ``1,234``, another column of the table must show the meaning of the comma;
- flags, ``true`` and ``false`` in any case, as 1 and 0;
- times such as ``00:01:02.5`` and ``0 days 00:01:02.5``, in seconds.

The type of a column depends on all of its cells, never on a single one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.table.missing_values import MISSING_WORDS
from featkit.table.times import parse_time

if TYPE_CHECKING:
    from featkit.table.columns import RowName

MISSING_NUMBERS = (
    *MISSING_WORDS,
    *("?", "-", "--", ".", "na", "NaT", "NAN", "none", "NONE", "missing"),
    *("'-", "'--", "'-nan", "'-NaN"),  # as featkit escapes them
)
"""Words that mark a missing number: those of pandas, of the UCI repository and of statistics
programs."""

NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?)", re.ASCII | re.IGNORECASE)

_EXPONENT = r"(e[+-]?\d+)?"
_DECIMAL_COMMA = re.compile(
    rf"[+-]?(?=,?\d)(\d+|[1-9]\d{{0,2}}(\.\d{{3}})+)?(,\d*)?{_EXPONENT}", re.ASCII | re.IGNORECASE
)
_DECIMAL_POINT = re.compile(
    rf"[+-]?(?=\.?\d)(\d+|[1-9]\d{{0,2}}(,\d{{3}})+)?(\.\d*)?{_EXPONENT}", re.ASCII | re.IGNORECASE
)
_AMBIGUOUS = {mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}\{mark}\d{{3}}", re.ASCII) for mark in ",."}
"""Numbers whose only mark may be a decimal mark or a thousands separator, such as ``1,234``."""

_NUMBER_WITH_UNIT = re.compile(
    r"[$€£]?[+-]?(\d{1,3}([ \u00a0\u202f'’]\d{3})+([.,]\d+)?|[\d.,]*\d[ \u00a0]?[%‰°$€£]"
    r"|[\d.,]*\d[ \u00a0]+[A-Za-zµ]{1,4})|[$€£][ \u00a0]?[\d.,]*\d",
    re.ASCII,
)
"""Numbers with a unit, a sign or another thousands separator: they are not read as numbers."""

MIN_MIXED_SHARE = 0.25
"""Smallest share of numbers for which a note reports that a text column contains numbers."""


def read_numbers(
    columns: Mapping[str, Any],
    *,
    required: Collection[str],
    row_name: RowName,
    delimiter: str | None = None,
    evidence: Mapping[str, Any] | None = None,
    notes: list[str] | None = None,
) -> dict[str, Array]:
    """Read the columns of text that hold numbers.

    Parameters
    ----------
    columns : mapping of str to Arrow array
        Columns of text; null where missing.
    required : collection of str
        Columns that must hold numbers.
    row_name : callable
        ``row_name(row)`` returns the name of a row, for messages.
    delimiter : str, optional
        Character between the fields of the file. A comma implies decimal points.
    evidence : mapping of str to Arrow array, optional
        Columns of the same file that are not read, but may show its decimal mark.
    notes : list of str, optional
        Receives remarks on columns that hold more than plain numbers.

    Returns
    -------
    dict of str to array of float64
        NaN where a cell is one of `MISSING_NUMBERS`. Columns of text are left out.

    Raises
    ------
    TableError
        If a cell of a column of numbers is not a number, or can be read as two different numbers;
        the message names row and column.
    """
    evidence = evidence or {}
    numbers: dict[str, Array] = {}
    mixed: list[str] = []
    marked: dict[str, list[str | None]] = {}
    for name, column in columns.items():
        values, cells = _plain_numbers(column), []
        if values is None:
            cells = _present(column).to_pylist()
            values = _flags(cells)
        if values is None:
            values = _times(cells)
        if values is not None:
            numbers[name] = values
        elif name in required or _are_numbers(cells):
            _check_numbers(name, cells, row_name)
            marked[name] = cells
        else:
            mixed += _mixed_notes(name, cells)
    marks = {name: _decimal_mark(name, cells, row_name) for name, cells in marked.items()}
    points_ambiguous = delimiter not in (None, ",")  # else points never separate thousands
    decimal_comma = "," in marks.values()
    if not decimal_comma and ("" in marks.values() or delimiter is not None):
        decimal_comma = any(map(_shows_decimal_comma, evidence.values()))
    for name, cells in marked.items():
        if not marks[name] and not decimal_comma:
            raise _ambiguity(name, cells, ",", row_name)
        numbers[name] = _marked_numbers(cells, marks[name] or ",")
    if delimiter is not None and (decimal_comma or points_ambiguous):
        plain = {name: columns[name] for name in numbers if name not in marks}
        _check_points(plain, evidence, decimal_comma, row_name)
    if notes is not None:
        notes += mixed
        commas = [name for name in marks if "," in (marks[name] or ",")]
        if commas and not points_ambiguous:
            notes.append(f"read as numbers with a decimal comma: {', '.join(commas)}")
    return {name: numbers[name] for name in columns if name in numbers}


def _mixed_notes(name: str, cells: Sequence[str | None]) -> list[str]:
    """A note on a column of text that contains numbers."""
    present = [cell for cell in cells if cell is not None]
    with_unit = [cell for cell in present if _NUMBER_WITH_UNIT.fullmatch(cell)]
    if 2 * len(with_unit) > len(present):
        return [
            f"column {name!r} is read as text: cells such as {with_unit[0]!r} are not plain"
            " numbers: remove units, symbols and thousands separators"
        ]
    count = sum(map(_is_number, present))
    if count < MIN_MIXED_SHARE * len(present):
        return []
    text = next(cell for cell in present if not _is_number(cell))
    return [
        f"column {name!r} is read as text: {count} of {len(present)} cells are numbers, and others"
        f" are not, such as {text!r}"
    ]


def _present(column: Any) -> Any:
    """Cells without surrounding blanks; null where missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(column)
    missing = pc.is_in(trimmed, value_set=pa.array(MISSING_NUMBERS))
    return pc.if_else(missing, pa.scalar(None, pa.string()), trimmed)


def _plain_numbers(column: Any) -> Array | None:
    """Numbers with a decimal point, as programs write them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return np.asarray(pc.cast(_present(column), pa.float64()).to_numpy())
    except pa.ArrowInvalid:
        return None


def _flags(cells: Sequence[str | None]) -> Array | None:
    words = {cell.lower() for cell in cells if cell is not None}
    if not words or not words <= {"true", "false"}:
        return None
    values = [np.nan if cell is None else float(cell.lower() == "true") for cell in cells]
    return np.array(values, dtype=np.float64)


def _times(cells: Sequence[str | None]) -> Array | None:
    values = [np.nan if cell is None else parse_time(cell) for cell in cells]
    return None if None in values else np.array(values, dtype=np.float64)


def _are_numbers(cells: Sequence[str | None]) -> bool:
    """Whether most present cells are numbers in any notation."""
    present = [cell for cell in cells if cell is not None]
    return 2 * sum(map(_is_number, present)) > len(present)


def _is_number(cell: str) -> bool:
    cell = cell.replace("−", "-")
    return bool(
        NUMBER.fullmatch(cell) or _DECIMAL_COMMA.fullmatch(cell) or _DECIMAL_POINT.fullmatch(cell)
    )


def _check_numbers(name: str, cells: Sequence[str | None], row_name: RowName) -> None:
    for row, cell in enumerate(cells):
        if cell is not None and not _is_number(cell):
            raise TableError(
                f"{row_name(row)}: {name}: {cell!r} is not a number: correct it, or exclude the"
                f" column {name!r}"
            )


def _shows_decimal_comma(column: Any) -> bool:
    """Whether a column can only be read as numbers with a decimal comma."""
    import pyarrow.compute as pc

    if not pc.any(pc.match_substring(column, ",")).as_py():
        return False
    cells = [cell for cell in _present(column).to_pylist() if cell is not None]
    return (
        bool(cells)
        and all(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)
        and not all(_DECIMAL_POINT.fullmatch(cell) for cell in cells)
    )


def _marked_numbers(cells: Sequence[str | None], mark: str) -> Array:
    """Numbers with this decimal mark; the other mark separates thousands."""
    separator = {",": ".", ".": ","}[mark]
    return np.array(
        [
            np.nan
            if cell is None
            else float(cell.replace("−", "-").replace(separator, "").replace(mark, "."))
            for cell in cells
        ]
    )


def _decimal_mark(name: str, cells: Sequence[str | None], row_name: RowName) -> str:
    """The decimal mark of a column of numbers; "" if its commas may also separate thousands.

    An error is raised if a column mixes both marks, or has ``1.234`` in one cell and ``2,5`` in
    another.
    """
    finite = [
        cell.replace("−", "-") for cell in cells if cell is not None and "n" not in cell.lower()
    ]
    fits_point = all(_DECIMAL_POINT.fullmatch(cell) for cell in finite)
    if not any("," in cell for cell in finite) and fits_point:
        return "."
    if all(_DECIMAL_COMMA.fullmatch(cell) for cell in finite):
        mark, separator = ("", "") if fits_point else (",", ".")
    elif fits_point:
        mark, separator = ".", ","
    else:
        raise _ambiguity(name, cells, ",", row_name)
    if separator:
        ambiguous = any(_AMBIGUOUS[separator].fullmatch(cell) for cell in finite)
        unambiguous = re.compile(rf"\{separator}\d{{3}}[,.]")
        if ambiguous and not any(unambiguous.search(cell) for cell in finite):
            raise _ambiguity(name, cells, separator, row_name)
    return mark


def _ambiguity(name: str, cells: Sequence[str | None], mark: str, row_name: RowName) -> TableError:
    """An error that names the first number with an ambiguous mark."""
    mark = mark if any(cell is not None and mark in cell for cell in cells) else "."
    row, cell = next((k, cell) for k, cell in enumerate(cells) if cell is not None and mark in cell)
    return TableError(
        f"{row_name(row)}: {name}: the {'comma' if mark == ',' else 'point'} in {cell!r} may be a"
        " decimal mark or separate thousands: write numbers with a decimal point and without"
        f" thousands separators, or exclude the column {name!r}"
    )


def _check_points(
    columns: Mapping[str, Any], evidence: Mapping[str, Any], decimal_comma: bool, row_name: RowName
) -> None:
    """Raise an error for ``1.234`` in a file where points may separate thousands.

    This is possible in two kinds of files: those with decimal commas; and those whose delimiter is
    not a comma, because programs choose another delimiter if the comma is the decimal mark. In the
    second kind, another number may show that points are decimal points.
    """
    ambiguous = None
    for name, column in {**evidence, **columns}.items():
        cells = [cell for cell in _present(column).to_pylist() if cell and "." in cell]
        if not cells or not all(map(NUMBER.fullmatch, cells)):
            continue
        if not all(map(_AMBIGUOUS["."].fullmatch, cells)):
            if not decimal_comma:
                return
        elif name in columns:
            ambiguous = ambiguous or name
    if ambiguous is not None:
        raise _ambiguity(ambiguous, _present(columns[ambiguous]).to_pylist(), ".", row_name)
