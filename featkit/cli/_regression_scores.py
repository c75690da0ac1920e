"""Display of the scores of a regression on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click

from featkit._utils.formatting import printable
from featkit.cli._console import show_table
from featkit.cli._leaderboard import show_models
from featkit.cli._scores import show_chosen, show_datasets, show_size
from featkit.report.formatting import NO_NUMBER, share, signed, significant

if TYPE_CHECKING:
    from featkit.models.fit_summary import Effort
    from featkit.models.regression_types import (
        RegressionEvaluation,
        RegressionMetric,
        RegressionScores,
    )

ERRORS = {"mae": "MAE", "rmse": "RMSE"}
"""Metrics in units of the target."""

SHARES = {"r2": "R²", "pearson": "Pearson", "spearman": "Spearman", "ccc": "concordance"}
"""Metrics without a unit."""

TITLES = ERRORS | SHARES

MOST_GROUPS = 10
"""Greatest number of groups that are listed."""


def show_regression_scores(
    evaluation: RegressionEvaluation, effort: Mapping[str, Effort] | None = None
) -> None:
    """Print all scores: those of each model, then the kept model in detail.

    Parameters
    ----------
    evaluation : RegressionEvaluation
        The scores.
    effort : mapping of str to Effort, optional
        Time and size of each model.
    """
    for likely in evaluation.likely_groups:
        click.echo(f'likely group: --group "{printable(likely.group)}"')
    _show_models(evaluation, effort)
    show_datasets(evaluation, list(TITLES.values()), _dataset_cells)
    _show_recordings(evaluation)
    _show_row_split(evaluation)
    _show_ranges(evaluation)
    _show_groups(evaluation)


def _show_models(evaluation: RegressionEvaluation, effort: Mapping[str, Effort] | None) -> None:
    target = (
        f"{printable(evaluation.target)} from {significant(evaluation.low)} to"
        f" {significant(evaluation.high)} (standard deviation {significant(evaluation.std)})"
    )
    show_size(evaluation, target)
    rows = [(name, _metrics(scores)) for name, scores in evaluation.ranking]
    show_models(list(TITLES.values()), rows, effort)
    show_chosen(evaluation)


def _dataset_cells(values: Mapping[str, float | None]) -> list[str]:
    errors = (_optional(values[metric], _error) for metric in ERRORS)
    return [*errors, *(share(values[metric]) for metric in SHARES)]


def _show_recordings(evaluation: RegressionEvaluation) -> None:
    if scores := evaluation.recordings:
        pairs = zip(TITLES.values(), _metrics(scores), strict=True)
        values = ", ".join(f"{title} {value}" for title, value in pairs)
        click.echo(f"\n{evaluation.model}, mean of the segments of a recording: {values}")


def _show_row_split(evaluation: RegressionEvaluation) -> None:
    """The mean absolute error, and that of a row-wise split."""
    if (by_row := evaluation.by_row) is None:
        return
    difference = by_row.difference
    significance = "" if difference.low > 0 or difference.high < 0 else ", not significant"
    grouped, row_wise = (_error(own.mae or 0.0) for own in (by_row.grouped, by_row.row_wise))
    click.echo(
        f"\n{by_row.candidate}: MAE {grouped}; a row-wise split gives {row_wise}:"
        f" {signed(difference.value)} [{signed(difference.low)}, {signed(difference.high)}]"
        f"{significance}"
    )


def _show_ranges(evaluation: RegressionEvaluation) -> None:
    residuals = evaluation.residuals
    click.echo(
        f"\n{evaluation.model}, prediction minus {printable(evaluation.target)}: mean"
        f" {significant(residuals.mean)}, standard deviation {significant(residuals.std)}; 5 %"
        f" below {significant(residuals.quantiles['5'])}, 5 % above"
        f" {significant(residuals.quantiles['95'])}"
    )
    show_table(
        ["from", "to", "rows", "mean", "mean prediction", "MAE"],
        [
            [
                significant(one.low),
                significant(one.high),
                str(one.rows),
                *map(significant, (one.target, one.predicted, one.mae)),
            ]
            for one in evaluation.ranges
        ],
    )


def _show_groups(evaluation: RegressionEvaluation) -> None:
    """The groups with the largest errors."""
    if not (errors := evaluation.group_errors):
        return
    shown = errors[:MOST_GROUPS]
    most = "" if len(shown) == len(errors) else f" (the {len(shown)} with the largest errors)"
    click.echo(f"\n{evaluation.model}, errors of each {printable(evaluation.unit)}{most}:")
    show_table(
        [printable(evaluation.unit), "rows", "MAE", "mean error"],
        [
            [printable(one.group), str(one.rows), significant(one.mae), significant(one.bias)]
            for one in shown
        ],
    )


def _metrics(scores: RegressionScores) -> list[str]:
    return [
        *(_interval(scores[name], _error) for name in ERRORS),
        *(_interval(scores[name], share) for name in SHARES),
    ]


def _optional(value: float | None, text: Callable[[float], str]) -> str:
    return NO_NUMBER if value is None else text(value)


def _error(value: float) -> str:
    return significant(value, 3)


def _interval(score: RegressionMetric, text: Callable[[float], str]) -> str:
    if score.value is None:
        return NO_NUMBER
    spread = "" if score.std is None else f" ± {text(score.std)}"
    if score.low is None or score.high is None:
        return f"{text(score.value)}{spread}"
    return f"{text(score.value)}{spread} [{text(score.low)}, {text(score.high)}]"
