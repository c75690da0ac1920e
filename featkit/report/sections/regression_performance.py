"""Performance of a regression: scores with intervals, and predictions against targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from featkit._utils.formatting import counted
from featkit.models.regression_types import (
    REGRESSION_METRICS,
    RegressionEvaluation,
    RegressionMetric,
)
from featkit.models.result import BASELINE
from featkit.models.task import REGRESSION
from featkit.report import _svg
from featkit.report._context import Context
from featkit.report._regression_text import regression_text
from featkit.report.formatting import fixed, share, significant
from featkit.report.section import Section

TITLES = {
    "mae": "Mean absolute error",
    "rmse": "Root mean squared error",
    "r2": "R²",
    "pearson": "Pearson correlation",
    "spearman": "Spearman correlation",
    "ccc": "Concordance",
}

ERRORS = ("mae", "rmse")
"""Metrics in units of the target."""


@dataclass(frozen=True)
class MetricRow:
    """A score of one model.

    Attributes
    ----------
    model : str
        Name of the model.
    value, interval, spread : str
        The score, its interval and its spread over folds; "" where unknown.
    chart : Markup
        Score and interval as a chart.
    """

    model: str
    value: str
    interval: str
    spread: str
    chart: Markup


@dataclass(frozen=True)
class Metric:
    """A score of all models.

    Attributes
    ----------
    title, definition : str
        Name and definition of the score.
    axis : pair of str
        Ends of the axis.
    rows : sequence of MetricRow
        The models.
    """

    title: str
    definition: str
    axis: tuple[str, str]
    rows: Sequence[MetricRow]


@dataclass(frozen=True)
class RegressionPerformance:
    """The data of the section, for one set of rows.

    Attributes
    ----------
    lead : sequence of str
        Sentences on errors and split.
    metrics : sequence of Metric
        The scores.
    predictions, residuals : Markup
        Predictions against targets, and residuals against predictions.
    drawn : str
        The rows that the dots show.
    quantiles : sequence of (str, str)
        Percentiles of the residuals.
    row_wise : sequence of (str, str, str)
        Name of a score, and its values with a grouped and with a row-wise split.
    datasets : sequence of (str, int, sequence of str)
        Name, rows and scores of each dataset, if each was left out once.
    """

    lead: Sequence[str]
    metrics: Sequence[Metric]
    predictions: Markup
    residuals: Markup
    drawn: str
    quantiles: Sequence[tuple[str, str]]
    row_wise: Sequence[tuple[str, str, str]]
    datasets: Sequence[tuple[str, int, Sequence[str]]]


def build(context: Context) -> list[tuple[str, RegressionPerformance]] | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    list of (str, RegressionPerformance) or None
        Headings and scores of the test rows, and of new rows; None if the model has no scores.
    """
    return [(title, _performance(scores)) for title, scores in context.titled_evaluations] or None


SECTION = Section("regression_performance", "Performance", 20, build, tasks=(REGRESSION,))


def _performance(scores: RegressionEvaluation) -> RegressionPerformance:
    true, predicted = np.array(scores.true_values), np.array(scores.predicted_values)
    rows, drawn = scores.scored_rows, len(true)
    sampled = f"one of {drawn} test rows, drawn at random from {rows:,}"
    r2, correlation = fixed(scores.kept.r2.value, 2), fixed(scores.kept.pearson.value, 2)
    residuals = scores.residuals
    return RegressionPerformance(
        lead=regression_text(scores),
        metrics=[_metric(scores, name) for name in REGRESSION_METRICS],
        predictions=_svg.scatter(
            true,
            predicted,
            x_name=_axis_name(scores.target),
            y_name="predicted",
            diagonal=True,
            title="Predictions and targets",
            description=f"Predictions of {counted(drawn, 'row')} against their targets: R² {r2},"
            f" correlation {correlation}.",
        ),
        residuals=_svg.scatter(
            predicted,
            predicted - true,
            x_name="predicted",
            y_name="predicted − true",
            diagonal=False,
            title="Residuals",
            description=f"Prediction minus target against prediction: mean"
            f" {significant(residuals.mean, 3)}, standard deviation"
            f" {significant(residuals.std, 3)}.",
        ),
        drawn="a test row" if drawn == rows else sampled,
        quantiles=[
            ("Mean", significant(residuals.mean, 3)),
            ("Standard deviation", significant(residuals.std, 3)),
            *(
                (f"{percentile}\u00a0% are below", significant(value, 3))
                for percentile, value in sorted(residuals.quantiles.items(), key=_percentile)
            ),
        ],
        row_wise=_row_wise(scores),
        datasets=[
            (name, scores.datasets[name], [_score(metric, values[metric]) for metric in TITLES])
            for name, values in scores.dataset_scores.items()
        ],
    )


def _percentile(item: tuple[str, float]) -> int:
    """The percentage of a quantile, since model files sort names as text."""
    return int(item[0])


def _row_wise(scores: RegressionEvaluation) -> list[tuple[str, str, str]]:
    if (by_row := scores.by_row) is None:
        return []
    return [
        (title, _score(name, by_row.grouped[name]), _score(name, by_row.row_wise[name]))
        for name, title in TITLES.items()
    ]


def _axis_name(name: str) -> str:
    most = _svg.MAX_AXIS_NAME
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _metric(scores: RegressionEvaluation, name: str) -> Metric:
    models = {model: own[name] for model, own in scores.ranking}
    if scores.recordings:
        models[f"{scores.model}, whole recordings"] = scores.recordings[name]
    start, end = _axis(name, list(models.values()))
    baseline = models[BASELINE].value if BASELINE in models else None
    rows = []
    for model, score in models.items():
        chart = Markup("")
        if score.value is not None:
            chart = _svg.interval(
                _moved(score.value, start, end) or 0.0,
                _moved(score.low, start, end),
                _moved(score.high, start, end),
                limit=end - start,
                baseline=_moved(baseline, start, end),
            )
        rows.append(
            MetricRow(
                model=model,
                value=_score(name, score.value),
                interval=""
                if score.low is None or score.high is None
                else f"{_score(name, score.low)} to {_score(name, score.high)}",
                spread="" if score.std is None else f"folds ± {_score(name, score.std)}",
                chart=chart,
            )
        )
    ends = significant(start, 2), significant(end, 2)
    return Metric(TITLES[name], REGRESSION_METRICS[name], ends, rows)


def _score(name: str, value: float | None) -> str:
    """A score as text: three digits of an error, three decimal places of the others."""
    return significant(value, 3) if name in ERRORS and value is not None else share(value)


def _axis(name: str, scores: Sequence[RegressionMetric]) -> tuple[float, float]:
    """Ends of the axis: from 0 for errors; to 1, and from -1 at least, for the other scores."""
    if name in ERRORS:
        highest = max((score.high or score.value or 0.0 for score in scores), default=0.0)
        return 0.0, 1.05 * highest or 1.0
    values = [end for score in scores for end in (score.value, score.low) if end is not None]
    lowest = min([0.0, *values])
    return (max(-1.0, np.floor(10 * lowest) / 10), 1.0)


def _moved(value: float | None, start: float, end: float) -> float | None:
    """The distance from the start of the axis; values outside are drawn at its ends."""
    return None if value is None else min(max(value, start), end) - start
