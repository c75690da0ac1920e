"""Moments of spectra: sum, centroid and spread of each frame, by way of pieces of its bins.

A piece's moments are taken around its own middle, in single precision without cancellation; those
of the whole spectrum around any frequency follow from them, in few operations.
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
"""Bins in a piece of a spectrum, see `piece_moments`."""


class Spectrum(NamedTuple):
    """Magnitudes of some frames, the moments of pieces of their bins, and those of their shape."""

    S: Array
    moments: Array
    total: Array
    centroid: Array
    spread: Array

    @classmethod
    def of(cls, S: Array, sr: float, n_fft: int) -> Spectrum:
        middle = piece_middles(sr, n_fft)[:, None]
        moments: Array = (piece_moments(sr, n_fft) @ S).reshape(3, len(middle), -1)
        sums, first, second = moments
        total = np.maximum(sums_over_bins(sums), np.finfo(np.float32).tiny)
        centroid = sums_over_bins(middle * sums + first) / total
        offset = middle - centroid
        spread = sums_over_bins(second + offset * (2 * first + offset * sums)) / total
        return cls(S, moments, total, centroid, np.maximum(spread, 0))


@lru_cache(maxsize=32)
def piece_middles(sr: float, n_fft: int) -> Array:
    """Frequency in the middle of each piece of `PIECE` bins, in Hz, float32."""
    hz = frequencies(sr, n_fft)
    return read_only(np.array([piece.mean() for piece in np.split(hz, _piece_starts(n_fft))]))


@lru_cache(maxsize=32)
def piece_moments(sr: float, n_fft: int, orders: tuple[int, ...] = (0, 1, 2)) -> csr_array:
    """Sums of (f - F)^k S over pieces of `PIECE` bins with middle F, of several orders k.

    ``(orders * pieces, bins)``: moments around any frequency follow from them without cancellation.
    """
    from scipy.sparse import csr_array, vstack

    hz = frequencies(sr, n_fft).astype(np.float64)
    piece = np.arange(len(hz)) // PIECE
    offset = hz - piece_middles(sr, n_fft)[piece]
    place = (piece, np.arange(len(hz)))
    return vstack([csr_array((offset**k, place)) for k in orders]).astype(np.float32).tocsr()


def _piece_starts(n_fft: int) -> range:
    return range(PIECE, n_fft // 2 + 1, PIECE)
