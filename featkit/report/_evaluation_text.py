"""Names, numbers and sentences that several sections of the evaluation page share.

At home means the test rows of the training data; here means the evaluated dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from featkit._utils.bidi import isolated
from featkit.evaluation.result import (
    CrossEvaluation,
    DatasetEvaluation,
    HomeScores,
    ValueInterval,
)
from featkit.models.score_types import METRICS, MetricScore
from featkit.report.formatting import fixed, percent_number

Item = TypeVar("Item")

METRIC_TITLES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "log_loss": "Log loss",
}

MAX_ROWS, MIN_FOLDED = 12, 5
"""Rows of a long table that are shown, and the smallest number of others that are folded."""


class Folded(NamedTuple, Generic[Item]):
    """The rows of a table: those that are shown, and those that are folded."""

    shown: Sequence[Item]
    others: Sequence[Item]


def folded(rows: Sequence[Item]) -> Folded[Item]:
    """Fold a long table."""
    if len(rows) < MAX_ROWS + MIN_FOLDED:
        return Folded(rows, [])
    return Folded(rows[:MAX_ROWS], rows[MAX_ROWS:])


def pair_titles(evaluation: CrossEvaluation) -> list[tuple[str, DatasetEvaluation]]:
    """Each model and dataset with its heading, which is "" if there is only one."""
    pairs = evaluation.evaluations
    many = len(pairs) > 1
    return [(pair_name(pair) if many else "", pair) for pair in pairs]


def pair_name(pair: DatasetEvaluation) -> str:
    """The name of a model on a dataset."""
    return f"{isolated(pair.model)} on {isolated(pair.dataset)}"


def home_metrics(home: HomeScores | None) -> Mapping[str, ValueInterval]:
    """Scores of recordings at home, or of rows if recordings were not scored; empty if unknown."""
    if home is None:
        return {}
    return home.metrics if home.recording_metrics is None else home.recording_metrics


def as_interval(score: MetricScore) -> ValueInterval:
    """A score as a value with an interval."""
    return ValueInterval(value=score.value, low=score.low, high=score.high)


def range_text(value: ValueInterval, places: int = 3) -> str:
    """The interval of a score, "" if unknown."""
    if value.low is None or value.high is None:
        return ""
    return f"{fixed(value.low, places)} to {fixed(value.high, places)}"


def percent_range(value: ValueInterval) -> str:
    """The interval of a share in parentheses, "" if unknown."""
    if value.low is None or value.high is None:
        return ""
    return f" (95\u00a0% interval {percent_number(value.low)} to {percent_number(value.high)})"


def points(share: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    sign = "+" if share > 0 else "−" if share < 0 else ""
    return f"{sign}{percent_number(abs(share))}"


def points_range(value: ValueInterval) -> str:
    """The interval of a difference of shares in parentheses, "" if unknown."""
    if value.low is None or value.high is None:
        return ""
    return f" (95\u00a0% interval {points(value.low)} to {points(value.high)})"


def metric_definition(name: str) -> str:
    """The definition of a metric, of recordings."""
    return METRICS[name].replace("rows", "recordings")
