"""Spectral roll-off: the lowest bin at or below which a share of the magnitude lies.

Pieces of the spectrum are already summed, so only the piece in which the threshold is crossed is
summed bin by bin. Where rounding could decide between two bins, the magnitudes are recomputed in
double precision, rounded to float32 and added one after the other, as in librosa.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import _compiled
from featkit.dsp.bins import running_sums
from featkit.dsp.framing import Signal
from featkit.dsp.moments import PIECE
from featkit.dsp.spectra import Spectra

CLOSE = 5e-9
"""Share of the total, per bin, within which float32 sums cannot decide between two bins."""


class Rolloffs:
    """The roll-offs of some frames for any shares of the magnitude.

    Parameters
    ----------
    spectra : Spectra
        The spectra of the frames.
    signal : Signal
        The samples of the frames.
    """

    def __init__(self, spectra: Spectra, signal: Signal) -> None:
        self._spectra, self._signal = spectra, signal

    def __call__(self, shares: Sequence[float]) -> Array:
        """Find the roll-off bins.

        Parameters
        ----------
        shares : sequence of float
            Shares of the magnitude, each between 0 and 1.

        Returns
        -------
        array of int, shape ``(shares, frames)``
            The lowest bin that reaches each share.
        """
        power, piece_sums = self._spectra["power"], self._spectra["piece_sums"]
        close = CLOSE * len(power)
        if _compiled.core is None:
            rolloffs, undecided = _rolloffs(shares, power, piece_sums, close)
        else:
            rolloffs = np.empty((len(shares), power.shape[1]), dtype=np.int32)
            undecided = np.empty(power.shape[1], dtype=bool)
            _compiled.core.rolloffs(
                power, len(power), piece_sums, PIECE, tuple(shares), close, rolloffs, undecided
            )
        frames = np.flatnonzero(undecided | self._spectra.inexact)
        if len(frames):
            below = running_sums(self._signal.precise_S(frames))
            for rolloff, share in zip(rolloffs, shares, strict=True):
                rolloff[frames] = np.sum(below < np.float32(share) * below[-1], axis=0)
        return np.minimum(rolloffs, len(power) - 1)


def _rolloffs(
    shares: Sequence[float], power: Array, piece_sums: Array, close: float
) -> tuple[Array, Array]:
    """The roll-off bins, and whether rounding could decide otherwise."""
    below = running_sums(piece_sums)
    thresholds = [np.float32(share) * below[-1] for share in shares]
    crossings = [_crossing(threshold, below, power) for threshold in thresholds]
    undecided = np.any([margin < close for _, margin in crossings], axis=0)
    return np.stack([rolloff for rolloff, _ in crossings]), undecided


def _crossing(threshold: Array, below: Array, power: Array) -> tuple[Array, Array]:
    """The bin that crosses the threshold, and the margin of this decision as share of the total."""
    bins, frames = power.shape
    crossing = np.sum(below < threshold, axis=0)
    start = np.where(crossing > 0, below[crossing - 1, np.arange(frames)], np.float32(0))
    piece_bins = np.minimum(crossing * PIECE + np.arange(PIECE)[:, None], bins - 1)
    inside = running_sums(np.vstack([start, np.sqrt(power[piece_bins, np.arange(frames)])]))
    total = below[-1]
    margin = np.abs(inside - threshold).min(axis=0) / np.where(total > 0, total, np.float32(1))
    margin[total == 0] = 1
    return crossing * PIECE + np.sum(inside[1:] < threshold, axis=0), margin
