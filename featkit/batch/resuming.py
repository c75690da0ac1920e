"""Resume a batch: look up the recordings that an earlier run finished."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from featkit.batch import _tasks
from featkit.batch.checkpoint import Checkpoint
from featkit.batch.file_identity import (
    NO_STAMP,
    FileIdentity,
    intervals_digest,
    recording_stamp,
    stamp_with_intervals,
    stamped_size,
)
from featkit.datasets.files import Recording
from featkit.executors.executor import Task
from featkit.storage.urls import is_url

MAX_YIELDED = 1000
"""Most unchanged recordings that are yielded at a time."""

Process = Callable[[Task[Recording, Any], Sequence[int]], Iterable[list[tuple[int, Any]]]]
"""``process(task, places)`` yields results of a task for some recordings, with their places."""


def find_stored(
    checkpoint: Checkpoint, recordings: Sequence[Recording], process: Process
) -> Iterator[list[tuple[int, int]]]:
    """Find the stored results of recordings.

    A file with a stored stamp is not read. If only its size is stored, the file may have been
    moved, copied or touched: then digests are compared. A file in a store is fetched for that only
    if it is stored under its own name: new files of a common size would be fetched twice.

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
    if checkpoint.is_empty:
        return
    unchanged: list[tuple[int, int]] = []
    candidates: list[int] = []
    unlisted: list[int] = []
    for place, recording in enumerate(recordings):
        if len(unchanged) == MAX_YIELDED:
            yield unchanged
            unchanged = []
        stamp = stamp_with_intervals(recording_stamp(recording), intervals_digest(recording))
        stored_id = checkpoint.find_unchanged(recording.file, stamp)
        if stored_id is not None:
            unchanged.append((place, stored_id))
        elif is_url(recording.file):
            if checkpoint.has_file(recording.file):
                (candidates if recording.stamp else unlisted).append(place)
        elif stamp != NO_STAMP and checkpoint.has_size(stamped_size(stamp)):
            candidates.append(place)
    yield unchanged
    for results in process(_tasks.ask_stamps, unlisted):
        unchanged = []
        for place, stamp in results:
            recording = recordings[place]
            stored_id = None
            if isinstance(stamp, str):
                stamp = stamp_with_intervals(stamp, intervals_digest(recording))
                stored_id = checkpoint.find_unchanged(recording.file, stamp)
            if stored_id is None:
                candidates.append(place)
            else:
                unchanged.append((place, stored_id))
        yield unchanged
    for results in process(_tasks.identify_files, sorted(candidates)):
        moved = []
        for place, identity in results:
            if isinstance(identity, FileIdentity):
                stored_id = checkpoint.find_content(recordings[place].file, identity)
                if stored_id is not None:
                    moved.append((place, stored_id))
        yield moved
