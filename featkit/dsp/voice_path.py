"""The best path through the candidates of the frames of a clip.

A frame is voiceless, or has the pitch of one of its candidates. The path maximises the sum of
strengths less the costs of changes, by dynamic programming. Frames in which only the voiceless
candidate can win divide a clip into runs of frames that do not affect one another. Runs are
processed side by side.

References
----------
Boersma, P. "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise
ratio of a sampled sound", IFA Proceedings 17, 1993.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array

MAX_CANDIDATES = 14
"""Largest number of pitches of a frame: its strongest candidates."""

PENDING_FRAMES = 8192
"""Frames that are collected, at least, before the path through them is computed."""


class Candidates(NamedTuple):
    """Candidates of some frames.

    Attributes
    ----------
    voiceless : array of float64, shape ``(frames,)``
        Strength of being voiceless.
    frame : array of int, shape ``(candidates,)``
        Number of the frame of each pitch, in ascending order.
    f0 : array of float64, shape ``(candidates,)``
        Pitch in Hz.
    strength : array of float64, shape ``(candidates,)``
    """

    voiceless: Array
    frame: Array
    f0: Array
    strength: Array


class _Costs(NamedTuple):
    jump: float  # per octave
    voicing: float  # per change between voiced and voiceless


class _Run(NamedTuple):
    """Candidates as arrays: frames in rows, voiceless first."""

    octaves: Array  # (frames, 1 + pitches), log2 of the pitch
    strength: Array  # (frames, 1 + pitches), -inf where a frame has fewer pitches


def best_path(
    batches: Iterable[Candidates], count: int, *, jump_cost: float, voicing_cost: float
) -> Array:
    """Find the pitch of each frame of a clip.

    Parameters
    ----------
    batches : iterable of Candidates
        Consecutive frames.
    count : int
        Number of frames.
    jump_cost : float
        Cost of a change in pitch between neighbouring frames, per octave.
    voicing_cost : float
        Cost of a change between voiced and voiceless.

    Returns
    -------
    array of float64, shape ``(frames,)``
        Hz; NaN in voiceless frames.
    """
    costs = _Costs(jump_cost, voicing_cost)
    f0: Array = np.full(count, np.nan)
    parts: list[Candidates] = []
    begin = end = 0
    enough = PENDING_FRAMES
    for batch in batches:
        parts.append(_able_to_win(batch, costs))
        end += len(batch.voiceless)
        if end - begin < enough and end < count:
            continue
        pending = _joined(parts)
        stop = end - begin if end == count else _last_voiceless(pending)
        now, pending = _divided(pending, stop)
        f0[begin : begin + stop] = _solved(now, costs, begin == 0, begin + stop == count)
        begin += stop
        parts = [pending]
        # Twice as many each time, since a long sound may have no voiceless frame at all.
        enough = PENDING_FRAMES + 2 * (end - begin)
    return f0


def _able_to_win(batch: Candidates, costs: _Costs) -> Candidates:
    """The strongest candidates, without those that are worse than two changes of voicing."""
    strong = batch.strength > batch.voiceless[batch.frame] - 2 * costs.voicing
    frame, f0, strength = batch.frame[strong], batch.f0[strong], batch.strength[strong]
    order = np.lexsort((-strength, frame))
    frame, f0, strength = frame[order], f0[order], strength[order]
    rank = np.arange(len(frame)) - np.searchsorted(frame, frame)
    kept = rank < MAX_CANDIDATES
    return Candidates(batch.voiceless, frame[kept], f0[kept], strength[kept])


def _joined(parts: Sequence[Candidates]) -> Candidates:
    lengths = [len(part.voiceless) for part in parts]
    starts = np.cumsum([0, *lengths[:-1]]).tolist()
    frames = [part.frame + start for part, start in zip(parts, starts, strict=True)]
    return Candidates(
        np.concatenate([part.voiceless for part in parts]),
        np.concatenate(frames),
        np.concatenate([part.f0 for part in parts]),
        np.concatenate([part.strength for part in parts]),
    )


def _last_voiceless(pending: Candidates) -> int:
    """Number of frames up to the last one without a pitch, which those behind it do not affect."""
    counts = np.bincount(pending.frame, minlength=len(pending.voiceless))
    empty = np.flatnonzero(counts == 0)
    return int(empty[-1]) + 1 if len(empty) else 0


def _divided(pending: Candidates, stop: int) -> tuple[Candidates, Candidates]:
    k = int(np.searchsorted(pending.frame, stop))
    voiceless, frame, f0, strength = pending
    return (
        Candidates(voiceless[:stop], frame[:k], f0[:k], strength[:k]),
        Candidates(voiceless[stop:], frame[k:] - stop, f0[k:], strength[k:]),
    )


def _solved(own: Candidates, costs: _Costs, is_first: bool, is_last: bool) -> Array:
    """Pitch of frames that begin and end with a voiceless one, or with the clip."""
    frames = len(own.voiceless)
    f0: Array = np.full(frames, np.nan)
    counts = np.bincount(own.frame, minlength=frames)
    if not len(own.frame):
        return f0
    voiced = np.concatenate([[False], counts > 0, [False]])
    starts = np.flatnonzero(voiced[1:] & ~voiced[:-1])
    ends = np.flatnonzero(voiced[:-1] & ~voiced[1:])
    order = np.argsort(starts - ends, kind="stable")  # the longest first
    starts, ends = starts[order], ends[order]
    table, pitches = _table(own, counts)
    row_of = np.cumsum(counts > 0) - 1
    # Before a run and after it is a voiceless frame, unless the clip begins or ends there.
    enter = np.where((starts == 0) & is_first, 0, costs.voicing)
    leave = np.where((ends == frames) & is_last, 0, costs.voicing)
    rows = row_of[starts]
    chosen = _chosen(table, rows, ends - starts, costs, enter, leave)
    f0[np.flatnonzero(counts)] = pitches[np.arange(len(pitches)), chosen]
    return f0


def _table(own: Candidates, counts: Array) -> tuple[_Run, Array]:
    """Candidates of the frames that have a pitch, and their pitches, NaN for voiceless."""
    frames = np.flatnonzero(counts)
    row = np.cumsum(counts > 0)[own.frame] - 1
    column = 1 + np.arange(len(own.frame)) - np.searchsorted(own.frame, own.frame)
    shape = len(frames), 1 + int(counts.max())
    pitches, strength = np.full(shape, np.nan), np.full(shape, -np.inf)
    octaves = np.zeros(shape)
    pitches[row, column] = own.f0
    octaves[row, column] = np.log2(own.f0)
    strength[row, column] = own.strength
    strength[:, 0] = own.voiceless[frames]
    return _Run(octaves, strength), pitches


def _chosen(
    table: _Run, rows: Array, lengths: Array, costs: _Costs, enter: Array, leave: Array
) -> Array:
    """Candidate of each row of the table; runs of rows begin at `rows`, the longest first."""
    back = np.zeros(table.strength.shape, dtype=np.uint8)
    score = table.strength[rows]
    score[:, 1:] -= enter[:, None]
    ends_after = np.searchsorted(-lengths, -np.arange(1, lengths[0] + 1), side="right")
    for t in range(1, int(lengths[0])):
        active = int(ends_after[t])
        now = rows[:active] + t
        score[:active], back[now] = _step(score[:active], table, now, costs)
    score[:, 1:] -= leave[:, None]
    chosen = np.zeros(len(back), dtype=np.intp)
    state = np.argmax(score, axis=1)
    for t in range(int(lengths[0]) - 1, -1, -1):
        active = int(ends_after[t])
        now = rows[:active] + t
        chosen[now] = state[:active]
        state[:active] = back[now, state[:active]]
    return chosen


def _step(score: Array, table: _Run, now: Array, costs: _Costs) -> tuple[Array, Array]:
    """Scores of the next frames, and the candidates of the previous frames that lead to them."""
    jump = np.abs(table.octaves[now - 1, 1:, None] - table.octaves[now, None, 1:])
    total = np.empty((len(now), score.shape[1], score.shape[1]))
    np.multiply(jump, -costs.jump, out=total[:, 1:, 1:])
    total[:, 0, 1:] = total[:, 1:, 0] = -costs.voicing
    total[:, 0, 0] = 0
    total += score[:, :, None]
    back = np.argmax(total, axis=1)
    best = np.take_along_axis(total, back[:, None], axis=1)[:, 0]
    return best + table.strength[now], back
