"""One pass over the sound of a dataset: all measures of all recordings, in worker processes.

Finished measures are stored in a checkpoint, from which a later run resumes; see
`featkit.batch.checkpoint`. They are found by the content of the file, and used if the version of
the measure and that of the decoder are still the same. Other measures of a recording are computed
again and stored with them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from featkit._utils.progress import Activity, ProgressCallback
from featkit._utils.typing import Array
from featkit.audio import loading, streams
from featkit.audio.decoding.conversion import concatenated
from featkit.audio.decoding.reader import BLOCK
from featkit.audio.excerpt import WHOLE
from featkit.audio.source import SourceInfo
from featkit.auditing.measure import MEASURES, PIECE_SECONDS, Piece, Values
from featkit.auditing.measured import Measured
from featkit.auditing.packed_values import check_packed, pack, read_header, unpack
from featkit.batch.checkpoint import Checkpoint, memory_checkpoint, open_checkpoint
from featkit.batch.fetching import LocalFile, PendingFile, pending_files
from featkit.batch.file_identity import FileIdentity, file_stamp, identify_file
from featkit.batch.outcomes import Content
from featkit.batch.resuming import find_stored
from featkit.batch.unreadable_files import host_without, results_read_twice
from featkit.datasets.files import Recording
from featkit.errors import AudioError, ParameterError
from featkit.executors.executor import Crash, Executor, check_timeout
from featkit.schema import Failure

CHECKPOINT_SETTINGS = {"measures": "featkit audit"}
"""Settings of the checkpoint: results of other kinds are refused. Versions of measures and decoders
are stored with each result."""

MAX_PIECE_SAMPLES = 2**24
"""Largest number of samples of a piece, of all channels: three minutes of stereo at 44,100 Hz.
Mono and stereo recordings have equal pieces."""


@dataclass(frozen=True)
class Scan:
    """What a worker returns for a recording: its measures, or the reason why it has none.

    Attributes
    ----------
    data : bytes
        The measures; see `featkit.auditing.packed_values`.
    seconds : float
        Duration of the recording.
    decoder, format : str
        As in `featkit.audio.source.SourceInfo`.
    identity : FileIdentity or None
        Content and stamp of the file, if a later run is to resume.
    failure : Failure or None
        The failure; None if there are measures.
    host : str
        The machine that cannot read the file; see `featkit.batch.unreadable_files`.
    """

    data: bytes = b""
    seconds: float = 0.0
    decoder: str = ""
    format: str = ""
    identity: FileIdentity | None = None
    failure: Failure | None = None
    host: str = ""

    @property
    def content(self) -> Content | None:
        """What is stored of it; None for a failure."""
        if self.failure is not None:
            return None
        return Content(self.data, self.identity, self.decoder, self.format)


@dataclass(frozen=True, eq=False)
class ScanResult:
    """Measures of many recordings.

    Attributes
    ----------
    measured : mapping of str to mapping
        By path, then by measure: its values. Recordings that could not be read are missing.
    durations : dict of str to float
        Duration in seconds of each recording that was read.
    failures : list of Failure
        Recordings that could not be read, in their order.
    remarks : list of str
        Other events to report, such as damaged results of an earlier run.
    """

    measured: Mapping[str, Mapping[str, Values]]
    durations: dict[str, float]
    failures: list[Failure]
    remarks: list[str]


def scan_recordings(
    recordings: Sequence[Recording],
    measures: Sequence[str],
    *,
    checkpoint: str | os.PathLike[str] | None = None,
    fresh: bool = False,
    executor: Executor,
    timeout: float | None = None,
    progress: ProgressCallback | None = None,
) -> ScanResult:
    """Measure recordings.

    Parameters
    ----------
    recordings : sequence of Recording
        The recordings; each is read as a whole, with or without annotations.
    measures : sequence of str
        Names of measures. Without any, recordings are decoded only.
    checkpoint : path, optional
        Finished measures are stored in ``<checkpoint>.parts``, from which another call resumes.
    fresh : bool
        Whether to discard earlier results.
    executor : Executor
        Where the recordings are measured. One that crashes its worker is a failure like any other.
        Without `timeout` and `checkpoint`, one local worker is the calling process.
    timeout : float, optional
        Seconds for each recording.
    progress : callable, optional
        Called with a `Progress` at the start and whenever recordings are finished.

    Returns
    -------
    ScanResult
        The same for any executor, in one go or resumed.

    Raises
    ------
    ParameterError
        If `timeout` is no positive number, or needs processes that cannot be started.
    WriteError
        If the checkpoint is used by another run, is none, or cannot be written.
    """
    check_timeout(timeout)
    isolate = timeout is not None or checkpoint is not None
    obstacle = executor.obstacle(isolate=isolate)
    if obstacle and timeout is not None:
        raise ParameterError(
            f"timeout needs worker processes, which this process cannot start: {obstacle}. Omit it"
        )
    opening = memory_checkpoint()
    if checkpoint is not None:
        opening = open_checkpoint(checkpoint, CHECKPOINT_SETTINGS, fresh=fresh)
    whole = [replace(recording, annotations=None) for recording in recordings]
    with opening as storage:
        suited = executor.suited(len(whole), isolate=isolate)
        activity = Activity("measuring", "files", progress)
        run = _ScanRun(whole, tuple(measures), storage, suited, timeout, activity)
        run.resume()
        run.compute()
        if storage.is_persistent:
            storage.delete_unreferenced()
        remarks = storage.remarks
    if obstacle:
        remarks = [*remarks, f"all recordings were read in the calling process: {obstacle}"]
    return run.result(remarks)


@dataclass
class _ScanRun:
    """State of a scan while it runs."""

    recordings: Sequence[Recording]
    measures: tuple[str, ...]
    storage: Checkpoint
    executor: Executor
    timeout: float | None
    activity: Activity
    packed: dict[int, bytes] = field(default_factory=dict)
    incomplete: dict[int, bytes] = field(default_factory=dict)
    failed: dict[int, Failure] = field(default_factory=dict)
    resumed: int = 0
    seconds: float = 0.0

    def resume(self) -> None:
        """Load the measures that an earlier run stored."""
        self._report()
        if not self.storage.is_persistent:
            return
        for stored in find_stored(self.storage, self.recordings, self._process):
            for place, stored_id in stored:
                self._load(place, self.storage.load(stored_id))
            self._report()

    def _load(self, place: int, data: bytes) -> None:
        """Use stored measures, if all are there; keep them for `compute` otherwise."""
        try:
            versions = check_packed(data).versions
        except ValueError:  # computed again
            return
        usable = [name for name in self.measures if versions.get(name) == MEASURES[name].version]
        if len(usable) == len(self.measures):
            self.packed[place] = data
            self.resumed += 1
        else:
            self.incomplete[place] = data

    def compute(self) -> None:
        """Measure the remaining recordings, and store results as soon as they are finished."""
        task = partial(
            _scan_all,
            measures=self.measures,
            identify=self.storage.is_persistent,
        )
        remaining = [k for k in range(len(self.recordings)) if k not in self.packed]
        process = partial(self._process, task)
        for results in results_read_twice(process, self.recordings, remaining):
            scans = [(place, self._scan(place, result)) for place, result in results]
            if self.storage.is_persistent:
                self.storage.save_contents(
                    (self.recordings[place].file, scan.content) for place, scan in scans
                )
            for place, scan in scans:
                self.seconds += scan.seconds
                if scan.failure is None:
                    self.packed[place] = scan.data
                else:
                    self.failed[place] = scan.failure
            self._report()

    def _scan(self, place: int, result: Scan | Crash) -> Scan:
        """The result of a worker, with the measures that were stored before."""
        if isinstance(result, Crash):
            return Scan(failure=result.failure(self.recordings[place].path, self.timeout))
        before = self.incomplete.pop(place, None)
        if before is None or result.failure is not None:
            return result
        return replace(result, data=_merged(before, result.data))

    def _process(self, task: Any, places: Sequence[int]) -> Iterator[list[tuple[int, Any]]]:
        return self.executor.process_places(
            task, self.recordings, places, timeout=self.timeout, checkpoint=self.storage.path
        )

    def _report(self) -> None:
        self.activity.report(
            len(self.packed) + len(self.failed),
            len(self.recordings),
            failed=len(self.failed),
            resumed=self.resumed,
            audio_seconds=self.seconds,
        )

    def result(self, remarks: list[str]) -> ScanResult:
        """The measures in the order of the recordings."""
        packed = {self.recordings[k].path: self.packed[k] for k in sorted(self.packed)}
        return ScanResult(
            Measured(packed),
            {path: read_header(data).duration for path, data in packed.items()},
            [self.failed[k] for k in sorted(self.failed)],
            remarks,
        )


def _merged(before: bytes, data: bytes) -> bytes:
    """Newly computed measures together with others that were stored before."""
    old, new = read_header(before), read_header(data)
    values = {name: unpack(before, name) for name in old.measures if name not in new.measures}
    values |= {name: unpack(data, name) for name in new.measures}
    present = {name: arrays for name, arrays in values.items() if arrays is not None}
    return pack(new.duration, present, old.versions | new.versions)


def _scan_all(
    recordings: Iterable[Recording],
    report: Callable[..., None],
    *,
    measures: Sequence[str],
    identify: bool,
) -> list[Scan]:
    scans = []
    for place, pending in enumerate(pending_files(recordings, identify=identify)):
        report(place)
        scans.append(_scan(pending, measures, identify=identify))
    return scans


def scan_recording(
    recording: Recording, measures: Sequence[str], *, identify: bool = False
) -> Scan:
    """Measure one recording.

    Parameters
    ----------
    recording : Recording
        The recording.
    measures : sequence of str
        Names of measures.
    identify : bool
        Whether the result contains the identity of the file.

    Returns
    -------
    Scan
        A problem with the recording is its failure, and no error.
    """
    (scan,) = (
        _scan(pending, measures, identify=identify)
        for pending in pending_files([recording], identify=identify)
    )
    return scan


def _scan(pending: PendingFile, measures: Sequence[str], *, identify: bool) -> Scan:
    path = pending.recording.path
    try:
        with pending.local() as local:
            return _measured(local, measures, identify=identify)
    except AudioError as error:
        failure = Failure(path, error.stage, type(error).__name__, error.cause)
    except Exception as error:
        failure = Failure(path, "measures", type(error).__name__, str(error))
    return Scan(failure=failure, host=host_without(pending.recording.file))


def _measured(local: LocalFile, measures: Sequence[str], *, identify: bool) -> Scan:
    file, stamp = local.file, file_stamp(local.file)
    parts: dict[str, list[Values]] = {name: [] for name in measures}
    for piece in pieces(file):
        for name in measures:
            parts[name].append(MEASURES[name].compute(piece))
    identity = identify_file(*local) if identify else None
    if identify and file_stamp(file) != stamp:
        raise AudioError(file, "open", "the file changed while it was read")
    values = {name: MEASURES[name].combine(parts[name]) for name in measures}
    seconds = (piece.first + len(piece.samples)) / piece.rate
    data = pack(seconds, values, {name: MEASURES[name].version for name in measures})
    return Scan(data, seconds, piece.source.decoder, piece.source.format, identity)


def pieces(file: str, seconds: float = PIECE_SECONDS) -> Iterator[Piece]:
    """Read a file piece by piece.

    Parameters
    ----------
    file : str
        The file, or the URL of one in a store, which is fetched first.
    seconds : float
        Longest duration of a piece; see also `MAX_PIECE_SAMPLES`.

    Yields
    ------
    Piece
        At least one.

    Raises
    ------
    AudioError
        If the file cannot be decoded.
    """
    with loading.local_sound(file) as local, loading.open_checked(local) as reader:
        file = os.fspath(local)
        most = max(1, MAX_PIECE_SAMPLES // max(2, reader.channels))
        size, first = min(max(1, round(seconds * reader.rate)), most), 0
        held: list[Array] = []
        for block in streams.decode_blocks(reader, file, WHOLE, BLOCK):
            held.append(block)
            while sum(map(len, held)) > size:
                samples = concatenated(held)
                info = SourceInfo.from_reader(reader)
                yield Piece(file, samples[:size], info, first, is_last=False)
                held, first = [samples[size:]], first + size
        yield Piece(file, concatenated(held), SourceInfo.from_reader(reader), first, is_last=True)
