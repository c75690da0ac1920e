"""Harmonics-to-noise ratio of a voice, by the correlation at its period.

A periodic sound with noise has a normalised correlation r at its period, where r is the share of
the power that is periodic. The ratio is 10 log10(r / (1 - r)) dB.

References
----------
Boersma, P. "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise
ratio of a sampled sound", IFA Proceedings 17, 1993.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.periodicity import (
    REACH,
    analysis_window,
    autocorrelations,
    correlation_peaks,
    even_length,
    forward_correlations,
)
from featkit.dsp.short_frames import ShortFrames
from featkit.dsp.voice_frames import ClipLevel, frames_around, middle, peak_of_middle, silence

SHORTEST = 2
"""Shortest period in samples."""

LEAST_PERIOD = 10
"""Least number of samples in the longest period; below it, no frame has a value."""

LEAST_SHARE = 1e-6
"""Least share of periodic or other power, which limits the ratio to 60 dB."""

CLOSE = 0.1
"""Only peaks within this of a frame's highest one at whole lags are refined."""


def harmonicity_ac(
    frames: ShortFrames, *, pitch_floor: float, silence_threshold: float, periods: float
) -> Array:
    """Measure the harmonics-to-noise ratio by the autocorrelation of frames in a Gaussian window.

    The window is twice as long as the periods that it effectively has.

    Parameters
    ----------
    frames : ShortFrames
        Frames around whose middles it is measured.
    pitch_floor : float
        Lowest pitch in Hz.
    silence_threshold : float
        Peak of a frame, relative to that of the clip, below which it has no value.
    periods : float
        Effective length of the window, in periods of the lowest pitch, at least 1.

    Returns
    -------
    array of float64, shape ``(frames,)``
        dB; NaN in frames that are silent, that do not repeat, or that the window does not fit.
    """
    sr, seconds = frames.sr, 2 * periods / pitch_floor
    length, longest = even_length(seconds, sr), sr / pitch_floor
    window = "gaussian"

    def correlation(samples: Array) -> Array:
        return autocorrelations(samples, window, int(longest) + REACH + 1)

    def windowed(samples: Array) -> Array:
        return middle(samples, length) * analysis_window(window, length)

    return _harmonicity(
        frames, int(seconds * sr), windowed, correlation, longest, silence_threshold
    )


def harmonicity_cc(
    frames: ShortFrames, *, pitch_floor: float, silence_threshold: float, periods: float
) -> Array:
    """Measure the harmonics-to-noise ratio by forward cross-correlation.

    Parameters
    ----------
    frames : ShortFrames
        Frames around whose middles it is measured.
    pitch_floor : float
        Lowest pitch in Hz.
    silence_threshold : float
        Peak of a frame, relative to that of the clip, below which it has no value.
    periods : float
        Length of the parts that are compared, in periods of the lowest pitch.

    Returns
    -------
    array of float64, shape ``(frames,)``
        dB; NaN in frames that are silent, that do not repeat, or that both parts do not fit.
    """
    sr, seconds = frames.sr, (periods + 1) / pitch_floor
    length, longest = even_length(periods / pitch_floor, sr), sr / pitch_floor

    def correlation(samples: Array) -> Array:
        return forward_correlations(samples, length, int(longest) + REACH + 1)

    def whole(samples: Array) -> Array:
        return samples

    return _harmonicity(frames, int(seconds * sr), whole, correlation, longest, silence_threshold)


def _harmonicity(
    frames: ShortFrames,
    length: int,
    windowed: Callable[[Array], Array],
    correlation: Callable[[Array], Array],
    longest: float,
    silence_threshold: float,
) -> Array:
    """Harmonicity of all frames, from the highest peak of the correlation of each."""
    values: Array = np.full(frames.segments.total, np.nan)
    if longest < LEAST_PERIOD:
        return values
    for clip, own in enumerate(frames.segments):
        level = ClipLevel(frames.clips[clip])
        if level.peak == 0:
            continue
        for batch, samples in frames_around(frames, clip, length):
            levelled = windowed(level.frames(samples, mean_over=2 * int(longest)))
            loudness = level.relative(peak_of_middle(levelled, int(longest)))
            threshold = silence(loudness, silence_threshold, 0.0)
            sounding = np.flatnonzero(threshold < 1)
            peaks = correlation_peaks(
                correlation(levelled[sounding]), SHORTEST, longest, below_best=CLOSE
            )
            best = np.zeros(len(samples))
            np.maximum.at(best, sounding[peaks.frame], peaks.height)
            values[own][batch] = np.where(best > threshold, _ratio(best), np.nan)
    return values


def _ratio(correlation: Array) -> Array:
    share = np.clip(correlation, LEAST_SHARE, 1 - LEAST_SHARE)
    return np.asarray(10 * np.log10(share / (1 - share)))
