"""Writing of a folder of sequences, block by block, in one atomic step.

The bytes depend on the rows alone, not on how they are divided into tables.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.storage.folders import replacing_folder
from featkit.storage.writing import COMMIT_FILE, sync
from featkit.table.csv_writing import surrogate_errors
from featkit.table.parquet_writing import row_groups, write_groups
from featkit.table.sequences.folder import (
    DTYPES,
    INDEX_FILE,
    KIND,
    KindFile,
    SequenceCommit,
    check_sequence_target,
    own_files,
)
from featkit.table.sequences.sequences import Sequences

if TYPE_CHECKING:
    from featkit.table.feature_table import FeatureTable


def write_sequences(path: str | os.PathLike[str], tables: Iterable[FeatureTable]) -> None:
    """Write the sequences of tables to a folder, in place of the sequences that it holds.

    Parameters
    ----------
    path : path
        The folder; see `featkit.table.sequences.folder`.
    tables : iterable of FeatureTable
        At least one table, with sequences of the same kinds, channels, frames and types. Features
        are not written. Each table is requested when the previous one is written.

    Raises
    ------
    ParameterError
        If the folder contains anything else, or is in a store.
    TableError
        If a table has no sequences, or they differ in kind, shape or type.
    WriteError
        If it cannot be written.
    """
    check_sequence_target(path)
    tables = iter(tables)
    first = next(tables)
    kinds = _kinds_of(first)
    own = re.compile("|".join([own_files(path).pattern, *(re.escape(k.file) for k in kinds)]))
    with replacing_folder(path, own) as folder:
        arrays = [_ArrayFile(folder, kind) for kind in kinds]
        with ExitStack() as stack, surrogate_errors():
            for array in arrays:
                stack.enter_context(array.file)
            written = _write_arrays(first, tables, arrays)
            index = folder / INDEX_FILE
            write_groups(index, row_groups(written, _length_columns))
            for array in arrays:
                array.finish()
        for file in (index, *(folder / kind.file for kind in kinds)):
            sync(file)
        with index.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        commit = folder / COMMIT_FILE
        commit.write_bytes(SequenceCommit(arrays[0].rows, digest, kinds).encode())
        sync(commit)


def _kinds_of(table: FeatureTable) -> tuple[KindFile, ...]:
    sequences = _sequences_of(table)
    kinds = tuple(
        KindFile(name, *kind.shape, str(kind.dtype)) for name, kind in sequences.kinds.items()
    )
    for kind in kinds:
        if not KIND.fullmatch(kind.name):
            raise ParameterError(
                f"a kind of sequence is the name of a file, so it must consist of letters, digits,"
                f" _ and -, and begin with a letter; got {kind.name!r}"
            )
        if kind.dtype not in DTYPES:
            raise ParameterError(f"sequences are float32 or float16, {kind.name} is {kind.dtype}")
        if kind.length_column in table.keys:
            raise TableError(
                f"the column {kind.length_column!r} holds the frames of {kind.name}, and the"
                " recordings have a field of this name: rename it"
            )
    return kinds


def _sequences_of(table: FeatureTable) -> Sequences:
    if table.sequences is None:
        raise TableError("the table has no sequences to write")
    return table.sequences


@dataclass
class _ArrayFile:
    """A ``.npy`` file that grows row by row; its header is completed at the end."""

    folder: Path
    kind: KindFile
    rows: int = 0
    file: BinaryIO = field(init=False)

    def __post_init__(self) -> None:
        self.file = (self.folder / self.kind.file).open("wb")
        self.file.write(self._header())

    def append(self, values: Array) -> None:
        """Write further rows."""
        self.file.write(np.ascontiguousarray(values, dtype=self._dtype).data)
        self.rows += len(values)

    def finish(self) -> None:
        """Write the number of rows."""
        self.file.flush()
        self.file.seek(0)
        self.file.write(self._header())

    @property
    def _dtype(self) -> np.dtype[Any]:
        return np.dtype(self.kind.dtype).newbyteorder("<")

    def _header(self) -> bytes:
        """The header, which NumPy makes equally long for any number of rows."""
        header = io.BytesIO()
        shape = (self.rows, self.kind.channels, self.kind.frames)
        description = {"descr": self._dtype.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(header, description)
        return header.getvalue()


def _write_arrays(
    first: FeatureTable, others: Iterator[FeatureTable], arrays: list[_ArrayFile]
) -> Iterator[FeatureTable]:
    """Write the arrays of each table, and yield its columns for the index."""
    kinds = tuple(array.kind for array in arrays)
    table: FeatureTable | None = first
    while table is not None:
        if (own := _kinds_of(table)) != kinds:
            raise TableError(f"the sequences of two tables differ: {kinds} and {own}")
        for block in _sequences_of(table).blocks():
            for array in arrays:
                array.append(block.kinds[array.kind.name].read())
        yield replace(table, feature_names=[], values=table.values[:, :0])
        table = next(others, None)


def _length_columns(table: FeatureTable) -> Mapping[str, Array]:
    sequences = _sequences_of(table)
    return {
        kind.length_column: np.asarray(sequences.kinds[kind.name].lengths, dtype=np.int64)
        for kind in _kinds_of(table)
    }
