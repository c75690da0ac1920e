"""Spectral roll-off: the lowest bin at or below which a share of the magnitude lies.

Pieces of the spectrum are already summed, so only the piece in which the threshold is crossed is
summed bin by bin. Where rounding could decide between two bins, the magnitudes are recomputed in
double precision, rounded to float32 and added one after the other, as in librosa.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.bins import running_sums
from featkit.dsp.framing import Signal
from featkit.dsp.moments import PIECE

CLOSE = 5e-9
"""Share of the total, per bin, within which float32 sums cannot decide between two bins."""


def rolloff_bins(shares: Sequence[float], *, S: Array, piece_sums: Array, signal: Signal) -> Array:
    """Find the roll-off bins of some frames.

    Parameters
    ----------
    shares : sequence of float
        Shares of the magnitude, each between 0 and 1.
    S : array, shape ``(bins, frames)``
        Magnitudes.
    piece_sums : array, shape ``(pieces, frames)``
        Sums of the magnitudes over pieces of `featkit.dsp.moments.PIECE` bins.
    signal : Signal
        The samples of the frames.

    Returns
    -------
    array of int, shape ``(shares, frames)``
        The lowest bin that reaches each share.
    """
    bins = len(S)
    below = running_sums(piece_sums)
    thresholds = [np.float32(share) * below[-1] for share in shares]
    crossings = [_crossing(threshold, below, S) for threshold in thresholds]
    rolloffs = np.stack([rolloff for rolloff, _ in crossings])
    close = np.flatnonzero(np.any([margin < CLOSE * bins for _, margin in crossings], axis=0))
    if len(close):
        below = running_sums(signal.precise_S(close))
        for rolloff, share in zip(rolloffs, shares, strict=True):
            rolloff[close] = np.sum(below < np.float32(share) * below[-1], axis=0)
    return np.asarray(np.minimum(rolloffs, bins - 1))


def _crossing(threshold: Array, below: Array, S: Array) -> tuple[Array, Array]:
    """The bin that crosses the threshold, and the margin of this decision as share of the total."""
    bins, frames = S.shape
    crossing = np.sum(below < threshold, axis=0)
    start = np.where(crossing > 0, below[crossing - 1, np.arange(frames)], np.float32(0))
    piece_bins = np.minimum(crossing * PIECE + np.arange(PIECE)[:, None], bins - 1)
    inside = running_sums(np.vstack([start, S[piece_bins, np.arange(frames)]]))
    total = below[-1]
    margin = np.abs(inside - threshold).min(axis=0) / np.where(total > 0, total, np.float32(1))
    margin[total == 0] = 1
    return crossing * PIECE + np.sum(inside[1:] < threshold, axis=0), margin
