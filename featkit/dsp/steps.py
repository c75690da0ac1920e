"""Sums over steps of constant time, of a clip that comes in parts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from featkit._utils.typing import Array


def step_sums(parts: Iterable[Array], step: float) -> Array:
    """Sums over one step after the other; what does not fill the last is left out.

    Parameters
    ----------
    parts : iterable of arrays, shape ``(samples,)``
        What is to be summed, one part behind the other.
    step : float
        Samples in a step, at least 1. If it is not a whole number, steps are rounded so that they
        do not drift, see `step_edges`; some have a sample more than others.

    Returns
    -------
    array of float64, shape ``(steps,)``

    Examples
    --------
    >>> step_sums([np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0, 6.0, 7.0])], 2.5).tolist()
    [3.0, 12.0]
    """
    sums: list[Array] = [np.empty(0)]
    begin, summed, held = 0, 0, np.empty(0)
    for part in parts:
        x = np.concatenate([held, part]) if len(held) else part
        steps = int((begin + len(x)) / step) + 1
        while round(steps * step) > begin + len(x):
            steps -= 1
        edges = step_edges(summed, steps, step) - begin
        if steps > summed:
            sums.append(np.add.reduceat(x[: edges[-1]], edges[:-1], dtype=np.float64))
        held = x[edges[-1] :]
        begin, summed = begin + int(edges[-1]), steps
    return np.concatenate(sums)


def step_means(parts: Iterable[Array], step: float) -> Array:
    """Means over the steps that `step_sums` sums over.

    Examples
    --------
    >>> step_means([np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])], 2.5).tolist()
    [1.5, 4.0]
    """
    sums = step_sums(parts, step)
    return np.asarray(sums / np.diff(step_edges(0, len(sums), step)))


def step_edges(first: int, last: int, step: float) -> Array:
    """The samples at which the steps begin from `first` up to `last`: those nearest to k * step."""
    return np.asarray(np.rint(np.arange(first, last + 1) * step), dtype=np.intp)
