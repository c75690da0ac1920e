"""Summary of a table: rows, keys, quality, features, sequences, provenance and warnings.

Everything comes from the table, its provenance and the list of failures next to its file; no sound
is read. Tables of other programs are summarized as far as their content is known.
"""

from __future__ import annotations

import errno
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from featkit._utils.overview import Overview, Overviewed
from featkit._utils.typing import Array, ArrowStream
from featkit.errors import StoreError, TableError
from featkit.schema import (
    KEY_COLUMNS,
    NUMERIC_KEYS,
    QUALITY_COLUMNS,
    TIME_COLUMNS,
    QualityColumn,
)
from featkit.storage.reading import exists
from featkit.table.columns import has_featkit_keys
from featkit.table.csv_writing import unescape_formula
from featkit.table.delimited import read_texts
from featkit.table.dialects import detect
from featkit.table.feature_table import FeatureTable
from featkit.table.group_detection import likely_groups
from featkit.table.lookalikes import lookalike_warnings
from featkit.table.provenance import describe_columns, flatten_provenance
from featkit.table.table_files import copy_of_table, failures_file

LABEL_NAMES = ("label", "class", "genre", "emotion", "target", "category", "status", "y")
"""Usual names of the column with the classes."""

N_VALUES = 8
"""Maximum number of values of a key that are listed, the most common first."""

VALUE_COUNTS = ("values", "missing", "largest")
"""Columns that describe the values of a column of text."""

N_EXAMPLES = 3
"""Maximum number of recordings that are listed for a flag or a failure."""

DESCRIPTION_FIELDS = ("family", "unit", "definition", "reference")
"""Fields of the description of a feature that are shown."""

N_FIRST_ROWS = 5

N_FIRST_FEATURES = 3
"""Number of features that the first rows show, each of a different family."""


@dataclass(frozen=True, eq=False, repr=False)
class Inspection(Overviewed):
    """Summary of a table.

    Attributes
    ----------
    rows : int
        Number of rows.
    recordings : int or None
        Number of different paths; None without a column `path`.
    seconds : array of float64, shape ``(recordings,)``
        Duration of each recording from the first start to the last end of its rows; empty without
        the columns `path`, `start` and `end`.
    failures : DataFrame
        Recordings that could not be added, by stage and error: ``stage``, ``error``, ``files``,
        ``examples``. Empty for a table that was not read from a file.
    keys : DataFrame
        Keys except `path`, `start` and `end`: ``key``, ``values`` (how many different ones),
        ``missing`` (rows), ``largest`` (the most common values with their counts).
    flags : DataFrame
        Quality columns that are flags: ``flag``, ``rows``, ``missing``, ``examples``,
        ``definition``.
    measures : DataFrame
        Quality columns that are numbers: ``measure``, ``unit``, ``missing``, ``min``, ``median``,
        ``max``, ``definition``.
    texts : DataFrame
        Quality columns that are text: ``text``, ``values`` (how many different ones), ``missing``,
        ``largest`` (the most common values with their counts), ``definition``.
    columns : DataFrame
        The features: ``column``, ``family``, ``unit``, ``nan`` and ``infinite`` (rows),
        ``constant`` (whether all finite values are equal), ``min``, ``median``, ``max`` (of the
        finite values), ``definition``, ``reference``. Unknown entries are "".
    sequences : DataFrame
        Kinds of sequences: ``kind``, ``channels``, ``frames``, ``dtype``, and ``min``, ``median``
        and ``max`` of the true frames. Empty for a table without sequences.
    provenance : dict of str
        Flattened provenance, with dotted names such as ``feature_set.features.mfcc.n_mfcc``.
    first : DataFrame
        The first rows with their keys and some features.
    warnings : list of str
        Remarks on how the table was read, on likely groups, and on names that look alike.
    """

    rows: int
    recordings: int | None
    seconds: Array
    failures: pd.DataFrame
    keys: pd.DataFrame
    flags: pd.DataFrame
    measures: pd.DataFrame
    texts: pd.DataFrame
    columns: pd.DataFrame
    sequences: pd.DataFrame
    provenance: dict[str, Any]
    first: pd.DataFrame
    warnings: list[str]

    def _overview(self) -> Overview:
        from featkit.table._overviews import inspection_overview

        return inspection_overview(self)

    @property
    def families(self) -> pd.DataFrame:
        """The features by family: ``family``, ``columns``, ``units``, ``first`` (one of them)."""
        rows = [
            (family, len(group), sorted({*group["unit"]} - {""}), group["column"].iloc[0])
            for family, group in self.columns.groupby("family", sort=False)
        ]
        return pd.DataFrame(rows, columns=["family", "columns", "units", "first"])

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as data that JSON can hold.

        Returns
        -------
        dict
            None in place of NaN and infinity.
        """
        frames = ("failures", "keys", "flags", "measures", "texts", "columns", "sequences")
        return {
            "rows": self.rows,
            "recordings": self.recordings,
            "seconds": float(self.seconds.sum()) if len(self.seconds) else None,
            "median_seconds": float(np.median(self.seconds)) if len(self.seconds) else None,
            **{name: json_records(getattr(self, name)) for name in frames},
            "provenance": self.provenance,
            "warnings": self.warnings,
        }


def inspect(
    table: FeatureTable | ArrowStream | str | os.PathLike[str], *, keys: Sequence[str] = ()
) -> Inspection:
    """Summarize a table.

    Parameters
    ----------
    table : FeatureTable, pandas.DataFrame, table of Arrow or polars, or path
        The table, or its file; the failures listed next to the file are counted, too.
    keys : sequence of str
        Columns that are keys, if it is the file of a table of another program.

    Returns
    -------
    Inspection

    Raises
    ------
    TableError
        If the file does not exist or is not a table of features.
    ParameterError
        If no format reads the suffix of the file, or a key is not a column.

    Examples
    --------
    >>> import numpy as np
    >>> table = FeatureTable({"path": ["a.wav", "b.wav"]}, ["x"], np.array([[1.0], [np.nan]]))
    >>> summary = inspect(table)
    >>> summary.rows, summary.columns["nan"].tolist()
    (2, [1])
    """
    failures = []
    if isinstance(table, str | os.PathLike):
        file, table = table, FeatureTable.read(table, keys)
        failures = read_failures(file)
    elif not isinstance(table, FeatureTable):
        table = FeatureTable.of(table, keys=keys)
    names = [name for name in table.keys if name not in ("path", *NUMERIC_KEYS)]
    alike = [w for name in names for w in lookalike_warnings(name, table.column(name).tolist())]
    return Inspection(
        rows=len(table),
        recordings=len({*table.column("path").tolist()}) if "path" in table.keys else None,
        seconds=_durations(table),
        failures=_failure_counts(failures),
        keys=_key_counts(table, names),
        flags=count_flags(table),
        measures=_measures(table),
        texts=_texts(table),
        columns=_columns(table),
        sequences=_sequences(table),
        provenance=flatten_provenance(table.provenance),
        first=_first_rows(table),
        warnings=[*table.notes, *_group_warnings(table), *alike],
    )


def _group_warnings(table: FeatureTable) -> Iterator[str]:
    """Likely groups of the rows, with the classes of the column that usually holds them."""
    names = (*table.keys, *table.feature_names)
    label = next((name for name in LABEL_NAMES if name in names), None)
    y = None if label is None else table.column(label)
    X = table.matrix([name for name in table.feature_names if name != label])
    for likely in likely_groups(table, X, y, exclude=[label]):
        yield f'{likely.description}. If so, train with --group "{likely.group}"'


def json_records(data: pd.DataFrame) -> list[dict[str, Any]]:
    """Convert the rows of a DataFrame to data that JSON can hold.

    Parameters
    ----------
    data : DataFrame
        The rows.

    Returns
    -------
    list of dict
        None in place of NaN and infinity.
    """
    return [
        {name: _json_value(value) for name, value in zip(data.columns, row, strict=True)}
        for row in data.itertuples(index=False, name=None)
    ]


def _json_value(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def read_failures(table: str | os.PathLike[str]) -> list[tuple[str, str, str]]:
    """Read the list of recordings that could not be added to a table.

    Parameters
    ----------
    table : path
        The file of the table.

    Returns
    -------
    list of (str, str, str)
        Path, stage and error of each recording; empty if there is no list.

    Raises
    ------
    TableError
        If the file of the list has other columns.
    """
    listed = failures_file(table)
    try:
        if not exists(listed):
            return []
    except StoreError as error:
        # Those who may not list a bucket of S3 get this answer for a missing file.
        if error.errno == errno.EACCES:
            return []
        raise
    with copy_of_table(listed) as file:
        texts = read_texts(file, detect(file))
    names = ["path", "stage", "error"]
    if not {*names} <= {*texts}:
        raise TableError(f"{listed}: not a list of failures: it has no columns {', '.join(names)}")
    columns = (map(unescape_formula, texts[name].to_pylist()) for name in names)
    return list(zip(*columns, strict=True))


def _durations(table: FeatureTable) -> Array:
    if not has_featkit_keys(table.keys):
        return np.empty(0)
    starts, ends = (np.asarray(table.keys[name], dtype=np.float64) for name in TIME_COLUMNS)
    _, recording = np.unique(table.column("path"), return_inverse=True)
    first = np.full(recording.max(initial=-1) + 1, np.inf)
    last = np.full(len(first), -np.inf)
    np.fmin.at(first, recording, starts)
    np.fmax.at(last, recording, ends)
    durations = last - first
    return np.asarray(durations[np.isfinite(durations)])


def _failure_counts(failures: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    by_error = defaultdict(list)
    for path, stage, error in failures:
        by_error[stage, error].append(path)
    rows = [
        (stage, error, len(paths), paths[:N_EXAMPLES])
        for (stage, error), paths in sorted(by_error.items(), key=lambda item: -len(item[1]))
    ]
    return pd.DataFrame(rows, columns=["stage", "error", "files", "examples"])


def _key_counts(table: FeatureTable, names: Sequence[str]) -> pd.DataFrame:
    rows = [(name, *_value_counts(table.column(name))) for name in names]
    return pd.DataFrame(rows, columns=["key", *VALUE_COUNTS])


def _value_counts(column: Array) -> tuple[int, int, list[tuple[str, int]]]:
    """Number of different texts, number of missing ones, and the most common with their counts."""
    counts = Counter(column.tolist())
    missing = counts.pop("", 0)
    return len(counts), missing, counts.most_common(N_VALUES)


def _quality_columns(table: FeatureTable, *dtypes: str) -> Iterator[tuple[QualityColumn, Array]]:
    """The quality columns of some types."""
    for column in QUALITY_COLUMNS:
        if column.dtype in dtypes and column.name in table.quality:
            yield column, table.quality[column.name]


def count_flags(table: FeatureTable) -> pd.DataFrame:
    """Count the rows in which each flag among the quality columns is set.

    Parameters
    ----------
    table : FeatureTable
        The table.

    Returns
    -------
    DataFrame
        See `Inspection.flags`.
    """
    paths = table.column("path") if "path" in table.keys else np.arange(1, len(table) + 1)
    rows = []
    for column, cells in _quality_columns(table, "bool"):
        values = np.asarray(cells, dtype=np.float64)
        examples = [*dict.fromkeys(paths[values == 1].tolist())][:N_EXAMPLES]
        counts = int((values == 1).sum()), int(np.isnan(values).sum())
        rows.append((column.name, *counts, examples, column.definition))
    return pd.DataFrame(rows, columns=["flag", "rows", "missing", "examples", "definition"])


def _measures(table: FeatureTable) -> pd.DataFrame:
    rows = [
        (column.name, column.unit, int(np.isnan(v).sum()), *_range(v), column.definition)
        for column, v in _quality_columns(table, "float64", "int64")
    ]
    names = ["measure", "unit", "missing", "min", "median", "max", "definition"]
    return pd.DataFrame(rows, columns=names)


def _texts(table: FeatureTable) -> pd.DataFrame:
    rows = [
        (column.name, *_value_counts(cells), column.definition)
        for column, cells in _quality_columns(table, "str")
    ]
    return pd.DataFrame(rows, columns=["text", *VALUE_COUNTS, "definition"])


def _columns(table: FeatureTable) -> pd.DataFrame:
    rows = []
    descriptions = describe_columns(table)
    for (name, column), values in zip(descriptions.items(), table.values.T, strict=True):
        counts = int(np.isnan(values).sum()), int(np.isinf(values).sum())
        low, median, high = _range(values)
        constant = low == high and len(table) > 1
        family, unit, *texts = (column.get(field, "") for field in DESCRIPTION_FIELDS)
        rows.append((name, family, unit, *counts, constant, low, median, high, *texts))
    names = ["column", "family", "unit", "nan", "infinite", "constant", "min", "median", "max"]
    return pd.DataFrame(rows, columns=[*names, "definition", "reference"])


def _range(values: Array) -> tuple[float, float, float]:
    """Minimum, median and maximum of the finite values."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.nan, np.nan, np.nan
    return float(finite.min()), float(np.median(finite)), float(finite.max())


def _sequences(table: FeatureTable) -> pd.DataFrame:
    rows = []
    kinds = {} if table.sequences is None else table.sequences.kinds
    for name, kind in kinds.items():
        lengths = kind.lengths if len(kind) else np.array([np.nan])
        summary = np.min(lengths), np.median(lengths), np.max(lengths)
        rows.append((name, *kind.shape, str(kind.dtype), *map(float, summary)))
    names = ["kind", "channels", "frames", "dtype", "min", "median", "max"]
    return pd.DataFrame(rows, columns=names)


def _first_rows(table: FeatureTable) -> pd.DataFrame:
    """The first rows, with their keys and features of different families."""
    descriptions = reversed(describe_columns(table).items())
    first_of_family = {column.get("family") or name: name for name, column in descriptions}
    firsts = {*first_of_family.values()}
    features = [name for name in table.feature_names if name in firsts][:N_FIRST_FEATURES]
    keys = [name for name in table.keys if name in KEY_COLUMNS] or list(table.keys)
    return table.rows(np.arange(min(N_FIRST_ROWS, len(table)))).data[[*keys, *features]]
