"""Roll-offs: the bins at or below which a share of the spectrum lies.

A cumulative sum over all bins is the slow way: pieces of bins are summed already, and only the one
in which the threshold is crossed is looked into.

Where two bins are equally good to the rounding of a sum, librosa's answer is that of a
double-precision spectrum whose float32 magnitudes are added one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.bins import running_sums
from featkit.dsp.framing import Signal
from featkit.dsp.moments import PIECE

CLOSE = 5e-9
"""Share of the sum, for each bin of it, within which float32 sums cannot tell two bins apart."""


def rolloff_bins(shares: Sequence[float], *, S: Array, piece_sums: Array, signal: Signal) -> Array:
    """For each share of the magnitude the lowest bin that reaches it: ``(shares, frames)``.

    Parameters
    ----------
    shares : sequence of float
        Between 0 and 1.
    S, piece_sums, signal
        As `featkit.features.spectra.Block` has them.
    """
    bins = len(S)
    below = running_sums(piece_sums)
    thresholds = [np.float32(share) * below[-1] for share in shares]
    found = [_crossing(threshold, below, S) for threshold in thresholds]
    rolloffs = np.stack([rolloff for rolloff, _ in found])
    close = np.flatnonzero(np.any([margin < CLOSE * bins for _, margin in found], axis=0))
    if len(close):
        below = running_sums(signal.precise_S(close))
        for rolloff, share in zip(rolloffs, shares, strict=True):
            rolloff[close] = np.sum(below < np.float32(share) * below[-1], axis=0)
    return np.asarray(np.minimum(rolloffs, bins - 1))


def _crossing(threshold: Array, below: Array, S: Array) -> tuple[Array, Array]:
    """The bin that crosses the threshold, and by which share of the total it is decided."""
    bins, frames = S.shape
    crossing = np.sum(below < threshold, axis=0)
    start = np.where(crossing > 0, below[crossing - 1, np.arange(frames)], np.float32(0))
    bin_of = np.minimum(crossing * PIECE + np.arange(PIECE)[:, None], bins - 1)
    inside = running_sums(np.vstack([start, S[bin_of, np.arange(frames)]]))
    total = below[-1]
    margin = np.abs(inside - threshold).min(axis=0) / np.where(total > 0, total, np.float32(1))
    margin[total == 0] = 1
    return crossing * PIECE + np.sum(inside[1:] < threshold, axis=0), margin
