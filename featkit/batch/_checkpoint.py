"""The recordings of a table that are finished, kept on disk while and after it is made.

A share of the recordings is written to the checkpoint, ``OUT.parts``, in one transaction, so that
it is there whole or not at all, whatever kills the process. Rows belong to the content of a file of
one ending, wherever it lies, and to the version of its decoder; a file that has the size and times
that it had is not even read again. What does not match its checksum is computed again. While a run
has the checkpoint open no other can; the system lets go of a dead one's.

Nobody needs it but the next run: deleted, everything is computed anew.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from featkit._utils.counting import counted
from featkit._utils.io import beside, remove_unfinished
from featkit._utils.typing import Array
from featkit.audio.decoding.reader import versions
from featkit.batch import _checkpoint_file
from featkit.batch._checkpoint_file import told
from featkit.batch._checkpoint_schema import FRESH, INSERT, checksum, create
from featkit.batch._fingerprints import NO_STAMP, Content
from featkit.batch._pool import remove_notes
from featkit.batch.outcomes import Outcome
from featkit.datasets.files import place_of
from featkit.errors import WriteError
from featkit.table.feature_table import failures_file

CONTENT = "id, digest, size, decoder, version, rows, contents.checksum"


def parts_file(table: str | os.PathLike[str]) -> Path:
    """Where the parts of a table are kept."""
    return beside(table, ".parts")


@contextlib.contextmanager
def kept_parts(
    table: str | os.PathLike[str], settings: Mapping[str, Any], *, fresh: bool = False
) -> Iterator[Parts]:
    """The parts of a table, on disk, for this process alone.

    Parameters
    ----------
    table : path
        The table to be.
    settings : mapping
        What its numbers depend on: of JSON.
    fresh : bool
        Whether what there is, is discarded.

    Raises
    ------
    ParameterError
        If there are parts of other settings; it says which.
    WriteError
        If another run has them, or they cannot be written.
    """
    path = parts_file(table)
    with _checkpoint_file.opened(path, settings, fresh=fresh) as (connection, key, remarks):
        for written in (table, failures_file(table), path):
            remove_unfinished(written)
        remove_notes(path)
        yield Parts(connection, path, key, remarks)


@contextlib.contextmanager
def passing_parts() -> Iterator[Parts]:
    """Parts in memory."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create(connection)
        yield Parts(connection, None, "", [])


class _Content(NamedTuple):
    """A stored recording, with a checksum of all that stands before it."""

    id: int
    digest: bytes | None
    size: int | None
    decoder: str
    version: str | None
    rows: bytes
    checksum: bytes


class Parts:
    """Rows of recordings that are finished; `kept_parts` and `passing_parts` give them.

    Those that another version of their decoder made, or one that is missing now, are passed over,
    as are those that do not match their checksums.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path | None, key: str, remarks: list[str]
    ) -> None:
        self.connection = connection
        self.path = path
        self.key = key
        self.versions = versions()
        self.damaged: set[int] = set()
        self._remarks = remarks

    @property
    def kept(self) -> bool:
        """Whether another run may find them: if so, it must be known what was in each file."""
        return self.path is not None

    @property
    def remarks(self) -> list[str]:
        """What the user should know about the checkpoint."""
        if not self.damaged:
            return self._remarks
        was = "stored recording was", "stored recordings were"
        count = f"{counted(len(self.damaged), *was)} damaged, and computed again"
        return [*self._remarks, f"{self.path}: {count}"]

    def unchanged(self, file: str, stamp: str) -> int | None:
        """The part of a file that has the stamp that it had."""
        if stamp == NO_STAMP:
            return None
        query = (
            f"SELECT {CONTENT}, files.checksum FROM files JOIN contents ON id = content"
            " WHERE name = ? AND stamp = ?"
        )
        name = _name(file)
        with told(self.path):
            for *found, total in self.connection.execute(query, [name, stamp]):
                content = _Content(*found)
                if total == checksum(self.key, name, stamp, content.digest):
                    return content.id if self._is_usable(content) else None
        return None

    def of_size(self, size: int) -> bool:
        """Whether there is a part of a file of so many bytes."""
        with told(self.path):
            query = "SELECT 1 FROM contents WHERE size = ?"
            return self.connection.execute(query, [size]).fetchone() is not None

    def adopt(self, file: str, content: Content) -> int | None:
        """The part of this content, if there is one; from then on it is known by this file, too."""
        query = f"SELECT {CONTENT} FROM contents WHERE digest = ?"
        with told(self.path):
            stored = map(_Content._make, self.connection.execute(query, [content.digest]))
            part = next((found.id for found in stored if self._is_usable(found)), None)
            if part is not None:
                with self._transaction():
                    self._set_name(file, content, part)
        return part

    def rows(self, part: int, columns: int) -> Array:
        """The rows of a part, ``(rows, columns)``.

        Raises
        ------
        WriteError
            If they do not match their checksum any more.
        """
        rows = self._content(part).rows
        if len(rows) % (8 * columns):
            raise WriteError(f"{self.path}: holds rows of another width: {FRESH}")
        return np.frombuffer(rows, dtype=np.float64).reshape(-1, columns)

    def decoder(self, part: int) -> str:
        """Who decoded a part's recording: `rows` holds that, too, to the checksum."""
        with told(self.path):
            (decoder,) = self.connection.execute(
                "SELECT decoder FROM contents WHERE id = ?", [part]
            ).fetchone()
        return str(decoder)

    def keep(self, finished: Iterable[tuple[str, Outcome, Array]]) -> list[int]:
        """Add files with their rows: all or, should it fail, none; gives their parts.

        Raises
        ------
        WriteError
            If they cannot be written. What was there is still there.
        """
        parts = []
        with told(self.path), self._transaction():
            for file, outcome, rows in finished:
                content, decoder = outcome.content, outcome.decoder
                about = (content.digest, content.size) if content else (None, None)
                values = (*about, decoder, self.versions.get(decoder), rows.tobytes())
                added = self.connection.execute(INSERT, [*values, checksum(self.key, *values)])
                parts.append(int(added.lastrowid or 0))
                if content:
                    self._set_name(file, content, parts[-1])
        return parts

    def forget_unnamed(self) -> None:
        """Remove the parts of contents that no file has any more."""
        with told(self.path), self._transaction():
            self.connection.execute(
                "DELETE FROM contents WHERE id NOT IN (SELECT content FROM files)"
            )

    def _set_name(self, file: str, content: Content, part: int) -> None:
        name, stamp = _name(file), content.stamp
        self.connection.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
            [name, stamp, part, checksum(self.key, name, stamp, content.digest)],
        )

    def _content(self, part: int) -> _Content:
        """A part that was found or added before."""
        with told(self.path):
            query = f"SELECT {CONTENT} FROM contents WHERE id = ?"
            found = self.connection.execute(query, [part]).fetchone()
        content = _Content(*found) if found else None
        if content is None or not self._matches(content):
            raise WriteError(
                f"{self.path}: was damaged while this run was at work: the same command goes on"
                " from what can still be read"
            )
        return content

    def _is_usable(self, content: _Content) -> bool:
        """Whether a part is what was stored, and its decoder still the same."""
        if not self._matches(content):
            self.damaged.add(content.id)
            return False
        return self.versions.get(content.decoder, "missing") == content.version

    def _matches(self, content: _Content) -> bool:
        _, *values, total = content
        return checksum(self.key, *values) == total

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN")
        with self.connection:
            yield


def _name(file: str) -> bytes:
    return os.fsencode(place_of(file))
