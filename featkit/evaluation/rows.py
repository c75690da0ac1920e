"""Selection of the rows of a dataset that a model is scored on.

A row is left out for the first reason that applies: it has no label, the label map drops its label,
the model does not know its label, no prediction is possible (it has no value in any column of the
model, or an infinite one), the model was trained on its recording, or it repeats an earlier row. A
row is repeated if an earlier row has the same path and the same start, or, under another path,
equal values in all columns of the model without being silent. The first counts. In a table of
several datasets, with a column ``dataset``, the same path in two of them denotes two recordings.

If the dataset contains the whole training table, its rows are scored nevertheless: each is
predicted by the model of the fold in which it was a test row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.evaluation.common_classes import CommonClasses
from featkit.evaluation.dataset_rows import DatasetRows
from featkit.evaluation.result import RowCounts
from featkit.evaluation.row_labels import LabelMapping, RowLabels, row_labels
from featkit.models.fold_models import TrainingRows, missing_groups, training_rows
from featkit.models.group_normalization import GroupNormalization
from featkit.models.model import Model
from featkit.models.outer_folds import plan_splits
from featkit.models.problem import (
    group_texts,
    group_unit,
    mixed_recordings,
    name_list,
    texts,
    within_datasets,
)
from featkit.models.row_groups import (
    RowGroups,
    check_known,
    group_size_warnings,
    prediction_remark,
)
from featkit.models.row_predictions import EmptyColumns, row_problems
from featkit.schema import DATASET, TIME_COLUMNS
from featkit.table.cell_values import text_values
from featkit.table.feature_table import FeatureTable
from featkit.table.label_map import LabelMap
from featkit.table.missing_values import without_missing_words
from featkit.table.name_stems import group_column
from featkit.table.sequences.sequences import Sequences

DEFAULT_LABEL = "label"
"""Column of the labels if the table lacks that of the model."""

SCORED, UNLABELLED, DROPPED, UNKNOWN, UNDEFINED, TRAINED, REPEATED = range(7)
"""What becomes of a row."""


@dataclass(frozen=True, kw_only=True)
class DatasetColumns:
    """Columns of a dataset besides the features.

    Attributes
    ----------
    label : str or None
        Column of the labels; None for that of the model.
    secondary_label : str or None
        Column of the secondary labels.
    label_separator : str or None
        Text between several labels of a cell.
    by : sequence of str
        Columns by which scores are split.
    group : str or None
        Column or name stem of the groups; None for that of the model, if the table has it.
    group_from : str or None
        Source of the groups within which columns are normalised; see `Model.predict`.
    """

    label: str | None = None
    secondary_label: str | None = None
    label_separator: str | None = None
    by: Sequence[str] = ()
    group: str | None = None
    group_from: str | None = None

    @property
    def names(self) -> list[str]:
        """All columns that are named."""
        groups = [group_column(one) for one in (self.group, self.group_from) if one is not None]
        named = [self.label, self.secondary_label, *self.by, *groups]
        return [name for name in named if name is not None]


class SelectedRows(NamedTuple):
    """The rows of a dataset that are scored.

    Attributes
    ----------
    rows : DatasetRows
        These rows.
    positions : array of int, shape ``(rows,)``
        Their positions in the table.
    counts : RowCounts
        Rows that are scored, and others.
    training : TrainingRows
        The training rows of the model in the table.
    warnings : list of str
        Reasons to doubt the scores.
    X : array of float64, shape ``(table rows, columns)``
        Columns of the model in all rows of the table; only used with groups.
    groups : RowGroups or None
        Groups of all rows of the table; None if the model does not normalise columns within groups.
    sequences : Sequences or None
        Sequences of the scored rows, if the model is a network.
    """

    rows: DatasetRows
    positions: Array
    counts: RowCounts
    training: TrainingRows
    warnings: list[str]
    X: Array
    groups: RowGroups | None
    sequences: Sequences | None = None

    def inputs(self, normalization: GroupNormalization | None) -> Any:
        """Return the inputs of a pipeline for the scored rows.

        A row is normalised by all rows of its group in the table, whether they have a label or not,
        so that labels have no influence.

        Parameters
        ----------
        normalization : GroupNormalization or None
            The normalisation of the model, or of one of its folds.

        Returns
        -------
        array of float64, shape ``(rows, columns)``, or Sequences
        """
        if self.sequences is not None:
            return self.sequences
        if normalization is None or self.groups is None:
            return self.rows.X
        return normalization.apply(self.X, self.groups.names)[self.positions]


def select_rows(
    dataset: str,
    table: FeatureTable,
    model: Model,
    columns: DatasetColumns,
    classes: CommonClasses,
    label_map: LabelMap | None,
    *,
    failed: int = 0,
) -> SelectedRows:
    """Select the rows of a dataset that a model is scored on.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    table : FeatureTable
        With the columns of the model.
    model : Model
        A model with training metadata.
    columns : DatasetColumns
        Columns of labels, groups and subgroups.
    classes : CommonClasses
        Classes of the model.
    label_map : LabelMap or None
        The label map of the user.
    failed : int
        Number of sound files that could not be read, for the counts.

    Returns
    -------
    SelectedRows

    Raises
    ------
    ParameterError
        If a column does not exist, or the model knows none of the labels.
    ModelError
        If the model normalises columns within groups, and it is unknown which rows belong together.
    TableError
        If the table does not fit the model, no row can be scored, or the group of a row is missing.
    """
    labels = _labels(dataset, table, model, columns, classes, label_map)
    groups = None
    if model.normalization is not None:
        groups = model.groups_of(table, columns.group_from)
    if groups is not None:
        check_known(table, groups)
    training = training_rows(model, model.read({dataset: table}))
    names, times = _recording_names(table)
    reason = _reasons(table, model, labels, training, names)
    candidates = np.flatnonzero(reason == SCORED)
    first = _first_rows(table, model, names, times, candidates)
    reason[candidates[first != candidates]] = REPEATED
    positions = np.flatnonzero(reason == SCORED)
    counts = _counts(reason, labels, names, failed)
    if not len(positions):
        raise TableError(f"{dataset}: no row can be scored: {_left_out(counts)}")
    second = labels.secondary
    rows = _dataset_rows(
        dataset,
        table.rows(positions),
        model,
        columns,
        labels.primary[positions],
        None if second is None else second[positions],
        names[positions],
    )
    warnings = [
        *table.notes,
        *([labels.note] if labels.note else []),
        *_repeated_with_other_labels(labels.primary, names, candidates, first),
        *_training_warnings(counts, training),
        *missing_groups(model, training),
        *_row_warnings(rows, model, names[positions]),
        *_normalization_warnings(model, groups),
    ]
    X = rows.X if groups is None else table.matrix(model.columns)
    sequences = model.values(rows.table) if model.reads_sequences else None
    return SelectedRows(rows, positions, counts, training, warnings, X, groups, sequences)


def training_table_rows(
    name: str, table: FeatureTable, model: Model, classes: CommonClasses, training: TrainingRows
) -> DatasetRows:
    """Return the labelled rows of a training table, in common classes.

    Parameters
    ----------
    name : str
        Name of the table.
    table : FeatureTable
        The table that the model was trained with, as `Model.read` reads it.
    model : Model
        A model with training metadata.
    classes : CommonClasses
        Classes of the model.
    training : TrainingRows
        The rows of the table that the model was trained on.

    Returns
    -------
    DatasetRows

    Raises
    ------
    ParameterError
        If the model was not trained on any row of the table.
    TableError
        If the table does not fit the model.
    """
    if not training.trained.any():
        raise ParameterError(
            f"{name}: is not the training table: the model was trained on none of its rows; give"
            " the table that the model was trained with"
        )
    label = model.trained.settings.label
    y = classes.of_labels(_column(name, table, label))
    names, _ = _recording_names(table)
    positions = np.flatnonzero((y != "") & _is_predicted(table, model))
    return _dataset_rows(
        name,
        table.rows(positions),
        model,
        DatasetColumns(),
        y[positions],
        None,
        names[positions],
    )


def _labels(
    dataset: str,
    table: FeatureTable,
    model: Model,
    columns: DatasetColumns,
    classes: CommonClasses,
    label_map: LabelMap | None,
) -> RowLabels:
    settings = model.trained.settings
    label = columns.label
    if label is None:
        label = settings.label if table.has_column(settings.label) else DEFAULT_LABEL
    if not table.has_column(label):
        raise ParameterError(
            f"{dataset}: {unknown('column', label, _named_columns(table))}. Name the column of the"
            " labels with --label. Recordings get labels by --labels folder, --name-pattern or"
            " --manifest"
        )
    cells = texts(table, label)
    seconds = None
    if columns.secondary_label is not None:
        seconds = _column(dataset, table, columns.secondary_label)
    labels = row_labels(
        dataset,
        cells,
        LabelMapping(classes.names, label_map, settings.label_map),
        separator=columns.label_separator,
        secondary_cells=seconds,
    )
    if not (labels.primary != "").any():
        _raise_no_common_label(dataset, label, labels, classes)
    return labels


def _raise_no_common_label(
    dataset: str, label: str, labels: RowLabels, classes: CommonClasses
) -> None:
    if labels.unlabelled.all():
        end = f"; {labels.note}" if labels.note else ""
        raise ParameterError(f"{dataset}: column {label!r} is empty: no row has a label{end}")
    both = [*labels.unknown.tolist(), *labels.dropped.tolist()]
    counts = Counter(name for name in both if name)
    raise ParameterError(
        f"{dataset}: no label in common: column {label!r} holds"
        f" {name_list(sorted(counts, key=lambda name: (-counts[name], name)))}; the classes of the"
        f" model are {name_list(classes.names)}. Map the labels to these classes with --label-map;"
        " `featkit labels` shows the labels of a table"
    )


def _named_columns(table: FeatureTable) -> list[str]:
    """The columns that may hold labels or groups, for messages."""
    return [*table.keys, *table.quality]


def _column(dataset: str, table: FeatureTable, name: str) -> Array:
    """A key, quality column or feature as text."""
    if name in table.quality:
        return np.array(text_values(table.quality[name]), dtype=np.str_)
    if not table.has_column(name):
        raise ParameterError(f"{dataset}: {unknown('column', name, _named_columns(table))}")
    return texts(table, name)


def _recording_names(table: FeatureTable) -> tuple[Array, Array]:
    """The recording of each row, and the start and the end of the row in it."""
    if "path" not in table.keys:
        return table.row_numbers.astype(np.str_), np.full(len(table), "")
    times = np.full(len(table), "")
    for name in TIME_COLUMNS:
        if name in table.keys:
            times = np.char.add(np.char.add(times, " "), texts(table, name))
    return within_datasets(texts(table, "path"), _joined_datasets(table)), times


def _joined_datasets(table: FeatureTable) -> Array | None:
    """The dataset of each row of joined tables: a name in two of them denotes two recordings."""
    datasets = texts(table, DATASET) if DATASET in table.keys else np.array([])
    return datasets if len(np.unique(datasets)) > 1 else None


def _is_predicted(table: FeatureTable, model: Model) -> Array:
    return np.asarray(row_problems(model.values(table), model.columns) == "")


def _reasons(
    table: FeatureTable,
    model: Model,
    labels: RowLabels,
    training: TrainingRows,
    names: Array,
) -> Array:
    """What becomes of each row, before repeated rows are found: the first reason that applies."""
    reason = np.full(len(table), SCORED)
    for value, applies in (
        (UNLABELLED, labels.unlabelled),
        (DROPPED, labels.dropped != ""),
        (UNKNOWN, labels.unknown != ""),
        (UNDEFINED, ~_is_predicted(table, model)),
        (TRAINED, _is_trained(table, model, training, names)),
    ):
        reason[(reason == SCORED) & applies] = value
    return reason


def _is_trained(table: FeatureTable, model: Model, training: TrainingRows, names: Array) -> Array:
    """Whether the model was trained on each row, or on another segment of its recording.

    Silence is the same in any recording, and does not identify one.
    """
    tested = _tested(model, training, len(table))
    trained = training.trained & ~tested
    recordings = names[trained & ~table.is_silent]
    is_trained: Array = trained | (np.isin(names, recordings) & ~tested)
    return is_trained


def _tested(model: Model, training: TrainingRows, n_rows: int) -> Array:
    """Whether each row is a training row that was a test row of an outer fold."""
    tested = np.zeros(n_rows, dtype=bool)
    if training.problem is not None:
        plan = plan_splits(training.problem, model.trained.settings)
        tested[training.positions[plan.test_rows]] = True
    return tested


def _first_rows(
    table: FeatureTable, model: Model, names: Array, times: Array, rows: Array
) -> Array:
    """The first row with the same path and times, or with equal values under another path."""
    if "path" not in table.keys:
        return rows
    silent = table.is_silent
    contents = _contents(model.values(table), rows)
    by_name: dict[tuple[str, str], int] = {}
    by_values: dict[bytes, int] = {}
    firsts = []
    for row, content in zip(rows.tolist(), contents, strict=True):
        first = by_name.setdefault((names[row], times[row]), row)
        if first == row and not silent[row]:
            equal = by_values.setdefault(content, row)
            first = equal if names[equal] != names[row] else row
        firsts.append(first)
    return np.array(firsts, dtype=np.intp)


def _contents(values: Array | Sequences, rows: Array) -> Iterator[bytes]:
    """Bytes of each row, equal for rows with equal values."""
    if isinstance(values, Sequences):
        return iter(values.rows(rows).digests())
    return ((values[row] + 0.0).tobytes() for row in rows)  # -0.0 equals 0.0


def _counts(reason: Array, labels: RowLabels, names: Array, failed: int) -> RowCounts:
    scored = reason == SCORED
    return RowCounts(
        rows=len(reason),
        recordings=len(np.unique(names)),
        scored_rows=int(scored.sum()),
        scored_recordings=len(np.unique(names[scored])),
        unlabelled=int(np.sum(reason == UNLABELLED)),
        dropped=_by_label(labels.dropped[reason == DROPPED]),
        unknown=_by_label(labels.unknown[reason == UNKNOWN]),
        repeated=int(np.sum(reason == REPEATED)),
        trained=int(np.sum(reason == TRAINED)),
        undefined=int(np.sum(reason == UNDEFINED)),
        failed=failed,
    )


def _by_label(labels: Array) -> dict[str, int]:
    """Rows of each label, the most common first."""
    counts = Counter(labels.tolist())
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _left_out(counts: RowCounts) -> str:
    """Why rows are not scored, as the end of a message."""
    numbers = {
        "without a label": counts.unlabelled,
        "dropped by the label map": sum(counts.dropped.values()),
        "with a label that the model does not know": sum(counts.unknown.values()),
        "for which no prediction is possible": counts.undefined,
        "of recordings that the model was trained on": counts.trained,
        "repeated": counts.repeated,
    }
    return ", ".join(f"{counted(n, 'row')} {reason}" for reason, n in numbers.items() if n)


def _dataset_rows(
    dataset: str,
    table: FeatureTable,
    model: Model,
    columns: DatasetColumns,
    y: Array,
    secondary: Array | None,
    paths: Array,
) -> DatasetRows:
    """The rows of a table, all of which have a class."""
    groups, unit = _groups(dataset, table, model, columns, paths)
    subgroups = {
        name: without_missing_words(_column(dataset, table, name))[0] for name in columns.by
    }
    return DatasetRows(
        name=dataset,
        table=table,
        columns=list(model.columns),
        X=table.matrix(model.columns),
        y=y,
        recordings=_recordings(paths, y, table),
        groups=groups,
        unit=unit,
        secondary=secondary,
        subgroups=subgroups,
    )


def _recordings(names: Array, y: Array, table: FeatureTable) -> Array:
    """The recording of each row.

    Each annotated interval counts as one, and each row of a recording with several classes.
    """
    mixed = np.isin(names, list(mixed_recordings(names, y))) | table.is_annotated
    if not mixed.any():
        return names
    rows = zip(names, table.row_numbers, strict=True)
    return np.where(mixed, np.array([f"{name}, row {row}" for name, row in rows]), names)


def _groups(
    dataset: str, table: FeatureTable, model: Model, columns: DatasetColumns, names: Array
) -> tuple[Array, str]:
    """The group of each row, and the name of one group; without a group, the recording."""
    group = columns.group
    if group is None:
        group = model.trained.settings.group
        if group is None or not table.has_column(group_column(group)):
            return names, "recording" if "path" in table.keys else "row"
    elif not table.has_column(group_column(group)):
        raise ParameterError(
            f"{dataset}: {unknown('column', group_column(group), _named_columns(table))}"
        )
    groups, _ = without_missing_words(group_texts(table, group))
    groups = within_datasets(groups, _joined_datasets(table))
    group_of: dict[str, str] = {}
    for name, own in zip(names.tolist(), groups.tolist(), strict=True):
        if group_of.setdefault(name, own) != own:
            raise TableError(
                f"{dataset}: {name} is in two groups of {group!r}, {group_of[name]!r} and {own!r}"
            )
    return np.where(groups == "", names, groups), group_unit(group)


def _repeated_with_other_labels(y: Array, names: Array, rows: Array, first: Array) -> Iterator[str]:
    """Warn of repeated rows whose label is not that of the first."""
    differing = np.flatnonzero(y[first] != y[rows])
    pairs = [
        f"{names[first[k]]} ({y[first[k]]}) and {names[rows[k]]} ({y[rows[k]]})" for k in differing
    ]
    if pairs:
        yield (
            f"{counted(len(pairs), 'repeated row')} with another label than the first, which"
            f" counts: {name_list(list(dict.fromkeys(pairs)))}"
        )


def _training_warnings(counts: RowCounts, training: TrainingRows) -> Iterator[str]:
    if training.problem is not None:
        yield (
            "the dataset contains the whole training table: each of its rows is predicted by the"
            " model of the fold in which it was a test row"
        )
    if counts.trained:
        belong = "row belongs" if counts.trained == 1 else "rows belong"
        yield (
            f"{counts.trained:,} {belong} to recordings that the model was trained on, and"
            f" {'is' if counts.trained == 1 else 'are'} not scored"
        )


def _row_warnings(rows: DatasetRows, model: Model, names: Array) -> Iterator[str]:
    empty = EmptyColumns(model.columns)
    empty.add(rows.table)
    yield from empty.warnings
    mixed = set() if rows.table.is_annotated else mixed_recordings(names, rows.y)
    if mixed:
        yield (
            f"recordings whose rows have different classes: {len(mixed)}"
            f" ({name_list(sorted(mixed))}); their rows are scored one by one"
        )
    for column, values in rows.subgroups.items():
        if several := mixed_recordings(rows.recordings, values):
            yield (
                f"recordings with several values of {column!r}: {len(several)}"
                f" ({name_list(sorted(several))}); the value of the first row counts"
            )


def _normalization_warnings(model: Model, groups: RowGroups | None) -> list[str]:
    if model.normalization is None or groups is None:
        return []
    remark = prediction_remark(groups, model.normalization)
    return [remark, *group_size_warnings(groups, model.normalization)]
