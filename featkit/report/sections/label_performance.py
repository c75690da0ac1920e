"""Performance of a model of several labels: scores with intervals, and scores of each label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from featkit.models.multilabel_types import (
    METRICS,
    LabelScores,
    MultilabelEvaluation,
)
from featkit.models.score_types import MetricScore
from featkit.models.task import MULTILABEL
from featkit.report._context import Context
from featkit.report._label_text import label_text
from featkit.report._leaderboard import Leaderboard
from featkit.report._score_entries import metric_leaderboard, score_entries
from featkit.report.section import Section

CHARTS = {
    "mean_average_precision": "Mean average precision (mAP)",
    "macro_roc_auc": "Macro ROC AUC",
    "macro_f1": "Macro F1",
    "micro_f1": "Micro F1",
}
"""Titles of the scores that are drawn for all models."""

OTHERS = {
    "micro_roc_auc": "Micro ROC AUC",
    "samples_f1": "Samples F1",
    "macro_precision": "Macro precision",
    "micro_precision": "Micro precision",
    "macro_recall": "Macro recall",
    "micro_recall": "Micro recall",
    "hamming_loss": "Hamming loss",
    "subset_accuracy": "Subset accuracy",
}
"""Titles of the scores that are listed for the kept model."""


@dataclass(frozen=True)
class LabelPerformance:
    """The data of the section, for one set of rows.

    Attributes
    ----------
    lead : sequence of str
        Sentences on the scores.
    metrics : sequence of Leaderboard
        Scores of all models, drawn.
    others : sequence of (str, str, MetricScore)
        Title and definition of other scores of the kept model.
    labels : sequence of LabelScores
        Scores of each label.
    """

    lead: Sequence[str]
    metrics: Sequence[Leaderboard]
    others: Sequence[tuple[str, str, MetricScore]]
    labels: Sequence[LabelScores]


def build(context: Context) -> list[tuple[str, LabelPerformance]] | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    list of (str, LabelPerformance) or None
        Headings and scores; None if the model has no scores.
    """
    return [(title, _performance(scores)) for title, scores in context.titled_evaluations] or None


SECTION = Section("label_performance", "Scores", 50, build, tasks=(MULTILABEL,))


def _performance(scores: MultilabelEvaluation) -> LabelPerformance:
    return LabelPerformance(
        lead=label_text(scores),
        metrics=[
            metric_leaderboard(name, title, METRICS[name], score_entries(scores, name))
            for name, title in CHARTS.items()
        ],
        others=[(title, METRICS[name], scores.kept[name]) for name, title in OTHERS.items()],
        labels=scores.per_label,
    )
