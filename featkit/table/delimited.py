"""Delimited text: row by row with the line that each begins on, or as columns of text and numbers.

How the text is written is found out by `featkit.table.dialects`. Blank lines are not rows.

A spreadsheet computes a cell that begins like a formula, such as a file called ``=1+1.wav``. Where
featkit writes, such a text gets an apostrophe before it, which spreadsheets take for "this is
text" (`shielded`); where a table is read, it is taken off again (`bare`).
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.table._numerals import NULLS, NUMBER, read_numbers
from featkit.table.dialects import FALLBACK_ENCODING, Dialect, detect, open_bytes, reading_errors

# Published indices hold whole biographies in a field; csv alone stops at 128 KiB.
csv.field_size_limit(2**24)

LONGEST_ROW = 2**26
"""Bytes of a row at most, or of the header: some million columns. pyarrow stops at 1 MiB."""

CHUNK = 2**20
"""Characters that are looked at together."""

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
    return bool(_FORMULA.match(text)) and not NUMBER.fullmatch(text.lstrip("'"))


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


class Columns(NamedTuple):
    """The columns of a file.

    Attributes
    ----------
    names : list of str
        All names, in their order.
    numbers : dict of str to array of float64
        NaN where missing.
    texts : dict of str to array of object
        The others: text exactly as it stands, but `bare`.
    notes : list of str
        What the reader should know, such as an encoding that was guessed.
    written : dict of str to array of object
        Of the numbers, those that are written otherwise, such as flags and times: as text.
    """

    names: list[str]
    numbers: dict[str, Array]
    texts: dict[str, Array]
    notes: list[str]
    written: dict[str, Array]


@contextmanager
def opened(path: str | os.PathLike[str], dialect: Dialect | None = None) -> Iterator[TextIO]:
    """The text of a file, line ends as they are.

    Raises
    ------
    TableError
        If it cannot be read.
    """
    dialect = dialect or detect(path)
    with (
        reading_errors(path),
        open_bytes(path, dialect.compression) as stream,
        io.TextIOWrapper(stream, encoding=dialect.encoding, newline="") as text,
    ):
        yield text


def rows(
    path: str | os.PathLike[str],
    *,
    delimiter: str | None = ",",
    quoted: bool = True,
    dialect: Dialect | None = None,
) -> Iterator[tuple[int, list[str]]]:
    """Line and fields of each row, the header's first.

    Parameters
    ----------
    path : path
        The file.
    delimiter : str, optional
        What stands between fields; None to find out.
    quoted : bool
        Whether a field may stand in quotes, as in CSV.
    dialect : Dialect, optional
        How the file is written, if that is known.

    Raises
    ------
    TableError
        If it cannot be read, with the line where there is one to name.
    """
    dialect = dialect or detect(path)
    skipped = dialect.skipped if delimiter is None else 0
    line = 1 + skipped
    with opened(path, dialect) as stream:
        for _ in range(skipped):
            stream.readline()
        reader = csv.reader(
            stream,
            delimiter=dialect.delimiter if delimiter is None else delimiter,
            quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
            strict=True,
        )
        try:
            for fields in reader:
                if fields:
                    yield line, fields
                line = reader.line_num + 1 + skipped
        except csv.Error as error:
            cause = f"{error}: is a quote missing or one too many?"
            raise TableError(f"{os.fspath(path)}: line {line}: {cause}") from None


def lines(path: str | os.PathLike[str], count: int, dialect: Dialect) -> Array | None:
    """The line on which each row begins, the header aside; None if there are not `count` rows.

    Lines of the file, counted from 1: a text in quotes may go over several, and some may be blank.
    """
    ends, last = 0, ""
    with opened(path, dialect) as stream:
        while part := stream.read(CHUNK):
            ends, last = ends + part.count("\n"), part[-1]
    first = 2 + dialect.skipped  # after the header
    if ends + (last != "\n") == first - 1 + count:  # one line for each row
        return np.arange(first, first + count)
    after_header = islice(rows(path, delimiter=None, dialect=dialect), 1, None)
    found = np.fromiter((line for line, _ in after_header), dtype=np.int64)
    return found if len(found) == count else None


def check_names(where: str, names: Iterable[str]) -> None:
    """Refuse names of columns of which two are alike.

    Raises
    ------
    TableError
        That names `where` and the column.
    """
    for name, count in Counter(names).items():
        if count > 1:
            raise TableError(
                f"{where}: {name or 'a column without a name'}: stands twice:"
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


def header(path: str | os.PathLike[str], dialect: Dialect | None = None) -> list[str]:
    """The names of the columns of a file; of several without a name, all but the first get one.

    They are called ``Unnamed: k``, as pandas calls them, where k counts columns from 0.

    Raises
    ------
    TableError
        If it cannot be read, is empty, names two columns alike, or has several rows of names.
    """
    dialect = dialect or detect(path)
    first = list(islice(rows(path, delimiter=None, dialect=dialect), 2))
    if not first:
        raise TableError(f"{os.fspath(path)}: not a table: it is empty")
    line, names = first[0]
    names = ["", *names] if dialect.row_names else names
    where = f"{os.fspath(path)}: line {line}"
    counts = [count for name, count in Counter(names).items() if name and count > 1]
    if sum(counts) > 2 and len(first) > 1 and not any(map(NUMBER.fullmatch, first[1][1][1:])):
        raise TableError(
            f"{where}: the header has several rows, as line {first[1][0]} holds no numbers, either:"
            " join them into one, such as mfcc_mean_01"
        )
    nameless = [k for k, name in enumerate(names) if not name]
    for k in nameless[1:]:
        names[k] = f"Unnamed: {k}"
    check_names(where, names)
    return names


def columns(
    path: str | os.PathLike[str],
    *,
    numbers: Collection[str] = (),
    perhaps: Collection[str] = (),
    flags: Collection[str] = (),
    evidence: Collection[str] = (),
    dialect: Dialect | None = None,
) -> Columns:
    """The columns of a file of delimited text.

    Parameters
    ----------
    path : path
        The file.
    numbers : collection of str
        Columns of numbers.
    perhaps : collection of str
        Columns that are of numbers if most of their cells that are not missing are, else of text.
    flags : collection of str
        Those of `numbers` of which some cells may be 1 and 0, and others true and false.
    evidence : collection of str
        Columns of text that may show whether numbers have a decimal comma.
    dialect : Dialect, optional
        How the file is written, if that is known.

    Raises
    ------
    TableError
        If a row has not one field for each column, or a column of numbers a cell that is none; with
        file, line and column.
    """
    dialect = dialect or detect(path)
    cells = _texts(path, dialect)

    def where(row: int) -> str:
        return f"{os.fspath(path)}: line {line_of(path, row, dialect)}"

    wanted = {*numbers, *perhaps}
    given = {
        name: _flags(column) if name in flags else column
        for name, column in cells.items()
        if name in wanted
    }
    notes: list[str] = []
    found = read_numbers(
        given,
        must=numbers,
        where=where,
        delimiter=dialect.delimiter,
        others={name: cells[name] for name in evidence},
        notes=notes,
    )
    if dialect.encoding == FALLBACK_ENCODING:
        notes.insert(0, _GUESSED)
    texts = {
        name: np.array([bare(cell) for cell in column.to_pylist()], dtype=object)
        for name, column in cells.items()
        if name not in found
    }
    written = {
        name: np.array(cells[name].to_pylist(), dtype=object)
        for name in found
        if _is_written_otherwise(cells[name])
    }
    return Columns(list(cells), found, texts, notes, written)


def _is_written_otherwise(cells: Any) -> bool:
    """Whether the first cell of a column of numbers that is not in `NULLS` is no plain number."""
    known = (cell.as_py().strip() for chunk in cells.chunks for cell in chunk)
    first = next((cell for cell in known if cell not in NULLS), "0")
    return not NUMBER.fullmatch(first)


def line_of(path: str | os.PathLike[str], row: int, dialect: Dialect) -> int:
    """The line on which a row begins, which is counted from 0 after the header."""
    line, _ = next(islice(rows(path, delimiter=None, dialect=dialect), 1 + row, None))
    return line


_GUESSED = (
    "the file is not UTF-8 text, and is read as Windows-1252: if names with accents are wrong, save"
    " it in UTF-8"
)


def _texts(path: str | os.PathLike[str], dialect: Dialect) -> dict[str, Any]:
    """All columns as text, by name."""
    import pyarrow as pa
    from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, read_csv

    head = header(path, dialect)
    skipped = line_of(path, 0, dialect) - 1 if dialect.row_names else dialect.skipped
    size = LONGEST_ROW if dialect.compression else min(os.path.getsize(path) + 1, LONGEST_ROW)
    try:
        # An open file, for pyarrow takes a name for UTF-8.
        with reading_errors(path), open_bytes(path, dialect.compression) as stream:
            cells = read_csv(
                stream,
                read_options=ReadOptions(
                    block_size=size,
                    skip_rows=skipped,
                    column_names=head if dialect.row_names else None,
                    encoding="utf8" if dialect.encoding == "utf-8-sig" else dialect.encoding,
                ),
                parse_options=ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True),
                convert_options=ConvertOptions(
                    column_types=dict.fromkeys(["", *head], pa.string()),
                ),
            )
    except pa.ArrowInvalid as error:
        for line, fields in rows(path, delimiter=None, dialect=dialect):
            check_fields(path, line, fields, head)
        raise TableError(f"{os.fspath(path)}: not a table: {error}") from None
    names = [bare(name) for name in head]
    check_names(f"{os.fspath(path)}: line {1 + dialect.skipped}", names)
    return dict(zip(names, cells.columns, strict=True))


def _flags(cells: Any) -> Any:
    """Cells with 1 and 0 for true and false."""
    import pyarrow.compute as pc

    for word, digit in (("true", "1"), ("false", "0")):
        cells = pc.replace_substring_regex(cells, rf"(?i)^\s*{word}\s*$", digit)
    return cells
