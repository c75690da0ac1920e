"""Chroma: the power of each frame by pitch class, and the tonal centroid.

Each bin contributes to the pitch classes near it with Gaussian weights, most around the fifth
octave. The filters follow the tuning of the clip, estimated from its peaks. Each frame is divided
by its strongest class [1]_. The numbers are those of `librosa.feature.chroma_stft` with its
defaults.

References
----------
.. [1] D. P. W. Ellis, "Chroma feature analysis and synthesis", 2007.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.banks import Bank
from featkit.dsp.bins import max_over_bins, sums_over_bins

PITCH_CLASSES = ("c", "cs", "d", "ds", "e", "f", "fs", "g", "gs", "a", "as", "b")

TONNETZ = ("fifthx", "fifthy", "minorx", "minory", "majorx", "majory")
"""Coordinates on the circles of fifths, of minor thirds and of major thirds."""

CENTRE_OCTAVE, OCTAVE_WIDTH = 5.0, 2.0
"""Centre of the octave weighting in octaves above 27.5 Hz (880 Hz), and its standard deviation."""

NEGLIGIBLE = 1e-8
"""Weights below this share of the largest weight are 0: they are below the rounding of float32."""


class Chroma:
    """The chroma of some frames for any number of pitch classes; each number is computed once.

    Parameters
    ----------
    power : array of float32, shape ``(bins, frames)``
        Power spectra.
    tuning : callable
        ``tuning(n_chroma)`` returns the deviation of each frame from A4 = 440 Hz, as a fraction of
        a pitch class.
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples per frame.
    """

    def __init__(self, power: Array, tuning: Callable[[int], Array], sr: float, n_fft: int) -> None:
        self._power, self._tuning, self._sr, self._n_fft = power, tuning, sr, n_fft
        self._computed: dict[int, Array] = {}

    def __call__(self, n_chroma: int) -> Array:
        """Return the power of each pitch class over that of the strongest class of the frame.

        Parameters
        ----------
        n_chroma : int
            Number of pitch classes.

        Returns
        -------
        array of float32, shape ``(n_chroma, frames)``
            0 in silence.
        """
        if n_chroma not in self._computed:
            self._computed[n_chroma] = self._compute(n_chroma)
        return self._computed[n_chroma]

    def _compute(self, n_chroma: int) -> Array:
        deviation = self._tuning(n_chroma)
        chroma = np.empty((n_chroma, self._power.shape[1]), dtype=np.float32)
        changes = np.flatnonzero(np.diff(deviation)) + 1
        for start, end in pairwise([0, *changes.tolist(), len(deviation)]):
            filters = chroma_filters(self._sr, self._n_fft, n_chroma, float(deviation[start]))
            chroma[:, start:end] = filters.of(self._power, slice(start, end))
        strongest = max_over_bins(chroma)
        return chroma / np.where(strongest < np.finfo(np.float32).tiny, np.float32(1), strongest)


@lru_cache(maxsize=128)
def chroma_filters(sr: float, n_fft: int, n_chroma: int, tuning: float) -> Bank:
    """Return one filter per pitch class.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples per frame.
    n_chroma : int
        Number of pitch classes.
    tuning : float
        Deviation from A4 = 440 Hz, as a fraction of a pitch class.

    Returns
    -------
    Bank, shape ``(n_chroma, n_fft // 2 + 1)``
    """
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
    return Bank(from_c.astype(np.float32))


def tonal_centroid(chroma: Array) -> Array:
    """Compute the tonal centroid of each frame, with the numbers of `librosa.feature.tonnetz`.

    The pitch classes are points at steps of 7/6, 3/2 and 2/3 of pi on circles of radius 1, 1 and
    1/2. The centroid is the mean of the points, weighted by the power of the classes.

    Parameters
    ----------
    chroma : array, shape ``(12, frames)``

    Returns
    -------
    array of float64, shape ``(6, frames)``
        In the order of `TONNETZ`; 0 in silence.

    References
    ----------
    C. Harte, M. Sandler and M. Gasser, "Detecting harmonic change in musical audio", 2006.
    """
    share = np.nan_to_num(class_shares(chroma))
    classes = np.arange(12)
    circles = []
    for step, radius in ((7 / 6, 1.0), (3 / 2, 1.0), (2 / 3, 0.5)):
        for turn in (np.sin, np.cos):
            weights = radius * turn(np.pi * step * classes)
            circles.append(sums_over_bins(weights[:, None] * share))
    return np.stack(circles)


def class_shares(chroma: Array) -> Array:
    """Divide each pitch class by the sum of all.

    Parameters
    ----------
    chroma : array, shape ``(12, frames)``

    Returns
    -------
    array of float64, shape ``(12, frames)``
        Shares that sum to 1; NaN in silence.
    """
    total = sums_over_bins(chroma.astype(np.float64))
    return np.asarray(chroma / np.where(total > 0, total, np.nan))
