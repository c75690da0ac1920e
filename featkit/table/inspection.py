"""What a table holds, as a person wants to know it before they trust it.

Nothing is computed from sound: all of it is in the table, in what it says of where it came from,
and in the list of failures beside it. Tables that others made are told as far as they tell.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.features.sets.registry import describe
from featkit.schema import COLUMNS, KEYS, TIMES
from featkit.table import delimited
from featkit.table.feature_table import FeatureTable, failures_file, is_feature
from featkit.table.group_detection import likely_groups

if TYPE_CHECKING:
    import pandas as pd

LABELS = ("label", "class", "genre", "emotion", "target", "category", "status", "y")
"""What columns of classes are usually called."""

LARGEST = 8
"""Values of a key that are told with their counts: the commonest."""

EXAMPLES = 3
"""Recordings that are named for a flag or a failure."""

FIRST_ROWS = 5

INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]")
"""Letters and marks that take no room, beside the characters of Unicode's category Cf."""

IN_IT = "in it"
"""What is told of a family that has neither parameters nor statistics."""

FIRST_FEATURES = 3
"""Features that the first rows are shown with, each of another family."""


@dataclass(frozen=True, eq=False)
class Inspection:
    """What a table holds.

    Attributes
    ----------
    rows : int
        Rows.
    recordings : int or None
        Different paths; None where there is no `path`.
    seconds : array of float64
        Seconds of each recording, from the first start to the last end of its rows; empty where
        there is no `path`, `start` or `end`.
    failures : DataFrame
        Stages and errors of the recordings that gave no rows: ``stage``, ``error``, ``files``,
        ``examples``. None are known of a table that was not read from a file.
    keys : DataFrame
        What is known about the rows, but `path`, `start` and `end`: ``key``, ``values`` (how many
        different ones), ``missing`` (rows), ``largest`` (the commonest values with their rows).
    flags : DataFrame
        ``flag``, ``rows``, ``missing``, ``examples``, ``definition``.
    measures : DataFrame
        The numbers among the quality: ``measure``, ``unit``, ``missing``, ``min``, ``median``,
        ``max``, ``definition``.
    columns : DataFrame
        The features: ``column``, ``family``, ``unit``, ``nan`` and ``infinite`` (rows),
        ``constant`` (whether all that is finite is one value), ``min``, ``median``, ``max`` (of
        what is finite), ``definition``, ``reference``. What is not known is "".
    provenance : dict of str
        Where the numbers came from, by dotted names such as ``feature_set.features.mfcc.n_mfcc``.
    first : DataFrame
        The first rows: what they are of, and a few features.
    warnings : list of str
        What is doubtful about the keys, and what may say which rows belong together.
    """

    rows: int
    recordings: int | None
    seconds: Array
    failures: pd.DataFrame
    keys: pd.DataFrame
    flags: pd.DataFrame
    measures: pd.DataFrame
    columns: pd.DataFrame
    provenance: dict[str, Any]
    first: pd.DataFrame
    warnings: list[str]

    @property
    def families(self) -> pd.DataFrame:
        """The features by family: ``family``, ``columns``, ``units``, ``first`` (one of them)."""
        import pandas as pd

        found = [
            (family, len(group), sorted({*group["unit"]} - {""}), group["column"].iloc[0])
            for family, group in self.columns.groupby("family", sort=False)
        ]
        return pd.DataFrame(found, columns=["family", "columns", "units", "first"])

    def as_dict(self) -> dict[str, Any]:
        """All of it as data that JSON can hold: None for what is not a number, or infinite."""
        return {
            "rows": self.rows,
            "recordings": self.recordings,
            "seconds": float(self.seconds.sum()) if len(self.seconds) else None,
            "median_seconds": float(np.median(self.seconds)) if len(self.seconds) else None,
            "failures": records(self.failures),
            "keys": records(self.keys),
            "flags": records(self.flags),
            "measures": records(self.measures),
            "columns": records(self.columns),
            "provenance": self.provenance,
            "warnings": self.warnings,
        }


def inspect(
    table: FeatureTable | str | os.PathLike[str], *, keys: Sequence[str] = ()
) -> Inspection:
    """Say what a table holds.

    Parameters
    ----------
    table : FeatureTable or path
        The table, or its file: then the failures beside it are counted, too.
    keys : sequence of str
        Columns that are not features, if it is the file of a table that somebody else made.

    Raises
    ------
    TableError
        If there is no such file, or it is no table of features.
    ParameterError
        If its ending is neither ``.parquet`` nor ``.csv``, or a key is not there.

    Examples
    --------
    >>> import numpy as np
    >>> table = FeatureTable({"path": ["a.wav", "b.wav"]}, ["x"], np.array([[1.0], [np.nan]]))
    >>> found = inspect(table)
    >>> found.rows, found.columns["nan"].tolist()
    (2, [1])
    """
    failed = []
    if not isinstance(table, FeatureTable):
        failed = failures_beside(table)
        table = FeatureTable.read(table, keys)
    told = [name for name in table.keys if name not in ("path", *TIMES)]
    alike = [w for name in told for w in look_alikes(name, table.column(name).tolist())]
    return Inspection(
        rows=len(table),
        recordings=len({*table.column("path").tolist()}) if "path" in table.keys else None,
        seconds=_seconds(table),
        failures=_counted_failures(failed),
        keys=_keys(table, told),
        flags=flags(table),
        measures=_measures(table),
        columns=_columns(table),
        provenance=flat(table.provenance),
        first=_first(table),
        warnings=[*table.notes, *_groups_not_named(table), *alike],
    )


def _groups_not_named(table: FeatureTable) -> Iterator[str]:
    """What may say which rows belong together, the classes being those of the usual column."""
    label = next((name for name in LABELS if name in (*table.keys, *table.feature_names)), None)
    y = None if label is None else table.column(label)
    X = table.matrix([name for name in table.feature_names if name != label])
    for likely in likely_groups(table, X, y, passed_over=[label]):
        yield f'{likely.told}. If so, train with --group "{likely.group}"'


def described(table: FeatureTable) -> dict[str, Mapping[str, str]]:
    """What is known of each feature: family, unit, definition …; by the table itself, else by name.

    Only where featkit's keys stand is a column taken for featkit's by its name.
    """
    told = {column["name"]: column for column in table.provenance.get("columns", [])}
    if not told and {"path", *TIMES} <= {*table.keys}:
        told = {name: asdict(describe(name)) for name in table.feature_names if is_feature(name)}
    return {name: told.get(name, {}) for name in table.feature_names}


def flat(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Where numbers came from, by dotted names; what each column means is left out.

    Examples
    --------
    >>> flat({"feature_set": {"features": [{"family": "mfcc", "n_mfcc": 20}]}, "columns": []})
    {'feature_set.features.mfcc.n_mfcc': 20}
    """
    return {
        entry: said
        for name, value in provenance.items()
        if name not in ("columns", "quality")
        for entry, said in _flat(name, value)
    }


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list) and value and isinstance(value[0], dict) and "family" in value[0]:
        value = _by_family(value)
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner)
    else:
        yield name, value


def _by_family(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Entries of a feature set by their family; of those that stand twice, by their number, too."""
    found: dict[str, Any] = {}
    for entry in entries:
        name = str(entry["family"])
        times = sum(known.partition("[")[0] == name for known in found)
        rest = {key: value for key, value in entry.items() if key != "family"}
        found[f"{name}[{times + 1}]" if times else name] = rest or IN_IT
    return found


def records(data: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a DataFrame as JSON has them: None for what is not a number, or infinite."""
    return [
        {name: _plain(value) for name, value in zip(data.columns, row, strict=True)}
        for row in data.itertuples(index=False, name=None)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def failures_beside(path: str | os.PathLike[str]) -> list[tuple[str, str, str]]:
    """Path, stage and error of the recordings that are not in a table, by the list beside it.

    Raises
    ------
    TableError
        If there is a file of that name, and it is no such list.
    """
    beside = failures_file(path)
    if not beside.is_file():
        return []
    texts = delimited.columns(beside).texts
    wanted = ["path", "stage", "error"]
    if not {*wanted} <= {*texts}:
        raise TableError(f"{beside}: not a list of failures: it has no columns {', '.join(wanted)}")
    return list(zip(*(texts[name] for name in wanted), strict=True))


def _seconds(table: FeatureTable) -> Array:
    if not {"path", *TIMES} <= {*table.keys}:
        return np.empty(0)
    starts, ends = (np.asarray(table.keys[name], dtype=np.float64) for name in TIMES)
    _, recording = np.unique(table.column("path"), return_inverse=True)
    first = np.full(recording.max(initial=-1) + 1, np.inf)
    last = np.full(len(first), -np.inf)
    np.fmin.at(first, recording, starts)
    np.fmax.at(last, recording, ends)
    lengths: Array = last - first
    return lengths[np.isfinite(lengths)]


def _counted_failures(failed: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    import pandas as pd

    paths = defaultdict(list)
    for path, stage, error in failed:
        paths[stage, error].append(path)
    found = [
        (stage, error, len(of), of[:EXAMPLES])
        for (stage, error), of in sorted(paths.items(), key=lambda item: -len(item[1]))
    ]
    return pd.DataFrame(found, columns=["stage", "error", "files", "examples"])


def _keys(table: FeatureTable, names: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    found = []
    for name in names:
        counts = Counter(table.column(name).tolist())
        missing = counts.pop("", 0)
        found.append((name, len(counts), missing, counts.most_common(LARGEST)))
    return pd.DataFrame(found, columns=["key", "values", "missing", "largest"])


def flags(table: FeatureTable) -> pd.DataFrame:
    """The flags among the quality, with the rows in which each is up; see `Inspection`."""
    import pandas as pd

    paths = table.column("path") if "path" in table.keys else np.arange(1, len(table) + 1)
    found = []
    for column in COLUMNS:
        if column.dtype == "bool" and column.name in table.quality:
            values = np.asarray(table.quality[column.name], dtype=np.float64)
            examples = [*dict.fromkeys(paths[values == 1].tolist())][:EXAMPLES]
            counts = int((values == 1).sum()), int(np.isnan(values).sum())
            found.append((column.name, *counts, examples, column.definition))
    return pd.DataFrame(found, columns=["flag", "rows", "missing", "examples", "definition"])


def _measures(table: FeatureTable) -> pd.DataFrame:
    import pandas as pd

    found = []
    for column in COLUMNS:
        if column.dtype != "bool" and column.name in table.quality:
            values = np.asarray(table.quality[column.name], dtype=np.float64)
            missing = int(np.isnan(values).sum())
            found.append((column.name, column.unit, missing, *_range(values), column.definition))
    names = ["measure", "unit", "missing", "min", "median", "max", "definition"]
    return pd.DataFrame(found, columns=names)


def _columns(table: FeatureTable) -> pd.DataFrame:
    import pandas as pd

    found = []
    for (name, about), values in zip(described(table).items(), table.values.T, strict=True):
        low, middle, high = _range(values)
        found.append(
            {
                "column": name,
                "family": about.get("family", ""),
                "unit": about.get("unit", ""),
                "nan": int(np.isnan(values).sum()),
                "infinite": int(np.isinf(values).sum()),
                "constant": low == high and len(table) > 1,
                "min": low,
                "median": middle,
                "max": high,
                "definition": about.get("definition", ""),
                "reference": about.get("reference", ""),
            }
        )
    return pd.DataFrame(found)


def _range(values: Array) -> tuple[float, float, float]:
    """Least, middle and greatest of what is finite."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.nan, np.nan, np.nan
    return float(finite.min()), float(np.median(finite)), float(finite.max())


def _first(table: FeatureTable) -> pd.DataFrame:
    """The first rows: what they are of, and features of different families."""
    of_family = {
        about.get("family") or name: name for name, about in reversed(described(table).items())
    }
    chosen = [name for name in table.feature_names if name in of_family.values()][:FIRST_FEATURES]
    keys = [name for name in table.keys if name in KEYS] or list(table.keys)
    return table.rows(np.arange(min(FIRST_ROWS, len(table)))).data[[*keys, *chosen]]


def look_alikes(name: str, values: Iterable[str]) -> Iterator[str]:
    """Values of a key that a reader would take for one: they are not one to a model."""
    counts = Counter(values)
    alike = defaultdict(list)
    for value in counts:
        alike[_seen(value).casefold()].append(value)
    for same in alike.values():
        if len(same) > 1:
            said = ", ".join(map(_told_apart(same), same))
            rows = ", ".join(f"{counts[value]:,}" for value in same)
            yield (
                f"{name}: {said} look alike, and are different values (in {rows} rows):"
                " write them alike if they mean the same"
            )


def _seen(value: str) -> str:
    """A text without what a reader does not see: invisible characters, blanks, its form."""
    if not value.isascii():
        visible = (c for c in INVISIBLE.sub("", value) if unicodedata.category(c) != "Cf")
        value = unicodedata.normalize("NFKC", "".join(visible))
    return " ".join(value.split())


def _told_apart(values: Sequence[str]) -> Callable[[str], str]:
    """How values are written so that a reader sees where they differ: escaped as far as needed."""
    shown = {_seen(repr(value)) for value in values}
    return repr if len(shown) == len(values) else ascii
