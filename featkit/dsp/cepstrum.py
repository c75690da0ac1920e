"""Cepstra: cosine transforms of levels in frequency bands."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import _compiled
from featkit.dsp.bins import sums_by_four, sums_over_bins
from featkit.dsp.filters import read_only


class Cepstrum:
    """The cepstrum of some frames, for any number of coefficients; each is computed once.

    Parameters
    ----------
    levels : array of float32, shape ``(bands, frames)``
        Level of each band in dB.
    """

    def __init__(self, levels: Array) -> None:
        self._levels = levels
        self._computed: dict[int, Array] = {}

    def __call__(self, count: int) -> Array:
        """Return the first coefficients.

        Parameters
        ----------
        count : int
            Number of coefficients, at most that of bands.

        Returns
        -------
        array of float32, shape ``(count, frames)``
        """
        if count not in self._computed:
            self._computed[count] = cepstrum(self._levels, count)
        return self._computed[count]


def cepstrum(levels: Array, count: int) -> Array:
    """Compute the first coefficients of the orthonormal cosine transform (DCT-II) over bands.

    The level of the middle band is subtracted first. This changes the first coefficient only, and
    makes rounding relative to differences of level.

    Parameters
    ----------
    levels : array of float32, shape ``(bands, frames)``
        Level of each band, usually in dB.
    count : int
        Number of coefficients, at most that of bands.

    Returns
    -------
    array of float32, shape ``(count, frames)``
    """
    cosines = _cosines(len(levels), count)
    if _compiled.core is None or not levels.flags.c_contiguous:
        centre = levels[len(levels) // 2]
        halves = _halves(levels, centre)
        rows = [
            sums_by_four(halves[k % 2] * cosine[:, None])
            + sums_over_bins(halves[k % 2] * error[:, None])
            for k, (cosine, error) in enumerate(zip(*cosines, strict=True))
        ]
        rows[0] += centre * (cosines[0, 0, 0] * np.float32(len(levels)))
        return np.stack(rows)
    coefficients = np.empty((count, levels.shape[1]), dtype=np.float32)
    _compiled.core.cosines(levels, len(levels), cosines, coefficients)
    return coefficients


def _halves(levels: Array, centre: Array) -> tuple[Array, Array]:
    """Sum and difference of each band, less the middle one, and its mirror image.

    The middle one of an odd number of bands has none.
    """
    half, pairs = (len(levels) + 1) // 2, len(levels) // 2
    first, mirrored = levels[:half], levels[::-1][:half]
    sums, differences = first - centre, first - mirrored
    sums[:pairs] += mirrored[:pairs] - centre
    return sums, differences


@lru_cache(maxsize=16)
def _cosines(bands: int, count: int) -> Array:
    """Weights of the first half of the bands, which mirrors the other, ``(2, count, half)``.

    In single precision, and the errors that it has: a rounded weight would have the same error in
    all frames, which a mean over frames retains.
    """
    band, k = np.arange((bands + 1) // 2), np.arange(count)[:, None]
    cosines = np.sqrt(2 / bands) * np.cos(np.pi / bands * (band + 0.5) * k)
    cosines[0] /= np.sqrt(2)
    rounded = cosines.astype(np.float32)
    return read_only(np.stack([rounded, (cosines - rounded).astype(np.float32)]))
