"""Results of a batch: the outcome of each recording, and the whole extraction."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from featkit._utils.overview import Overview, Overviewed
from featkit.batch._rows import Rows
from featkit.batch.file_identity import FileIdentity
from featkit.schema import Failure
from featkit.table.failure_list import write_failures

if TYPE_CHECKING:
    from featkit.table.feature_table import FeatureTable


class Content(NamedTuple):
    """The stored results of a finished recording.

    Attributes
    ----------
    data : bytes
        Its results.
    identity : FileIdentity or None
        Content and stamp of the file; None in memory.
    decoder, format : str
        As in `Outcome`.
    """

    data: bytes
    identity: FileIdentity | None
    decoder: str
    format: str


@dataclass
class Outcome:
    """Result of one recording: rows, or a failure.

    Attributes
    ----------
    rows : Rows, optional
        Its rows, and the annotations that failed; None if the whole recording failed.
    identity : FileIdentity, optional
        Content and stamp of the file, if the caller asks for them.
    decoder : str
        Name of the decoder that read it, as in `featkit.audio.source.SourceInfo`.
    format : str
        Container and codec of the file, likewise.
    failure : Failure, optional
        The failure; None if there are rows.
    host : str
        The machine that cannot read the file; see `featkit.batch.unreadable_files`.
    """

    rows: Rows | None = None
    identity: FileIdentity | None = None
    decoder: str = ""
    format: str = ""
    failure: Failure | None = None
    host: str = ""

    @property
    def content(self) -> Content | None:
        """Its stored results; None for a failure."""
        if self.rows is None:
            return None
        return Content(self.rows.to_bytes(), self.identity, self.decoder, self.format)

    @property
    def seconds(self) -> float:
        """Analysed duration in seconds; the overlap of segments counts once.

        Intervals are analysed one by one, so all of each counts.
        """
        if self.rows is None:
            return 0.0
        if self.rows.annotations is not None:
            return float(np.sum(self.rows.end - self.rows.start))
        return float(self.rows.end[-1] - self.rows.start[0])


@dataclass(frozen=True, eq=False, repr=False)
class BatchResult(Overviewed):
    """Counts, failures and remarks of a batch; its rows are elsewhere.

    Attributes
    ----------
    failures : list of Failure
        The recordings that failed, in the order of the inputs; then the annotations that failed.
    files : int
        Number of recordings, including failures.
    resumed : int
        Recordings that an earlier run finished.
    rows, columns : int
        Rows and features of the recordings that did not fail; for sequences, the channels of all
        kinds.
    seconds : float
        Duration of the audio that this run analysed, in seconds.
    elapsed : float
        Run time, in seconds.
    remarks : list of str
        Other events to report, for example damaged results of an earlier run that were computed
        again.
    left_out : dict of str to int
        Files in the given folders that are not audio, counted by suffix, such as ``".txt"``; the
        key ``""`` counts files without a suffix. Hidden files and featkit's own output do not
        count.
    """

    failures: list[Failure]
    files: int
    resumed: int
    rows: int
    columns: int
    seconds: float
    elapsed: float
    remarks: list[str]
    left_out: dict[str, int]

    def _overview(self) -> Overview:
        from featkit.batch._overview import batch_overview

        return batch_overview(self)


@dataclass(frozen=True, eq=False, repr=False)
class Extraction(BatchResult):
    """Result of `featkit.extract`; its other attributes are those of `BatchResult`.

    Attributes
    ----------
    load : callable
        ``load()`` returns the table; see `table`.
    """

    load: Callable[[], FeatureTable] = field(repr=False)

    @cached_property
    def table(self) -> FeatureTable:
        """Rows of all recordings that did not fail, in the order of the inputs.

        If the table was written to a file, it is read from there on first access.
        """
        return self.load()

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the table, and any failures to ``<path>.failures.csv``.

        Without failures, the list of failures of an earlier run is removed.

        Parameters
        ----------
        path : path
            File for the table; its suffix selects the format, as in `FeatureTable.write`.
        """
        self.table.write(path)
        write_failures(path, self.failures)
