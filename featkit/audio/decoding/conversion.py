"""Conversion of decoded samples: type, number of channels and sample rate.

The rate or the number of channels may change within a recording, as in concatenated files and radio
captures. The rest is then converted to the rate and channels of the beginning, as the ``ffmpeg``
command and players do. Rates are converted by soxr's HQ filter. A single channel is copied to all
channels. Otherwise, each channel becomes the mean of all, because featkit mixes channels to their
mean anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array


class Layout(NamedTuple):
    """Sample rate and channels of a part of a recording.

    Attributes
    ----------
    rate : float
        Sample rate in Hz.
    channels : int
        Number of channels.
    """

    rate: float
    channels: int


def sample_shape(frames: int, channels: int) -> tuple[int, ...]:
    """Return the shape of an array of samples.

    Parameters
    ----------
    frames, channels : int

    Returns
    -------
    tuple of int
        ``(frames,)`` for one channel, otherwise ``(frames, channels)``.
    """
    return (frames, channels) if channels > 1 else (frames,)


def to_float32(y: Array) -> Array:
    """Convert samples to float32; integers are divided by the full scale of their type.

    Parameters
    ----------
    y : array, any shape
        Integers or floats; unsigned integers are centred on the middle of their range.

    Returns
    -------
    array of float32
        Shaped as `y`; full scale is 1. No copy of float32 samples is made.
    """
    if y.dtype.kind == "f":
        return y.astype(np.float32, copy=False)
    bits = 8 * y.dtype.itemsize
    if y.dtype.kind == "u":
        y = y.astype(np.float64) - 2 ** (bits - 1)
    if bits <= 16:
        return np.multiply(y, np.float32(2.0 ** (1 - bits)), dtype=np.float32)
    return (y * 2.0 ** (1 - bits)).astype(np.float32)


def concatenated(blocks: Sequence[Array]) -> Array:
    """Concatenate blocks; a single block is not copied.

    Parameters
    ----------
    blocks : sequence of array, shape ``(frames, ...)``
        At least one. If their types differ, all are converted to float32.

    Returns
    -------
    array, shape ``(frames, ...)``
    """
    if len(blocks) == 1:
        return blocks[0]
    same_type = len({block.dtype for block in blocks}) == 1
    return np.concatenate(blocks if same_type else [to_float32(block) for block in blocks])


def skip_frames(blocks: Iterable[Array], count: int) -> Iterator[Array]:
    """Skip frames at the beginning of blocks.

    Parameters
    ----------
    blocks : iterable of array, shape ``(frames, ...)``
    count : int
        Number of frames to skip.

    Yields
    ------
    array, shape ``(frames, ...)``
        The rest, without empty blocks.
    """
    position = 0
    for block in blocks:
        part = block[max(0, count - position) :]
        position += len(block)
        if len(part):
            yield part


def convert_blocks(blocks: Iterable[Array], layout: Layout, target: Layout) -> Iterator[Array]:
    """Convert blocks of samples to another rate and number of channels.

    Parameters
    ----------
    blocks : iterable of array, shape ``(frames,)`` or ``(frames, channels)``
        Integers or floats. They are passed on unchanged if `layout` equals `target`, otherwise
        converted to float32.
    layout, target : Layout
        Rate and channels of the blocks, and of the result.

    Yields
    ------
    array, shape ``(frames,)`` or ``(frames, channels)``
        Together ``frames * target.rate // layout.rate`` frames.
    """
    if layout == target:
        yield from blocks
        return
    mixed = (_mix(to_float32(block), layout.channels, target.channels) for block in blocks)
    if layout.rate == target.rate:
        yield from mixed
        return
    import soxr

    resampler = soxr.ResampleStream(
        layout.rate, target.rate, target.channels, dtype="float32", quality="HQ"
    )
    n_input = n_output = 0
    for block in mixed:
        part = resampler.resample_chunk(block)
        n_input, n_output = n_input + len(block), n_output + len(part)
        if len(part):
            yield part
    missing = int(n_input * target.rate // layout.rate) - n_output
    empty = np.empty(sample_shape(0, target.channels), np.float32)
    rest = resampler.resample_chunk(empty, last=True)[:missing]
    if len(rest):
        yield rest


def _mix(block: Array, channels: int, target: int) -> Array:
    if channels == target:
        return block
    mono: Array = block if channels == 1 else np.asarray(np.mean(block, axis=1))
    return mono if target == 1 else np.repeat(mono[:, None], target, axis=1)
