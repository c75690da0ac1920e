"""Writing of CSV files in which spreadsheets do not run texts as formulas.

A spreadsheet computes a cell that begins like a formula, such as a file called ``=1+1.wav``.
featkit writes an apostrophe before such a text, which spreadsheets read as "this is text"
(`escape_formula`), and removes it when it reads a table (`unescape_formula`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from featkit.errors import TableError
from featkit.table._number_parsing import NUMBER

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""Start of a formula after any number of apostrophes, so that escaping can be undone.

The characters are those that OWASP lists for CSV injection; some spreadsheets accept the wide ones.
"""


def escape_formula(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would compute.

    Numbers with a sign are not changed: computing them gives the same number.

    Parameters
    ----------
    text : str
        The text of a cell.

    Returns
    -------
    str

    Examples
    --------
    >>> [escape_formula(text) for text in ("=1+1.wav", "-x.wav", "'=1", "-1", "x=1")]
    ["'=1+1.wav", "'-x.wav", "''=1", '-1', 'x=1']
    """
    return f"'{text}" if _is_formula(text) else text


def unescape_formula(cell: str) -> str:
    """Remove the apostrophe that `escape_formula` puts before a text.

    Parameters
    ----------
    cell : str
        A cell of a CSV file.

    Returns
    -------
    str
        ``unescape_formula(escape_formula(text)) == text`` for every text.
    """
    return cell[1:] if cell.startswith("'") and _is_formula(cell) else cell


def _is_formula(text: str) -> bool:
    return bool(_FORMULA.match(text)) and not NUMBER.fullmatch(text.lstrip("'"))


def write_csv(path: Path, names: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a CSV file in UTF-8.

    Formulas are escaped, flags are ``true`` and ``false``, and NaN is an empty cell.

    Parameters
    ----------
    path : Path
        The file.
    names : iterable of str
        Names of the columns.
    rows : iterable of iterable
        The cells of each row.

    Raises
    ------
    TableError
        If a text contains half of a surrogate pair.
    """
    with surrogate_errors(), path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(_Lines(stream), lineterminator="\r\n")
        writer.writerow(map(escape_formula, names))
        # Most cells are floats, and there may be many millions: they skip the call of _cell.
        writer.writerows(
            [cell if type(cell) is float and cell == cell else _cell(cell) for cell in row]
            for row in rows
        )


@contextmanager
def surrogate_errors() -> Iterator[None]:
    """Turn the error of encoding half of a surrogate pair into a `TableError`.

    Yields
    ------
    None

    Raises
    ------
    TableError
        With the text up to the character that cannot be encoded.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        before = error.object[max(0, error.start - 20) : error.end]
        raise TableError(
            f"{before!r} ends in half of a surrogate pair, which no file can store: correct the"
            " text"
        ) from None


class _Lines:
    """A stream with the line end ``\\n``: csv quotes ``\\r`` only if its line end contains it."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, row: str) -> None:
        self.stream.write(row.removesuffix("\r\n") + "\n")


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return escape_formula(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value != value else value
