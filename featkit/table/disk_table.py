"""Tables whose features are on disk, read in blocks; keys and quality columns are in memory.

A row takes about 100 bytes for each key with a text of its own, such as the path, and 8 bytes for
each other key and quality column.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.table.cell_values import text_values
from featkit.table.disk_matrix import rows_within, write_matrix
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import MIN_ROWS_PER_BLOCK, column_names, read_blocks

READ_SHARE = 64
"""Share of the limit that a block takes while a table is read, which needs several copies."""


def read_to_disk(
    path: str | os.PathLike[str],
    keys: Sequence[str] = (),
    *,
    features: Collection[str] | None = None,
    folder: Path,
    limit: int,
) -> FeatureTable:
    """Read a table; its features are copied to a file and never in memory at once.

    Parameters
    ----------
    path : path
        A table. A text file is read as one block.
    keys, features
        As for `featkit.table.table_files.read_blocks`.
    folder : Path
        Folder for the file.
    limit : int
        Bytes of the features that may be in memory at a time.

    Returns
    -------
    FeatureTable
        Its ``values`` are a `featkit.table.disk_matrix.DiskMatrix`.

    Raises
    ------
    ParameterError, TableError
        As for `featkit.table.table_files.read_blocks`.
    WriteError
        If the folder is full.
    """
    rows = rows_within(limit // READ_SHARE, len(column_names(path)))
    remaining = read_blocks(path, keys, features=features, rows=max(rows, MIN_ROWS_PER_BLOCK))
    first = next(remaining)
    names, cells = first.feature_names, _Cells()
    parts = cells.values(chain([first], remaining))
    values: Any = write_matrix(folder, parts, len(names), limit)
    _release_memory()
    has_lines = first.row_lines is not None and len(first) == len(values)
    return FeatureTable(
        keys=cells.keys,
        feature_names=names,
        values=values,
        provenance=first.provenance,
        quality=cells.quality,
        notes=first.notes,
        inexact=cells.inexact(names, values),
        places=first.places if has_lines else None,
    )


def _release_memory() -> None:
    """Return the memory that reading took to the system; Arrow keeps it for later tables."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


class _Cells:
    """The cells of all blocks, besides the features; equal texts are stored once."""

    def __init__(self) -> None:
        self._keys: dict[str, list[Array]] = {}
        self._quality: dict[str, list[Array]] = {}
        self._inexact: dict[str, list[Array]] = {}
        self._texts: dict[str, dict[Any, Any]] = {}

    def values(self, tables: Iterator[FeatureTable]) -> Iterator[Array]:
        """Yield the features of each block, while its other cells are collected."""
        for table in tables:
            for name, column in table.keys.items():
                self._keys.setdefault(name, []).append(self._shared(name, column))
            for name, column in table.quality.items():
                self._quality.setdefault(name, []).append(self._shared(name, column))
            for k, name in enumerate(table.feature_names):
                if name in table.inexact:
                    cells = text_values(table.inexact[name])
                elif name in self._inexact:
                    cells = text_values(table.values[:, k])
                else:
                    continue
                self._inexact.setdefault(name, []).append(np.array(cells, dtype=object))
            yield table.values

    def _shared(self, name: str, column: Any) -> Array:
        """A column whose equal texts are one object."""
        cells = np.asarray(column)
        if cells.dtype.kind != "O":
            return cells
        texts = self._texts.setdefault(name, {})
        shared = np.empty(len(cells), dtype=object)
        shared[:] = [texts.setdefault(cell, cell) for cell in cells.tolist()]
        return shared

    @property
    def keys(self) -> dict[str, Array]:
        return {name: np.concatenate(parts) for name, parts in self._keys.items()}

    @property
    def quality(self) -> dict[str, Array]:
        return {name: np.concatenate(parts) for name, parts in self._quality.items()}

    def inexact(self, names: Sequence[str], values: Any) -> dict[str, Array]:
        """Original cells of features; blocks before the first inexact one have exact values."""
        cells = {name: np.concatenate(parts) for name, parts in self._inexact.items()}
        for name, own in cells.items():
            exact = values[:, names.index(name)][: len(values) - len(own)]
            cells[name] = np.concatenate([np.array(text_values(exact), dtype=object), own])
        return cells
