"""One run of a batch: resume from the checkpoint, analyse the rest, assemble the table."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any

import numpy as np

from featkit._utils.progress import Activity
from featkit._utils.typing import Array
from featkit.audio.excerpt import Excerpt
from featkit.batch import _tasks
from featkit.batch._row_fields import (
    fields_of_rows,
    has_bands,
    interval_failures,
    row_bands,
)
from featkit.batch._row_layouts import RowLayout
from featkit.batch._rows import Rows
from featkit.batch.analysis import Analysis
from featkit.batch.checkpoint import Checkpoint
from featkit.batch.outcomes import Outcome
from featkit.batch.resuming import find_stored
from featkit.batch.unreadable_files import results_read_twice
from featkit.datasets.files import Recording
from featkit.executors.executor import Crash, Executor, Task
from featkit.schema import BAND_COLUMNS, MEASURED_QUALITY, QUALITY_FORMAT, QUALITY_PREFIX, Failure
from featkit.storage.scratch import remove_abandoned_folders
from featkit.table.columns import in_key_order
from featkit.table.feature_table import FeatureTable

SAMPLE_RATE = [column.name for column in MEASURED_QUALITY].index(f"{QUALITY_PREFIX}sample_rate")
"""Place of the sample rate among the quality values of a row."""


@dataclass
class BatchRun:
    """State of a batch while it runs.

    Attributes
    ----------
    recordings : sequence of Recording
        The recordings to analyse.
    listing : sequence of Recording
        These and those of other shards: all of them determine the columns of the table.
    checkpoint : Checkpoint
        Storage of finished rows; it may contain those of an earlier run.
    executor : Executor
        Where recordings are analysed.
    timeout : float, optional
        Seconds for each file.
    activity : Activity
        Reports at the start, whenever files are finished, and every second.
    stored_ids : array of int64, shape ``(recordings,)``
        Id of each finished recording in the checkpoint; 0 for the others.
    failed : dict of int to Failure
        Failures of whole recordings by place in `recordings`.
    interval_failures : list of Failure
        Annotations that failed, of the recordings in the tables so far.
    start : float
        Time of the start, by `time.perf_counter`.
    files, resumed, seconds : int, int, float
        As in `featkit.batch.outcomes.BatchResult`, so far.
    rows : int
        Number of rows in the tables so far.
    rates : dict of float to int
        Recordings in the tables so far by sample rate in Hz, before any resampling.
    """

    recordings: Sequence[Recording]
    listing: Sequence[Recording]
    checkpoint: Checkpoint
    executor: Executor
    timeout: float | None
    activity: Activity
    stored_ids: Array = field(init=False)
    failed: dict[int, Failure] = field(default_factory=dict, init=False)
    interval_failures: list[Failure] = field(default_factory=list, init=False)
    start: float = field(default_factory=time.perf_counter, init=False)
    files: int = field(default=0, init=False)
    resumed: int = field(default=0, init=False)
    rows: int = field(default=0, init=False)
    seconds: float = field(default=0.0, init=False)
    rates: Counter[float] = field(default_factory=Counter, init=False)

    def __post_init__(self) -> None:
        self.stored_ids = np.zeros(len(self.recordings), dtype=np.int64)

    @property
    def failures(self) -> list[Failure]:
        """The recordings that failed, then the annotations, each in the order of the inputs.

        Annotations are complete when all tables are made.
        """
        return [*(self.failed[k] for k in sorted(self.failed)), *self.interval_failures]

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.start

    def resume(self) -> None:
        """Look up the recordings that an earlier run finished; see `find_stored`."""
        self._report()
        for stored in find_stored(self.checkpoint, self.recordings, self._process):
            for k, stored_id in stored:
                self.stored_ids[k] = stored_id
            self.files += len(stored)
            self.resumed += len(stored)
            self._report()

    def compute(self, analysis: Analysis, excerpt: Excerpt) -> None:
        """Analyse the remaining recordings, and store rows as soon as they are finished."""
        try:
            self._compute(analysis, excerpt)
        finally:
            remove_abandoned_folders()  # copies of workers that crashed or were interrupted

    def _compute(self, analysis: Analysis, excerpt: Excerpt) -> None:
        task = partial(
            _tasks.analyse_recordings,
            analysis=analysis,
            excerpt=excerpt,
            identify=self.checkpoint.is_persistent,
            stacking=self.timeout is None,
        )
        remaining = np.flatnonzero(self.stored_ids == 0)
        process = partial(self._process, task)
        for results in results_read_twice(process, self.recordings, remaining):
            outcomes = [(k, self._outcome(k, result)) for k, result in results]
            stored_ids = self.checkpoint.save(
                (self.recordings[k].file, outcome) for k, outcome in outcomes
            )
            for (k, outcome), stored_id in zip(outcomes, stored_ids, strict=True):
                self.stored_ids[k] = stored_id or 0
                if outcome.failure:
                    self.failed[k] = outcome.failure
                self.files += 1
                self.seconds += outcome.seconds
            self._report()

    @property
    def decoded(self) -> Counter[str]:
        """Number of recordings by decoder."""
        return self.checkpoint.count_decoders(self.stored_ids[self.stored_ids > 0].tolist())

    def stored_rows(self, layout: RowLayout) -> Iterator[tuple[Recording, str, Rows | None]]:
        """Yield each recording with the format of its file and the rows that are stored of it.

        Parameters
        ----------
        layout : RowLayout
            Layout of the values.

        Yields
        ------
        recording : Recording
        file_format : str
            "" for a failed recording.
        rows : Rows or None
            None for a failed recording.
        """
        finished = np.flatnonzero(self.stored_ids)
        annotated = (self.recordings[k].annotations is not None for k in finished.tolist())
        stored_ids = map(int, self.stored_ids[finished])
        loaded = self.checkpoint.load_rows(stored_ids, layout, annotated=annotated)
        for recording, is_stored in zip(self.recordings, self.stored_ids > 0, strict=True):
            rows, file_format = next(loaded) if is_stored else (None, "")
            yield recording, file_format, rows

    def row_counts(self, layout: RowLayout) -> Iterator[tuple[int, list[Failure]]]:
        """Yield the number of rows of each recording, and the annotations without rows.

        Parameters
        ----------
        layout : RowLayout
            Layout of the values.

        Yields
        ------
        n_rows : int
            0 for a failed recording.
        failures : list of Failure
            Failures of its annotations.
        """
        for recording, _, rows in self.stored_rows(layout):
            yield (0, []) if rows is None else (len(rows), [*interval_failures(recording, rows)])

    def tables(
        self,
        analysis: Analysis,
        provenance: Mapping[str, Any],
        max_rows: int,
        metadata: Mapping[bytes, bytes] = MappingProxyType({}),
    ) -> Iterator[FeatureTable]:
        """Yield the table in the order of the inputs, in pieces; at least one, even if empty.

        Parameters
        ----------
        analysis : Analysis
            Analysis of the rows.
        provenance : mapping
            Provenance of the table.
        max_rows : int
            Rows of a piece.
        metadata : mapping of bytes to bytes
            Further metadata of the table; see `FeatureTable`.

        Yields
        ------
        FeatureTable
            The next rows.
        """
        origin = dict(provenance), dict(metadata)
        pending: list[tuple[Recording, str, Rows]] = []
        room = max_rows
        for recording, file_format, rows in self.stored_rows(analysis.layout):
            if rows is None:
                continue
            self.interval_failures += interval_failures(recording, rows)
            self.rates.update(rows.quality[:1, SAMPLE_RATE].tolist())
            while len(rows):
                part, rows = rows[:room], rows[room:]
                pending.append((recording, file_format, part))
                room -= len(part)
                if not room:
                    yield self._table(pending, analysis, *origin)
                    pending, room = [], max_rows
        if pending or not self.rows:
            yield self._table(pending, analysis, *origin)

    @cached_property
    def _has_bands(self) -> bool:
        return has_bands(self.listing)

    def _process(
        self, task: Task[Recording, Any], places: Sequence[int] | Array
    ) -> Iterator[list[tuple[int, Any]]]:
        """Run a task on some recordings, and yield places with results."""
        return self.executor.process_places(
            task, self.recordings, places, timeout=self.timeout, checkpoint=self.checkpoint.path
        )

    def _outcome(self, k: int, result: Outcome | Crash) -> Outcome:
        if isinstance(result, Outcome):
            return result
        return Outcome(failure=result.failure(self.recordings[k].path, self.timeout))

    def _report(self) -> None:
        self.activity.report(
            self.files,
            len(self.recordings),
            failed=len(self.failed),
            resumed=self.resumed,
            audio_seconds=self.seconds,
        )

    def _table(
        self,
        parts: Sequence[tuple[Recording, str, Rows]],
        analysis: Analysis,
        provenance: dict[str, Any],
        metadata: dict[bytes, bytes],
    ) -> FeatureTable:
        rows = Rows.concatenate((part for *_, part in parts), analysis.layout)
        self.rows += len(rows)
        keys: dict[str, Any] = {
            "path": [recording.path for recording, _, part in parts for _ in range(len(part))],
            "start": rows.start,
            "end": rows.end,
        }
        if self._has_bands:
            bands = [band for recording, _, part in parts for band in row_bands(recording, part)]
            keys |= zip(BAND_COLUMNS, np.array(bands).reshape(-1, 2).T, strict=True)
        fields = [own for recording, _, part in parts for own in fields_of_rows(recording, part)]
        for name in in_key_order(self.listing[0].fields):
            keys[name] = [own[name] for own in fields]
        quality = {
            column.name: values.astype(column.dtype)
            for column, values in zip(MEASURED_QUALITY, rows.quality.T, strict=True)
        }
        formats = [name for _, name, part in parts for _ in range(len(part))]
        quality[QUALITY_FORMAT] = np.array(formats, dtype=object)
        table = FeatureTable(
            keys, [], np.empty((len(rows), 0)), dict(provenance), quality, extra_metadata=metadata
        )
        return analysis.filled(table, rows.values)
