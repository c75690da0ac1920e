"""Errors of a model of several labels: labels that are missed or added, and their co-occurrence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from featkit._utils.formatting import counted
from featkit.models.multilabel_types import LabelScores, MultilabelEvaluation
from featkit.models.task import MULTILABEL
from featkit.report import _svg
from featkit.report._confusion import are_upright, headers
from featkit.report._context import Context
from featkit.report._shades import shade
from featkit.report.formatting import percent, quoted
from featkit.report.section import Section

MAX_LABELS = 60
"""Greatest number of labels whose co-occurrence is shown."""


@dataclass(frozen=True)
class LabelErrors:
    """The data of the section, for one set of rows.

    Attributes
    ----------
    lead : str
        Number of rows whose labels are not all correct.
    extremes : sequence of str
        The labels that are missed and added most.
    labels : sequence of (LabelScores, Markup, Markup)
        Counts of each label, with bars of missed and added rows.
    headers : sequence of str
        Headings of the matrix: the labels; long names are abbreviated.
    upright : bool
        Whether headings are turned, because their names do not fit beside one another.
    pairs : sequence of (str, sequence of (int, str, str))
        Rows of the matrix: the label, and for each label the number of test rows with both, the CSS
        class of its colour, and the cell as a phrase. Empty if there are too many labels.
    """

    lead: str
    extremes: Sequence[str]
    labels: Sequence[tuple[LabelScores, Markup, Markup]]
    headers: Sequence[str]
    upright: bool
    pairs: Sequence[tuple[str, Sequence[tuple[int, str, str]]]]


def build(context: Context) -> list[tuple[str, LabelErrors]] | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    list of (str, LabelErrors) or None
        Headings and errors; None if the model has no scores.
    """
    return [(title, _errors(scores)) for title, scores in context.titled_evaluations] or None


SECTION = Section("label_errors", "Errors", 30, build, tasks=(MULTILABEL,))


def _errors(scores: MultilabelEvaluation) -> LabelErrors:
    right = round(scores.kept.subset_accuracy.value * scores.scored_rows)
    most = max(max(own.missed, own.added) for own in scores.per_label)
    return LabelErrors(
        lead=(
            f"All labels, and no others, are predicted for {right:,} of"
            f" {counted(scores.scored_rows, 'row')}"
            f" ({percent(scores.kept.subset_accuracy.value)}). Of all pairs of row and label,"
            f" {percent(scores.kept.hamming_loss.value)} are wrong."
        ),
        extremes=_extremes(scores.per_label),
        labels=[
            (own, _svg.bar(own.missed, most), _svg.bar(own.added, most)) for own in scores.per_label
        ],
        headers=headers(scores.labels),
        upright=are_upright(scores.labels),
        pairs=_pairs(scores) if len(scores.labels) <= MAX_LABELS else [],
    )


def _extremes(per_label: Sequence[LabelScores]) -> list[str]:
    """The labels that are missed most and added most, as shares of the rows that could be."""
    texts = []
    if present := [own for own in per_label if own.support]:
        worst = max(present, key=lambda own: own.missed / own.support)
        texts.append(
            f"{quoted(worst.name)} is missed most often: in {worst.missed} of"
            f" {counted(worst.support, 'row')} that have it."
        )
    if predicted := [own for own in per_label if own.predicted]:
        worst = max(predicted, key=lambda own: own.added / own.predicted)
        texts.append(
            f"{quoted(worst.name)} is added most often: {worst.added} of"
            f" {counted(worst.predicted, 'prediction')} of it are wrong."
        )
    return texts


def _pairs(
    scores: MultilabelEvaluation,
) -> list[tuple[str, Sequence[tuple[int, str, str]]]]:
    counts = np.asarray(scores.co_occurrence)
    own = np.maximum(np.diag(counts), 1)
    return [
        (
            name,
            [
                (
                    int(counts[i, j]),
                    shade(float(counts[i, j] / own[i]), correct=True) if i != j else "h0",
                    f"{counts[i, j]} of {counts[i, i]} rows with {quoted(name)} have"
                    f" {quoted(other)}",
                )
                for j, other in enumerate(scores.labels)
            ],
        )
        for i, name in enumerate(scores.labels)
    ]
