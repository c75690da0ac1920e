"""The table: a row for each recording or segment, and where its numbers came from.

A row says which file it is of (`path`), which part of it (`start`, `end` in seconds) and what is
known about it, such as its `label` or `group`; how sound the recording is follows (the columns of
`featkit.quality`), then the features. Rows of one recording share its `path`. A Parquet file holds,
under the key ``featkit`` of its metadata, the whole feature set, unit and definition of each
column, and what computed it. There is no clock in it: the same input gives the same bytes.

Tables that others made are read, too: Parquet, delimited text (`featkit.dialects`) and DataFrames,
and the same data give the same features. Where no metadata say which columns are features, these
are: in a table with `path`, `start`, `end` and at least one column that `featkit.describe` knows,
those that it knows; in any other all columns of numbers, flags and lengths of time
(`featkit.conversion`, `featkit.numerals`). Never a feature are `KEYS`, columns that a reader names
as keys, text, dates, the columns of `featkit.quality`, the numbers of rows that other programs
write, and the index of a DataFrame, of which levels with a name are keys.

In a CSV file a flag is ``true`` or ``false`` (1 and 0 are read, too), what is missing is empty, and
a text that a spreadsheet would compute has an apostrophe before it: see `featkit.delimited`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit import cells, conversion, delimited
from featkit.cells import KEYS, QUALITY, TIMES
from featkit.dialects import COMPRESSED_ENDINGS, ENDINGS, detect, is_delimited
from featkit.errors import ParameterError, TableError
from featkit.featuresets import describe
from featkit.numerals import Where
from featkit.parameters import unknown
from featkit.reading import check_regular
from featkit.segments import Array
from featkit.spelling import alike
from featkit.writing import beside, check_writable, replacing

if TYPE_CHECKING:
    import pandas as pd

METADATA_KEY = b"featkit"

TOLD = ("name", "family", "descriptor", "index", "statistic", "unit", "definition", "reference")
"""What metadata tell of a column, as text."""

VALUES_AT_ONCE = 2**18
"""Features in a row group of a Parquet file (2 MB); of very wide tables, more."""

ROWS_AT_ONCE = 256
"""Least rows of a row group: each has a description of every column."""


def failures_file(table: str | os.PathLike[str]) -> Path:
    """Where the recordings are listed that a table lacks."""
    return beside(table, ".failures.csv")


def is_feature(column: str) -> bool:
    """Whether a column of this name is one that featkit computes."""
    try:
        describe(column)
    except ParameterError:
        return False
    return True


def in_order(keys: Iterable[str]) -> list[str]:
    """Those of `KEYS` first, then the others as they come."""
    names = list(keys)
    return [*(name for name in KEYS if name in names), *(n for n in names if n not in KEYS)]


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
        Those of the columns of `featkit.quality` that there are: float64, int64 or bool; where some
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
        certain, possible = _features(names, keys, provenance or {})
        possible = [name for name in possible if name not in index]
        if features is not None:
            numbers = {*certain, *(name for name in possible if is_numeric_dtype(data[name]))}
            data = data.drop(columns=[*(numbers - {*features})])
            certain, possible = _wanted(names, keys, features), []
        notes: list[str] = []
        found = conversion.feature_columns(
            data, [*certain, *possible], must=certain, where=_row, notes=notes
        )
        nested = [name for name in conversion.nested_columns(data) if name in possible]
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
        quality = {name: cells.typed(name, others[name]) for name in _quality([*others], keys)}
        times = {name for name in TIMES if name in others and name not in keys}
        about = {
            name: conversion.seconds(name, others[name], where)
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
        nameless = [name for name in self.keys if cells.NAMELESS.fullmatch(name)]
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

        Names are spelled in one way (see `featkit.spelling.alike`), but those of files.

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

    def row_name(self, row: int) -> str:
        """What messages call a row: ``row 10``, and of a CSV file ``row 10, line 11``.

        Rows are counted from 1, in the table that was read; lines are those of the file, of which
        the header is the first.
        """
        name = f"row {self.row_numbers[row]}"
        if self.places is None or self.places.lines is None:
            return name
        return f"{name}, line {self.places.lines[row]}"

    def rows(self, which: Array) -> FeatureTable:
        """The table of some of its rows, by their numbers or by a mask."""
        keys = {name: np.asarray(column)[which] for name, column in self.keys.items()}
        quality = {name: cells.typed(name, column[which]) for name, column in self.quality.items()}
        inexact = {
            name: np.array(cells.texts(column), dtype=object)[which]
            for name, column in self.inexact.items()
        }
        lines = None if self.places is None else self.places.lines
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

    def _csv_rows(self) -> Iterator[list[Any]]:
        keys = [cells.key_cells(name, column).tolist() for name, column in self.keys.items()]
        quality = [cells.quality_cells(name, column) for name, column in self.quality.items()]
        about = zip(*keys, *quality, strict=True) if keys or quality else repeat((), len(self))
        return ([*known, *row.tolist()] for known, row in zip(about, self.values, strict=True))

    def _arrow(self) -> Any:
        import pyarrow as pa

        columns = {
            **{name: cells.arrow_key(name, column) for name, column in self.keys.items()},
            **{name: cells.arrow_quality(name, column) for name, column in self.quality.items()},
            **dict(zip(self.feature_names, self.values.T, strict=True)),
        }
        text = json.dumps(self.provenance, ensure_ascii=False, sort_keys=True)
        return pa.table(columns, metadata={METADATA_KEY: text.encode()})

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
            data, provenance = _read_parquet(path)
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
        certain, possible = _features(names, keys, provenance)
        evidence: Sequence[str] = ()
        if features is not None:
            evidence, certain, possible = [*certain, *possible], _wanted(names, keys, features), []
        quality = _quality(names, keys)
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


def write_tables(path: str | os.PathLike[str], tables: Iterable[FeatureTable]) -> None:
    """Write tables of the same columns as one, one after the other: whole, or not at all.

    The bytes are those of one table, if all but the last have a multiple of `rows_at_once` rows.

    Parameters
    ----------
    path : path
        A Parquet or a CSV file, by its ending.
    tables : iterable of FeatureTable
        At least one; each is asked for when the one before is written.

    Raises
    ------
    ParameterError
        For another ending.
    TableError
        If half of a character stands in a text.
    WriteError
        If the file cannot be written.
    """
    write = _write_csv if table_format(path) == "csv" else _write_parquet
    rest = iter(tables)
    first = next(rest)
    with replacing(path) as scratch:
        write(scratch, first, chain([first], rest))


def rows_at_once(columns: int) -> int:
    """Rows that are written together, so that memory does not grow with their number."""
    return max(ROWS_AT_ONCE, VALUES_AT_ONCE // max(1, columns))


def _write_csv(path: Path, first: FeatureTable, tables: Iterable[FeatureTable]) -> None:
    names = [*first.keys, *first.quality, *first.feature_names]
    delimited.write(path, names, chain.from_iterable(table._csv_rows() for table in tables))


def _write_parquet(path: Path, first: FeatureTable, tables: Iterable[FeatureTable]) -> None:
    import pyarrow.parquet as pq

    rows = rows_at_once(len(first.feature_names))
    # Open files, for pyarrow takes a name for UTF-8, and what stands before a colon for a protocol.
    with (
        delimited.whole_texts(),
        path.open("wb") as stream,
        pq.ParquetWriter(stream, first._arrow().schema) as writer,
    ):
        for table in tables:
            writer.write_table(table._arrow(), row_group_size=rows)


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


def _features(
    names: Sequence[str], keys: Sequence[str], provenance: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """Columns that are features, or else those that are if they hold numbers."""
    for key in keys:
        if key not in names:
            raise ParameterError(unknown("column", key, names))
    free = [name for name in names if name not in keys and not cells.is_taken(name)]
    if described := provenance.get("columns"):
        computed = {column["name"] for column in described}
        return [name for name in free if name in computed], []
    # Others have a column called "tempo", too: only where featkit's keys stand is it featkit's.
    known = [name for name in free if is_feature(name)] if {"path", *TIMES} <= {*names} else []
    return (known, []) if known else ([], free)


def _wanted(names: Sequence[str], keys: Sequence[str], features: Collection[str]) -> list[str]:
    """Columns that are features because somebody says so."""
    wanted = {*features} - {*keys, *KEYS, *QUALITY}
    return [name for name in names if name in wanted]


def _quality(names: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Columns that say how sound a recording is, as far as there are, in their order."""
    return [name for name in QUALITY if name in names and name not in keys]


def column_names(path: str | os.PathLike[str]) -> list[str]:
    """The names of the columns of a table's file.

    Raises
    ------
    ParameterError, TableError
        See `FeatureTable.read`.
    """
    check_readable(path)
    if is_delimited(path):
        return [delimited.bare(name) for name in delimited.header(path, detect(path, guess=True))]
    with _parquet_errors(path), open(path, "rb") as stream:
        import pyarrow.parquet as pq

        return [str(name) for name in pq.read_schema(stream).names]


def _read_parquet(path: str | os.PathLike[str]) -> tuple[pd.DataFrame, dict[str, Any]]:
    # pandas' own types, such as periods, are read once this is imported.
    import pandas.core.arrays.arrow.extension_types  # type: ignore[import-not-found]  # noqa: F401
    import pyarrow.parquet as pq

    with _parquet_errors(path), open(path, "rb") as stream:
        parquet = conversion.of_plain_types(pq.ParquetFile(stream).read())
        provenance = _provenance((parquet.schema.metadata or {}).get(METADATA_KEY, b"{}"))
        data = parquet.to_pandas(ignore_metadata=True, types_mapper=cells.whole_numbers)
    delimited.check_names(os.fspath(path), parquet.schema.names)
    # Also what pandas took for an index is a column.
    index = conversion.index_columns(parquet.schema)
    return (data.set_index(index) if index else data), provenance


@contextmanager
def _parquet_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        check_regular(path)
        yield
    except FileNotFoundError:
        raise TableError(f"{os.fspath(path)}: no such file") from None
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise TableError(f"{os.fspath(path)}: not a table: {cause}") from None


def _provenance(text: bytes) -> dict[str, Any]:
    provenance: dict[str, Any] = json.loads(text)
    try:
        for column in provenance.get("columns", []):
            if not all(isinstance(column.get(key, ""), str | None) for key in TOLD):
                raise TypeError
            column["name"]
    except (AttributeError, KeyError, TypeError):
        raise ValueError("its metadata are not featkit's") from None
    return provenance


def is_table(path: str | os.PathLike[str]) -> bool:
    """Whether a file's name ends like a table's that can be read."""
    return is_delimited(path) or os.fspath(path).lower().endswith(".parquet")


def check_readable(path: str | os.PathLike[str]) -> None:
    """Refuse a name that does not end like a table's.

    Raises
    ------
    ParameterError
        For another ending.
    """
    if not is_table(path):
        raise ParameterError(
            f"{os.fspath(path)}: a table ends in .parquet or {', '.join(ENDINGS)}, also with"
            f" {', '.join(COMPRESSED_ENDINGS)} behind the latter"
        )


def table_format(path: str | os.PathLike[str]) -> str:
    """``"csv"`` or ``"parquet"``, in which a table is written, by the ending of `path`.

    Raises
    ------
    ParameterError
        For another ending.
    """
    ending = Path(path).suffix.lower()
    if os.fspath(path).endswith(os.sep):
        raise ParameterError(f"{os.fspath(path)}: is a folder, not a table")
    if ending not in (".csv", ".parquet"):
        raise ParameterError(f"{os.fspath(path)}: a table ends in .parquet or .csv")
    return ending[1:]


def check_target(path: str | os.PathLike[str]) -> None:
    """Refuse a file that a table could not be written to, before there is a table.

    Raises
    ------
    ParameterError
        If its ending is none of a table's, it is a folder, or its folder is missing or closed.
    """
    table_format(path)
    check_writable(path)
