"""Sentences on the scores of a model: accuracy, baseline, and the effect of the split."""

from __future__ import annotations

from featkit._utils.formatting import counted
from featkit.models.result import BASELINE
from featkit.models.score_types import AccuracyDifference, Evaluation, MetricScore
from featkit.report.formatting import enumerated, percent, percent_number, quoted

UNGROUPED = (
    "Rows were split individually, and no groups were detected. If several rows belong to one"
    " person, piece or device, these scores are too high: train again with a column of groups."
)


def performance_text(scores: Evaluation) -> list[str]:
    """The accuracy of rows and of recordings, and caveats of the split."""
    return [
        _accuracy(scores),
        *_recording_accuracy(scores),
        *group_caveat(scores),
        *_row_wise_comparison(scores),
    ]


def _accuracy(scores: Evaluation) -> str:
    correct = sum(row[k] for k, row in enumerate(scores.confusion))
    accuracy = scores.kept.accuracy
    text = (
        f"Of {counted(scores.scored_rows, row_noun(scores))}, {correct:,}"
        f" ({percent(accuracy.value)}; 95\u00a0% interval {_interval(accuracy)}) were classified"
        " correctly by models that were not trained on them."
    )
    if BASELINE in scores.models:
        baseline = scores.models[BASELINE].accuracy.value
        text += f" Predicting the most common class for every row gives {percent(baseline)}."
    return text


def row_noun(scores: Evaluation) -> str:
    """The name of a test row: ``"recording"`` if each row is a recording."""
    return scores.unit if scores.groups == scores.rows else "row"


def _interval(score: MetricScore) -> str:
    return f"{percent_number(score.low)} to {percent_number(score.high)}"


def _recording_accuracy(scores: Evaluation) -> list[str]:
    if not scores.recordings:
        return []
    accuracy = scores.recordings.accuracy
    return [
        f"If the rows of each recording are combined, {percent(accuracy.value)} of the"
        f" recordings (95\u00a0% interval {_interval(accuracy)}) are classified correctly."
    ]


def _row_wise_comparison(scores: Evaluation) -> list[str]:
    if not scores.chosen:  # the scores of a table that was not split
        return []
    by_row = scores.by_row
    if by_row is None:
        if scores.unit == "row" and any("split by row" in text for text in scores.warnings):
            return ["The split is row-wise: these scores are too high."]
        if scores.groups == scores.rows:
            return [] if scores.likely_groups else [UNGROUPED]
        return ["No row-wise split was evaluated for comparison."]
    difference = by_row.difference
    clear = difference.low > 0 or difference.high < 0
    before = "" if scores.uncalibrated is None else ", before calibration"
    return [
        f"With a row-wise split, which ignores groups, the accuracy of {by_row.candidate} would"
        f" be {percent(by_row.row_wise.accuracy)} instead of {percent(by_row.grouped.accuracy)}"
        f"{before}:"
        f" {_difference(difference)}, {'a' if clear else 'not a'} significant difference."
    ]


def group_caveat(scores: Evaluation) -> list[str]:
    """Groups that were detected but not used, and the accuracy of a grouped split."""
    if by_group := scores.by_group:
        used, grouped = percent(by_group.used.accuracy), percent(by_group.grouped.accuracy)
        unit = quoted(by_group.unit)
        return [
            f"Rows of the same {unit} are in both training and test rows. If all rows of one"
            f" {unit} are kept together, the accuracy of {by_group.candidate} is {grouped} instead"
            f" of {used}: {_difference(by_group.difference)}. Train again with the group"
            f" {quoted(by_group.group)}."
        ]
    if scores.likely_groups:
        groups = enumerated([quoted(likely.group) for likely in scores.likely_groups])
        return [f"Rows may be grouped by {groups}. If so, these scores are too high."]
    return []


def _difference(difference: AccuracyDifference) -> str:
    value, low, high = map(_points, (difference.value, difference.low, difference.high))
    return f"{value} percentage points (95\u00a0% interval {low} to {high})"


def _points(share: float) -> str:
    return f"{'+' if share > 0 else '−' if share < 0 else ''}{percent_number(abs(share))}"
