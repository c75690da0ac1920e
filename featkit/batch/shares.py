"""What a worker does with a share of the recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import numpy as np

from featkit import audio
from featkit.analysis import STACK_SAMPLES, analyse_loaded
from featkit.batch.contents import Content, content_of, stamp_of
from featkit.batch.outcomes import Failure, Outcome
from featkit.batch.settings import Excerpt
from featkit.errors import AudioError
from featkit.featuresets import FeatureSet
from featkit.files import Recording
from featkit.quality import Quality
from featkit.rolling import segments_of
from featkit.segments import Array
from featkit.spool import Clip

Busy = Callable[..., None]
"""Told the places in the share of what is worked on, so that it is known should the worker die."""


def contents(recordings: Sequence[Recording], busy: Busy) -> list[Content | None]:
    """What is in each file, as far as it can be read."""
    found: list[Content | None] = []
    for k, recording in enumerate(recordings):
        busy(k)
        try:
            found.append(content_of(recording.file))
        except AudioError:
            found.append(None)
    return found


def outcomes(
    recordings: Sequence[Recording],
    busy: Busy,
    *,
    features: FeatureSet,
    excerpt: Excerpt,
    identify: bool,
    alone: bool = False,
) -> list[Outcome]:
    """The outcome of each recording; neighbours of one rate are analysed as one stack.

    Parameters
    ----------
    identify : bool
        Whether it is noted what was in each file.
    alone : bool
        Whether each is analysed by itself as soon as it is decoded, so that `busy` is told of it
        once: a time set for a file is for all that is done with it.
    """
    share = [Outcome() for _ in recordings]
    stack: list[_Member] = []
    samples, rate = 0, 0.0
    for k, recording in enumerate(recordings):
        busy(k)
        try:
            before = stamp_of(recording.file)
            file, clips = recording.file, None
            with _opening(file, features, excerpt) as sound:
                if isinstance(sound, audio.Stream):
                    share[k].rows = _rows(sound, file, features, excerpt)
                else:
                    clips = _clips(sound, file, excerpt)
            if identify:
                share[k].content = content_of(recording.file)
                if stamp_of(recording.file) != before:
                    raise AudioError(recording.file, "open", "the file changed while it was read")
        except Exception as error:
            share[k] = Outcome(failure=failure(recording, error))
            continue
        if clips is None:
            continue
        member = _Member(k, recording, share[k], *clips)
        if alone:
            _analyse_one(member, features)
            continue
        if stack and (member.sr != rate or samples > STACK_SAMPLES):
            _analyse_stack(stack, rate, features, busy)
            stack, samples = [], 0
        stack.append(member)
        samples, rate = samples + sum(map(len, member.clips)), member.sr
    if stack:
        _analyse_stack(stack, rate, features, busy)
    return share


def failure(recording: Recording, error: Exception) -> Failure:
    """What an error makes of a recording."""
    if isinstance(error, AudioError):
        return Failure(recording.path, error.stage, type(error).__name__, error.cause)
    return Failure(recording.path, "features", type(error).__name__, str(error))


class _Member(NamedTuple):
    """A recording that waits in a stack: its place in the share, its clips and what is beside."""

    place: int
    recording: Recording
    outcome: Outcome
    sr: float
    beside: Array
    clips: list[Array]


def _analyse_stack(members: Sequence[_Member], sr: float, features: FeatureSet, busy: Busy) -> None:
    """Give each outcome its rows; should some clip fail, only its own recording does."""
    busy(*(member.place for member in members))
    try:
        _give_rows(members, sr, features)
    except Exception:
        for member in members:
            busy(member.place)
            _analyse_one(member, features)


def _analyse_one(member: _Member, features: FeatureSet) -> None:
    """Give an outcome its rows, or what failed."""
    try:
        _give_rows([member], member.sr, features)
    except Exception as error:
        member.outcome.failure = failure(member.recording, error)


def _give_rows(members: Sequence[_Member], sr: float, features: FeatureSet) -> None:
    loaded = ((clip, sr) for member in members for clip in member.clips)
    values = np.concatenate(list(analyse_loaded(loaded, features)))
    ends = np.cumsum([len(member.clips) for member in members])
    for member, own in zip(members, np.split(values, ends[:-1]), strict=True):
        member.outcome.rows = np.concatenate([member.beside, own], axis=1)


def _opening(
    file: str, features: FeatureSet, excerpt: Excerpt
) -> AbstractContextManager[audio.Loaded | audio.Stream]:
    return audio.opening(
        file,
        sr=features.sample_rate,
        offset=excerpt.offset,
        duration=excerpt.duration,
        pad=excerpt.pad,
        rolling=excerpt.segment is not None,
    )


def _rows(stream: audio.Stream, file: str, features: FeatureSet, excerpt: Excerpt) -> Array:
    """The rows of a recording that is too long to be held."""
    times: list[tuple[int, int]] = []
    qualities: list[Quality] = []

    def noted(parts: Iterable[tuple[int, int, Clip]]) -> Iterator[tuple[Clip, float]]:
        for start, end, clip in parts:
            times.append((start, end))
            qualities.append(stream.quality(start, end))
            yield clip, stream.sr

    if excerpt.segment is not None:
        segments = _segments(stream.blocks(), stream.sr, excerpt.segment, file, excerpt)
        values = list(analyse_loaded(noted(segments), features))
    else:
        with stream.samples(pad=excerpt.pad) as clip:
            end = min(stream.given, len(clip))
            values = list(analyse_loaded(noted([(0, end, clip)]), features))
    # Where the file ends was not known before.
    truncated = stream.native.truncated
    qualities = [quality._replace(truncated=truncated) for quality in qualities]
    beside = _beside(times, qualities, stream.sr, excerpt)
    return np.concatenate([beside, np.concatenate(values)], axis=1)


def _clips(loaded: audio.Loaded, file: str, excerpt: Excerpt) -> tuple[float, Array, list[Array]]:
    """The rate of a recording, and of each of its parts what stands before the features, and it."""
    y, sr = loaded.y, loaded.sr
    if excerpt.segment is not None:
        parts = list(_segments([y], sr, excerpt.segment, file, excerpt))
    else:
        parts = [(0, loaded.given, y)]
    times = [(start, end) for start, end, _ in parts]
    qualities = [loaded.quality(start, end) for start, end in times]
    return sr, _beside(times, qualities, sr, excerpt), [clip for _, _, clip in parts]


def _segments(
    blocks: Iterable[Array], sr: float, length: float, file: str, excerpt: Excerpt
) -> Iterator[tuple[int, int, Array]]:
    return segments_of(
        blocks,
        sr,
        length=length,
        hop=excerpt.segment_hop or length,
        tail=excerpt.segment_tail,
        name=file,
    )


def _beside(
    times: Sequence[tuple[int, int]], qualities: Sequence[Quality], sr: float, excerpt: Excerpt
) -> Array:
    """What stands before the features: beginning and end in seconds, and quality."""
    rows = [
        [excerpt.offset + start / sr, excerpt.offset + end / sr, *quality]
        for (start, end), quality in zip(times, qualities, strict=True)
    ]
    return np.array(rows, dtype=np.float64)
