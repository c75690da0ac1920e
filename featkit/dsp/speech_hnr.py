"""Harmonics-to-noise ratio of speech, by the autocorrelation of windowed frames.

The autocorrelation r of a frame, relative to that at lag 0, is sought within 5 % of the period. The
ratio of harmonic to noise power is r / (1 - r) [1]_. Frames have the Gaussian window of the pitch,
whose taper counts as noise: without noise, r is exp(-(T / 2s)²), where T is the period, and s the
standard deviation of the window, 12 ms.

References
----------
.. [1] F. Eyben, K. R. Scherer, B. W. Schuller et al., "The Geneva Minimalistic Acoustic Parameter
   Set (GeMAPS) for Voice Research and Affective Computing", IEEE Transactions on Affective
   Computing 7(2), 2016.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import _compiled, fft
from featkit.dsp.speech_pitch import BATCH, SpeechPitch
from featkit.dsp.subharmonic_summation import pitch_window

TOLERANCE = 0.05
"""Greatest deviation of the lag from the period, as a share of it."""

LEAST = 0.01
"""Least autocorrelation: ratios are at least -20 dB."""


def speech_hnr(pitch: SpeechPitch) -> Array:
    """Compute the harmonics-to-noise ratio of voiced frames.

    Parameters
    ----------
    pitch : SpeechPitch

    Returns
    -------
    array of float64, shape ``(frames,)``
        In dB, at least -20; NaN in unvoiced frames.
    """
    frames, ratio = pitch.frames, np.full(len(pitch.f0), np.nan)
    window = pitch_window(frames.length).astype(np.float64)
    for clip, own in enumerate(pitch.segments):
        if not frames.counts[clip]:
            continue
        for part, samples in frames.batches(clip, BATCH):
            here = slice(own.start + part.start, own.start + part.stop)
            voiced = np.flatnonzero(pitch.voiced[here])
            period = frames.sr / pitch.f0[here][voiced]
            share = _greatest_correlations(samples, window, voiced, period)
            ratio[here.start + voiced] = 10 * np.log10(share / (1 - share))
    return ratio


def _greatest_correlations(frames: Array, window: Array, rows: Array, period: Array) -> Array:
    """Greatest autocorrelation near the period, relative to lag 0, of some of the frames."""
    longest = frames.shape[1] - 1
    first = np.minimum(np.floor(period * (1 - TOLERANCE)), longest).astype(np.int64)
    last = np.minimum(np.ceil(period * (1 + TOLERANCE)), longest).astype(np.int64)
    share = np.empty(len(rows))
    if _compiled.core is None:
        share[:] = _correlations_by_numpy(frames[rows] * window, first, last)
    else:
        rows, frames = rows.astype(np.int64), np.ascontiguousarray(frames)
        _compiled.core.correlations(frames, window, rows, first, last, share)
    return np.clip(share, LEAST, 1 - 1e-9)


def _correlations_by_numpy(x: Array, first: Array, last: Array) -> Array:
    if not len(x):
        return np.empty(0)
    n = 1 << (2 * x.shape[1] - 1).bit_length()
    spectrum = fft.rfft(x, n)
    r = fft.irfft(np.square(spectrum.real) + np.square(spectrum.imag), n)
    lags = np.minimum(first[:, None] + np.arange((last - first).max() + 1), last[:, None])
    greatest = np.take_along_axis(r, lags, axis=1).max(axis=1)
    return np.asarray(np.maximum(greatest, 0) / r[:, 0])
