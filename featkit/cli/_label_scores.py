"""Display of the scores of several labels on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from featkit._utils.formatting import counted, printable
from featkit.cli._console import fits, show_table
from featkit.cli._leaderboard import show_models
from featkit.cli._scores import score_interval, show_chosen, show_size
from featkit.report.formatting import fixed

if TYPE_CHECKING:
    from featkit.models.fit_summary import Effort
    from featkit.models.multilabel_types import MultilabelEvaluation

TITLES = {
    "mean_average_precision": "mAP",
    "macro_roc_auc": "macro AUC",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
}
"""Name of the metrics that compare models."""

OTHER_TITLES = {
    "micro_roc_auc": "micro ROC AUC",
    "samples_f1": "samples F1",
    "macro_precision": "macro precision",
    "micro_precision": "micro precision",
    "macro_recall": "macro recall",
    "micro_recall": "micro recall",
    "hamming_loss": "Hamming loss",
    "subset_accuracy": "subset accuracy",
}
"""Name of the metrics that are shown for the kept model only."""

MAX_LABELS = 20
"""Greatest number of labels whose co-occurrence fits on a terminal."""


def show_label_scores(
    evaluation: MultilabelEvaluation, effort: Mapping[str, Effort] | None = None
) -> None:
    """Print all scores: the leaderboard, then the kept model in detail.

    Parameters
    ----------
    evaluation : MultilabelEvaluation
        The scores.
    effort : mapping of str to Effort, optional
        Time and size of each model.
    """
    show_size(evaluation, f"{len(evaluation.labels)} labels")
    rows = [
        (name, [score_interval(scores[metric]) for metric in TITLES])
        for name, scores in evaluation.ranking
    ]
    show_models(list(TITLES.values()), rows, effort)
    show_chosen(evaluation)
    click.echo(f"\n{evaluation.model}, other scores:")
    show_table(
        ["score", "value"],
        [[title, score_interval(evaluation.kept[name])] for name, title in OTHER_TITLES.items()],
    )
    _show_recordings(evaluation)
    _show_row_split(evaluation)
    _show_absent_labels(evaluation)
    _show_labels(evaluation)
    _show_co_occurrence(evaluation)


def _show_recordings(evaluation: MultilabelEvaluation) -> None:
    if scores := evaluation.recordings:
        values = (f"{title} {score_interval(scores[name])}" for name, title in TITLES.items())
        click.echo(f"\n{evaluation.model}, segments of a recording combined: {', '.join(values)}")


def _show_row_split(evaluation: MultilabelEvaluation) -> None:
    """The mean average precision, and that of a row-wise split."""
    if by_row := evaluation.by_row:
        difference = by_row.difference
        click.echo(
            f"\n{by_row.candidate}: mAP {fixed(by_row.grouped)}; a row-wise split gives"
            f" {fixed(by_row.row_wise)}: {difference.value:+.3f} [{difference.low:+.3f},"
            f" {difference.high:+.3f}]"
        )


def _show_absent_labels(evaluation: MultilabelEvaluation) -> None:
    for fold, count in evaluation.absent_labels.items():
        labels = counted(count, "label is", "labels are")
        click.echo(
            f"{labels} in no test row of fold {printable(fold)}, and left out of its means over"
            " labels"
        )


def _show_labels(evaluation: MultilabelEvaluation) -> None:
    click.echo(f"\n{evaluation.model}, scores of each label:")
    show_table(
        ["label", "AP", "AUC", "precision", "recall", "F1", "rows", "predicted", "threshold"],
        [
            [
                printable(scores.name),
                *map(
                    fixed,
                    (
                        scores.average_precision,
                        scores.roc_auc,
                        scores.precision,
                        scores.recall,
                        scores.f1,
                    ),
                ),
                str(scores.support),
                str(scores.predicted),
                fixed(scores.threshold),
            ]
            for scores in evaluation.per_label
        ],
    )


def _show_co_occurrence(evaluation: MultilabelEvaluation) -> None:
    names = [printable(name) for name in evaluation.labels]
    rows = [
        [name, *map(str, counts)]
        for name, counts in zip(names, evaluation.co_occurrence, strict=True)
    ]
    if len(names) <= MAX_LABELS and fits(["", *names], rows):
        click.echo("\ntest rows with both labels:")
        show_table(["", *names], rows)
