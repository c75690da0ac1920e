"""Loudness and weighted integrals of the specific loudness of clips, by ISO 532-1.

The results of several families come from the same analysis, which is kept for each calibration and
sound field.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.segments import Segments
from featkit.dsp.zwicker_decay import decayed, temporally_weighted
from featkit.dsp.zwicker_levels import (
    LEVEL_RATE,
    SILENCE,
    band_powers,
    batches,
    mean_band_powers,
)
from featkit.dsp.zwicker_loudness import BARK, SpecificLoudness, core_loudness

FRAME_RATE = 500
"""Frames of the time-varying loudness per second: the standard's 2 ms."""

LOWEST_RATE = 8000.0
"""Lowest sample rate in Hz at which clips are analysed: half of the 24 Bark is then below half the
sample rate."""

WEIGHTS = np.stack(
    [
        BARK * np.where(BARK > 15.8, 0.15 * np.exp(0.42 * (BARK - 15.8)) + 0.85, 1),
        BARK * np.where(BARK > 15, 0.2 * np.exp(0.308 * (BARK - 15)) + 0.8, 1),
        0.078 * np.exp(0.171 * BARK),
    ]
)
"""Weights z g(z) of the specific loudness for sharpness by DIN 45692, von Bismarck and Aures; the
last without its factor that depends on the loudness."""

ROWS = 2 + len(WEIGHTS)
"""Rows of the values of a clip."""

SETTLING = 1
"""Seconds before a batch from which the temporal weighting is computed."""


class ZwickerLoudness:
    """Loudness of the clips of a stack, and integrals of its specific loudness.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz.
    """

    def __init__(self, clips: Sequence[Clip], sr: float) -> None:
        self._clips, self._sr = tuple(clips), sr
        self._results: dict[tuple[str, float, bool], tuple[Array, Segments]] = {}

    def values(self, method: str, full_scale: float, *, diffuse: bool) -> tuple[Array, Segments]:
        """Compute the loudness and the integrals, or return those computed before.

        Parameters
        ----------
        method : {"time_varying", "stationary"}
            Whether there is a frame every 2 ms, or one for each clip.
        full_scale : float
            Sound pressure level of a constant signal of full scale, in dB.
        diffuse : bool
            Whether the sound field is diffuse rather than free.

        Returns
        -------
        values : array of float64, shape ``(5, frames)``
            Loudness in sone; the integral of the specific loudness, which is the loudness before
            temporal weighting; and the integrals with the rows of `WEIGHTS`. NaN below a sample
            rate of `LOWEST_RATE`.
        segments : Segments
            Frames of each clip.
        """
        key = method, full_scale, diffuse
        if key not in self._results:
            one = _stationary if method == "stationary" else _time_varying
            parts = [one(clip, self._sr, full_scale, diffuse) for clip in self._clips]
            segments = Segments([part.shape[1] for part in parts])
            self._results[key] = np.concatenate(parts, axis=1), segments
        return self._results[key]


def _levels(powers: Array, full_scale: float) -> Array:
    """Sound pressure levels in dB of mean squares re full scale."""
    return 10 * np.log10(np.maximum(powers, SILENCE)) + full_scale


def _stationary(clip: Clip, sr: float, full_scale: float, diffuse: bool) -> Array:
    """Values of a clip: ``(5, 1)``."""
    if sr < LOWEST_RATE:
        return np.full((ROWS, 1), np.nan)
    levels = _levels(mean_band_powers(clip, sr), full_scale)
    specific = SpecificLoudness(core_loudness(levels[:, None], diffuse=diffuse))
    return np.concatenate([[specific.total], [specific.total], specific.weighted(WEIGHTS)])


def _time_varying(clip: Clip, sr: float, full_scale: float, diffuse: bool) -> Array:
    """Values of a clip over time: ``(5, frames)``."""
    frames = 1 + int((len(clip) - 1) / sr * FRAME_RATE)
    values = np.full((ROWS, frames), np.nan)
    if sr < LOWEST_RATE:
        return values
    every = LEVEL_RATE // FRAME_RATE
    for start, seconds in batches(len(clip), sr):
        levels = _levels(band_powers(clip, sr, start, seconds), full_scale)
        settling = min(SETTLING, start)
        core = decayed(core_loudness(levels, diffuse=diffuse), settling + seconds)
        total = SpecificLoudness(core).total
        part = values[:, start * FRAME_RATE : (start + seconds) * FRAME_RATE]
        end = settling * LEVEL_RATE + every * part.shape[1]
        own = slice(settling * LEVEL_RATE, end, every)
        part[0] = temporally_weighted(total)[own]
        part[1] = total[own]
        part[2:] = SpecificLoudness(core[:, own]).weighted(WEIGHTS)
    return values
