"""How the rows of a recording are stored in a checkpoint: features or sequences, as bytes.

Numbers have the byte order of this machine.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from featkit._utils.typing import Array
from featkit.schema import MEASURED_QUALITY

if TYPE_CHECKING:
    from featkit.features.sequences.analysis import ClipSequences

N_TIMES = 2
"""Numbers of a row for start and end."""

N_NUMBERS = N_TIMES + len(MEASURED_QUALITY)
"""Numbers of a row besides its values: start, end and quality."""


class RowLayout(Protocol):
    """The values of rows, and their form in a checkpoint."""

    @property
    def empty(self) -> Array:
        """The values of no rows."""

    def decode(self, data: bytes) -> tuple[Array, Array]:
        """Read numbers, ``(rows, N_NUMBERS)``, and values of rows; the inverse of `encode`.

        Raises
        ------
        ValueError
            If `data` are not rows of this layout.
        """


def encode(numbers: Array, values: Array) -> bytes:
    """Write numbers, ``(rows, N_NUMBERS)``, and values of rows."""
    if values.dtype == object:
        return _encode_sequences(numbers, values)
    return np.concatenate([numbers, values], axis=1).tobytes()


@dataclass(frozen=True)
class FeatureLayout:
    """Rows of features, float64, ``(rows, features)``: each after the numbers of its row."""

    features: int

    @property
    def empty(self) -> Array:
        return np.empty((0, self.features))

    def decode(self, data: bytes) -> tuple[Array, Array]:
        matrix = np.frombuffer(data, dtype=np.float64).reshape(-1, N_NUMBERS + self.features)
        return matrix[:, :N_NUMBERS], matrix[:, N_NUMBERS:]


@dataclass(frozen=True)
class SequenceLayout:
    """Rows of sequences, an array of objects `ClipSequences`.

    A line of JSON holds the frames and the true lengths of each kind of each row. Then follow the
    numbers, and the arrays row by row, in the stored type.
    """

    channels: tuple[int, ...]
    dtype: str

    @property
    def empty(self) -> Array:
        return np.empty(0, dtype=object)

    def decode(self, data: bytes) -> tuple[Array, Array]:
        from featkit.features.sequences.analysis import ClipSequences

        header, content = data.split(b"\n", 1)
        shapes = json.loads(header)
        end = len(shapes) * N_NUMBERS * np.dtype(np.float64).itemsize
        numbers = np.frombuffer(content[:end], dtype=np.float64).reshape(-1, N_NUMBERS)
        flat = np.frombuffer(content, dtype=self.dtype, offset=end)
        rows, start = [], 0
        for frames, lengths in shapes:
            arrays = []
            for channels, n_frames in zip(self.channels, frames, strict=True):
                size = channels * n_frames
                arrays.append(flat[start : start + size].reshape(channels, n_frames))
                start += size
            rows.append(ClipSequences(tuple(arrays), tuple(lengths)))
        if start != len(flat):
            raise ValueError("the arrays have another size than their header states")
        return numbers, object_array(rows)


def _encode_sequences(numbers: Array, values: Array) -> bytes:
    shapes = [[[one.shape[1] for one in row.values], list(row.lengths)] for row in values]
    arrays = [one.tobytes() for row in values for one in row.values]
    return b"".join([json.dumps(shapes).encode(), b"\n", numbers.tobytes(), *arrays])


def object_array(rows: Sequence[ClipSequences]) -> Array:
    """The rows as an array of objects, which NumPy would otherwise take apart."""
    values = np.empty(len(rows), dtype=object)
    for k, row in enumerate(rows):
        values[k] = row
    return values
