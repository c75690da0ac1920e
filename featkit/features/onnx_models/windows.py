"""Windows of a clip at the rate of a model, read piece by piece.

Window ``k`` begins at sample ``k * hop - lead``, with zeros before the clip. A long clip is never
held as a whole, unless the model takes whole clips. The samples are resampled by soxr's HQ filter
if their rate differs, in a stream that gives the same bits for any pieces.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.segmentation import SampleBuffer
from featkit.audio.streams import resample_blocks
from featkit.dsp.disk_array import Clip, pieces
from featkit.errors import ParameterError

LONGEST_WHOLE = 2**25
"""Largest number of samples that a model takes at once: 35 minutes at 16 kHz."""

HIGHEST_RATIO = 64
"""Largest ratio of the rate of a model to that of a clip."""


def n_windows(samples: int, window: int, hop: int, *, pad_end: bool) -> int:
    """Count the windows of a clip.

    Parameters
    ----------
    samples : int
        Samples of the clip, with the zeros before it.
    window, hop : int
        Samples of a window, and from window to window.
    pad_end : bool
        Whether zeros after the clip complete a window, so that windows cover all samples.

    Returns
    -------
    int
        0 if the clip is shorter than a window that is not completed.

    Examples
    --------
    >>> n_windows(10, 4, 4, pad_end=False), n_windows(10, 4, 4, pad_end=True)
    (2, 3)
    """
    if not pad_end:
        return max(0, 1 + (samples - window) // hop)
    covering = 1 + max(0, -(-(samples - window) // hop))
    return min(covering, max(1, -(-samples // hop)))


def resampled(clip: Clip, sr: float, target_sr: float) -> Iterator[Array]:
    """Resample a clip piece by piece.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    sr, target_sr : float
        Its rate and the rate to convert it to, in Hz.

    Yields
    ------
    array of float32, shape ``(samples,)``

    Raises
    ------
    ParameterError
        If the rate of the clip is less than a 64th of the target.
    """
    if target_sr > HIGHEST_RATIO * sr:
        raise ParameterError(
            f"the model takes {target_sr:g} Hz; sound of {sr:g} Hz has less than"
            f" 1/{HIGHEST_RATIO} of this rate and does not suit it"
        )
    yield from resample_blocks(pieces(clip), sr, target_sr)


def batches(
    blocks: Iterator[Array], window: int, hop: int, *, lead: int, pad_end: bool, size: int
) -> Iterator[Array]:
    """Cut samples that arrive in blocks into windows.

    Parameters
    ----------
    blocks : iterable of array of float32, shape ``(samples,)``
    window, hop : int
        Samples of a window, and from window to window.
    lead : int
        Zeros before the first sample.
    pad_end : bool
        Whether zeros after the last sample complete a window.
    size : int
        Windows of a batch; the last batch may have fewer.

    Yields
    ------
    array of float32, shape ``(windows, window)``
    """
    buffer = SampleBuffer()
    buffer.append(np.zeros(lead, np.float32))
    done = 0
    for block in blocks:
        buffer.append(block)
        while done * hop + (size - 1) * hop + window <= buffer.end:
            yield _windows(buffer, done, size, window, hop)
            done += size
            buffer.discard(done * hop)
    total = n_windows(buffer.end, window, hop, pad_end=pad_end)
    missing = (total - 1) * hop + window - buffer.end
    buffer.append(np.zeros(max(0, missing), np.float32))
    for first in range(done, total, size):
        yield _windows(buffer, first, min(size, total - first), window, hop)


def _windows(buffer: SampleBuffer, first: int, count: int, window: int, hop: int) -> Array:
    samples = buffer.range(first * hop, (first + count - 1) * hop + window)
    return np.lib.stride_tricks.sliding_window_view(samples, window)[::hop].copy()


def whole_clip(
    clip: Clip, sr: float, target_sr: float, *, lead: int, shortest: int, pad_end: bool
) -> Array | None:
    """Resample a whole clip for a model that takes clips of any length.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    sr, target_sr : float
        Its rate and the rate to convert it to, in Hz.
    lead : int
        Zeros before the first sample.
    shortest : int
        Least number of samples of the result.
    pad_end : bool
        Whether a shorter clip is padded with zeros.

    Returns
    -------
    array of float32, shape ``(1, samples)``, optional
        None for a shorter clip that is not padded.

    Raises
    ------
    ParameterError
        If the clip is longer than `LONGEST_WHOLE` samples.
    """
    samples = lead + math.ceil(len(clip) * target_sr / sr)
    if samples > LONGEST_WHOLE:
        raise ParameterError(
            f"the recording has {samples:,} samples at {target_sr:g} Hz, a model takes at most"
            f" {LONGEST_WHOLE:,} at once: set window and hop, or analyse segments"
        )
    y = np.concatenate([np.zeros(lead, np.float32), *resampled(clip, sr, target_sr)])
    if len(y) < shortest and not pad_end:
        return None
    return np.pad(y, (0, max(0, shortest - len(y))))[None]
