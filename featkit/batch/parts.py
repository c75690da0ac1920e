"""The parts of a table that are finished, kept on disk while and after it is made.

An SQLite file beside the table, ``OUT.parts``. A share of the recordings is written in one
transaction, so that it is there whole or not at all, whatever kills the process. Rows belong to
the content of a file of one ending, wherever it lies, and to the version of its decoder; a file
that has the size and times that it had is not even read again. While a run has the file open no
other can; the system lets go of a dead one's.

Nobody needs it but the next run: deleted, everything is computed anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from featkit.audio.decoding import versions
from featkit.batch.contents import NO_STAMP, Content
from featkit.batch.outcomes import Outcome
from featkit.batch.pool import remove_notes
from featkit.errors import ParameterError, WriteError
from featkit.files import place_of
from featkit.segments import Array
from featkit.table import failures_file
from featkit.writing import remove_unfinished

FORMAT = 2
"""Version of the tables below."""

TABLES = """
CREATE TABLE IF NOT EXISTS settings (text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS contents (
    id INTEGER PRIMARY KEY, digest BLOB, size INTEGER,
    decoder TEXT NOT NULL, version TEXT, rows BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS contents_by_digest ON contents (digest);
CREATE INDEX IF NOT EXISTS contents_by_size ON contents (size);
CREATE TABLE IF NOT EXISTS files (
    name BLOB PRIMARY KEY, stamp TEXT NOT NULL, content INTEGER NOT NULL REFERENCES contents
) WITHOUT ROWID;
"""

SHOWN = 4
"""Settings that differ which a message names."""


def parts_file(table: str | os.PathLike[str]) -> Path:
    """Where the parts of a table are kept."""
    return Path(f"{os.fspath(table)}.parts")


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
        Whether what there is, is forgotten.

    Raises
    ------
    ParameterError
        If there are parts of other settings; it says which.
    WriteError
        If another run has them, or they cannot be written.
    """
    path = parts_file(table)
    with _told(path):
        connection = _connection(path, fresh=fresh)
    with contextlib.closing(connection):
        with _told(path):
            _settle(connection, path, {"parts": FORMAT, **settings})
        for written in (table, failures_file(table)):
            remove_unfinished(written)
        remove_notes(path)
        yield Parts(connection, path)


@contextlib.contextmanager
def passing_parts() -> Iterator[Parts]:
    """Parts in memory."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(TABLES)
        yield Parts(connection, None)


class Parts:
    """Rows of recordings that are finished; `kept_parts` and `passing_parts` give them.

    Those that another version of their decoder made, or one that is missing now, are passed over.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path | None) -> None:
        self.connection = connection
        self.path = path
        self.versions = versions()

    @property
    def kept(self) -> bool:
        """Whether another run may find them: if so, it must be known what was in each file."""
        return self.path is not None

    def unchanged(self, file: str, stamp: str) -> int | None:
        """The part of a file that has the stamp that it had."""
        if stamp == NO_STAMP:
            return None
        query = (
            "SELECT id, decoder, version FROM files JOIN contents ON id = content"
            " WHERE name = ? AND stamp = ?"
        )
        return self._usable(query, _name(file), stamp)

    def of_size(self, size: int) -> bool:
        """Whether there is a part of a file of so many bytes."""
        with _told(self.path):
            query = "SELECT 1 FROM contents WHERE size = ?"
            return self.connection.execute(query, [size]).fetchone() is not None

    def adopt(self, file: str, content: Content) -> int | None:
        """The part of this content, if there is one; from then on it is known by this file, too."""
        query = "SELECT id, decoder, version FROM contents WHERE digest = ?"
        part = self._usable(query, content.digest)
        if part is not None:
            with _told(self.path), self._transaction():
                self._set_name(file, content.stamp, part)
        return part

    def rows(self, part: int, columns: int) -> Array:
        """The rows of a part, ``(rows, columns)``."""
        with _told(self.path):
            (rows,) = self.connection.execute(
                "SELECT rows FROM contents WHERE id = ?", [part]
            ).fetchone()
        return np.frombuffer(rows, dtype=np.float64).reshape(-1, columns)

    def decoder(self, part: int) -> str:
        """Who decoded a part's recording."""
        with _told(self.path):
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
        with _told(self.path), self._transaction():
            for file, outcome, rows in finished:
                content, decoder = outcome.content, outcome.decoder
                about = (content.digest, content.size) if content else (None, None)
                added = self.connection.execute(
                    "INSERT INTO contents (digest, size, decoder, version, rows)"
                    " VALUES (?, ?, ?, ?, ?)",
                    [*about, decoder, self.versions.get(decoder), rows.tobytes()],
                )
                parts.append(int(added.lastrowid or 0))
                if content:
                    self._set_name(file, content.stamp, parts[-1])
        return parts

    def forget_unnamed(self) -> None:
        """Remove the parts of contents that no file has any more."""
        with _told(self.path), self._transaction():
            self.connection.execute(
                "DELETE FROM contents WHERE id NOT IN (SELECT content FROM files)"
            )

    def _set_name(self, file: str, stamp: str, part: int) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?)", [_name(file), stamp, part]
        )

    def _usable(self, query: str, *values: Any) -> int | None:
        """The first part found whose decoder is still the same."""
        with _told(self.path):
            for part, decoder, version in self.connection.execute(query, values):
                if self.versions.get(decoder) == version:
                    return int(part)
        return None

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN")
        with self.connection:
            yield


def _name(file: str) -> bytes:
    return os.fsencode(place_of(file))


def _connection(path: Path, *, fresh: bool) -> sqlite3.Connection:
    """The file, for this process alone until it is closed; a new one, if it is to be fresh."""
    try:
        connection = _locked(path)
    except sqlite3.DatabaseError as error:
        if not fresh or isinstance(error, sqlite3.OperationalError):
            raise
    else:
        if not fresh:
            return connection
        connection.close()  # nobody else is at work on it
    for ending in ("", "-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    return _locked(path)


def _locked(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _settle(connection: sqlite3.Connection, path: Path, settings: Mapping[str, Any]) -> None:
    """Note the settings, or hold them to those of what is finished."""
    connection.execute("BEGIN")
    with connection:
        for statement in TABLES.split(";"):
            connection.execute(statement)
        there = connection.execute("SELECT text FROM settings").fetchone()
        if connection.execute("SELECT 1 FROM contents").fetchone() is None:
            text = json.dumps(settings, sort_keys=True)
            connection.execute("DELETE FROM settings")
            connection.execute("INSERT INTO settings VALUES (?)", [text])
            return
    if changed := _changed(json.loads(there[0]), settings):
        more = [f"and {len(changed) - SHOWN} more"] if len(changed) > SHOWN else []
        raise ParameterError(
            f"{path}: was made with other settings: {'; '.join(changed[:SHOWN] + more)}."
            " Start over with --fresh (fresh=True), or name another output"
        )


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What was, and is; of another feature set its name and version, of the same what differs."""
    if _set_name(before) != _set_name(now):
        without = {"feature_set", "fingerprint"}
        told = [f"feature set was {_set_name(before)}, is {_set_name(now)}"]
    else:
        without, told = set(), []
    old, new = (
        _flat({name: value for name, value in of.items() if name not in without})
        for of in (before, now)
    )
    names = [name for name in dict.fromkeys([*new, *old]) if old.get(name) != new.get(name)]
    return told + [
        f"{name} was {_told_value(old, name)}, is {_told_value(new, name)}" for name in names
    ]


def _set_name(settings: Mapping[str, Any]) -> str:
    described = settings.get("feature_set", {})
    return f"{described.get('name')}, version {described.get('version')}"


def _flat(settings: Any, name: str = "") -> dict[str, Any]:
    """Nested settings as one mapping: ``excerpt.segment``, ``feature_set.features.0.family``."""
    if isinstance(settings, Mapping):
        members = [(str(key), value) for key, value in settings.items()]
    elif isinstance(settings, list | tuple):
        members = [(str(k), value) for k, value in enumerate(settings)]
    else:
        return {name: settings}
    return {
        inner: value
        for key, member in members
        for inner, value in _flat(member, f"{name}.{key}" if name else key).items()
    }


def _told_value(settings: Mapping[str, Any], name: str) -> str:
    value = settings.get(name)
    return "none" if value is None else str(value)


@contextlib.contextmanager
def _told(path: Path | None) -> Iterator[None]:
    """What is wrong with the file, as an error that says what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            cause = "another run is at work on this table: wait for it, or name another output"
        elif error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # it has other tables than ours
            cause = "is not a file of finished parts: start over with --fresh (fresh=True)"
        else:
            cause = (
                f"cannot keep what is finished: {error}. What was finished before is not lost:"
                " the same command goes on from there"
            )
        raise WriteError(f"{path or 'in memory'}: {cause}") from None
    except sqlite3.DatabaseError as error:
        raise WriteError(
            f"{path}: is damaged, or no file of finished parts ({error}):"
            " start over with --fresh (fresh=True)"
        ) from None
