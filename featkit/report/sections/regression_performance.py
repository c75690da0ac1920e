"""Performance of a regression: scores with intervals, and predictions against targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from featkit._utils.formatting import counted
from featkit.models.regression_types import REGRESSION_METRICS, RegressionEvaluation
from featkit.models.task import REGRESSION
from featkit.report import _svg
from featkit.report._context import Context
from featkit.report._leaderboard import Leaderboard
from featkit.report._regression_text import regression_text
from featkit.report._score_entries import ERRORS, metric_leaderboard, score_entries
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


@dataclass(frozen=True)
class RegressionPerformance:
    """The data of the section, for one set of rows.

    Attributes
    ----------
    lead : sequence of str
        Sentences on errors and split.
    metrics : sequence of Leaderboard
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
    metrics: Sequence[Leaderboard]
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


SECTION = Section("regression_performance", "Scores", 50, build, tasks=(REGRESSION,))


def _performance(scores: RegressionEvaluation) -> RegressionPerformance:
    true, predicted = np.array(scores.true_values), np.array(scores.predicted_values)
    rows, drawn = scores.scored_rows, len(true)
    sampled = f"one of {drawn} test rows, drawn at random from {rows:,}"
    r2, correlation = fixed(scores.kept.r2.value, 2), fixed(scores.kept.pearson.value, 2)
    residuals = scores.residuals
    return RegressionPerformance(
        lead=regression_text(scores),
        metrics=[
            metric_leaderboard(name, TITLES[name], definition, score_entries(scores, name))
            for name, definition in REGRESSION_METRICS.items()
        ],
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


def _score(name: str, value: float | None) -> str:
    """A score as text: three digits of an error, three decimal places of the others."""
    return significant(value, 3) if name in ERRORS and value is not None else share(value)
