"""The finished rows of one recording: one type from the worker to the checkpoint and the table."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.schema import MEASURED_QUALITY

N_TIMES = 2
"""Columns of a stored row for start and end."""

BACKGROUND = -1
"""Takes the place of the annotation in rows between annotations."""


class IntervalFailure(NamedTuple):
    """An annotation without rows.

    Attributes
    ----------
    annotation : int
        Its place among those of its recording.
    stage, message : str
        As in `featkit.schema.Failure`.
    """

    annotation: int
    stage: str
    message: str


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows in the order of the segments; a recording without segments has one row.

    The rows of a recording with annotations are in the order of the annotations, then those of the
    background by time.

    Attributes
    ----------
    start, end : array of float64, shape ``(rows,)``
        Start and end of the segment in the recording, in seconds.
    quality : array of float64, shape ``(rows, quality columns)``
        Quality values, in the order of `featkit.schema.MEASURED_QUALITY`.
    values : array of float64, shape ``(rows, features)``
        Features; NaN where undefined.
    annotations : array of int, shape ``(rows,)``, optional
        Place of the annotation of each row, or `BACKGROUND`; None for a recording without
        annotations.
    failures : tuple of IntervalFailure
        The annotations without rows.
    """

    start: Array
    end: Array
    quality: Array
    values: Array
    annotations: Array | None = None
    failures: tuple[IntervalFailure, ...] = ()

    @classmethod
    def concatenate(cls, parts: Iterable[Rows], features: int) -> Rows:
        """Join the rows of several recordings; without recordings, the result is empty.

        Parameters
        ----------
        parts : iterable of Rows
            The rows to join, in order.
        features : int
            Number of features.

        Returns
        -------
        Rows
            Copies of all rows.
        """
        empty = cls._from_matrix(np.empty((0, N_TIMES + len(MEASURED_QUALITY) + features)))
        arrays = [(part.start, part.end, part.quality, part.values) for part in (empty, *parts)]
        start, end, quality, values = map(np.concatenate, zip(*arrays, strict=True))
        return cls(start, end, quality, values)

    @classmethod
    def from_bytes(cls, data: bytes, features: int, *, annotated: bool = False) -> Rows:
        """Read the rows of a checkpoint.

        Parameters
        ----------
        data : bytes
            The result of `to_bytes`.
        features : int
            Number of features of the rows.
        annotated : bool
            Whether the recording has annotations.

        Returns
        -------
        Rows
            Views of `data`, which cannot be written to.

        Raises
        ------
        ValueError
            If `data` does not consist of rows with this number of features.
        """
        header, numbers = data.split(b"\n", 1) if annotated else (b"", data)
        width = N_TIMES + len(MEASURED_QUALITY) + features
        rows = cls._from_matrix(np.frombuffer(numbers, dtype=np.float64).reshape(-1, width))
        if not annotated:
            return rows
        annotations, failures = json.loads(header)
        return replace(
            rows,
            annotations=np.array(annotations, dtype=np.intp),
            failures=tuple(IntervalFailure(*failure) for failure in failures),
        )

    def to_bytes(self) -> bytes:
        """Write the rows for a checkpoint, row by row: start, end, quality, features.

        Returns
        -------
        bytes
            Eight bytes for each number, in the byte order of this machine; before them, if the
            recording has annotations, a line of JSON: the annotation of each row, and failures.
        """
        numbers = np.column_stack([self.start, self.end, self.quality, self.values]).tobytes()
        if self.annotations is None:
            return numbers
        header = json.dumps([self.annotations.tolist(), self.failures])
        return header.encode() + b"\n" + numbers

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, rows: slice) -> Rows:
        own = None if self.annotations is None else self.annotations[rows]
        columns = self.start[rows], self.end[rows], self.quality[rows], self.values[rows]
        return Rows(*columns, own, self.failures)

    @classmethod
    def _from_matrix(cls, matrix: Array) -> Rows:
        """Split the columns of ``(rows, times + quality columns + features)``."""
        first_feature = N_TIMES + len(MEASURED_QUALITY)
        quality, values = matrix[:, N_TIMES:first_feature], matrix[:, first_feature:]
        return cls(matrix[:, 0], matrix[:, 1], quality, values)
