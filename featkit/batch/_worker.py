"""What a worker does with a share of the recordings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.audio import loading
from featkit.audio.excerpt import Excerpt
from featkit.audio.quality import Quality
from featkit.audio.rolling import segments_of
from featkit.batch._fingerprints import Content, content_of, stamp_of
from featkit.batch.outcomes import Failure, Outcome
from featkit.datasets.files import Recording
from featkit.dsp.disk_array import Clip
from featkit.errors import AudioError, WriteError
from featkit.features.analysis import analyse_loaded, stacked
from featkit.features.sets.registry import FeatureSet

Busy = Callable[..., None]
"""Told the places in the share of what is worked on, so that it is known should the worker die."""


def contents(recordings: Iterable[Recording], busy: Busy) -> list[Content | None]:
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
    recordings: Iterable[Recording],
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
    share: list[Outcome] = []

    def held() -> Iterator[tuple[_Member, float, float]]:
        for place, recording in enumerate(recordings):
            busy(place)
            try:
                outcome, clips = _read(recording.file, features, excerpt, identify=identify)
            except Exception as error:
                outcome, clips = Outcome(failure=failure(recording, error)), None
            share.append(outcome)
            if clips:
                samples = math.inf if alone else sum(map(len, clips.clips))
                yield _Member(place, recording, outcome, clips), samples, clips.sr

    for members, _ in stacked(held()):
        if not alone:
            busy(*(member.place for member in members))
        _analyse(members, features, busy)
    return share


def failure(recording: Recording, error: Exception) -> Failure:
    """What an error makes of a recording."""
    if isinstance(error, AudioError):
        return Failure(recording.path, error.stage, type(error).__name__, error.cause)
    if isinstance(error, WriteError):  # a long recording that could not be put aside
        return Failure(recording.path, "spool", type(error).__name__, str(error))
    return Failure(recording.path, "features", type(error).__name__, str(error))


class _Clips(NamedTuple):
    """The parts of a recording that is in memory, their rate, and what stands beside each."""

    sr: float
    beside: Array
    clips: list[Array]


class _Member(NamedTuple):
    """A recording that waits in a stack, and its place in the share."""

    place: int
    recording: Recording
    outcome: Outcome
    held: _Clips


def _analyse(members: Sequence[_Member], features: FeatureSet, busy: Busy) -> None:
    """Give each outcome its rows; should some clip fail, only its own recording does."""
    try:
        _give_rows(members, features)
    except Exception as error:
        if len(members) == 1:
            members[0].outcome.failure = failure(members[0].recording, error)
            return
        for member in members:
            busy(member.place)
            _analyse([member], features, busy)


def _give_rows(members: Sequence[_Member], features: FeatureSet) -> None:
    loaded = ((clip, member.held.sr) for member in members for clip in member.held.clips)
    values = np.concatenate(list(analyse_loaded(loaded, features)))
    ends = np.cumsum([len(member.held.clips) for member in members])
    for member, own in zip(members, np.split(values, ends[:-1]), strict=True):
        member.outcome.rows = np.concatenate([member.held.beside, own], axis=1)


def _read(
    file: str, features: FeatureSet, excerpt: Excerpt, *, identify: bool
) -> tuple[Outcome, _Clips | None]:
    """What is to be analysed of a recording; of one too long to be held the rows, at once."""
    before = stamp_of(file)
    outcome, clips = Outcome(), None
    with _opening(file, features, excerpt) as sound:
        if isinstance(sound, loading.Stream):
            outcome.rows = _rows(sound, file, features, excerpt)
        else:
            clips = _clips(sound, file, excerpt)
        outcome.decoder = sound.native.decoder
    if identify:
        outcome.content = content_of(file)
        if stamp_of(file) != before:
            raise AudioError(file, "open", "the file changed while it was read")
    return outcome, clips


def _opening(
    file: str, features: FeatureSet, excerpt: Excerpt
) -> AbstractContextManager[loading.Loaded | loading.Stream]:
    return loading.opening(
        file,
        sr=features.sample_rate,
        offset=excerpt.offset,
        duration=excerpt.duration,
        pad=excerpt.pad,
        rolling=excerpt.segment is not None,
    )


def _rows(stream: loading.Stream, file: str, features: FeatureSet, excerpt: Excerpt) -> Array:
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


def _clips(loaded: loading.Loaded, file: str, excerpt: Excerpt) -> _Clips:
    y, sr = loaded.y, loaded.sr
    if excerpt.segment is not None:
        parts = list(_segments([y], sr, excerpt.segment, file, excerpt))
    else:
        parts = [(0, loaded.given, y)]
    times = [(start, end) for start, end, _ in parts]
    qualities = [loaded.quality(start, end) for start, end in times]
    return _Clips(sr, _beside(times, qualities, sr, excerpt), [clip for _, _, clip in parts])


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
