"""The files of shards: find them, and refuse any that do not belong together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

from featkit.batch.shards._conflicts import conflicts, listed
from featkit.batch.shards.shard_file import NotAShardError, ShardFile, SharedData, read_shard
from featkit.errors import ParameterError, StoreError, TableError
from featkit.storage.listing import list_files
from featkit.storage.names import join_name
from featkit.storage.reading import local_copy
from featkit.storage.urls import is_url, shown
from featkit.table.table_files import is_folder


@contextmanager
def open_shards(
    paths: Iterable[str | os.PathLike[str]], report: Callable[[int, int], None]
) -> Iterator[tuple[list[ShardFile], list[str]]]:
    """Read the metadata of all shards, and refuse any that do not belong together.

    Parameters
    ----------
    paths : iterable of paths
        Files of shards, and folders of them.
    report : callable
        ``report(done, total)`` is called after each file.

    Yields
    ------
    shards : list of ShardFile
        In the order of their numbers.
    remarks : list of str
        Files of the folders that are no shards.

    Raises
    ------
    ParameterError
        If there are no files.
    TableError
        With all problems.
    """
    files = _files(paths)
    shards: list[ShardFile] = []
    problems: list[str] = []
    remarks: list[str] = []
    shared = SharedData()
    with ExitStack() as copies:
        for done, (name, is_explicit) in enumerate(files, start=1):
            try:
                file = copies.enter_context(local_copy(name))
                shards.append(read_shard(shown(name), file, shared))
            except NotAShardError as error:
                (problems if is_explicit else remarks).append(str(error))
            except (TableError, StoreError) as error:
                problems.append(str(error))
            report(done, len(files))
        if not shards and not problems:
            raise TableError(f"cannot merge: no shards: {listed(remarks, '; ', last='; ')}")
        problems += conflicts(shards)
        if problems:
            raise TableError(f"cannot merge: {listed(problems, '; ', last='; ')}")
        yield sorted(shards, key=lambda shard: shard.record.shard.number), remarks


def _listed_here(folder: str) -> list[str]:
    """Names of the files in a folder of this machine, and of broken links."""
    return [entry for entry in os.listdir(folder) if not os.path.isdir(os.path.join(folder, entry))]


def _listed_in_store(url: str) -> list[str]:
    """Names of the files in a folder of a store."""
    return [file.path for file in list_files(url) if "/" not in file.path]


def _files(paths: Iterable[str | os.PathLike[str]]) -> list[tuple[str, bool]]:
    """Names of files, and whether they were given themselves; folders give their Parquet files."""
    files: list[tuple[str, bool]] = []
    for path in paths:
        name = os.fspath(path)
        if not is_folder(name):
            files.append((name, True))
            continue
        inner = sorted(
            entry
            for entry in (_listed_in_store(name) if is_url(name) else _listed_here(name))
            if entry.lower().endswith(".parquet") and not entry.startswith((".", "_"))
        )
        if not inner:
            raise ParameterError(f"{shown(name)}: there are no .parquet files in this folder")
        files += [(join_name(name, entry), False) for entry in inner]
    if not files:
        raise ParameterError("there are no shards to merge: give their files or folder")
    return files
