"""The finished rows of one recording: one type from the worker to the checkpoint and the table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from featkit._utils.typing import Array
from featkit.schema import MEASURED_QUALITY

N_TIMES = 2
"""Columns of a stored row for start and end."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows in the order of the segments; a recording without segments has one row.

    Attributes
    ----------
    start, end : array of float64, shape ``(rows,)``
        Start and end of the segment in the recording, in seconds.
    quality : array of float64, shape ``(rows, quality columns)``
        Quality values, in the order of `featkit.schema.MEASURED_QUALITY`.
    values : array of float64, shape ``(rows, features)``
        Features; NaN where undefined.
    """

    start: Array
    end: Array
    quality: Array
    values: Array

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
        return cls(*map(np.concatenate, zip(*arrays, strict=True)))

    @classmethod
    def from_bytes(cls, data: bytes, features: int) -> Rows:
        """Read the rows of a checkpoint.

        Parameters
        ----------
        data : bytes
            The result of `to_bytes`.
        features : int
            Number of features of the rows.

        Returns
        -------
        Rows
            Views of `data`, which cannot be written to.

        Raises
        ------
        ValueError
            If `data` does not consist of rows with this number of features.
        """
        width = N_TIMES + len(MEASURED_QUALITY) + features
        return cls._from_matrix(np.frombuffer(data, dtype=np.float64).reshape(-1, width))

    def to_bytes(self) -> bytes:
        """Write the rows for a checkpoint, row by row: start, end, quality, features.

        Returns
        -------
        bytes
            Eight bytes for each number, in the byte order of this machine.
        """
        return np.column_stack([self.start, self.end, self.quality, self.values]).tobytes()

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, rows: slice) -> Rows:
        return Rows(self.start[rows], self.end[rows], self.quality[rows], self.values[rows])

    @classmethod
    def _from_matrix(cls, matrix: Array) -> Rows:
        """Split the columns of ``(rows, times + quality columns + features)``."""
        first_feature = N_TIMES + len(MEASURED_QUALITY)
        quality, values = matrix[:, N_TIMES:first_feature], matrix[:, first_feature:]
        return cls(matrix[:, 0], matrix[:, 1], quality, values)
