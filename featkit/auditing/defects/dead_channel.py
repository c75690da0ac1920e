"""Dead channels: one channel is silent while another one has sound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.defect import Defect, Finding
from featkit.auditing.measure import Piece
from featkit.auditing.signal.cross_correlation import in_blocks, lagged_correlations
from featkit.auditing.signal.windows import in_windows, window_ranges

WINDOW = 0.1
"""Seconds whose levels are compared."""

BELOW = 60.0
"""Level of the loudest channel over that of a dead one in dB."""

ALIVE = 1e-3
"""Level of the loudest channel from which on a window counts: -60 dBFS."""

AUDIBLE = 10.0
"""Level of the loudest channel over that of a dead one in a window that counts: 20 dB. In pauses,
channels that are alive may be equal to a dead one."""

MOSTLY = 0.99
"""Share of the windows with sound from which on a channel is dead throughout."""

SHORTEST = 0.5
"""Shortest sound of the other channel in seconds, while a channel is dead that is alive elsewhere.
"""

COHERENT = 0.5
"""Lowest correlation of such a channel with another one where it is alive: a microphone that hears
the same scene, up to `LAG` seconds later. Instruments on one side pause without a defect."""

LAG = 0.002

LOWEST_RATE = 8000.0
"""Sample rate in Hz at which channels are correlated."""


def _find(piece: Piece) -> Iterator[Finding]:
    if piece.samples.ndim == 1:
        return
    windows = in_windows(piece.channels, max(2, round(WINDOW * piece.rate)))
    levels = windows.std(axis=1)
    loudest = levels.max(axis=1)
    with_sound = loudest >= ALIVE
    if not with_sound.any():
        return
    limit = 10 ** (-BELOW / 20) * np.sqrt(np.mean(np.square(loudest[with_sound])))
    quiet = levels <= limit
    dead = quiet & (with_sound & (loudest >= AUDIBLE * levels.min(axis=1)))[:, None]
    counts = dead.sum(axis=0)
    throughout = (counts > 0) & (counts >= MOSTLY * (counts + (~quiet).sum(axis=0)))
    if np.count_nonzero(throughout) > 1:  # unused channels of a surround format
        return
    for channel in np.flatnonzero(counts).tolist():
        flags = np.full(len(dead), True) if throughout[channel] else quiet[:, channel]
        ranges = window_ranges(flags, windows.shape[1], len(piece.samples), piece.rate, piece.start)
        for begin, end, start, stop in ranges:
            count = np.count_nonzero(dead[begin:end, channel])
            if not throughout[channel] and count < SHORTEST / WINDOW:
                continue
            if throughout[channel] or _coherence(windows[~flags], channel, piece.rate) >= COHERENT:
                below = _decibels_below(levels[begin:end], channel)
                yield Finding(start, stop, below, max(1.0, below / BELOW), channel)


def _coherence(windows: Array, channel: int, rate: float) -> float:
    """Median over windows of the largest correlation of a channel with another one at any lag."""
    blocks, rate = in_blocks(windows, rate, LOWEST_RATE)
    lags = min(round(LAG * rate), blocks.shape[1] // 2 - 1)
    if lags < 1:
        return 0.0
    correlations = [
        np.median(np.abs(lagged_correlations(blocks[..., k], blocks[..., channel], lags)).max(1))
        for k in range(blocks.shape[2])
        if k != channel
    ]
    return float(max(correlations))


def _decibels_below(levels: Array, channel: int) -> float:
    """Level of the loudest channel over that of a channel, at most 120 dB."""
    powers = np.mean(np.square(levels, dtype=np.float64), axis=0)
    ratio = powers.max() / max(powers[channel], 1e-12 * powers.max())
    return float(10 * np.log10(ratio))


def _message(below: float) -> str:
    return f"a channel is silent, {below:.0f} dB below the loudest one"


def _severity(share: float, below: float) -> str:
    return "medium"


DEFECT = Defect(
    name="dead_channel",
    title="dead channel",
    description="One channel is at least 60 dB below the loudest one: throughout, or for at least"
    " 0.5 s in recordings whose channels are otherwise correlated. The value is the difference.",
    unit="dB",
    find=_find,
    message=_message,
    remedy="use the other channel only, since the mean of the channels is 6 dB too quiet",
    severity=_severity,
    gap=0.3,
    picture="channels",
)
