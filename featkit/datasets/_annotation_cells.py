"""Rows, numbers and columns of annotation files that are tables."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from featkit._utils.parameters import unknown
from featkit.datasets._name_patterns import reserved_reason
from featkit.errors import TableError
from featkit.table.delimited import check_fields, check_unique_names, read_rows
from featkit.table.dialects import detect
from featkit.table.times import parse_time

MAX_SHOWN = 40
"""Characters of a cell that a message shows."""

MAX_TIME_LENGTH = 60

WHOLE_DAYS = re.compile(r"\d+ days", re.ASCII)
"""A duration as pandas writes it if all durations of a column are whole days, such as 0 days."""

_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def text_rows(file: Path, *, delimiter: str | None = "\t") -> Iterator[tuple[str, list[str]]]:
    """Yield location and cells of each row that is not blank.

    Parameters
    ----------
    file : Path
        The file.
    delimiter : str, optional
        A tab, for files without quotes; None for CSV, whose delimiter is detected.

    Yields
    ------
    location : str
        File and line.
    cells : list of str
        The cells, without surrounding blanks.

    Raises
    ------
    TableError
        If the file cannot be read or is not text.
    """
    rows = read_rows(
        file,
        delimiter=delimiter,
        quoted=delimiter is None,
        dialect=detect(file, guess=True),
    )
    for line, row in rows:
        location = f"{file}: line {line}"
        if any("\0" in cell for cell in row):
            raise TableError(f"{location}: contains a NUL byte: the file is damaged or not text")
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield location, cells


def table_rows(
    file: Path, *, required: Sequence[str] = (), delimiter: str | None = "\t"
) -> tuple[list[str], Iterator[tuple[str, dict[str, str]]]]:
    """Read a table with a header.

    Parameters
    ----------
    file : Path
        The file.
    required : sequence of str
        Columns that the table must have.
    delimiter : str, optional
        As for `text_rows`.

    Returns
    -------
    names : list of str
        Names of the columns.
    rows : iterator of (str, dict)
        Location and cells by column of each row.

    Raises
    ------
    TableError
        If the file cannot be read, a column is missing, two columns have the same name, or a row
        has another number of cells than the header.
    """
    rows = text_rows(file, delimiter=delimiter)
    location, names = next(rows, (f"{file}: line 1", []))
    check_unique_names(location, [name for name in names if name])
    for name in required:
        if name not in names:
            raise TableError(f"{location}: the column {name!r} is missing")
    return names, _by_column(file, names, rows)


def _by_column(
    file: Path, names: Sequence[str], rows: Iterator[tuple[str, list[str]]]
) -> Iterator[tuple[str, dict[str, str]]]:
    for location, cells in rows:
        if len(cells) != len(names):
            line = int(location.rpartition(" ")[2])
            check_fields(file, line, cells, names)
        yield location, dict(zip(names, cells, strict=True))


def number(text: str, location: str, column: str, unit: str = "seconds") -> float:
    """Convert a cell to a number; the decimal mark may be a comma.

    Parameters
    ----------
    text : str
        The cell.
    location, column : str
        File and line, and the column, for the message.
    unit : str
        Unit of the number, for the message.

    Returns
    -------
    float
        A finite number.

    Raises
    ------
    TableError
        If the text is not a number, or too large for one.
    """
    value = float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        shown = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
        raise TableError(f"{location}: {column}: {shown!r} is not a number of {unit}, such as 12.5")
    return value


def is_number(text: str) -> bool:
    """Whether a cell is a number, with a decimal point or comma.

    Parameters
    ----------
    text : str
        The cell.

    Returns
    -------
    bool
    """
    return _NUMBER.fullmatch(text.strip()) is not None


def time(text: str, location: str, column: str) -> float:
    """Convert a cell to seconds: a number, or a time such as ``0 days 00:01:02.5``.

    Parameters
    ----------
    text : str
        The cell.
    location, column : str
        File and line, and the column, for the message.

    Returns
    -------
    float
        Seconds.

    Raises
    ------
    TableError
        If the text is neither.
    """
    if WHOLE_DAYS.fullmatch(text):
        text = f"{text} 00:00:00"
    seconds = parse_time(text) if len(text) <= MAX_TIME_LENGTH else None
    return number(text, location, column) if seconds is None else seconds


def scored_name(text: str) -> tuple[str, str] | None:
    """Split a label of older versions of BirdNET, ``scientific name, common name, confidence``.

    Parameters
    ----------
    text : str
        The label.

    Returns
    -------
    (str, str) or None
        Names and confidence; None for any other label.
    """
    names, _, confidence = text.strip().rpartition(", ")
    return (names, confidence) if ", " in names and is_number(confidence) else None


def exact_sum(*numbers: float) -> float:
    """Add numbers in decimal, so that the sum of short decimals is a short decimal.

    Parameters
    ----------
    *numbers : float
        Finite numbers.

    Returns
    -------
    float

    Examples
    --------
    >>> exact_sum(0.1, 0.2), 0.1 + 0.2
    (0.3, 0.30000000000000004)
    """
    total = sum(Decimal(repr(number)) for number in numbers)
    return float(min(total, Decimal(sys.float_info.max)))  # an infinite end has a meaning


def frequency(text: str, location: str, column: str) -> float:
    """Convert a cell to a frequency in Hz; NaN if it is empty.

    Parameters
    ----------
    text : str
        The cell.
    location, column : str
        File and line, and the column, for the message.

    Returns
    -------
    float
        The frequency.

    Raises
    ------
    TableError
        If the text is not a number.
    """
    return number(text, location, column, "Hz") if text else math.nan


def label_column(
    file: Path, names: Sequence[str], given: str | None, candidates: Sequence[str]
) -> str | None:
    """Select the column that is the label.

    Parameters
    ----------
    file : Path
        The file, for messages.
    names : sequence of str
        All columns.
    given : str, optional
        The column that the user names; case does not matter.
    candidates : sequence of str
        Columns that may be the label.

    Returns
    -------
    str or None
        The given column, else the only candidate, else the one that is called ``label`` or
        ``annotation``; None without candidates.

    Raises
    ------
    TableError
        If the given column does not exist, or the file does not show which column is the label.
    """
    if given is not None:
        matches = [name for name in names if name.casefold() == given.strip().casefold()]
        if len(matches) != 1:
            raise TableError(f"{file}: {unknown('annotation label', given, filter(None, names))}")
        return matches[0]
    usual = [name for name in candidates if name.casefold() in ("label", "annotation")]
    for choice in (candidates, usual):
        if len(choice) == 1:
            return choice[0]
    if candidates:
        shown = ", ".join(candidates[:12]) + (", …" if len(candidates) > 12 else "")
        raise TableError(
            f"{file}: {len(candidates)} columns may be the label: {shown}: name one with"
            " --annotation-label (annotation_label)"
        )
    return None


def check_field_names(file: Path, names: Sequence[str], label: str | None) -> None:
    """Check that columns can become columns of a table of features.

    Parameters
    ----------
    file : Path
        The file, for the message.
    names : sequence of str
        The columns that become fields.
    label : str, optional
        The column that becomes the field ``label``.

    Raises
    ------
    TableError
        If a feature or another key has the name.
    """
    for name in names:
        reason = reserved_reason(name)
        if name == "label" != label and label is not None:
            reason = f"the label is {label!r}"
        if reason:
            raise TableError(f"{file}: column {name!r}: {reason}: rename it")
