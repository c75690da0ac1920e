"""Several labels: each row has any number of labels, and models give the probability of each.

One binary classifier is fitted for each label, on columns that are imputed, scaled and selected
once. The threshold of each label maximises its F1 score on the inner folds. Segments of a recording
are combined by the mean of the log odds of each label.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.models.label_decision import LabelDecision
from featkit.models.label_sets import (
    indicators,
    label_names,
    label_sets,
    read_label_sets,
    without_labels,
)
from featkit.models.label_thresholds import f1_thresholds
from featkit.models.multilabel_scores import (
    balanced_label_loss,
    combine_segments,
    compare_label_splits,
    evaluate_labels,
)
from featkit.models.multilabel_types import METRICS, LabelRowSplit, MultilabelEvaluation
from featkit.models.one_vs_rest import LabelEstimators
from featkit.models.probabilities import rows_at_once
from featkit.models.problem import Problem, mixed_recordings, name_list, texts
from featkit.models.settings import Settings
from featkit.models.splits import PART_SYNONYMS, TEST
from featkit.models.task import CLASSIFICATION, MULTILABEL, Task
from featkit.models.training_sample import column_quartiles
from featkit.table.feature_table import FeatureTable
from featkit.table.label_cells import SEPARATOR, split_labels
from featkit.table.lookalikes import lookalike_warnings
from featkit.table.missing_values import ambiguous_word_warnings, without_missing_words

if TYPE_CHECKING:
    from featkit.models._leaking_columns import Leaks

MIN_UNITS = 2
"""Fewest groups, or published folds, in which a label must be present, and in which absent. With
one, training rows would lack the label when that group is tested."""


def _read_target(
    table: FeatureTable, settings: Settings, warnings: list[str]
) -> tuple[FeatureTable, Array]:
    column = settings.target_column
    cells, note = without_missing_words(texts(table, column))
    y = read_label_sets(column, cells, settings.label_separator)
    names, bare = label_names(y.tolist()), y == ""
    warnings += ambiguous_word_warnings(column, names)
    warnings += lookalike_warnings(column, names)
    if settings.empty_is_no_label or not bare.any():
        return table, y
    have = "row of" if bare.sum() == 1 else "rows of"
    warnings.append(
        f"{bare.sum()} {have} {len(table)} without a label in {column!r} excluded; to count them as"
        f" rows that have none of the labels, use empty_is_no_label{f'; {note}' if note else ''}"
    )
    return table.rows(np.flatnonzero(~bare)), y[~bare]


def _outputs(y: Array, column: str) -> list[str]:
    return label_names(y.tolist())


def _without_rare_labels(problem: Problem, settings: Settings) -> Problem:
    """Leave out the labels that too few groups have or lack, with a warning."""
    units, thing, rows = _units(problem, settings)
    Y = indicators(problem.y, problem.outputs)[rows]
    rare = []
    for name, present in zip(problem.outputs, Y.T, strict=True):
        if min(len(np.unique(units[rows][own])) for own in (present, ~present)) < MIN_UNITS:
            rare.append(name)
    if not rare:
        return problem
    if len(problem.outputs) - len(rare) < 2:
        raise ParameterError(
            f"column {problem.target!r} has fewer than two labels that {MIN_UNITS} {thing} or more"
            f" have, and {MIN_UNITS} or more lack: {name_list(problem.outputs)}"
        )
    warning = (
        f"{counted(len(rare), 'label')} of column {problem.target!r} left out, since fewer than"
        f" {MIN_UNITS} {thing} have {'it' if len(rare) == 1 else 'them'}, or lack"
        f" {'it' if len(rare) == 1 else 'them'}: {name_list(rare)}; their rows are kept"
    )
    return replace(problem, y=without_labels(problem.y, rare)).with_warnings([warning])


def _units(problem: Problem, settings: Settings) -> tuple[Array, str, Array]:
    """What a label must be in twice: the unit of each row, its name, and the rows that count."""
    rows = np.ones(len(problem), dtype=bool)
    if settings.fold is not None:
        return texts(problem.table, settings.fold), f"folds of column {settings.fold!r}", rows
    if settings.leave_one_dataset_out and problem.datasets is not None:
        return problem.datasets, "datasets", rows
    if settings.split is not None:
        words = [word.strip().lower() for word in texts(problem.table, settings.split).tolist()]
        rows = np.array([PART_SYNONYMS.get(word, word) != TEST for word in words], dtype=bool)
        return problem.groups, f"{problem.unit}s of the training rows", rows
    return problem.groups, f"{problem.unit}s", rows


def _strata(y: Array, groups: Array, n_parts: int) -> Array:
    return indicators(y, label_names(y.tolist()))


def _predict(pipeline: Any, X: Array, labels: Sequence[str]) -> Array:
    """The probability of each label; NaN for labels that the training rows all had or lacked."""
    place = {name: k for k, name in enumerate(labels)}
    own = [place[name] for name in pipeline.classes_.tolist()]
    P = np.full((len(X), len(labels)), np.nan)
    at_once = rows_at_once(pipeline, X)
    for start in range(0, len(X), at_once):
        rows = slice(start, start + at_once)
        P[rows, own] = pipeline.predict_proba(X[rows])
    return P


def _prediction_arrays(
    P: Array,
    labels: Sequence[str],
    *,
    decision: LabelDecision,
    added: Mapping[str, Array] = MappingProxyType({}),
) -> dict[str, Array]:
    sets = label_sets(decision.labels(P), labels, decision.separator)
    return {"predicted": sets, **added} | {f"p_{name}": P[:, k] for k, name in enumerate(labels)}


def _target_values(y: Array, decision: LabelDecision) -> Array:
    names = label_names(y.tolist())
    return label_sets(indicators(y, names), names, decision.separator)


def _loss(y: Array, P: Array, labels: Sequence[str]) -> float:
    return balanced_label_loss(indicators(y, labels), P)


def _fit_decision(problem: Problem, settings: Settings, rows: Array, P: Array) -> LabelDecision:
    """The thresholds that maximise the F1 score of each label on out-of-fold rows."""
    thresholds = f1_thresholds(indicators(problem.y[rows], problem.outputs), P)
    return LabelDecision(separator=settings.label_separator, thresholds=tuple(thresholds.tolist()))


def _label_shares(problem: Problem, train: Array, n_rows: int) -> Array:
    """Shares of the labels in the whole table, for each of some rows."""
    return np.tile(indicators(problem.y, problem.outputs).mean(axis=0), (n_rows, 1))


def _quartiles(problem: Problem, rows: Array) -> Array:
    X, Y = problem.X[rows], indicators(problem.y[rows], problem.outputs)
    return np.stack([column_quartiles(X[present]) for present in Y.T], axis=1)


def _leaking_columns(problem: Problem, settings: Settings) -> Leaks:
    """The columns that leak the presence of any label, such as a column of 0 and 1 for it."""
    # Imported here because predictions do not need it.
    from featkit.models._leaking_columns import Leaks, leaking_columns

    leaks = Leaks()
    if problem.table.provenance:  # featkit's own columns leak nothing
        return leaks
    Y = indicators(problem.y, problem.outputs)
    named = replace(
        settings,
        label=settings.target_column,
        multilabel=None,
        label_separator=SEPARATOR,
        empty_is_no_label=False,
    )
    for name, present in zip(problem.outputs, Y.T, strict=True):
        y = np.where(present, f"with {name!r}", f"without {name!r}")
        own = leaking_columns(replace(problem, y=y, task=CLASSIFICATION), named)
        leaks.certain = own.certain | leaks.certain
        leaks.likely = own.likely | leaks.likely
    leaks.likely = {name: text for name, text in leaks.likely.items() if name not in leaks.certain}
    return leaks


def _data_warnings(problem: Problem, settings: Settings) -> Iterator[str]:
    if mixed := mixed_recordings(problem.recordings, problem.y):
        yield (
            f"recordings whose rows have different labels: {len(mixed)}"
            f" ({name_list(sorted(mixed))}); scores by recording exclude them"
        )
    if bare := int(np.sum(problem.y == "")):
        yield f"{counted(bare, 'row has', 'rows have')} none of the labels"


def _known_targets(
    cells: Array, labels: Sequence[str], decision: LabelDecision
) -> tuple[Array | None, list[str]]:
    """The known labels of each row, joined; and a note on labels that are unknown to the model."""
    cells, _ = without_missing_words(cells)
    parts = [split_labels(cell, decision.separator) for cell in cells.tolist()]
    sets = [decision.separator.join(sorted({*own} & {*labels})) for own in parts]
    notes = []
    if unknown := sorted({label for own in parts for label in own} - {*labels}):
        count = counted(len(unknown), "label of these rows is", "labels of these rows are")
        notes.append(f"{count} unknown to the model and ignored: {name_list(unknown)}.")
    return (np.array(sets, dtype=str) if any(sets) else None), notes


def _score_warnings(evaluation: MultilabelEvaluation) -> list[str]:
    return []


TASK = Task(
    name=MULTILABEL,
    has_classes=False,
    estimators=LabelEstimators(),
    evaluation_type=MultilabelEvaluation,
    metrics=METRICS,
    read_target=_read_target,
    outputs=_outputs,
    strata=_strata,
    predict=_predict,
    combine=combine_segments,
    prediction_arrays=_prediction_arrays,
    true_column="labels",
    target_values=_target_values,
    loss=_loss,
    baseline=_label_shares,
    evaluate=evaluate_labels,
    quartiles=_quartiles,
    leaking_columns=_leaking_columns,
    data_warnings=_data_warnings,
    known_targets=_known_targets,
    score_warnings=_score_warnings,
    prepare=_without_rare_labels,
    fit_decision=_fit_decision,
    compare_splits=compare_label_splits,
    row_split_type=LabelRowSplit,
)
