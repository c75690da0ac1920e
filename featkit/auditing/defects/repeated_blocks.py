"""Repeated blocks: a lost block of samples was replaced by the one before it.

Samples of the same sound are never equal twice, not even those of a steady tone, unless they were
copied. Peaks whose neighbours are equal are candidates; then all samples are compared.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.defect import Defect, Finding
from featkit.auditing.measure import Piece
from featkit.auditing.signal.windows import by_channel, unit_of

SHORTEST, LONGEST = 0.002, 0.1
"""Seconds of a block that is repeated, and largest distance of its copy."""

LONGEST_RUN = 0.5
"""Seconds of repetition from which on a sound is taken as synthetic: its waves are exact copies."""

RADIUS = 8
"""Samples on either side than which a peak is higher; a power of 2."""

NEIGHBOURS = (-7, -5, -3, -2, -1, 0, 1, 2, 4, 6)
"""Samples around a peak that must be equal."""

QUIETEST = 20.0 / 32768
"""Lowest standard deviation of a block: 20 steps of 16 bits. Quieter sound repeats by chance."""

MOST_CANDIDATES = 2000
"""Most pairs of peaks that are compared in a piece, in order."""


def _find(piece: Piece) -> Iterator[Finding]:
    channels = by_channel(piece.samples)
    for number, channel in enumerate(channels):
        place = number if len(channels) > 1 else -1
        for begin, end, lag in _repetitions(channel, piece.rate):
            start, stop = piece.start + begin / piece.rate, piece.start + end / piece.rate
            yield Finding(start, stop, 1000 * lag / piece.rate, 2.0, place)


def _repetitions(y: Array, rate: float) -> Iterator[tuple[int, int, int]]:
    """Runs of samples that equal those a lag before: first, the one after the last, and lag."""
    first, second = _equal_peaks(y, round(LONGEST * rate))
    shortest, longest = max(16, round(SHORTEST * rate)), round(LONGEST_RUN * rate)
    done = 0
    for early, late in zip(first.tolist(), second.tolist(), strict=True):
        lag = late - early
        if late < done or lag < shortest:
            continue
        begin, end = _equal_run(y, late, lag, longest)
        if end - begin < max(shortest, lag // 2):
            continue
        done = end
        block = y[begin:end].astype(np.float64) * unit_of(y)
        if end - begin < longest and block.std() >= QUIETEST:
            yield begin, end, lag


def _equal_peaks(y: Array, most: int) -> tuple[Array, Array]:
    """Pairs of peaks with equal neighbours at most a distance apart, in order of the second."""
    peaks = _peaks(y)
    codes = y.view(np.int16 if y.dtype == np.int16 else np.int32)
    keys = np.zeros(len(peaks), dtype=np.uint64)
    for offset in NEIGHBOURS:
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + codes[peaks + offset].astype(np.uint64)
    # A number of 36 bits of the key and 28 of the position: sorted by key, then by position.
    position = np.uint64(2**28 - 1)
    numbers = np.sort((keys & ~position) | peaks.astype(np.uint64))
    ordered = (numbers & position).astype(np.int64)
    same = np.diff(numbers & ~position) == 0
    pairs = np.flatnonzero(same & (np.diff(ordered) <= most))
    chosen = pairs[np.argsort(ordered[pairs + 1], kind="stable")][:MOST_CANDIDATES]
    return ordered[chosen], ordered[chosen + 1]


def _peaks(y: Array) -> Array:
    """Positions of samples that are higher than their neighbours."""
    if len(y) <= 2 * RADIUS:
        return np.empty(0, dtype=np.int64)
    highest = y
    for step in (1, 2, 4):  # the largest of 2, 4 and 8 samples from each one on
        highest = np.maximum(highest[:-step], highest[step:])
    middle = y[RADIUS:-RADIUS]
    is_peak = (middle > highest[: len(middle)]) & (middle >= highest[RADIUS + 1 :])
    peaks: Array = np.flatnonzero(is_peak) + RADIUS
    return peaks


def _equal_run(y: Array, place: int, lag: int, most: int) -> tuple[int, int]:
    """The run of samples around a place that equal those a lag before; at most so many."""
    low, high = max(lag, place - most), min(len(y), place + most)
    differ = np.flatnonzero(y[low:high] != y[low - lag : high - lag]) + low
    after = int(np.searchsorted(differ, place))
    begin = int(differ[after - 1]) + 1 if after else low
    end = int(differ[after]) if after < len(differ) else high
    return begin, end


def _message(milliseconds: float) -> str:
    return f"a block of {milliseconds:.3g} ms is repeated"


def _severity(share: float, milliseconds: float) -> str:
    return "medium"


DEFECT = Defect(
    name="repeated_blocks",
    title="repeated blocks",
    description="At least 2 ms of sound are an exact copy of those up to 100 ms before, as where a"
    " block was lost; repetition of 0.5 s or more is a synthetic sound. The value is the distance"
    " of the copy.",
    unit="ms",
    find=_find,
    message=_message,
    remedy="copy the file again, or leave the recording out",
    severity=_severity,
)
