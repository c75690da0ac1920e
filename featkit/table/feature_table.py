"""The table: a row for each recording or segment, and where its numbers came from.

A row says which file it is of (`path`), which part of it (`start`, `end` in seconds) and what is
known about it, such as its `label` or `group`; how sound the recording is follows (the columns of
`featkit.audio.quality`), then the features. Rows of one recording share its `path`. A Parquet file
holds, under the key ``featkit`` of its metadata, the whole feature set, unit and definition of each
column, and what computed it. There is no clock in it: the same input gives the same bytes.

Tables that others made are read, too: Parquet, delimited text (`featkit.table.dialects`) and
DataFrames, and the same data give the same features. Where no metadata say which columns are
features, these are: in a table with `path`, `start`, `end` and at least one column that
`featkit.describe` knows, those that it knows; in any other all columns of numbers, flags and
lengths of time (`featkit.table._conversion`, `featkit.table._numerals`). Never a feature are
`KEYS`, columns that a reader names as keys, text, dates, the columns of `featkit.audio.quality`,
the numbers of rows that other programs write, and the index of a DataFrame, of which levels with a
name are keys.

In a CSV file a flag is ``true`` or ``false`` (1 and 0 are read, too), what is missing is empty, and
a text that a spreadsheet would compute has an apostrophe before it: see `featkit.table.delimited`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.schema import NAMELESS, QUALITY, TIMES
from featkit.table import _conversion, cells, delimited
from featkit.table._numerals import Where
from featkit.table._spelling import alike
from featkit.table.column_kinds import (
    feature_names,
    in_order,
    is_feature,
    quality_names,
    wanted_names,
)
from featkit.table.dialects import detect, is_delimited
from featkit.table.files import (
    METADATA_KEY,
    check_readable,
    check_target,
    column_names,
    failures_file,
    is_table,
    read_parquet,
    table_format,
)
from featkit.table.writing import rows_at_once, write_tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "METADATA_KEY",
    "FeatureTable",
    "Places",
    "check_readable",
    "check_target",
    "column_names",
    "failures_file",
    "in_order",
    "is_feature",
    "is_table",
    "rows_at_once",
    "table_format",
    "write_tables",
]


class Places(NamedTuple):
    """Where rows were read: their numbers, counted from 1, and in a CSV file their lines."""

    rows: Array
    lines: Array | None


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Features with what they are of.

    Attributes
    ----------
    keys : mapping of str to sequence
        The columns that say what a row is of: `KEYS`, as far as there are, then others. All are
        text but `TIMES`; "" where missing.
    feature_names : list of str
        Names of the features.
    values : array of float64, shape ``(rows, features)``
        The features; NaN where undefined.
    provenance : dict
        Feature set, columns with units, decoder, resampler and versions; empty for a table that
        was read from CSV, which cannot hold it, or that others made.
    quality : mapping of str to array
        Those of `featkit.schema.QUALITY` that there are: float64, int64 or bool; where some
        are missing, as in tables that were put together, float64 with NaN, and flags as 1 and 0.
    notes : list of str
        What is to know about how the columns of a table that others made were read.
    inexact : mapping of str to sequence
        Features as they were given, of which a float does not tell the text, such as flags and
        integers beyond 2**53. They may be classes or groups.
    places : Places or None
        Where each row was read, once rows were selected or the table was read from CSV; else each
        row is where it stands.
    """

    keys: Mapping[str, Sequence[Any] | Array]
    feature_names: list[str]
    values: Array
    provenance: dict[str, Any] = field(default_factory=dict)
    quality: Mapping[str, Array] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    inexact: Mapping[str, Sequence[Any] | Array | pd.Series[Any]] = field(default_factory=dict)
    places: Places | None = None

    @classmethod
    def of(
        cls,
        data: pd.DataFrame,
        provenance: dict[str, Any] | None = None,
        keys: Sequence[str] = (),
        *,
        features: Collection[str] | None = None,
    ) -> FeatureTable:
        """The table that a DataFrame holds; see the head of this module for what is a feature.

        Parameters
        ----------
        data : DataFrame
            The columns.
        provenance : dict, optional
            Where the numbers came from; its ``columns`` are the features.
        keys : sequence of str
            Columns that are not features, though they may hold numbers.
        features : collection of str, optional
            The only columns that are features, where that is known, as far as there are; others
            that would be features, or hold numbers, are left out.

        Raises
        ------
        ParameterError
            If a column that `keys` names is not there.
        TableError
            If a name stands twice, a feature holds no numbers, or a column of quality what it
            cannot be.
        """
        from pandas.api.types import is_numeric_dtype

        data, index = _flat(data)
        names = list(data.columns)
        delimited.check_names("DataFrame", names)
        certain, possible = feature_names(names, keys, provenance or {})
        possible = [name for name in possible if name not in index]
        if features is not None:
            numbers = {*certain, *(name for name in possible if is_numeric_dtype(data[name]))}
            data = data.drop(columns=[*(numbers - {*features})])
            certain, possible = wanted_names(names, keys, features), []
        notes: list[str] = []
        found = _conversion.feature_columns(
            data, [*certain, *possible], must=certain, where=_row, notes=notes
        )
        nested = [name for name in _conversion.nested_columns(data) if name in possible]
        inexact = {name: data[name] for name in found if cells.is_inexact(data[name])}
        data = data.drop(columns=[*found, *nested])
        others = {name: data[name] for name in data.columns}
        table = cls._of_columns(others, found, keys, provenance or {}, notes, _row)
        table = replace(table, inexact=inexact)
        return table if certain else table._without_row_numbers(index)

    @classmethod
    def _of_columns(
        cls,
        others: Mapping[str, pd.Series[Any] | Array],
        features: Mapping[str, Array],
        keys: Sequence[str],
        provenance: dict[str, Any],
        notes: list[str],
        where: Where,
    ) -> FeatureTable:
        """Features, and columns that are keys or quality."""
        quality = {name: cells.typed(name, others[name]) for name in quality_names([*others], keys)}
        times = {name for name in TIMES if name in others and name not in keys}
        about = {
            name: _conversion.seconds(name, others[name], where)
            if name in times
            else cells.texts(others[name])
            for name in in_order(name for name in others if name not in quality)
        }
        count = len(next(iter([*features.values(), *others.values()]), ()))
        values = np.array([*features.values()]).reshape(len(features), count).T
        return cls(about, [*features], values, provenance, quality, notes)

    def _without_row_numbers(self, index: Collection[str] = ()) -> FeatureTable:
        """The same, with columns that number the rows among the keys, and a note."""
        numbering = {
            name: self.values[:, k]
            for k, name in enumerate(self.feature_names)
            if cells.numbers_rows(name, self.values[:, k])
        }
        nameless = [name for name in self.keys if NAMELESS.fullmatch(name)]
        notes = []
        if told := [name for name in (*nameless, *numbering) if name not in index]:
            notes.append(
                f"columns that number the rows, or have no name, are not learnt from:"
                f" {', '.join(map(repr, told))}; to learn from one, give it a name of its own"
            )
        keys = {**self.keys, **{name: cells.texts(column) for name, column in numbering.items()}}
        left = [name for name in self.feature_names if name not in numbering]
        return replace(
            self,
            keys={name: keys[name] for name in in_order(keys)},
            feature_names=left,
            values=self.matrix(left) if numbering else self.values,
            notes=[*self.notes, *notes],
        )

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def data(self) -> pd.DataFrame:
        """All columns: the keys, then the quality, then the features."""
        import pandas as pd

        about = pd.DataFrame({**self.keys, **self.quality})
        return pd.concat([about, self.features], axis=1)

    @cached_property
    def features(self) -> pd.DataFrame:
        """The features alone."""
        import pandas as pd

        return pd.DataFrame(self.values, columns=self.feature_names)

    @property
    def labels(self) -> pd.Series[str] | None:
        """The label of each row, if there are labels."""
        return self.data.get("label")

    def column(self, name: str) -> Array:
        """A key or a feature as an array of text, "" where missing.

        Names are spelled in one way (see `featkit.table._spelling.alike`), but those of files.

        Raises
        ------
        TableError
            If there is none of that name.
        """
        if name in self.keys:
            texts = cells.texts(self.keys[name])
        elif name in self.inexact:
            texts = cells.texts(self.inexact[name])
        elif name in self.feature_names:
            texts = cells.texts(self.values[:, self.feature_names.index(name)])
        else:
            raise TableError(unknown("column", name, self.keys))
        return np.array(texts if name == "path" else alike(texts), dtype=str)

    def matrix(self, names: Sequence[str]) -> Array:
        """Some of the features in the order given, ``(rows, names)``; all must be there."""
        place = {name: k for k, name in enumerate(self.feature_names)}
        return self.values[:, [place[name] for name in names]]

    @property
    def row_numbers(self) -> Array:
        """The number of each row in the table that was read, counted from 1."""
        return np.arange(1, len(self) + 1) if self.places is None else self.places.rows

    @property
    def row_lines(self) -> Array | None:
        """The line of the file that each row begins on, counted from 1, where that is known."""
        return None if self.places is None else self.places.lines

    def row_name(self, row: int) -> str:
        """What messages call a row: ``row 10``, and of a CSV file ``row 10, line 11``.

        Rows are counted from 1, in the table that was read; lines are those of the file, of which
        the header is the first.
        """
        name = f"row {self.row_numbers[row]}"
        return name if self.row_lines is None else f"{name}, line {self.row_lines[row]}"

    def rows(self, which: Array) -> FeatureTable:
        """The table of some of its rows, by their numbers or by a mask."""
        keys = {name: np.asarray(column)[which] for name, column in self.keys.items()}
        quality = {name: cells.typed(name, column[which]) for name, column in self.quality.items()}
        inexact = {
            name: np.array(cells.texts(column), dtype=object)[which]
            for name, column in self.inexact.items()
        }
        lines = self.row_lines
        places = Places(self.row_numbers[which], None if lines is None else lines[which])
        return replace(
            self,
            keys=keys,
            values=self.values[which],
            quality=quality,
            inexact=inexact,
            places=places,
        )

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write a Parquet or a CSV file, by the ending of `path`: whole, or not at all.

        Raises
        ------
        ParameterError
            For another ending.
        WriteError
            If the file cannot be written.
        """
        write_tables(path, [self])

    @classmethod
    def read(
        cls,
        path: str | os.PathLike[str],
        keys: Sequence[str] = (),
        *,
        features: Collection[str] | None = None,
        provenance: dict[str, Any] | None = None,
    ) -> FeatureTable:
        """Read what `write` wrote, or a table that somebody else made.

        Parameters
        ----------
        path : path
            A Parquet file or one of delimited text (``.csv``, ``.tsv``, ``.txt``, and these with
            ``.gz``, ``.bz2``, ``.xz`` or ``.zip`` behind), by its ending.
        keys : sequence of str
            Columns that are not features: from CSV they are read as text exactly as they stand. See
            the head of this module for what else is none.
        features : collection of str, optional
            The only columns that are features, as in `of`; from CSV all others are read as text.
        provenance : dict, optional
            Where the numbers came from, if that is known of a CSV file, which cannot hold it.

        Raises
        ------
        ParameterError
            If the ending is another, or a column that `keys` names is not there.
        TableError
            If there is no such file, or it is not a table of features; with line and column, where
            there is one to name.
        """
        check_readable(path)
        if is_delimited(path):
            table = cls._read_delimited(path, keys, features, provenance or {})
        else:
            data, provenance = read_parquet(path)
            try:
                table = cls.of(data, provenance, keys, features=features)
            except TableError as error:
                raise TableError(f"{os.fspath(path)}: {error}") from None
        if not table.feature_names and features is None:
            there = ", ".join(table.keys) or "none"
            notes = "".join(f"; {note}" for note in table.notes)
            cause = f"it has no column of numbers besides its keys; there are: {there}{notes}"
            raise TableError(f"{os.fspath(path)}: not a table of features: {cause}")
        return table

    @classmethod
    def _read_delimited(
        cls,
        path: str | os.PathLike[str],
        keys: Sequence[str],
        features: Collection[str] | None,
        provenance: dict[str, Any],
    ) -> FeatureTable:
        dialect = detect(path, guess=True)
        names = [delimited.bare(name) for name in delimited.header(path, dialect)]
        certain, possible = feature_names(names, keys, provenance)
        evidence: Sequence[str] = ()
        if features is not None:
            evidence, certain, possible = (
                [*certain, *possible],
                wanted_names(names, keys, features),
                [],
            )
        quality = quality_names(names, keys)
        times = [name for name in TIMES if name in names and name not in keys]
        columns = delimited.columns(
            path,
            numbers=[*certain, *quality],
            perhaps=[*possible, *times],
            flags=[name for name in quality if QUALITY[name] == "bool"],
            evidence=[name for name in evidence if name not in certain],
            dialect=dialect,
        )
        found = {
            name: column
            for name, column in columns.numbers.items()
            if name not in quality and name not in times
        }
        numbers = {**columns.texts, **columns.numbers}
        others = {name: numbers[name] for name in columns.names if name not in found}

        def where(row: int) -> str:
            return f"line {delimited.line_of(path, row, dialect)}"

        try:
            table = cls._of_columns(others, found, keys, provenance, columns.notes, where)
        except TableError as error:
            raise TableError(f"{os.fspath(path)}: {error}") from None
        places = Places(table.row_numbers, delimited.lines(path, len(table), dialect))
        inexact = {name: cells for name, cells in columns.written.items() if name in found}
        table = replace(table, inexact=inexact, places=places)
        return table if certain else table._without_row_numbers()


def _row(row: int) -> str:
    return f"row {row + 1}"


def _flat(data: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A DataFrame whose columns are called by text, and the levels of its index, now columns."""
    data = data.set_axis([str(name) for name in data.columns], axis=1)
    levels = [
        level
        for level, name in enumerate(data.index.names)
        if name is not None and str(name) not in data.columns
    ]
    index = [str(data.index.names[level]) for level in levels]
    if index:
        data = data.reset_index(level=levels, names=index)
    return data, index
