"""Many files to one table, whatever happens on the way.

Every recording ends as its rows or as one `Failure`; none ends the batch. Workers are processes,
and between them travel paths and rows, not sound. The table is the same for any number of them.
"""

from __future__ import annotations

import csv
import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from featkit import audio
from featkit.analysis import STACK_SAMPLES, analyse
from featkit.errors import AudioError, ParameterError
from featkit.featuresets import DEFAULT, FeatureSet, feature_set
from featkit.files import Recording, find
from featkit.segments import Array

if TYPE_CHECKING:
    from featkit.table import FeatureTable

FILES_AT_ONCE = 8
"""Files that a worker takes at a time: short ones are analysed as one stack."""

TAILS = ("drop", "keep", "pad")


@dataclass(frozen=True)
class Failure:
    """A recording that gave no rows: at which stage, the class of the error, and what it said."""

    path: str
    stage: str
    error: str
    message: str


@dataclass(frozen=True)
class Extraction:
    """What became of a batch.

    Attributes
    ----------
    table : FeatureTable
        Rows of the recordings that could be read, in the order of the inputs.
    failures : list of Failure
        The others.
    seconds : float
        Seconds of sound that were analysed.
    elapsed : float
        Seconds that it took.
    """

    table: FeatureTable
    failures: list[Failure]
    seconds: float
    elapsed: float

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the table, and beside it the failures, if any, as ``<path>.failures.csv``.

        Where there are none, those of an earlier run are removed.
        """
        from featkit.table import replacing

        self.table.write(path)
        beside = Path(f"{os.fspath(path)}.failures.csv")
        if not self.failures:
            beside.unlink(missing_ok=True)
            return
        with replacing(beside) as scratch, scratch.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(column.name for column in dataclasses.fields(Failure))
            writer.writerows(dataclasses.astuple(failure) for failure in self.failures)


@dataclass(frozen=True)
class Progress:
    """How far a batch has come."""

    files: int
    total: int
    failures: int
    seconds: float
    elapsed: float


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """Which part of each recording is analysed, and in which segments; seconds."""

    offset: float = 0.0
    duration: float | None = None
    pad: bool = False
    segment: float | None = None
    segment_hop: float | None = None
    segment_tail: str = "drop"

    def __post_init__(self) -> None:
        audio.check_excerpt(offset=self.offset, duration=self.duration, pad=self.pad)
        if self.segment is None and self.segment_hop is not None:
            raise ParameterError("segment_hop is the step between segments: give segment, too")
        for name in ("segment", "segment_hop"):
            value = getattr(self, name)
            if value is not None and not 0 < value < np.inf:
                raise ParameterError(f"{name} must be above 0 seconds, got {value}")
        if self.segment is None and self.segment_tail != "drop":
            raise ParameterError("segment_tail is for segments: give segment, too")
        if self.segment is not None and self.pad:
            raise ParameterError("pad is for whole recordings: for segments, segment_tail='pad'")
        if self.segment_tail not in TAILS:
            raise ParameterError(
                f"segment_tail must be one of {', '.join(TAILS)}, got {self.segment_tail!r}"
            )


@dataclass
class Outcome:
    """What became of one recording: rows with their parts, or a failure."""

    recording: Recording
    values: Array | None = None
    starts: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    failure: Failure | None = None

    @property
    def seconds(self) -> float:
        """Seconds of sound, without what segments overlap."""
        return self.ends[-1] - self.starts[0] if self.ends else 0.0


def extract(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    features: str | os.PathLike[str] | Mapping[str, Any] | FeatureSet = DEFAULT,
    labels: Literal["folder"] | None = None,
    n_jobs: int | None = 1,
    offset: float = 0.0,
    duration: float | None = None,
    pad: bool = False,
    segment: float | None = None,
    segment_hop: float | None = None,
    segment_tail: Literal["drop", "keep", "pad"] = "drop",
    progress: Callable[[Progress], None] | None = None,
) -> Extraction:
    """The features of files and folders of files.

    Parameters
    ----------
    inputs : path or sequence of paths
        Files, and folders that are searched at every depth. See `featkit.files.find`.
    features : str, path, mapping or FeatureSet
        Name of a feature set, a TOML file, or a dict. See `featkit.featuresets.feature_set`.
    labels : {"folder"}, optional
        Whether the name of the folder that a file lies in becomes its ``label``.
    n_jobs : int, optional
        Worker processes; None for one for each processor.
    offset, duration : float
        Seconds to leave out at the beginning of each file, and to take at most.
    pad : bool
        Whether shorter files are filled up with zeros to `duration`.
    segment, segment_hop : float, optional
        Seconds of a segment, and from one to the next (left out, they follow each other): a row
        for each. A segment is analysed as if it were a file of its own.
    segment_tail : {"drop", "keep", "pad"}
        What becomes of a last segment that is shorter: nothing, a row of the shorter one, or of one
        filled up with zeros. If short ones are dropped, a file shorter than one segment fails.
    progress : callable, optional
        Called with a `Progress` as files are finished.

    Returns
    -------
    Extraction
        With ``.table`` and ``.failures``.

    Raises
    ------
    ParameterError
        If the inputs hold no recording, or a parameter is out of range. What is wrong with a
        single recording is a failure, not an error.
    """
    excerpt = Excerpt(
        offset=offset,
        duration=duration,
        pad=pad,
        segment=segment,
        segment_hop=segment_hop,
        segment_tail=segment_tail,
    )
    chosen = feature_set(features)
    workers = _workers(n_jobs)
    paths = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    recordings = find(paths, labels=labels)
    begin = time.perf_counter()
    outcomes: dict[int, Outcome] = {}
    failures = 0
    seconds = 0.0
    for index, outcome in _outcomes(recordings, chosen, excerpt, workers):
        outcomes[index] = outcome
        failures += outcome.failure is not None
        seconds += outcome.seconds
        if progress:
            elapsed = time.perf_counter() - begin
            progress(Progress(len(outcomes), len(recordings), failures, seconds, elapsed))
    in_order = [outcomes[k] for k in range(len(recordings))]
    return Extraction(
        table=_table(in_order, chosen, excerpt, labelled=labels is not None),
        failures=[outcome.failure for outcome in in_order if outcome.failure],
        seconds=seconds,
        elapsed=time.perf_counter() - begin,
    )


def _workers(n_jobs: int | None) -> int:
    if n_jobs is not None and type(n_jobs) is not int:
        raise ParameterError(f"n_jobs must be a whole number or None, got {n_jobs!r}")
    if n_jobs is None or n_jobs == -1:
        return (
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1
        )
    if n_jobs < 1:
        raise ParameterError(f"n_jobs must be at least 1, or None for all processors, got {n_jobs}")
    return n_jobs


def _outcomes(
    recordings: Sequence[Recording], features: FeatureSet, excerpt: Excerpt, workers: int
) -> Iterator[tuple[int, Outcome]]:
    """Index and outcome of each recording, in the order in which they are finished."""
    size = max(1, min(FILES_AT_ONCE, len(recordings) // (4 * workers)))
    workers = min(workers, -(-len(recordings) // size))
    if workers == 1:
        for start in range(0, len(recordings), size):
            indices = range(start, min(start + size, len(recordings)))
            yield from _share(indices, recordings[start : start + size], features, excerpt)
        return
    import joblib
    from joblib.externals.loky.process_executor import BrokenProcessPool

    def finished(indices: Sequence[int], size: int) -> Iterator[tuple[int, Outcome]]:
        parallel = joblib.Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1)
        shares = (indices[start : start + size] for start in range(0, len(indices), size))
        calls = (
            joblib.delayed(_share)(share, [recordings[k] for k in share], features, excerpt)
            for share in shares
        )
        with _interrupts_ignored():
            results = parallel(calls)
        for outcomes in results:
            yield from outcomes

    left = dict.fromkeys(range(len(recordings)))
    while left:
        try:
            for index, outcome in finished(list(left), size):
                del left[index]
                yield index, outcome
        except BrokenProcessPool:
            # A worker died on one of the files in flight: each is tried again by itself.
            for index in list(left)[: 3 * workers * size]:
                del left[index]
                try:
                    yield from finished([index], 1)
                except BrokenProcessPool as error:
                    cause = "its process died: killed by the system, or by a fault in a decoder"
                    recording = recordings[index]
                    failure = Failure(recording.path, "worker", type(error).__name__, cause)
                    yield index, Outcome(recording, failure=failure)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Processes started here leave Ctrl-C to the one that started them, which ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _share(
    indices: Sequence[int],
    recordings: Sequence[Recording],
    features: FeatureSet,
    excerpt: Excerpt,
) -> list[tuple[int, Outcome]]:
    """The outcomes of some recordings; neighbours of one rate are analysed as one stack."""
    outcomes = [Outcome(recording) for recording in recordings]
    stack: list[tuple[Outcome, list[Array]]] = []
    samples, rate = 0, 0.0
    for outcome in outcomes:
        try:
            sr, clips = _clips(outcome, features, excerpt)
        except Exception as error:
            outcome.failure = _failure(outcome.recording, error)
            continue
        if stack and (sr != rate or samples > STACK_SAMPLES):
            _fill(stack, rate, features)
            stack, samples = [], 0
        stack.append((outcome, clips))
        samples, rate = samples + sum(map(len, clips)), sr
    if stack:
        _fill(stack, rate, features)
    return list(zip(indices, outcomes, strict=True))


def _fill(
    members: Sequence[tuple[Outcome, Sequence[Array]]], sr: float, features: FeatureSet
) -> None:
    """Give each outcome its rows; should some clip fail, only its own recording does."""
    try:
        values = analyse([clip for _, clips in members for clip in clips], sr, features)
    except Exception as error:
        if len(members) == 1:
            members[0][0].failure = _failure(members[0][0].recording, error)
            return
        for member in members:
            _fill([member], sr, features)
        return
    ends = np.cumsum([len(clips) for _, clips in members])
    for (outcome, _), rows in zip(members, np.split(values, ends[:-1]), strict=True):
        outcome.values = rows


def _clips(outcome: Outcome, features: FeatureSet, excerpt: Excerpt) -> tuple[float, list[Array]]:
    """The clips of one recording and their rate; notes on the outcome which parts they are."""
    y, sr = audio.load(
        outcome.recording.file,
        sr=features.sample_rate,
        offset=excerpt.offset,
        duration=excerpt.duration,
    )
    end = len(y)
    if excerpt.pad and excerpt.duration is not None:
        y = audio.fitted(y, round(excerpt.duration * sr))
    parts = [(0, min(end, len(y)), y)]
    if excerpt.segment is not None:
        parts = audio.segments(
            y,
            sr,
            length=excerpt.segment,
            hop=excerpt.segment_hop or excerpt.segment,
            tail=excerpt.segment_tail,
            name=outcome.recording.file,
        )
    outcome.starts = [excerpt.offset + start / sr for start, _, _ in parts]
    outcome.ends = [excerpt.offset + end / sr for _, end, _ in parts]
    return sr, [clip for _, _, clip in parts]


def _failure(recording: Recording, error: Exception) -> Failure:
    if isinstance(error, AudioError):
        return Failure(recording.path, error.stage, type(error).__name__, error.cause)
    return Failure(recording.path, "features", type(error).__name__, str(error))


def _table(
    outcomes: Sequence[Outcome], features: FeatureSet, excerpt: Excerpt, *, labelled: bool
) -> FeatureTable:
    from featkit.table import FeatureTable

    done = [outcome for outcome in outcomes if outcome.values is not None]
    keys: dict[str, Any] = {
        "path": [o.recording.path for o in done for _ in o.starts],
        "start": np.array([start for o in done for start in o.starts], dtype=np.float64),
        "end": np.array([end for o in done for end in o.ends], dtype=np.float64),
    }
    if labelled:
        keys["label"] = [o.recording.label for o in done for _ in o.starts]
    none = np.empty((0, len(features.columns)))
    values = np.concatenate([none, *(o.values for o in done if o.values is not None)])
    return FeatureTable(keys, list(features.column_names), values, provenance(features, excerpt))


def provenance(features: FeatureSet, excerpt: Excerpt) -> dict[str, Any]:
    """What a table's numbers came from, down to the versions of what computed them."""
    from importlib.metadata import version

    import soundfile

    packages = ("featkit", "numpy", "scipy", "soundfile", "soxr", "PyWavelets")
    return {
        "feature_set": features.as_dict(),
        "fingerprint": features.fingerprint,
        "columns": [dataclasses.asdict(column) for column in features.columns],
        "excerpt": dataclasses.asdict(excerpt),
        "decoder": soundfile.__libsndfile_version__,
        "resampler": "soxr HQ",
        "versions": {name: version(name) for name in packages},
    }
