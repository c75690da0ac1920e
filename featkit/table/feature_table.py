"""The feature table: one row for each recording or segment.

A row holds, in this order:

- keys: the file (`path`), the part of the file (`start`, `end` in seconds; `low_hz`, `high_hz` of
  an annotation), and further text such as `label` or `group`; rows of the same recording share its
  `path`;
- quality columns, which describe the recording (`featkit.schema`); models do not use them;
- features.

Tables of other programs can be read, too, from any format of `featkit.table.formats` or from a
DataFrame; the same data give the same features. The provenance in a file's metadata lists the
features. Without it, the features are:

- in a table with `path`, `start`, `end` and at least one column that `featkit.describe` knows: the
  columns that it knows;
- in any other table: all columns of numbers, flags and time differences.

Reserved names, columns that the caller names as keys, text, dates, row numbers of other programs
and the index of a DataFrame are never features.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit._utils.overview import Overview, Overviewed
from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.schema import ANNOTATED, UNNAMED
from featkit.table._canonical_values import canonical_values
from featkit.table.arrow import ATTRIBUTE, arrow_table, as_frame
from featkit.table.cell_values import numbers_rows, quality_values, text_values
from featkit.table.columns import ColumnSelection, TableColumns, errors_in, in_key_order
from featkit.table.csv_writing import surrogate_errors
from featkit.table.dataframes import frame_columns, numeric_key
from featkit.table.provenance import encode_provenance
from featkit.table.table_files import copy_of_table, readable_format, write_tables

if TYPE_CHECKING:
    import pandas as pd

    from featkit.table.sequences.sequences import Sequences


class RowPositions(NamedTuple):
    """Positions of rows in the table that was read.

    Attributes
    ----------
    rows : array of int, shape ``(rows,)``
        Number of each row, counted from 1.
    lines : array of int, shape ``(rows,)``, or None
        Line of a text file on which each row begins, counted from 1.
    tables : array of str, shape ``(rows,)``, or None
        Name of the table of each row, if several were joined.
    """

    rows: Array
    lines: Array | None
    tables: Array | None = None


@dataclass(frozen=True, eq=False, repr=False)
class FeatureTable(Overviewed):
    """Features with their keys, quality columns and provenance.

    Attributes
    ----------
    keys : mapping of str to sequence
        The columns that identify a row: those of `featkit.schema.KEY_COLUMNS` that are present,
        then others. Times are float64 in seconds, and frequency bands in Hz; all others are text,
        "" where missing.
    feature_names : list of str
        Names of the features.
    values : array of float64, shape ``(rows, features)``
        The features; NaN where undefined.
    provenance : dict
        Feature set, columns with units, decoder, resampler and versions; empty for tables of other
        programs and for tables that were read from CSV, which cannot store it.
    quality : mapping of str to array
        The quality columns that are present: float64, int64, bool, or text in an array of objects.
        If values are missing, as in joined tables: NaN in numbers and flags, which are then float64
        with 1 and 0, and "" in text.
    notes : list of str
        Remarks on how the columns of a table of another program were read.
    inexact : mapping of str to sequence
        Original cells of the features whose text cannot be derived from their float64 values:
        flags, and integers beyond 2**53. They may be classes or groups.
    places : RowPositions or None
        Positions of the rows in the table that was read; None if these are 1, 2, 3 and so on, and
        there are no lines.
    extra_metadata : mapping of bytes to bytes
        Further entries for the metadata of a Parquet file. They are written, but not read: they
        describe one file, and not the rows.
    sequences : Sequences or None
        Descriptors frame by frame of each row, which networks learn from; None without them.
    """

    keys: Mapping[str, Sequence[Any] | Array]
    feature_names: list[str]
    values: Array
    provenance: dict[str, Any] = field(default_factory=dict)
    quality: Mapping[str, Array] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    inexact: Mapping[str, Sequence[Any] | Array | pd.Series[Any]] = field(default_factory=dict)
    places: RowPositions | None = None
    extra_metadata: Mapping[bytes, bytes] = field(default_factory=dict)
    sequences: Sequences | None = None

    @classmethod
    def of(
        cls,
        data: Any,
        provenance: dict[str, Any] | None = None,
        keys: Sequence[str] = (),
        *,
        features: Collection[str] | None = None,
    ) -> FeatureTable:
        """Create the table of a DataFrame, or of a table of polars, Arrow or another library.

        Parameters
        ----------
        data : pandas.DataFrame, or table with ``__arrow_c_stream__``
            The columns; `featkit.table.feature_table` describes which of them are features.
        provenance : dict, optional
            Provenance of the numbers; its ``columns`` are the features. By default, that of the
            data: tables of Arrow and DataFrames that `to_arrow` and `to_pandas` made have it, and
            those of polars do not.
        keys : sequence of str
            Columns that are keys, although they may hold numbers.
        features : collection of str, optional
            The only columns that are features; those that are missing are ignored. Other columns
            of numbers are left out.

        Returns
        -------
        FeatureTable

        Raises
        ------
        ParameterError
            If a key is not a column.
        TableError
            If two columns have the same name, a feature holds no numbers, or a quality column
            holds values that its type excludes.
        """
        data, own = as_frame(data)
        selection = ColumnSelection(keys, features, own if provenance is None else provenance)
        return cls.of_columns(frame_columns(data, selection))

    @classmethod
    def of_columns(cls, columns: TableColumns, *, needs_features: bool = False) -> FeatureTable:
        """Create the table of columns that were read.

        Parameters
        ----------
        columns : TableColumns
            The columns by role.
        needs_features : bool
            Whether a table without features is an error, unless it has sequences.

        Returns
        -------
        FeatureTable

        Raises
        ------
        TableError
            If a time or a quality column holds other values, or there are no features.
        """
        roles, others = columns.roles, columns.others
        quality = {name: quality_values(name, others[name]) for name in roles.quality}
        keys = {
            name: numeric_key(name, others[name], columns.row_name)
            if name in roles.numeric_keys
            else text_values(others[name])
            for name in in_key_order(name for name in others if name not in quality)
        }
        n_rows = len(next(iter([*columns.features.values(), *others.values()]), ()))
        values = np.array([*columns.features.values()]).reshape(len(columns.features), n_rows).T
        has_lines = columns.lines is not None
        places = RowPositions(np.arange(1, n_rows + 1), columns.lines) if has_lines else None
        remarks = columns.notes, columns.inexact, places
        table = cls(
            keys,
            [*columns.features],
            values,
            columns.provenance,
            quality,
            *remarks,
            sequences=columns.sequences,
        )
        if not roles.features:
            table = table._without_row_numbers(columns.index_levels)
        if needs_features and not table.feature_names and table.sequences is None:
            notes = "".join(f"; {note}" for note in table.notes)
            raise TableError(
                "not a table of features: it has no numeric column besides its keys, which are:"
                f" {', '.join(table.keys) or 'none'}{notes}"
            )
        return table

    def _without_row_numbers(self, index_levels: Collection[str]) -> FeatureTable:
        """The table with row numbers among the keys, and a note on them."""
        numbering = {
            name: self.values[:, k]
            for k, name in enumerate(self.feature_names)
            if numbers_rows(name, self.values[:, k])
        }
        unnamed = [name for name in self.keys if UNNAMED.fullmatch(name)]
        notes = []
        if unused := [name for name in (*unnamed, *numbering) if name not in index_levels]:
            notes.append(
                "columns that number the rows or have no name are not used as features:"
                f" {', '.join(map(repr, unused))}; to use one, rename it"
            )
        keys = {**self.keys, **{name: text_values(column) for name, column in numbering.items()}}
        features = [name for name in self.feature_names if name not in numbering]
        return replace(
            self,
            keys={name: keys[name] for name in in_key_order(keys)},
            feature_names=features,
            values=self.matrix(features) if numbering else self.values,
            notes=[*self.notes, *notes],
        )

    def _overview(self) -> Overview:
        from featkit.table._overviews import table_overview

        return table_overview(self)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def is_annotated(self) -> bool:
        """Whether rows are annotated intervals, by the provenance, which CSV files do not store."""
        return bool(self.provenance.get(ANNOTATED))

    @cached_property
    def data(self) -> pd.DataFrame:
        """All columns: the keys, then the quality columns, then the features."""
        import pandas as pd

        return pd.concat([pd.DataFrame({**self.keys, **self.quality}), self.features], axis=1)

    @cached_property
    def features(self) -> pd.DataFrame:
        """The features alone."""
        import pandas as pd

        return pd.DataFrame(self.values, columns=self.feature_names)

    def to_pandas(self) -> pd.DataFrame:
        """Convert the table to a DataFrame with all columns.

        Returns
        -------
        pandas.DataFrame
            A copy of `data`; its attributes hold the provenance, so that `of` returns this table.
        """
        data = self.data.copy()
        data.attrs[ATTRIBUTE] = encode_provenance(self.provenance).decode()
        return data

    def to_arrow(self) -> Any:
        """Convert the table to Arrow, with the columns and types of a Parquet file.

        Returns
        -------
        pyarrow.Table
            Its metadata hold the provenance, so that `of` returns this table.

        Raises
        ------
        TableError
            If a text contains half of a surrogate pair.
        """
        with surrogate_errors():
            return arrow_table(self)

    def to_polars(self) -> Any:
        """Convert the table to polars, which must be installed.

        Returns
        -------
        polars.DataFrame
            The columns of `to_arrow`. Polars keeps no metadata: to return to a table with units
            and feature set, give ``FeatureTable.of`` the provenance of this one.

        Raises
        ------
        ParameterError
            If polars is not installed.
        """
        try:
            import polars
        except ImportError:
            raise ParameterError("polars is not installed: run 'pip install polars'") from None
        return polars.from_arrow(self.to_arrow())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __dataframe__(self, nan_as_null: bool = False, allow_copy: bool = True) -> object:
        return self.to_arrow().__dataframe__(nan_as_null, allow_copy)

    @property
    def labels(self) -> pd.Series[str] | None:
        """The label of each row, or None without a column ``label``."""
        return self.data.get("label")

    def column(self, name: str) -> Array:
        """Return a key or a feature as text.

        Except for paths, values have their canonical spelling, independent of the file format:
        ``1`` for ``1.0``, ``True`` for ``TRUE``.

        Parameters
        ----------
        name : str
            Name of the column.

        Returns
        -------
        array of str, shape ``(rows,)``
            "" where missing.

        Raises
        ------
        TableError
            If there is no column of this name.
        """
        if name in self.keys:
            texts = text_values(self.keys[name])
        elif name in self.inexact:
            texts = text_values(self.inexact[name])
        elif name in self.feature_names:
            texts = text_values(self.values[:, self.feature_names.index(name)])
        else:
            raise TableError(unknown("column", name, self.keys))
        return np.array(texts if name == "path" else canonical_values(texts), dtype=str)

    def has_column(self, name: str) -> bool:
        """Return whether a key or a feature has a name.

        Parameters
        ----------
        name : str
            Name of the column.

        Returns
        -------
        bool
        """
        return name in self.keys or name in self.feature_names

    @property
    def is_silent(self) -> Array:
        """Whether each row is silent, ``(rows,)``; False without the quality column."""
        silent: Array = np.asarray(self.quality.get("quality_silent", np.zeros(len(self)))) == 1
        return silent

    def matrix(self, names: Sequence[str]) -> Array:
        """Return some of the features.

        Parameters
        ----------
        names : sequence of str
            Names of features, in the wanted order.

        Returns
        -------
        array of float64, shape ``(rows, len(names))``
        """
        index = {name: k for k, name in enumerate(self.feature_names)}
        return self.values[:, [index[name] for name in names]]

    @property
    def row_numbers(self) -> Array:
        """The number of each row in the table that was read, counted from 1."""
        return np.arange(1, len(self) + 1) if self.places is None else self.places.rows

    @property
    def row_lines(self) -> Array | None:
        """The line of the file on which each row begins, counted from 1, or None."""
        return None if self.places is None else self.places.lines

    def row_name(self, row: int) -> str:
        """Return the name of a row for messages.

        Parameters
        ----------
        row : int
            Index of the row in this table, counted from 0.

        Returns
        -------
        str
            ``row 10``, or ``row 10, line 11`` for a text file, and ``row 10 of gtzan`` in joined
            tables. Rows are counted from 1 in the table that was read; the header is the first line
            of the file.
        """
        name = f"row {self.row_numbers[row]}"
        if self.row_lines is not None:
            name += f", line {self.row_lines[row]}"
        if self.places is not None and self.places.tables is not None:
            name += f" of {self.places.tables[row]}"
        return name

    def rows(self, which: Array) -> FeatureTable:
        """Return the table of some of the rows.

        Parameters
        ----------
        which : array of int or bool
            Indices of the rows, counted from 0, or a mask over all rows.

        Returns
        -------
        FeatureTable
        """
        lines = self.row_lines
        tables = None if self.places is None else self.places.tables
        return replace(
            self,
            keys={name: np.asarray(column)[which] for name, column in self.keys.items()},
            values=self.values[which],
            quality={
                name: quality_values(name, column[which]) for name, column in self.quality.items()
            },
            inexact={
                name: np.array(text_values(column), dtype=object)[which]
                for name, column in self.inexact.items()
            },
            places=RowPositions(
                self.row_numbers[which],
                None if lines is None else lines[which],
                None if tables is None else tables[which],
            ),
            sequences=None if self.sequences is None else self.sequences.rows(which),
        )

    def with_key(self, name: str, values: Array) -> FeatureTable:
        """Return the table with one key added or replaced.

        Parameters
        ----------
        name : str
            Name of the key; a feature of this name is removed.
        values : array of str, shape ``(rows,)``
            Its cells; "" where missing.

        Returns
        -------
        FeatureTable
        """
        keys = {**self.keys, name: np.asarray(values, dtype=object)}
        features = [feature for feature in self.feature_names if feature != name]
        return replace(
            self,
            keys={key: keys[key] for key in in_key_order(keys)},
            feature_names=features,
            values=self.values if features == self.feature_names else self.matrix(features),
            inexact={key: cells for key, cells in self.inexact.items() if key != name},
        )

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the table to a file or a folder, in an atomic write.

        Parameters
        ----------
        path : path or URL
            A Parquet or a CSV file; the suffix selects the format. Or a folder, whose name ends in
            ``/``, for Parquet files with a fixed number of rows each. A table of sequences without
            features is written to a folder of sequences; beside features, sequences are not
            written.

        Raises
        ------
        ParameterError
            If no format writes this suffix.
        WriteError
            If the file cannot be written.
        """
        if self.sequences is not None and not self.feature_names:
            from featkit.table.sequences.writing import write_sequences

            write_sequences(path, [self])
        else:
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
        """Read a table that `write` or another program wrote.

        Parameters
        ----------
        path : path or URL
            A Parquet file or delimited text (``.csv``, ``.tsv``, ``.txt``, also followed by
            ``.gz``, ``.bz2``, ``.xz`` or ``.zip``); the suffix selects the format. Or a folder of
            Parquet files that `write`, pandas, Dask or Spark wrote; or a folder of sequences.
        keys : sequence of str
            Columns that are keys, although they may hold numbers. From CSV, their text is read
            unchanged. `featkit.table.feature_table` describes which other columns are keys.
        features : collection of str, optional
            The only columns that are features, as in `of`; from CSV, all others are read as text.
        provenance : dict, optional
            Provenance of a CSV file, which cannot store it.

        Returns
        -------
        FeatureTable

        Raises
        ------
        ParameterError
            If no format reads this suffix, or a key is not a column.
        TableError
            If the file does not exist, or is not a table of features; with line and column, where
            these are known.
        """
        selection = ColumnSelection(keys, features, provenance or {})
        table_format = readable_format(path)
        with copy_of_table(path) as file:
            columns = table_format.read(file, selection)
            with errors_in(file):
                return cls.of_columns(columns, needs_features=features is None)
