"""Decisions: the class that is predicted, given the probabilities of all classes.

Without costs, the most probable class is predicted. With a cost matrix, the class with the least
expected cost is [1]_. Every prediction and every score uses `decide`.

References
----------
.. [1] C. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit._utils.typing import Array


def decide(P: Array, costs: Array | None = None) -> Array:
    """Return the number of the class that is predicted for each row.

    Parameters
    ----------
    P : array of float64, shape ``(rows, classes)``
        Probabilities.
    costs : array of float64, shape ``(classes, classes)``, optional
        Cost of predicting the class of a column for a row of the class of a row.

    Returns
    -------
    array of int, shape ``(rows,)``
        The most probable class; with costs, the k with the least ``sum_j P[j] costs[j, k]``. Of
        equal classes, the first.
    """
    if costs is None:
        best: Array = np.argmax(P, axis=1)
    else:
        # Added class by class, so that a row has the same sums alone and among others.
        best = np.argmin(sum(P[:, [j]] * costs[j] for j in range(len(costs))), axis=1)
    return best


def decision_arrays(
    P: Array, classes: Sequence[str], costs: Array | None = None
) -> dict[str, Array]:
    """Make the columns ``predicted`` and ``probability``.

    Parameters
    ----------
    P : array of float64, shape ``(rows, classes)``
        Probabilities.
    classes : sequence of str
        In order.
    costs : array of float64, shape ``(classes, classes)``, optional
        See `decide`.

    Returns
    -------
    dict of str to array, shape ``(rows,)``
        The predicted class, and its probability.
    """
    best = decide(P, costs)
    return {
        "predicted": np.asarray(classes, dtype=object)[best],
        "probability": P[np.arange(len(P)), best],
    }
