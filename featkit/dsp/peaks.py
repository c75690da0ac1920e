"""Peaks of spectra, by which clips are tuned."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.bins import parabola
from featkit.dsp.filters import frequencies

LOWEST, HIGHEST = 150.0, 4000.0
"""Hz between which peaks are looked for, as `librosa.piptrack` does."""

LEAST = np.float32(0.1)
"""Height of a peak, at least, of its frame's highest bin."""


def spectral_peaks(S: Array, loudest: Array, sr: float) -> tuple[Array, Array, Array]:
    """Peaks of spectra: frame, frequency in Hz, and height of each.

    Refined by a parabola through three bins (Smith, "Spectral audio signal processing", 2011:
    QIFFT).

    Parameters
    ----------
    S : array, shape ``(bins, frames)``
        Power or magnitudes.
    loudest : array, shape ``(frames,)``
        The highest bin of each frame.
    sr : float
        Sample rate in Hz.
    """
    n_fft, width = 2 * (len(S) - 1), S.shape[1]
    low, high = np.searchsorted(frequencies(sr, n_fft), [LOWEST, min(HIGHEST, sr / 2)])
    low, high = max(int(low), 1), min(int(high), len(S) - 1)
    middle = S[low:high]
    peak = middle > LEAST * loudest
    peak &= middle > S[low - 1 : high - 1]
    peak &= middle >= S[low + 1 : high + 1]
    place = np.flatnonzero(peak) + low * width
    bins, frames = np.divmod(place, width)
    around = np.stack([S.take(place + k) for k in (-width, 0, width)]).astype(np.float64)
    shift, height = parabola(around)
    return frames, (bins + shift) * sr / n_fft, height
