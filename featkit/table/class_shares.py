"""Files of class shares: how common each class is where a model is used.

A file is delimited text (``.csv``, ``.tsv``, ``.txt``) with the columns ``class`` and ``share``, or
TOML::

    speech = 0.7
    "baby cry" = 0.05
    silence = 0.25

Shares need not sum to 1: percentages and counts are scaled by those who use them.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from featkit.errors import ParameterError
from featkit.storage.reading import local_copy
from featkit.storage.urls import shown, suffix_of
from featkit.storage.writing import check_regular
from featkit.table.csv_writing import unescape_formula
from featkit.table.delimited import check_fields, read_rows
from featkit.table.dialects import detect

COLUMNS = ("class", "share")
"""Columns of a delimited file."""

SUFFIXES = (".csv", ".tsv", ".txt", ".toml")
"""Suffixes of files of class shares."""

MAX_BYTES = 2**24
"""Size of the largest file."""


def read_class_shares(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a file of class shares.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    dict of str to object
        Share of each class, as a number where it is one. Values are not checked further.

    Raises
    ------
    ParameterError
        If the file cannot be read, has another suffix or other columns, or names a class twice.
    TableError
        If a delimited file is damaged.
    """
    where, suffix = shown(path), suffix_of(path)
    if suffix not in SUFFIXES:
        raise ParameterError(
            f"{where}: a file of class shares must end in one of {', '.join(SUFFIXES)}"
        )
    try:
        with local_copy(path, max_bytes=MAX_BYTES) as file:
            check_regular(file)
            if (size := file.stat().st_size) > MAX_BYTES:
                raise ParameterError(
                    f"{where}: has {size:,} bytes, but a file of class shares has at most"
                    f" {MAX_BYTES:,}"
                )
            if suffix != ".toml":
                return _delimited_shares(file)
            data = file.read_bytes()
    except OSError as error:
        raise ParameterError(f"{where}: cannot read the class shares: {error.strerror}") from None
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ParameterError(f"{where}: not valid TOML: it is not UTF-8 text") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ParameterError(f"{where}: not valid TOML: {error}") from None


def _delimited_shares(file: Path) -> dict[str, Any]:
    rows = read_rows(file, delimiter=None, dialect=detect(file))
    line, header = next(rows, (1, []))
    names = [name.strip().lower() for name in header]
    if sorted(names) != sorted(COLUMNS):
        listed = ", ".join(map(repr, names)) or "none"
        raise ParameterError(
            f"{file}: line {line}: the columns must be 'class' and 'share', got {listed}"
        )
    shares: dict[str, Any] = {}
    for line, fields in rows:
        check_fields(file, line, fields, names)
        cells = dict(zip(names, (unescape_formula(cell).strip() for cell in fields), strict=True))
        name = cells["class"]
        if name in shares:
            raise ParameterError(f"{file}: line {line}: the class {name!r} has two shares")
        shares[name] = _number(cells["share"])
    return shares


def _number(text: str) -> float | str:
    """The number, or the text if it is none."""
    try:
        return float(text)
    except ValueError:
        return text
