"""Sentences on the scores of a regression: errors, baseline, and the bias of extreme targets."""

from __future__ import annotations

from featkit._utils.formatting import counted
from featkit.models.regression_types import RegressionEvaluation, RegressionMetric
from featkit.models.result import BASELINE
from featkit.report.formatting import enumerated, fixed, quoted, signed, significant

UNGROUPED = (
    "Rows were split individually, and no groups were detected. If several rows belong to one"
    " person, piece or device, these scores are too good: train again with a column of groups."
)

SHRUNKEN = 0.25
"""Share of the distance to the mean target, lost by the mean prediction of the outer ranges, from
which on the page says that predictions are drawn to the mean."""


def regression_text(scores: RegressionEvaluation) -> list[str]:
    """The errors of rows and of recordings, and caveats of the split."""
    return [
        _errors(scores),
        *_recording_errors(scores),
        *group_doubt(scores),
        *_row_wise_comparison(scores),
    ]


def _errors(scores: RegressionEvaluation) -> str:
    kept = scores.kept
    text = (
        f"For {counted(scores.scored_rows, 'row')} that the models were not trained on, the mean"
        f" absolute error of {quoted(scores.target)} is {significant(kept.mae.value or 0.0, 3)}"
        f"{interval_text(kept.mae)}."
    )
    if BASELINE in scores.models:
        baseline = scores.models[BASELINE].mae.value or 0.0
        text += f" Predicting the mean for every row gives {significant(baseline, 3)}."
    if kept.r2.value is None:
        return text
    return (
        f"{text} R² is {fixed(kept.r2.value, 2)}, and the correlation of the ranks"
        f" {fixed(kept.spearman.value, 2)}."
    )


def interval_text(score: RegressionMetric) -> str:
    """The confidence interval of an error in brackets; "" if there is none."""
    if score.low is None or score.high is None:
        return ""
    low, high = significant(score.low, 3), significant(score.high, 3)
    return f" (95\u00a0% interval {low} to {high})"


def _recording_errors(scores: RegressionEvaluation) -> list[str]:
    if not scores.recordings:
        return []
    mae = scores.recordings.mae
    return [
        "If the predictions for the rows of each recording are averaged, the mean absolute error"
        f" is {significant(mae.value or 0.0, 3)}{interval_text(mae)}."
    ]


def group_doubt(scores: RegressionEvaluation) -> list[str]:
    """Groups that were detected but not used."""
    if scores.unit == "row" and any("split by row" in text for text in scores.warnings):
        return ["The split is row-wise: these scores are too good."]
    if not scores.likely_groups:
        return []
    groups = enumerated([quoted(likely.group) for likely in scores.likely_groups])
    return [f"Rows may be grouped by {groups}. If so, these scores are too good."]


def _row_wise_comparison(scores: RegressionEvaluation) -> list[str]:
    if scores.by_row is None:
        ungrouped = scores.chosen and scores.unit == "row" and scores.groups == scores.rows
        return [UNGROUPED] if ungrouped and not scores.likely_groups else []
    by_row, difference = scores.by_row, scores.by_row.difference
    clear = difference.low > 0 or difference.high < 0
    grouped, row_wise = (
        significant(own.mae or 0.0, 3) for own in (by_row.grouped, by_row.row_wise)
    )
    return [
        "With a row-wise split, which ignores groups, the mean absolute error of"
        f" {by_row.candidate} would be {row_wise} instead of {grouped}: {signed(difference.value)}"
        f" (95\u00a0% interval {signed(difference.low)} to {signed(difference.high)}),"
        f" {'a' if clear else 'not a'} significant difference."
    ]


def bias_text(scores: RegressionEvaluation) -> str:
    """The errors of low and of high targets."""
    low, high = scores.ranges[0], scores.ranges[-1]
    text = (
        f"Of the {counted(low.rows, 'row')} with the lowest {quoted(scores.target)}, the mean is"
        f" {significant(low.target)}, and the mean prediction {significant(low.predicted)}; of the"
        f" {counted(high.rows, 'row')} with the highest, {significant(high.target)} and"
        f" {significant(high.predicted)}."
    )
    kept = [
        (one.predicted - scores.mean) / (one.target - scores.mean)
        for one in (low, high)
        if one.target != scores.mean
    ]
    if kept and max(kept) < 1 - SHRUNKEN:
        text += " Extreme targets are predicted too close to the mean."
    return text
