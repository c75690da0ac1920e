"""Envelopes of soundscapes: the greatest absolute value in windows of 512 samples.

The definition is scikit-maad's: the mean of the clip is subtracted first, and an incomplete last
window is left out. A clip is read once, in pieces. Its envelope is held, so that the median is
exact: that of an hour at 22,050 Hz has 155,000 values.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from featkit._utils.lazy import cached_property
from featkit._utils.typing import Array
from featkit.dsp import _compiled
from featkit.dsp.disk_array import Clip, pieces
from featkit.dsp.segments import Segments

WINDOW = 512
"""Samples in a window of the envelope."""

GREATEST_EXPONENT = 100
"""Largest power of two, either way, by which a clip is multiplied. The squares of its amplitudes
then are single-precision numbers, and so is the window times the factor."""


class Envelope:
    """Envelope of a clip.

    Parameters
    ----------
    values : array of float64, shape ``(windows,)``
        Greatest absolute value of the samples less the clip's mean, in consecutive windows of
        `WINDOW` samples; an incomplete last window is left out.
    """

    def __init__(self, values: Array) -> None:
        self.values = values

    @cached_property
    def median(self) -> float:
        """Median of the values; NaN without any."""
        count, half = len(self.values), len(self.values) // 2
        if not count:
            return math.nan
        parts = np.partition(self.values, half)
        upper = float(parts[half])
        return upper if count % 2 else (float(np.maximum.reduce(parts[:half])) + upper) / 2

    @cached_property
    def exponent(self) -> int:
        """Power of two that brings the greatest value to full scale, of limited size."""
        peak = float(np.maximum.reduce(self.values, initial=0.0))
        exponent = -math.frexp(peak)[1]
        return max(-GREATEST_EXPONENT, min(exponent, GREATEST_EXPONENT)) if peak else 0


class Envelopes:
    """Envelopes of clips, each computed when it is first used.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
        Clips.
    """

    def __init__(self, clips: Sequence[Clip]) -> None:
        self._clips = tuple(clips)
        self._computed: dict[int, Envelope] = {}

    def __len__(self) -> int:
        return len(self._clips)

    def __getitem__(self, clip: int) -> Envelope:
        """Return the envelope of a clip.

        Parameters
        ----------
        clip : int
            Number of the clip.

        Returns
        -------
        Envelope
        """
        if clip not in self._computed:
            self._computed[clip] = peak_envelope(self._clips[clip])
        return self._computed[clip]

    def __iter__(self) -> Iterator[Envelope]:
        return (self[clip] for clip in range(len(self)))

    @cached_property
    def segments(self) -> Segments:
        """Windows of each clip; a clip without any counts as one."""
        return Segments([max(1, len(envelope.values)) for envelope in self])

    @cached_property
    def values(self) -> Array:
        """Envelopes of all clips side by side, NaN for a clip without windows, ``(windows,)``."""
        none = np.full(1, np.nan)
        return np.concatenate([e.values if len(e.values) else none for e in self])

    @cached_property
    def medians(self) -> Array:
        """Median of each clip, NaN if it is 0 or there is no window, ``(clips,)``."""
        return np.array([envelope.median or np.nan for envelope in self])

    @cached_property
    def relative(self) -> Array:
        """Values over the median of their clip, ``(windows,)``."""
        return np.asarray(self.values / self.segments.to_frames(self.medians))


def peak_envelope(clip: Clip) -> Envelope:
    """Compute the envelope of a clip: the greatest absolute value in windows of `WINDOW` samples.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
        Samples.

    Returns
    -------
    Envelope
        Without any window if the clip is shorter than one.
    """
    highs: list[Array] = []
    lows: list[Array] = []
    total = 0.0
    pending: Array = np.empty(0, dtype=np.float32)
    for piece in pieces(clip):
        x = np.concatenate([pending, piece]) if len(pending) else piece
        complete = len(x) // WINDOW * WINDOW
        high, low, sums = _window_extremes(x[:complete])
        highs.append(high)
        lows.append(low)
        total += float(np.add.reduce(sums))
        pending = x[complete:]
    mean = (total + float(np.add.reduce(pending, dtype=np.float64))) / len(clip)
    high, low = (x[0] if len(x) == 1 else np.concatenate(x) for x in (highs, lows))
    return Envelope(
        np.maximum(
            np.subtract(high, mean, dtype=np.float64), np.subtract(mean, low, dtype=np.float64)
        )
    )


def _window_extremes(x: Array) -> tuple[Array, Array, Array]:
    """Greatest and least value, and the sum, of consecutive windows."""
    windows = len(x) // WINDOW
    if _compiled.core is None:
        rows = x.reshape(windows, WINDOW)
        return rows.max(axis=1), rows.min(axis=1), np.add.reduce(rows, axis=1, dtype=np.float64)
    high, low = np.empty((2, windows), dtype=np.float32)
    sums: Array = np.empty(windows)
    _compiled.core.window_extremes(np.ascontiguousarray(x), WINDOW, high, low, sums)
    return high, low, sums
