"""DC offset: the mean of the samples is not zero."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.defect import Defect, Finding
from featkit.auditing.measure import Piece
from featkit.auditing.signal.windows import by_channel, in_windows, unit_of, window_ranges

WINDOW = 0.1
"""Seconds whose mean is taken."""

SMOOTHED = 9
"""Windows whose median is taken, so that slow waves do not count."""

SHORTEST = 0.7
"""Shortest part with an offset in seconds; a shorter recording counts as a whole."""

OFFSET = 0.005
"""Smallest offset that counts at any level: 0.5 % of full scale, -46 dBFS."""

QUIET_OFFSET, QUIET_SHARE = 0.001, 0.1
"""Smallest offset that counts if it is also this share of the root mean square of the sound."""

STEADY = 0.5
"""Largest standard deviation of smoothed means, relative to the offset."""

CERTAIN = 6.0
"""Smallest offset relative to its standard error, from the means of windows."""


def _find(piece: Piece) -> Iterator[Finding]:
    channels = by_channel(piece.samples)
    for number, channel in enumerate(channels):
        place = number if len(channels) > 1 else -1
        yield from _of_channel(channel, piece, place)


def _of_channel(y: Array, piece: Piece, place: int) -> Iterator[Finding]:
    windows = in_windows(y, max(1, round(WINDOW * piece.rate)))
    means = windows.mean(axis=1, dtype=np.float64) * unit_of(y)
    smooth = _running_median(means, SMOOTHED)
    fewest = min(round(SHORTEST / WINDOW), len(means))
    for sign in (1, -1):
        lowest = max(QUIET_OFFSET, float((sign * smooth).max()) / 2)
        ranges = window_ranges(
            sign * smooth > lowest, windows.shape[1], len(y), piece.rate, piece.start
        )
        for begin, end, start, stop in ranges:
            offset = float(np.mean(means[begin:end]))
            strength = _strength(abs(offset), windows[begin:end])
            steady = np.std(smooth[begin:end]) <= STEADY * abs(offset)
            error = np.std(means[begin:end]) / np.sqrt(end - begin)
            if (
                end - begin >= fewest
                and steady
                and strength >= 1
                and abs(offset) >= CERTAIN * error
            ):
                yield Finding(start, stop, 100 * offset, strength, place)


def _running_median(values: Array, size: int) -> Array:
    padded = np.pad(values, size // 2, mode="edge")
    median: Array = np.median(np.lib.stride_tricks.sliding_window_view(padded, size), axis=1)
    return median


def _strength(offset: float, windows: Array) -> float:
    """The offset relative to the smallest one that counts at the level of the sound."""
    level = float(np.std(windows, dtype=np.float64)) * unit_of(windows)
    return offset / min(OFFSET, max(QUIET_OFFSET, QUIET_SHARE * level))


def _message(share: float) -> str:
    return f"the samples have an offset of {share:.2g} % of full scale"


def _severity(share: float, value: float) -> str:
    return "medium" if abs(value) >= 2 else "low"


DEFECT = Defect(
    name="dc_offset",
    title="DC offset",
    description="A mean of a channel other than zero for at least 0.7 s: 0.5 % of full scale, or"
    " 0.1 % if it is also a tenth of the root mean square. The value is the offset.",
    unit="% of full scale",
    find=_find,
    message=_message,
    remedy="subtract the mean, or filter out what is below 20 Hz",
    severity=_severity,
    gap=0.2,
    picture="waveform",
)
