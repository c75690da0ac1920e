"""Resume a batch: look up the recordings that an earlier run finished."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from featkit.batch import _tasks
from featkit.batch.checkpoint import Checkpoint
from featkit.batch.file_identity import (
    NO_STAMP,
    FileIdentity,
    file_stamp,
    intervals_digest,
    stamp_with_intervals,
    stamped_size,
)
from featkit.datasets.files import Recording
from featkit.executors.executor import Task

Process = Callable[[Task[Recording, Any], Sequence[int]], Iterable[list[tuple[int, Any]]]]
"""``process(task, places)`` yields results of a task for some recordings, with their places."""


def find_stored(
    checkpoint: Checkpoint, recordings: Sequence[Recording], process: Process
) -> Iterator[list[tuple[int, int]]]:
    """Find the stored results of recordings.

    A file with a stored stamp is not read. If only its size is stored, the file may have been
    moved, copied or touched: then digests are compared.

    Parameters
    ----------
    checkpoint : Checkpoint
        The stored results.
    recordings : sequence of Recording
        The recordings. Those with annotations have results of their own.
    process : callable
        Runs a task in the worker processes.

    Yields
    ------
    list of (int, int)
        Places of recordings with the ids of their stored results: first those of all files with a
        stored stamp, then others as they are read.
    """
    unchanged, candidates = [], []
    for place, recording in enumerate(recordings):
        stamp = stamp_with_intervals(file_stamp(recording.file), intervals_digest(recording))
        stored_id = checkpoint.find_unchanged(recording.file, stamp)
        if stored_id is not None:
            unchanged.append((place, stored_id))
        elif stamp != NO_STAMP and checkpoint.has_size(stamped_size(stamp)):
            candidates.append(place)
    yield unchanged
    for results in process(_tasks.identify_files, candidates):
        moved = []
        for place, identity in results:
            if isinstance(identity, FileIdentity):
                stored_id = checkpoint.find_content(recordings[place].file, identity)
                if stored_id is not None:
                    moved.append((place, stored_id))
        yield moved
