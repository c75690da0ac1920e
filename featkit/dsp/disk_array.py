"""Samples on disk, for recordings that do not fit in memory.

A `DiskArray` is sliced like an array, and a slice of it is an array. A `TemporaryDiskArray` keeps
samples in a temporary file without a name, so that no file remains however the process ends. Files
are read by plain reads: pages of a memory map would count as memory of the process.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import IO, Self

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import WriteError

PIECE_SAMPLES = 2**20
"""Number of samples in a piece of a clip: 8 MB in double precision."""


class DiskArray(ABC):
    """float32 samples on disk, of shape ``(samples,)``, sliced like an array."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def read(self, start: int, stop: int) -> Array:
        """Read a range of samples into memory.

        Parameters
        ----------
        start, stop : int
            First sample, and the one after the last; both within the array.

        Returns
        -------
        array of float32, shape ``(stop - start,)``
        """

    def __getitem__(self, part: slice) -> Array:
        if not isinstance(part, slice):
            raise TypeError("samples on disk are read by slices")
        start, stop, step = part.indices(len(self))
        if step != 1:
            raise ValueError("samples on disk are read by slices without a step")
        return self.read(start, max(start, stop))


class FittedClip(DiskArray):
    """A clip that is cut, or padded with zeros, to a length; nothing is copied.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    length : int
        Number of samples.
    """

    def __init__(self, clip: Clip, length: int) -> None:
        self._clip, self._length = clip, length

    def __len__(self) -> int:
        return self._length

    def read(self, start: int, stop: int) -> Array:
        """Read a range of samples; see `DiskArray.read`.

        Parameters
        ----------
        start, stop : int

        Returns
        -------
        array of float32, shape ``(stop - start,)``
        """
        samples: Array = np.zeros(stop - start, dtype=np.float32)
        own = self._clip[start:stop]
        samples[: len(own)] = own
        return samples


class TemporaryDiskArray(DiskArray):
    """float32 samples in a temporary file.

    The file is deleted with the last reference to it, or at the end of a ``with`` block.

    Raises
    ------
    WriteError
        If the folder for temporary files cannot be written to or is full; the error names it.
    """

    def __init__(self) -> None:
        import tempfile

        self._length = 0
        try:
            self._file = tempfile.TemporaryFile(prefix="featkit-")  # noqa: SIM115
        except OSError as error:
            raise self._write_error(error) from None
        self._close = weakref.finalize(self, _close, self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def append(self, samples: Array) -> None:
        """Append samples.

        Parameters
        ----------
        samples : array, shape ``(samples,)``
            Converted to float32.

        Raises
        ------
        WriteError
            If the folder for temporary files is full.
        """
        samples = np.ascontiguousarray(samples, dtype=np.float32)
        try:
            self._file.seek(0, os.SEEK_END)
            self._file.write(samples.data)
            self._file.flush()
        except OSError as error:
            raise self._write_error(error) from None
        self._length += len(samples)

    def __len__(self) -> int:
        return self._length

    def fix_length(self, length: int) -> None:
        """Truncate the array, or pad it with zeros.

        Parameters
        ----------
        length : int
            New number of samples.

        Raises
        ------
        WriteError
            If the folder for temporary files is full.
        """
        try:
            self._file.truncate(length * 4)
        except OSError as error:
            raise self._write_error(error) from None
        self._length = length

    def read(self, start: int, stop: int) -> Array:
        """Read a range of samples; see `DiskArray.read`.

        Parameters
        ----------
        start, stop : int
            First sample, and the one after the last.

        Returns
        -------
        array of float32, shape ``(stop - start,)``
        """
        samples: Array = np.empty(stop - start, dtype=np.float32)
        self._file.seek(start * samples.itemsize)
        self._file.readinto(samples.data)
        return samples

    def _write_error(self, error: OSError) -> WriteError:
        import tempfile

        megabytes = self._length * 4 / 1e6
        folder = tempfile.tempdir or "the folder for temporary files"  # if none can be written to
        return WriteError(
            f"{folder}: cannot write a temporary file for a long recording, after"
            f" {megabytes:.0f} MB: {error.strerror or error}. Free space there, or set the"
            " environment variable TMPDIR to another folder"
        )


def _close(file: IO[bytes]) -> None:
    # Closing flushes unwritten data again, which may fail again, but does close the file.
    with contextlib.suppress(OSError):
        file.close()


Clip = Array | DiskArray
"""The samples of a clip, in memory or on disk. A slice of either is an array."""


def pieces(clip: Clip, first: int = 0, last: int | None = None) -> Iterator[Array]:
    """Read a clip, or a range of it, piece by piece.

    Parameters
    ----------
    clip : array or DiskArray, shape ``(samples,)``
    first, last : int
        First sample, and the one after the last; all samples by default.

    Yields
    ------
    array, shape ``(samples,)``
        At most `PIECE_SAMPLES` samples.
    """
    last = len(clip) if last is None else last
    for start in range(first, last, PIECE_SAMPLES):
        yield clip[start : min(start + PIECE_SAMPLES, last)]


def read(clip: Clip, first: int, last: int) -> Array:
    """Read a range of samples, in pieces from a disk.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    first, last : int
        First sample, and the one after the last; both within the clip.

    Returns
    -------
    array of float32, shape ``(last - first,)``
        A view of a clip in memory.
    """
    if isinstance(clip, DiskArray) and last - first > PIECE_SAMPLES:
        return np.concatenate([*pieces(clip, first, last)])
    return clip[first:last]


def read_padded(clip: Clip, first: int, last: int) -> Array:
    """Read a range of samples that may exceed the clip, in pieces from a disk.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    first, last : int
        First sample, which may be negative, and the one after the last.

    Returns
    -------
    array of float32, shape ``(last - first,)``
        Zeros before and behind the clip.
    """
    samples: Array = np.zeros(last - first, dtype=np.float32)
    begin, end = max(first, 0), min(last, len(clip))
    if begin < end:
        samples[begin - first : end - first] = read(clip, begin, end)
    return samples
