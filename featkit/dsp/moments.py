"""Moments of spectra: sum, centroid and variance of each frame, computed by pieces of its bins.

The moments of a piece are taken around its own middle frequency, in single precision without
cancellation. Those of the whole spectrum around any frequency follow in few operations.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.dsp.filters import frequencies, read_only

if TYPE_CHECKING:
    from scipy.sparse import csr_array

PIECE = 16
"""Number of bins in a piece of a spectrum."""


class Spectrum(NamedTuple):
    """Magnitudes of some frames and their moments over frequency.

    Attributes
    ----------
    S : array, shape ``(bins, frames)``
        Magnitudes.
    moments : array, shape ``(3, pieces, frames)``
        Moments of order 0, 1 and 2 of each piece, around its middle.
    total : array, shape ``(frames,)``
        Sum of the magnitudes, above 0.
    centroid : array, shape ``(frames,)``
        Mean frequency in Hz.
    variance : array, shape ``(frames,)``
        Variance of the frequency in Hz².
    """

    S: Array
    moments: Array
    total: Array
    centroid: Array
    variance: Array

    @classmethod
    def from_magnitudes(cls, S: Array, sr: float, n_fft: int) -> Spectrum:
        """Compute the moments of magnitudes.

        Parameters
        ----------
        S : array of float32, shape ``(bins, frames)``
            Magnitudes.
        sr : float
            Sample rate in Hz.
        n_fft : int
            Samples per frame.

        Returns
        -------
        Spectrum
        """
        middle = piece_middles(sr, n_fft)[:, None]
        moments: Array = (piece_moments(sr, n_fft) @ S).reshape(3, len(middle), -1)
        sums, first, second = moments
        total = np.maximum(sums_over_bins(sums), np.finfo(np.float32).tiny)
        centroid = sums_over_bins(middle * sums + first) / total
        offset = middle - centroid
        variance = sums_over_bins(second + offset * (2 * first + offset * sums)) / total
        return cls(S, moments, total, centroid, np.maximum(variance, 0))


@lru_cache(maxsize=32)
def piece_middles(sr: float, n_fft: int) -> Array:
    """Return the middle frequency of each piece of `PIECE` bins.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples per frame.

    Returns
    -------
    array of float32, shape ``(pieces,)``
        Hz; read-only.
    """
    hz = frequencies(sr, n_fft)
    return read_only(np.array([piece.mean() for piece in np.split(hz, _piece_starts(n_fft))]))


@lru_cache(maxsize=32)
def piece_moments(sr: float, n_fft: int, orders: tuple[int, ...] = (0, 1, 2)) -> csr_array:
    """Return the matrix that computes the moments of pieces from magnitudes.

    The moment of order k of a piece with middle F is the sum of (f - F)^k S over its bins.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples per frame.
    orders : tuple of int
        The orders k.

    Returns
    -------
    sparse array of float32, shape ``(orders * pieces, bins)``
    """
    from scipy.sparse import csr_array, vstack

    hz = frequencies(sr, n_fft).astype(np.float64)
    piece = np.arange(len(hz)) // PIECE
    offset = hz - piece_middles(sr, n_fft)[piece]
    place = (piece, np.arange(len(hz)))
    return vstack([csr_array((offset**k, place)) for k in orders]).astype(np.float32).tocsr()


def _piece_starts(n_fft: int) -> range:
    return range(PIECE, n_fft // 2 + 1, PIECE)
