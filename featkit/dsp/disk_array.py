"""Samples that are not in memory, for recordings that are too long for it.

What is `OnDisk` is sliced like an array, and a slice of it is an array. A `Spool` puts samples
aside in a temporary file, which has no name in any folder: nothing of it is left, however the
process ends. Files are read by plain reads: the pages of a memory map would count as memory of the
process.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import IO, Self

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import WriteError

PIECE_SAMPLES = 2**20
"""Samples in a piece of a clip: 8 MB in double precision."""


class OnDisk(ABC):
    """float32 samples that are not in memory, and are sliced like an array."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def read(self, start: int, stop: int) -> Array:
        """The samples from `start` to `stop`, both within."""

    def __getitem__(self, part: slice) -> Array:
        if not isinstance(part, slice):
            raise TypeError("samples in a file are read by slices")
        start, stop, step = part.indices(len(self))
        if step != 1:
            raise ValueError("samples in a file are read one after the other")
        return self.read(start, max(start, stop))


class Spool(OnDisk):
    """float32 numbers in a temporary file, gone with the last reference to it or, as a context
    manager, at its end.

    Raises
    ------
    WriteError
        If the folder for temporary files, which the error names, cannot be written to or is full.
    """

    def __init__(self) -> None:
        self._length = 0
        try:
            self._file = tempfile.TemporaryFile(prefix="featkit-")  # noqa: SIM115
        except OSError as error:
            raise self._failure(error) from None
        self._close = weakref.finalize(self, _close, self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def append(self, samples: Array) -> None:
        """Put some behind those that are there."""
        samples = np.ascontiguousarray(samples, dtype=np.float32)
        try:
            self._file.seek(0, os.SEEK_END)
            self._file.write(samples.data)
            self._file.flush()
        except OSError as error:
            raise self._failure(error) from None
        self._length += len(samples)

    def __len__(self) -> int:
        return self._length

    def fit(self, length: int) -> None:
        """Cut them, or fill them up with zeros, to a length."""
        try:
            self._file.truncate(length * 4)
        except OSError as error:
            raise self._failure(error) from None
        self._length = length

    def read(self, start: int, stop: int) -> Array:
        samples: Array = np.empty(stop - start, dtype=np.float32)
        self._file.seek(start * samples.itemsize)
        self._file.readinto(samples.data)
        return samples

    def _failure(self, error: OSError) -> WriteError:
        megabytes = self._length * 4 / 1e6
        folder = tempfile.tempdir or "the folder for temporary files"  # if none can be written to
        return WriteError(
            f"{folder}: cannot put a long recording aside there, after"
            f" {megabytes:.0f} MB of it: {error.strerror or error}. Make room, or name another"
            " folder for temporary files by the environment variable TMPDIR"
        )


def _close(file: IO[bytes]) -> None:
    # It flushes what was refused once, before it closes all the same.
    with contextlib.suppress(OSError):
        file.close()


Clip = Array | OnDisk
"""The samples of a clip, in memory or in a file. A slice of either is an array."""


def pieces(clip: Clip, first: int = 0, last: int | None = None) -> Iterator[Array]:
    """The samples of a clip, or of a part of it, some at a time."""
    last = len(clip) if last is None else last
    for start in range(first, last, PIECE_SAMPLES):
        yield clip[start : min(start + PIECE_SAMPLES, last)]
