"""Sums of magnitudes over the bins of each frame: moments, entropy, flux and others.

The moments of a piece of the bins are taken around its own middle frequency, in single precision
without cancellation. Those of the whole spectrum around any frequency follow in few operations.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.banks import Bank
from featkit.dsp.bins import max_over_bins, sums_by_four, sums_over_bins
from featkit.dsp.filters import frequencies, read_only

PIECE = 16
"""Number of bins in a piece of a spectrum."""

TINY = np.finfo(np.float32).tiny


def central_moments(S: Array, sr: float, n_fft: int, *, higher: bool) -> dict[str, Array]:
    """Compute the moments of spectra over frequency, weighted by magnitude.

    Parameters
    ----------
    S : array of float32, shape ``(bins, frames)``
        Magnitudes.
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples per frame.
    higher : bool
        Whether to compute the third and the fourth moment, too.

    Returns
    -------
    dict of str to array
        ``piece_sums``, sums over pieces of `PIECE` bins, ``(pieces, frames)``; and of shape
        ``(frames,)``: ``total``, the sum, above 0; ``centroid``, the mean, in Hz; ``variance``,
        in Hz²; ``third_moment`` and ``fourth_moment``, central, in Hz³ and Hz⁴.
    """
    middle = piece_middles(sr, n_fft)[:, None]
    orders = 5 if higher else 3
    s0, s1, s2, *others = (piece_moments(sr, n_fft, orders) @ S).reshape(orders, len(middle), -1)
    total = np.maximum(sums_over_bins(s0), TINY)
    centroid = sums_over_bins(middle * s0 + s1) / total
    d = middle - centroid
    variance = sums_over_bins(s2 + d * (2 * s1 + d * s0)) / total
    moments = {
        "piece_sums": s0,
        "total": total,
        "centroid": centroid,
        "variance": np.maximum(variance, 0),
    }
    if not higher:
        return moments
    s3, s4 = others
    third = sums_over_bins(s3 + d * (3 * s2 + d * (3 * s1 + d * s0)))
    fourth = sums_over_bins(s4 + d * (4 * s3 + d * (6 * s2 + d * (4 * s1 + d * s0))))
    return moments | {"third_moment": third / total, "fourth_moment": fourth / total}


def entropy(S: Array) -> Array:
    """Compute the entropy of the power of spectra.

    With shares p = q / sum(q), it is log2(sum(q)) - sum(q log2 q) / sum(q).

    Parameters
    ----------
    S : array of float32, shape ``(bins, frames)``
        Magnitudes.

    Returns
    -------
    array, shape ``(frames,)``
        Bits; 0 in silence.
    """
    greatest = max_over_bins(S)
    q = S * (1 / np.where(greatest > 0, greatest, np.float32(1)))
    np.square(q, out=q)
    total = np.maximum(sums_by_four(q), TINY)
    logarithms = np.log(np.maximum(q, TINY))  # four times as fast as np.log2
    logarithms *= q
    nats = np.log(total) - sums_by_four(logarithms) / total
    return np.where(greatest > 0, nats / np.float32(np.log(2)), np.float32(0))


def inverse_bin_sum(S: Array) -> Array:
    """Sum magnitudes over the number of their bin, from 1.

    Parameters
    ----------
    S : array of float32, shape ``(bins, frames)``
        Magnitudes.

    Returns
    -------
    array, shape ``(frames,)``
    """
    weights = np.zeros(len(S), dtype=np.float32)
    weights[1:] = 1 / np.arange(1, len(S), dtype=np.float32)
    return sums_by_four(S * weights[:, None])


def flux(S: Array, total: Array, before: Array, total_before: Array) -> Array:
    """Compute the squared distance of spectra over their sums.

    Parameters
    ----------
    S, before : array of float32, shape ``(bins, frames)``
        Magnitudes of frames, and of the frame before each.
    total, total_before : array of float32, shape ``(frames,)``
        Their sums over the bins, above 0.

    Returns
    -------
    array, shape ``(frames,)``
    """
    return sums_by_four(np.square(S * (1 / total) - before * (1 / total_before)))


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
def piece_offsets(sr: float, n_fft: int) -> Array:
    """Return the distance of each bin from the middle of its piece.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples per frame.

    Returns
    -------
    array of float32, shape ``(bins,)``
        Hz; read-only.
    """
    hz = frequencies(sr, n_fft).astype(np.float64)
    middles = np.repeat(piece_middles(sr, n_fft), PIECE)[: len(hz)]
    return read_only((hz - middles).astype(np.float32))


@lru_cache(maxsize=32)
def piece_moments(sr: float, n_fft: int, orders: int) -> Bank:
    """Return the matrix that computes the moments of pieces from magnitudes.

    The moment of order k of a piece with middle F is the sum of (f - F)^k S over its bins.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples per frame.
    orders : int
        Number of orders from 0, at most 5.

    Returns
    -------
    Bank, shape ``(orders * pieces, bins)``
    """
    d = piece_offsets(sr, n_fft)
    pieces = len(piece_middles(sr, n_fft))
    weights = np.zeros((orders, pieces, len(d)), dtype=np.float32)
    bins = np.arange(len(d))
    powers = (np.ones_like(d), d, d * d, d * d * d, (d * d) * (d * d))
    for k, weight in enumerate(powers[:orders]):
        weights[k, bins // PIECE, bins] = weight
    return Bank(weights.reshape(orders * pieces, -1))


def _piece_starts(n_fft: int) -> range:
    return range(PIECE, n_fft // 2 + 1, PIECE)
