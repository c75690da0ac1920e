"""Recordings whose rate or channels change on the way: the rest is converted to the beginning's.

The ``ffmpeg`` command and players do so, too: joined files and radio captures are often of several
rates. Rates are converted by soxr's HQ filter. One channel is copied to all; where their number
changes otherwise, every channel becomes the mean of all, which featkit takes anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array


class Layout(NamedTuple):
    """The rate in Hz and the number of channels of a part of a recording."""

    rate: float
    channels: int


def shape(frames: int, channels: int) -> tuple[int, ...]:
    """Of samples: ``(frames,)``, or ``(frames, channels)`` if there are several."""
    return (frames, channels) if channels > 1 else (frames,)


def scaled(y: Array) -> Array:
    """Integers over the full scale of their type, unsigned ones around their middle; float32."""
    if y.dtype.kind == "f":
        return y.astype(np.float32, copy=False)
    bits = 8 * y.dtype.itemsize
    if y.dtype.kind == "u":
        y = y.astype(np.float64) - 2 ** (bits - 1)
    if bits <= 16:
        return np.multiply(y, np.float32(2.0 ** (1 - bits)), dtype=np.float32)
    return (y * 2.0 ** (1 - bits)).astype(np.float32)


def joined(blocks: Sequence[Array]) -> Array:
    """Blocks one after the other, scaled if their types differ; one alone is not copied."""
    if len(blocks) == 1:
        return blocks[0]
    alike = len({block.dtype for block in blocks}) == 1
    return np.concatenate(blocks if alike else [scaled(block) for block in blocks])


def converted(blocks: Iterable[Array], layout: Layout, to: Layout) -> Iterator[Array]:
    """Blocks of samples at the rate and with the channels of another layout.

    Parameters
    ----------
    blocks : iterable of array
        Integers or floats, which they remain if `layout` is `to`; else they are scaled.
    layout, to : Layout
        What they are, and what they become.

    Yields
    ------
    array, shape ``(frames,)`` or ``(frames, channels)``
        ``samples * to.rate // layout.rate`` frames together.
    """
    if layout == to:
        yield from blocks
        return
    mixed = (_mixed(scaled(block), layout.channels, to.channels) for block in blocks)
    if layout.rate == to.rate:
        yield from mixed
        return
    import soxr

    resampler = soxr.ResampleStream(
        layout.rate, to.rate, to.channels, dtype="float32", quality="HQ"
    )
    taken = given = 0
    for block in mixed:
        part = resampler.resample_chunk(block)
        taken, given = taken + len(block), given + len(part)
        if len(part):
            yield part
    left = int(taken * to.rate // layout.rate) - given
    rest = resampler.resample_chunk(np.empty(shape(0, to.channels), np.float32), last=True)[:left]
    if len(rest):
        yield rest


def _mixed(block: Array, channels: int, wanted: int) -> Array:
    if channels == wanted:
        return block
    mono: Array = block if channels == 1 else np.asarray(np.mean(block, axis=1))
    return mono if wanted == 1 else np.repeat(mono[:, None], wanted, axis=1)
