"""The rows of two datasets, home and here, with weights that give each class the same share.

Weights are signed: positive at home, negative here. In a class with h rows at home and e rows here,
a row at home has the weight e / (h + e), and a row here -h / (h + e). The class then has the same
share on both sides, and these overlap weights [1]_ give the least variance: a class with few rows
on one side counts little. The weights of each side add up to 1 and -1.

References
----------
.. [1] F. Li, K. L. Morgan, A. M. Zaslavsky, "Balancing covariates via propensity score weighting",
   Journal of the American Statistical Association 113, 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, prod

import numpy as np

from featkit._utils.typing import Array
from featkit.evaluation.dataset_rows import DatasetRows


@dataclass(frozen=True, eq=False)
class PooledRows:
    """Classes and groups of the rows of both sides, home first.

    A group is on one side, also if another one on the other side has the same name.

    Attributes
    ----------
    here : array of bool, shape ``(rows,)``
        Side of each row.
    label : array of int, shape ``(rows,)``
        Number of its class.
    group : array of int, shape ``(rows,)``
        Number of its group.
    names : array of str, shape ``(rows,)``
        Name of its group.
    group_here : array of bool, shape ``(groups,)``
        Side of each group.
    counts : array of float64, shape ``(groups, classes)``
        Its rows of each class.
    """

    here: Array
    label: Array
    group: Array
    names: Array
    group_here: Array
    counts: Array

    @property
    def fewest_groups(self) -> int:
        """Number of groups of the side that has fewer."""
        return int(min(self.group_here.sum(), (~self.group_here).sum()))


def pool(home: DatasetRows, here: DatasetRows, rows: Sequence[Array]) -> PooledRows:
    """Pool the given rows of both sides."""
    label = np.concatenate([home.y[rows[0]], here.y[rows[1]]])
    names = np.concatenate([home.groups[rows[0]], here.groups[rows[1]]])
    side = np.repeat([False, True], [len(rows[0]), len(rows[1])])
    classes, label = np.unique(label, return_inverse=True)
    distinct, name = np.unique(names, return_inverse=True)
    numbers, group = np.unique(name + len(distinct) * side, return_inverse=True)
    counts = np.zeros((len(numbers), len(classes)))
    np.add.at(counts, (group, label), 1)
    return PooledRows(side, label, group, names, numbers >= len(distinct), counts)


def signed_weights(pooled: PooledRows, times: Array, group_here: Array) -> Array:
    """Weights of all rows, ``(draws, rows)``.

    ``times`` is how often each group counts, and ``group_here`` its side, ``(draws, groups)``.
    """
    total = times @ pooled.counts
    here = (times * group_here) @ pooled.counts
    with np.errstate(invalid="ignore"):
        share_here = here / total  # of the rows of each class, (draws, classes)
        overlap = np.nansum((total - here) * share_here, axis=1, keepdims=True)
        overlap[overlap == 0] = np.inf  # a draw without a class on both sides
        share_here = np.nan_to_num(share_here / overlap)
        share_home = np.nan_to_num((total - here) / total / overlap)
    group, label = pooled.group, pooled.label
    weights: Array = times[:, group] * np.where(
        group_here[:, group], -share_home[:, label], share_here[:, label]
    )
    return weights


def observed_weights(pooled: PooledRows) -> Array:
    """Weights of all rows, each counted once, ``(rows,)``."""
    times = np.ones((1, len(pooled.group_here)))
    weights: Array = signed_weights(pooled, times, pooled.group_here[None])[0]
    return weights


def permuted_weights(pooled: PooledRows, count: int, rng: np.random.Generator) -> Array:
    """Weights after random exchanges of groups between the sides, ``(count, rows)``.

    Only groups of the same stratum are exchanged, so that the numbers of groups of each class on
    each side stay the same.
    """
    sides = np.tile(pooled.group_here, (count, 1))
    strata = _strata(pooled)
    for stratum in np.unique(strata):
        member = np.flatnonzero(strata == stratum)
        sides[:, member] = rng.permuted(sides[:, member], axis=1)
    return signed_weights(pooled, np.ones(sides.shape), sides)


def drawn_weights(pooled: PooledRows, count: int, rng: np.random.Generator) -> Array:
    """Weights after drawing the groups of each side with replacement, ``(count, rows)``.

    One group fewer is drawn than exist, so that the variance of a mean of few groups is not too
    small: McCarthy and Snowden, "The bootstrap and finite population sampling", 1985.
    """
    times = np.zeros((count, len(pooled.group_here)))
    for side in (False, True):
        member = np.flatnonzero(pooled.group_here == side)
        number = max(len(member) - 1, 1)
        times[:, member] = rng.multinomial(number, np.full(len(member), 1 / len(member)), count)
    return signed_weights(pooled, times, np.broadcast_to(pooled.group_here, times.shape))


def smallest_p_value(pooled: PooledRows) -> float:
    """Smallest p value that exchanges of groups can give: 1 divided by their number.

    With as many groups on both sides, each division has a mirror image of the same distance.
    """
    sizes = _stratum_sizes(pooled)
    mirrored = all(home == here for home, here in sizes)
    return (2 if mirrored else 1) / prod(comb(home + here, here) for home, here in sizes)


def _strata(pooled: PooledRows) -> Array:
    """Most common class of each group; one common stratum for classes of one side only."""
    strata: Array = np.argmax(pooled.counts, axis=1)
    home, here = (set(strata[pooled.group_here == side].tolist()) for side in (False, True))
    shared: Array = np.where(np.isin(strata, list(home & here)), strata, -1)
    return shared


def _stratum_sizes(pooled: PooledRows) -> list[tuple[int, int]]:
    """Groups of each stratum at home and here."""
    strata = _strata(pooled)
    members = [pooled.group_here[strata == stratum] for stratum in np.unique(strata)]
    return [(int((~member).sum()), int(member.sum())) for member in members]
