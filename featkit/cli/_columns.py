"""Options that name columns of a table."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

import click

C = TypeVar("C", bound=Callable[..., Any])


def exclude_options(command: C) -> C:
    """Give a command ``--exclude`` and ``--exclude-from``."""
    for option in (
        click.option(
            "--exclude-from",
            metavar="FILE",
            help="Columns that are not features: a text file, one name in a line.",
        ),
        click.option(
            "--exclude",
            multiple=True,
            metavar="C,C",
            help="Columns that are not features; a name may hold commas.",
        ),
    ):
        command = option(command)
    return command


def named_columns(table: str, options: Sequence[str], file: str | None = None) -> list[str]:
    """The columns that an option such as ``--exclude``, and a file of names, name.

    Raises
    ------
    ParameterError
        If the file cannot be read.
    ParameterError, TableError
        If the table cannot be read, where its columns must be known.
    """
    from featkit.table.feature_table import column_names

    if not options and file is None:
        return []
    there = column_names(table)
    names = [name for option in options for name in split_names(option, there)]
    lines = [] if file is None else _lines(file)
    names += [line if line in there else line.strip() for line in lines]
    return list(dict.fromkeys(names))


def split_names(option: str, there: Collection[str]) -> list[str]:
    """Names with commas between them, of which some hold commas themselves.

    From left to right, the longest name that is a column is taken.

    Examples
    --------
    >>> split_names("a,f(2, 5),b", ["a", "b", "f(2, 5)"])
    ['a', 'f(2, 5)', 'b']
    >>> split_names(" a, b", ["x"])
    ['a', 'b']
    """
    if option in there:
        return [option]
    parts = option.split(",")
    names: list[str] = []
    start = 0
    while start < len(parts):
        for end in range(len(parts), start, -1):
            name = ",".join(parts[start:end])
            if name in there or name.strip() in there or end == start + 1:
                break
        name = name if name in there else name.strip()
        names += [name] if name else []
        start = end
    return names


def _lines(file: str) -> list[str]:
    from featkit.errors import ParameterError

    try:
        with open(file, encoding="utf-8-sig") as stream:
            lines = [line.removesuffix("\n") for line in stream]
    except FileNotFoundError:
        raise ParameterError(f"{file}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ParameterError(f"{os.fspath(file)}: cannot read it: {cause}") from None
    return [line for line in lines if line.strip()]
