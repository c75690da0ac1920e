"""Kolmogorov-Smirnov distances of columns between home and here, with chance and intervals.

The distance is the largest absolute difference of the weighted cumulative distributions. It depends
on the order of the values only, and has no unit. Undefined values count as smaller than all others.

**Chance.** A column differs if its distance is above the threshold, the 95th percentile of the
largest distance of all columns by chance, so that the probability of any false alarm is at most 5 %
[1]_. Columns that differ are removed from the maximum, step by step. Chance is estimated in two
ways, and the larger threshold counts:

- Groups are exchanged between the sides at random. This is exact if the groups of both sides have
  similar numbers of rows; otherwise it can be far too low.
- Groups of each side are drawn with replacement, and the largest deviation from the observed
  difference of the distributions is measured. This holds for groups of any size, but is too low for
  rare values, such as a flag that is set in one row.

**Intervals.** A maximum is larger than the true one on average, and a maximum of drawn groups again
larger. The lower end therefore subtracts the largest deviation in the drawn groups over the values
at which the true maximum may be: those whose difference is within the 95th percentile of the
deviations from the maximum [2]_. The upper end adds the deviation at the observed maximum.

References
----------
.. [1] P. H. Westfall, S. S. Young, "Resampling-based multiple testing", 1993.
.. [2] J. Cárcamo, A. Cuevas, L.-A. Rodríguez, "Directional differentiability for supremum-type
   functionals: statistical applications", Bernoulli 26, 2020.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.evaluation._pooled_rows import (
    PooledRows,
    drawn_weights,
    observed_weights,
    permuted_weights,
    smallest_p_value,
)
from featkit.evaluation.result import ValueInterval
from featkit.models.bootstrap import INTERVAL, exact_lower_end

DRAWS = 199
"""Random divisions, and draws of groups: 5 % of ``DRAWS + 1`` is a whole number."""

DRAWS_AT_ONCE = 25
"""Draws in one array, so that it fits in the cache."""

FALSE_ALARMS = 0.05
"""Largest probability of a false alarm in any column."""

DIGITS = 12
"""Decimals of distances: smaller differences are rounding errors."""


class ColumnDraws(NamedTuple):
    """Distances of one column, or of several: then each array has one more dimension in front.

    Attributes
    ----------
    observed : array of float64, shape ``()``
        Distance.
    divided : array of float64, shape ``(draws,)``
        Distances of random divisions.
    deviation : array of float64, shape ``(draws,)``
        Largest deviations in drawn groups from the observed difference of the distributions.
    excess : array of float64, shape ``(draws,)``
        Largest deviations where the true maximum may be.
    at_maximum : array of float64, shape ``(draws,)``
        Deviations at the observed maximum.
    """

    observed: Array
    divided: Array
    deviation: Array
    excess: Array
    at_maximum: Array


class Distances(NamedTuple):
    """Distances of all columns.

    Attributes
    ----------
    columns : ColumnDraws
        Distances, and those by chance.
    threshold : float
        Largest distance by chance.
    differs : array of bool, shape ``(columns,)``
        Whether the distance is above the threshold.
    """

    columns: ColumnDraws
    threshold: float
    differs: Array


def distances(X: Array, pooled: PooledRows, *, seed: int) -> Distances:
    """Distances of the columns of ``X``, ``(rows, columns)``, between the two sides."""
    rng = np.random.default_rng(seed)
    weights = observed_weights(pooled)
    divided = _blocks(permuted_weights(pooled, DRAWS, rng))
    drawn = _blocks(drawn_weights(pooled, DRAWS, rng))
    columns = [_column_draws(x, weights, divided, drawn) for x in X.T]
    stacked = ColumnDraws(*(np.array(values) for values in zip(*columns, strict=True)))
    threshold, differs = _step_down(stacked)
    if smallest_p_value(pooled) > FALSE_ALARMS:
        threshold, differs = max(threshold, float(stacked.observed.max())), differs & False
    return Distances(stacked, threshold, differs)


def interval(draws: ColumnDraws, members: Array, groups: int) -> ValueInterval:
    """Mean distance of the ``members`` among the columns, with its interval.

    If nothing deviates in any draw and the distance is 0 or 1, the interval is the exact one of a
    share for as many trials as the smaller side has groups, as in `featkit.models.scores`.
    """
    value = float(np.mean(draws.observed[members]))
    if groups < 2:
        return ValueInterval(value=value)
    excess, at_maximum = (
        values[members].mean(axis=0) for values in (draws.excess, draws.at_maximum)
    )
    low = max(value - max(float(np.percentile(excess, INTERVAL[1])), 0.0), 0.0)
    high = min(value - min(float(np.percentile(at_maximum, INTERVAL[0])), 0.0), 1.0)
    least = exact_lower_end(groups)
    if low == high == 1:
        low = least
    elif low == high == 0:
        high = 1 - least
    return ValueInterval(value=value, low=low, high=high)


def _blocks(weights: Array) -> list[Array]:
    return [weights[k : k + DRAWS_AT_ONCE] for k in range(0, len(weights), DRAWS_AT_ONCE)]


def _column_draws(
    x: Array, weights: Array, divided: list[Array], drawn: list[Array]
) -> ColumnDraws:
    """Distances of one column, and those by chance, from blocks of signed weights."""
    order, last = _order(x)
    observed = _differences(weights[None], order, last)
    by_division = [_largest(_differences(block, order, last)) for block in divided]
    deviations = np.concatenate([_differences(block, order, last) for block in drawn])
    deviations -= observed
    deviation = _largest(deviations)
    distance = _largest(observed)[0]
    reach = distance - np.percentile(deviation, 100 * (1 - FALSE_ALARMS))
    above, below = (deviations[:, sign * observed[0] >= reach] for sign in (1, -1))
    excess = np.maximum(above.max(axis=1, initial=-1), -below.min(axis=1, initial=1))
    k = np.argmax(np.abs(observed[0]))
    return ColumnDraws(
        distance,
        np.concatenate(by_division),
        deviation,
        excess.round(DIGITS),
        (np.sign(observed[0, k]) * deviations[:, k]).round(DIGITS),
    )


def _order(x: Array) -> tuple[Array, Array]:
    """Row numbers by value, undefined values first, and the last position of each value."""
    undefined = np.isnan(x)
    order = np.roll(np.argsort(x, kind="stable"), undefined.sum())
    x, undefined = x[order], undefined[order]
    changes = (x[1:] != x[:-1]) & ~(undefined[1:] & undefined[:-1])
    return order, np.append(np.flatnonzero(changes), len(x) - 1)


def _differences(weights: Array, order: Array, last: Array) -> Array:
    """Differences of the cumulative distributions at each value, ``(draws, values)``."""
    sums: Array = np.take(weights, order, axis=1)
    np.cumsum(sums, axis=1, out=sums)
    return sums if len(last) == len(order) else sums[:, last]


def _largest(differences: Array) -> Array:
    """Largest absolute difference of each draw."""
    largest: Array = np.maximum(differences.max(axis=1), -differences.min(axis=1))
    return largest.clip(0, 1).round(DIGITS)


def _step_down(columns: ColumnDraws) -> tuple[float, Array]:
    """Threshold for the columns that do not differ, and which columns differ."""
    differs = np.zeros(len(columns.observed), dtype=bool)
    while True:
        threshold = max(
            _threshold(chance[~differs]) for chance in (columns.divided, columns.deviation)
        )
        above = columns.observed > threshold
        if above.all() or np.array_equal(above, differs):
            return threshold, above
        differs = above


def _threshold(chance: Array) -> float:
    """Value that the largest distance of any column exceeds by chance in 5 % of the cases."""
    place = int(np.ceil((1 - FALSE_ALARMS) * (chance.shape[1] + 1))) - 1
    return float(np.sort(chance.max(axis=0))[place])
