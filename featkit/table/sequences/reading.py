"""Reading of a folder of sequences: the rows of its index, and its arrays, which stay on disk.

Everything but the values is checked: the commit file, the digest of the index, and type, shape and
size of each array.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.table.parquet_reading import ParquetFiles, open_files, reading_errors
from featkit.table.provenance import METADATA_KEY, decode_provenance
from featkit.table.sequences.folder import (
    INDEX_FILE,
    KindFile,
    SequenceCommit,
    read_sequence_commit,
)
from featkit.table.sequences.sequences import SequenceArray, Sequences

if TYPE_CHECKING:
    from featkit.table.feature_table import FeatureTable

RESTORE = "restore it, or run `featkit sequences` again"


def read_sequences(path: str | os.PathLike[str]) -> FeatureTable:
    """Read a folder of sequences.

    Parameters
    ----------
    path : path
        A folder that `featkit.sequences` or ``featkit sequences`` wrote, on this machine.

    Returns
    -------
    FeatureTable
        Keys, quality columns and provenance, without features. Its ``sequences`` hold the files of
        the arrays: values are read when they are used.

    Raises
    ------
    TableError
        If it is no such folder, a file is missing, damaged or altered, or they do not belong
        together.

    Examples
    --------
    >>> table = read_sequences("sequences/")  # doctest: +SKIP
    >>> table.sequences.shapes  # doctest: +SKIP
    {'mel': (128, 128)}
    """
    from featkit.table.feature_table import FeatureTable

    read_sequence_commit(path)  # for a message that fits
    return FeatureTable.read(path)


def index_files(path: str | os.PathLike[str]) -> ParquetFiles:
    """Return the index of a folder of sequences as a Parquet table.

    Parameters
    ----------
    path : path
        The folder.

    Returns
    -------
    ParquetFiles

    Raises
    ------
    TableError
        If it is missing or altered, or has another number of rows than the commit file states.
    """
    folder, commit = read_sequence_commit(path)
    file = folder / INDEX_FILE
    with reading_errors(file), file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != commit.index_sha256:
        raise TableError(f"{file}: was changed after it was written: {RESTORE}")
    files = open_files(path, [file])
    if files.rows != commit.rows:
        raise TableError(
            f"{file}: has {counted(files.rows, 'row')}, and the folder {commit.rows:,}: {RESTORE}"
        )
    return files


def mapped_sequences(path: str | os.PathLike[str]) -> Sequences:
    """Return the arrays of a folder of sequences, which are not read.

    Parameters
    ----------
    path : path
        The folder.

    Returns
    -------
    Sequences

    Raises
    ------
    TableError
        If a file is missing, damaged or altered.
    """
    folder, commit = read_sequence_commit(path)
    files = index_files(path)
    lengths = _lengths(folder / INDEX_FILE, commit)
    kinds = {}
    for kind in commit.kinds:
        _check_array(folder / kind.file, kind, commit.rows)
        # Absolute, since a worker process may have another current folder.
        file = (folder / kind.file).absolute()
        kinds[kind.name] = SequenceArray.of(file, lengths[kind.name])
    return Sequences(kinds, decode_provenance((files.schema.metadata or {})[METADATA_KEY]))


def _lengths(file: Path, commit: SequenceCommit) -> dict[str, Array]:
    import pyarrow.parquet as pq

    names = [kind.length_column for kind in commit.kinds]
    with reading_errors(file), file.open("rb") as stream:
        parquet = pq.ParquetFile(stream)
        if missing := [name for name in names if name not in parquet.schema_arrow.names]:
            raise TableError(f"{file}: lacks the column {missing[0]!r}: {RESTORE}")
        columns = parquet.read(names)
    lengths = {}
    for kind in commit.kinds:
        own = columns.column(kind.length_column).to_numpy()
        if own.dtype != np.int64 or not ((own >= 0) & (own <= kind.frames)).all():
            raise TableError(
                f"{file}: column {kind.length_column!r} must hold numbers of frames from 0 to"
                f" {kind.frames}: {RESTORE}"
            )
        lengths[kind.name] = own
    return lengths


def _check_array(file: Path, kind: KindFile, rows: int) -> None:
    """Check that a file holds the array that the commit file states; its values are not read."""
    expected = (rows, kind.channels, kind.frames)
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise TableError(f"{file}: is missing: {RESTORE}") from None
    except (OSError, ValueError, EOFError, MemoryError) as error:
        # An array of 0 bytes cannot be mapped.
        if isinstance(error, ValueError) and 0 in expected and _is_empty_array(file, expected):
            return
        cause = getattr(error, "strerror", None) or error
        raise TableError(f"{file}: is not a readable array: {cause}; {RESTORE}") from None
    if not isinstance(array, np.memmap):
        raise TableError(f"{file}: is not a single array of type .npy: {RESTORE}")
    is_expected = array.shape == expected and array.dtype == np.dtype(kind.dtype)
    size = array.offset + array.nbytes
    if not is_expected or not array.flags.c_contiguous:
        raise TableError(
            f"{file}: holds {array.dtype} of shape {array.shape}, but the folder was written with"
            f" {kind.dtype} of shape {expected}: {RESTORE}"
        )
    if file.stat().st_size != size:
        raise TableError(
            f"{file}: is damaged: it has {file.stat().st_size:,} bytes instead of {size:,}:"
            f" {RESTORE}"
        )


def _is_empty_array(file: Path, shape: tuple[int, ...]) -> bool:
    with file.open("rb") as stream:
        array = np.lib.format.read_array(stream, allow_pickle=False)
    return array.shape == shape
