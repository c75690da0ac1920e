"""The rows of many shards in the order of one run, in bounded memory.

Shards are merged by place, as in external sorting. A merge reads at most `MAX_SOURCES` files at a
time, each block by block. If there are more shards, groups of them are merged to temporary files
first, uncompressed, and these are merged in turn. So memory, and the number of open files, depend
on neither the number of shards nor that of rows.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from featkit._utils.typing import Array

MAX_SOURCES = 32
"""Files that are read at the same time: 1,000 shards take two passes."""

BLOCKS_MERGED = 4
"""Blocks that are merged together: the time of a merge is that of its slices of columns."""


@dataclass(frozen=True, eq=False)
class RowSource:
    """Rows in the order of the places of their recordings.

    Attributes
    ----------
    places : array of int, shape ``(rows,)``
        Ascending places; the rows of a recording have the same.
    tables : callable
        ``tables()`` yields the rows as Arrow tables.
    """

    places: Array
    tables: Callable[[], Generator[Any, None, None]]


def merge_rows(
    sources: Sequence[RowSource],
    max_rows: int,
    folder: Path,
    count: Callable[[int], None],
) -> Iterator[Any]:
    """Yield the rows of all sources in the order of their places, as Arrow tables.

    Parameters
    ----------
    sources : sequence of RowSource
        At least one; no place is in two of them.
    max_rows : int
        Rows of a block of a source; a merged table has some `BLOCKS_MERGED` times as many.
    folder : Path
        Folder for temporary files.
    count : callable
        ``count(n_rows)`` is called when rows are merged, once in each pass.
    """
    with ExitStack() as files:
        while len(sources) > MAX_SOURCES:
            groups = [sources[k : k + MAX_SOURCES] for k in range(0, len(sources), MAX_SOURCES)]
            sources = [_spilled(group, max_rows, folder, count, files) for group in groups]
        yield from _merged(sources, max_rows, count)


def n_passes(n_sources: int) -> int:
    """How often each row is merged."""
    passes = 1
    while n_sources > MAX_SOURCES:
        n_sources = -(-n_sources // MAX_SOURCES)
        passes += 1
    return passes


def _merged(
    sources: Sequence[RowSource], max_rows: int, count: Callable[[int], None]
) -> Iterator[Any]:
    import pyarrow as pa

    with ExitStack() as stack:
        cursors = [stack.enter_context(closing(_Cursor(source))) for source in sources]
        for end in _ends(sources, BLOCKS_MERGED * max_rows):
            parts = [(cursor.places_before(end), cursor.take_before(end)) for cursor in cursors]
            places = np.concatenate([part for part, _ in parts])
            table = pa.concat_tables([table for _, tables in parts for table in tables])
            count(len(places))
            yield table.combine_chunks().take(pa.array(np.argsort(places, kind="stable")))


def _ends(sources: Sequence[RowSource], max_rows: int) -> list[int]:
    """Places at which tables end, so that each has about a number of rows; at least one."""
    places = np.sort(np.concatenate([source.places for source in sources]))
    inner = np.unique(places[max_rows::max_rows])
    last = int(places[-1]) + 1 if len(places) else 0
    return [*map(int, inner[inner > 0]), last]


class _Cursor:
    """Position in a source, which is read block by block."""

    def __init__(self, source: RowSource) -> None:
        self._places = source.places
        self._tables = source.tables()
        self._block = next(self._tables)
        self._row = 0

    def places_before(self, end: int) -> Array:
        """Places of the rows that `take_before` takes."""
        return self._places[self._row : np.searchsorted(self._places, end)]

    def take_before(self, end: int) -> list[Any]:
        """Take the rows of the places before `end`; at least one table, perhaps empty."""
        n_rows = len(self.places_before(end))
        self._row += n_rows
        taken = []
        while n_rows > len(self._block):
            taken.append(self._block)
            n_rows -= len(self._block)
            self._block = next(self._tables)
        taken.append(self._block.slice(0, n_rows))
        self._block = self._block.slice(n_rows)
        return taken

    def close(self) -> None:
        self._tables.close()


def _spilled(
    sources: Sequence[RowSource],
    max_rows: int,
    folder: Path,
    count: Callable[[int], None],
    files: ExitStack,
) -> RowSource:
    """Merge sources to a temporary file, which has no name and so does not outlive the process."""
    import pyarrow as pa

    places = np.sort(np.concatenate([source.places for source in sources]))
    file = files.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115
    tables = _merged(sources, max_rows, count)
    first = next(tables)
    with pa.ipc.new_stream(file, first.schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table, max_rows)

    def read() -> Generator[Any, None, None]:
        file.seek(0)
        with pa.ipc.open_stream(file) as reader:
            if not len(places):
                yield reader.schema.empty_table()
            for batch in reader:
                yield pa.Table.from_batches([batch])

    return RowSource(places, read)
