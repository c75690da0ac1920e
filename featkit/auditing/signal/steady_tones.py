"""Steady tones in a part of a recording: beeps, whistles of devices, and each partial of a buzz.

A tone of an electronic device keeps its frequency: the phase in a bin of the spectrum advances by
the same angle from frame to frame, within a few hundredths of a radian. The partials of voices,
animals, instruments and engines vary by 0.2 and more. Louder sound may hide the tone for a moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.measure import Piece
from featkit.auditing.signal.spectra import FRAME, frame_size, spectra
from featkit.auditing.signal.windows import true_runs

SHORTEST = 0.75
"""Shortest tone in seconds."""

HIGHEST = 14000.0
"""Highest frequency in Hz."""

LOWEST_BIN = 3

PROMINENCE = 4.0
"""Power of a bin over that of those two bins away, in `PROMINENT` of the frames of some block."""

PROMINENT = 0.6

RUN = 6
"""Phase differences whose mean is taken: a tone begins and ends in a run of equal ones."""

COHERENT = 0.9
"""Smallest absolute value of the mean of the phase differences of a run, as unit vectors."""

HIDDEN = 0.4
"""Longest time in seconds that louder sound hides a tone."""

DEVIATION = 0.12
"""Largest median deviation of the phase differences of a tone from their mean, in radians. That of
95 % of tones 20 dB above the background is below 0.05; that of partials of engines, cries and
instruments is mostly above 0.2."""

FLAT = 2.0
"""Largest robust standard deviation of the level, and largest drift, in dB."""

STEP = 6.0
"""Smallest level over the lowest one in the `BESIDE` seconds on either side, in dB."""

BESIDE = 0.35

MOST_TONES = 3
"""Most tones, one after the other, of different frequencies: more are a melody."""


class SteadyTone(NamedTuple):
    """A tone that starts and stops.

    Attributes
    ----------
    start, end : float
        Seconds from the beginning of the piece.
    frequency : float
        Hz, of the centre of its bin.
    step : float
        Level over that before and after, in dB.
    deviation : float
        Median deviation of its phase differences, in radians.
    """

    start: float
    end: float
    frequency: float
    step: float
    deviation: float


def steady_tones(piece: Piece) -> list[SteadyTone]:
    """Find tones that start and stop within a piece.

    Parameters
    ----------
    piece : Piece
        All channels are mixed.

    Returns
    -------
    list of SteadyTone
        By time; the clearest of those that overlap. Empty for a melody.
    """
    spectrum, size = piece.shared(spectra), frame_size(piece.rate)
    highest = min(spectrum.shape[1] - 2, int(HIGHEST * size / piece.rate))
    fewest = max(RUN + 2, round(SHORTEST * piece.rate / size))
    if len(spectrum) < fewest + 6 or highest <= LOWEST_BIN:
        return []
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    tones: list[SteadyTone] = []
    for place in _prominent(power, highest, fewest // 2).tolist():
        column = np.ascontiguousarray(spectrum[:, place])
        frequency, seconds = place * piece.rate / size, size / piece.rate
        for begin, end, step, deviation in _stretches(column, fewest):
            tones.append(SteadyTone(begin * seconds, end * seconds, frequency, step, deviation))
    clearest: list[SteadyTone] = []
    for tone in sorted(tones, key=lambda tone: tone.deviation):
        if all(tone.end <= other.start or other.end <= tone.start for other in clearest):
            clearest.append(tone)
    if len({tone.frequency for tone in clearest}) > MOST_TONES:
        return []
    return sorted(clearest)


def _prominent(power: Array, highest: int, block: int) -> Array:
    """Bins with more power than their neighbours in most frames of some block."""
    low, high = LOWEST_BIN, highest
    middle = power[:, low:high]
    beside = np.maximum(power[:, low - 2 : high - 2], power[:, low + 2 : high + 2])
    beside *= PROMINENCE
    is_prominent = middle > beside
    whole = len(power) // block
    counts = is_prominent[: whole * block].reshape(whole, block, -1).sum(axis=1, dtype=np.int16)
    bins: Array = np.flatnonzero(counts.max(axis=0) >= PROMINENT * block) + low
    return bins


def _stretches(column: Array, fewest: int) -> Iterator[tuple[int, int, float, float]]:
    """First frame, the one after the last, step and deviation of each tone in a bin."""
    turns = column[1:] * np.conj(column[:-1])
    turns /= np.abs(turns) + np.float32(1e-30)
    sums = np.concatenate([[0], np.cumsum(turns, dtype=np.complex128)])
    is_run = np.abs(sums[RUN:] - sums[:-RUN]) >= COHERENT * RUN
    is_tone = np.zeros(len(column), dtype=bool)
    for shift in range(RUN + 1):
        is_tone[shift : shift + len(is_run)] |= is_run
    runs = _joined(true_runs(is_tone), round(HIDDEN / FRAME))
    runs = [(begin, end) for begin, end in runs if end - begin >= fewest]
    levels = 20 * np.log10(np.abs(column) + 1e-6) if runs else np.empty(0)
    for first, last in runs:
        if first < 2 or last > len(column) - 2:
            continue
        level = float(np.median(levels[first:last][is_tone[first:last]]))
        loud = np.flatnonzero(levels[first:last] >= level - STEP)
        begin, end = first + int(loud[0]), first + int(loud[-1]) + 1
        own = levels[begin + 1 : end - 1][is_tone[begin + 1 : end - 1]]
        step = _step(levels, begin, end, level)
        if step < STEP or not _is_flat(own):
            continue
        inner = is_tone[begin : end - 1] & is_tone[begin + 1 : end]
        angles = turns[begin : end - 1][inner][1:-1]
        if not len(angles):
            continue
        deviation = float(np.median(np.abs(np.angle(angles * np.conj(angles.mean())))))
        if deviation <= DEVIATION:
            yield begin, end, step, deviation


def _joined(runs: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Runs, of which those at most a gap apart are one."""
    joined: list[tuple[int, int]] = []
    for begin, end in runs:
        if joined and begin - joined[-1][1] <= gap:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    return joined


def _step(levels: Array, begin: int, end: int, level: float) -> float:
    """A level over the lowest ones before and after a stretch."""
    beside = round(BESIDE / FRAME)
    before = levels[max(0, begin - beside) : begin - 1].min()
    return level - float(max(before, levels[end + 1 : end + beside].min()))


def _is_flat(levels: Array) -> bool:
    middle = np.median(levels)
    spread = 1.4826 * np.median(np.abs(levels - middle))
    half = len(levels) // 2
    drift = abs(np.median(levels[:half]) - np.median(levels[half:]))
    return bool(max(spread, drift) <= FLAT)
