"""Chroma: how the power of a frame is shared among the pitch classes, and what follows from it.

Each bin counts for the pitch classes near it by a Gaussian, most around the fifth octave; the
filters follow the clip's own tuning, estimated from all its peaks; each frame is divided by its
strongest class (Ellis, "Chroma feature analysis and synthesis", 2007):
`librosa.feature.chroma_stft` with its defaults.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.bins import max_over_bins, sums_over_bins

if TYPE_CHECKING:
    from scipy.sparse import csr_array

PITCH_CLASSES = ("c", "cs", "d", "ds", "e", "f", "fs", "g", "gs", "a", "as", "b")

TONNETZ = ("fifthx", "fifthy", "minorx", "minory", "majorx", "majory")
"""The circles of fifths, of minor and of major thirds; a chord is a point in each."""

CENTRE_OCTAVE, OCTAVE_WIDTH = 5.0, 2.0
"""Where the filters are strongest, in octaves above 27.5 Hz (that is 880 Hz), and their spread."""

NEGLIGIBLE = 1e-8
"""Weights below this share of a filter's greatest are left out; float32 sums do not see them."""


class Chroma:
    """The chroma of some frames, of any number of pitch classes; each computed once.

    Parameters
    ----------
    power : array, shape ``(bins, frames)``
    tuning : callable
        Deviation at each of these frames, as a fraction of one of as many bins an octave.
    sr : float
    n_fft : int
    """

    def __init__(self, power: Array, tuning: Callable[[int], Array], sr: float, n_fft: int) -> None:
        self._power, self._tuning, self._sr, self._n_fft = power, tuning, sr, n_fft
        self._known: dict[int, Array] = {}

    def __call__(self, n_chroma: int) -> Array:
        """Power of each pitch class over that of the frame's strongest, ``(n_chroma, frames)``.

        0 in silence.
        """
        if n_chroma not in self._known:
            self._known[n_chroma] = self._of(n_chroma)
        return self._known[n_chroma]

    def _of(self, n_chroma: int) -> Array:
        deviation = self._tuning(n_chroma)
        chroma = np.empty((n_chroma, self._power.shape[1]), dtype=np.float32)
        changes = np.flatnonzero(np.diff(deviation)) + 1
        for start, end in pairwise([0, *changes.tolist(), len(deviation)]):
            filters = chroma_filters(self._sr, self._n_fft, n_chroma, float(deviation[start]))
            chroma[:, start:end] = filters @ self._power[:, start:end]
        strongest = max_over_bins(chroma)
        return chroma / np.where(strongest < np.finfo(np.float32).tiny, np.float32(1), strongest)


@lru_cache(maxsize=128)
def chroma_filters(sr: float, n_fft: int, n_chroma: int, tuning: float) -> csr_array:
    """A filter for each pitch class, ``(n_chroma, bins)``, float32.

    Parameters
    ----------
    tuning : float
        Deviation from A4 = 440 Hz, as a fraction of a pitch class.
    """
    from scipy.sparse import csr_array

    a0 = 440.0 * 2 ** (tuning / n_chroma) / 16
    octave = np.log2(np.arange(1, n_fft) * (sr / n_fft) / a0)
    octave = np.concatenate(([octave[0] - 1.5], octave))
    width = np.append(np.maximum(np.diff(octave) * n_chroma, 1), 1)
    distance = octave * n_chroma - np.arange(n_chroma)[:, None]
    half = np.round(n_chroma / 2)
    distance = np.remainder(distance + half + 10 * n_chroma, n_chroma) - half
    weights = np.exp(-0.5 * (2 * distance / width) ** 2)
    weights /= np.sqrt(np.sum(weights**2, axis=0))
    weights *= np.exp(-0.5 * ((octave - CENTRE_OCTAVE) / OCTAVE_WIDTH) ** 2)
    from_c = np.roll(weights, -3 * (n_chroma // 12), axis=0)[:, : n_fft // 2 + 1]
    from_c[from_c < NEGLIGIBLE * from_c.max()] = 0
    return csr_array(from_c.astype(np.float32))


def tonal_centroid(chroma: Array) -> Array:
    """Where each frame lies on the circles of `TONNETZ`, ``(6, frames)``; 0 in silence.

    The shares of the pitch classes, as weights of points at steps of 7/6, 3/2 and 2/3 of pi, on
    circles of radius 1, 1 and 1/2 (Harte, Sandler and Gasser, "Detecting harmonic change in musical
    audio", 2006): `librosa.feature.tonnetz`.
    """
    share = np.nan_to_num(shares(chroma))
    classes = np.arange(12)
    circles = []
    for step, radius in ((7 / 6, 1.0), (3 / 2, 1.0), (2 / 3, 0.5)):
        for turn in (np.sin, np.cos):
            weights = radius * turn(np.pi * step * classes)
            circles.append(sums_over_bins(weights[:, None] * share))
    return np.stack(circles)


def shares(chroma: Array) -> Array:
    """Each pitch class over the sum of all, ``(12, frames)``, float64; NaN in silence."""
    total = sums_over_bins(chroma.astype(np.float64))
    return np.asarray(chroma / np.where(total > 0, total, np.nan))
