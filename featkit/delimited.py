"""Delimited text: row by row with the line that each begins on, or as columns of text and numbers.

The text is UTF-8, with or without a mark at its beginning. Blank lines are not rows.

A spreadsheet computes a cell that begins like a formula, such as a file called ``=1+1.wav``. Where
featkit writes, such a text gets an apostrophe before it, which spreadsheets take for "this is
text" (`shielded`); where a table is read, it is taken off again (`bare`).
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from featkit.errors import TableError
from featkit.segments import Array

if TYPE_CHECKING:
    import pandas as pd

# Published indices hold whole biographies in a field; csv alone stops at 128 KiB.
csv.field_size_limit(2**24)

LONGEST_ROW = 2**26
"""Bytes of a row at most, or of the header: some million columns. pyarrow stops at 1 MiB."""

CHUNK = 2**20
"""Characters that are looked at together."""

NULLS = ("", "NA", "N/A", "NaN", "nan", "null", "None")
"""What stands in a column of numbers where there is none."""

_NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?)", re.ASCII | re.IGNORECASE)

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""What spreadsheets compute, however many apostrophes stand before it: so `bare` undoes `shielded`.

The list is OWASP's, of CSV injection; in some spreadsheets wide characters count, too."""


def shielded(text: str) -> str:
    """A text as it stands in a cell: with an apostrophe before what would be a formula.

    Numbers with a sign are left as they are: computing them gives the same.

    Examples
    --------
    >>> [shielded(text) for text in ("=1+1.wav", "-x.wav", "'=1", "-1", "x=1")]
    ["'=1+1.wav", "'-x.wav", "''=1", '-1', 'x=1']
    """
    return f"'{text}" if _is_formula(text) else text


def bare(cell: str) -> str:
    """The text of a cell, whatever it is: ``bare(shielded(text)) == text``."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell) else cell


def _is_formula(text: str) -> bool:
    return bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text.lstrip("'"))


def write(path: Path, names: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a CSV file: texts `shielded`, flags as ``true`` and ``false``, NaN as an empty cell.

    Raises
    ------
    TableError
        If half of a character stands in a text.
    """
    with whole_texts(), path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(_Lines(stream), lineterminator="\r\n")
        writer.writerow(map(shielded, names))
        # Most cells are numbers, and there may be many millions: those are looked at here.
        writer.writerows(
            [cell if type(cell) is float and cell == cell else _cell(cell) for cell in row]
            for row in rows
        )


@contextmanager
def whole_texts() -> Iterator[None]:
    """Refuse to write half of a character, a surrogate without its other, which is not text.

    Raises
    ------
    TableError
        With the text up to there.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        before = error.object[max(0, error.start - 20) : error.end]
        raise TableError(f"{before!r} ends in half of a character: it is not text") from None


class _Lines:
    """Rows with a plain line end: csv quotes a carriage return only if its line ends have one."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, row: str) -> None:
        self.stream.write(row.removesuffix("\r\n") + "\n")


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return shielded(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value != value else value


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    """The text of a file, line ends as they are.

    Raises
    ------
    TableError
        If it cannot be read.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            yield stream
    except FileNotFoundError:
        raise TableError(f"{os.fspath(path)}: no such file") from None
    except OSError as error:
        raise TableError(f"{os.fspath(path)}: cannot read it: {error.strerror}") from None
    except UnicodeDecodeError:
        raise TableError(f"{os.fspath(path)}: not UTF-8 text: save it as CSV in UTF-8") from None


def rows(
    path: str | os.PathLike[str], *, delimiter: str = ",", quoted: bool = True
) -> Iterator[tuple[int, list[str]]]:
    """Line and fields of each row, the header's first.

    Parameters
    ----------
    path : path
        The file.
    delimiter : str
        What stands between fields.
    quoted : bool
        Whether a field may stand in quotes, as in CSV.

    Raises
    ------
    TableError
        If it cannot be read, with the line where there is one to name.
    """
    line = 1
    with opened(path) as stream:
        reader = csv.reader(
            stream,
            delimiter=delimiter,
            quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
            strict=True,
        )
        try:
            for fields in reader:
                if fields:
                    yield line, fields
                line = reader.line_num + 1
        except csv.Error as error:
            cause = f"{error}: is a quote missing or one too many?"
            raise TableError(f"{os.fspath(path)}: line {line}: {cause}") from None


def lines(path: str | os.PathLike[str], count: int) -> Array | None:
    """The line on which each row begins, the header aside; None if there are not `count` rows.

    Lines of the file, counted from 1: a text in quotes may go over several, and some may be blank.
    """
    ends, last = 0, ""
    with opened(path) as stream:
        while part := stream.read(CHUNK):
            ends, last = ends + part.count("\n"), part[-1]
    if ends + (last != "\n") == count + 1:  # one line for the header, and one for each row
        return np.arange(2, count + 2)
    found = np.fromiter((line for line, _ in islice(rows(path), 1, None)), dtype=np.int64)
    return found if len(found) == count else None


def check_names(path: str | os.PathLike[str], names: Sequence[str]) -> None:
    """Refuse a header that names two columns alike.

    Raises
    ------
    TableError
        That names file and column.
    """
    for name, count in Counter(names).items():
        if count > 1:
            raise TableError(
                f"{os.fspath(path)}: line 1: {name or 'a column without a name'}: stands twice:"
                " give each column a name of its own"
            )


def check_fields(
    path: str | os.PathLike[str], line: int, fields: Sequence[str], names: Sequence[str]
) -> None:
    """Refuse a row that has not one field for each name.

    Raises
    ------
    TableError
        That names file, line and field.
    """
    where = f"{os.fspath(path)}: line {line}"
    counted = f"{len(fields)} fields where the header has {len(names)}"
    if len(fields) < len(names):
        raise TableError(f"{where}: {names[len(fields)]}: missing: {counted}")
    if len(fields) > len(names):
        extra = f"{fields[len(names)]!r} belongs to no column"
        raise TableError(
            f"{where}: field {len(names) + 1}: {extra}: {counted};"
            " a text that holds a comma stands in quotes"
        )


def header(path: str | os.PathLike[str]) -> list[str]:
    """The names of the columns of a CSV file.

    Raises
    ------
    TableError
        If it cannot be read, is empty, or names two columns alike.
    """
    for _, names in rows(path):
        check_names(path, names)
        return names
    raise TableError(f"{os.fspath(path)}: not a table: it is empty")


def columns(
    path: str | os.PathLike[str],
    *,
    numbers: Collection[str],
    perhaps: Collection[str],
    flags: Collection[str] = (),
) -> pd.DataFrame:
    """The columns of a CSV file.

    Parameters
    ----------
    path : path
        The file.
    numbers : collection of str
        Columns of numbers: float64, NaN where a cell is one of `NULLS`.
    perhaps : collection of str
        Columns that are of numbers if most of their cells that are not null are, else of text.
    flags : collection of str
        Columns of 1 and 0, also written as ``true`` and ``false``, in any case: float64.

    Returns
    -------
    DataFrame
        Columns that are not of numbers hold their text exactly as it stands, but `bare`, as their
        names do.

    Raises
    ------
    TableError
        If a row has not one field for each column, or a column of numbers a cell that is none; with
        file, line and column.
    """
    import pyarrow as pa
    from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, read_csv

    head = header(path)
    convert = ConvertOptions(column_types=dict.fromkeys(head, pa.string()))
    try:
        with open(path, "rb") as stream:  # pyarrow takes a name for UTF-8
            cells = read_csv(
                stream,
                read_options=ReadOptions(block_size=min(os.path.getsize(path) + 1, LONGEST_ROW)),
                parse_options=ParseOptions(newlines_in_values=True),
                convert_options=convert,
            )
    except pa.ArrowInvalid as error:
        for line, fields in rows(path):
            check_fields(path, line, fields, head)
        raise TableError(f"{os.fspath(path)}: not a table: {error}") from None
    names = [bare(name) for name in head]
    check_names(path, names)
    # Put together once: each `set_column` would copy the list of all columns.
    possible, known = set(perhaps), {*numbers, *perhaps, *flags}
    found = dict(zip(names, cells.columns, strict=True))
    for name in filter(known.__contains__, names):
        given = _flags(found[name]) if name in flags else found[name]
        found[name] = _numbers(path, name, given, must=name not in possible)
    texts = [name for name, column in found.items() if pa.types.is_string(column.type)]
    data: pd.DataFrame = pa.table(found).to_pandas()
    for name in texts:
        data[name] = data[name].map(bare)
    return data


def _flags(cells: Any) -> Any:
    """Cells with 1 and 0 for true and false."""
    import pyarrow.compute as pc

    for word, digit in (("true", "1"), ("false", "0")):
        cells = pc.replace_substring_regex(cells, rf"(?i)^\s*{word}\s*$", digit)
    return cells


def _numbers(path: str | os.PathLike[str], name: str, cells: Any, *, must: bool) -> Any:
    """Cells as numbers; as they are, if they may be text and most are not numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(cells)
    null = pc.is_in(trimmed, value_set=pa.array(NULLS))
    known = pc.if_else(null, pa.scalar(None, pa.string()), trimmed)
    try:
        return pc.cast(known, pa.float64())
    except pa.ArrowInvalid:
        texts = known.to_pylist()
    wrong = [k for k, text in enumerate(texts) if text is not None and not _NUMBER.fullmatch(text)]
    if not must and 2 * len(wrong) >= len(texts) - known.null_count:
        return cells
    line, _ = next(islice(rows(path), 1 + wrong[0], None))
    raise TableError(
        f"{os.fspath(path)}: line {line}: {name}: {texts[wrong[0]]!r} is not a number:"
        f" correct it, or exclude the column {name!r}"
    )
