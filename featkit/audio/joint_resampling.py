"""Resampling of many short clips: designing the filter takes longer than applying it to one clip.

The filter of soxr is designed for each stream, but once for all channels of a stream. Channels do
not influence each other, so clips are resampled as the channels of one stream, padded with zeros to
one length; soxr itself pads the end of a stream with zeros. Each clip has the samples that it has
when it is resampled alone, to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.decoding.conversion import concatenated
from featkit.audio.decoding.reader import BLOCK
from featkit.audio.streams import resample_blocks, resampled_length

LONGEST = 2**14
"""Largest number of samples of a clip that is resampled with others; for longer ones, arranging
the channels takes longer than the design of a filter."""

CHANNELS = 16
"""Largest number of clips in a stream."""


def resample_clips(clips: Sequence[Array], orig_sr: float, target_sr: float) -> list[Array]:
    """Resample clips, each as if it were alone.

    Parameters
    ----------
    clips : sequence of array of float32, shape ``(samples,)``
    orig_sr, target_sr : float
        Sample rates in Hz.

    Returns
    -------
    list of array of float32, shape ``(samples,)``
        ``ceil(samples * target_sr / orig_sr)`` samples each, as librosa returns.
    """
    if orig_sr == target_sr:
        return list(clips)
    resampled: dict[int, Array] = {}
    # Clips of similar length need little padding.
    order = sorted(range(len(clips)), key=lambda k: len(clips[k]))
    short = [k for k in order if len(clips[k]) <= LONGEST]
    for start in range(0, len(short), CHANNELS):
        places = short[start : start + CHANNELS]
        if len(places) > 1:
            resampled |= zip(
                places, _as_channels([clips[k] for k in places], orig_sr, target_sr), strict=True
            )
    return [
        resampled[k] if k in resampled else _alone(clip, orig_sr, target_sr)
        for k, clip in enumerate(clips)
    ]


def _alone(y: Array, orig_sr: float, target_sr: float) -> Array:
    blocks = (y[start : start + BLOCK] for start in range(0, len(y), BLOCK))
    return concatenated(list(resample_blocks(blocks, orig_sr, target_sr)))


def _as_channels(clips: Sequence[Array], orig_sr: float, target_sr: float) -> list[Array]:
    """Resample clips, ordered by length, as the channels of one stream."""
    import soxr

    channels = np.zeros((len(clips[-1]), len(clips)), np.float32)
    for k, clip in enumerate(clips):
        channels[: len(clip), k] = clip
    stream = soxr.ResampleStream(orig_sr, target_sr, len(clips), dtype="float32", quality="HQ")
    body = stream.resample_chunk(channels)
    rest = stream.resample_chunk(np.empty((0, len(clips)), np.float32), last=True)
    output = np.concatenate([body, rest]).T
    resampled = []
    for clip, own in zip(clips, output, strict=True):
        y = np.zeros(resampled_length(len(clip), orig_sr, target_sr), np.float32)
        # soxr ends a stream after this number of samples; librosa pads it with zeros.
        count = min(len(y), int(len(clip) / (orig_sr / target_sr) + 0.5))
        y[:count] = own[:count]
        resampled.append(y)
    return resampled
