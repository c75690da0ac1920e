"""Recording conditions that give the label or the part of a split away.

The label is predicted from conditions alone (`featkit.models.recording_conditions`): first from
those that depend on equipment and processing only, then from all. They count if they are clearly
above chance there. The parts or folds of a published split are predicted in the same way: if that
is possible, training and test recordings were made differently. Tags of the recorder and of the
program that wrote a file show whether classes come from different sources.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.check import Check
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue
from featkit.auditing.leaks.condition_contrasts import strongest_contrast, summary
from featkit.auditing.leaks.languages import class_counts, cramers_v, most_common_values
from featkit.auditing.leaks.recording_tags import tag_columns
from featkit.errors import FeatkitError
from featkit.models.likely_groups import plan_grouped
from featkit.models.outer_folds import SplitPlan, plan_splits
from featkit.models.problem import Problem, make_problem
from featkit.models.recording_conditions import (
    EQUIPMENT,
    REMEDIES,
    RecordingConditions,
    enumerated_conditions,
    leading_conditions,
    recording_conditions,
)
from featkit.models.result import evaluate_conditions
from featkit.models.score_types import ConditionsScores
from featkit.models.settings import Settings
from featkit.table.feature_table import FeatureTable
from featkit.table.missing_values import without_missing_words

MEASURE = "file_format"

CLEAR_LEAD = 0.5
"""Least share of the way from chance to perfect predictions for which conditions that can depend
on the sounds themselves are of medium severity."""

ROW = "row"
"""The only feature of the table of which the split is made: numbers of rows."""

ORIGIN_TAGS = ("originator", "software")
"""Tags that name the recorder or the program that wrote a file."""

MIN_ASSOCIATION, MIN_KNOWN = 0.5, 0.5
"""Least association of the class with a tag of origin (Cramér's V; 0.5 is large, Cohen 1988), and
least share of recordings with the tag."""

MAX_CLASSES = 20
"""Classes that the evidence describes, those with most recordings first."""


def _run(dataset: AuditedDataset) -> Iterator[Issue]:
    if dataset.label is not None:
        yield from _origins(dataset)
    conditions = _conditions(dataset)
    if conditions is None:
        return
    if dataset.label is not None:
        yield from _label_issues(dataset, conditions)
    if dataset.split_column is not None:
        yield from _split_issues(dataset, conditions)


def _conditions(dataset: AuditedDataset) -> RecordingConditions | None:
    """Conditions of the rows, by quality columns of the table or else by the files."""
    if (conditions := recording_conditions(dataset.table)) is not None:
        return conditions
    files = dataset.measure(MEASURE)
    if not files:
        return None
    rows = dataset.row_names.tolist()
    numbers = np.full((len(rows), 3), np.nan)
    formats = np.full(len(rows), "", dtype=object)
    for row, path in enumerate(rows):
        if path in files:
            own = files[path]
            numbers[row] = own["sample_rate"][0], own["channels"][0], dataset.durations[path]
            formats[row] = str(own["format"][0])
    return RecordingConditions(
        ["sample_rate", "channels", "duration"], numbers, formats.astype(str)
    )


def _limits(dataset: AuditedDataset) -> str | None:
    """Which conditions are not compared, because only an extraction measures them."""
    if dataset.label is None and dataset.split_column is None:
        return None
    if recording_conditions(dataset.table) is not None or not dataset.measure(MEASURE):
        return None
    return (
        "recording_conditions compares sample rate, channels, duration and format only; level,"
        " peak, bandwidth and clipping are measured with the features: run a check that needs"
        " features as well, such as --check recording_conditions,outliers, or audit a table of"
        " `featkit extract`"
    )


def _label_issues(dataset: AuditedDataset, conditions: RecordingConditions) -> Iterator[Issue]:
    # Other training options concern features; this model has recording conditions only.
    settings = Settings(**replace(dataset, training_options={}).training_arguments)
    try:
        problem = make_problem(_without_features(dataset.table), settings)
        plan = plan_splits(problem, settings)
    except FeatkitError as error:
        if not dataset.table.feature_names:  # otherwise, the check of groups reports it
            yield _not_scored(error)
        return
    own = _rows(conditions, problem.table.values[:, 0].astype(np.intp))
    for part in (_equipment(own), own):
        scores = _scores(problem, plan, part, dataset.seed)
        if scores is not None and scores.give_label_away:
            yield _label_issue(part, problem, scores)
            return


def _label_issue(
    conditions: RecordingConditions, problem: Problem, scores: ConditionsScores
) -> Issue:
    leading = leading_conditions(scores)
    is_certain = all(name in EQUIPMENT for name in leading)
    lead = (scores.balanced_accuracy.low - scores.chance) / (1 - scores.chance)
    severity = "high" if is_certain else "medium" if lead >= CLEAR_LEAD else "low"
    doubt = "" if is_certain else "; these can depend on the sounds themselves, too"
    verdict = "give the label away" if is_certain else "may give the label away"
    return Issue(
        check="recording_conditions",
        kind="conditions that predict the label",
        severity=severity,
        message=(
            f"recording conditions {verdict}: alone, they predict it with a balanced accuracy of"
            f" {_score(scores)}, mostly by {enumerated_conditions(leading)}"
            f" ({_contrasts(conditions, problem.y, leading)}){doubt}"
        ),
        remedy=f"{_conversion(leading)}test models on recordings of other origin",
        evidence=_evidence(conditions, problem.y, scores),
        certainty=1.0 if is_certain else 0.5,
    )


def _origins(dataset: AuditedDataset) -> Iterator[Issue]:
    """Tags of the recorder or the program that go with the class."""
    labels, _ = without_missing_words(dataset.texts(dataset.label))
    for name, texts in tag_columns(dataset).items():
        if name not in ORIGIN_TAGS:
            continue
        both = (texts != "") & (labels != "")
        if both.sum() < MIN_KNOWN * np.sum(labels != ""):
            continue
        y, values = labels[both], texts[both].astype(np.str_)
        association = cramers_v(y, values)
        if association < MIN_ASSOCIATION:
            continue
        counts = class_counts(y, values)
        yield Issue(
            check="recording_conditions",
            kind="classes of different sources",
            severity="low",
            message=(
                f"classes come from different sources, by the tag {name!r} (Cramér's V"
                f" {association:.2f}): {most_common_values(counts)}"
            ),
            remedy="check where each class comes from; test models on recordings of other origin",
            evidence={"tag": name, "association": association, "classes": counts},
        )


def _split_issues(dataset: AuditedDataset, conditions: RecordingConditions) -> Iterator[Issue]:
    column = dataset.split_column
    assert column is not None
    as_label = replace(dataset, label=column, split=None, fold=None, training_options={})
    settings = Settings(**as_label.training_arguments)
    try:
        problem = make_problem(_without_features(dataset.table), settings)
    except FeatkitError:  # the column has one part, or parts are groups: nothing to compare
        return
    plan = plan_grouped(problem, settings)
    if plan is None:
        return
    own = _rows(conditions, problem.table.values[:, 0].astype(np.intp))
    for part in (_equipment(own), own):
        scores = _scores(problem, plan, part, dataset.seed)
        if scores is not None and scores.give_label_away:
            leading = leading_conditions(scores)
            is_certain = all(name in EQUIPMENT for name in leading)
            yield Issue(
                check="recording_conditions",
                kind="conditions that differ between parts",
                severity="medium" if is_certain else "low",
                message=(
                    f"the parts of column {column!r} were recorded differently: recording"
                    " conditions alone predict the part with a balanced accuracy of"
                    f" {_score(scores)}, mostly by {enumerated_conditions(leading)}"
                    f" ({_contrasts(own, problem.y, leading)})"
                ),
                remedy=(
                    f"{_conversion(leading)}remember that scores include the change of the"
                    " conditions"
                ),
                evidence=_evidence(part, problem.y, scores),
                certainty=1.0 if is_certain else 0.5,
            )
            return


def _not_scored(error: FeatkitError) -> Issue:
    return Issue(
        check="recording_conditions",
        kind="no score",
        severity="low",
        message=f"recording conditions were not checked: {error}",
        remedy="correct the labels, groups or split",
    )


def _without_features(table: FeatureTable) -> FeatureTable:
    """The keys of a table, with the number of each row."""
    keys = {name: values for name, values in table.keys.items() if name != ROW}
    return FeatureTable(keys, [ROW], np.arange(len(table), dtype=np.float64)[:, None])


def _rows(conditions: RecordingConditions, rows: Array) -> RecordingConditions:
    formats = conditions.formats
    return RecordingConditions(
        conditions.names, conditions.X[rows], None if formats is None else formats[rows]
    )


def _equipment(conditions: RecordingConditions) -> RecordingConditions:
    """The conditions that do not depend on the sound."""
    kept = [k for k, name in enumerate(conditions.names) if name in EQUIPMENT]
    return conditions._replace(names=[conditions.names[k] for k in kept], X=conditions.X[:, kept])


def _scores(
    problem: Problem, plan: SplitPlan, conditions: RecordingConditions, seed: int
) -> ConditionsScores | None:
    """Scores of the conditions; None if all recordings have the same."""
    columns = [*conditions.X.T]
    varies = any(len(np.unique(column[~np.isnan(column)])) > 1 for column in columns)
    if not varies and (conditions.formats is None or len(np.unique(conditions.formats)) < 2):
        return None
    return evaluate_conditions(problem, plan, conditions, seed=seed)


def _score(scores: ConditionsScores) -> str:
    score = scores.balanced_accuracy
    return (
        f"{score.value:.3f} (95 % interval {score.low:.3f} to {score.high:.3f}, chance"
        f" {scores.chance:.3f})"
    )


def _contrasts(conditions: RecordingConditions, y: Array, leading: Sequence[str]) -> str:
    return "; ".join(strongest_contrast(conditions, name, y).text for name in leading[:2])


def _conversion(leading: Sequence[str]) -> str:
    conversions = dict.fromkeys(REMEDIES[name] for name in leading if name in REMEDIES)
    return f"convert all files to {' and '.join(conversions)}, and " if conversions else ""


def _evidence(
    conditions: RecordingConditions, y: Array, scores: ConditionsScores
) -> dict[str, object]:
    names, counts = np.unique(y, return_counts=True)
    largest = names[np.argsort(-counts, kind="stable")][:MAX_CLASSES].tolist()
    leading = leading_conditions(scores)
    score = scores.balanced_accuracy
    return {
        "balanced_accuracy": [score.value, score.low, score.high],
        "chance": scores.chance,
        "rows": scores.rows,
        "shares": {name: share for name, share in scores.columns.items() if share > 0},
        "classes": {
            name: {one: summary(conditions, one, y == name) for one in leading} for name in largest
        },
    }


CHECK = Check(
    name="recording_conditions",
    title="Recording conditions",
    description=(
        "Sample rate, format, level and other recording conditions that predict the label, or the"
        " part of a published split."
    ),
    order=50,
    run=_run,
    measures=("file_format", "tags"),
    limits=_limits,
)
