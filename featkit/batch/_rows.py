"""The finished rows of one recording: one type from the worker to the checkpoint and the table."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.batch._row_layouts import N_NUMBERS, N_TIMES, RowLayout, encode

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
    values : array, shape ``(rows, ...)``
        Features, ``(rows, features)``, float64, NaN where undefined; or sequences, an array of
        objects `featkit.features.sequences.analysis.ClipSequences`.
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
    def concatenate(cls, parts: Iterable[Rows], layout: RowLayout) -> Rows:
        """Join the rows of several recordings; without recordings, the result is empty.

        Parameters
        ----------
        parts : iterable of Rows
            The rows to join, in order.
        layout : RowLayout
            Layout of their values.

        Returns
        -------
        Rows
            Copies of all rows.
        """
        empty = cls._of_numbers(np.empty((0, N_NUMBERS)), layout.empty)
        arrays = [(part.start, part.end, part.quality, part.values) for part in (empty, *parts)]
        start, end, quality, values = map(np.concatenate, zip(*arrays, strict=True))
        return cls(start, end, quality, values)

    @classmethod
    def from_bytes(cls, data: bytes, layout: RowLayout, *, annotated: bool = False) -> Rows:
        """Read the rows of a checkpoint.

        Parameters
        ----------
        data : bytes
            The result of `to_bytes`.
        layout : RowLayout
            Layout of the values.
        annotated : bool
            Whether the recording has annotations.

        Returns
        -------
        Rows
            Views of `data`, which cannot be written to.

        Raises
        ------
        ValueError
            If `data` does not consist of rows of this layout.
        """
        header, content = data.split(b"\n", 1) if annotated else (b"", data)
        rows = cls._of_numbers(*layout.decode(content))
        if not annotated:
            return rows
        annotations, failures = json.loads(header)
        return replace(
            rows,
            annotations=np.array(annotations, dtype=np.intp),
            failures=tuple(IntervalFailure(*failure) for failure in failures),
        )

    def to_bytes(self) -> bytes:
        """Write the rows for a checkpoint: start, end, quality and values.

        Returns
        -------
        bytes
            See `featkit.batch._row_layouts`; before it, if the recording has annotations, a line of
            JSON: the annotation of each row, and failures.
        """
        numbers = np.column_stack([self.start, self.end, self.quality])
        content = encode(numbers, self.values)
        if self.annotations is None:
            return content
        header = json.dumps([self.annotations.tolist(), self.failures])
        return header.encode() + b"\n" + content

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, rows: slice) -> Rows:
        own = None if self.annotations is None else self.annotations[rows]
        columns = self.start[rows], self.end[rows], self.quality[rows], self.values[rows]
        return Rows(*columns, own, self.failures)

    @classmethod
    def _of_numbers(cls, numbers: Array, values: Array) -> Rows:
        return cls(numbers[:, 0], numbers[:, 1], numbers[:, N_TIMES:], values)
