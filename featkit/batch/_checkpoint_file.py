"""The checkpoint as an SQLite file: locked by one run at a time, and checked before it is read.

The file may be damaged, written by another version or another program, or made by an attacker.
Before anything is read from it, its schema must be exactly that of a checkpoint, so that no foreign
trigger, view or generated column can run. Then SQLite checks its structure, which takes about a
second per gigabyte. Each stored row has a checksum, keyed by the settings, that is checked on every
read; a row that does not match is computed again. If the structure is damaged, the readable rows
are copied to a new file.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from featkit._utils.formatting import counted
from featkit.batch import _checkpoint_schema as schema
from featkit.batch._checkpoint_schema import FileState, checksum
from featkit.batch._provenance import setting_differences
from featkit.errors import ParameterError, WriteError

MAX_SCHEMA_SECONDS = 20.0
"""Longest time for reading the schema; a schema that takes longer is not that of a checkpoint."""

MIN_ROW_BYTES = 64
"""Smallest size of a stored recording, which bounds their number in a damaged file."""

MAX_ID_GAP = 10**6
"""Consecutive ids without a readable recording after which the search for more ends."""

MAX_SHOWN = 4
"""Maximum number of changed settings that a message names."""

SIDE_FILES = ("-wal", "-shm", "-journal")
"""Suffixes of the files that SQLite writes next to a database."""

DAMAGE_CODES = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_READONLY,  # write permission was checked before
}
"""SQLite's error codes for a file that is not an intact database."""

LOCK_CODES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
}
"""SQLite's error codes where another run holds the lock, or the drive does not support locks."""

NO_LOCKS = (
    "this drive has no file locks, which would prevent two runs from writing the same output:"
    " start only one at a time"
)


class CheckpointFile(NamedTuple):
    """An open checkpoint.

    Attributes
    ----------
    connection : sqlite3.Connection
        The open file.
    key : str
        Text of its settings, the key of its checksums.
    remarks : list of str
        Events to report to the user.
    """

    connection: sqlite3.Connection
    key: str
    remarks: list[str]


def open_file(path: Path, settings: Mapping[str, Any], *, fresh: bool) -> CheckpointFile:
    """Open a checkpoint for this process alone; create it if it is missing, or if `fresh`.

    Raises
    ------
    ParameterError
        If its rows were computed with other settings.
    WriteError
        If another run uses it, or it is not a checkpoint, or cannot be written.
    """
    with checkpoint_errors(path):
        check_kind(path)
        target = Path(os.path.realpath(path)) if path.is_symlink() else path
        return _open_and_repair(target, settings, fresh=fresh)


def check_kind(path: Path) -> None:
    """Refuse anything but a regular, writable file before SQLite opens it."""
    for suffix in ("", *SIDE_FILES):
        file = f"{path}{suffix}"
        try:
            mode = os.stat(file).st_mode
        except FileNotFoundError:
            continue
        except OSError as error:
            raise WriteError(f"{file}: cannot be opened: {error.strerror}") from None
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
            raise WriteError(
                f"{file}: is {kind}, but the checkpoint must be a file: move it, or name another"
                " output"
            )
        if not os.access(file, os.R_OK | os.W_OK):
            raise WriteError(f"{file}: no permission to read and write it")


def _open_and_repair(path: Path, settings: Mapping[str, Any], *, fresh: bool) -> CheckpointFile:
    text = schema.settings_text(settings)
    connection, locks = _try_to_lock(path, replace=fresh)
    remarks = [] if locks else [f"{path.absolute().parent}: {NO_LOCKS}"]
    if fresh or connection is None:
        if connection:
            connection.close()  # the lock shows that no other run uses the file
        if not fresh:
            remarks.append(f"{path}: was damaged: all recordings are computed again")
        _remove(path)
        return CheckpointFile(_initialise(_lock(path, locks=locks), text), text, remarks)
    with contextlib.ExitStack() as on_error:
        on_error.callback(connection.close)
        state = schema.read_state(connection, path)
        if state and not schema.is_empty(connection):
            if state.settings is not None:
                _check_settings(state.settings, settings, path)
            if state.is_intact:
                if state.settings is not None:
                    text = state.settings_text
                else:
                    remarks.append(f"{path}: its settings were damaged, and are stored again")
        if state and not state.is_intact:
            n_copied = _rebuild(connection, path, text, state, locks=locks)
            count = counted(n_copied, "recording")
            remarks.append(f"{path}: was damaged, and is written again: {count} could be read")
            connection = _lock(path, locks=locks)
            on_error.callback(connection.close)
        _initialise(connection, text)
        on_error.pop_all()
    return CheckpointFile(connection, text, remarks)


def _initialise(connection: sqlite3.Connection, text: str) -> sqlite3.Connection:
    """Create missing tables, and store the settings."""
    # With a write-ahead log, a transaction is atomic without waiting for the disk.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("COMMIT")
    with connection:
        connection.execute("BEGIN")
        if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            schema.create_tables(connection)
        stored = connection.execute("SELECT text, checksum FROM settings").fetchall()
        if stored != [(text, checksum(text))]:
            connection.execute("DELETE FROM settings")
            connection.execute("INSERT INTO settings VALUES (?, ?)", [text, checksum(text)])
    return connection


def _remove(path: Path) -> None:
    for suffix in ("", *SIDE_FILES):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


# Locks


def _try_to_lock(path: Path, *, replace: bool) -> tuple[sqlite3.Connection | None, bool]:
    """Return the locked file, or None if it is damaged, and whether the drive supports locks.

    Raises
    ------
    WriteError
        If the file is not a checkpoint, unless it is to be replaced.
    """
    for locks in (True, False):
        try:
            return _lock(path, locks=locks), locks
        except sqlite3.DatabaseError as error:
            code = error.sqlite_errorcode & 0xFF
            if code in DAMAGE_CODES or code == sqlite3.SQLITE_INTERRUPT:
                if not replace and not schema.resembles_checkpoint(path):
                    raise WriteError(schema.not_a_checkpoint(path, str(error))) from None
                return None, locks
            if not locks or code not in LOCK_CODES or has_locks(path.parent):
                raise
    raise AssertionError("the loop returns or raises")


def has_locks(folder: Path) -> bool:
    """Whether files in a folder can be locked, tested with a new file."""
    try:
        import fcntl
    except ImportError:  # Windows, where every drive has locks
        return True
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _connect(path: Path, *, locks: bool) -> sqlite3.Connection:
    name = str(path) if locks else f"{path.absolute().as_uri()}?vfs=unix-none"
    connection = sqlite3.connect(name, uri=not locks, timeout=0, isolation_level=None)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return connection


def _lock(path: Path, *, locks: bool) -> sqlite3.Connection:
    """Open the file for this process alone until it is closed; nothing in it is changed."""
    connection = _connect(path, locks=locks)
    deadline = time.monotonic() + MAX_SCHEMA_SECONDS
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.set_progress_handler(lambda: time.monotonic() > deadline, 100_000)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("SELECT count(*) FROM (SELECT 1 FROM sqlite_master LIMIT 9)")
        connection.execute("COMMIT")
        connection.set_progress_handler(None, 0)
    except UnicodeDecodeError:  # the message of SQLite quotes the damaged schema
        connection.close()
        damaged = sqlite3.DatabaseError("malformed database schema")
        damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damaged from None
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _check_settings(before: Mapping[str, Any], now: Mapping[str, Any], path: Path) -> None:
    """Refuse settings other than those of the stored rows."""
    try:
        changes = setting_differences({**before, "parts": None}, {**now, "parts": None})
    except RecursionError:
        raise WriteError(
            schema.not_a_checkpoint(path, "its settings are nested too deeply")
        ) from None
    if changes:
        more = [f"and {len(changes) - MAX_SHOWN} more"] if len(changes) > MAX_SHOWN else []
        raise ParameterError(
            f"{path}: was made with other settings: {'; '.join(changes[:MAX_SHOWN] + more)}."
            " Start over with --fresh (fresh=True), or name another output"
        )


# Repair


def _rebuild(
    old: sqlite3.Connection, path: Path, text: str, state: FileState, *, locks: bool
) -> int:
    """Replace a damaged file; return how many recordings were copied."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    scratch.unlink(missing_ok=True)
    try:
        with contextlib.closing(_connect(scratch, locks=locks)) as new:
            new.execute("PRAGMA journal_mode = MEMORY")  # writes no side file
            with contextlib.closing(old), new:
                new.execute("BEGIN")
                schema.create_tables(new)
                copied = new.executemany(
                    schema.INSERT, _readable_rows(old, path, text, state)
                ).rowcount
        _remove(path)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return max(copied, 0)


def _readable_rows(
    old: sqlite3.Connection, path: Path, text: str, state: FileState
) -> Iterator[tuple[Any, ...]]:
    """Yield stored recordings that match their checksums.

    Each recording is looked up by its id, so that a damaged page hides no others.
    """
    key = text if state.settings is None else state.settings_text
    query = (
        "SELECT digest, size, decoder, version, format, rows, checksum FROM contents WHERE id = ?"
    )
    last_id = 0
    for row_id in range(1, 1 + _highest_id(old, path)):
        try:
            row = old.execute(query, [row_id]).fetchone()
        except (sqlite3.DatabaseError, MemoryError):
            row = None
        if row and checksum(key, *row[:-1]) == row[-1]:
            last_id = row_id
            yield *row[:-1], checksum(text, *row[:-1])
        elif row_id - last_id > MAX_ID_GAP:
            return


def _highest_id(connection: sqlite3.Connection, path: Path) -> int:
    """Upper bound for the ids of stored recordings."""
    bound = path.stat().st_size // MIN_ROW_BYTES
    try:
        (highest,) = connection.execute("SELECT max(id) FROM contents").fetchone()
    except sqlite3.DatabaseError:
        return bound
    return min(int(highest or 0), bound)


# Errors


@contextlib.contextmanager
def checkpoint_errors(path: Path | None) -> Iterator[None]:
    """Raise errors of SQLite and of the system as a `WriteError` that names a remedy."""
    try:
        yield
    except WriteError:
        raise
    except (sqlite3.DatabaseError, MemoryError, OverflowError, OSError) as error:
        raise WriteError(f"{path or 'in memory'}: {_message(error)}") from None


def _message(error: Exception) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_BUSY:
        return "another run is using this table: wait for it, or name another output"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return f"was damaged during this run ({error}): {RESUME_READABLE}"
    if isinstance(error, sqlite3.DataError | OverflowError):
        return (
            "a recording has more rows than can be stored (1 GB): use longer segments, or split"
            " the recording"
        )
    cause = getattr(error, "strerror", None) or str(error) or "out of memory"
    return (
        f"cannot store finished rows: {cause}. Rows that were stored before are kept: run the"
        " same command to resume"
    )


RESUME_READABLE = "run the same command to resume from the rows that can still be read"
