"""Differences between two tables.

Rows are matched by `path` and `start`. `end` is compared like any other key, because another
decoder may return a few samples more. Several rows with the same path and start are matched
in their order. Without a `path`, rows are matched by their numbers. Two values are equal if both
are NaN, or if ``|a - b| <= atol + rtol * max(|a|, |b|)``: neither table is the reference.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from featkit._utils.overview import Overview, Overviewed
from featkit._utils.typing import Array, ArrowStream
from featkit.errors import ParameterError
from featkit.schema import NUMERIC_KEYS, QUALITY_DTYPES
from featkit.table.arrow import is_frame
from featkit.table.feature_table import FeatureTable
from featkit.table.inspection import json_records
from featkit.table.provenance import describe_columns, flatten_provenance
from featkit.table.sequences.comparison import sequence_differences

MICROSECONDS = 1e6
"""Starts are compared in whole microseconds, which is less than a sample of any recording."""

RowId = tuple[str | int, ...]
"""Path, start in microseconds and count of equal rows before it; or the number of the row."""


@dataclass(frozen=True, eq=False, repr=False)
class Difference(Overviewed):
    """Differences between two tables, a and b.

    Attributes
    ----------
    rows : int
        Number of rows in both tables; all attributes after `only_b` describe these.
    only_a, only_b : DataFrame
        Rows in one table only: ``path`` and ``start``, as far as both tables have them, or ``row``.
    reordered : bool
        Whether the common rows or columns have another order.
    columns_only_a, columns_only_b : list of str
        Columns in one table only, or with another role (key, quality column or feature).
    meanings : DataFrame
        Features with another unit or definition: ``column``, ``what`` (``unit`` or
        ``definition``), ``a``, ``b``. Unknown units and definitions are ignored.
    columns : DataFrame
        Features and quality columns of numbers that differ, the largest `max_in_spread` first:
        ``column``, ``unit``, ``rows`` (that differ), ``only_a_nan`` and ``only_b_nan`` (rows in
        which only one value is NaN), ``max_absolute``, ``max_relative`` (to the larger value),
        ``max_in_spread``
        (in standard deviations of both tables together), and of the row with the largest difference
        ``worst`` (its path and start, or its number), ``a`` and ``b``.
    keys : DataFrame
        Keys and quality columns of text that differ: ``key``, ``rows``, and of the first such row
        ``where``, ``a`` and ``b``.
    sequences : DataFrame
        Kinds of sequences that differ; see
        `featkit.table.sequences.comparison.sequence_differences`.
    provenance : DataFrame
        Differences in provenance: ``entry``, ``a``, ``b``; "" where unknown. If only one table has
        any provenance, a single row reports that.
    """

    rows: int
    only_a: pd.DataFrame
    only_b: pd.DataFrame
    reordered: bool
    columns_only_a: list[str]
    columns_only_b: list[str]
    meanings: pd.DataFrame
    columns: pd.DataFrame
    keys: pd.DataFrame
    sequences: pd.DataFrame
    provenance: pd.DataFrame

    def _overview(self) -> Overview:
        from featkit.table._overviews import difference_overview

        return difference_overview(self)

    @property
    def same(self) -> bool:
        """Whether the tables have the same content; provenance does not count."""
        frames = (self.only_a, self.only_b, self.meanings, self.columns, self.keys, self.sequences)
        names = (self.columns_only_a, self.columns_only_b)
        return not (self.reordered or any(map(len, frames)) or any(names))

    def as_dict(self) -> dict[str, Any]:
        """Return all differences as data that JSON can hold.

        Returns
        -------
        dict
            The attributes; None in place of NaN and infinity.
        """
        data = {"same": self.same, **vars(self)}
        return {k: json_records(v) if hasattr(v, "columns") else v for k, v in data.items()}


def diff(
    a: FeatureTable | ArrowStream | str | os.PathLike[str],
    b: FeatureTable | ArrowStream | str | os.PathLike[str],
    *,
    rtol: float = 0.0,
    atol: float = 0.0,
) -> Difference:
    """Compare two tables.

    Parameters
    ----------
    a, b : FeatureTable, pandas.DataFrame, table of Arrow or polars, or path
        The tables, or their files.
    rtol, atol : float
        Relative and absolute tolerance of numbers, at least 0: ``atol + rtol * max(|a|, |b|)``.

    Returns
    -------
    Difference

    Raises
    ------
    TableError
        If a file does not exist or is not a table of features.
    ParameterError
        If a tolerance is negative or infinite, or no format reads the suffix of a file.

    Examples
    --------
    >>> import numpy as np
    >>> one = FeatureTable({"path": ["a.wav", "b.wav"]}, ["x"], np.array([[1.0], [2.0]]))
    >>> two = FeatureTable({"path": ["a.wav", "b.wav"]}, ["x"], np.array([[1.0], [2.5]]))
    >>> result = diff(one, two)
    >>> result.same, result.columns["max_absolute"].tolist(), result.columns["worst"].tolist()
    (False, [0.5], ['b.wav'])
    >>> diff(one, two, rtol=0.2).same
    True
    """
    for name, value in (("rtol", rtol), ("atol", atol)):
        if not 0 <= value < np.inf:
            raise ParameterError(f"{name} must be at least 0 and finite, got {value}")
    one, two = map(_table, (a, b))
    id_columns = [name for name in ("path", "start") if name in one.keys and name in two.keys]
    id_columns = id_columns if "path" in id_columns else []
    ids_a, ids_b = _row_ids(one, id_columns), _row_ids(two, id_columns)
    index_b = {row_id: row for row, row_id in enumerate(ids_b)}
    rows_a = np.array([k for k, row_id in enumerate(ids_a) if row_id in index_b], dtype=np.intp)
    rows_b = np.array([index_b[ids_a[row]] for row in rows_a], dtype=np.intp)
    only_b = {*ids_b} - {*ids_a}
    common = _CommonRows(one, two, rows_a, rows_b, [_row_name(ids_a[row]) for row in rows_a])
    roles_a, roles_b = _roles(one), _roles(two)
    shared = [name for name, role in roles_a.items() if roles_b.get(name) == role]
    texts = [name for name in shared if roles_a[name] == "key" or QUALITY_DTYPES.get(name) == "str"]
    return Difference(
        rows=len(rows_a),
        only_a=_id_frame([row_id for row_id in ids_a if row_id not in index_b], id_columns),
        only_b=_id_frame([row_id for row_id in ids_b if row_id in only_b], id_columns),
        reordered=bool((np.diff(rows_b) < 0).any())
        or shared != [name for name, role in roles_b.items() if roles_a.get(name) == role],
        columns_only_a=[name for name in roles_a if name not in shared],
        columns_only_b=[name for name in roles_b if name not in shared],
        meanings=_meanings(one, two),
        columns=common.numbers([name for name in shared if name not in texts], rtol, atol),
        keys=common.texts([name for name in texts if name not in id_columns], rtol, atol),
        sequences=common.sequences(rtol, atol),
        provenance=_provenance(one, two),
    )


def _row_ids(table: FeatureTable, id_columns: Sequence[str]) -> list[RowId]:
    if not id_columns:
        return [(row,) for row in range(1, len(table) + 1)]
    paths = table.column("path").tolist()
    starts = table.keys["start"] if "start" in id_columns else np.zeros(len(paths))
    starts = np.asarray(starts, dtype=np.float64)
    ticks = np.where(np.isnan(starts), -1, np.rint(starts * MICROSECONDS)).tolist()
    counts: Counter[tuple[str, float]] = Counter()
    ids: list[RowId] = []
    for path, tick in zip(paths, ticks, strict=True):
        ids.append((path, int(tick), counts[path, tick]))
        counts[path, tick] += 1
    return ids


def _row_name(row_id: RowId) -> str:
    """Path of a row, its start unless that is 0, and its number among equal rows."""
    if len(row_id) == 1:
        return f"row {row_id[0]}"
    path, tick, count = row_id
    start = f" at {int(tick) / MICROSECONDS:g} s" if int(tick) > 0 else ""
    return f"{path}{start}" + (f" (no. {int(count) + 1})" if count else "")


def _table(data: Any) -> FeatureTable:
    if isinstance(data, FeatureTable):
        return data
    return FeatureTable.of(data) if is_frame(data) else FeatureTable.read(data)


def _id_frame(ids: Sequence[RowId], id_columns: Sequence[str]) -> pd.DataFrame:
    data = pd.DataFrame({"path" if id_columns else "row": [row_id[0] for row_id in ids]})
    if "start" in id_columns:
        data["start"] = [int(row_id[1]) / MICROSECONDS for row_id in ids]
    return data


def _roles(table: FeatureTable) -> dict[str, str]:
    roles = {"key": table.keys, "quality": table.quality, "feature": table.feature_names}
    return {name: role for role, names in roles.items() for name in names}


def _meanings(one: FeatureTable, two: FeatureTable) -> pd.DataFrame:
    columns_a, columns_b = describe_columns(one), describe_columns(two)
    rows = [
        (name, field, columns_a[name][field], columns_b[name][field])
        for name in columns_a
        if name in columns_b
        for field in ("unit", "definition")
        if columns_a[name].get(field) and columns_b[name].get(field)
        if columns_a[name][field] != columns_b[name][field]
    ]
    return pd.DataFrame(rows, columns=["column", "what", "a", "b"])


def _provenance(one: FeatureTable, two: FeatureTable) -> pd.DataFrame:
    flattened = (flatten_provenance(table.provenance).items() for table in (one, two))
    entries_a, entries_b = ({k: v for k, v in items if v is not None} for items in flattened)
    if bool(entries_a) != bool(entries_b):
        rows = [("provenance", *("present" if e else "missing" for e in (entries_a, entries_b)))]
    else:
        rows = [
            (entry, entries_a.get(entry, ""), entries_b.get(entry, ""))
            for entry in {**entries_a, **entries_b}
            if entries_a.get(entry, "") != entries_b.get(entry, "")
        ]
    return pd.DataFrame(rows, columns=["entry", "a", "b"])


@dataclass(frozen=True)
class _CommonRows:
    """The rows that are in both tables, and their names."""

    a: FeatureTable
    b: FeatureTable
    rows_a: Array
    rows_b: Array
    names: list[str]

    def numbers(self, columns: Sequence[str], rtol: float, atol: float) -> pd.DataFrame:
        """Columns of numbers that differ."""
        units = {name: column.get("unit", "") for name, column in describe_columns(self.a).items()}
        rows = []
        for name in columns:
            one, two = self._values(name)
            differs = _differs(one, two, rtol, atol)
            if differs.any():
                sizes, worst = _sizes(one, two, differs)
                example = {"worst": self.names[worst], "a": one[worst], "b": two[worst]}
                rows.append({"column": name, "unit": units.get(name, ""), **sizes, **example})
        names = ["column", "unit", "rows", "only_a_nan", "only_b_nan", "max_absolute"]
        names += ["max_relative", "max_in_spread", "worst", "a", "b"]
        data = pd.DataFrame(rows, columns=names)
        order = np.nan_to_num(data["max_in_spread"].to_numpy(np.float64), nan=np.inf)
        return data.iloc[np.argsort(-order, kind="stable")].reset_index(drop=True)

    def texts(self, columns: Sequence[str], rtol: float, atol: float) -> pd.DataFrame:
        """Columns of text, and times, that differ."""
        rows = []
        for name in columns:
            one, two = _texts(self.a, name)[self.rows_a], _texts(self.b, name)[self.rows_b]
            differs = one != two
            if name in NUMERIC_KEYS:
                differs = _differs(*self._values(name), rtol, atol)
            if differs.any():
                k = int(np.argmax(differs))
                example = (self.names[k], str(one[k]), str(two[k]))
                rows.append((name, int(differs.sum()), *example))
        return pd.DataFrame(rows, columns=["key", "rows", "where", "a", "b"])

    def sequences(self, rtol: float, atol: float) -> pd.DataFrame:
        """Kinds of sequences that differ."""
        one, two = (
            None if table.sequences is None else table.sequences.rows(rows)
            for table, rows in ((self.a, self.rows_a), (self.b, self.rows_b))
        )
        return sequence_differences(one, two, self.names, rtol=rtol, atol=atol)

    def _values(self, name: str) -> tuple[Array, Array]:
        return _numbers(self.a, name)[self.rows_a], _numbers(self.b, name)[self.rows_b]


def _numbers(table: FeatureTable, name: str) -> Array:
    for columns in (table.quality, table.keys):
        if name in columns:
            return np.asarray(columns[name], dtype=np.float64)
    return np.asarray(table.values[:, table.feature_names.index(name)])


def _texts(table: FeatureTable, name: str) -> Array:
    return table.quality[name] if name in table.quality else table.column(name)


def _differs(one: Array, two: Array, rtol: float, atol: float) -> Array:
    """Mask of the values that differ."""
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(one - two) <= atol + rtol * np.fmax(np.abs(one), np.abs(two))
    finite = np.isfinite(one) & np.isfinite(two)
    return ~np.asarray((one == two) | (np.isnan(one) & np.isnan(two)) | (near & finite))


def _sizes(one: Array, two: Array, differs: Array) -> tuple[dict[str, Any], int]:
    """Number and size of the differences, and the row with the largest."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        absolute = np.where(differs, np.abs(one - two), 0.0)
        relative = absolute / np.fmax(np.abs(one), np.abs(two))
        relative[np.isinf(absolute)] = np.inf
        both = np.concatenate([one, two])
        both = both[np.isfinite(both)]
        deviation = both.std() if len(both) else np.nan
    defined = differs & ~np.isnan(one) & ~np.isnan(two)
    if defined.any():
        worst = int(np.argmax(np.where(defined, absolute, -1.0)))
        max_absolute = float(absolute[worst])
        max_relative = float(np.nanmax(relative[defined], initial=0.0))
    else:
        worst, max_absolute, max_relative = int(np.argmax(differs)), np.nan, np.nan
    sizes = {
        "rows": int(differs.sum()),
        "only_a_nan": int((np.isnan(one) & ~np.isnan(two)).sum()),
        "only_b_nan": int((~np.isnan(one) & np.isnan(two)).sum()),
        "max_absolute": max_absolute,
        "max_relative": max_relative,
        "max_in_spread": max_absolute / float(deviation) if deviation else np.nan,
    }
    return sizes, worst
