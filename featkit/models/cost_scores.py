"""Mean cost of decisions, with confidence intervals by drawing groups with replacement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.models.bootstrap import DRAWS, DRAWS_AT_ONCE, INTERVAL, draws
from featkit.models.costs import CostMatrix, CostScores, MeanCost
from featkit.models.decisions import decide


def cost_scores(
    y: Array, P: Array, classes: Sequence[str], groups: Array, costs: Array
) -> CostScores:
    """Compute the costs of the decisions for the test rows.

    Parameters
    ----------
    y : array of str, shape ``(rows,)``
        True classes. Rows whose class no model could predict count with their costs, too.
    P : array of float64, shape ``(rows, classes)``
        Probabilities.
    classes : sequence of str
        In order.
    groups : array of str, shape ``(rows,)``
        The group of each row: intervals draw whole groups.
    costs : array of float64, shape ``(classes, classes)``
        Cost matrix; see `featkit.models.decisions.decide`.

    Returns
    -------
    CostScores
    """
    true = np.searchsorted(classes, y)
    best, probable = decide(P, costs), decide(P)
    constant = int(np.argmin(costs[true].mean(axis=0)))
    own, usual, fixed = costs[true, best], costs[true, probable], costs[true, constant]
    mean, most_probable, difference, of_constant = _means(
        np.stack([own, usual, own - usual, fixed], axis=1), groups
    )
    matrix = CostMatrix(classes=classes, cost=costs.tolist())
    return CostScores(
        matrix=matrix,
        mean=mean,
        most_probable=most_probable,
        difference=difference,
        constant_class=classes[constant],
        constant=of_constant,
        changed=int(np.sum(best != probable)),
    )


def _means(values: Array, groups: Array) -> list[MeanCost]:
    """The mean of each column over rows, with its interval."""
    _, group = np.unique(groups, return_inverse=True)
    n_groups = int(group.max()) + 1
    sums = np.stack([np.bincount(group, weights=column) for column in values.T], axis=1)
    sizes = np.bincount(group)
    drawn = np.concatenate(
        [
            times @ sums / (times @ sizes)[:, None]
            for times in draws(n_groups, DRAWS, at_once=DRAWS_AT_ONCE)
        ]
    )
    low, high = np.percentile(drawn, INTERVAL, axis=0)
    return [
        MeanCost(value=float(value), low=float(a), high=float(b))
        for value, a, b in zip(values.mean(axis=0), low, high, strict=True)
    ]
