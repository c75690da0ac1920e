"""The long-term spectrum of a recording on a logarithmic frequency axis.

A change of speed shifts it along this axis, and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.copies.speed import BANDS, EDGES
from featkit.auditing.measure import Measure, Piece, Values

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FRAME = 0.186
"""Approximate duration of a frame in seconds; the number of samples is a power of two."""

ACTIVE = 1e-4
"""Frames with less power than this share of the loudest one are ignored: -40 dB."""

FLOOR = 1e-14
"""Least power of a band relative to full scale, below the rounding of 24 bits."""

BLOCK = 64
"""Frames that are transformed at a time."""


def _compute(piece: Piece) -> Values:
    """Mean level of each band in dB, ``(1, BANDS)``; NaN above half the sample rate."""
    n_fft = 2 ** max(4, round(np.log2(FRAME * piece.rate)))
    y = np.pad(piece.y, (0, max(0, n_fft - len(piece.y))))
    frames = np.lib.stride_tricks.sliding_window_view(y, n_fft)[:: n_fft // 2]
    power = np.concatenate(
        [_band_power(frames[k : k + BLOCK], piece.rate) for k in range(0, len(frames), BLOCK)]
    )
    total = power.sum(axis=1)
    active = power[total > ACTIVE * total.max()]
    profile = np.full((1, BANDS), np.nan)
    if len(active):
        profile[0] = np.mean(10 * np.log10(active + FLOOR), axis=0)
    profile[0, EDGES[1:] > piece.rate / 2] = np.nan
    return {
        "profile": profile.astype(np.float32),
        "weight": np.array([len(active)], np.int64),
        "rate": np.array([piece.rate]),
    }


def _band_power(frames: Array, rate: float) -> Array:
    """Power of each frame in each band, ``(frames, BANDS)``; full scale is 1."""
    from scipy.fft import rfft

    n_fft = frames.shape[1]
    window = np.hanning(n_fft + 1)[:-1].astype(np.float32)
    X = rfft(frames * window, axis=1)
    power = (X.real**2 + X.imag**2) * np.float32(4 / window.sum() ** 2)
    return np.asarray((_filters(rate, n_fft) @ power.T).T)


@lru_cache(maxsize=16)
def _filters(rate: float, n_fft: int) -> csr_array:
    """Share of each bin that lies in each band, ``(BANDS, bins)``: bins are even over their width.

    A band that is narrower than a bin has a part of it.
    """
    from scipy.sparse import csr_array

    bins = np.arange(n_fft // 2 + 1)
    place = EDGES[:, None] * n_fft / rate + 0.5
    below = np.clip(place - bins, 0, 1)
    return csr_array(np.diff(below, axis=0).astype(np.float32))


def _combine(pieces: Sequence[Values]) -> Values:
    weight = np.concatenate([piece["weight"] for piece in pieces])
    profile = np.concatenate([piece["profile"] for piece in pieces])[weight > 0]
    if not len(profile):
        return pieces[0]
    mean = np.average(profile, axis=0, weights=weight[weight > 0])
    return {
        "profile": mean[None].astype(np.float32),
        "weight": weight.sum(keepdims=True),
        "rate": pieces[0]["rate"],
    }


MEASURE = Measure(name="spectral_profile", version=1, compute=_compute, combine=_combine)
