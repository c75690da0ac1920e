"""The path of the pitch: one candidate of each frame, or none, such that the pitch moves little.

Dynamic programming (Viterbi) finds the path of the lowest cost. A candidate costs the more the
weaker it is; an unvoiced frame costs something if a candidate is above the threshold of
voicing; so do jumps of the pitch, and changes between voiced and unvoiced.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import _compiled
from featkit.dsp.subharmonic_summation import Candidates

THRESHOLD = 0.7
"""Strength from which a candidate is taken as voiced."""

WEAKNESS, BELOW_THRESHOLD = 57.0, 1.6
"""Cost of a candidate per unit of strength below the strongest one of the frame, and of a strength
below the threshold. These and the following costs were fitted to the decisions of openSMILE."""

UNVOICED, UNVOICED_STRENGTH = 1.3, 3.0
"""Cost of an unvoiced frame with a candidate above the threshold, and per unit above it."""

PER_OCTAVE, PER_TURN, CHANGE = 1.1, 0.7, 1.85
"""Cost of a jump of the pitch per octave, of a difference from the jump before per octave, and of a
change between voiced and unvoiced."""


def best_path(options: Candidates) -> Array:
    """Choose a candidate of each frame of a clip.

    Parameters
    ----------
    options : Candidates
        Candidates of the frames of one clip, shape ``(candidates, frames)``.

    Returns
    -------
    array of float64, shape ``(frames,)``
        Fundamental frequency in Hz; NaN in unvoiced frames.
    """
    hz, strength = options.frequency, options.strength
    local = np.ascontiguousarray(_local_costs(hz, strength).T)
    octaves = np.ascontiguousarray(np.log2(np.where(hz > 0, hz, 1)).T)
    path = np.empty(len(local), dtype=np.int64)
    if _compiled.core is None:
        path[:] = _path_by_numpy(local, octaves)
    else:
        _compiled.core.best_path(local, octaves, PER_OCTAVE, PER_TURN, CHANGE, path)
    chosen = np.concatenate([hz, np.full((1, len(local)), np.nan)])
    return np.asarray(chosen[path, np.arange(len(local))])


def _path_by_numpy(local: Array, octaves: Array) -> Array:
    """Number of the state of each frame; the last state is unvoiced."""
    frames, states = local.shape
    change = np.full((states, states), CHANGE)
    change[-1, -1] = 0
    jump = np.zeros((states, states))
    cost, before, columns = local[0], np.zeros(states), np.arange(states)
    previous = np.zeros((frames, states), dtype=np.int64)
    for t in range(1, frames):
        jump[:-1, :-1] = octaves[t] - octaves[t - 1, :, None]
        turn = np.abs(jump[:-1, :-1] - before[:-1, None])
        change[:-1, :-1] = PER_OCTAVE * np.abs(jump[:-1, :-1]) + PER_TURN * turn
        total = cost[:, None] + change
        previous[t] = total.argmin(axis=0)
        cost = total.min(axis=0) + local[t]
        before = jump[previous[t], columns]
    path = np.empty(frames, dtype=np.int64)
    state = int(cost.argmin())
    for t in range(frames - 1, -1, -1):
        path[t] = state
        state = int(previous[t, state])
    return path


def _local_costs(hz: Array, strength: Array) -> Array:
    """Cost of each candidate and, in the last row, of being unvoiced."""
    weakness = strength.max(axis=0) - strength
    voiced = WEAKNESS * weakness + BELOW_THRESHOLD * (strength < THRESHOLD)
    excess = strength.max(axis=0) - THRESHOLD
    unvoiced = np.where(excess >= 0, UNVOICED + UNVOICED_STRENGTH * excess, 0)
    return np.concatenate([np.where(hz > 0, voiced, np.inf), unvoiced[None]])
