"""Rows of features from samples: combines spectra, families and statistics.

Clips are processed as stacks, in blocks of frames. The first pass over the blocks computes
quantities that depend on a few frames only. The second pass computes quantities that also need
whole clips, such as chroma in the clip's tuning. A recording that is too long for memory is a stack
by itself; its samples are read from disk.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.rates import check_sr
from featkit.audio.source import LOUDEST
from featkit.dsp.disk_array import Clip, DiskArray
from featkit.dsp.segments import Segments
from featkit.errors import ParameterError
from featkit.features.family import OwnFrames
from featkit.features.sets.entries import Entry
from featkit.features.sets.loading import DEFAULT, FeatureSet, feature_set
from featkit.features.spectra.block import Block
from featkit.features.spectra.dependencies import GATHERED, REUSED
from featkit.features.spectra.scopes import FIRST_PASS, SECOND_PASS
from featkit.features.spectra.stack import Stack
from featkit.features.statistics import summarise

if TYPE_CHECKING:
    from featkit.features.sequences.sequence_set import SequenceSet

T = TypeVar("T")

STACK_SAMPLES = 2**21
"""Largest number of samples in a stack of several clips (8 MB), so that memory does not grow with
the number of clips."""


class FrameValues(NamedTuple):
    """Values of an entry of a feature set, without statistics.

    Attributes
    ----------
    values : array
        Shape ``(rows, frames)``, or ``(rows, clips)`` for a family per clip.
    segments : Segments
        Frames of each clip: those of the stack, unless the family has frames of its own.
    """

    values: Array
    segments: Segments


def analyse(
    clips: Sequence[Array],
    sr: float,
    features: str | os.PathLike[str] | Mapping[str, Any] | FeatureSet = DEFAULT,
) -> Array:
    """Compute the features of clips.

    Parameters
    ----------
    clips : sequence of arrays, shape ``(samples,)``
        Mono samples in floating point, finite, at least one per clip; lengths may differ.
    sr : float
        Sample rate in Hz.
    features : str, path, mapping or FeatureSet
        Feature set, as for `featkit.feature_set`. Clips are not resampled to its sample rate; use
        `featkit.load` for that.

    Returns
    -------
    array of float64, shape ``(clips, columns)``
        NaN where a descriptor is undefined. A row depends on its clip alone, to the bit.

    Raises
    ------
    ParameterError
        If a clip is not such an array, `sr` is out of range, or the feature set does not exist or
        is invalid.

    Examples
    --------
    >>> from featkit import signals
    >>> clips = [signals.sine(440.0, 22050), signals.noise(22050)]
    >>> analyse(clips, 22050, "genre75").shape
    (2, 75)
    """
    chosen = feature_set(features)
    check_sr(sr)
    if text := chosen.rate_warning(sr):
        warnings.warn(text, stacklevel=2)
    loaded = ((checked_clip(k, clip), sr) for k, clip in enumerate(clips))
    rows = analyse_loaded(loaded, chosen)
    return np.concatenate([np.empty((0, len(chosen.columns))), *rows])


def analyse_loaded(loaded: Iterable[tuple[Clip, float]], features: FeatureSet) -> Iterator[Array]:
    """Compute the features of clips of any sample rates, stack by stack.

    Consecutive clips of one rate are analysed as one stack and then released, so that the clips
    need not fit in memory together. A clip on disk is a stack by itself, analysed before the next
    clip is requested; its file may then be closed. Its values are the same as in memory.

    Parameters
    ----------
    loaded : iterable of (clip, float)
        Samples of shape ``(samples,)``, float32, in memory or on disk, and their rate in Hz.
    features : FeatureSet
        The feature set.

    Yields
    ------
    array of float64, shape ``(clips, columns)``
        Rows of some consecutive clips.
    """
    sized = ((y, math.inf if isinstance(y, DiskArray) else len(y), sr) for y, sr in loaded)
    for stack, sr in stacked(sized):
        yield _analyse_stack(stack, sr, features)


def stacked(clips: Iterable[tuple[T, float, float]]) -> Iterator[tuple[list[T], float]]:
    """Group consecutive clips of one sample rate into stacks of up to `STACK_SAMPLES` samples.

    Parameters
    ----------
    clips : iterable of (clip, float, float)
        Clip, number of samples, and sample rate in Hz. A clip of `STACK_SAMPLES` samples or more
        ends its stack, which is yielded before the next clip is requested.

    Yields
    ------
    list, float
        Clips of a stack, and their sample rate.
    """
    stack: list[T] = []
    total, rate = 0.0, 0.0
    for clip, samples, sr in clips:
        if stack and (sr != rate or total + samples > STACK_SAMPLES):
            yield stack, rate
            stack, total = [], 0.0
        stack.append(clip)
        total, rate = total + samples, sr
        if total >= STACK_SAMPLES:
            yield stack, rate
            stack, total = [], 0.0
    if stack:
        yield stack, rate


def checked_clip(k: int, clip: Any) -> Array:
    """Check the samples of a clip.

    Parameters
    ----------
    k : int
        Number of the clip, for error messages.
    clip : array

    Returns
    -------
    array of float32, shape ``(samples,)``

    Raises
    ------
    ParameterError
        If it is not a finite array of floating-point samples.
    """
    y = np.asarray(clip)
    if y.ndim != 1 or y.dtype.kind != "f" or not len(y):
        raise ParameterError(
            f"clip {k} must be a non-empty floating-point array of shape (samples,),"
            f" got {y.dtype} of shape {y.shape}; featkit.load converts integers and stereo"
        )
    if not max(y.max(), -y.min()) <= LOUDEST:  # NaN is neither; np.abs(y) would be a copy
        raise ParameterError(
            f"clip {k} contains NaN, infinity or samples beyond {LOUDEST:g}:"
            " every sample must be finite, and full scale is 1"
        )
    return y.astype(np.float32, copy=False)


def _analyse_stack(clips: Sequence[Clip], sr: float, features: FeatureSet) -> Array:
    stack = Stack(clips, sr, features.spectra)
    computed = frame_values(stack, features)
    rows = [_entry_rows(entry, *own) for entry, own in zip(features.entries, computed, strict=True)]
    return np.ascontiguousarray(np.concatenate(rows)[features.positions].T)


def _entry_rows(entry: Entry, values: Array, segments: Segments) -> Array:
    """Columns of an entry: ``(columns, clips)``."""
    if entry.pooled:
        return _pooled_summary(entry, values, segments)
    if not entry.statistics:
        return values
    return summarise(values, segments, entry.statistics).reshape(-1, len(segments))


def _pooled_summary(entry: Entry, values: Array, segments: Segments) -> Array:
    """Statistics over components and frames of each descriptor: ``(columns, clips)``."""
    sizes = [len(descriptor.indices) for descriptor in entry.descriptors]
    summaries = []
    for components in np.split(values, np.cumsum(sizes)[:-1]):
        pooled = components.T.reshape(1, -1)
        clips = Segments(segments.lengths * len(components))
        summaries.append(summarise(pooled, clips, entry.statistics)[:, 0])
    return np.stack(summaries, axis=1).reshape(-1, len(segments))


def frame_values(stack: Stack, features: FeatureSet | SequenceSet) -> list[FrameValues]:
    """Compute the values of every entry of a feature set, without statistics.

    Parameters
    ----------
    stack : Stack
        The clips.
    features : FeatureSet or SequenceSet
        The set; its entries must fit the stack's `SpectraParameters`.

    Returns
    -------
    list of FrameValues
        One per entry.
    """
    entries = features.entries
    first = [k for k, e in enumerate(entries) if e.family.in_blocks and not e.family.in_second_pass]
    second = [k for k, e in enumerate(entries) if e.family.in_second_pass]
    gathered = _gathered_quantities(entries)
    gather_first, gather_second = gathered & FIRST_PASS, gathered & SECOND_PASS
    computed: dict[int, Array] = {}
    if first or gather_first:
        keep = _kept_quantities([entries[k] for k in second], gathered)
        computed |= _pass_over_blocks(stack, entries, first, gather=gather_first, keep=keep)
    if second or gather_second:
        computed |= _pass_over_blocks(stack, entries, second, gather=gather_second)
    skip = features.silent_frames == "skip"
    values = []
    for k, entry in enumerate(entries):
        value = computed.pop(k) if entry.family.in_blocks else _compute(entry, stack)
        if isinstance(value, OwnFrames):
            values.append(FrameValues(*value))
        else:
            value = _finished(entry, value, stack, skip_silence=skip)
            values.append(FrameValues(value, stack.segments))
    return values


def _pass_over_blocks(
    stack: Stack,
    entries: Sequence[Entry],
    positions: Sequence[int],
    *,
    gather: Iterable[str] = (),
    keep: Iterable[str] = (),
) -> dict[int, Array]:
    """Values of the entries at some positions, ``(rows, frames)`` each."""
    values: dict[int, Array] = {}
    wanted = frozenset[str]().union(*(entries[k].family.needs for k in positions))
    for block in stack.blocks(gather=gather, keep=keep, wanted=wanted):
        for k in positions:
            computed = _compute(entries[k], block)
            if k not in values:
                values[k] = np.empty((len(computed), stack.segments.total), computed.dtype)
            values[k][:, block.frames] = computed
    return values


def _compute(entry: Entry, source: Stack | Block) -> Any:
    """An array, or `OwnFrames`."""
    quantities: dict[str, Any] = {name: getattr(source, name) for name in entry.family.needs}
    return entry.family.compute(entry.parameters, **quantities)


def _finished(entry: Entry, values: Array, stack: Stack, *, skip_silence: bool) -> Array:
    """Values after the family's `finish`, with NaN where silence makes them undefined."""
    family = entry.family
    if family.finish:
        quantities = {name: getattr(stack, name) for name in family.finish_needs}
        values = family.finish(entry.parameters, values, **quantities)
    if not family.undefined_in_silence:
        return values
    sounding = stack.sounding
    if not skip_silence:  # only clips without any sound are undefined
        sounding = stack.segments.to_frames(stack.segments.max(sounding))
    return values if sounding.all() else np.where(sounding, values, np.nan)


def _gathered_quantities(entries: Sequence[Entry]) -> frozenset[str]:
    """Quantities to collect during the two passes, so that none needs an additional pass."""
    needs: set[str] = set()
    for entry in entries:
        needs |= entry.family.needs | entry.family.finish_needs
        needs |= {"sounding"} if entry.family.undefined_in_silence else set()
    gathered: set[str] = set()
    while needs := {GATHERED[name] for name in needs if name in GATHERED}:
        gathered |= needs
    return frozenset(gathered)


def _kept_quantities(second: Sequence[Entry], gathered: frozenset[str]) -> set[str]:
    """Quantities of the first pass that the second pass needs, too."""
    needs = gathered.union(*(entry.family.needs for entry in second))
    direct = {name for entry in second for name in entry.family.needs & FIRST_PASS}
    return direct | {REUSED[name] for name in needs if name in REUSED}
