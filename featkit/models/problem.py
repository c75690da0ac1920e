"""The problem of a training: rows of features with their targets, recordings and groups.

Data that no model can be trained on raise an error here, before anything is fitted. Doubtful data
give a warning, which is stored with the scores: see `featkit.models._data_checks`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.models.estimator import COLUMNS
from featkit.models.out_of_core.usage import MemoryUse
from featkit.models.settings import Settings
from featkit.models.task import CLASSIFICATION, TASKS
from featkit.schema import DATASET, TIME_COLUMNS, LikelyGroup
from featkit.table.disk_matrix import Matrix, whole_blocks
from featkit.table.feature_table import FeatureTable
from featkit.table.missing_values import ambiguous_word_warnings, without_missing_words
from featkit.table.name_stems import parse_stem

MAX_DIVIDED = 0.1
"""Largest share of the groups that a published split may divide without a warning."""

NO_PATH = (
    "the table has no column 'path': each row counts as one recording; if several rows"
    " belong to one recording, add --group COLUMN with the column that names it (in Python:"
    " group='COLUMN')"
)
"""Warning for tables without recordings; a likely group replaces it."""

WITHOUT_VALUES = "columns without any value are excluded"
"""Beginning of the warning of such columns."""

MAX_NAMES = 5
"""Names that a message lists before it counts the rest."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows of features, each with its target, such as one class.

    Attributes
    ----------
    table : FeatureTable
        Source of the rows; rows without a label are left out.
    columns : list of str
        The features in use.
    X : array of float64 or DiskMatrix, shape ``(rows, columns)``
        Feature values; NaN where undefined.
    y : array, shape ``(rows,)`` or ``(rows, labels)``
        Target of each row: its class as text, a number (float64), or whether it has each of
        several labels (bool).
    recordings : array of str, shape ``(rows,)``
        Recording of each row.
    groups : array of str, shape ``(rows,)``
        Group of each row, which no split divides. Without a group column, the recording.
    bootstrap_groups : array of str, shape ``(rows,)``
        Group of each row for bootstrap intervals. Equal to ``groups``, except in a row-wise split.
    unit : str
        Name of a group in messages, such as ``"recording"`` or ``"artist"``.
    warnings : list of str
        Reasons to doubt the scores.
    likely_groups : list of LikelyGroup
        Columns and name stems that may denote groups and that the split divides.
    datasets : array of str, shape ``(rows,)``, or None
        Dataset of each row, if several datasets were joined.
    costs : array of float64, shape ``(classes, classes)``, or None
        Cost matrix; see `featkit.models.decisions.decide`.
    task : str
        Name of the task, one of `featkit.models.task.TASKS`.
    target : str
        Column of the target.
    normalization_groups : array of str, shape ``(rows,)``, or None
        Group of each row within which columns are normalised; None without normalisation.
    memory : MemoryUse or None
        How a table that does not fit in memory is used; None if it fits.
    """

    table: FeatureTable
    columns: list[str]
    X: Matrix
    y: Array
    recordings: Array
    groups: Array
    bootstrap_groups: Array
    unit: str
    warnings: list[str] = field(default_factory=list)
    likely_groups: list[LikelyGroup] = field(default_factory=list)
    datasets: Array | None = None
    costs: Array | None = None
    task: str = CLASSIFICATION
    target: str = "label"
    normalization_groups: Array | None = None
    memory: MemoryUse | None = None

    def __len__(self) -> int:
        return len(self.y)

    @cached_property
    def outputs(self) -> list[str]:
        """Names of the columns of predictions: classes, the target, or labels."""
        return TASKS[self.task].outputs(self.y, self.target)

    @property
    def classes(self) -> list[str]:
        """The classes, in alphabetical order; the same as `outputs` of a classification."""
        return self.outputs

    def strata(self, n_parts: int, rows: Array | None = None) -> Array:
        """Return the stratum of each row for a split; each part has its share of every stratum.

        Parameters
        ----------
        n_parts : int
            Number of parts of the split.
        rows : array of int, shape ``(rows,)``, optional
            The rows to split; by default all.

        Returns
        -------
        array, shape ``(rows,)``
            Such as the class of each row.
        """
        y, groups = (self.y, self.groups) if rows is None else (self.y[rows], self.groups[rows])
        return TASKS[self.task].strata(y, groups, n_parts)

    @property
    def dataset_rows(self) -> dict[str, int]:
        """Rows of each dataset; empty unless several datasets were joined."""
        return {} if self.datasets is None else dict(Counter(self.datasets.tolist()))

    @property
    def single_dataset_classes(self) -> dict[str, str]:
        """The classes that only one of several datasets has, and its name."""
        if self.datasets is None or len(self.dataset_rows) < 2 or not self.has_classes:
            return {}
        owners: dict[str, set[str]] = {}
        for name, dataset in set(zip(self.y.tolist(), self.datasets.tolist(), strict=True)):
            owners.setdefault(name, set()).add(dataset)
        return {name: min(owners[name]) for name in self.classes if len(owners[name]) == 1}

    @property
    def has_classes(self) -> bool:
        """Whether each row has exactly one class."""
        return TASKS[self.task].has_classes

    @property
    def has_segments(self) -> bool:
        """Whether the rows of a recording are combined to score it as a whole.

        Annotated intervals are scored one by one; so are all rows if most recordings have rows of
        different classes.
        """
        names = set(self.recordings.tolist())
        if self.is_row_wise or self.table.is_annotated or len(names) == len(self):
            return False
        return len(mixed_recordings(self.recordings, self.y)) <= len(names) / 2

    def combined_recordings(self, rows: Array) -> Array | None:
        """Return the recordings of some rows, if they can be scored as wholes.

        Parameters
        ----------
        rows : array of int
            Row numbers.

        Returns
        -------
        array of str, shape ``(rows,)``, or None
            None if rows are scored one by one; see `has_segments`.
        """
        recordings, y = self.recordings[rows], self.y[rows]
        if not self.has_segments or {*recordings.tolist()} == mixed_recordings(recordings, y):
            return None
        return recordings

    @property
    def is_row_wise(self) -> bool:
        """Whether the split may divide recordings and groups."""
        return bool((self.groups != self.bootstrap_groups).any())

    @property
    def groups_are_recordings(self) -> bool:
        """Whether each recording is a group of its own."""
        return len(set(self.groups.tolist())) == len(set(self.recordings.tolist()))

    def divides_groups(self, column: str, group: str) -> bool:
        """Return whether a column divides more than a share `MAX_DIVIDED` of some groups.

        Parameters
        ----------
        column : str
            Column of a published split.
        group : str
            Column or name stem of the groups.

        Returns
        -------
        bool
        """
        groups = within_datasets(group_texts(self.table, group), self.datasets).tolist()
        pairs = set(zip(groups, texts(self.table, column).tolist(), strict=True))
        parts = Counter(name for name, _ in pairs)
        return sum(count > 1 for count in parts.values()) > MAX_DIVIDED * len(parts)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of inputs, classes and groups, by which training data is recognised."""
        digest = hashlib.sha256(json.dumps([self.columns, self.y.tolist()]).encode())
        digest.update(json.dumps(self.groups.tolist()).encode())
        if self.normalization_groups is not None:
            digest.update(json.dumps(self.normalization_groups.tolist()).encode())
        for block in whole_blocks(self.X):
            digest.update(np.ascontiguousarray(block, dtype="<f8").tobytes())
        if self.table.sequences is not None:
            digest.update(b"".join(self.table.sequences.digests()))
        return digest.hexdigest()

    def for_inputs(self, inputs: str) -> Problem:
        """Return a copy with the inputs of an estimator only.

        Parameters
        ----------
        inputs : {"columns", "sequences"}
            See `featkit.models.estimator.Estimator`.

        Returns
        -------
        Problem
            Without sequences, or without columns and with the provenance of the sequences.
        """
        sequences = self.table.sequences
        if sequences is None:
            return self
        if inputs == COLUMNS:
            table = dataclasses.replace(self.table, sequences=None)
            return dataclasses.replace(self, table=table)
        table = dataclasses.replace(
            self.table,
            feature_names=[],
            values=self.table.values[:, :0],
            provenance=sequences.provenance,
        )
        return dataclasses.replace(self, table=table, columns=[], X=self.X[:, :0])

    @cached_property
    def numbers(self) -> Matrix:
        """Numbers that show which rows resemble each other, shape ``(rows, numbers)``.

        The features; without any, the mean of each channel of the sequences over the true frames.
        """
        sequences = self.table.sequences
        return self.X if self.columns or sequences is None else sequences.means()

    def with_warnings(self, warnings: Iterable[str]) -> Problem:
        """Return a copy with more warnings.

        Parameters
        ----------
        warnings : iterable of str

        Returns
        -------
        Problem
        """
        return dataclasses.replace(self, warnings=[*self.warnings, *warnings])

    def with_likely_groups(self, likely_groups: list[LikelyGroup]) -> Problem:
        """Return a copy with likely groups, without the advice to look for a group.

        Parameters
        ----------
        likely_groups : list of LikelyGroup

        Returns
        -------
        Problem
        """
        warnings = [text for text in self.warnings if not likely_groups or text != NO_PATH]
        return dataclasses.replace(self, likely_groups=likely_groups, warnings=warnings)

    def without_columns(self, columns: Collection[str]) -> Problem:
        """Return a copy without some of the features.

        Parameters
        ----------
        columns : collection of str
            Features to remove.

        Returns
        -------
        Problem
        """
        kept = [k for k, name in enumerate(self.columns) if name not in columns]
        names = [self.columns[k] for k in kept]
        return dataclasses.replace(self, X=self.X[:, kept], columns=names)

    def grouped_by(self, group: str) -> Problem:
        """Return a copy with other groups.

        Parameters
        ----------
        group : str
            Column or name stem of the groups.

        Returns
        -------
        Problem

        Raises
        ------
        ParameterError, TableError
            As for `make_problem`.
        """
        groups = within_datasets(group_texts(self.table, group), self.datasets)
        _check_groups(group, groups, self.recordings, self.y if self.has_classes else None)
        unit = group_unit(group)
        return dataclasses.replace(self, groups=groups, bootstrap_groups=groups, unit=unit)

    def row_wise(self) -> Problem:
        """Return a copy whose rows are split one by one, with a warning.

        Returns
        -------
        Problem
        """
        warning = (
            "split by row: rows of one recording or group are in both training and test data, so"
            " the scores are too high for new recordings"
        )
        rows = np.arange(len(self)).astype(np.str_)
        return dataclasses.replace(self, groups=rows, unit="row").with_warnings([warning])


def make_problem(table: FeatureTable, settings: Settings) -> Problem:
    """Make the problem of a table.

    Parameters
    ----------
    table : FeatureTable
        Features, and columns with target, recording and group.
    settings : Settings
        Names of the columns; see `featkit.train`.

    Returns
    -------
    Problem

    Raises
    ------
    ParameterError
        If a column is missing, there is one class only or no feature, groups equal classes, or the
        target is constant or no number.
    TableError
        If a value is infinite, a row has no group, or a recording is in two groups.
    """
    task, group = TASKS[settings.task], settings.group
    warnings = list(table.notes)
    table, y = task.read_target(table, settings, warnings)
    datasets = row_datasets(table, settings)
    if datasets is not None:
        check_complete(table, DATASET, datasets, "every row must be in a dataset")
    recordings = _recordings(table, datasets, warnings, grouped=group is not None)
    groups = within_datasets(group_texts(table, group), datasets) if group else recordings
    if group:
        groups, note = without_missing_words(groups)
        check_complete(table, group, groups, "every row must be in a group", note)
        _check_groups(group, groups, recordings, y if task.has_classes else None)
        warnings += ambiguous_word_warnings(group, groups.tolist())
    for name in settings.exclude:
        _check_column(table, name)
    keys = settings.key_columns
    X, columns = _features(table, [n for n in table.feature_names if n not in keys], warnings)
    unit = group_unit(group) if group else "recording" if "path" in table.keys else "row"
    return Problem(
        table,
        columns,
        X,
        y,
        recordings,
        groups,
        groups,
        unit,
        warnings,
        datasets=datasets,
        task=settings.task,
        target=settings.target_column,
    )


def texts(table: FeatureTable, name: str) -> Array:
    """Return a column as text; see `FeatureTable.column`.

    Parameters
    ----------
    table : FeatureTable
    name : str
        Name of the column.

    Returns
    -------
    array of str, shape ``(rows,)``

    Raises
    ------
    ParameterError
        If the column does not exist.
    """
    _check_column(table, name)
    return table.column(name)


def group_texts(table: FeatureTable, group: str) -> Array:
    """Return the group of each row.

    Parameters
    ----------
    table : FeatureTable
    group : str
        A column, or a stem of its names; see `featkit.table.name_stems`.

    Returns
    -------
    array of str, shape ``(rows,)``

    Raises
    ------
    ParameterError
        If the column does not exist.
    """
    stem = parse_stem(group)
    return stem.of(texts(table, stem.column)) if stem else texts(table, group)


def row_datasets(table: FeatureTable, settings: Settings) -> Array | None:
    """Return the dataset of each row, if several datasets were joined.

    Parameters
    ----------
    table : FeatureTable
    settings : Settings
        Settings of a training.

    Returns
    -------
    array of str, shape ``(rows,)``, or None
    """
    return texts(table, DATASET) if settings.by_dataset and DATASET in table.keys else None


def within_datasets(names: Array, datasets: Array | None) -> Array:
    """Make the names of recordings or groups unique: a name in two datasets denotes two groups.

    Parameters
    ----------
    names : array of str, shape ``(rows,)``
        Names; "" where missing.
    datasets : array of str, shape ``(rows,)``, or None
        Dataset of each row; None if there is one.

    Returns
    -------
    array of str, shape ``(rows,)``
        ``dataset: name``; unchanged with one dataset, or where missing.
    """
    if datasets is None:
        return names
    pairs = zip(datasets.tolist(), names.tolist(), strict=True)
    return np.array([f"{dataset}: {name}" if name else "" for dataset, name in pairs], dtype=str)


def group_unit(group: str) -> str:
    """Return the name of a single group in messages.

    Parameters
    ----------
    group : str
        Column or name stem of the groups.

    Returns
    -------
    str
    """
    stem = parse_stem(group)
    return stem.unit if stem else group


def _check_column(table: FeatureTable, name: str) -> None:
    if not table.has_column(name):
        raise ParameterError(unknown("column", name, [*table.keys, *table.feature_names]))


def check_complete(
    table: FeatureTable, name: str, values: Array, requirement: str, note: str = ""
) -> None:
    """Raise if a cell of a column is empty.

    Parameters
    ----------
    table : FeatureTable
        The table, for the name of the row in the message.
    name : str
        Name of the column.
    values : array of str, shape ``(rows,)``
        Its cells; "" where missing.
    requirement : str
        The expected content, as the end of the message.
    note : str
        Words that count as missing values; see `featkit.table.missing_values`.

    Raises
    ------
    TableError
        If a cell is empty; the message names the first such row.
    """
    empty = np.flatnonzero(values == "")
    if len(empty):
        raise TableError(
            f"{counted(len(empty), 'row has', 'rows have')} no {name!r}, the first is"
            f" {table.row_name(empty[0])}: {requirement}{'; ' if note else ''}{note}"
        )


def name_list(names: Sequence[str]) -> str:
    """Return the first `MAX_NAMES` names as text, and the number of the rest.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    str
        Such as ``"a, b, c, d, e and 4 more"``.
    """
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more


def rows_with_target(
    table: FeatureTable, column: str, warnings: list[str], *, thing: str
) -> FeatureTable:
    """Return the rows of a table that have a target; a warning counts the others.

    Parameters
    ----------
    table : FeatureTable
    column : str
        Column of the target.
    warnings : list of str
        The warning is appended to it.
    thing : str
        What the column contains, with its article, such as ``"a class"``.

    Returns
    -------
    FeatureTable

    Raises
    ------
    ParameterError
        If there is no such column, or no row has a target.
    """
    names, note = without_missing_words(texts(table, column))
    end = f"; {note}" if note else ""
    labelled = np.array([name.strip() != "" for name in names.tolist()], dtype=bool)
    if not labelled.any():
        raise ParameterError(f"column {column!r} is empty: no row has {thing}{end}")
    if labelled.all():
        return table
    count = int(np.sum(~labelled))
    have = "has" if count == 1 else "have"
    warnings.append(f"{count} of {len(table)} rows {have} no {column!r}: excluded{end}")
    return table.rows(np.flatnonzero(labelled))


def _recordings(
    table: FeatureTable, datasets: Array | None, warnings: list[str], *, grouped: bool
) -> Array:
    """Recording of each row: its path, or its number in the table."""
    if "path" not in table.keys:
        if not grouped:
            warnings.append(NO_PATH)
        return np.arange(len(table)).astype(np.str_)
    paths = within_datasets(texts(table, "path"), datasets)
    times = [texts(table, name) for name in TIME_COLUMNS if name in table.keys]
    counts = Counter(zip(paths, *times, strict=True))
    if repeated := [path for (path, *_), count in counts.items() if count > 1]:
        warnings.append(
            f"duplicate paths: {len(repeated)} ({name_list(repeated)}); their rows count as"
            " segments of one recording"
        )
    return paths


def _check_groups(group: str, groups: Array, recordings: Array, y: Array | None) -> None:
    """Raise if groups divide recordings, or cannot be split; `y` is None without classes."""
    group_of: dict[str, str] = {}
    for recording, name in zip(recordings.tolist(), groups.tolist(), strict=True):
        if group_of.setdefault(recording, name) != name:
            raise TableError(f"{recording} is in two groups, {group_of[recording]!r} and {name!r}")
    if len(set(groups.tolist())) == 1:
        raise ParameterError(
            f"the group {group!r} has one value, {str(groups[0])!r}: all rows would stay together,"
            " and none could be test rows; name a column with several"
        )
    if y is None:
        return
    pairs = set(zip(groups.tolist(), y.tolist(), strict=True))
    if len(pairs) == len(set(y.tolist())) == len(set(groups.tolist())):
        raise ParameterError(
            f"the group {group!r} is the class under another name: each class has one group only,"
            " so that it cannot be in both training and test data; name another column"
        )


def _features(
    table: FeatureTable, names: Sequence[str], warnings: list[str]
) -> tuple[Matrix, list[str]]:
    """Values and names of the features that have a value."""
    X: Matrix = table.matrix(names)
    empty = np.ones(len(names), dtype=bool)
    start = count = row = column = 0
    for block in whole_blocks(X):
        rows, infinite = np.nonzero(exceeds_float32(block))
        if len(rows) and not count:
            row, column = start + int(rows[0]), int(infinite[0])
        count += len(rows)
        empty &= np.isnan(block).all(axis=0)
        start += len(block)
    if count:
        where = table.row_name(row)
        if "path" in table.keys:
            where += f", {texts(table, 'path')[row]}"
        more = f", and so are {count - 1} other values" if count > 1 else ""
        raise TableError(
            f"{where}: column {names[column]!r} is infinite{more} (or beyond 3.4e38, the limit"
            " of single precision): correct it, or exclude the column"
        )
    if empty.any():
        without = [name for name, is_empty in zip(names, empty, strict=True) if is_empty]
        warnings.append(f"{WITHOUT_VALUES}: {name_list(without)}")
    columns = [name for name, is_empty in zip(names, empty, strict=True) if not is_empty]
    if not columns and table.sequences is None:
        notes = "".join(f"; {note}" for note in table.notes)
        raise ParameterError(f"the table has no numeric column for features{notes}")
    return X[:, ~empty], columns


def exceeds_float32(X: Array) -> Array:
    """Return where values are infinite in single precision, in which trees are grown.

    Parameters
    ----------
    X : array of float64

    Returns
    -------
    array of bool, same shape
    """
    return np.abs(X) > np.finfo(np.float32).max


def mixed_recordings(recordings: Array, y: Array) -> set[str]:
    """Return the recordings whose rows have different classes.

    Parameters
    ----------
    recordings, y : array of str, shape ``(rows,)``
        Recording and class of each row.

    Returns
    -------
    set of str
    """
    pairs = set(zip(recordings.tolist(), y.tolist(), strict=True))
    return {name for name, count in Counter(name for name, _ in pairs).items() if count > 1}
