"""The SQLite tables of a checkpoint, their checksums, and the check that a file is a checkpoint."""

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

FORMAT = 4
"""Version of the tables below."""

TABLES = """
CREATE TABLE settings (text TEXT NOT NULL, checksum BLOB NOT NULL);
CREATE TABLE contents (
    id INTEGER PRIMARY KEY, digest BLOB, size INTEGER, decoder TEXT NOT NULL, version TEXT,
    format TEXT NOT NULL, rows BLOB NOT NULL, checksum BLOB NOT NULL
);
CREATE INDEX contents_by_digest ON contents (digest);
CREATE INDEX contents_by_size ON contents (size);
CREATE TABLE files (
    name BLOB PRIMARY KEY, stamp TEXT NOT NULL, content INTEGER NOT NULL, checksum BLOB NOT NULL
) WITHOUT ROWID;
"""

TABLES_V3 = TABLES.replace(" format TEXT NOT NULL,", "")
"""Tables of version 3, whose rows have fewer quality columns."""

TABLES_V2 = """
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
"""Tables of version 2, with the rows of version 3 and without checksums."""

APPLICATION_ID = int.from_bytes(b"fkpt")
"""SQLite's application_id of a checkpoint."""

INSERT = (
    "INSERT INTO contents (digest, size, decoder, version, format, rows, checksum)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)

SCHEMA_QUERY = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"

MAX_ALTERED = 8
"""Most characters by which a damaged schema of the same length may differ from the expected one."""

START_OVER = "start over with --fresh (fresh=True)"

EARLIER_LACKS = "quality_level, quality_bandwidth and quality_format"
"""Columns that the rows of versions 2 and 3 lack."""


class FileState(NamedTuple):
    """State of an existing checkpoint.

    Attributes
    ----------
    is_intact : bool
        Whether SQLite finds its structure undamaged.
    settings_text : str
        The settings of its rows as stored; "" if they are damaged.
    settings : dict, optional
        The same, parsed; None if they are damaged.
    """

    is_intact: bool
    settings_text: str
    settings: dict[str, Any] | None


def checksum(key: str, *values: bytes | str | int | None) -> bytes:
    """Keyed checksum of some values, which also depends on their types and boundaries.

    Parameters
    ----------
    key : str
        Text of the settings that the values were computed with.
    """
    parts = []
    for value in values:
        data = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
        parts += [b"%s %d " % (type(value).__name__.encode(), len(data)), data]
    total = _keyed_hash(key).copy()
    total.update(b"".join(parts))
    return total.digest()


@lru_cache(maxsize=4)
def _keyed_hash(key: str) -> hashlib.blake2b:
    return hashlib.blake2b(key=hashlib.sha256(key.encode()).digest(), digest_size=16)


def settings_text(settings: Mapping[str, Any]) -> str:
    """The settings as they are stored."""
    return json.dumps({"parts": FORMAT, **settings}, sort_keys=True)


def create_tables(connection: sqlite3.Connection) -> None:
    """Create the tables, within a transaction."""
    for statement in TABLES.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def read_state(connection: sqlite3.Connection, path: Path) -> FileState | None:
    """State of a file; None if it is empty.

    Raises
    ------
    WriteError
        If the file is not a checkpoint, or one of another version.
    """
    schema = connection.execute(f"{SCHEMA_QUERY} LIMIT 9").fetchall()
    if not schema:
        return None
    if any(schema == _expected_schema(tables) for tables in (TABLES_V2, TABLES_V3)):
        raise WriteError(
            f"{path}: was written by an earlier version of featkit, whose rows lack the columns"
            f" {EARLIER_LACKS}: {START_OVER}, or finish with that version"
        )
    if schema != _expected_schema(TABLES):
        if _is_damaged_copy(schema, _expected_schema(TABLES)):
            return FileState(False, "", None)
        (user_version,) = connection.execute("PRAGMA user_version").fetchone()
        (application_id,) = connection.execute("PRAGMA application_id").fetchone()
        if application_id == APPLICATION_ID and user_version > FORMAT:
            raise WriteError(
                f"{path}: was written by a later version of featkit: use that one, or {START_OVER}"
            )
        raise WriteError(not_a_checkpoint(path, "it has other tables"))
    text, settings = _stored_settings(connection)
    return FileState(_is_intact(connection), text, settings)


def _expected_schema(tables: str) -> list[tuple[Any, ...]]:
    """The tables and indexes of a version, as SQLite lists them."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(tables)
        return connection.execute(SCHEMA_QUERY).fetchall()


def _is_damaged_copy(schema: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> bool:
    """Whether a schema differs in a few characters only, for example after a flipped bit."""
    a, b = repr(sorted(map(repr, schema))), repr(sorted(map(repr, expected)))
    return len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) <= MAX_ALTERED


def resembles_checkpoint(path: Path) -> bool:
    """Whether a file that SQLite cannot read begins with most table definitions of a checkpoint."""
    with path.open("rb") as file:
        head = file.read(2**16)
    return any(
        sum(str(sql).encode() in head for *_, sql in _expected_schema(tables)) >= 3
        for tables in (TABLES, TABLES_V3, TABLES_V2)
    )


def not_a_checkpoint(path: Path, reason: str) -> str:
    """The message for a file that is not a checkpoint."""
    return (
        f"{path}: is not a checkpoint of featkit ({reason}): move it away, name another output, or"
        f" {START_OVER}, which replaces it"
    )


def _is_intact(connection: sqlite3.Connection) -> bool:
    """Whether pages, trees and indexes are intact; stored values are not checked."""
    try:
        return connection.execute("PRAGMA integrity_check(1)").fetchall() == [("ok",)]
    except sqlite3.DatabaseError:
        return False


def _stored_settings(connection: sqlite3.Connection) -> tuple[str, dict[str, Any] | None]:
    """Stored settings as text and parsed; "" and None if they are damaged."""
    query = "SELECT text, checksum FROM settings LIMIT 2"
    try:
        ((text, total),) = connection.execute(query).fetchall()
        if not isinstance(text, str) or total != checksum(text):
            return "", None
        settings = json.loads(text)
    except (sqlite3.DatabaseError, ValueError, TypeError, RecursionError):
        return "", None
    return text, settings if isinstance(settings, dict) else None


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether no recording is stored; an unreadable recording counts as stored."""
    try:
        return connection.execute("SELECT 1 FROM contents LIMIT 1").fetchone() is None
    except sqlite3.DatabaseError:
        return False
