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
from featkit.audio.interval_reading import cut
from featkit.audio.quality import Quality
from featkit.batch._annotated_rows import IntervalAnalysis
from featkit.batch._rows import Rows
from featkit.batch.analysis import Analysis
from featkit.batch.fetching import LocalFile, pending_files
from featkit.batch.file_identity import (
    NO_STAMP,
    FileIdentity,
    file_stamp,
    identify_file,
    intervals_digest,
    with_intervals,
)
from featkit.batch.outcomes import Outcome
from featkit.batch.unreadable_files import host_without
from featkit.datasets.files import Recording
from featkit.dsp.disk_array import Clip
from featkit.errors import AudioError, StoreError, WriteError
from featkit.features.analysis import stacked
from featkit.schema import Failure
from featkit.storage.reading import stored_state

Report = Callable[..., None]


def identify_files(recordings: Iterable[Recording], report: Report) -> list[FileIdentity | None]:
    """Identity of each file; None for a file that cannot be read."""
    identities: list[FileIdentity | None] = []
    for place, pending in enumerate(pending_files(recordings, identify=True)):
        report(place)
        recording = pending.recording
        try:
            with pending.local() as local:
                identity = identify_file(*local)
            identities.append(with_intervals(identity, intervals_digest(recording)))
        except AudioError:
            identities.append(None)
    return identities


def ask_stamps(recordings: Iterable[Recording], report: Report) -> list[str]:
    """Stamp of each file in a store, which is not fetched; `NO_STAMP` if it cannot be asked."""
    stamps = []
    for place, recording in enumerate(recordings):
        report(place)
        try:
            state = stored_state(recording.file)
        except StoreError:
            state = None
        stamps.append(NO_STAMP if state is None else state.stamp)
    return stamps


def analyse_recordings(
    recordings: Iterable[Recording],
    report: Report,
    *,
    analysis: Analysis,
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
    analysis : Analysis
        The values to compute.
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
        for place, pending in enumerate(pending_files(recordings, identify=identify)):
            report(place)
            recording = pending.recording
            try:
                with pending.local() as local:
                    outcome, clips = _read(recording, local, analysis, excerpt, identify=identify)
            except Exception as error:
                host = host_without(recording.file)
                outcome, clips = Outcome(failure=_failure(recording, error), host=host), None
            outcomes.append(outcome)
            if clips:
                samples = sum(map(len, clips.clips)) if stacking else math.inf
                yield _Member(place, recording, outcome, clips), samples, clips.sr

    for members, _ in stacked(decoded()):
        if stacking:
            report(*(member.place for member in members))
        _analyse(members, analysis, report)
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
    clips: list[Clip]


class _Member(NamedTuple):
    """A recording in a stack, and its place in the task."""

    place: int
    recording: Recording
    outcome: Outcome
    decoded: _Clips


def _analyse(members: Sequence[_Member], analysis: Analysis, report: Report) -> None:
    """Add rows to the outcomes; if a stack fails, its recordings are analysed one at a time."""
    try:
        _add_rows(members, analysis)
    except Exception as error:
        if len(members) == 1:
            members[0].outcome.failure = _failure(members[0].recording, error)
            return
        for member in members:
            report(member.place)
            _analyse([member], analysis, report)


def _add_rows(members: Sequence[_Member], analysis: Analysis) -> None:
    loaded = ((clip, member.decoded.sr) for member in members for clip in member.decoded.clips)
    values = np.concatenate(list(analysis.values(loaded)))
    ends = np.cumsum([len(member.decoded.clips) for member in members])
    for member, own_values in zip(members, np.split(values, ends[:-1]), strict=True):
        member.outcome.rows = dataclasses.replace(member.decoded.rows, values=own_values)


def _read(
    recording: Recording,
    local: LocalFile,
    analysis: Analysis,
    excerpt: Excerpt,
    *,
    identify: bool,
) -> tuple[Outcome, _Clips | None]:
    """Decode a recording; one that is too long for memory is analysed while it is decoded."""
    before = file_stamp(local.file)
    if recording.annotations is None:
        outcome, clips = _read_whole(local.file, analysis, excerpt)
    else:
        outcome, clips = _read_intervals(recording, local.file, analysis, excerpt)
    if identify:
        identity = identify_file(*local)
        if file_stamp(local.file) != before:
            raise AudioError(local.file, "open", "the file changed while it was read")
        outcome.identity = with_intervals(identity, intervals_digest(recording))
    return outcome, clips


def _read_whole(file: str, analysis: Analysis, excerpt: Excerpt) -> tuple[Outcome, _Clips | None]:
    outcome, clips = Outcome(), None
    with loading.opening(file, sr=analysis.sample_rate, excerpt=excerpt) as sound:
        if isinstance(sound, loading.Stream):
            outcome.rows = _analyse_stream(sound, file, analysis, excerpt)
        else:
            segments = list(cut(sound, file, excerpt))
            parts = [(start, end, quality) for start, end, _, quality in segments]
            rows = _rows(parts, np.empty((len(parts), 0)), sound.sr, excerpt)
            clips = _Clips(sound.sr, rows, [clip for _, _, clip, _ in segments])
        outcome.decoder, outcome.format = sound.source.decoder, sound.source.format
    return outcome, clips


def _read_intervals(
    recording: Recording, file: str, analysis: Analysis, excerpt: Excerpt
) -> tuple[Outcome, _Clips | None]:
    """Decode the annotations of a recording; many or long ones are analysed at the same time."""
    with loading.open_checked(file) as reader:
        outcome = Outcome(decoder=reader.decoder, format=reader.format)
        intervals = IntervalAnalysis(recording, reader, analysis, excerpt)
        if not intervals.fits_in_memory:
            outcome.rows = intervals.rows(_values(intervals.clips(), analysis))
            return outcome, None
        clips = [clip for clip, _ in intervals.clips()]
        kept = [clips[k] for k in intervals.order]
        if not kept:
            outcome.rows = intervals.rows(_values((), analysis))
            return outcome, None
        return outcome, _Clips(intervals.sr, intervals.rows(np.empty((len(clips), 0))), kept)


def _analyse_stream(
    stream: loading.Stream, file: str, analysis: Analysis, excerpt: Excerpt
) -> Rows:
    parts: list[tuple[int, int, Quality]] = []

    def measured() -> Iterator[tuple[Clip, float]]:
        for start, end, clip, quality in cut(stream, file, excerpt):
            parts.append((start, end, quality))
            yield clip, stream.sr

    values = _values(measured(), analysis)
    # Whether a stream is truncated is known only at its end.
    truncated = stream.source.truncated
    parts = [(start, end, q._replace(truncated=truncated)) for start, end, q in parts]
    return _rows(parts, values, stream.sr, excerpt)


def _values(clips: Iterable[tuple[Clip, float]], analysis: Analysis) -> Array:
    """Values of clips: ``(clips, ...)``."""
    return np.concatenate([analysis.layout.empty, *analysis.values(clips)])


def _rows(
    parts: Sequence[tuple[int, int, Quality]], values: Array, sr: float, excerpt: Excerpt
) -> Rows:
    """Rows of segments with start, end (in samples of the excerpt) and quality."""
    start = np.array([excerpt.offset + start / sr for start, *_ in parts])
    end = np.array([excerpt.offset + end / sr for _, end, *_ in parts])
    return Rows(start, end, np.array([q for *_, q in parts], dtype=np.float64), values)
