"""One batch on its way: what is finished, what is not, and the table that comes of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.excerpt import Excerpt
from featkit.batch import _pool, _worker
from featkit.batch._checkpoint import Parts
from featkit.batch._fingerprints import NO_STAMP, Content, size_in, stamp_of
from featkit.batch.outcomes import BESIDE, Failure, Outcome, Progress
from featkit.datasets.files import Recording
from featkit.features.sets.registry import FeatureSet
from featkit.schema import COLUMNS
from featkit.table.feature_table import FeatureTable, in_order

FILES_AT_ONCE = 8
"""Files that a worker takes at a time: short ones are analysed as one stack."""


class Run:
    """A batch.

    Parameters
    ----------
    recordings : sequence of Recording
        What is to be analysed.
    parts : Parts
        Where what is finished goes, and where what an earlier run finished may be.
    processes : int
        Worker processes; 0 to work in this one.
    timeout : float, optional
        Seconds for each file.
    progress : callable, optional
        Told how far it is: at the beginning, as files are finished, and every second in between.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        parts: Parts,
        *,
        processes: int,
        timeout: float | None,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.recordings = recordings
        self.parts = parts
        self.processes = processes
        self.timeout = timeout
        self.progress = progress
        self.begin = time.perf_counter()
        self.part_of: list[int | None] = [None] * len(recordings)
        self.failed: dict[int, Failure] = {}
        self.files = 0
        self.resumed = 0
        self.rows = 0
        self.seconds = 0.0

    @property
    def failures(self) -> list[Failure]:
        """The recordings that gave no rows, in the order of the inputs."""
        return [self.failed[k] for k in sorted(self.failed)]

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self.begin

    def resume(self) -> None:
        """Take what an earlier run finished.

        A file whose stamp is that of its part is not read. Another whose size is that of some part
        may have been moved, copied or touched: its digest decides.
        """
        self._report()
        doubtful = []
        for k, recording in enumerate(self.recordings):
            stamp = stamp_of(recording.file)
            self._take(k, self.parts.unchanged(recording.file, stamp))
            if self.part_of[k] is None and stamp != NO_STAMP and self.parts.of_size(size_in(stamp)):
                doubtful.append(k)
        if self.resumed:
            self._report()
        for share in self._results(_worker.contents, doubtful):
            for k, content in share:
                if isinstance(content, Content):
                    self._take(k, self.parts.adopt(self.recordings[k].file, content))
            self._report()

    def _take(self, k: int, part: int | None) -> None:
        self.part_of[k] = part
        self.files += part is not None
        self.resumed += part is not None

    def compute(self, features: FeatureSet, excerpt: Excerpt) -> None:
        """Do what is missing, and keep it as it comes."""
        work = partial(
            _worker.outcomes,
            features=features,
            excerpt=excerpt,
            identify=self.parts.kept,
            alone=self.timeout is not None,
        )
        missing = [k for k, part in enumerate(self.part_of) if part is None]
        for share in self._results(work, missing):
            ended = [(k, self._outcome(k, result)) for k, result in share]
            done = {k: outcome.rows for k, outcome in ended if outcome.rows is not None}
            parts = self.parts.keep(
                (self.recordings[k].file, outcome, done[k]) for k, outcome in ended if k in done
            )
            for k, part in zip(done, parts, strict=True):
                self.part_of[k] = part
            for k, outcome in ended:
                if outcome.failure:
                    self.failed[k] = outcome.failure
                self.files += 1
                self.seconds += outcome.seconds
            self._report()

    @property
    def decoded(self) -> Counter[str]:
        """How many recordings each decoder read."""
        return Counter(self.parts.decoder(part) for part in self.part_of if part is not None)

    def tables(
        self, features: FeatureSet, provenance: Mapping[str, Any], at_once: int
    ) -> Iterator[FeatureTable]:
        """The table in the order of the inputs, so many rows at once; at least one, if empty."""
        held: list[tuple[Recording, Array]] = []
        room = at_once
        for recording, part in zip(self.recordings, self.part_of, strict=True):
            rows = self._rows(part, features)
            while len(rows):
                held.append((recording, rows[:room]))
                rows = rows[room:]
                room -= len(held[-1][1])
                if not room:
                    yield self._table(held, features, provenance)
                    held, room = [], at_once
        if held or not self.rows:
            yield self._table(held, features, provenance)

    def _results(
        self, work: _pool.Work[Recording, Any], places: Sequence[int]
    ) -> Iterator[list[tuple[int, Any]]]:
        """What becomes of some recordings."""
        wanted = [self.recordings[k] for k in places]
        size = max(1, min(FILES_AT_ONCE, len(wanted) // (4 * max(1, self.processes))))
        processes = min(self.processes, -(-len(wanted) // size))
        results = _pool.results(
            work,
            wanted,
            processes=processes,
            size=size,
            timeout=self.timeout,
            beside=self.parts.path,
        )
        with closing(results):
            for share in results:
                yield [(places[at], result) for at, result in share]

    def _outcome(self, k: int, result: Outcome | _pool.Death) -> Outcome:
        if isinstance(result, Outcome):
            return result
        return Outcome(failure=_death(self.recordings[k].path, result, self.timeout))

    def _report(self) -> None:
        if self.progress:
            self.progress(
                Progress(
                    files=self.files,
                    total=len(self.recordings),
                    failures=len(self.failed),
                    resumed=self.resumed,
                    seconds=self.seconds,
                    elapsed=self.elapsed,
                )
            )

    def _rows(self, part: int | None, features: FeatureSet) -> Array:
        columns = BESIDE + len(features.columns)
        return np.empty((0, columns)) if part is None else self.parts.rows(part, columns)

    def _table(
        self,
        held: Sequence[tuple[Recording, Array]],
        features: FeatureSet,
        provenance: Mapping[str, Any],
    ) -> FeatureTable:
        rows = np.concatenate([self._rows(None, features), *(rows for _, rows in held)])
        self.rows += len(rows)
        keys: dict[str, Any] = {
            "path": [recording.path for recording, own in held for _ in own],
            "start": rows[:, 0],
            "end": rows[:, 1],
        }
        for name in in_order(self.recordings[0].about):
            keys[name] = [recording.about[name] for recording, own in held for _ in own]
        quality = {
            column.name: rows[:, k].astype(column.dtype) for k, column in enumerate(COLUMNS, 2)
        }
        values = np.ascontiguousarray(rows[:, BESIDE:])
        return FeatureTable(keys, list(features.column_names), values, dict(provenance), quality)


def _death(path: str, death: _pool.Death, timeout: float | None) -> Failure:
    if death.timeout:
        return Failure(path, "timeout", "TimeoutError", f"took longer than {timeout:g} s")
    how = f" ({death.how})" if death.how else ""
    cause = f"its process died{how}: killed by the system, or by a fault in a decoder"
    return Failure(path, "worker", "TerminatedWorkerError", cause)
