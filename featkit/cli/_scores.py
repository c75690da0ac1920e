"""Display of scores on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from featkit._utils.formatting import counted, printable
from featkit.cli._console import fits, show_table
from featkit.models import AUTO
from featkit.models.recording_conditions import (
    conditions_verdict,
    enumerated_conditions,
    leading_conditions,
)
from featkit.report.formatting import fixed

if TYPE_CHECKING:
    from featkit.models.score_types import Evaluation, MetricScore

TITLES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced",
    "macro_f1": "macro F1",
    "log_loss": "log loss",
}
"""Name of each metric in the tables."""

CORNER = "true \\ predicted"

MOST_CLASSES = 20
"""Greatest number of classes whose confusion matrix fits on a terminal."""


def show_scores(evaluation: Evaluation) -> None:
    """Print all scores: the leaderboard, then the kept model in detail.

    Parameters
    ----------
    evaluation : Evaluation
        The scores.
    """
    given_away = evaluation.conditions is not None and evaluation.conditions.give_label_away
    if given_away:
        _show_conditions(evaluation)
    _show_likely_groups(evaluation)
    show_leaderboard(evaluation)
    _show_datasets(evaluation)
    _show_recordings(evaluation)
    _show_row_split(evaluation)
    if not given_away:
        _show_conditions(evaluation)
    _show_classes(evaluation)
    show_confusion(evaluation.classes, evaluation.confusion, "rows")
    _show_calibration(evaluation)


def _show_conditions(evaluation: Evaluation) -> None:
    """The balanced accuracy from recording conditions alone, next to that of the model."""
    if (scores := evaluation.conditions) is None:
        return
    leading = ""
    if scores.give_label_away:
        leading = f", mostly {enumerated_conditions(leading_conditions(scores))},"
    text = (
        f"recording conditions alone{leading} give a balanced accuracy of"
        f" {_interval(scores.balanced_accuracy)}; {evaluation.model} gives"
        f" {fixed(evaluation.kept.balanced_accuracy.value)}, and chance {fixed(scores.chance)}"
    )
    if scores.give_label_away:
        click.echo(f"{conditions_verdict(scores)}: {text}")
    else:
        click.echo(f"\n{text}")


def _show_likely_groups(evaluation: Evaluation) -> None:
    by_group = evaluation.by_group
    for likely in evaluation.likely_groups:
        text = f'likely group: --group "{printable(likely.group)}"'
        if by_group and by_group.group == likely.group:
            text += (
                f" gives accuracy {fixed(by_group.grouped.accuracy)}; this split gives"
                f" {fixed(by_group.used.accuracy)}, and always predicting the most common class"
                f" {fixed(by_group.majority_share)}"
            )
        click.echo(text)


def show_leaderboard(evaluation: Evaluation) -> None:
    """Print the size of the table, the split, the scores of each model and the chosen candidates.

    Parameters
    ----------
    evaluation : Evaluation
        The scores.
    """
    units = ""
    if evaluation.unit != "row":
        units = f" of {evaluation.groups} {printable(evaluation.unit)}s"
    click.echo(
        f"{counted(evaluation.rows, 'row')}{units}, {len(evaluation.classes)} classes,"
        f" {counted(evaluation.columns, 'column')};"
        f" {counted(evaluation.scored_rows, 'test row')}, {printable(evaluation.protocol)}\n"
        "score ± standard deviation over folds [95 % confidence interval]:"
    )
    show_table(
        ["model", *TITLES.values()],
        [
            [name, *(_interval(scores[metric]) for metric in TITLES)]
            for name, scores in evaluation.ranking
        ],
    )
    folds: dict[str, list[str]] = {}
    for fold, candidate in evaluation.chosen.items():
        folds.setdefault(candidate, []).append(printable(fold))
    if evaluation.model == AUTO:
        for candidate, names in folds.items():
            where = f" in fold {', '.join(names)}" if len(evaluation.chosen) > 1 else ""
            click.echo(f"{AUTO} selected {candidate}{where}")


def _show_datasets(evaluation: Evaluation) -> None:
    """The rows of each dataset, and its scores if each was left out once."""
    datasets, scores = evaluation.datasets, evaluation.dataset_scores
    if datasets and not scores:
        counts = (f"{printable(name)} {counted(n, 'row')}" for name, n in datasets.items())
        click.echo(f"\ndatasets: {', '.join(counts)}")
    if not scores:
        return
    click.echo(f"\n{evaluation.model}, scores of each dataset by a model of the others:")
    show_table(
        ["dataset", "rows", *TITLES.values()],
        [
            [
                printable(name),
                str(datasets[name]),
                *(fixed(values[metric]) for metric in TITLES),
            ]
            for name, values in scores.items()
        ],
    )


def _show_recordings(evaluation: Evaluation) -> None:
    if scores := evaluation.recordings:
        values = (f"{title} {_interval(scores[metric])}" for metric, title in TITLES.items())
        click.echo(f"\n{evaluation.model}, segments of a recording combined: {', '.join(values)}")


def _show_row_split(evaluation: Evaluation) -> None:
    """The accuracy, and that of a row-wise split."""
    if (by_row := evaluation.by_row) is None:
        return
    difference = by_row.difference
    more, low, high = (100 * end for end in (difference.value, difference.low, difference.high))
    significance = "" if low > 0 or high < 0 else ", not significant"
    click.echo(
        f"\n{by_row.candidate}: accuracy {fixed(by_row.grouped.accuracy)}; a row-wise split gives"
        f" {fixed(by_row.row_wise.accuracy)}: {more:+.1f} points"
        f" [{low:+.1f}, {high:+.1f}]{significance}"
    )


def _show_classes(evaluation: Evaluation) -> None:
    click.echo(f"\n{evaluation.model}, scores of each class:")
    show_table(
        ["class", "precision", "recall", "f1", "rows", "predicted"],
        [
            [
                printable(scores.name),
                *map(fixed, (scores.precision, scores.recall, scores.f1)),
                str(scores.support),
                str(scores.predicted),
            ]
            for scores in evaluation.per_class
        ],
    )


def show_confusion(
    classes: Sequence[str], confusion: Sequence[Sequence[int]], counted_in: str
) -> None:
    """Print a confusion matrix; long class names are replaced by numbers in the header.

    Parameters
    ----------
    classes : sequence of str
        In order.
    confusion : sequence of sequence of int
        A row for each true class, a column for each predicted class.
    counted_in : str
        What is counted, such as ``"rows"``.
    """
    classes = list(classes)
    if len(classes) > MOST_CLASSES:
        return
    counts = [[str(count) if count else "·" for count in row] for row in confusion]
    headers, rows = classes, classes
    if not fits([CORNER, *headers], [[name, *row] for name, row in zip(rows, counts, strict=True)]):
        headers = [f"#{k}" for k in range(1, len(classes) + 1)]
        rows = [f"{mark} {name}" for mark, name in zip(headers, classes, strict=True)]
    click.echo(f"\nconfusion matrix, in {counted_in}:")
    table = [[name, *row] for name, row in zip(rows, counts, strict=True)]
    show_table([CORNER, *headers], table)


def _show_calibration(evaluation: Evaluation) -> None:
    calibration = evaluation.calibration
    click.echo(
        f"\ncalibration: Brier score {fixed(calibration.brier)}, expected calibration error"
        f" {fixed(calibration.expected_error)} of the predicted class,"
        f" {fixed(calibration.classwise_error)} of all classes:"
    )
    show_table(
        ["probability", "rows", "confidence", "accuracy"],
        [
            [
                f"{one.low:.1f} to {one.high:.1f}",
                str(one.rows),
                fixed(one.confidence),
                fixed(one.accuracy),
            ]
            for one in calibration.reliability
        ],
    )
    click.echo("\nmean probability and share of the rows of each class:")
    show_table(
        ["class", "probability", "share", "error"],
        [
            [printable(one.name), *map(fixed, (one.probability, one.share, one.expected_error))]
            for one in calibration.classes
        ],
    )


def _interval(score: MetricScore) -> str:
    spread = "" if score.std is None else f" ± {fixed(score.std)}"
    return f"{fixed(score.value)}{spread} [{fixed(score.low)}, {fixed(score.high)}]"
