"""From samples to rows: where spectra, families and statistics meet.

A stack of clips is walked once for everything that a few frames tell, then asked for what only
whole clips tell, and walked again for what needs both, such as chroma in a clip's own tuning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from featkit.errors import ParameterError
from featkit.featuresets import Entry, FeatureSet
from featkit.segments import Array
from featkit.spectra import GATHERED, SCOPES, Block, Stack
from featkit.statistics import summarise

STACK_SAMPLES = 2**21
"""Most samples in a stack of clips (8 MB), so that memory does not grow with their number."""


def analyse(clips: Sequence[Array], sr: float, features: FeatureSet) -> Array:
    """The features of clips.

    Parameters
    ----------
    clips : sequence of arrays, shape ``(samples,)``
        Mono, floating point, finite, each of at least one sample; of any lengths.
    sr : float
        Their sample rate in Hz.
    features : FeatureSet
        Which features. Its own rate is not looked at: see `featkit.load` for resampling.

    Returns
    -------
    array of float64, shape ``(clips, columns)``
        NaN where a descriptor is undefined. A row depends on its clip alone, to the bit.

    Raises
    ------
    ParameterError
        If a clip is no such array; it says which.

    Examples
    --------
    >>> from featkit import feature_set, signals
    >>> clips = [signals.sine(440.0, 22050), signals.noise(22050)]
    >>> table = analyse(clips, 22050, feature_set("genre75"))
    >>> table.shape
    (2, 75)
    """
    checked = ((_checked(k, clip), sr) for k, clip in enumerate(clips))
    rows = analyse_loaded(checked, features)
    return np.concatenate([np.empty((0, len(features.columns))), *rows])


def analyse_loaded(loaded: Iterable[tuple[Array, float]], features: FeatureSet) -> Iterator[Array]:
    """Rows of samples with their rate, as `featkit.load` gives them, some clips at a time.

    Neighbours of one rate are analysed as one stack, up to a size, and forgotten: what is loaded on
    the way need not fit in memory together.
    """
    stack: list[Array] = []
    samples, rate = 0, 0.0
    for y, sr in loaded:
        if stack and (sr != rate or samples + len(y) > STACK_SAMPLES):
            yield _analyse_stack(stack, rate, features)
            stack, samples = [], 0
        stack.append(y)
        samples, rate = samples + len(y), sr
    if stack:
        yield _analyse_stack(stack, rate, features)


def _checked(k: int, clip: Any) -> Array:
    y = np.asarray(clip)
    if y.ndim != 1 or y.dtype.kind != "f" or not len(y):
        raise ParameterError(
            f"clip {k} must be samples of shape (samples,) in floating point,"
            f" got {y.dtype} of shape {y.shape}: featkit.load makes them of anything"
        )
    if not np.isfinite(y).all():
        raise ParameterError(f"clip {k} holds NaN or infinity: every sample must be finite")
    return y.astype(np.float32, copy=False)


def _analyse_stack(clips: Sequence[Array], sr: float, features: FeatureSet) -> Array:
    stack = Stack(clips, sr, features.spectra)
    values = _descriptors(stack, features)
    rows: dict[int, Array] = {}
    # Families with the same statistics are summarised as one matrix.
    order = sorted(range(len(values)), key=lambda k: features.entries[k].statistics)
    for statistics, group in groupby(order, key=lambda k: features.entries[k].statistics):
        members = list(group)
        if not statistics:
            rows |= {k: values[k] for k in members}
            continue
        summary = summarise(
            np.concatenate([values[k] for k in members]), stack.segments, statistics
        )
        ends = np.cumsum([len(values[k]) for k in members])
        for k, part in zip(members, np.split(summary, ends[:-1], axis=1), strict=True):
            rows[k] = part.reshape(-1, len(clips))
    table = np.concatenate([rows[k] for k in range(len(values))])
    return np.ascontiguousarray(table[features.positions].T)


def _descriptors(stack: Stack, features: FeatureSet) -> list[Array]:
    """Values of each entry: ``(rows, frames)``, or ``(rows, clips)``."""
    entries = features.entries
    first = [e for e in entries if e.family.walks_blocks and not e.family.walks_again]
    again = [e for e in entries if e.family.walks_again]
    computed: dict[int, Array] = {}
    if first or again:
        computed |= _walk(stack, first, gather=_gathered(entries), again=bool(again))
    if again:
        computed |= _walk(stack, again)
    values = []
    for entry in entries:
        family = entry.family
        value = computed[id(entry)] if family.walks_blocks else _compute(entry, stack)
        if family.finish:
            needed = {name: getattr(stack, name) for name in family.finish_needs}
            value = family.finish(entry.parameters, value, **needed)
        if family.undefined_in_silence:
            value = _without_silence(value, stack, skip=features.silent_frames == "skip")
        values.append(value)
    return values


def _walk(
    stack: Stack, entries: Sequence[Entry], *, gather: Sequence[str] = (), again: bool = False
) -> dict[int, Array]:
    """What the entries compute from each block, block beside block, by the entry's `id`."""
    parts: dict[int, list[Array]] = {id(entry): [] for entry in entries}
    for block in stack.blocks(gather=gather, again=again):
        for entry in entries:
            parts[id(entry)].append(_compute(entry, block))
    return {key: np.concatenate(blocks, axis=1) for key, blocks in parts.items()}


def _compute(entry: Entry, source: Stack | Block) -> Array:
    needed: dict[str, Any] = {name: getattr(source, name) for name in entry.family.needs}
    return entry.family.compute(entry.parameters, **needed)


def _gathered(entries: Sequence[Entry]) -> list[str]:
    """What the first walk collects, so that the stack's own quantities need no walk of theirs."""
    needs: set[str] = set()
    for entry in entries:
        needs |= (entry.family.needs | entry.family.finish_needs) & SCOPES["stack"]
        needs |= {"sounding"} if entry.family.undefined_in_silence else set()
    return sorted({GATHERED[name] for name in needs if name in GATHERED})


def _without_silence(values: Array, stack: Stack, *, skip: bool) -> Array:
    """NaN in every frame of a silent clip, or, to `skip` them, in every silent frame."""
    sounding = stack.sounding
    if not skip:
        sounding = stack.segments.spread(stack.segments.max(sounding))
    if sounding.all():
        return values
    return np.where(sounding, values, np.nan)
