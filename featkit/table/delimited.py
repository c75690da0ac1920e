"""Reading of delimited text, row by row or as columns of text.

`featkit.table.dialects` detects how a file is written. Blank lines are not rows. Lines are counted
from 1; rows are counted from 0 after the header.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TextIO

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.table._number_parsing import NUMBER
from featkit.table.csv_writing import unescape_formula
from featkit.table.dialects import CHUNK, Dialect, detect, open_bytes, reading_errors

# Published indexes contain whole biographies in a field; the default limit of csv is 128 KiB.
csv.field_size_limit(2**24)

MAX_ROW_BYTES = 2**26
"""Longest row or header, some million columns; the default of pyarrow is 1 MiB."""


@contextmanager
def open_text(path: str | os.PathLike[str], dialect: Dialect | None = None) -> Iterator[TextIO]:
    """Open a file of delimited text, without changing its line ends.

    Parameters
    ----------
    path : path
        The file.
    dialect : Dialect, optional
        How the file is written; detected by default.

    Yields
    ------
    TextIO
        The decompressed and decoded text.

    Raises
    ------
    TableError
        If the file cannot be read.
    """
    dialect = dialect or detect(path)
    with (
        reading_errors(path),
        open_bytes(path, dialect.compression) as stream,
        io.TextIOWrapper(stream, encoding=dialect.encoding, newline="") as text,
    ):
        yield text


def read_rows(
    path: str | os.PathLike[str],
    *,
    delimiter: str | None = ",",
    quoted: bool = True,
    dialect: Dialect | None = None,
) -> Iterator[tuple[int, list[str]]]:
    """Read the rows of a file, the header first.

    Parameters
    ----------
    path : path
        The file.
    delimiter : str, optional
        Character between fields; None for that of the dialect.
    quoted : bool
        Whether fields may be quoted, as in CSV.
    dialect : Dialect, optional
        How the file is written; detected by default.

    Yields
    ------
    line : int
        Line on which the row begins.
    fields : list of str
        Fields of the row.

    Raises
    ------
    TableError
        If the file cannot be read, with the line where it is known.
    """
    dialect = dialect or detect(path)
    skipped = dialect.skipped if delimiter is None else 0
    line = 1 + skipped
    with open_text(path, dialect) as stream:
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
            cause = f"{error}: check for a missing or an extra quote"
            raise TableError(f"{os.fspath(path)}: line {line}: {cause}") from None


def row_lines(path: str | os.PathLike[str], n_rows: int, dialect: Dialect) -> Array | None:
    """Find the line on which each row begins.

    A quoted text may span several lines, and some lines may be blank.

    Parameters
    ----------
    path : path
        The file.
    n_rows : int
        Expected number of rows, without the header.
    dialect : Dialect
        How the file is written.

    Returns
    -------
    array of int, shape ``(n_rows,)``, or None
        None if the file has another number of rows.
    """
    line_ends, last = 0, ""
    with open_text(path, dialect) as stream:
        while chunk := stream.read(CHUNK):
            line_ends, last = line_ends + chunk.count("\n"), chunk[-1]
    first = 2 + dialect.skipped  # after the header
    if line_ends + (last != "\n") == first - 1 + n_rows:  # one line for each row
        return np.arange(first, first + n_rows)
    rows = islice(read_rows(path, delimiter=None, dialect=dialect), 1, None)
    lines = np.fromiter((line for line, _ in rows), dtype=np.int64)
    return lines if len(lines) == n_rows else None


def row_line(path: str | os.PathLike[str], row: int, dialect: Dialect) -> int:
    """Find the line on which one row begins.

    Parameters
    ----------
    path : path
        The file.
    row : int
        Number of the row.
    dialect : Dialect
        How the file is written.

    Returns
    -------
    int
    """
    line, _ = next(islice(read_rows(path, delimiter=None, dialect=dialect), 1 + row, None))
    return line


def check_unique_names(where: str, names: Iterable[str]) -> None:
    """Check that no two columns have the same name.

    Parameters
    ----------
    where : str
        File, and line if it has lines, for the message.
    names : iterable of str
        Names of the columns.

    Raises
    ------
    TableError
        For the first duplicate.
    """
    for name, count in Counter(names).items():
        if count > 1:
            raise TableError(f"{where}: duplicate column {name!r}: rename one of them")


def check_fields(
    path: str | os.PathLike[str], line: int, fields: Sequence[str], names: Sequence[str]
) -> None:
    """Check that a row has one field for each column.

    Parameters
    ----------
    path : path
        The file, for the message.
    line : int
        Line on which the row begins, for the message.
    fields : sequence of str
        Fields of the row.
    names : sequence of str
        Names of the columns.

    Raises
    ------
    TableError
        With file, line and field.
    """
    where = f"{os.fspath(path)}: line {line}"
    counts = f"{len(fields)} fields, but the header has {len(names)}"
    if len(fields) < len(names):
        raise TableError(f"{where}: {names[len(fields)]}: missing: {counts}")
    if len(fields) > len(names):
        extra = f"{fields[len(names)]!r} belongs to no column"
        raise TableError(
            f"{where}: field {len(names) + 1}: {extra}: {counts};"
            " put quotes around a text that contains a comma"
        )


def read_header(path: str | os.PathLike[str], dialect: Dialect | None = None) -> list[str]:
    """Read the names of the columns of a file.

    If several columns have no name, all but the first are called ``Unnamed: k`` as in pandas,
    where k counts columns from 0.

    Parameters
    ----------
    path : path
        The file.
    dialect : Dialect, optional
        How the file is written; detected by default.

    Returns
    -------
    list of str

    Raises
    ------
    TableError
        If the file cannot be read or is empty, two columns have the same name, or the header has
        several rows.
    """
    dialect = dialect or detect(path)
    rows = list(islice(read_rows(path, delimiter=None, dialect=dialect), 2))
    if not rows:
        raise TableError(f"{os.fspath(path)}: not a table: it is empty")
    line, names = rows[0]
    names = ["", *names] if dialect.row_names else names
    where = f"{os.fspath(path)}: line {line}"
    counts = [count for name, count in Counter(names).items() if name and count > 1]
    if sum(counts) > 2 and len(rows) > 1 and not any(map(NUMBER.fullmatch, rows[1][1][1:])):
        raise TableError(
            f"{where}: the header has several rows, because line {rows[1][0]} has no numbers"
            " either: join these rows into one, with names such as mfcc_mean_01"
        )
    unnamed = [k for k, name in enumerate(names) if not name]
    for k in unnamed[1:]:
        names[k] = f"Unnamed: {k}"
    check_unique_names(where, names)
    return names


def read_texts(path: str | os.PathLike[str], dialect: Dialect) -> dict[str, Any]:
    """Read all columns as text.

    Parameters
    ----------
    path : path
        The file.
    dialect : Dialect
        How the file is written.

    Returns
    -------
    dict of str to Arrow array
        The columns by name. Names are unescaped, cells are not (see `unescape_formula`).

    Raises
    ------
    TableError
        If the file cannot be read, or a row does not have one field for each column.
    """
    import pyarrow as pa
    from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, read_csv

    header = read_header(path, dialect)
    skipped = row_line(path, 0, dialect) - 1 if dialect.row_names else dialect.skipped
    size = MAX_ROW_BYTES if dialect.compression else min(os.path.getsize(path) + 1, MAX_ROW_BYTES)
    options = (
        ReadOptions(
            block_size=size,
            skip_rows=skipped,
            column_names=header if dialect.row_names else None,
            encoding="utf8" if dialect.encoding == "utf-8-sig" else dialect.encoding,
        ),
        ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True),
        ConvertOptions(column_types=dict.fromkeys(["", *header], pa.string())),
    )
    try:
        # pyarrow decodes file names as UTF-8, so it gets an open file.
        with reading_errors(path), open_bytes(path, dialect.compression) as stream:
            table = read_csv(stream, *options)
    except pa.ArrowInvalid as error:
        for line, fields in read_rows(path, delimiter=None, dialect=dialect):
            check_fields(path, line, fields, header)
        raise TableError(f"{os.fspath(path)}: not a table: {error}") from None
    names = [unescape_formula(name) for name in header]
    check_unique_names(f"{os.fspath(path)}: line {1 + dialect.skipped}", names)
    return dict(zip(names, table.columns, strict=True))
