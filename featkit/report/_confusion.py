"""The confusion matrix as cells with shades, and the most frequent confusions in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit.report._shades import shade
from featkit.report.formatting import percent, quoted, whole_percent

MAX_HEADERS, MAX_HEADER = 60, 12
"""Characters of all class names, and of one, up to which they head columns horizontally."""

MAX_UPRIGHT = 24
"""Characters of an upright heading; longer names are cut in the middle."""

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
class Confusion:
    """A confusion matrix.

    Attributes
    ----------
    lead : str
        Number of wrong predictions.
    classes : sequence of str
        The classes.
    headers : sequence of str
        Headings of the columns: the classes; long names are abbreviated.
    upright : bool
        Whether headings are turned, because their names do not fit beside one another.
    cells : sequence of sequence of Cell
        Rows are true classes, columns predicted ones.
    confusions : sequence of str
        The most frequent confusions.
    """

    lead: str
    classes: Sequence[str]
    headers: Sequence[str]
    upright: bool
    cells: Sequence[Sequence[Cell]]
    confusions: Sequence[str]


def confusion(
    classes: Sequence[str],
    matrix: Sequence[Sequence[int]],
    noun: str,
    verb: str = "predicted as",
) -> Confusion:
    """The confusion matrix of rows, which `noun` names; `verb` joins the two classes of a cell."""
    counts = np.asarray(matrix, dtype=int)
    return Confusion(
        lead=_lead(int(counts.sum() - np.trace(counts)), int(counts.sum()), noun),
        classes=classes,
        headers=headers(classes),
        upright=are_upright(classes),
        cells=_cells(classes, counts, verb),
        confusions=_confusions(classes, counts, verb),
    )


def are_upright(classes: Sequence[str]) -> bool:
    """Whether the names are too long to head columns horizontally."""
    lengths = [len(name) for name in classes]
    return sum(lengths) > MAX_HEADERS or max(lengths, default=0) > MAX_HEADER


def headers(classes: Sequence[str]) -> list[str]:
    """The headings of columns; names that are too long for an upright one are abbreviated."""
    return [_abbreviated(name) for name in classes]


def _abbreviated(name: str) -> str:
    """A name without its middle: classes often differ at the end, such as by a number."""
    if len(name) <= MAX_UPRIGHT:
        return name
    half = (MAX_UPRIGHT - 1) // 2
    return f"{name[: MAX_UPRIGHT - 1 - half]}…{name[-half:]}"


def _lead(wrong: int, total: int, noun: str) -> str:
    if not wrong:
        return f"All predictions for {counted(total, noun)} are correct."
    return f"The prediction is wrong for {wrong:,} of {counted(total, noun)}."


def _cells(classes: Sequence[str], counts: Array, verb: str) -> list[list[Cell]]:
    support = counts.sum(axis=1)
    shares = counts / np.maximum(support, 1)[:, None]
    return [
        [
            Cell(
                count=str(counts[i, j]) if counts[i, j] else "·",
                share=whole_percent(shares[i, j]) if counts[i, j] else "·",
                shade=shade(float(shares[i, j]), correct=i == j),
                text=_cell_text(counts[i, j], support[i], true, predicted, verb),
            )
            for j, predicted in enumerate(classes)
        ]
        for i, true in enumerate(classes)
    ]


def _cell_text(count: int, support: int, true: str, predicted: str, verb: str) -> str:
    return f"{count} of {support} {quoted(true)} {verb} {quoted(predicted)}" if count else ""


def _confusions(classes: Sequence[str], counts: Array, verb: str) -> list[str]:
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    support = counts.sum(axis=1)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MAX_CONFUSIONS]
    texts = [
        f"{_cell_text(wrong[i, j], support[i], classes[i], classes[j], verb)}"
        f" ({percent(wrong[i, j] / support[i])})."
        for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True)
        if wrong[i, j]
    ]
    if more := int(np.sum(wrong > 0)) - len(texts):
        texts.append(f"The matrix shows {counted(more, 'less frequent confusion')}.")
    return texts
