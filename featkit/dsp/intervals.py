"""Sums and means over consecutive intervals of equal duration, of a clip that comes in pieces."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from featkit._utils.typing import Array


def interval_sums(pieces: Iterable[Array], length: float) -> Array:
    """Sum over consecutive intervals; an incomplete last interval is left out.

    Parameters
    ----------
    pieces : iterable of array, shape ``(samples,)``
        Consecutive pieces of the values to sum.
    length : float
        Samples per interval, at least 1. If it is not a whole number, edges are rounded so that
        they do not drift (see `interval_edges`), and some intervals have one sample more.

    Returns
    -------
    array of float64, shape ``(intervals,)``

    Examples
    --------
    >>> interval_sums([np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0, 6.0, 7.0])], 2.5).tolist()
    [3.0, 12.0]
    """
    sums: list[Array] = [np.empty(0)]
    begin, n_summed, pending = 0, 0, np.empty(0)
    for piece in pieces:
        x = np.concatenate([pending, piece]) if len(pending) else piece
        n_complete = int((begin + len(x)) / length) + 1
        while round(n_complete * length) > begin + len(x):
            n_complete -= 1
        edges = interval_edges(n_summed, n_complete, length) - begin
        if n_complete > n_summed:
            sums.append(np.add.reduceat(x[: edges[-1]], edges[:-1], dtype=np.float64))
        pending = x[edges[-1] :]
        begin, n_summed = begin + int(edges[-1]), n_complete
    return np.concatenate(sums)


def interval_means(pieces: Iterable[Array], length: float) -> Array:
    """Average over consecutive intervals; an incomplete last interval is left out.

    Parameters
    ----------
    pieces : iterable of array, shape ``(samples,)``
        Consecutive pieces of the values to average.
    length : float
        Samples per interval, as in `interval_sums`.

    Returns
    -------
    array of float64, shape ``(intervals,)``

    Examples
    --------
    >>> interval_means([np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])], 2.5).tolist()
    [1.5, 4.0]
    """
    sums = interval_sums(pieces, length)
    return np.asarray(sums / np.diff(interval_edges(0, len(sums), length)))


def interval_edges(first: int, last: int, length: float) -> Array:
    """Return the samples at which intervals begin, each rounded once.

    Parameters
    ----------
    first, last : int
        Number of the first interval, and of the one after the last.
    length : float
        Samples per interval.

    Returns
    -------
    array of int, shape ``(last - first + 1,)``
        The samples nearest to ``k * length``, the end of the last interval included.
    """
    return np.asarray(np.rint(np.arange(first, last + 1) * length), dtype=np.intp)
