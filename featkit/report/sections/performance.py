"""Performance: scores with intervals, the effect of the split, and calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from featkit.models.score_types import METRICS, Evaluation, ReliabilityBin
from featkit.report import _svg
from featkit.report._before_calibration import BeforeCalibration, before_calibration
from featkit.report._calibration_text import calibration_text
from featkit.report._context import Context
from featkit.report._group_scores import GroupScores, absent_text, group_scores
from featkit.report._leaderboard import Leaderboard
from featkit.report._performance_text import performance_text
from featkit.report._score_entries import metric_leaderboard, score_entries
from featkit.report.section import Section

TITLES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "log_loss": "Log loss",
}


@dataclass(frozen=True)
class Performance:
    """The data of the section, for one set of rows.

    Attributes
    ----------
    lead : sequence of str
        Sentences on accuracy and split.
    metrics : sequence of Leaderboard
        The scores.
    datasets : sequence of (str, int, sequence of float)
        Name, rows and scores of each dataset, if each was left out once.
    groups : GroupScores or None
        Scores of each group, if each was left out once.
    absent : sequence of str
        Sentences on the classes that folds lack.
    row_wise : sequence of (str, float, float)
        Name of a score, and its values with a grouped and with a row-wise split.
    calibration : str
        Sentences on calibration.
    reliability : Markup
        Reliability diagram.
    bins : sequence of ReliabilityBin
        Numbers of the reliability diagram.
    before : BeforeCalibration or None
        Comparison with the probabilities before calibration; None without calibration.
    """

    lead: Sequence[str]
    metrics: Sequence[Leaderboard]
    datasets: Sequence[tuple[str, int, Sequence[float]]]
    groups: GroupScores | None
    absent: Sequence[str]
    row_wise: Sequence[tuple[str, float, float]]
    calibration: str
    reliability: Markup
    bins: Sequence[ReliabilityBin]
    before: BeforeCalibration | None = None


def build(context: Context) -> list[tuple[str, Performance]] | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    list of (str, Performance) or None
        Headings and scores of the test rows, and of new rows; None if the model has no scores.
    """
    return [(title, performance(scores)) for title, scores in context.titled_evaluations] or None


SECTION = Section("performance", "Scores", 50, build)


def performance(scores: Evaluation) -> Performance:
    """Collect the data for one set of rows.

    Parameters
    ----------
    scores : Evaluation
        Scores of these rows.

    Returns
    -------
    Performance
        The data.
    """
    bins = scores.calibration.reliability
    return Performance(
        lead=performance_text(scores),
        metrics=[
            metric_leaderboard(name, TITLES[name], METRICS[name], score_entries(scores, name))
            for name in METRICS
        ],
        datasets=[
            (name, scores.datasets[name], [values[metric] for metric in METRICS])
            for name, values in scores.dataset_scores.items()
        ],
        groups=group_scores(scores),
        absent=absent_text(scores),
        row_wise=_row_wise(scores),
        calibration=calibration_text(scores.calibration, "row"),
        reliability=_svg.reliability(bins),
        bins=bins,
        before=before_calibration(scores),
    )


def _row_wise(scores: Evaluation) -> list[tuple[str, float, float]]:
    if scores.by_row is None:
        return []
    grouped, row_wise = scores.by_row.grouped, scores.by_row.row_wise
    return [(title, grouped[name], row_wise[name]) for name, title in TITLES.items()]
