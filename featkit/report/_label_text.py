"""Sentences on the scores of a model of several labels."""

from __future__ import annotations

from featkit._utils.formatting import counted
from featkit.models.multilabel_types import MultilabelEvaluation
from featkit.models.result import BASELINE
from featkit.report.formatting import fixed, signed


def label_text(scores: MultilabelEvaluation) -> list[str]:
    """The mean average precision, how labels are decided, and caveats."""
    return [*_lead(scores), *_recordings(scores), *_row_wise(scores), *_absent(scores)]


def _lead(scores: MultilabelEvaluation) -> list[str]:
    best = scores.kept.mean_average_precision
    text = (
        f"The mean average precision over {counted(len(scores.labels), 'label')} is"
        f" {fixed(best.value)} (95\u00a0% interval {fixed(best.low)} to {fixed(best.high)}), on"
        f" {counted(scores.scored_rows, 'row')} that the models were not trained on."
    )
    if BASELINE in scores.models:
        baseline = scores.models[BASELINE].mean_average_precision.value
        text += f" A model that knows only how common each label is has {fixed(baseline)}."
    decided = (
        "A label is predicted where its probability reaches its threshold, which maximises F1 on"
        f" inner folds. The rows have {fixed(scores.labels_per_row, 1)} labels on average."
    )
    return [text, decided]


def _recordings(scores: MultilabelEvaluation) -> list[str]:
    if scores.recordings is None:
        return []
    value = scores.recordings.mean_average_precision
    return [
        f"If the rows of each recording are combined, the mean average precision is"
        f" {fixed(value.value)} (95\u00a0% interval {fixed(value.low)} to {fixed(value.high)})."
    ]


def _row_wise(scores: MultilabelEvaluation) -> list[str]:
    if (by_row := scores.by_row) is None:
        return []
    return [
        f"With a row-wise split, which ignores groups, the mean average precision of"
        f" {by_row.candidate} would be {fixed(by_row.row_wise)} instead of {fixed(by_row.grouped)}"
        f" (95\u00a0% interval of the difference {signed(by_row.difference.low)} to"
        f" {signed(by_row.difference.high)})."
    ]


def _absent(scores: MultilabelEvaluation) -> list[str]:
    if not scores.absent_labels:
        return []
    return [
        f"In {counted(len(scores.absent_labels), 'fold')}, up to"
        f" {counted(max(scores.absent_labels.values()), 'label')} of no test row are left out of"
        " the means over labels."
    ]
