"""Confidence intervals by drawing groups with replacement.

Intervals are percentile bootstraps over groups [1]_: a group is drawn as a whole, because a hundred
segments of one song are not a hundred observations. If a share is 0 or 1 in every draw, the
interval is the exact one [2]_ for as many trials as there are groups.

References
----------
.. [1] B. Efron, R. J. Tibshirani, "An introduction to the bootstrap", 1993.
.. [2] C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated in the
   case of the binomial", Biometrika 26, 1934.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from featkit._utils.typing import Array

DRAWS = 1000
DRAWS_AT_ONCE = 50

MANY_GROUPS = 10_000
"""Number of groups from which `draws` uses another sequence of random numbers, five times as fast.

Fewer groups keep their sequence, so that stored intervals stay the same."""

DENSE_COUNTS = 2**20
"""Largest number of cells of all groups that are held in one array."""

INTERVAL = (2.5, 97.5)
"""Percentiles of a 95 % interval."""


def exact_lower_end(groups: int, *, intervals: int = 1) -> float:
    """Return the exact lower end of the interval of a share if all groups are correct.

    Parameters
    ----------
    groups : int
        Number of groups, at least 1.
    intervals : int, optional
        Number of intervals that hold together.

    Returns
    -------
    float
        (0.025 / intervals) ** (1 / groups).
    """
    return float((INTERVAL[0] / 100 / intervals) ** (1 / groups))


def draws(groups: int, count: int, *, at_once: int) -> Iterator[Array]:
    """Draw groups with replacement, as many as there are.

    The draws are the same for any `at_once`.

    Parameters
    ----------
    groups : int
        Number of groups.
    count : int
        Number of draws, a multiple of `at_once`.
    at_once : int
        Draws in one array.

    Yields
    ------
    array of int, shape ``(at_once, groups)``
        How often each group is drawn.
    """
    rng = np.random.default_rng(0)
    for _ in range(count // at_once):
        if groups < MANY_GROUPS:
            yield rng.multinomial(groups, np.full(groups, 1 / groups), at_once)
        else:
            drawn = (rng.integers(groups, size=groups) for _ in range(at_once))
            yield np.stack([np.bincount(places, minlength=groups) for places in drawn])


def group_sums(group: Array, cell: Array, n_groups: int, n_cells: int) -> Callable[[Array], Array]:
    """Return a function that adds the counts of drawn groups.

    Parameters
    ----------
    group : array of int, shape ``(rows,)``
        Number of the group of each row.
    cell : array of int, shape ``(rows,)``
        Number of the cell that each row counts in.
    n_groups, n_cells : int
        How many there are.

    Returns
    -------
    function
        From an array of ``(draws, groups)``, how often each group is drawn, to the counts of
        ``(draws, cells)``.
    """
    # All sums are of whole numbers, so that both ways give the same bits.
    if n_groups * n_cells <= DENSE_COUNTS:
        dense = np.zeros((n_groups, n_cells))
        np.add.at(dense, (group, cell), 1)
        return lambda times: np.asarray(times @ dense)
    pairs, counts = np.unique(group * n_cells + cell, return_counts=True)
    own, cells = np.divmod(pairs, n_cells)
    return lambda times: np.stack(
        [np.bincount(cells, weights=drawn[own] * counts, minlength=n_cells) for drawn in times]
    )
