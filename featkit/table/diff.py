"""What differs between two tables, and by how much.

Rows are the same if their `path` and `start` are: where a row ends is compared with everything
else, for another decoder may find a few samples more. Several rows of one path and start count in
their order. Without a `path`, the number of a row says which it is. Of values, two are the same if
both are NaN, or if ``|a - b| <= atol + rtol * max(|a|, |b|)``: neither table is the right one.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.schema import TIMES
from featkit.table.feature_table import FeatureTable
from featkit.table.inspection import described, flat, records

if TYPE_CHECKING:
    import pandas as pd

MICROSECONDS = 1e6
"""Starts are the same if they are to the microsecond, less than a sample of any sound."""

Identity = tuple[str | int, ...]


@dataclass(frozen=True, eq=False)
class Difference:
    """What differs between two tables, a and b.

    Attributes
    ----------
    rows : int
        Rows that are in both; all that follows is about them.
    only_a, only_b : DataFrame
        Rows that are in one only: ``path`` and ``start``, as far as there are, or ``row``.
    reordered : bool
        Whether the rows or columns that are in both stand in another order.
    columns_only_a, columns_only_b : list of str
        Columns, keys among them, that are in one only, or are a key in one and none in the other.
    meanings : DataFrame
        Features whose unit or definition is another: ``column``, ``what``, ``a``, ``b``. A table
        that does not tell is not another.
    columns : DataFrame
        Features, and columns of quality, that differ, those first that do so most for their spread:
        ``column``, ``unit``, ``rows`` (that differ), ``only_a_nan`` and ``only_b_nan`` (of these,
        rows where one is NaN and the other is not), ``max_absolute``, ``max_relative`` (to the
        larger), ``max_in_spread`` (to the standard deviation of both tables together), and of the
        worst row ``worst`` (its path and start, or its number), ``a`` and ``b``.
    keys : DataFrame
        Keys that differ: ``key``, ``rows``, and of the first such row ``where``, ``a`` and ``b``.
    provenance : DataFrame
        What differs in where the numbers came from: ``entry``, ``a``, ``b``; "" where one does not
        tell. If one tells nothing at all, as a CSV file, that alone: ``provenance``.
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
    provenance: pd.DataFrame

    @property
    def same(self) -> bool:
        """Whether the tables hold the same: where it came from is told, but is no part of it."""
        frames = (self.only_a, self.only_b, self.meanings, self.columns, self.keys)
        names = (self.columns_only_a, self.columns_only_b)
        return not (self.reordered or any(map(len, frames)) or any(names))

    def as_dict(self) -> dict[str, Any]:
        """All of it as data that JSON can hold: None for what is not a number, or infinite."""
        return {
            "same": self.same,
            "rows": self.rows,
            "only_a": records(self.only_a),
            "only_b": records(self.only_b),
            "reordered": self.reordered,
            "columns_only_a": self.columns_only_a,
            "columns_only_b": self.columns_only_b,
            "meanings": records(self.meanings),
            "columns": records(self.columns),
            "keys": records(self.keys),
            "provenance": records(self.provenance),
        }


def diff(
    a: FeatureTable | str | os.PathLike[str],
    b: FeatureTable | str | os.PathLike[str],
    *,
    rtol: float = 0.0,
    atol: float = 0.0,
) -> Difference:
    """Say what differs between two tables, and by how much.

    Parameters
    ----------
    a, b : FeatureTable or path
        The tables, or their files.
    rtol, atol : float
        By how much numbers may differ: ``atol + rtol * max(|a|, |b|)``. By default not at all.

    Raises
    ------
    TableError
        If there is no such file, or it is no table of features.
    ParameterError
        If a tolerance is negative, or the ending of a file is neither ``.parquet`` nor ``.csv``.

    Examples
    --------
    >>> import numpy as np
    >>> one = FeatureTable({"path": ["a.wav", "b.wav"]}, ["x"], np.array([[1.0], [2.0]]))
    >>> two = FeatureTable({"path": ["a.wav", "b.wav"]}, ["x"], np.array([[1.0], [2.5]]))
    >>> found = diff(one, two)
    >>> found.same, found.columns["max_absolute"].tolist(), found.columns["worst"].tolist()
    (False, [0.5], ['b.wav'])
    >>> diff(one, two, rtol=0.2).same
    True
    """
    for name, value in (("rtol", rtol), ("atol", atol)):
        if not 0 <= value < np.inf:
            raise ParameterError(f"{name} must be at least 0, and finite, got {value}")
    one, two = (t if isinstance(t, FeatureTable) else FeatureTable.read(t) for t in (a, b))
    by = [name for name in ("path", "start") if name in one.keys and name in two.keys]
    by = by if "path" in by else []
    names_a, names_b = _identities(one, by), _identities(two, by)
    place_b = {name: row for row, name in enumerate(names_b)}
    rows_a = np.array([k for k, name in enumerate(names_a) if name in place_b], dtype=np.intp)
    rows_b = np.array([place_b[names_a[row]] for row in rows_a], dtype=np.intp)
    there = {*names_a}
    both = _Both(one, two, rows_a, rows_b, [_row_name(names_a[row]) for row in rows_a])
    kinds_a, kinds_b = _kinds(one), _kinds(two)
    shared = [name for name, kind in kinds_a.items() if kinds_b.get(name) == kind]
    return Difference(
        rows=len(rows_a),
        only_a=_named_rows([name for name in names_a if name not in place_b], by),
        only_b=_named_rows([name for name in names_b if name not in there], by),
        reordered=bool((np.diff(rows_b) < 0).any())
        or shared != [name for name, kind in kinds_b.items() if kinds_a.get(name) == kind],
        columns_only_a=[name for name in kinds_a if name not in shared],
        columns_only_b=[name for name in kinds_b if name not in shared],
        meanings=_meanings(one, two),
        columns=both.numbers([name for name in shared if kinds_a[name] != "key"], rtol, atol),
        keys=both.texts([name for name in shared if kinds_a[name] == "key"], by, rtol, atol),
        provenance=_provenance(one, two),
    )


def _identities(table: FeatureTable, by: Sequence[str]) -> list[Identity]:
    """What says which row each is, and how many before it are called the same; else its number."""
    if not by:
        return [(row,) for row in range(1, len(table) + 1)]
    paths = table.column("path").tolist()
    if "start" in by:
        starts = np.asarray(table.keys["start"], dtype=np.float64)
        ticks = np.where(np.isnan(starts), -1, np.rint(starts * MICROSECONDS)).tolist()
    else:
        ticks = [0.0] * len(paths)
    seen: Counter[tuple[str, float]] = Counter()
    found: list[Identity] = []
    for name in zip(paths, ticks, strict=True):
        path, tick = name
        found.append((path, int(tick), seen[name]))
        seen[name] += 1
    return found


def _row_name(name: Identity) -> str:
    """A row, for a person: its path, its start unless that is 0, which one of several it is."""
    if len(name) == 1:
        return f"row {name[0]}"
    path, tick, number = name
    start = f" at {int(tick) / MICROSECONDS:g} s" if int(tick) > 0 else ""
    return f"{path}{start}" + (f" (no. {int(number) + 1})" if number else "")


def _named_rows(names: Sequence[Identity], by: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    if not by:
        return pd.DataFrame([name[0] for name in names], columns=["row"])
    data: dict[str, list[Any]] = {"path": [name[0] for name in names]}
    if "start" in by:
        data["start"] = [int(name[1]) / MICROSECONDS for name in names]
    return pd.DataFrame(data)


def _kinds(table: FeatureTable) -> dict[str, str]:
    """What each column is: a key, quality or a feature."""
    return {
        **dict.fromkeys(table.keys, "key"),
        **dict.fromkeys(table.quality, "quality"),
        **dict.fromkeys(table.feature_names, "feature"),
    }


def _meanings(one: FeatureTable, two: FeatureTable) -> pd.DataFrame:
    import pandas as pd

    known_a, known_b = described(one), described(two)
    found = [
        (name, what, known_a[name][what], known_b[name][what])
        for name in known_a
        if name in known_b
        for what in ("unit", "definition")
        if known_a[name].get(what) and known_b[name].get(what)
        if known_a[name][what] != known_b[name][what]
    ]
    return pd.DataFrame(found, columns=["column", "what", "a", "b"])


def _known(table: FeatureTable) -> dict[str, Any]:
    """Where numbers came from, as far as it is said."""
    return {entry: said for entry, said in flat(table.provenance).items() if said is not None}


def _provenance(one: FeatureTable, two: FeatureTable) -> pd.DataFrame:
    import pandas as pd

    known_a, known_b = _known(one), _known(two)
    if bool(known_a) != bool(known_b):
        told = ("told" if known else "not told" for known in (known_a, known_b))
        return pd.DataFrame([("provenance", *told)], columns=["entry", "a", "b"])
    found = [
        (entry, known_a.get(entry, ""), known_b.get(entry, ""))
        for entry in {**known_a, **known_b}
        if known_a.get(entry, "") != known_b.get(entry, "")
    ]
    return pd.DataFrame(found, columns=["entry", "a", "b"])


@dataclass(frozen=True)
class _Both:
    """The rows that are in both tables, and what each is called."""

    a: FeatureTable
    b: FeatureTable
    rows_a: Array
    rows_b: Array
    names: list[str]

    def numbers(self, columns: Sequence[str], rtol: float, atol: float) -> pd.DataFrame:
        """Columns of numbers that differ."""
        import pandas as pd

        unit = {name: about.get("unit", "") for name, about in described(self.a).items()}
        found = []
        for name in columns:
            one, two = _numbers(self.a, name)[self.rows_a], _numbers(self.b, name)[self.rows_b]
            differ = _differ(one, two, rtol, atol)
            if differ.any():
                told = _how_much(one, two, differ)
                worst = told.pop("row")
                where = {"worst": self.names[worst], "a": one[worst], "b": two[worst]}
                found.append({"column": name, "unit": unit.get(name, ""), **told, **where})
        names = ["column", "unit", "rows", "only_a_nan", "only_b_nan", "max_absolute"]
        names += ["max_relative", "max_in_spread", "worst", "a", "b"]
        data = pd.DataFrame(found, columns=names)
        most = np.nan_to_num(data["max_in_spread"].to_numpy(np.float64), nan=np.inf)
        return data.iloc[np.argsort(-most, kind="stable")].reset_index(drop=True)

    def texts(
        self, keys: Sequence[str], by: Sequence[str], rtol: float, atol: float
    ) -> pd.DataFrame:
        """Keys that differ."""
        import pandas as pd

        found = []
        for name in keys:
            if name in by:
                continue
            one, two = self.a.column(name)[self.rows_a], self.b.column(name)[self.rows_b]
            differ = one != two
            if name in TIMES:
                times = _numbers(self.a, name)[self.rows_a], _numbers(self.b, name)[self.rows_b]
                differ = _differ(*times, rtol, atol)
            if differ.any():
                first = int(np.argmax(differ))
                row = (self.names[first], str(one[first]), str(two[first]))
                found.append((name, int(differ.sum()), *row))
        return pd.DataFrame(found, columns=["key", "rows", "where", "a", "b"])


def _numbers(table: FeatureTable, name: str) -> Array:
    for columns in (table.quality, table.keys):
        if name in columns:
            return np.asarray(columns[name], dtype=np.float64)
    column: Array = table.values[:, table.feature_names.index(name)]
    return column


def _differ(one: Array, two: Array, rtol: float, atol: float) -> Array:
    """Which values are not the same."""
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(one - two) <= atol + rtol * np.fmax(np.abs(one), np.abs(two))
    finite = np.isfinite(one) & np.isfinite(two)
    same: Array = (one == two) | (np.isnan(one) & np.isnan(two)) | (near & finite)
    return ~same


def _how_much(one: Array, two: Array, differ: Array) -> dict[str, Any]:
    """How many rows differ and by how much, and which one most."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        absolute = np.where(differ, np.abs(one - two), 0.0)
        relative = absolute / np.fmax(np.abs(one), np.abs(two))
        relative[np.isinf(absolute)] = np.inf
        both = np.concatenate([one, two])
        both = both[np.isfinite(both)]
        spread = both.std() if len(both) else np.nan
    numbers = differ & ~np.isnan(one) & ~np.isnan(two)
    if numbers.any():
        worst = int(np.argmax(np.where(numbers, absolute, -1.0)))
        greatest = float(absolute[worst])
        most = float(np.nanmax(relative[numbers], initial=0.0))
    else:
        worst, greatest, most = int(np.argmax(differ)), np.nan, np.nan
    return {
        "rows": int(differ.sum()),
        "only_a_nan": int((np.isnan(one) & ~np.isnan(two)).sum()),
        "only_b_nan": int((~np.isnan(one) & np.isnan(two)).sum()),
        "max_absolute": greatest,
        "max_relative": most,
        "max_in_spread": greatest / float(spread) if spread else np.nan,
        "row": worst,
    }
