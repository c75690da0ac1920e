"""Single recordings: the most confident predictions, correct and wrong, and the least confident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featkit._utils.typing import Array
from featkit.explanation.explanation import Explanation
from featkit.models.task import CLASSIFICATION, MULTILABEL
from featkit.report._context import Context
from featkit.report._explained_rows import ExplainedRow, explained_row
from featkit.report._row_selection import first_rows
from featkit.report.section import Section


@dataclass(frozen=True)
class Recordings:
    """The data of the section.

    Attributes
    ----------
    groups : sequence of (str, sequence of ExplainedRow)
        Titles and rows of each group.
    scale : str
        Scale of the contributions.
    noun : str
        What is predicted: ``"class"`` or ``"label"``.
    """

    groups: Sequence[tuple[str, Sequence[ExplainedRow]]]
    scale: str
    noun: str


def build(context: Context) -> Recordings | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    Recordings or None
        The data; None without an explanation.
    """
    explanation = context.explanation
    if explanation is None:
        return None
    groups = [
        (title, [explained_row(context, explanation, row) for row in rows])
        for title, rows in first_rows(explanation, _orders(explanation))
        if rows
    ]
    return Recordings(
        groups, explanation.scale, "class" if explanation.decision is None else "label"
    )


SECTION = Section("recordings", "Single recordings", 50, build, tasks=(CLASSIFICATION, MULTILABEL))


def _orders(explanation: Explanation) -> list[tuple[str, Array]]:
    """Titles of the groups, and all their rows in the order of preference."""
    confidence = explanation.confidence
    descending, ascending = (np.argsort(x, kind="stable") for x in (-confidence, confidence))
    least = ("The least confident predictions", ascending)
    if explanation.y is None:
        return [
            ("The most confident predictions", _classes_in_turn(explanation, descending)),
            least,
        ]
    labelled = explanation.y != ""
    correct = explanation.answer == explanation.y
    return [
        (f"The most confident {kind} predictions", _classes_in_turn(explanation, descending[mask]))
        for kind, mask in (
            ("correct", correct[descending]),
            ("wrong", (labelled & ~correct)[descending]),
        )
    ] + [least]


def _classes_in_turn(explanation: Explanation, rows: Array) -> Array:
    """The first row of each predicted class, then the second of each, and so on."""
    import pandas as pd

    predicted = pd.Series(explanation.predicted[rows])
    return rows[np.argsort(predicted.groupby(predicted).cumcount(), kind="stable")]
