"""Folders for temporary copies, which do not outlive their process for long.

A folder is removed at the end of its ``with`` block. Folders of killed processes are removed at the
end of a batch, and by the next process that needs such a folder: the system releases the lock of a
dead process.
"""

from __future__ import annotations

import errno
import glob
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import IO

from featkit.errors import StoreError

try:
    import fcntl
except ImportError:  # Windows, where the files of a killed process remain
    HAS_LOCKS = False
else:
    HAS_LOCKS = True

PREFIX = "featkit-"
"""Prefix of the folders within the folder for temporary files."""

SUFFIX = ".copies"
"""Their suffix."""

LOCK = ".lock"
"""The file in each that its process holds locked."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder for temporary copies, and remove it afterwards.

    Yields
    ------
    Path
        A folder in that for temporary files, which the environment variable TMPDIR names.

    Raises
    ------
    StoreError
        If it cannot be made.
    """
    try:
        folder, lock = _locked_folder()
    except OSError as error:
        shown = tempfile.tempdir or "the folder for temporary files"
        raise no_room(shown, error.strerror or str(error)) from None
    with folder, lock:
        yield Path(folder.name)


def no_room(folder: str | os.PathLike[str], reason: str) -> StoreError:
    """Return the error of a folder for temporary copies that has no room for one.

    Parameters
    ----------
    folder : path
        The folder.
    reason : str
        The cause.

    Returns
    -------
    StoreError
    """
    return StoreError(
        errno.ENOSPC,
        f"no room for a temporary copy: {reason}. Free space there, or set the environment variable"
        " TMPDIR to another folder",
        os.fspath(folder),
    )


def _locked_folder() -> tuple[tempfile.TemporaryDirectory[str], IO[bytes]]:
    _remove_abandoned_once(os.getpid())
    while True:
        folder = tempfile.TemporaryDirectory(SUFFIX, PREFIX, ignore_cleanup_errors=True)
        with suppress(FileNotFoundError):  # another process took it for abandoned
            lock = open(os.path.join(folder.name, LOCK), "wb")  # noqa: SIM115
            # The other process may have locked and removed the file before this one locks it.
            if not HAS_LOCKS or (_try_to_lock(lock) and os.fstat(lock.fileno()).st_nlink):
                return folder, lock
            lock.close()
        folder.cleanup()


@lru_cache(maxsize=1)
def _remove_abandoned_once(process: int) -> None:
    """Remove folders of dead processes, once in each process."""
    remove_abandoned_folders()


def remove_abandoned_folders() -> None:
    """Remove folders of dead processes, if there is a folder for temporary files."""
    if not HAS_LOCKS:
        return
    try:
        parent = tempfile.gettempdir()
    except OSError:
        return
    pattern = os.path.join(glob.escape(parent), f"{PREFIX}*{SUFFIX}")
    for folder in glob.glob(pattern):
        with suppress(OSError):
            status = os.lstat(folder)
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
                continue
            with open(os.path.join(folder, LOCK), "rb+") as lock:
                if _try_to_lock(lock):
                    shutil.rmtree(folder, ignore_errors=True)


def _try_to_lock(file: IO[bytes]) -> bool:
    """Lock an open file, unless another process has done so."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
