"""`Sequences`: descriptors frame by frame, for each row of a table.

A kind of sequence, such as ``mel`` or ``mfcc40``, is an array ``(rows, channels, frames)``. All
rows have the same number of frames: longer recordings are cut, shorter ones padded, and ``lengths``
holds how many frames are true. Arrays stay on disk until rows of them are read, so that a set may
be larger than memory; a worker process receives paths and row numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError

MAX_ROW_VALUES = 2**28
"""Most numbers of one kind and row that a model reads: 3 h of 512 bands at 43 frames a second."""

ROWS_AT_ONCE = 256
"""Rows that are read together where all are needed one after the other."""


def base_name(kind: str) -> str:
    """Return the name of a kind without its number of channels.

    Parameters
    ----------
    kind : str
        Name of a kind.

    Returns
    -------
    str

    Examples
    --------
    >>> base_name("mfcc40")
    'mfcc'
    """
    return kind.rstrip("0123456789")


@dataclass(frozen=True, eq=False)
class SequenceArray:
    """The sequences of one kind, of some rows.

    Attributes
    ----------
    sources : tuple of array or Path
        Arrays ``(rows, channels, frames)`` in memory, or ``.npy`` files of such; all have the same
        channels and frames.
    places : array of int, shape ``(rows, 2)``
        Source of each row, and its row there.
    lengths : array of int, shape ``(rows,)``
        True frames of each row; the rest is padding, at the end.
    """

    sources: tuple[Array | Path, ...]
    places: Array
    lengths: Array

    @classmethod
    def of(cls, source: Array | Path, lengths: Array) -> SequenceArray:
        """Make the sequences of a whole array.

        Parameters
        ----------
        source : array, shape ``(rows, channels, frames)``, or Path
            The array, or its file.
        lengths : array of int, shape ``(rows,)``
            True frames of each row.

        Returns
        -------
        SequenceArray
        """
        rows = np.arange(len(lengths))
        return cls((source,), np.column_stack([np.zeros_like(rows), rows]), np.asarray(lengths))

    def __len__(self) -> int:
        return len(self.places)

    @property
    def shape(self) -> tuple[int, int]:
        """Channels and frames of a row."""
        channels, frames = _opened(self.sources[0]).shape[1:]
        return int(channels), int(frames)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the stored values."""
        return np.dtype(_opened(self.sources[0]).dtype)

    def rows(self, which: Array) -> SequenceArray:
        """Return the sequences of some of the rows; nothing is read.

        Parameters
        ----------
        which : array of int or bool
            Row numbers, counted from 0, or a mask over all rows.

        Returns
        -------
        SequenceArray
        """
        return replace(self, places=self.places[which], lengths=self.lengths[which])

    def read(self) -> Array:
        """Read all rows.

        Returns
        -------
        array of float32, shape ``(rows, channels, frames)``
        """
        values = np.empty((len(self), *self.shape), dtype=np.float32)
        for number, source in enumerate(self.sources):
            own = np.flatnonzero(self.places[:, 0] == number)
            if len(own):
                values[own] = _opened(source)[self.places[own, 1]]
        return values


def _opened(source: Array | Path) -> Array:
    """The array of a source; a file is mapped into memory, so that only used rows are read."""
    if isinstance(source, Path):
        mapped: Array = np.load(source, mmap_mode="r", allow_pickle=False)
        return mapped
    return source


@dataclass(frozen=True, eq=False)
class Sequences:
    """All kinds of sequences of the rows of a table.

    Attributes
    ----------
    kinds : mapping of str to SequenceArray
        Sequences by the name of their kind; all have the same rows.
    provenance : dict
        Origin of the sequences: the sequence set, the excerpt, versions.
    """

    kinds: Mapping[str, SequenceArray]
    provenance: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.kinds.values())))

    @property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Channels and frames of each kind."""
        return {name: kind.shape for name, kind in self.kinds.items()}

    def rows(self, which: Array) -> Sequences:
        """Return the sequences of some of the rows; nothing is read.

        Parameters
        ----------
        which : array of int or bool
            Row numbers, counted from 0, or a mask over all rows.

        Returns
        -------
        Sequences
        """
        return replace(self, kinds={name: kind.rows(which) for name, kind in self.kinds.items()})

    def __getitem__(self, which: Array) -> Sequences:
        return self.rows(which)

    def named(self, base: str) -> str | None:
        """Return the name of the kind with a base name.

        Parameters
        ----------
        base : str
            Name without the number of channels, such as ``"mfcc"``.

        Returns
        -------
        str or None
            None if there is none.

        Raises
        ------
        ParameterError
            If several kinds have this base name.
        """
        names = [name for name in self.kinds if base_name(name) == base]
        if len(names) > 1:
            raise ParameterError(
                f"several sequences are {base!r}: {', '.join(names)}; keep one of them"
            )
        return names[0] if names else None

    def only(self, names: Sequence[str]) -> Sequences:
        """Return some of the kinds.

        Parameters
        ----------
        names : sequence of str
            Their names.

        Returns
        -------
        Sequences

        Raises
        ------
        ParameterError
            If there is no such kind.
        """
        for name in names:
            if name not in self.kinds:
                raise ParameterError(unknown("kind of sequence", name, self.kinds))
        return replace(self, kinds={name: self.kinds[name] for name in names})

    def blocks(self, size: int = ROWS_AT_ONCE) -> Iterator[Sequences]:
        """Return the rows in blocks, so that memory does not grow with their number.

        Parameters
        ----------
        size : int
            Rows of a block.

        Yields
        ------
        Sequences
        """
        for start in range(0, len(self), size):
            yield self.rows(np.arange(start, min(start + size, len(self))))

    def digests(self) -> list[bytes]:
        """Return the SHA-256 of the values of each row; equal rows have equal digests.

        Returns
        -------
        list of bytes
        """
        digests = []
        for block in self.blocks():
            arrays = [(kind.read(), kind.lengths) for kind in block.kinds.values()]
            for k in range(len(block)):
                digest = hashlib.sha256()
                for values, lengths in arrays:
                    digest.update(np.int64(lengths[k]).tobytes())
                    digest.update(np.ascontiguousarray(values[k], dtype="<f4").tobytes())
                digests.append(digest.digest())
        return digests

    def means(self) -> Array:
        """Return the mean of each channel over the true frames.

        Returns
        -------
        array of float64, shape ``(rows, channels)``
            The channels of all kinds; 0 for a row without frames.
        """
        parts = []
        for block in self.blocks():
            sums = [
                np.where(
                    np.arange(kind.shape[1]) < kind.lengths[:, np.newaxis, np.newaxis],
                    kind.read(),
                    np.float64(0),
                ).sum(axis=2)
                / np.maximum(kind.lengths, 1)[:, np.newaxis]
                for kind in block.kinds.values()
            ]
            parts.append(np.concatenate(sums, axis=1))
        return np.concatenate(parts)

    @classmethod
    def concatenate(cls, parts: Sequence[Sequences]) -> Sequences:
        """Join the rows of several datasets.

        Parameters
        ----------
        parts : sequence of Sequences
            At least one.

        Returns
        -------
        Sequences
            With the provenance of the first.

        Raises
        ------
        TableError
            If kinds, channels or frames differ.
        """
        first = parts[0]
        for part in parts[1:]:
            if part.shapes != first.shapes:
                raise TableError(
                    f"the sequences of two datasets differ: {first.shapes} and {part.shapes} (kind:"
                    " channels, frames); make both with the same sequence set"
                )
        return replace(
            first,
            kinds={name: _joined([part.kinds[name] for part in parts]) for name in first.kinds},
        )


def _joined(arrays: Sequence[SequenceArray]) -> SequenceArray:
    starts = np.cumsum([0, *(len(array.sources) for array in arrays)])[:-1]
    offsets = np.column_stack([starts, np.zeros_like(starts)])
    places = [array.places + offset for array, offset in zip(arrays, offsets, strict=True)]
    return SequenceArray(
        tuple(source for array in arrays for source in array.sources),
        np.concatenate(places),
        np.concatenate([array.lengths for array in arrays]),
    )
