"""Sizes of chunks: by the time that the last ones took."""

from hypothesis import given
from hypothesis import strategies as st

from featkit.executors._chunk_queue import FIRST_CHUNK, ChunkQueue


def sizes(queue, seconds_per_item):
    taken = []
    while queue:
        chunk = queue.take()
        taken.append(len(chunk))
        queue.finish(chunk, [None] * len(chunk), seconds_per_item * len(chunk))
    return taken


def test_chunks_of_quick_items_grow_and_those_of_slow_ones_shrink():
    assert sizes(ChunkQueue(1000, 256), 0.001)[:6] == [8, 16, 32, 64, 128, 256]
    assert sizes(ChunkQueue(30, 256), 1.0)[:5] == [8, 4, 2, 1, 1]
    assert set(sizes(ChunkQueue(500, 256), 0.01)[6:-1]) == {64}  # 0.64 s
    assert set(sizes(ChunkQueue(20, 4), 0.001)) == {4}


def test_several_workers_get_smaller_chunks_at_the_end():
    taken = sizes(ChunkQueue(1000, 256, workers=2), 0.001)
    assert sum(taken) == 1000
    assert taken[-8] < max(taken) < 256
    assert taken[-3] == 26  # a tenth of the largest: tiny stacks take more time
    assert sizes(ChunkQueue(40, 256, workers=2), 0.3)[-3:] == [1, 1, 1]


def test_items_that_were_not_started_are_taken_next():
    queue = ChunkQueue(20, 256)
    chunk = queue.take()
    assert len(chunk) == FIRST_CHUNK
    assert queue.finish(chunk, ["a", "b"], 0.3) == [(0, "a"), (1, "b")]
    assert list(queue.take()) == [2, 3, 4, 5, 6, 7]


@given(
    st.integers(0, 60),
    st.integers(1, 9),
    st.integers(1, 3),
    st.lists(st.tuples(st.integers(0, 9), st.floats(0, 3)), max_size=20),
)
def test_every_item_is_processed_once(n_items, largest, workers, fates):
    queue = ChunkQueue(n_items, largest, workers)
    places, fates = [], iter(fates)
    while queue:
        chunk = queue.take()
        started, seconds = next(fates, (9, 0.1))
        results = [None] * max(1, min(started, len(chunk)))
        places += [place for place, _ in queue.finish(chunk, results, seconds)]
    assert sorted(places) == list(range(n_items))
