"""Runs of samples that do not change: digital silence, gaps, and held values."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.measure import Piece
from featkit.auditing.signal.windows import by_channel

SAME = 2.0**-17
"""Largest difference of floating-point samples that are the same: a quarter of a step of 16 bits,
so that rounding to 16 bits would not separate them."""


SHORTEST_GAP = 0.001
"""Seconds of the shortest run that a defect looks for."""

LOOKED_AHEAD = 8
"""Most frames that must be the same, before all frames are compared."""


def runs_of_channels(piece: Piece) -> list[Array]:
    """Find the runs of each channel in which samples do not change; for `Piece.shared`.

    Parameters
    ----------
    piece : Piece

    Returns
    -------
    list of array of int, shape ``(runs, 2)``
        The first frame of each run of `SHORTEST_GAP` or more, and the one after the last.
    """
    shortest = max(8, round(SHORTEST_GAP * piece.rate))
    return [constant_runs(channel, shortest) for channel in by_channel(piece.samples)]


def constant_runs(samples: Array, shortest: int) -> Array:
    """Find runs of frames in which no channel changes.

    Parameters
    ----------
    samples : array of int16 or float32, shape ``(frames,)`` or ``(frames, channels)``
    shortest : int
        Fewest frames of a run, at least 2.

    Returns
    -------
    array of int, shape ``(runs, 2)``
        The first frame of each run, and the one after the last.
    """
    columns = samples[:, None] if samples.ndim == 1 else samples
    if len(columns) < shortest or not _may_have_runs(columns[:, 0], shortest):
        return np.empty((0, 2), dtype=np.int64)
    still = np.ones(len(columns) - 1, dtype=bool)
    for channel in columns.T:
        still &= _is_same(channel[1:], channel[:-1])
    edges = np.concatenate([[0], np.flatnonzero(~still) + 1, [len(columns)]])
    runs: Array = np.column_stack([edges[:-1], edges[1:]])
    return runs[np.diff(edges) >= shortest]


def _may_have_runs(y: Array, shortest: int) -> bool:
    """Whether some samples in a row are the same on a grid that no run can evade."""
    step = max(1, shortest // 2)
    places = np.arange(0, len(y) - 1, step)
    for offset in range(min(LOOKED_AHEAD, shortest - step)):
        later = places[places + offset + 1 < len(y)] + offset
        places = later[_is_same(y[later], y[later + 1])] - offset
        if not len(places):
            return False
    return True


def _is_same(one: Array, other: Array) -> Array:
    same: Array = one == other if one.dtype.kind == "i" else np.abs(one - other) <= SAME
    return same
