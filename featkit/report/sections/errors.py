"""Errors: confusion matrix, most frequent confusions, and scores of each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit.models.evaluation import ClassScores, Evaluation
from featkit.report._context import Context
from featkit.report._shades import shade
from featkit.report.formatting import percent, quoted, whole_percent
from featkit.report.section import Section

MAX_HEADERS, MAX_HEADER = 60, 12
"""Characters of all class names, and of one, up to which they head the confusion matrix."""

MAX_CONFUSIONS = 6
"""Confusions that are described in sentences."""


@dataclass(frozen=True)
class Cell:
    """A cell of the confusion matrix.

    Attributes
    ----------
    count : str
        Number of rows.
    share : str
        Percentage of the true class.
    shade : str
        CSS class of its colour.
    text : str
        The cell as a phrase; "" if it is empty.
    """

    count: str
    share: str
    shade: str
    text: str


@dataclass(frozen=True)
class Errors:
    """The data of the section, for one set of rows.

    Attributes
    ----------
    lead : str
        Number of wrong predictions.
    classes : sequence of str
        The classes.
    headers : sequence of str
        Headers of the confusion matrix: the classes, or numbers if their names are long.
    cells : sequence of sequence of Cell
        The confusion matrix: rows are true classes, columns predicted ones.
    confusions : sequence of str
        The most frequent confusions.
    per_class : sequence of ClassScores
        Scores of each class.
    bias : str
        The classes that are predicted too often, and too rarely.
    """

    lead: str
    classes: Sequence[str]
    headers: Sequence[str]
    cells: Sequence[Sequence[Cell]]
    confusions: Sequence[str]
    per_class: Sequence[ClassScores]
    bias: str


def build(context: Context) -> list[tuple[str, Errors]] | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    list of (str, Errors) or None
        Headings and errors of the test rows, and of new rows; None if the model has no scores.
    """
    return [(title, _errors(scores)) for title, scores in context.titled_evaluations] or None


SECTION = Section("errors", "Errors", 30, build)


def _errors(scores: Evaluation) -> Errors:
    classes = list(scores.classes)
    counts = np.asarray(scores.confusion, dtype=int)
    return Errors(
        lead=_lead(int(counts.sum() - np.trace(counts)), int(counts.sum())),
        classes=classes,
        headers=_headers(classes),
        cells=_cells(classes, counts),
        confusions=_confusions(classes, counts),
        per_class=scores.per_class,
        bias=_bias(scores.per_class),
    )


def _headers(classes: Sequence[str]) -> list[str]:
    lengths = [len(name) for name in classes]
    if sum(lengths) <= MAX_HEADERS and max(lengths, default=0) <= MAX_HEADER:
        return list(classes)
    return [f"#{k}" for k in range(1, len(classes) + 1)]


def _lead(wrong: int, total: int) -> str:
    if not wrong:
        return f"All predictions for {counted(total, 'row')} are correct."
    return f"The prediction is wrong for {wrong:,} of {counted(total, 'row')}."


def _cells(classes: Sequence[str], counts: Array) -> list[list[Cell]]:
    support = counts.sum(axis=1)
    shares = counts / np.maximum(support, 1)[:, None]
    return [
        [
            Cell(
                count=str(counts[i, j]) if counts[i, j] else "·",
                share=whole_percent(shares[i, j]) if counts[i, j] else "·",
                shade=shade(float(shares[i, j]), correct=i == j),
                text=_cell_text(counts[i, j], support[i], true, predicted),
            )
            for j, predicted in enumerate(classes)
        ]
        for i, true in enumerate(classes)
    ]


def _cell_text(count: int, support: int, true: str, predicted: str) -> str:
    return f"{count} of {support} {quoted(true)} predicted as {quoted(predicted)}" if count else ""


def _confusions(classes: Sequence[str], counts: Array) -> list[str]:
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    support = counts.sum(axis=1)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MAX_CONFUSIONS]
    texts = [
        f"{_cell_text(wrong[i, j], support[i], classes[i], classes[j])}"
        f" ({percent(wrong[i, j] / support[i])})."
        for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True)
        if wrong[i, j]
    ]
    if more := int(np.sum(wrong > 0)) - len(texts):
        texts.append(f"The matrix shows {counted(more, 'less frequent confusion')}.")
    return texts


def _bias(per_class: Sequence[ClassScores]) -> str:
    """The classes that are predicted most above, and most below their number of rows."""
    ordered = sorted(per_class, key=lambda scores: scores.predicted - scores.support)
    texts = [
        f"{quoted(scores.name)} is predicted {excess}: {counted(scores.predicted, 'prediction')}"
        f" for {counted(scores.support, 'row')}."
        for scores, excess, sign in ((ordered[-1], "too often", 1), (ordered[0], "too rarely", -1))
        if sign * (scores.predicted - scores.support) > 0
    ]
    return " ".join(texts) or "The number of predictions of each class equals its number of rows."
