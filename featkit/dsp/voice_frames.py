"""Frames of a voice relative to the peak of their clip, without their local mean."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.typing import Array
from featkit.dsp import disk_array
from featkit.dsp.disk_array import Clip, pieces
from featkit.dsp.short_frames import ShortFrames

BATCH_SAMPLES = 2**18
"""Number of samples in the frames of a batch, so that they and their spectra fit into the cache."""

RESOLUTION = 1e-6
"""A clip that varies by less than this, relative to its peak, is constant up to rounding."""


class ClipLevel:
    """Mean and peak of a clip.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``

    Attributes
    ----------
    mean : float
        Mean of the samples.
    peak : float
        Greatest distance from the mean; 0 if the clip is constant up to rounding.
    scale : float
        Power of two with which the peak is from 0.5 to 1, unless it is below 1e-36.
    """

    def __init__(self, clip: Clip) -> None:
        total, low, high = 0.0, math.inf, -math.inf
        for piece in pieces(clip):
            total += float(np.sum(piece, dtype=np.float64))
            low, high = min(low, float(np.min(piece))), max(high, float(np.max(piece)))
        self.mean = total / len(clip)
        self.peak = max(high - self.mean, self.mean - low)
        if self.peak <= RESOLUTION * max(abs(high), abs(low)):
            self.peak = 0.0
        # A power of two changes no bit but the exponents, and keeps squares within range.
        exponent = min(max(-math.frexp(self.peak)[1], -120), 120)
        self.scale = math.ldexp(1.0, exponent)

    def frames(self, samples: Array, *, mean_over: int) -> Array:
        """Subtract the mean of the middle of each frame, and scale the frames.

        Parameters
        ----------
        samples : array of float32, shape ``(frames, samples)``
        mean_over : int
            Number of samples in the middle of each frame whose mean is subtracted.

        Returns
        -------
        array of float32, shape ``(frames, samples)``
            Differences from the mean times `scale`, so from -2 to 2.
        """
        own = middle(samples, min(mean_over, samples.shape[1]))
        levelled: Array = samples - np.mean(own, axis=1, keepdims=True)
        levelled *= np.float32(self.scale)
        return levelled

    def relative(self, peaks: Array) -> Array:
        """Return peaks of scaled frames relative to the peak of the clip.

        Parameters
        ----------
        peaks : array of float32, shape ``(frames,)``

        Returns
        -------
        array of float64, shape ``(frames,)``
            0 to 1.
        """
        return np.asarray(np.minimum(peaks / (self.peak * self.scale), 1), dtype=np.float64)


def batch_size(length: int) -> int:
    """Return the number of frames in a batch.

    Parameters
    ----------
    length : int
        Samples in a frame.

    Returns
    -------
    int
        At least 1.
    """
    return max(1, BATCH_SAMPLES // max(1, length))


def frames_around(frames: ShortFrames, clip: int, length: int) -> Iterator[tuple[slice, Array]]:
    """Iterate over frames of another length with the same middles.

    Parameters
    ----------
    frames : ShortFrames
        The frames whose middles are used.
    clip : int
        Number of the clip.
    length : int
        Samples in a frame.

    Yields
    ------
    frames : slice
        The frames of the batch, counted from the first of the clip; those that reach beyond the
        clip are left out.
    samples : array of float32, shape ``(frames, length)``
        Their samples; a new array.
    """
    starts = frames.starts(clip) - (length - frames.length) // 2
    fits = np.flatnonzero((starts >= 0) & (starts + length <= len(frames.clips[clip])))
    span = max(1.0, disk_array.PIECE_SAMPLES / (frames.hop * frames.sr))
    size = min(batch_size(length), int(span))
    for k in range(0, len(fits), size):
        numbers = fits[k : k + size]
        own = starts[numbers]
        samples = frames.clips[clip][int(own[0]) : int(own[-1]) + length]
        part = slice(int(numbers[0]), int(numbers[-1]) + 1)
        yield part, sliding_window_view(samples, length)[own - own[0]]


def middle(frames: Array, length: int) -> Array:
    """Return the samples in the middle of frames.

    Parameters
    ----------
    frames : array, shape ``(frames, samples)``
    length : int
        Number of samples, at most those of a frame.

    Returns
    -------
    array, shape ``(frames, length)``
    """
    first = (frames.shape[1] - length) // 2
    return frames[:, first : first + length]


def peak_of_middle(frames: Array, length: int) -> Array:
    """Return the greatest absolute sample in the middle of frames.

    Parameters
    ----------
    frames : array, shape ``(frames, samples)``
    length : int
        Number of samples in the middle.

    Returns
    -------
    array, shape ``(frames,)``
    """
    own = middle(frames, min(length, frames.shape[1]))
    return np.asarray(np.maximum(own.max(axis=1), -own.min(axis=1)))


def silence(relative_peak: Array, silence_threshold: float, voicing_threshold: float) -> Array:
    """Return how much a frame is strengthened as a voiceless one because it is quiet.

    Parameters
    ----------
    relative_peak : array, shape ``(frames,)``
        Peak of each frame relative to that of the clip, 0 to 1.
    silence_threshold : float
        Relative peak below which a frame is silent.
    voicing_threshold : float
        Strength of the voiceless candidate of a loud frame.

    Returns
    -------
    array of float64, shape ``(frames,)``
        From 0 for loud frames to 2 for silence.

    References
    ----------
    Boersma 1993, eq. 23.
    """
    if silence_threshold == 0:
        return np.where(relative_peak > 0, 0.0, 2.0)
    quiet = silence_threshold / (1 + voicing_threshold)
    return np.maximum(0, 2 - relative_peak / quiet)
