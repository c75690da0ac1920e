"""Loudness by ISO 532-1 (Zwicker): from third-octave levels to sone, for many frames at once.

Third-octave levels become levels of critical bands, these become core loudness, and masking
towards higher frequencies makes of it the specific loudness over critical-band rate, from 0 to 24
Bark. The tables are those of the standard, which took them from DIN 45631.

Masking is a slope of specific loudness that depends on its value and on the band. It is piecewise
linear, so that `slopes` integrates it exactly; the standard adds up the same straight parts. The
standard rounds the loudness to three digits, this module does not.

References
----------
ISO 532-1:2017, "Acoustics - Methods for calculating loudness - Part 1: Zwicker method".

Zwicker, E., Fastl, H., Widmann, U., Kurakata, K., Kuwano, S. and Namba, S. "Program for calculating
loudness according to DIN 45631 (ISO 532B)", Journal of the Acoustical Society of Japan (E) 12(1),
1991.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array

BAND_CENTRES = 1000 * 10 ** (np.arange(-16, 12) / 10)
"""Exact centre frequencies of the 28 third-octave bands from 25 Hz to 12.5 kHz, in Hz."""

CRITICAL_BANDS = 20
"""Critical bands with a core loudness: three of several third octaves, 17 of a single one."""

EQUAL_LOUDNESS_LEVELS = np.array([45, 55, 65, 71, 80, 90, 100, 120.0])
"""Levels in dB from which the next row of `LOW_BAND_CORRECTIONS` holds."""

LOW_BAND_CORRECTIONS = np.array(
    [
        [-32, -24, -16, -10, -5, 0, -7, -3, 0, -2, 0],
        [-29, -22, -15, -10, -4, 0, -7, -2, 0, -2, 0],
        [-27, -19, -14, -9, -4, 0, -6, -2, 0, -2, 0],
        [-25, -17, -12, -9, -3, 0, -5, -2, 0, -2, 0],
        [-23, -16, -11, -7, -3, 0, -4, -1, 0, -1, 0],
        [-20, -14, -10, -6, -3, 0, -4, -1, 0, -1, 0],
        [-18, -12, -9, -6, -2, 0, -3, -1, 0, -1, 0],
        [-15, -10, -8, -4, -2, 0, -3, -1, 0, -1, 0.0],
    ]
)
"""Corrections of the 11 lowest third octaves by equal-loudness contours, in dB."""

LOW_BAND_EDGES = (0, 6, 9, 11)
"""First third octave of each of the three lowest critical bands, and the end."""

THRESHOLD = np.array([30, 18, 12, 8, 7, 6, 5, 4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3.0])
"""Excitation level of each critical band at the threshold in quiet, in dB."""

EAR_TRANSMISSION = np.array(
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -0.5, -1.6, -3.2, -5.4, -5.6, -4, -1.5, 2, 5, 12]
)
"""Attenuation between the free field and the inner ear, in dB."""

DIFFUSE_FIELD = np.array(
    [0, 0, 0.5, 0.9, 1.2, 1.6, 2.3, 2.8, 3, 2, 0, -1.4, -2, -1.9, -1, 0.5, 3, 4, 4.3, 4]
)
"""Level difference between the free and the diffuse field, in dB."""

BAND_WIDTH = np.ravel(
    [
        [-0.25, -0.6, -0.8, -0.8, -0.5, 0, 0.5, 1.1, 1.5, 1.7],
        [1.8, 1.8, 1.7, 1.6, 1.4, 1.2, 0.8, 0.5, 0, -0.5],
    ]
)
"""Level of a third octave less that of the critical band, in dB."""

UPPER_LIMITS = np.ravel(
    [
        [0.9, 1.8, 2.8, 3.5, 4.4, 5.4, 6.6],
        [7.9, 9.2, 10.6, 12.3, 13.8, 15.2, 16.7],
        [18.1, 19.3, 20.6, 21.8, 22.7, 23.6, 24.0],
    ]
)
"""Upper limits of the critical bands in Bark; above the 20th there is masking only."""

SLOPE_LIMITS = np.array(
    [21.5, 18, 15.1, 11.5, 9, 6.1, 4.4, 3.1, 2.13, 1.36, 0.82, 0.42, 0.3, 0.22, 0.15, 0.1, 0.035, 0]
)
"""Specific loudness down to which a row of `SLOPES` holds, in sone per Bark."""

SLOPES = np.array(
    [
        [13, 8.2, 6.3, 5.5, 5.5, 5.5, 5.5, 5.5],
        [9, 7.5, 6, 5.1, 4.5, 4.5, 4.5, 4.5],
        [7.8, 6.7, 5.6, 4.9, 4.4, 3.9, 3.9, 3.9],
        [6.2, 5.4, 4.6, 4, 3.5, 3.2, 3.2, 3.2],
        [4.5, 3.8, 3.6, 3.2, 2.9, 2.7, 2.7, 2.7],
        [3.7, 3, 2.8, 2.35, 2.2, 2.2, 2.2, 2.2],
        [2.9, 2.3, 2.1, 1.9, 1.8, 1.7, 1.7, 1.7],
        [2.4, 1.7, 1.5, 1.35, 1.3, 1.3, 1.3, 1.3],
        [1.95, 1.45, 1.3, 1.15, 1.1, 1.1, 1.1, 1.1],
        [1.5, 1.2, 0.94, 0.86, 0.82, 0.82, 0.82, 0.82],
        [0.72, 0.67, 0.64, 0.63, 0.62, 0.62, 0.62, 0.62],
        [0.59, 0.53, 0.51, 0.5, 0.42, 0.42, 0.42, 0.42],
        [0.4, 0.33, 0.26, 0.24, 0.24, 0.22, 0.22, 0.22],
        [0.27, 0.21, 0.2, 0.18, 0.17, 0.17, 0.17, 0.17],
        [0.16, 0.15, 0.14, 0.12, 0.11, 0.11, 0.11, 0.11],
        [0.12, 0.11, 0.1, 0.08, 0.08, 0.08, 0.08, 0.08],
        [0.09, 0.08, 0.07, 0.06, 0.06, 0.06, 0.06, 0.05],
        [0.06, 0.05, 0.03, 0.02, 0.02, 0.02, 0.02, 0.02],
    ]
)
"""Decrease of the specific loudness in sone per Bark, per Bark: rows by its value, columns by the
critical band, from the second to the ninth; those above use the last column."""

BARK = np.arange(1, 241) / 10
"""Critical-band rates of the specific loudness, in Bark."""

TOP = 1e4
"""Greatest specific loudness of the tables of slopes, in sone per Bark; larger values of the core
loudness are limited to it. It is reached some 240 dB above the threshold."""


def core_loudness(levels: Array, *, diffuse: bool = False) -> Array:
    """Compute the core loudness of each critical band from third-octave levels.

    Parameters
    ----------
    levels : array, shape ``(28, frames)``
        Levels of the third octaves from 25 Hz to 12.5 kHz, in dB re 20 µPa.
    diffuse : bool
        Whether the sound field is diffuse rather than free.

    Returns
    -------
    array of float64, shape ``(21, frames)``
        Sone per Bark, at least 0; the last row, for masking only, is 0.
    """
    excitation = np.concatenate([_low_band_levels(levels[:11]), levels[11:]])
    excitation -= EAR_TRANSMISSION[:, None]
    if diffuse:
        excitation += DIFFUSE_FIELD[:, None]
    above = excitation > THRESHOLD[:, None]
    over = np.minimum(excitation - (BAND_WIDTH + THRESHOLD)[:, None], 400)
    core = np.zeros((CRITICAL_BANDS + 1, levels.shape[1]))
    gain = 0.0635 * 10 ** (0.025 * THRESHOLD[:, None])
    core[:-1] = gain * (np.sqrt(np.sqrt(0.75 + 0.25 * 10 ** (over / 10))) - 1)
    core[:-1] *= above
    np.clip(core, 0, TOP, out=core)
    # The lowest critical band is narrower for soft sounds.
    core[0] *= np.minimum(1, 0.4 + 0.32 * core[0] ** 0.2)
    return core


def _low_band_levels(levels: Array) -> Array:
    """Levels of the three lowest critical bands from those of 11 third octaves, ``(3, frames)``."""
    limits = EQUAL_LOUDNESS_LEVELS[:, None] - LOW_BAND_CORRECTIONS
    power = np.empty_like(levels, dtype=np.float64)
    for band, level in enumerate(levels):
        row = np.minimum(np.searchsorted(limits[:, band], level, side="left"), len(limits) - 1)
        power[band] = 10 ** ((level + LOW_BAND_CORRECTIONS[row, band]) / 10)
    sums = [power[a:b].sum(axis=0) for a, b in pairwise(LOW_BAND_EDGES)]
    return 10 * np.log10(np.maximum(sums, 1e-30))


class _Masking(NamedTuple):
    """Slope of a critical band as a function of the specific loudness, at its corners."""

    loudness: Array
    """Specific loudness at the corners, ascending from 0."""
    distance: Array
    """Bark from a corner down to a specific loudness of 0."""
    area: Array
    """Loudness under the slope from a corner to 0."""


@lru_cache(maxsize=8)
def _masking(column: int) -> _Masking:
    corners = np.concatenate([[TOP], SLOPE_LIMITS])[::-1]
    steps = np.diff(corners)
    slopes = SLOPES[::-1, column]
    distance = np.concatenate([[0], np.cumsum(steps / slopes)])
    area = np.concatenate([[0], np.cumsum((corners[1:] ** 2 - corners[:-1] ** 2) / (2 * slopes))])
    return _Masking(corners, distance, area)


class SpecificLoudness:
    """Specific loudness of many frames: core loudness, and slopes above louder bands.

    Parameters
    ----------
    core : array, shape ``(21, frames)``
        Core loudness by `core_loudness`.
    """

    def __init__(self, core: Array) -> None:
        self._core = core
        self._starts: list[Array] = []
        loudness = np.zeros(core.shape[1])
        lower, masking = 0.0, np.zeros(core.shape[1])
        for band, upper in enumerate(UPPER_LIMITS.tolist()):
            self._starts.append(masking)
            masking, area = _through_band(masking, core[band], upper - lower, _column(band))
            loudness += area
            lower = upper
        self.total = loudness
        """Loudness in sone, ``(frames,)``."""

    def weighted(self, weights: Array) -> Array:
        """Integrate the specific loudness over the critical-band rate with weights.

        Parameters
        ----------
        weights : array, shape ``(rows, 240)``
            Weights at the critical-band rates `BARK`.

        Returns
        -------
        array of float64, shape ``(rows, frames)``
            Sum over `BARK` of specific loudness, weight and 0.1 Bark.
        """
        sums = np.zeros((len(weights), self._core.shape[1]))
        for k in range(len(BARK)):
            specific = self.at(k)
            for row, weight in zip(sums, weights[:, k].tolist(), strict=True):
                row += 0.1 * weight * specific
        return sums

    def at(self, k: int) -> Array:
        """Return the specific loudness at a critical-band rate.

        Parameters
        ----------
        k : int
            Number of the rate in `BARK`, 0 to 239.

        Returns
        -------
        array of float64, shape ``(frames,)``
            Sone per Bark.
        """
        z = float(BARK[k])
        band = int(np.searchsorted(UPPER_LIMITS, z - 1e-9))
        lower = float(UPPER_LIMITS[band - 1]) if band else 0.0
        sloping = _decayed(self._starts[band], z - lower, _column(band))
        return np.asarray(np.maximum(self._core[band], sloping))


def _column(band: int) -> int:
    """Column of the table of slopes for a critical band."""
    return int(np.clip(band - 1, 0, SLOPES.shape[1] - 1))


def _decayed(start: Array, bark: float, column: int) -> Array:
    """Specific loudness on the slope, some Bark after it had the value `start`."""
    masking = _masking(column)
    return np.asarray(np.interp(_reach(masking, start) - bark, masking.distance, masking.loudness))


def _through_band(start: Array, core: Array, width: float, column: int) -> tuple[Array, Array]:
    """Specific loudness at the upper limit of a band, and the loudness of the band."""
    masking = _masking(column)
    end = np.maximum(core, _decayed(start, width, column))
    top = np.maximum(start, end)
    sloping = _reach(masking, top) - _reach(masking, end)
    area = _area(masking, top) - _area(masking, end)
    return end, area + end * (width - sloping)


def _reach(masking: _Masking, loudness: Array) -> Array:
    """Bark on the slope from a specific loudness down to 0."""
    return np.interp(loudness, masking.loudness, masking.distance)


def _area(masking: _Masking, loudness: Array) -> Array:
    """Loudness under the slope on the slope from a specific loudness down to 0."""
    k = np.clip(np.searchsorted(masking.loudness, loudness) - 1, 0, len(masking.loudness) - 2)
    low, high = masking.loudness[k], masking.loudness[k + 1]
    slope = (high - low) / (masking.distance[k + 1] - masking.distance[k])
    return np.asarray(masking.area[k] + (loudness**2 - low**2) / (2 * slope))


def loudness_level(loudness: Array) -> Array:
    """Convert loudness to loudness level, by ISO 532-1.

    Parameters
    ----------
    loudness : array
        Sone, at least 0.

    Returns
    -------
    array of float64
        Phon, at least 3: 40 at 1 sone, and 10 more for twice the loudness above.
    """
    loud = 40 + 10 * np.log2(np.maximum(loudness, 1))
    soft = 40 * (loudness + 0.0005) ** 0.35
    return np.asarray(np.maximum(np.where(loudness >= 1, loud, soft), 3))
