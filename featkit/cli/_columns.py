"""Column names given on the command line."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def named_columns(
    tables: str | Sequence[str], options: Sequence[str], file: str | None = None
) -> list[str]:
    """Return the columns named by an option such as ``--exclude`` and by a file.

    Parameters
    ----------
    tables : str or sequence of str
        File of the table, or files of several.
    options : sequence of str
        Values of the option; each holds one or more names, separated by commas.
    file : str, optional
        Text file with one name per line, in UTF-8.

    Returns
    -------
    list of str
        Names without duplicates. A name that is not a column of any table is included.

    Raises
    ------
    ParameterError
        If `file` cannot be read.
    ParameterError, TableError
        If a table cannot be read.
    """
    from featkit.table.table_files import column_names

    if not options and file is None:
        return []
    paths = [tables] if isinstance(tables, str) else tables
    columns = list(dict.fromkeys(name for path in paths for name in column_names(path)))
    names = [name for option in options for name in split_names(option, columns)]
    lines = [] if file is None else _lines(file)
    names += [line if line in columns else line.strip() for line in lines]
    return list(dict.fromkeys(names))


def split_names(option: str, columns: Collection[str]) -> list[str]:
    """Split a list of names at its commas; a name may contain commas itself.

    The names are read from left to right, and the longest name that is a column wins.

    Parameters
    ----------
    option : str
        Names, separated by commas.
    columns : collection of str
        Columns of the table.

    Returns
    -------
    list of str
        The names, without blanks around those that are not a column.

    Examples
    --------
    >>> split_names("a,f(2, 5),b", ["a", "b", "f(2, 5)"])
    ['a', 'f(2, 5)', 'b']
    >>> split_names(" a, b", ["x"])
    ['a', 'b']
    """
    if option in columns:
        return [option]
    parts = option.split(",")
    names: list[str] = []
    start = 0
    while start < len(parts):
        for end in range(len(parts), start, -1):
            name = ",".join(parts[start:end])
            if name in columns or name.strip() in columns or end == start + 1:
                break
        name = name if name in columns else name.strip()
        names += [name] if name else []
        start = end
    return names


def _lines(file: str) -> list[str]:
    from featkit.errors import ParameterError
    from featkit.storage.reading import local_copy
    from featkit.storage.urls import shown

    try:
        with local_copy(file) as copy, open(copy, encoding="utf-8-sig") as stream:
            lines = [line.removesuffix("\n") for line in stream]
    except FileNotFoundError:
        raise ParameterError(f"{file}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ParameterError(f"{shown(file)}: cannot read it: {cause}") from None
    return [line for line in lines if line.strip()]
