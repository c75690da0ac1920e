"""From samples to rows: where spectra, families and statistics meet.

A stack of clips is walked once for everything that a few frames tell, and again for what needs
something of whole clips besides, such as chroma in a clip's own tuning. A recording that is too
long for memory is a stack by itself, whose samples lie in a file.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeVar

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.native import LOUDEST
from featkit.audio.rates import check_sr
from featkit.dsp.disk_array import Clip, OnDisk
from featkit.dsp.segments import Segments
from featkit.errors import ParameterError
from featkit.features.sets.entries import Entry
from featkit.features.sets.registry import DEFAULT, FeatureSet, feature_set
from featkit.features.spectra import MADE_FROM, SCOPES, SOURCES, Block, Stack
from featkit.features.statistics import summarise

T = TypeVar("T")

STACK_SAMPLES = 2**21
"""Most samples in a stack of clips (8 MB), so that memory does not grow with their number."""

SUMMARISED = 2**19
"""Values that are summarised at once (4 MB in double precision), but at least a row."""


def analyse(
    clips: Sequence[Array],
    sr: float,
    features: str | os.PathLike[str] | Mapping[str, Any] | FeatureSet = DEFAULT,
) -> Array:
    """The features of clips.

    Parameters
    ----------
    clips : sequence of arrays, shape ``(samples,)``
        Mono, floating point, finite, each of at least one sample; of any lengths.
    sr : float
        Their sample rate in Hz.
    features : str, path, mapping or FeatureSet
        Which features, see `featkit.feature_set`. Its own rate is not looked at: see `featkit.load`
        for resampling.

    Returns
    -------
    array of float64, shape ``(clips, columns)``
        NaN where a descriptor is undefined. A row depends on its clip alone, to the bit.

    Raises
    ------
    ParameterError
        If a clip is not such an array; it says which. If `sr` is out of range, or there is no
        such feature set.

    Examples
    --------
    >>> from featkit import signals
    >>> clips = [signals.sine(440.0, 22050), signals.noise(22050)]
    >>> analyse(clips, 22050, "genre75").shape
    (2, 75)
    """
    chosen = feature_set(features)
    check_sr(sr)
    checked = ((_checked(k, clip), sr) for k, clip in enumerate(clips))
    rows = analyse_loaded(checked, chosen)
    return np.concatenate([np.empty((0, len(chosen.columns))), *rows])


def analyse_loaded(loaded: Iterable[tuple[Clip, float]], features: FeatureSet) -> Iterator[Array]:
    """Rows of samples with their rate, as `featkit.load` gives them, some clips at a time.

    Neighbours of one rate are analysed as one stack, up to a size, and forgotten: what is loaded on
    the way need not fit in memory together. A clip that lies in a file is a stack by itself, and
    analysed before the next is asked for: the file may be closed then. Its numbers are those that
    it would have in memory, which holds a few blocks of it, and the values over time.
    """
    sized = ((y, math.inf if isinstance(y, OnDisk) else len(y), sr) for y, sr in loaded)
    for stack, sr in stacked(sized):
        yield _analyse_stack(stack, sr, features)


def stacked(clips: Iterable[tuple[T, float, float]]) -> Iterator[tuple[list[T], float]]:
    """Neighbours of one rate, up to `STACK_SAMPLES` of them together; stacks with their rate.

    Parameters
    ----------
    clips : iterable of (clip, float, float)
        What is stacked, with its samples and its rate in Hz. What has that many samples or more is
        a stack by itself, given before the next is asked for.
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


def _checked(k: int, clip: Any) -> Array:
    y = np.asarray(clip)
    if y.ndim != 1 or y.dtype.kind != "f" or not len(y):
        raise ParameterError(
            f"clip {k} must be samples of shape (samples,) in floating point,"
            f" got {y.dtype} of shape {y.shape}: featkit.load makes them of anything"
        )
    if not np.abs(y).max() <= LOUDEST:
        raise ParameterError(
            f"clip {k} holds NaN, infinity or samples beyond {LOUDEST:g}:"
            " every sample must be finite, and full scale is 1"
        )
    return y.astype(np.float32, copy=False)


def _analyse_stack(clips: Sequence[Clip], sr: float, features: FeatureSet) -> Array:
    stack = Stack(clips, sr, features.spectra)
    values = _descriptors(stack, features)
    rows: dict[int, Array] = {}
    pooled = [k for k, entry in enumerate(features.entries) if entry.pooled]
    for k in pooled:
        rows[k] = _summary_of_all(features.entries[k], values[k], stack.segments)
    # Other families with the same statistics are summarised as one matrix.
    order = sorted(
        set(range(len(values))) - {*pooled}, key=lambda k: features.entries[k].statistics
    )
    for statistics, group in groupby(order, key=lambda k: features.entries[k].statistics):
        members = list(group)
        if not statistics:
            rows |= {k: values[k] for k in members}
            continue
        summary = _summary([row for k in members for row in values[k]], stack, statistics)
        ends = np.cumsum([len(values[k]) for k in members])
        for k, part in zip(members, np.split(summary, ends[:-1], axis=1), strict=True):
            rows[k] = part.reshape(-1, len(clips))
    table = np.concatenate([rows[k] for k in range(len(values))])
    return np.ascontiguousarray(table[features.positions].T)


def _summary(rows: Sequence[Array], stack: Stack, statistics: Sequence[str]) -> Array:
    """Each statistic of each row for each clip, some rows at a time."""
    size = max(1, SUMMARISED // stack.segments.total)
    parts = (np.stack(rows[start : start + size]) for start in range(0, len(rows), size))
    return np.concatenate([summarise(part, stack.segments, statistics) for part in parts], axis=1)


def _summary_of_all(entry: Entry, values: Array, segments: Segments) -> Array:
    """Statistics over components and frames of each descriptor: ``(columns, clips)``."""
    sizes = [len(descriptor.indices) for descriptor in entry.descriptors]
    summaries = []
    for components in np.split(values, np.cumsum(sizes)[:-1]):
        all_of_them = components.T.reshape(1, -1)
        frames = Segments(segments.lengths * len(components))
        summaries.append(summarise(all_of_them, frames, entry.statistics)[:, 0])
    return np.stack(summaries, axis=1).reshape(-1, len(segments))


def _descriptors(stack: Stack, features: FeatureSet) -> list[Array]:
    """Values of each entry: ``(rows, frames)``, or ``(rows, clips)``."""
    entries = features.entries
    first = [e for e in entries if e.family.walks_blocks and not e.family.walks_again]
    again = [e for e in entries if e.family.walks_again]
    sources = _sources(entries)
    early, late = sources & SCOPES["block"], sources & SCOPES["second"]
    computed: dict[int, Array] = {}
    if first or early:
        computed |= _walk(stack, first, gather=early, keep=_kept(again, sources))
    if again or late:
        computed |= _walk(stack, again, gather=late)
    values = []
    for entry in entries:
        family = entry.family
        value = computed.pop(id(entry)) if family.walks_blocks else _compute(entry, stack)
        if family.finish:
            needed = {name: getattr(stack, name) for name in family.finish_needs}
            value = family.finish(entry.parameters, value, **needed)
        if family.undefined_in_silence:
            value = _without_silence(value, stack, skip=features.silent_frames == "skip")
        values.append(value)
    return values


def _walk(
    stack: Stack, entries: Sequence[Entry], *, gather: Iterable[str] = (), keep: Iterable[str] = ()
) -> dict[int, Array]:
    """What the entries compute from each block, block beside block, by the entry's `id`."""
    values: dict[int, Array] = {}
    for block in stack.blocks(gather=gather, keep=keep):
        for entry in entries:
            part = _compute(entry, block)
            if id(entry) not in values:
                values[id(entry)] = np.empty((len(part), stack.segments.total), part.dtype)
            values[id(entry)][:, block.frames] = part
    return values


def _compute(entry: Entry, source: Stack | Block) -> Array:
    needed: dict[str, Any] = {name: getattr(source, name) for name in entry.family.needs}
    return entry.family.compute(entry.parameters, **needed)


def _sources(entries: Sequence[Entry]) -> frozenset[str]:
    """What the walks collect, so that nothing that is made of it needs a walk of its own."""
    needs: set[str] = set()
    for entry in entries:
        needs |= entry.family.needs | entry.family.finish_needs
        needs |= {"sounding"} if entry.family.undefined_in_silence else set()
    sources: set[str] = set()
    while needs := {SOURCES[name] for name in needs if name in SOURCES}:
        sources |= needs
    return frozenset(sources)


def _kept(again: Sequence[Entry], sources: frozenset[str]) -> set[str]:
    """What the second walk needs of the first."""
    needs = sources.union(*(entry.family.needs for entry in again))
    asked = {name for entry in again for name in entry.family.needs & SCOPES["block"]}
    return asked | {MADE_FROM[name] for name in needs if name in MADE_FROM}


def _without_silence(values: Array, stack: Stack, *, skip: bool) -> Array:
    """NaN in every frame of a silent clip, or, to `skip` them, in every silent frame."""
    sounding = stack.sounding
    if not skip:
        sounding = stack.segments.spread(stack.segments.max(sounding))
    if sounding.all():
        return values
    return np.where(sounding, values, np.nan)
