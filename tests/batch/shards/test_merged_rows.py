"""Rows of shards are merged in the order of their recordings, in any number of passes."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.batch.shards import _merged_rows
from featkit.batch.shards._merged_rows import RowSource, merge_rows, n_passes


def source(places, block):
    """A source whose rows contain their places, and their numbers in the source."""
    columns = {"place": places, "row": range(len(places))}
    table = pa.table({name: pa.array(column, pa.int64()) for name, column in columns.items()})

    def tables():
        for first in range(0, max(1, len(places)), block):
            yield table.slice(first, block)

    return RowSource(np.array(places, dtype=np.int32), tables)


@st.composite
def shared_out(draw):
    """Places with a number of rows each, shared out to sources."""
    rows = draw(st.lists(st.integers(0, 5), max_size=30))
    n_sources = draw(st.integers(1, 9))
    owners = [draw(st.integers(0, n_sources - 1)) for _ in rows]
    return [
        [
            place
            for place, (count, owner) in enumerate(zip(rows, owners, strict=True))
            if owner == number
            for _ in range(count)
        ]
        for number in range(n_sources)
    ]


@settings(deadline=None)
@given(
    shares=shared_out(),
    block=st.integers(1, 7),
    max_rows=st.integers(1, 7),
    max_sources=st.integers(2, 4),
)
def test_rows_come_in_the_order_of_their_places(shares, block, max_rows, max_sources):
    sources = [source(share, block) for share in shares]
    counts = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_merged_rows, "MAX_SOURCES", max_sources)
        merged = pa.concat_tables(merge_rows(sources, max_rows, Path(), counts.append))
        assert sum(counts) == len(merged) * n_passes(len(sources))
    expected = sorted((place, row) for share in shares for row, place in enumerate(share))
    columns = (merged.column(name).to_pylist() for name in ("place", "row"))
    assert list(zip(*columns, strict=True)) == expected


def open_files():
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="needs /proc")
def test_many_shards_need_few_open_files(tmp_path):
    n_open, most_open = 0, 0

    def tables(place):
        nonlocal n_open, most_open
        n_open += 1
        most_open = max(most_open, n_open)
        try:
            yield pa.table({"place": [place]})
        finally:
            n_open -= 1

    sources = [
        RowSource(np.array([place]), lambda place=place: tables(place)) for place in range(1_000)
    ]
    before = open_files()
    during = 0
    for _ in merge_rows(sources, 10, tmp_path, lambda n_rows: None):
        during = max(during, open_files() - before)
    assert n_passes(len(sources)) == 2
    assert most_open <= _merged_rows.MAX_SOURCES
    assert 0 < during <= _merged_rows.MAX_SOURCES
    assert (open_files(), n_open) == (before, 0)
    assert not any(tmp_path.iterdir())


def peak_memory(n_blocks, folder):
    """Bytes that Arrow holds at most while eight sources of 64 rows a block are merged."""

    def tables(number):
        for k in range(n_blocks):
            yield pa.table({"place": places(number)[64 * k : 64 * k + 64], "value": np.ones(64)})

    def places(number):
        return (np.arange(64 * n_blocks) * 8 + number).astype(np.int32)

    sources = [
        RowSource(places(number), lambda number=number: tables(number)) for number in range(8)
    ]
    merged = merge_rows(sources, 64, folder, lambda n_rows: None)
    return max(pa.total_allocated_bytes() for _ in merged)


def test_memory_does_not_grow_with_the_rows(tmp_path):
    before = pa.total_allocated_bytes()
    few, many = (peak_memory(n_blocks, tmp_path) - before for n_blocks in (4, 40))
    assert 0 < many < 2 * few
