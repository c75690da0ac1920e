"""Selection of the rows that a section shows, a few for each of its groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.explanation.explained_rows import ExplainedRows

N_ROWS = 3
"""Rows of a group."""


def first_rows(
    explanation: ExplainedRows, orders: Sequence[tuple[str, Array]]
) -> list[tuple[str, list[int]]]:
    """Select the first rows of each group, with at most one row of each recording in all groups.

    Parameters
    ----------
    explanation : ExplainedRows
        The rows.
    orders : sequence of (str, array of int)
        Titles of the groups, and all their rows in the order of preference.

    Returns
    -------
    list of (str, list of int)
        Titles, and at most `N_ROWS` rows of each group.
    """
    recordings = explanation.recordings.tolist()
    seen = set()
    selected = []
    for title, order in orders:
        rows: list[int] = []
        for row in order.tolist():
            if len(rows) < N_ROWS and recordings[row] not in seen:
                seen.add(recordings[row])
                rows.append(row)
        selected.append((title, rows))
    return selected


def selected_rows(explanation: ExplainedRows) -> list[tuple[str, list[int]]]:
    """Select rows to show: confident predictions, correct and wrong, and the least confident.

    Parameters
    ----------
    explanation : ExplainedRows
        The rows, with predicted classes.

    Returns
    -------
    list of (str, list of int)
        Titles and rows of the groups that are not empty.
    """
    return [(title, rows) for title, rows in first_rows(explanation, _orders(explanation)) if rows]


def _orders(explanation: ExplainedRows) -> list[tuple[str, Array]]:
    """Titles of the groups of predicted classes, and all rows in the order of preference."""
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


def _classes_in_turn(explanation: ExplainedRows, rows: Array) -> Array:
    """The first row of each predicted class, then the second of each, and so on."""
    import pandas as pd

    predicted = pd.Series(explanation.predicted[rows])
    return rows[np.argsort(predicted.groupby(predicted).cumcount(), kind="stable")]
