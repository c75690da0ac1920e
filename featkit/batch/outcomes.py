"""What becomes of recordings: rows, or a failure; of one, and of a batch."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from featkit._utils.io import replacing
from featkit._utils.typing import Array
from featkit.batch._fingerprints import Content
from featkit.schema import COLUMNS
from featkit.table import delimited
from featkit.table.feature_table import failures_file

if TYPE_CHECKING:
    from featkit.table.feature_table import FeatureTable

BESIDE = 2 + len(COLUMNS)
"""Numbers before the features of a row: where its part begins and ends, in seconds, its quality."""


@dataclass(frozen=True)
class Failure:
    """A recording that gave no rows: at which stage, the class of the error, and what it said."""

    path: str
    stage: str
    error: str
    message: str


@dataclass
class Outcome:
    """What became of one recording.

    Attributes
    ----------
    rows : array of float64, shape ``(rows, BESIDE + columns)``, optional
        Of each row where its part begins and ends, its quality, then the features.
    content : Content, optional
        What was in the file, if that is asked for.
    decoder : str
        Who decoded it, as in `featkit.audio.native.Native`.
    failure : Failure, optional
        Why there are not rows.
    """

    rows: Array | None = None
    content: Content | None = None
    decoder: str = ""
    failure: Failure | None = None

    @property
    def seconds(self) -> float:
        """Seconds of sound, without what segments overlap."""
        return 0.0 if self.rows is None else float(self.rows[-1, 1] - self.rows[0, 0])


@dataclass(frozen=True)
class Progress:
    """How far a batch has come.

    Attributes
    ----------
    files, total : int
        Recordings that are finished, of all.
    failures : int
        Those of them that failed.
    seconds, elapsed : float
        Seconds of sound analysed now, without what an earlier run did, and that it took.
    resumed : int
        Recordings of `files` that an earlier run had finished.
    """

    files: int
    total: int
    failures: int
    seconds: float
    elapsed: float
    resumed: int = 0


@dataclass(frozen=True, eq=False)
class Extraction:
    """What became of a batch.

    Attributes
    ----------
    failures : list of Failure
        The recordings that gave no rows, in the order of the inputs.
    files : int
        Recordings, those that failed among them.
    resumed : int
        Those of them that an earlier run had finished.
    rows, columns : int
        Rows and features of the table.
    seconds : float
        Seconds of sound that were analysed, without what an earlier run did.
    elapsed : float
        Seconds that it took.
    remarks : list of str
        What else the user should know, such as results of an earlier run that were damaged and are
        computed again.
    left_out : dict of str to int
        Files in the folders that were given which are no sound, by ending such as ``".txt"``, and
        ``""`` for files without one: what was not looked for is counted, but for hidden files and
        what featkit wrote itself.
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
    load: Callable[[], FeatureTable] = field(repr=False)

    @cached_property
    def table(self) -> FeatureTable:
        """Rows of the recordings that could be read, in the order of the inputs.

        If they were written to a file, they are read from it when they are first asked for.
        """
        return self.load()

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the table, and beside it the failures, if any, as ``<path>.failures.csv``.

        Where there are none, those of an earlier run are removed.
        """
        self.table.write(path)
        write_failures(path, self.failures)


def write_failures(table: str | os.PathLike[str], failures: Sequence[Failure]) -> None:
    """Write the failures beside their table, or remove those of an earlier run."""
    beside = failures_file(table)
    if not failures:
        beside.unlink(missing_ok=True)
        return
    names = [column.name for column in dataclasses.fields(Failure)]
    with replacing(beside) as scratch:
        delimited.write(scratch, names, map(dataclasses.astuple, failures))
