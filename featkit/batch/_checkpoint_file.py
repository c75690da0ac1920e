"""The checkpoint, an SQLite file beside the table: opened by one run at a time, and never trusted.

The file may be damaged, of an earlier or later version, of another program, or made to do harm.
Before anything is read from it, its schema must be exactly ours: no trigger, view or generated
column of another can run. Then SQLite checks its structure, which takes about a second for a
gigabyte. Every stored row carries a checksum, keyed by the settings, that is checked whenever the
row is read: a row that does not match is computed again. If the structure is damaged, the rows that
can still be read are copied to a new file.
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

from featkit._utils.counting import counted
from featkit.batch._checkpoint_schema import (
    FORMAT,
    INSERT,
    Stored,
    checksum,
    create,
    examined,
    foreign,
    is_empty,
    looks_like_ours,
    settings_text,
)
from featkit.batch._settings import differences
from featkit.errors import ParameterError, WriteError

SCHEMA_SECONDS = 20.0
"""Seconds after which a schema that is still being read is not ours."""

SMALLEST_ROW = 64
"""Bytes that a stored recording takes at least: a bound for how many a damaged file may hold."""

LONGEST_GAP = 10**6
"""Numbers that follow each other and lead to no recording, after which no more are looked up."""

SHOWN = 4
"""Settings that differ which a message names."""

DAMAGE = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_READONLY,  # that the file can be written to is known before
}
"""SQLite's error codes for a file that is not, or no longer, a sound database."""

UNLOCKABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
}
"""What SQLite says where another run has the file, or where the drive has no locks."""

NO_LOCKS = (
    "this drive has no file locks, so that nothing stops a second run from writing the same"
    " output: start only one at a time"
)


class Checkpoint(NamedTuple):
    """An open checkpoint.

    Attributes
    ----------
    connection : sqlite3.Connection
    key : str
        Text of its settings, which the checksums of its rows are keyed by.
    remarks : list of str
        What the user should know about it.
    """

    connection: sqlite3.Connection
    key: str
    remarks: list[str]


@contextlib.contextmanager
def opened(path: Path, settings: Mapping[str, Any], *, fresh: bool) -> Iterator[Checkpoint]:
    """A checkpoint, for this process alone; a new one if there is none, or it is to be fresh.

    Raises
    ------
    ParameterError
        If what it holds was computed with other settings; it says which.
    WriteError
        If another run has it, it is not a checkpoint, or it cannot be written.
    """
    with told(path):
        check_kind(path)
        file = Path(os.path.realpath(path)) if path.is_symlink() else path
        checkpoint = _ready(file, settings, fresh=fresh)
    with contextlib.closing(checkpoint.connection):
        yield checkpoint


def check_kind(path: Path) -> None:
    """Refuse what is no regular file, or one that may not be written, before SQLite opens it."""
    for ending in ("", "-wal", "-shm", "-journal"):
        file = f"{path}{ending}"
        try:
            kind = os.stat(file).st_mode
        except FileNotFoundError:
            continue
        except OSError as error:
            raise WriteError(f"{file}: cannot be opened: {error.strerror}") from None
        if not stat.S_ISREG(kind):
            what = "a folder" if stat.S_ISDIR(kind) else "a pipe or a device"
            raise WriteError(
                f"{file}: is {what}, where the checkpoint belongs: move it, or name another output"
            )
        if not os.access(file, os.R_OK | os.W_OK):
            raise WriteError(f"{file}: no permission to read and write it")


def _ready(path: Path, settings: Mapping[str, Any], *, fresh: bool) -> Checkpoint:
    text = settings_text(settings)
    connection, locks = _locked_or_unlockable(path, ours=not fresh)
    remarks = [] if locks else [f"{path.absolute().parent}: {NO_LOCKS}"]
    if fresh or connection is None:
        if connection:
            connection.close()  # nobody else is at work on it
        if not fresh:
            remarks.append(f"{path}: was damaged: all recordings are computed again")
        _remove(path)
        return Checkpoint(_begun(_locked(path, locks=locks), text), text, remarks)
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        stored = examined(connection, path)
        empty = stored is None or is_empty(connection)
        if stored and stored.settings is not None and not empty:
            _hold_to(stored.settings, settings, path)
        if stored and not (stored.sound and stored.version == FORMAT):
            kept = _rebuild(connection, path, text, stored, locks=locks)
            remarks.append(
                f"{path}: {_why_rebuilt(stored)}: {counted(kept, 'recording')} could be read"
            )
            connection = _locked(path, locks=locks)
            undo.callback(connection.close)
        elif stored and stored.settings is not None and not empty:
            text = stored.text
        elif stored and not empty:
            remarks.append(f"{path}: its settings were damaged, and are stored again")
        _begun(connection, text)
        undo.pop_all()
    return Checkpoint(connection, text, remarks)


def _why_rebuilt(stored: Stored) -> str:
    if stored.version != FORMAT:
        return "was written by an earlier version, and is now one of this version"
    return "was damaged, and is written anew"


def _begun(connection: sqlite3.Connection, text: str) -> sqlite3.Connection:
    """A file that is ready for results of some settings."""
    _keep_a_log(connection)
    with connection:
        connection.execute("BEGIN")
        if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            create(connection)
        stored = connection.execute("SELECT text, checksum FROM settings").fetchall()
        if stored != [(text, checksum(text))]:
            connection.execute("DELETE FROM settings")
            connection.execute("INSERT INTO settings VALUES (?, ?)", [text, checksum(text)])
    return connection


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{ending}").unlink(missing_ok=True)


# Locks


def _locked_or_unlockable(path: Path, *, ours: bool) -> tuple[sqlite3.Connection | None, bool]:
    """The file, locked if the drive has locks, and whether it has; None for a damaged file.

    Raises
    ------
    WriteError
        If it is `ours` that is wanted, and it is another's.
    """
    for locks in (True, False):
        try:
            return _locked(path, locks=locks), locks
        except sqlite3.DatabaseError as error:
            code = error.sqlite_errorcode & 0xFF
            if code in DAMAGE or code == sqlite3.SQLITE_INTERRUPT:
                if ours and not looks_like_ours(path):
                    raise WriteError(foreign(path, str(error))) from None
                return None, locks
            if not locks or code not in UNLOCKABLE or _has_locks(path.parent):
                raise
    raise AssertionError("the loop returns or raises")


def _has_locks(folder: Path) -> bool:
    """Whether files in a folder can be locked, tried with one that nobody else knows."""
    try:
        import fcntl
    except ImportError:  # another system than Unix, whose locks are not optional
        return True
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _connected(path: Path, *, locks: bool) -> sqlite3.Connection:
    where = str(path) if locks else f"{path.absolute().as_uri()}?vfs=unix-none"
    connection = sqlite3.connect(where, uri=not locks, timeout=0, isolation_level=None)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return connection


def _locked(path: Path, *, locks: bool) -> sqlite3.Connection:
    """The file, for this process alone until it is closed; nothing in it is changed."""
    connection = _connected(path, locks=locks)
    deadline = time.monotonic() + SCHEMA_SECONDS
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.set_progress_handler(lambda: time.monotonic() > deadline, 100_000)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("SELECT count(*) FROM (SELECT 1 FROM sqlite_master LIMIT 9)")
        connection.execute("COMMIT")
        connection.set_progress_handler(None, 0)
    except UnicodeDecodeError:  # by SQLite's message, which quotes a damaged schema
        connection.close()
        raise _malformed() from None
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _malformed() -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError("malformed database schema")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _keep_a_log(connection: sqlite3.Connection) -> None:
    """Write ahead: a share costs no wait for the disk, and is there whole or not at all."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("COMMIT")


def _hold_to(before: Mapping[str, Any], now: Mapping[str, Any], path: Path) -> None:
    """Refuse other settings than those of what is stored."""
    try:
        changed = differences({**before, "parts": None}, {**now, "parts": None})
    except RecursionError:
        raise WriteError(foreign(path, "its settings are nested too deeply")) from None
    if changed:
        more = [f"and {len(changed) - SHOWN} more"] if len(changed) > SHOWN else []
        raise ParameterError(
            f"{path}: was made with other settings: {'; '.join(changed[:SHOWN] + more)}."
            " Start over with --fresh (fresh=True), or name another output"
        )


# A new file of what can be read


def _rebuild(old: sqlite3.Connection, path: Path, text: str, stored: Stored, *, locks: bool) -> int:
    """Put a new file in place of one that is damaged or of version 2; gives its recordings."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    scratch.unlink(missing_ok=True)
    try:
        with contextlib.closing(_connected(scratch, locks=locks)) as new:
            new.execute("PRAGMA journal_mode = MEMORY")  # no file beside it
            with contextlib.closing(old), new:
                new.execute("BEGIN")
                create(new)
                kept = new.executemany(INSERT, _readable(old, path, text, stored)).rowcount
        _remove(path)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return max(kept, 0)


def _readable(
    old: sqlite3.Connection, path: Path, text: str, stored: Stored
) -> Iterator[tuple[Any, ...]]:
    """Stored recordings that match their checksums; of version 2 all, if the file is sound.

    Each is looked up by its number, so that a damaged page hides no more than is in it.
    """
    before = text if stored.settings is None else stored.text
    with_checksum = stored.version == FORMAT
    if not with_checksum and not (stored.sound and stored.settings):
        return
    columns = "digest, size, decoder, version, rows"
    query = f"SELECT {columns}{', checksum' * with_checksum} FROM contents WHERE id = ?"
    last = 0
    for number in range(1, 1 + _most(old, path)):
        try:
            found = old.execute(query, [number]).fetchone()
        except (sqlite3.DatabaseError, MemoryError):
            found = None
        if found and (not with_checksum or checksum(before, *found[:5]) == found[5]):
            last = number
            yield *found[:5], checksum(text, *found[:5])
        elif number - last > LONGEST_GAP:
            return


def _most(connection: sqlite3.Connection, path: Path) -> int:
    """The highest number that a stored recording may have."""
    bound = path.stat().st_size // SMALLEST_ROW
    try:
        (highest,) = connection.execute("SELECT max(id) FROM contents").fetchone()
    except sqlite3.DatabaseError:
        return bound
    return min(int(highest or 0), bound)


# Errors


@contextlib.contextmanager
def told(path: Path | None) -> Iterator[None]:
    """What is wrong with the file, as an error that says what to do."""
    where = path or "in memory"
    try:
        yield
    except WriteError:
        raise
    except (sqlite3.DatabaseError, MemoryError, OverflowError, OSError) as error:
        raise WriteError(f"{where}: {_cause(error)}") from None


def _cause(error: Exception) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_BUSY:
        return "another run is at work on this table: wait for it, or name another output"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return (
            f"was damaged while this run was at work ({error}): the same command goes on from what"
            " can still be read"
        )
    if isinstance(error, sqlite3.DataError | OverflowError):
        return (
            "a recording has more rows than can be kept of one (1 GB): take longer segments, or"
            " split the recording"
        )
    cause = getattr(error, "strerror", None) or str(error) or "out of memory"
    return (
        f"cannot keep what is finished: {cause}. What was finished before is not lost: the same"
        " command goes on from there"
    )
