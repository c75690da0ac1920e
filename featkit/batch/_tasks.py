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
from featkit.audio.interval_reading import cut, cut_in_memory
from featkit.audio.joint_quality import measure_qualities
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
                samples = clips.n_samples if stacking else math.inf
                yield _Member(place, recording, outcome, clips), samples, clips.sr

    for members, _ in stacked(decoded()):
        if stacking:
            report(*(member.place for member in members))
        _analyse(members, analysis, excerpt, report)
    return outcomes


def _failure(recording: Recording, error: Exception) -> Failure:
    if isinstance(error, AudioError):
        return Failure(recording.path, error.stage, type(error).__name__, error.cause)
    # A long recording is written to a temporary file, for which there may be no room.
    stage = "spool" if isinstance(error, WriteError) else "features"
    return Failure(recording.path, stage, type(error).__name__, str(error))


class _Intervals(NamedTuple):
    """Clips of the annotations of a recording, their rate in Hz, and their rows, without values."""

    sr: float
    rows: Rows
    clips: list[Clip]

    @property
    def n_samples(self) -> int:
        return sum(map(len, self.clips))


class _Segments(NamedTuple):
    """A recording in memory, and its segments: start, end, samples (None for all of it)."""

    sound: loading.Loaded | loading.Measured
    segments: list[tuple[int, int, Array | None]]

    @property
    def sr(self) -> float:
        return self.sound.sr

    @property
    def n_samples(self) -> int:
        return sum(self.sound.length if clip is None else len(clip) for *_, clip in self.segments)

    @property
    def clips(self) -> list[Clip]:
        return [self.sound.y if clip is None else clip for *_, clip in self.segments]


class _Member(NamedTuple):
    """A recording in a stack, and its place in the task."""

    place: int
    recording: Recording
    outcome: Outcome
    decoded: _Intervals | _Segments


def _analyse(
    members: Sequence[_Member], analysis: Analysis, excerpt: Excerpt, report: Report
) -> None:
    """Add rows to the outcomes; if a stack fails, its recordings are analysed one at a time."""
    try:
        _add_rows(members, analysis, excerpt)
    except Exception as error:
        if len(members) == 1:
            members[0].outcome.failure = _failure(members[0].recording, error)
            return
        for member in members:
            report(member.place)
            _analyse([member], analysis, excerpt, report)


def _add_rows(members: Sequence[_Member], analysis: Analysis, excerpt: Excerpt) -> None:
    decoded = [member.decoded for member in members]
    rows = _rows_without_values(decoded, excerpt)
    clips = [own.clips for own in decoded]
    loaded = ((clip, decoded[0].sr) for own in clips for clip in own)
    values = np.concatenate(list(analysis.values(loaded)))
    ends = np.cumsum([*map(len, clips)])
    for k, own_values in enumerate(np.split(values, ends[:-1])):
        members[k].outcome.rows = dataclasses.replace(rows[k], values=own_values)


def _rows_without_values(decoded: Sequence[_Intervals | _Segments], excerpt: Excerpt) -> list[Rows]:
    """The rows of recordings; all are resampled, and their quality is measured, together."""
    sounds = [own.sound for own in decoded if isinstance(own, _Segments)]
    loading.resample([sound for sound in sounds if isinstance(sound, loading.Loaded)])
    parts = [
        own.sound.part(start, end)
        for own in decoded
        if isinstance(own, _Segments) and isinstance(own.sound, loading.Loaded)
        for start, end, _ in own.segments
    ]
    measured = iter(measure_qualities(parts))
    rows = []
    for own in decoded:
        if isinstance(own, _Intervals):
            rows.append(own.rows)
            continue
        whole = own.sound.quality() if isinstance(own.sound, loading.Measured) else None
        segments = [(start, end, whole or next(measured)) for start, end, _ in own.segments]
        rows.append(_rows(segments, np.empty((len(segments), 0)), own.sr, excerpt))
    return rows


def _read(
    recording: Recording,
    local: LocalFile,
    analysis: Analysis,
    excerpt: Excerpt,
    *,
    identify: bool,
) -> tuple[Outcome, _Intervals | _Segments | None]:
    """Decode a recording; one that is too long for memory is analysed while it is decoded."""
    before = file_stamp(local.file)
    clips: _Intervals | _Segments | None
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


def _read_whole(
    file: str, analysis: Analysis, excerpt: Excerpt
) -> tuple[Outcome, _Segments | None]:
    outcome, clips = Outcome(), None
    with loading.opening(file, sr=analysis.sample_rate, excerpt=excerpt) as sound:
        if isinstance(sound, loading.Stream):
            outcome.rows = _analyse_stream(sound, file, analysis, excerpt)
        else:
            clips = _Segments(sound, cut_in_memory(sound, file, excerpt))
        outcome.decoder, outcome.format = sound.source.decoder, sound.source.format
    return outcome, clips


def _read_intervals(
    recording: Recording, file: str, analysis: Analysis, excerpt: Excerpt
) -> tuple[Outcome, _Intervals | None]:
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
        return outcome, _Intervals(intervals.sr, intervals.rows(np.empty((len(clips), 0))), kept)


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
