"""Frames of speech analyses: 25 ms long, 10 ms apart, in a Hamming window; their power spectra.

References
----------
L. Rabiner and B.-H. Juang, "Fundamentals of speech recognition", Prentice Hall 1993, 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import fft
from featkit.dsp.autocorrelation import transposed
from featkit.dsp.disk_array import Clip
from featkit.dsp.filters import fft_window
from featkit.dsp.short_frames import ShortFrames

LENGTH, HOP = 0.025, 0.01
"""Seconds of a frame, and from one frame to the next."""

TOGETHER = 256
"""Frames that are transformed together, few enough for the cache of a core."""


def frame_samples(sr: float, length: float = LENGTH) -> int:
    """Return the number of samples in a frame.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    length : float
        Length of a frame in seconds.

    Returns
    -------
    int
        At least 1.
    """
    return max(1, round(length * sr))


def speech_frames(clips: Sequence[Clip], sr: float, length: float = LENGTH) -> ShortFrames:
    """Return frames `HOP` apart, the first at the beginning of each clip.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz.
    length : float
        Length of a frame in seconds.

    Returns
    -------
    ShortFrames
    """
    return ShortFrames(clips, sr, length=frame_samples(sr, length), hop=HOP)


def pre_emphasised(frames: Array, factor: float) -> Array:
    """Subtract from each sample a multiple of the one before.

    Each frame is filtered by itself, as in HTK: its first sample stands for the one before it.

    Parameters
    ----------
    frames : array, shape ``(frames, samples)``
    factor : float
        The multiple, 0 to 1; 0 changes nothing.

    Returns
    -------
    array, shape ``(frames, samples)``
        A new array of the same precision, unless the factor is 0.
    """
    if not factor:
        return frames
    weight = frames.dtype.type(factor)
    emphasised = np.empty_like(frames)
    np.multiply(frames[:, :1], 1 - weight, out=emphasised[:, :1])
    np.multiply(frames[:, :-1], -weight, out=emphasised[:, 1:])
    emphasised[:, 1:] += frames[:, 1:]
    return emphasised


def spectrum_size(samples: int) -> int:
    """Return the length of the transform of a frame.

    Parameters
    ----------
    samples : int
        Samples in a frame.

    Returns
    -------
    int
        The next power of two.
    """
    return 1 << max(1, samples - 1).bit_length()


def power_spectra(
    frames: ShortFrames, clip: int, n_fft: int, pre_emphasis: float = 0.0
) -> Iterator[tuple[slice, Array]]:
    """Iterate over the power spectra of the frames of a clip, in a Hamming window.

    Parameters
    ----------
    frames : ShortFrames
    clip : int
        Number of the clip.
    n_fft : int
        Length of the transform, at least that of a frame.
    pre_emphasis : float
        Factor of `pre_emphasised`.

    Yields
    ------
    part : slice
        Frames, counted from the first of the clip.
    power : array of float32, shape ``(n_fft // 2 + 1, frames)``
        Squared magnitudes.
    """
    window = fft_window("hamming", frames.length)
    for part, samples in frames.batches(clip, TOGETHER):
        spectra = fft.rfft(pre_emphasised(samples, pre_emphasis) * window, n_fft)
        power = np.square(spectra.real)
        power += np.square(spectra.imag)
        yield part, transposed(power)
