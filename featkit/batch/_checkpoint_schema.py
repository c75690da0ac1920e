"""The tables of a checkpoint, their checksums, and how a checkpoint is recognised."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from featkit.errors import WriteError

FORMAT = 3
"""Version of the tables below."""

TABLES = """
CREATE TABLE settings (text TEXT NOT NULL, checksum BLOB NOT NULL);
CREATE TABLE contents (
    id INTEGER PRIMARY KEY, digest BLOB, size INTEGER, decoder TEXT NOT NULL, version TEXT,
    rows BLOB NOT NULL, checksum BLOB NOT NULL
);
CREATE INDEX contents_by_digest ON contents (digest);
CREATE INDEX contents_by_size ON contents (size);
CREATE TABLE files (
    name BLOB PRIMARY KEY, stamp TEXT NOT NULL, content INTEGER NOT NULL, checksum BLOB NOT NULL
) WITHOUT ROWID;
"""

TABLES_2 = """
CREATE TABLE settings (text TEXT NOT NULL);
CREATE TABLE contents (
    id INTEGER PRIMARY KEY, digest BLOB, size INTEGER,
    decoder TEXT NOT NULL, version TEXT, rows BLOB NOT NULL
);
CREATE INDEX contents_by_digest ON contents (digest);
CREATE INDEX contents_by_size ON contents (size);
CREATE TABLE files (
    name BLOB PRIMARY KEY, stamp TEXT NOT NULL, content INTEGER NOT NULL REFERENCES contents
) WITHOUT ROWID;
"""
"""Those of version 2, without checksums."""

APPLICATION = int.from_bytes(b"fkpt")
"""SQLite's application_id of a checkpoint."""

INSERT = (
    "INSERT INTO contents (digest, size, decoder, version, rows, checksum)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)

ALTERED = 8
"""Characters of the schema that may differ, at the same length, for it to be ours but damaged."""

FRESH = "start over with --fresh (fresh=True)"


class Stored(NamedTuple):
    """What is in a file: the version of its tables, whether they are sound, and their settings."""

    version: int
    sound: bool
    text: str
    settings: dict[str, Any] | None


def checksum(key: str, *values: bytes | str | int | None) -> bytes:
    """A checksum of some values, by which a change of any of them shows.

    Parameters
    ----------
    key : str
        Text of the settings that the values were computed with: with others it is another checksum.
    """
    total = _keyed(key).copy()
    for value in values:
        data = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
        total.update(b"%s %d " % (type(value).__name__.encode(), len(data)))
        total.update(data)
    return total.digest()


@lru_cache(maxsize=4)
def _keyed(key: str) -> hashlib.blake2b:
    return hashlib.blake2b(key=hashlib.sha256(key.encode()).digest(), digest_size=16)


def settings_text(settings: Mapping[str, Any]) -> str:
    """The settings as they are stored."""
    return json.dumps({"parts": FORMAT, **settings}, sort_keys=True)


def create(connection: sqlite3.Connection) -> None:
    """Make the tables, within a transaction."""
    for statement in TABLES.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def examined(connection: sqlite3.Connection, path: Path) -> Stored | None:
    """What is in a file; None if nothing is.

    Raises
    ------
    WriteError
        If it is not a checkpoint.
    """
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name LIMIT 9"
    found = connection.execute(query).fetchall()
    if not found:
        return None
    version = next((v for v in (FORMAT, 2) if found == _schema(v)), None)
    if version is None and _nearly(found, _schema(FORMAT)):
        return Stored(FORMAT, False, "", None)
    if version is None:
        (later,) = connection.execute("PRAGMA user_version").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        if application == APPLICATION and later > FORMAT:
            raise WriteError(
                f"{path}: was written by a later version of featkit: use that one, or {FRESH}"
            )
        raise WriteError(foreign(path, "it has other tables"))
    text, settings_there = _stored_settings(connection, version)
    return Stored(version, _is_sound(connection), text, settings_there)


def _schema(version: int) -> list[tuple[Any, ...]]:
    """What SQLite lists of the tables of a version."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES if version == FORMAT else TABLES_2)
        query = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
        return connection.execute(query).fetchall()


def _nearly(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> bool:
    """Whether a schema is the expected one but for a few characters, as after a flipped bit."""
    a, b = repr(sorted(map(repr, found))), repr(sorted(map(repr, expected)))
    return len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) <= ALTERED


def looks_like_ours(path: Path) -> bool:
    """Whether most of our tables are named at the beginning of a file that SQLite cannot read."""
    with path.open("rb") as file:
        head = file.read(2**16)
    return any(
        sum(str(sql).encode() in head for *_, sql in _schema(version)) >= 3
        for version in (FORMAT, 2)
    )


def foreign(path: Path, cause: str) -> str:
    """The message for a file that is not a checkpoint."""
    return (
        f"{path}: is not a checkpoint of featkit ({cause}): move it away, name another output, or"
        f" {FRESH}, which replaces it"
    )


def _is_sound(connection: sqlite3.Connection) -> bool:
    """Whether pages, trees and indexes are as they should be; what is in them is not looked at."""
    try:
        return connection.execute("PRAGMA integrity_check(1)").fetchall() == [("ok",)]
    except sqlite3.DatabaseError:
        return False


def _stored_settings(
    connection: sqlite3.Connection, version: int
) -> tuple[str, dict[str, Any] | None]:
    """Text and meaning of the settings of what is stored; None if they are damaged."""
    columns = "text, checksum" if version == FORMAT else "text, NULL"
    try:
        ((text, total),) = connection.execute(f"SELECT {columns} FROM settings LIMIT 2").fetchall()
        if not isinstance(text, str) or (version == FORMAT and total != checksum(text)):
            return "", None
        stored = json.loads(text)
    except (sqlite3.DatabaseError, ValueError, TypeError, RecursionError):
        return "", None
    return text, stored if isinstance(stored, dict) else None


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether no recording is stored; one that cannot be read counts as stored."""
    try:
        return connection.execute("SELECT 1 FROM contents LIMIT 1").fetchone() is None
    except sqlite3.DatabaseError:
        return False
