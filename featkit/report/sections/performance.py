"""Performance: scores with intervals, the effect of the split, and calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from featkit._utils.formatting import counted
from featkit.models.evaluation import METRICS, Calibration, Evaluation, MetricScore, ReliabilityBin
from featkit.models.result import BASELINE
from featkit.models.scores import rarest_biased_class
from featkit.report import _svg
from featkit.report._context import Context
from featkit.report._performance_text import performance_text
from featkit.report.formatting import fixed, percent, percent_number, quoted
from featkit.report.section import Section

TITLES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "log_loss": "Log loss",
}


@dataclass(frozen=True)
class Metric:
    """A score of all models.

    Attributes
    ----------
    title, definition : str
        Name and definition of the score.
    axis : pair of str
        Ends of the axis.
    rows : sequence of (str, MetricScore, Markup)
        Name, score and chart of each model.
    """

    title: str
    definition: str
    axis: tuple[str, str]
    rows: Sequence[tuple[str, MetricScore, Markup]]


@dataclass(frozen=True)
class Performance:
    """The data of the section, for one set of rows.

    Attributes
    ----------
    lead : sequence of str
        Sentences on accuracy and split.
    metrics : sequence of Metric
        The scores.
    row_wise : sequence of (str, float, float)
        Name of a score, and its values with a grouped and with a row-wise split.
    calibration : str
        Sentences on calibration.
    reliability : Markup
        Reliability diagram.
    bins : sequence of ReliabilityBin
        Numbers of the reliability diagram.
    """

    lead: Sequence[str]
    metrics: Sequence[Metric]
    row_wise: Sequence[tuple[str, float, float]]
    calibration: str
    reliability: Markup
    bins: Sequence[ReliabilityBin]


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


SECTION = Section("performance", "Performance", 20, build)


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
        metrics=[_metric(scores, name) for name in METRICS],
        row_wise=_row_wise(scores),
        calibration=_calibration(scores.calibration),
        reliability=_svg.reliability(bins),
        bins=bins,
    )


def _row_wise(scores: Evaluation) -> list[tuple[str, float, float]]:
    if scores.by_row is None:
        return []
    grouped, row_wise = scores.by_row.grouped, scores.by_row.row_wise
    return [(title, grouped[name], row_wise[name]) for name, title in TITLES.items()]


def _metric(scores: Evaluation, name: str) -> Metric:
    models = {model: own[name] for model, own in scores.ranking}
    if scores.recordings:
        models[f"{scores.model}, whole recordings"] = scores.recordings[name]
    limit = 1.0 if name != "log_loss" else 1.05 * max(score.high for score in models.values())
    baseline = models[BASELINE].value if BASELINE in models else None
    rows = [
        (
            model,
            score,
            _svg.interval(score.value, score.low, score.high, limit=limit, baseline=baseline),
        )
        for model, score in models.items()
    ]
    return Metric(TITLES[name], METRICS[name], ("0", fixed(limit, 0 if limit == 1 else 2)), rows)


def _calibration(calibration: Calibration) -> str:
    error, classwise = calibration.expected_error, calibration.classwise_error
    return (
        f"Over {counted(_n_rows(calibration), 'row')}, the probability of the predicted class"
        f" deviates from the accuracy by {percent_number(error)} percentage points on average"
        f" (expected calibration error {fixed(error)}), and the probabilities of all classes by"
        f" {percent_number(classwise)} points. {_bias(calibration)} The Brier score is"
        f" {fixed(calibration.brier)}, from 0 (perfect) to 2."
    )


def _bias(calibration: Calibration) -> str:
    """Bias towards equally frequent classes, else over- or underconfidence."""
    if biased := rarest_biased_class(calibration):
        return (
            "The probabilities assume equally frequent classes, which is not the case here: the"
            f" mean probability of {quoted(biased.name)} is {percent(biased.probability)}, but"
            f" {percent(biased.share)} of the rows belong to it."
        )
    excess = sum(b.rows * (b.confidence - b.accuracy) for b in calibration.reliability)
    if abs(excess / max(_n_rows(calibration), 1)) < 0.01:
        return "On the whole, the model is neither overconfident nor underconfident."
    return f"On the whole, the model is {'over' if excess > 0 else 'under'}confident."


def _n_rows(calibration: Calibration) -> int:
    return sum(b.rows for b in calibration.reliability)
