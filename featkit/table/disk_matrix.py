"""Matrices of features on disk, for tables that do not fit in memory.

A `DiskMatrix` is indexed like an array, but ``X[rows]`` and ``X[:, columns]`` are matrices on disk,
too: nothing is read until an array is needed. `blocks` reads some rows at a time. A function that
needs all values at once gets them only up to a limit; beyond it, an error prevents that the memory
fills. Files are read by plain reads: pages of a memory map would count as memory of the process.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from featkit._utils.data_sizes import data_size
from featkit._utils.typing import Array
from featkit.errors import FeatkitError, WriteError

GAP_BYTES = 2**16
"""Unneeded bytes between two rows that are read and dropped, which is faster than a second read."""

SPAN_BYTES = 2**23
"""Bytes that are read together at most, when rows are picked."""

VALUE_BYTES = 8

BLOCKS_IN_MEMORY = 16
"""Blocks that fit in the limit of the memory: four of each fit that runs at a time."""

SAMPLE_ROWS = 100_000
"""Most rows of a matrix on disk that medians, quartiles and checks of columns are computed from."""


class DiskMatrix:
    """A float64 matrix in a file, or some of its rows and columns.

    Parameters
    ----------
    path : Path
        The file: rows of float64 in the byte order of this machine.
    width : int
        Number of columns of the file.
    rows : array of int
        Rows of the file that the matrix has, in its order.
    columns : array of int
        Columns of the file that the matrix has, in its order.
    limit : int
        Bytes that the matrix may take in memory.
    """

    ndim = 2
    dtype = np.dtype(np.float64)

    def __init__(self, path: Path, width: int, rows: Array, columns: Array, limit: int) -> None:
        self.path = path
        self.limit = limit
        self._width = width
        self._rows = rows
        self._columns = columns
        self._cache: tuple[range, Array] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and columns."""
        return len(self._rows), len(self._columns)

    @property
    def nbytes(self) -> int:
        """Bytes of the values."""
        return len(self._rows) * len(self._columns) * VALUE_BYTES

    @property
    def rows_at_once(self) -> int:
        """Rows of a block: 16 blocks fit in the limit, for the copies that several fits make."""
        return rows_within(self.limit // BLOCKS_IN_MEMORY, self.shape[1])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, key: Any) -> Any:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        if isinstance(columns, int | np.integer):
            return self._column(int(columns))[rows]
        if isinstance(rows, int | np.integer):
            return np.asarray(self[np.array([rows]), columns])[0]
        return DiskMatrix(
            self.path, self._width, self._rows[rows], self._columns[columns], self.limit
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError("a matrix on disk cannot be an array without a copy")
        if self.nbytes > self.limit:
            raise FeatkitError(
                f"this step needs {data_size(self.nbytes)} of feature values at once, and the"
                f" memory for them is limited to {data_size(self.limit)}: raise max_memory"
            )
        return self._read().astype(np.float64 if dtype is None else dtype, copy=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_cache": None}

    def _column(self, k: int) -> Array:
        """A column, read with those that follow, since a file holds whole rows."""
        if self._cache is None or k not in self._cache[0]:
            count = max(1, self.limit // 8 // max(1, len(self) * VALUE_BYTES))
            names = range(k, min(k + count, self.shape[1]))
            parts = [self[start, names.start : names.stop]._read() for start in self._slices()]
            self._cache = names, np.concatenate([np.empty((0, len(names))), *parts])
        names, values = self._cache
        return values[:, k - names.start]

    def _slices(self) -> Iterator[slice]:
        step = max(1, SPAN_BYTES // (self._width * VALUE_BYTES))
        yield from (slice(k, k + step) for k in range(0, len(self), step))

    def _read(self) -> Array:
        """The values, read in the order of the file."""
        values = np.empty(self.shape)
        order = np.argsort(self._rows, kind="stable")
        rows = self._rows[order]
        row_bytes = self._width * VALUE_BYTES
        is_far = np.diff(rows) * row_bytes > GAP_BYTES
        is_full = np.diff(rows // max(1, SPAN_BYTES // row_bytes)) > 0
        with self.path.open("rb", buffering=0) as file:
            for part in np.split(np.arange(len(rows)), np.flatnonzero(is_far | is_full) + 1):
                if not len(part):
                    continue
                first, last = int(rows[part[0]]), int(rows[part[-1]])
                span = np.empty((last - first + 1, self._width))
                file.seek(first * row_bytes)
                _fill(file, span)
                values[order[part]] = span[rows[part] - first][:, self._columns]
        return values


def _fill(file: Any, span: Array) -> None:
    """Read until an array is full; one read may give less."""
    view, done = memoryview(span.reshape(-1).view(np.uint8).data), 0
    while done < len(view):
        count = file.readinto(view[done:])
        if not count:
            raise FeatkitError(f"{file.name}: the temporary file of the features was truncated")
        done += count


Matrix = Any
"""An array or a `DiskMatrix`; functions of arrays accept both, as far as the limit allows."""


def write_matrix(folder: Path, parts: Iterable[Array], width: int, limit: int) -> DiskMatrix:
    """Write a matrix to a new file.

    Parameters
    ----------
    folder : Path
        Folder for temporary files.
    parts : iterable of array of float64, shape ``(rows, width)``
        The rows, in their order.
    width : int
        Number of columns.
    limit : int
        Bytes of the matrix that may be in memory at a time.

    Returns
    -------
    DiskMatrix

    Raises
    ------
    WriteError
        If the folder is full or cannot be written to.
    """
    count = 0
    with (
        scratch_errors(folder),
        tempfile.NamedTemporaryFile(dir=folder, suffix=".f8", delete=False) as file,
    ):
        for part in parts:
            file.write(np.ascontiguousarray(part, dtype=np.float64).data)
            count += len(part)
    return DiskMatrix(Path(file.name), width, np.arange(count), np.arange(width), limit)


@contextmanager
def scratch_errors(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Name the folder for temporary files in errors of writing to it.

    Parameters
    ----------
    folder : path
        The folder.

    Yields
    ------
    None

    Raises
    ------
    WriteError
        In place of an `OSError`.
    """
    try:
        yield
    except FeatkitError:
        raise
    except OSError as error:
        raise WriteError(
            f"{os.fspath(folder)}: cannot write temporary files for a table that does not fit in"
            f" memory: {error.strerror or error}. Free space there, or set the environment variable"
            " TMPDIR to another folder"
        ) from None


def check_space(folder: Path, size: int) -> None:
    """Check that a folder has room for temporary files.

    Parameters
    ----------
    folder : Path
        The folder.
    size : int
        Bytes of the files.

    Raises
    ------
    WriteError
        If there is less free space.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise WriteError(
            f"{folder}: has {data_size(free)} of free space, and temporary files of a table that"
            f" does not fit in memory need {data_size(size)}: free space there, or set the"
            " environment variable TMPDIR to another folder"
        )


def blocks(X: Matrix, at_once: int) -> Iterator[Array]:
    """Read a matrix some rows at a time.

    Parameters
    ----------
    X : array or DiskMatrix, shape ``(rows, columns)``
    at_once : int
        Rows of a block.

    Yields
    ------
    array of float64, shape ``(at most at_once, columns)``
    """
    for start in range(0, len(X), at_once):
        yield np.asarray(X[start : start + at_once])


def whole_blocks(X: Matrix) -> Iterator[Array]:
    """Read a matrix in as few blocks as memory allows: one for a matrix in memory.

    Parameters
    ----------
    X : array or DiskMatrix, shape ``(rows, columns)``

    Yields
    ------
    array of float64, shape ``(rows, columns)``
    """
    if isinstance(X, DiskMatrix):
        yield from blocks(X, X.rows_at_once)
    else:
        yield X


def stacked(matrices: list[Matrix]) -> Matrix:
    """Stack the rows of matrices; on disk, if one of them is.

    Parameters
    ----------
    matrices : list of array or DiskMatrix, shape ``(rows, columns)``

    Returns
    -------
    array or DiskMatrix
    """
    on_disk = [X for X in matrices if isinstance(X, DiskMatrix)]
    if not on_disk:
        return np.concatenate(matrices)
    width, limit = on_disk[0].shape[1], on_disk[0].limit
    parts = (part for X in matrices for part in blocks(X, on_disk[0].rows_at_once))
    return write_matrix(on_disk[0].path.parent, parts, width, limit)


def rows_within(size: int, width: int) -> int:
    """Return how many rows fit within a number of bytes; at least one.

    Parameters
    ----------
    size : int
        Bytes.
    width : int
        Number of columns.

    Returns
    -------
    int
    """
    return max(1, size // (max(1, width) * VALUE_BYTES))


def sampled_rows(X: Matrix, rows: Array, limit: int | None = None, *, seed: int = 0) -> Array:
    """Draw rows that fit in memory together, for statistics that need all values of a column.

    Parameters
    ----------
    X : array or DiskMatrix, shape ``(all rows, columns)``
    rows : array of int
        Row numbers to draw from.
    limit : int, optional
        Bytes that the matrix may take in memory; by default, its own limit.
    seed : int
        Seed of the draw.

    Returns
    -------
    array of int
        Row numbers in their order: at most `SAMPLE_ROWS`, and an eighth of the limit. All rows of a
        matrix in memory without a limit.
    """
    if limit is None:
        if not isinstance(X, DiskMatrix):
            return rows
        limit = X.limit
    count = min(SAMPLE_ROWS, rows_within(limit // 8, X.shape[1]))
    if len(rows) <= count:
        return rows
    drawn = np.random.default_rng(seed).permutation(len(rows))[:count]
    return rows[np.sort(drawn)]
