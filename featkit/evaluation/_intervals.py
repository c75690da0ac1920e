"""Intervals of shares by drawing groups with replacement."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.evaluation.result import ValueInterval
from featkit.models.bootstrap import DRAWS, DRAWS_AT_ONCE, INTERVAL, draws, exact_lower_end


def drawn_sums(values: Array, groups: Array) -> Array:
    """Sum the columns of `values` over the rows of each draw of groups.

    Parameters
    ----------
    values : array, shape ``(rows, columns)``
        Counts, mostly 0.
    groups : array of str, shape ``(rows,)``
        The group of each row.

    Returns
    -------
    array of float64, shape ``(draws, columns)``
        The draws are those of `featkit.models.scores.confidence_intervals` for the same groups.
    """
    from scipy.sparse import csr_array

    names, group = np.unique(groups, return_inverse=True)
    members = csr_array(
        (np.ones(len(group)), (group, np.arange(len(group)))), shape=(len(names), len(group))
    )
    sums = members @ csr_array(values.astype(float))
    parts = [times @ sums for times in draws(len(names), DRAWS, at_once=DRAWS_AT_ONCE)]
    return np.concatenate(parts)


def share_interval(value: float, drawn: Array, groups: int, *, least: int = 0) -> ValueInterval:
    """Return a share, or a difference of two shares, with its interval.

    Parameters
    ----------
    value : float
        The share.
    drawn : array of float64, shape ``(draws,)``
        Its value in each draw.
    groups : int
        Number of groups.
    least : int, optional
        Smallest possible value: 0 for a share, -1 for a difference.

    Returns
    -------
    ValueInterval
        Without an interval if there are fewer than two groups. If the value is 0 in all draws, or 1
        or -1, the draws show no uncertainty; the ends are then the exact ones for as many trials as
        there are groups, as in `featkit.models.scores.confidence_intervals`.
    """
    if groups < 2:
        return ValueInterval(value=value)
    low, high = (float(end) for end in np.percentile(drawn, INTERVAL))
    if low == high and abs(low) in (0, 1):
        margin = exact_margin(groups)
        low, high = max(low - margin, float(least)), min(high + margin, 1.0)
    return ValueInterval(value=value, low=low, high=high)


def exact_margin(groups: int, *, intervals: int = 1) -> float:
    """Return the distance between 1 and the exact lower end for groups that are all correct.

    Parameters
    ----------
    groups : int
        Number of groups, at least 1.
    intervals : int, optional
        Number of intervals that hold together.

    Returns
    -------
    float
        1 - (0.025 / intervals) ** (1 / groups).
    """
    return 1 - exact_lower_end(groups, intervals=intervals)
