"""The checkpoint of a table: finished rows on disk, from which a later run resumes.

Each chunk of recordings is written to the checkpoint, ``OUT.parts``, in one transaction: it is
stored completely or not at all, even if the process is killed. Rows are found by the content and
suffix of a file, not by its location, and by the version of its decoder; a file with unchanged size
and times is not read again. Rows that do not match their checksum are computed again. Only one run
can open a checkpoint; the system releases the lock of a dead process.

A checkpoint may be deleted: then the next run computes everything.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from featkit._utils.formatting import counted
from featkit.audio.decoding.reader import versions
from featkit.batch._checkpoint_file import RESUME_READABLE, checkpoint_errors, open_file
from featkit.batch._checkpoint_schema import (
    INSERT,
    START_OVER,
    checksum,
    create_tables,
    is_empty,
)
from featkit.batch._row_layouts import RowLayout
from featkit.batch._rows import Rows
from featkit.batch.file_identity import NO_STAMP, FileIdentity
from featkit.batch.outcomes import Content, Outcome
from featkit.datasets.files import location_of
from featkit.errors import WriteError
from featkit.executors.worker_process import remove_state_folders
from featkit.storage.folders import remove_unfinished_folders
from featkit.storage.names import canonical_name
from featkit.storage.urls import is_url, name_of
from featkit.storage.writing import remove_unfinished, sibling
from featkit.table.table_files import failures_file

STORED_COLUMNS = "id, digest, size, decoder, version, format, rows, contents.checksum"


def checkpoint_path(table: str | os.PathLike[str]) -> Path:
    """Return the file of the checkpoint of a table.

    Parameters
    ----------
    table : path or URL
        The table, or another file that the checkpoint belongs to.

    Returns
    -------
    Path
        Next to the table; in the current folder for a table in a store.
    """
    if is_url(table):  # SQLite needs a local file
        return Path(f"{name_of(table)}.parts")
    return Path(sibling(table, ".parts"))


@contextlib.contextmanager
def open_checkpoint(
    table: str | os.PathLike[str], settings: Mapping[str, Any], *, fresh: bool = False
) -> Iterator[Checkpoint]:
    """Open the checkpoint of a table for this process alone.

    Parameters
    ----------
    table : path
        The table to write.
    settings : mapping
        The settings that its numbers depend on; values must be valid in JSON.
    fresh : bool
        Whether to discard earlier results.

    Yields
    ------
    Checkpoint

    Raises
    ------
    ParameterError
        If its rows were computed with other settings.
    WriteError
        If another run uses it, or it cannot be written.
    """
    path = checkpoint_path(table)
    if is_url(table):  # tables of one name in two folders share the name of the checkpoint
        settings = {**settings, "output": canonical_name(table)}
    file = open_file(path, settings, fresh=fresh)
    with contextlib.closing(file.connection):
        for written in (table, failures_file(table), path):
            remove_unfinished(written)
        remove_unfinished_folders(table)
        remove_state_folders(path)
        yield Checkpoint(file.connection, path, file.key, file.remarks)


@contextlib.contextmanager
def memory_checkpoint() -> Iterator[Checkpoint]:
    """Open a checkpoint in memory, for a run that cannot be resumed.

    Yields
    ------
    Checkpoint
    """
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create_tables(connection)
        yield Checkpoint(connection, None, "", [])


class _StoredRecording(NamedTuple):
    """A stored recording, with a checksum of its other columns."""

    id: int
    digest: bytes | None
    size: int | None
    decoder: str
    version: str | None
    format: str
    rows: bytes
    checksum: bytes


@dataclass
class Checkpoint:
    """Stored rows of finished recordings; see `open_checkpoint` and `memory_checkpoint`.

    Stored recordings are ignored if they do not match their checksum, or if their decoder is no
    longer installed in the same version.

    Attributes
    ----------
    connection : sqlite3.Connection
        The open database.
    path : Path, optional
        Its file; None in memory.
    key : str
        Key of its checksums.
    file_remarks : list of str
        Remarks from opening the file.
    versions : mapping of str to str
        Version of each installed decoder.
    damaged : set of int
        Ids of recordings that did not match their checksum.
    folders : dict of str to str
        Folders of files, with their resolved names.
    """

    connection: sqlite3.Connection
    path: Path | None
    key: str
    file_remarks: list[str]
    versions: Mapping[str, str] = field(default_factory=lambda: versions(), init=False)
    damaged: set[int] = field(default_factory=set, init=False)
    folders: dict[str, str] = field(default_factory=dict, init=False)

    @property
    def is_persistent(self) -> bool:
        """Whether a later run can resume: then the identity of each file is stored, too."""
        return self.path is not None

    @property
    def remarks(self) -> list[str]:
        """Events to report to the user."""
        if not self.damaged:
            return self.file_remarks
        count = counted(len(self.damaged), "stored recording was", "stored recordings were")
        return [*self.file_remarks, f"{self.path}: {count} damaged, and computed again"]

    def find_unchanged(self, file: str, stamp: str) -> int | None:
        """Find the stored recording of a file whose stamp has not changed.

        Parameters
        ----------
        file : str
            The file.
        stamp : str
            Its stamp; see `featkit.batch.file_identity.file_stamp`.

        Returns
        -------
        int or None
            Its id; None if it is not stored, damaged, or from another version of its decoder.
        """
        if stamp == NO_STAMP:
            return None
        query = (
            f"SELECT {STORED_COLUMNS}, files.checksum FROM files JOIN contents ON id = content"
            " WHERE name = ? AND stamp = ?"
        )
        name = self._name(file)
        with checkpoint_errors(self.path):
            for *columns, total in self.connection.execute(query, [name, stamp]):
                recording = _StoredRecording(*columns)
                if total == checksum(self.key, name, stamp, recording.digest):
                    return recording.id if self._is_usable(recording) else None
        return None

    @property
    def is_empty(self) -> bool:
        """Whether no recording is stored."""
        return is_empty(self.connection)

    def has_file(self, file: str) -> bool:
        """Return whether a recording of some name is stored.

        Parameters
        ----------
        file : str
            The file.

        Returns
        -------
        bool
        """
        with checkpoint_errors(self.path):
            query = "SELECT 1 FROM files WHERE name = ?"
            return self.connection.execute(query, [self._name(file)]).fetchone() is not None

    def has_size(self, size: int) -> bool:
        """Return whether a recording of some size is stored.

        Parameters
        ----------
        size : int
            Size of the file in bytes.

        Returns
        -------
        bool
        """
        with checkpoint_errors(self.path):
            query = "SELECT 1 FROM contents WHERE size = ?"
            return self.connection.execute(query, [size]).fetchone() is not None

    def find_content(self, file: str, identity: FileIdentity) -> int | None:
        """Find the latest stored recording with some content, and store it for a file, too.

        Parameters
        ----------
        file : str
            The file.
        identity : FileIdentity
            Content and stamp of the file.

        Returns
        -------
        int or None
            As for `find_unchanged`.
        """
        query = f"SELECT {STORED_COLUMNS} FROM contents WHERE digest = ? ORDER BY id DESC"
        with checkpoint_errors(self.path):
            rows = self.connection.execute(query, [identity.digest])
            stored = map(_StoredRecording._make, rows)
            stored_id = next((row.id for row in stored if self._is_usable(row)), None)
            if stored_id is not None:
                with self._transaction():
                    self._store_file(file, identity, stored_id)
        return stored_id

    def load_rows(
        self, stored_ids: Iterable[int], layout: RowLayout, *, annotated: Iterable[bool]
    ) -> Iterator[tuple[Rows, str]]:
        """Load the rows of stored recordings, and the formats of their files.

        Parameters
        ----------
        stored_ids : iterable of int
            Their ids, from this run.
        layout : RowLayout
            Layout of their values.
        annotated : iterable of bool
            Whether each recording has annotations.

        Yields
        ------
        rows : Rows
        file_format : str

        Raises
        ------
        WriteError
            If they do not match their checksum any more.
        """
        for recording, is_annotated in zip(self._load(stored_ids), annotated, strict=True):
            try:
                rows = Rows.from_bytes(recording.rows, layout, annotated=is_annotated)
            except ValueError:
                raise WriteError(f"{self.path}: holds rows of other values: {START_OVER}") from None
            yield rows, recording.format

    def load(self, stored_id: int) -> bytes:
        """Results of a stored recording.

        Parameters
        ----------
        stored_id : int
            Its id, from this run.

        Returns
        -------
        bytes

        Raises
        ------
        WriteError
            If they do not match their checksum any more.
        """
        (recording,) = self._load([stored_id])
        return recording.rows

    def _load(self, stored_ids: Iterable[int]) -> Iterator[_StoredRecording]:
        for columns in self._select(STORED_COLUMNS, stored_ids):
            recording = _StoredRecording(*columns) if columns else None
            if recording is None or not self._matches(recording):
                raise WriteError(f"{self.path}: was damaged during this run: {RESUME_READABLE}")
            yield recording

    def count_decoders(self, stored_ids: Iterable[int]) -> Counter[str]:
        """Count stored recordings by decoder; their checksums are checked when rows are loaded.

        Parameters
        ----------
        stored_ids : iterable of int
            Their ids, from this run.

        Returns
        -------
        Counter of str
        """
        return Counter(columns[1] for columns in self._select("id, decoder", stored_ids) if columns)

    def _select(self, columns: str, stored_ids: Iterable[int]) -> Iterator[tuple[Any, ...] | None]:
        """Yield columns of recordings, the id first; one query for ids that follow each other."""
        query = f"SELECT {columns} FROM contents WHERE id BETWEEN ? AND ? ORDER BY id"
        for first, last in _ranges(stored_ids):
            with checkpoint_errors(self.path):
                rows = self.connection.execute(query, [first, last])
                row = rows.fetchone()
                for stored_id in range(first, last + 1):
                    is_found = row is not None and row[0] == stored_id
                    yield row if is_found else None
                    row = rows.fetchone() if is_found else row

    def save(self, finished: Iterable[tuple[str, Outcome]]) -> list[int | None]:
        """Store the rows of files; see `save_contents`.

        Parameters
        ----------
        finished : iterable of (str, Outcome)
            Files with their outcomes.

        Returns
        -------
        list of int or None
        """
        return self.save_contents((file, outcome.content) for file, outcome in finished)

    def save_contents(self, finished: Iterable[tuple[str, Content | None]]) -> list[int | None]:
        """Store results in one transaction, and return their ids; None for failures.

        Parameters
        ----------
        finished : iterable of (str, Content or None)
            Files with their results; None for failures, which are not stored.

        Returns
        -------
        list of int or None

        Raises
        ------
        WriteError
            If they cannot be written. Then none of them is stored; earlier recordings remain.
        """
        stored_ids: list[int | None] = []
        with checkpoint_errors(self.path), self._transaction():
            for file, content in finished:
                if content is None:
                    stored_ids.append(None)
                    continue
                identity, decoder = content.identity, content.decoder
                digest, size = identity[:2] if identity else (None, None)
                version = self.versions.get(decoder)
                values = (digest, size, decoder, version, content.format, content.data)
                inserted = self.connection.execute(INSERT, [*values, checksum(self.key, *values)])
                stored_id = int(inserted.lastrowid or 0)
                stored_ids.append(stored_id)
                if identity:
                    self._store_file(file, identity, stored_id)
        return stored_ids

    def delete_unreferenced(self) -> None:
        """Delete the rows of contents that no file has any more."""
        with checkpoint_errors(self.path), self._transaction():
            self.connection.execute(
                "DELETE FROM contents WHERE id NOT IN (SELECT content FROM files)"
            )

    def _store_file(self, file: str, identity: FileIdentity, stored_id: int) -> None:
        name, stamp = self._name(file), identity.stamp
        self.connection.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
            [name, stamp, stored_id, checksum(self.key, name, stamp, identity.digest)],
        )

    def _is_usable(self, recording: _StoredRecording) -> bool:
        """Whether a recording is intact, and its decoder still has the same version."""
        if not self._matches(recording):
            self.damaged.add(recording.id)
            return False
        return self.versions.get(recording.decoder, "missing") == recording.version

    def _matches(self, recording: _StoredRecording) -> bool:
        _, *values, total = recording
        return checksum(self.key, *values) == total

    def _name(self, file: str) -> bytes:
        """The location of a file; each folder is resolved once."""
        if is_url(file):
            return os.fsencode(location_of(file))
        folder, name = os.path.split(file)
        if folder not in self.folders:
            self.folders[folder] = location_of(os.path.join(folder, ""))
        return os.fsencode(self.folders[folder] + name)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN")
        with self.connection:
            yield


def _ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of each range of numbers that follow each other."""
    first = last = None
    for number in numbers:
        if first is None or last is None or number != last + 1:
            if first is not None and last is not None:
                yield first, last
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last
