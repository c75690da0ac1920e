"""Sums, means and energy over intervals of equal duration, of a clip that comes in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import _compiled


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
    return _over_intervals(pieces, length, _sums)


def interval_energy(pieces: Iterable[Array], length: float) -> Array:
    """Sum the squares over consecutive intervals; an incomplete last interval is left out.

    Parameters
    ----------
    pieces : iterable of array of float32, shape ``(samples,)``
        Consecutive pieces of the samples.
    length : float
        Samples per interval, as in `interval_sums`.

    Returns
    -------
    array of float64, shape ``(intervals,)``

    Examples
    --------
    >>> interval_energy([np.array([1, 2, 3, 4, 5, 6, 7], dtype=np.float32)], 2.5).tolist()
    [5.0, 50.0]
    """
    return _over_intervals(pieces, length, _squares if _compiled.core is None else _energy)


def _over_intervals(
    pieces: Iterable[Array], length: float, reduce: Callable[[Array, int, int, int, float], Array]
) -> Array:
    """Sums over intervals of samples, from the sums over those that are complete in a piece."""
    sums: list[Array] = [np.empty(0)]
    begin, n_summed = 0, 0
    pending: Array | None = None
    for piece in pieces:
        x = piece if pending is None else np.concatenate([pending, piece])
        n_complete = int((begin + len(x)) / length) + 1
        while round(n_complete * length) > begin + len(x):
            n_complete -= 1
        if n_complete > n_summed:
            sums.append(reduce(x, begin, n_summed, n_complete, length))
        end = round(n_complete * length)
        pending = x[end - begin :]
        begin, n_summed = end, n_complete
    return np.concatenate(sums)


def _sums(x: Array, begin: int, first: int, last: int, length: float) -> Array:
    edges = interval_edges(first, last, length) - begin
    return np.add.reduceat(x[: edges[-1]], edges[:-1], dtype=np.float64)


def _squares(x: Array, begin: int, first: int, last: int, length: float) -> Array:
    return _sums(np.square(x, dtype=np.float64), begin, first, last, length)


def _energy(x: Array, begin: int, first: int, last: int, length: float) -> Array:
    assert _compiled.core is not None
    energy: Array = np.empty(last - first)
    x = np.ascontiguousarray(x, dtype=np.float32)
    _compiled.core.intervals(x, begin, first, last, length, energy)
    return energy


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
