"""Moments of the coefficients of wavelet bands: energy, mean, deviation.

The compiled core filters a clip and adds up the moments of its bands in one pass, a few thousand
samples at a time. Without it, the coefficients come from `featkit.dsp.dwt`.

References
----------
T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating formulae and a pairwise algorithm for computing
sample variances", COMPSTAT 1982.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import _compiled
from featkit.dsp.disk_array import Clip, pieces
from featkit.dsp.dwt import bands, max_level, symmetric_dwt, wavelet_filters

BLOCK = 2**14
"""Number of coefficients per sum, few enough for the cache of a core."""

FRAMES_AT_ONCE = 128
"""Number of frames per transform, few enough for the cache of a core."""

N_MOMENTS = 5
"""Number of moments of a band: count, mean, squared deviations, absolute values, energy."""


class BandMoments:
    """Moments of the coefficients of bands.

    Parameters
    ----------
    table : array of float64, shape ``(..., bands, N_MOMENTS)``
        As `band_moments` returns it; NaN where a band is undefined.

    Attributes
    ----------
    count, mean : array, shape ``(..., bands)``
        Number and mean of the coefficients.
    squared_deviations, absolute, energy : array, shape ``(..., bands)``
        Sums of the squared deviations from the mean, of the absolute values and of the squares.
    """

    def __init__(self, table: Array) -> None:
        moments = np.moveaxis(table, -1, 0).copy()
        self.count, self.mean, self.squared_deviations, self.absolute, self.energy = moments

    @property
    def std(self) -> Array:
        """Standard deviation (ddof 0)."""
        return np.asarray(np.sqrt(self.squared_deviations / self.count))

    @property
    def mean_abs(self) -> Array:
        """Mean of the absolute values."""
        return np.asarray(self.absolute / self.count)

    @property
    def mean_square(self) -> Array:
        """Mean of the squares."""
        return np.asarray(self.energy / self.count)


def band_moments(coefficients: Iterable[tuple[int, Array]], n_bands: int) -> Array:
    """Compute the moments of each band from coefficients that come in parts.

    Parameters
    ----------
    coefficients : iterable of tuple
        Band and coefficients, as from `featkit.dsp.dwt.bands`.
    n_bands : int
        Number of bands.

    Returns
    -------
    array of float64, shape ``(n_bands, N_MOMENTS)``
    """
    table = np.zeros((n_bands, N_MOMENTS))
    for band, c in coefficients:
        for start in range(0, len(c), BLOCK):
            _add(c[start : start + BLOCK], table[band])
    return table


def _add(c: Array, moments: Array) -> None:
    """Add coefficients to the moments of their band."""
    mean = float(np.mean(c))
    centred = c - mean
    deviations = float(np.einsum("i,i", centred, centred))
    count, difference = moments[0], mean - moments[1]
    share = len(c) / (count + len(c))
    moments += (
        len(c),
        difference * share,
        deviations + difference**2 * count * share,
        np.add.reduce(np.abs(c, out=centred)),
        deviations + len(c) * mean**2,
    )


def symmetric_moments(clips: Sequence[Clip], wavelet: str, level: int) -> BandMoments:
    """Compute the moments of the bands of ``pywt.wavedec(x, wavelet, "symmetric", level)``.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
    wavelet : str
        Name of the wavelet.
    level : int
        Number of levels.

    Returns
    -------
    BandMoments
        Of shape ``(clips, level + 1)``, NaN for clips that are too short for so many levels.
    """
    table = np.full((len(clips), level + 1, N_MOMENTS), np.nan)
    for moments, clip in zip(table, clips, strict=True):
        if max_level(len(clip), wavelet) < level:
            continue
        if _compiled.core is None:
            coefficients = bands(pieces(clip), symmetric_dwt(wavelet, level))
            moments[:] = band_moments(coefficients, level + 1)
        else:
            moments[:] = 0
            _add_compiled(clip, wavelet, level, moments)
    return BandMoments(table)


def _add_compiled(clip: Clip, wavelet: str, level: int, moments: Array) -> None:
    """Add the coefficients of a clip to the moments of its bands, ``(level + 1, N_MOMENTS)``."""
    assert _compiled.core is not None
    low, high = wavelet_filters(wavelet)
    kept, held = np.zeros((level, len(low))), np.full(level, -1, dtype=np.int64)
    n_read = 0
    for piece in pieces(clip):
        n_read += len(piece)
        x = np.ascontiguousarray(piece, dtype=np.float32)
        last = n_read == len(clip)
        _compiled.core.bands(x, 1, level, last, low, high, kept, held, moments)


def frame_powers(frames: Array, wavelet: str, level: int) -> Array:
    """Compute the mean square of the wavelet coefficients of each band of each frame.

    Parameters
    ----------
    frames : array of float32, shape ``(frames, samples)``
        The samples; each frame is extended symmetrically.
    wavelet : str
        Name of the wavelet.
    level : int
        Number of levels.

    Returns
    -------
    array of float64, shape ``(level + 1, frames)``
        Bands in the order of ``pywt.wavedec``.
    """
    powers = np.empty((level + 1, len(frames)))
    compute = _powers if _compiled.core is None else _compiled_powers
    for start in range(0, len(frames), FRAMES_AT_ONCE):
        part = slice(start, start + FRAMES_AT_ONCE)
        powers[:, part] = compute(frames[part], wavelet, level)
    return powers


def _powers(frames: Array, wavelet: str, level: int) -> Array:
    import pywt

    coefficients = pywt.wavedec(frames.astype(np.float64), wavelet, level=level)
    return np.stack([np.einsum("ij,ij->i", c, c) / c.shape[1] for c in coefficients])


def _compiled_powers(frames: Array, wavelet: str, level: int) -> Array:
    assert _compiled.core is not None
    low, high = wavelet_filters(wavelet)
    count = len(frames)
    kept = np.zeros((count, level, len(low)))
    held = np.full((count, level), -1, dtype=np.int64)
    moments = np.zeros((count, level + 1, N_MOMENTS))
    x = np.ascontiguousarray(frames, dtype=np.float32)
    _compiled.core.bands(x, count, level, True, low, high, kept, held, moments)
    return BandMoments(moments).mean_square.T


def energy_shares(energy: Array) -> tuple[Array, Array]:
    """Compute the share of each band in the energy, and the entropy of the shares.

    Parameters
    ----------
    energy : array, shape ``(..., bands)``

    Returns
    -------
    shares : array, shape ``(..., bands)``
        They sum to 1; NaN without energy.
    entropy : array, shape ``(...)``
        Bits; NaN without energy.
    """
    total = energy.sum(axis=-1, keepdims=True)
    share = energy / np.where(total > 0, total, np.nan)
    entropy = -np.sum(share * np.log2(np.where(share == 0, 1, share)), axis=-1)
    return share, np.asarray(entropy)
