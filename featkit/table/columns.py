"""Columns of a table by role (key, quality column or feature), before they become a table.

Roles follow from the names where possible, and otherwise from the contents.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.features.sets.column_description import describe
from featkit.schema import KEY_COLUMNS, NUMERIC_KEYS, QUALITY_DTYPES, TIME_COLUMNS, is_reserved

if TYPE_CHECKING:
    import pandas as pd

    from featkit.table.sequences.sequences import Sequences

RowName = Callable[[int], str]
"""Returns the name of a row, counted from 0, for messages: ``line 4`` or ``row 3``."""


def is_feature_name(name: str) -> bool:
    """Check whether featkit computes a feature of this name.

    Parameters
    ----------
    name : str
        Name of a column.

    Returns
    -------
    bool
    """
    try:
        describe(name)
    except ParameterError:
        return False
    return True


def has_featkit_keys(names: Collection[str]) -> bool:
    """Check whether a table has the keys ``path``, ``start`` and ``end`` of featkit's tables.

    Other programs use names such as ``tempo``, too, so a feature name is recognised only in a table
    with these keys.

    Parameters
    ----------
    names : collection of str
        Names of the columns.

    Returns
    -------
    bool
    """
    return {"path", *TIME_COLUMNS} <= {*names}


def in_key_order(names: Iterable[str]) -> list[str]:
    """Sort the names of keys: those of `KEY_COLUMNS` first, then the others as given.

    Parameters
    ----------
    names : iterable of str
        Names of keys.

    Returns
    -------
    list of str
    """
    names = list(names)
    first = [name for name in KEY_COLUMNS if name in names]
    return [*first, *(name for name in names if name not in KEY_COLUMNS)]


@dataclass(frozen=True)
class ColumnRoles:
    """Names of the columns of a table by role; all others are keys that hold text.

    Attributes
    ----------
    features : list of str
        Columns that must hold numbers.
    candidates : list of str
        Columns that are features if they hold numbers, and keys otherwise.
    unselected_features, unselected_candidates : list of str
        Columns that would be features or candidates, but were not selected.
    quality : list of str
        Quality columns, in the order of `featkit.schema.QUALITY_COLUMNS`.
    numeric_keys : list of str
        Keys that hold times in seconds, or frequencies in Hz.
    """

    features: list[str]
    candidates: list[str]
    unselected_features: list[str]
    unselected_candidates: list[str]
    quality: list[str]
    numeric_keys: list[str]

    @property
    def numeric_quality(self) -> list[str]:
        """Quality columns that hold numbers or flags."""
        return [name for name in self.quality if QUALITY_DTYPES[name] != "str"]

    @property
    def unselected(self) -> list[str]:
        """Columns that would be features or candidates, but were not selected."""
        return [*self.unselected_features, *self.unselected_candidates]


@dataclass(frozen=True)
class ColumnSelection:
    """The columns that a caller selects as keys or features.

    Attributes
    ----------
    keys : sequence of str
        Columns that are keys, although they may hold numbers.
    features : collection of str or None
        The only columns that are features; those that are missing are ignored. With None, features
        follow from the names and contents of the columns.
    provenance : mapping
        Provenance of the table, if known; its ``columns`` are the features.
    """

    keys: Sequence[str] = ()
    features: Collection[str] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def roles(self, names: Sequence[str]) -> ColumnRoles:
        """Return the roles of the columns of a table.

        Parameters
        ----------
        names : sequence of str
            Names of all columns.

        Returns
        -------
        ColumnRoles

        Raises
        ------
        ParameterError
            If a key is not a column.
        """
        for key in self.keys:
            if key not in names:
                raise ParameterError(unknown("column", key, names))
        features, candidates = self._features(names)
        quality = [name for name in QUALITY_DTYPES if name in names and name not in self.keys]
        numbers = [name for name in NUMERIC_KEYS if name in names and name not in self.keys]
        if self.features is None:
            return ColumnRoles(features, candidates, [], [], quality, numbers)
        selected = {*self.features} - {*self.keys, *KEY_COLUMNS, *QUALITY_DTYPES}

        def unselected(part: Sequence[str]) -> list[str]:
            return [name for name in part if name not in selected]

        wanted = [name for name in names if name in selected]
        return ColumnRoles(
            wanted, [], unselected(features), unselected(candidates), quality, numbers
        )

    def _features(self, names: Sequence[str]) -> tuple[list[str], list[str]]:
        """Features, or else candidates, by provenance and names."""
        free = [name for name in names if name not in self.keys and not is_reserved(name)]
        if columns := self.provenance.get("columns"):
            computed = {column["name"] for column in columns}
            return [name for name in free if name in computed], []
        computed = {*filter(is_feature_name, free)} if has_featkit_keys(names) else set()
        return ([name for name in free if name in computed], []) if computed else ([], free)


@dataclass(frozen=True, kw_only=True)
class TableColumns:
    """The columns of a file or a DataFrame.

    Attributes
    ----------
    features : mapping of str to array of float64
        The features, in the order of the table; NaN where missing.
    others : mapping of str to array or Series
        Keys and quality columns, in the order of the table.
    roles : ColumnRoles
        Roles of the columns by their names.
    provenance : dict
        Origin of the numbers; empty if unknown.
    notes : list of str
        Remarks on how columns were read.
    inexact : mapping of str to array or Series
        Original cells of the features whose text cannot be derived from their float64 values.
    index_levels : collection of str
        Keys that are levels of the index of a DataFrame.
    lines : array of int or None
        Line of the file on which each row begins, counted from 1; None unless the file is text.
    row_name : callable
        ``row_name(row)`` returns the name of a row, counted from 0, for messages.
    sequences : Sequences or None
        Descriptors frame by frame of each row.
    """

    features: Mapping[str, Array]
    others: Mapping[str, pd.Series[Any] | Array]
    roles: ColumnRoles
    provenance: dict[str, Any]
    notes: list[str]
    inexact: Mapping[str, Sequence[Any] | Array | pd.Series[Any]] = field(default_factory=dict)
    index_levels: Collection[str] = ()
    lines: Array | None = None
    row_name: RowName
    sequences: Sequences | None = None


def numbered_row(row: int) -> str:
    """Return the name of a row in a table without lines.

    Parameters
    ----------
    row : int
        Number of the row, counted from 0.

    Returns
    -------
    str
        Such as ``row 1`` for the first.
    """
    return f"row {row + 1}"


@contextmanager
def errors_in(path: str | os.PathLike[str]) -> Iterator[None]:
    """Name the file in the messages of `TableError`.

    Parameters
    ----------
    path : path
        The file that is read.

    Yields
    ------
    None

    Raises
    ------
    TableError
        With the path before the message.
    """
    try:
        yield
    except TableError as error:
        raise TableError(f"{os.fspath(path)}: {error}") from None
