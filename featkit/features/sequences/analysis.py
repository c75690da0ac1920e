"""Sequences of clips: the values of families frame by frame, and equally many frames.

Values are those that feature sets summarise by statistics (`featkit.features.analysis`); clips are
analysed in the same stacks. Undefined values are replaced, because networks need numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.rates import check_sr
from featkit.dsp.disk_array import Clip, DiskArray, FittedClip
from featkit.features.analysis import (
    STACK_SAMPLES,
    FrameValues,
    checked_clip,
    frame_values,
    stacked,
)
from featkit.features.sequences._lengths import padded, resampled
from featkit.features.sequences.loading import SequenceSetLike, sequence_set
from featkit.features.sequences.sequence_set import SequenceSet
from featkit.features.spectra.stack import Stack

__all__ = ["ClipSequences", "analyse_sequences", "padded", "padding_values", "sequences_of"]

SILENCE = 2.0
"""Seconds of silence whose middle frame gives the values of silence; or two frames, if longer."""

SILENCE_RATE = 22050.0
"""Its sample rate in Hz, if each recording keeps its own."""


class ClipSequences(NamedTuple):
    """Sequences of a clip, in the order of the kinds of the set.

    Attributes
    ----------
    values : tuple of array of float32, shape ``(channels, frames)``
        One for each kind, finite. The number of frames is that of the set (`SequenceSet.n_frames`)
        or, where it is None, that of the clip.
    lengths : tuple of int
        True frames of each kind, at least 1; the rest is padding, at the end.
    """

    values: tuple[Array, ...]
    lengths: tuple[int, ...]


def sequences_of(
    clips: Sequence[Array], sr: float, sequences: SequenceSetLike
) -> list[ClipSequences]:
    """Compute the sequences of clips.

    Parameters
    ----------
    clips : sequence of arrays, shape ``(samples,)``
        Mono samples in floating point, finite, at least one per clip; lengths may differ.
    sr : float
        Sample rate in Hz.
    sequences : str, path, sequence of str, mapping or SequenceSet
        Sequence set, as for `sequence_set`. Clips are not resampled to its sample rate; use
        `featkit.load` for that.

    Returns
    -------
    list of ClipSequences
        Those of a clip depend on this clip alone, to the bit.

    Raises
    ------
    ParameterError
        If a clip is not such an array, `sr` is out of range, or the sequence set does not exist or
        is invalid.

    Examples
    --------
    >>> from featkit import signals
    >>> (clip,) = sequences_of([signals.noise(22050, duration=5.0)], 22050, "logmel128")
    >>> clip.values[0].shape
    (128, 128)
    """
    chosen = sequence_set(sequences)
    check_sr(sr)
    loaded = ((checked_clip(k, clip), sr) for k, clip in enumerate(clips))
    return [clip for stack in analyse_sequences(loaded, chosen) for clip in stack]


def analyse_sequences(
    loaded: Iterable[tuple[Clip, float]], sequences: SequenceSet
) -> Iterator[list[ClipSequences]]:
    """Compute the sequences of clips of any sample rates, stack by stack.

    Clips are cut and padded here: of a recording, `SequenceSet.excerpt_seconds` are enough, without
    padding. Stacks are those of `featkit.features.analysis.analyse_loaded`; a clip on disk is
    analysed, or copied, before the next clip is requested.

    Parameters
    ----------
    loaded : iterable of (clip, float)
        Samples of shape ``(samples,)``, float32, in memory or on disk, and their rate in Hz.
    sequences : SequenceSet
        The sequence set.

    Yields
    ------
    list of ClipSequences
        Sequences of some consecutive clips.
    """
    fitted = ((_fitted(clip, sr, sequences), sr) for clip, sr in loaded)
    sized = (
        (member, math.inf if isinstance(member.clip, DiskArray) else len(member.clip), sr)
        for member, sr in fitted
    )
    for members, sr in stacked(sized):
        yield _analyse_stack(members, sr, sequences)


def padding_values(sequences: SequenceSet) -> dict[str, Array]:
    """Return the values that pad sequences, and that replace undefined ones.

    They are the values of a silent frame of a recording: -100 dB in a mel band, the level of
    digital silence; 0 for a centroid, whose silent frames have this value in librosa, too; and 0
    where a family defines none, such as for a pitch.

    Parameters
    ----------
    sequences : SequenceSet
        The sequence set.

    Returns
    -------
    dict of str to array of float32, shape ``(channels,)``
        By the name of the kind.
    """
    return dict(zip(sequences.kinds, _padding(sequences), strict=True))


@lru_cache(maxsize=16)
def _padding(sequences: SequenceSet) -> tuple[Array, ...]:
    """Padding of each kind."""
    sr = sequences.sample_rate or SILENCE_RATE
    samples = max(math.ceil(SILENCE * sr), 2 * sequences.spectra.n_fft)
    stack = Stack([np.zeros(samples, dtype=np.float32)], sr, sequences.spectra)
    # Where a whole recording is silent, families return NaN; a silent frame of another has values.
    vars(stack)["sounding"] = np.ones(stack.segments.total, dtype=bool)
    middles = [value[:, value.shape[1] // 2] for value, _ in frame_values(stack, sequences)]
    return tuple(np.nan_to_num(middle).astype(np.float32) for middle in middles)


class _Member(NamedTuple):
    """A clip, cut or padded to the analysed length, and the number of its samples before padding.

    Attributes
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    true_samples : int
    """

    clip: Clip
    true_samples: int


def _fitted(clip: Clip, sr: float, sequences: SequenceSet) -> _Member:
    """The analysed part of a clip; padded with zeros if the set states its seconds."""
    longest = sequences.n_samples(sr)
    if longest is None or len(clip) == longest:
        return _Member(clip, len(clip))
    if len(clip) < longest and sequences.seconds is None:
        return _Member(clip, len(clip))
    fitted = FittedClip(clip, longest)
    # In memory, a copy: the rest of the clip is released.
    in_memory = longest <= STACK_SAMPLES or not isinstance(clip, DiskArray)
    return _Member(fitted[:] if in_memory else fitted, min(len(clip), longest))


def _analyse_stack(
    members: Sequence[_Member], sr: float, sequences: SequenceSet
) -> list[ClipSequences]:
    stack = Stack([member.clip for member in members], sr, sequences.spectra)
    computed = frame_values(stack, sequences)
    by_kind = [_kind_sequences(k, value, members, sequences) for k, value in enumerate(computed)]
    by_clip = zip(*by_kind, strict=True)
    return [ClipSequences(*zip(*kinds, strict=True)) for kinds in by_clip]


def _kind_sequences(
    k: int, computed: FrameValues, members: Sequence[_Member], sequences: SequenceSet
) -> list[tuple[Array, int]]:
    """Values and true frames of each clip, of kind `k`."""
    own_frames = sequences.entries[k].family.own_frames
    result = []
    for member, part in zip(members, computed.segments, strict=True):
        values = computed.values[:, part]
        length = 1 + member.true_samples // sequences.spectra.hop_length
        if own_frames:
            length = math.ceil(values.shape[1] * member.true_samples / len(member.clip))
        result.append(_with_length(k, values, length, sequences))
    return result


def _with_length(k: int, values: Array, length: int, sequences: SequenceSet) -> tuple[Array, int]:
    """Defined values in the number of frames of the set, and the true ones of them."""
    frames = [*sequences.n_frames.values()][k]
    if frames is not None and sequences.length_rule == "resample":
        length = math.ceil(length * frames / values.shape[1])
        values = resampled(values, frames)
    undefined = np.isnan(values)
    if undefined.any():
        values = np.where(undefined, _padding(sequences)[k][:, None], values)
    values = np.ascontiguousarray(values, dtype=np.float32)
    if frames is None or frames == values.shape[1]:
        return values, length
    return padded(values, frames, _padding(sequences)[k]), min(length, frames)
