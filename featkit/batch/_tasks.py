"""The tasks of a worker process: analyse some recordings, or identify their files.

A task takes recordings and a callback ``report(place, ...)``. It calls the callback with the places
of the recordings that it is about to process, so that a crash can be attributed to them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.audio import loading
from featkit.audio.excerpt import Excerpt
from featkit.audio.quality import Quality
from featkit.audio.segmentation import split_into_segments
from featkit.batch._file_identity import FileIdentity, file_stamp, identify_file
from featkit.batch._rows import Rows
from featkit.batch.outcomes import Outcome
from featkit.datasets.files import Recording
from featkit.dsp.disk_array import Clip
from featkit.errors import AudioError, WriteError
from featkit.features.analysis import analyse_loaded, stacked
from featkit.features.sets.loading import FeatureSet
from featkit.schema import Failure

Report = Callable[..., None]


def identify_files(recordings: Iterable[Recording], report: Report) -> list[FileIdentity | None]:
    """Identity of each file; None for a file that cannot be read."""
    identities: list[FileIdentity | None] = []
    for place, recording in enumerate(recordings):
        report(place)
        try:
            identities.append(identify_file(recording.file))
        except AudioError:
            identities.append(None)
    return identities


def analyse_recordings(
    recordings: Iterable[Recording],
    report: Report,
    *,
    features: FeatureSet,
    excerpt: Excerpt,
    identify: bool,
    stacking: bool = True,
) -> list[Outcome]:
    """Outcome of each recording; neighbours with the same rate are analysed as one stack.

    Parameters
    ----------
    recordings : iterable of Recording
        The recordings; those that are taken from it are analysed.
    report : callable
        See the description of this module.
    features : FeatureSet
        The features to compute.
    excerpt : Excerpt
        The part of each recording to analyse, and its segments.
    identify : bool
        Whether outcomes contain the identity of the file.
    stacking : bool
        If false, each recording is analysed as soon as it is decoded and reported once: a timeout
        then covers everything that is done with one file.

    Returns
    -------
    list of Outcome
        In the order of the recordings.
    """
    outcomes: list[Outcome] = []

    def decoded() -> Iterator[tuple[_Member, float, float]]:
        for place, recording in enumerate(recordings):
            report(place)
            try:
                outcome, clips = _read(recording.file, features, excerpt, identify=identify)
            except Exception as error:
                outcome, clips = Outcome(failure=_failure(recording, error)), None
            outcomes.append(outcome)
            if clips:
                samples = sum(map(len, clips.clips)) if stacking else math.inf
                yield _Member(place, recording, outcome, clips), samples, clips.sr

    for members, _ in stacked(decoded()):
        if stacking:
            report(*(member.place for member in members))
        _analyse(members, features, report)
    return outcomes


def _failure(recording: Recording, error: Exception) -> Failure:
    if isinstance(error, AudioError):
        return Failure(recording.path, error.stage, type(error).__name__, error.cause)
    # A long recording is written to a temporary file, for which there may be no room.
    stage = "spool" if isinstance(error, WriteError) else "features"
    return Failure(recording.path, stage, type(error).__name__, str(error))


class _Clips(NamedTuple):
    """Decoded segments of a recording, their rate in Hz, and their rows, still without values."""

    sr: float
    rows: Rows
    clips: list[Array]


class _Member(NamedTuple):
    """A recording in a stack, and its place in the task."""

    place: int
    recording: Recording
    outcome: Outcome
    decoded: _Clips


def _analyse(members: Sequence[_Member], features: FeatureSet, report: Report) -> None:
    """Add rows to the outcomes; if a stack fails, its recordings are analysed one at a time."""
    try:
        _add_rows(members, features)
    except Exception as error:
        if len(members) == 1:
            members[0].outcome.failure = _failure(members[0].recording, error)
            return
        for member in members:
            report(member.place)
            _analyse([member], features, report)


def _add_rows(members: Sequence[_Member], features: FeatureSet) -> None:
    loaded = ((clip, member.decoded.sr) for member in members for clip in member.decoded.clips)
    values = np.concatenate(list(analyse_loaded(loaded, features)))
    ends = np.cumsum([len(member.decoded.clips) for member in members])
    for member, own_values in zip(members, np.split(values, ends[:-1]), strict=True):
        member.outcome.rows = dataclasses.replace(member.decoded.rows, values=own_values)


def _read(
    file: str, features: FeatureSet, excerpt: Excerpt, *, identify: bool
) -> tuple[Outcome, _Clips | None]:
    """Decode a recording; one that is too long for memory is analysed while it is decoded."""
    stamp = file_stamp(file)
    outcome, clips = Outcome(), None
    with loading.opening(file, sr=features.sample_rate, excerpt=excerpt) as sound:
        if isinstance(sound, loading.Stream):
            outcome.rows = _analyse_stream(sound, file, features, excerpt)
        else:
            clips = _cut(sound, file, excerpt)
        outcome.decoder, outcome.format = sound.source.decoder, sound.source.format
    if identify:
        outcome.identity = identify_file(file)
        if file_stamp(file) != stamp:
            raise AudioError(file, "open", "the file changed while it was read")
    return outcome, clips


def _analyse_stream(
    stream: loading.Stream, file: str, features: FeatureSet, excerpt: Excerpt
) -> Rows:
    parts: list[tuple[int, int, Quality]] = []

    def measured(segments: Iterable[tuple[int, int, Clip]]) -> Iterator[tuple[Clip, float]]:
        for start, end, clip in segments:
            parts.append((start, end, stream.quality(start, end)))
            yield clip, stream.sr

    if excerpt.segment is not None:
        segments = split_into_segments(stream.blocks(), stream.sr, excerpt, name=file)
        values = list(analyse_loaded(measured(segments), features))
    else:
        with stream.samples() as clip:
            end = min(stream.n_samples, len(clip))
            values = list(analyse_loaded(measured([(0, end, clip)]), features))
    # Whether a stream is truncated is known only at its end.
    truncated = stream.source.truncated
    parts = [(start, end, q._replace(truncated=truncated)) for start, end, q in parts]
    return _rows(parts, np.concatenate(values), stream.sr, excerpt)


def _cut(loaded: loading.Loaded, file: str, excerpt: Excerpt) -> _Clips:
    """Cut a recording in memory into segments."""
    y, sr = loaded.y, loaded.sr
    if excerpt.segment is not None:
        segments = list(split_into_segments([y], sr, excerpt, name=file))
    else:
        segments = [(0, loaded.n_samples, y)]
    parts = [(start, end, loaded.quality(start, end)) for start, end, _ in segments]
    rows = _rows(parts, np.empty((len(parts), 0)), sr, excerpt)
    return _Clips(sr, rows, [clip for *_, clip in segments])


def _rows(
    parts: Sequence[tuple[int, int, Quality]], values: Array, sr: float, excerpt: Excerpt
) -> Rows:
    """Rows of segments with start, end (in samples of the excerpt) and quality."""
    start = np.array([excerpt.offset + start / sr for start, _, _ in parts])
    end = np.array([excerpt.offset + end / sr for _, end, _ in parts])
    return Rows(start, end, np.array([q for *_, q in parts], dtype=np.float64), values)
