"""Recordings that a worker on another machine cannot read, but the calling process can.

A machine of a cluster may lack the file system that holds the recordings. Each of them would be a
failure there, and since that is quick, the machine would take most of them. So these recordings are
read again at the end, perhaps elsewhere, and too many of them on one machine are an error.
"""

from __future__ import annotations

import dataclasses
import platform
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from featkit._utils.typing import Array
from featkit.datasets.files import Recording
from featkit.errors import FeatkitError
from featkit.executors.executor import Crash
from featkit.storage.urls import is_url
from featkit.storage.writing import check_regular

MAX_UNREADABLE = 8
"""Recordings that one machine may not be able to read: an error of its network passes."""

Process = Callable[[Sequence[int] | Array], Iterable[list[tuple[int, Any]]]]
"""``process(places)`` yields results of some recordings, with their places. A result is a `Crash`,
or has a `failure` and the `host` that could not read the recording."""


def host_without(file: str) -> str:
    """Return the name of this machine if it cannot read a file.

    Parameters
    ----------
    file : str
        The file.

    Returns
    -------
    str
        "" if it can, or the file is in a store.
    """
    return "" if is_url(file) or _is_readable(file) else platform.node()


def results_read_twice(
    process: Process, recordings: Sequence[Recording], places: Sequence[int] | Array
) -> Iterator[list[tuple[int, Any]]]:
    """Process recordings; those that only a worker cannot read are processed again at the end.

    Parameters
    ----------
    process : callable
        Processes recordings in workers.
    recordings : sequence of Recording
        The recordings.
    places : sequence or array of int
        Places of the recordings to process.

    Yields
    ------
    list of (int, result)
        Places with results. If a recording cannot be read again, the message of its failure names
        the machine.

    Raises
    ------
    FeatkitError
        If one machine cannot read more than a few recordings.
    """
    unreadable: defaultdict[str, list[int]] = defaultdict(list)
    for results in process(places):
        missing = {k: host for k, result in results if (host := _blamed(recordings[k], result))}
        yield [(k, result) for k, result in results if k not in missing]
        for k, host in missing.items():
            unreadable[host].append(k)
            _check_count(recordings[k].file, host, len(unreadable[host]))
    for results in process(sorted(k for own in unreadable.values() for k in own)):
        yield [(k, _with_host(recordings[k], result)) for k, result in results]


def _blamed(recording: Recording, result: Any) -> str:
    """The other machine that could not read a recording, which this one can."""
    host = "" if isinstance(result, Crash) else result.host
    if host and host != platform.node() and _is_readable(recording.file):
        return str(host)
    return ""


def _with_host(recording: Recording, result: Any) -> Any:
    host = _blamed(recording, result)
    if not host:
        return result
    message = f"{result.failure.message} on host {host}"
    return dataclasses.replace(result, failure=dataclasses.replace(result.failure, message=message))


def _check_count(file: str, host: str, count: int) -> None:
    if count > MAX_UNREADABLE:
        raise FeatkitError(
            f"host {host} cannot read {file} and {count - 1} other files that can be read here: all"
            " workers need the recordings at the same path. Mount their file system on that host,"
            " or stop its workers, then run the same command again"
        )


def _is_readable(file: str) -> bool:
    try:
        check_regular(file)  # a pipe would block
        with open(file, "rb"):
            return True
    except (OSError, ValueError):  # a name may contain a null character
        return False
