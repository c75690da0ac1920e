"""Display of prediction sets and abstention on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from featkit._utils.formatting import counted
from featkit.cli._console import show_table
from featkit.models.costs import SETS_IGNORE_COSTS
from featkit.report.formatting import fixed

if TYPE_CHECKING:
    from featkit.models.score_types import Evaluation
    from featkit.models.set_types import CoverageScores, Estimate, SetScores


def show_sets(evaluation: Evaluation) -> None:
    """Print coverage and size of prediction sets, and the accuracy of answered rows.

    Parameters
    ----------
    evaluation : Evaluation
        The scores; nothing is printed if there are no prediction sets.
    """
    if evaluation.prediction_sets is not None:
        show_set_scores(evaluation.model, evaluation.prediction_sets, "row")
    if evaluation.recording_prediction_sets is not None:
        show_set_scores(evaluation.model, evaluation.recording_prediction_sets, "recording")
    if evaluation.prediction_sets is not None and evaluation.costs is not None:
        click.echo(SETS_IGNORE_COSTS)


def show_set_scores(model: str, scores: SetScores, noun: str) -> None:
    """Print coverage and size of the prediction sets of one model, and its abstention.

    Parameters
    ----------
    model : str
        Name of the model.
    scores : SetScores
        The scores.
    noun : str
        What is scored, such as ``"row"``.
    """
    click.echo(f"\n{model}, prediction sets of {counted(scores.rows, noun)}:")
    show_table(
        [
            "coverage",
            "measured",
            "mean of groups",
            "mean size",
            "one class",
            "correct of these",
            "empty",
        ],
        [
            [
                f"{one.nominal:g}",
                _interval(one.coverage),
                _groups(one),
                fixed(one.size.value, 2),
                fixed(one.answered.value),
                _interval(one.accuracy),
                fixed(one.empty),
            ]
            for one in scores.coverages
        ],
    )
    click.echo(f"\nabstention for a wanted accuracy, share of the {noun}s and their accuracy:")
    show_table(
        ["wanted", "answered", "accuracy"],
        [
            [f"{one.wanted:g}", _interval(one.answered), _interval(one.accuracy)]
            for one in scores.answers
        ],
    )


def _groups(scores: CoverageScores) -> str:
    spread = "" if scores.group_std is None else f" ± {fixed(scores.group_std)}"
    return f"{fixed(scores.group_mean)}{spread}"


def _interval(estimate: Estimate | None) -> str:
    if estimate is None:
        return "-"
    return f"{fixed(estimate.value)} [{fixed(estimate.low)}, {fixed(estimate.high)}]"
