"""Peaks of spectra, from which the tuning of a clip is estimated."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import _compiled
from featkit.dsp.bins import vertex
from featkit.dsp.filters import frequencies

LOWEST, HIGHEST = 150.0, 4000.0
"""Range of the peaks in Hz, as in `librosa.piptrack`."""

THRESHOLD = np.float32(0.1)
"""Smallest height of a peak, as a share of the highest bin of the frame."""


def spectral_peaks(S: Array, loudest: Array, sr: float) -> tuple[Array, Array, Array]:
    """Find the peaks of spectra, refined by a parabola through three bins (QIFFT).

    Parameters
    ----------
    S : array, shape ``(bins, frames)``
        Power or magnitudes.
    loudest : array, shape ``(frames,)``
        The highest bin of each frame.
    sr : float
        Sample rate in Hz.

    Returns
    -------
    frame : array of int, shape ``(peaks,)``
    frequency : array of float64, shape ``(peaks,)``
        Hz.
    height : array of float64, shape ``(peaks,)``
        In the unit of `S`.

    References
    ----------
    J. O. Smith, "Spectral audio signal processing", 2011.
    """
    n_fft, width = 2 * (len(S) - 1), S.shape[1]
    limit = np.ascontiguousarray(THRESHOLD * loudest, dtype=S.dtype)
    low, high = np.searchsorted(frequencies(sr, n_fft), [LOWEST, min(HIGHEST, sr / 2)])
    low, high = max(int(low), 1), min(int(high), len(S) - 1)
    if _compiled.core is not None and S.dtype == np.float32 and high > low:
        return _compiled_peaks(np.ascontiguousarray(S), limit, low, high, sr)
    middle = S[low:high]
    peak = middle > limit
    peak &= middle > S[low - 1 : high - 1]
    peak &= middle >= S[low + 1 : high + 1]
    place = np.flatnonzero(peak) + low * width
    bins, frames = np.divmod(place, width)
    around = np.stack([S.take(place + k) for k in (-width, 0, width)]).astype(np.float64)
    shift, height = vertex(around)
    return frames, (bins + shift) * sr / n_fft, height


def _compiled_peaks(
    S: Array, limit: Array, low: int, high: int, sr: float
) -> tuple[Array, Array, Array]:
    assert _compiled.core is not None
    room = (high - low + 1) // 2 * S.shape[1]  # no two neighbouring bins are peaks
    frame = np.empty(room, dtype=np.int64)
    frequency, height = np.empty(room), np.empty(room)
    n_fft = 2.0 * (len(S) - 1)
    count = _compiled.core.peaks(S, len(S), limit, low, high, sr, n_fft, frame, frequency, height)
    return frame[:count], frequency[:count], height[:count]
