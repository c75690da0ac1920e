"""Selection of the rows that a section shows, a few for each of its groups."""

from __future__ import annotations

from collections.abc import Sequence

from featkit._utils.typing import Array
from featkit.explanation.explanation import Explanation

N_ROWS = 3
"""Rows of a group."""


def first_rows(
    explanation: Explanation, orders: Sequence[tuple[str, Array]]
) -> list[tuple[str, list[int]]]:
    """Select the first rows of each group, with at most one row of each recording in all groups.

    Parameters
    ----------
    explanation : Explanation
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
