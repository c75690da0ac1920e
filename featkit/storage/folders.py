"""Folders of part files, or of arrays, that are replaced in one step.

The new folder is written under a hidden name next to the old one. Both then exchange their names
(``renameat2`` of Linux, ``renamex_np`` of macOS), and the old one is removed. Where the system or
the file system cannot exchange names, the old folder is first renamed to ``.NAME.previous``. If the
process is killed before the new one has its name, readers use `existing_folder`, and the next write
restores the old name. Only files with the names of part files, of files of sequences and of the
commit file are removed.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from featkit.errors import ParameterError, WriteError
from featkit.storage.urls import is_url
from featkit.storage.writing import COMMIT_FILE, check_writable, target_of

PART_FILE = re.compile(r"part-[0-9]{6}(-[0-9a-f]{16}\.parquet|\.unfinished)")
"""Names of finished and of unfinished part files."""

SEQUENCE_FILE = re.compile(r"index\.parquet|[A-Za-z][A-Za-z0-9_-]*\.npy")
"""Names of the files in a folder of sequences; see `featkit.table.sequences.folder`."""

_AT_FDCWD = -100
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
_UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


def is_folder_name(path: str | os.PathLike[str]) -> bool:
    """Check whether a name ends in a slash.

    Parameters
    ----------
    path : path
        A name; a `pathlib.Path` has lost its slash.

    Returns
    -------
    bool
    """
    return os.fspath(path).endswith(("/", os.sep))


def existing_folder(path: str | os.PathLike[str]) -> Path | None:
    """Return the folder of a name, even if a killed process has not finished replacing it.

    Parameters
    ----------
    path : path
        Name of the folder.

    Returns
    -------
    Path or None
        None if there is no folder.
    """
    if os.path.isdir(path):
        return Path(path)
    target = target_of(path)
    if os.path.exists(target) or not target.name:
        return None
    previous = _previous(target)
    return previous if os.path.isdir(previous) else None


def has_commit(folder: str | os.PathLike[str]) -> bool:
    """Check whether a folder holds parts that `replacing_folder` wrote.

    Parameters
    ----------
    folder : path
        The folder, which need not exist.

    Returns
    -------
    bool
    """
    return os.path.isfile(os.path.join(folder, COMMIT_FILE))


def check_folder_writable(path: str | os.PathLike[str], own: re.Pattern[str] = PART_FILE) -> None:
    """Check that a folder of parts can be written, before any work is done.

    Parameters
    ----------
    path : path
        The folder, which need not exist.
    own : re.Pattern
        Names of the files that are replaced, besides the commit file.

    Raises
    ------
    ParameterError
        If it is a file, a mount point, the current folder or one above it, or contains anything but
        parts, or if the folder that contains it is missing or not writable.
    """
    target = target_of(path)
    if target.name in ("", ".."):  # files next to it would be in it
        raise ParameterError(
            f"{os.fspath(path)}: cannot be replaced by a table: name a folder in it"
        )
    if not os.path.isdir(target):
        check_writable(target)
        if target.exists():
            raise ParameterError(f"{target}: is a file, not a folder: choose another name")
        return
    if os.path.ismount(target):
        raise ParameterError(
            f"{target}: is a mount point, which cannot be replaced in one step: name a folder in it"
        )
    if not os.access(target.absolute().parent, os.W_OK):
        raise ParameterError(f"{target}: no permission to write to {target.absolute().parent}")
    check_parts_only(os.fspath(target), sorted(os.listdir(target)), own)


def check_parts_only(
    folder: str,
    names: Sequence[str],
    own: re.Pattern[str] = PART_FILE,
    *,
    interrupted: bool = False,
) -> None:
    """Check that a folder is empty, or holds a table and nothing else.

    Parameters
    ----------
    folder : str
        The folder, for the message.
    names : sequence of str
        Names of its files and folders.
    own : re.Pattern
        Names of the files that are replaced, besides the commit file.
    interrupted : bool
        Whether parts without a commit file are accepted, as an interrupted write leaves in a store.

    Raises
    ------
    ParameterError
        With the name of the first file that would be lost.
    """
    others = [name for name in names if name != COMMIT_FILE and not own.fullmatch(name)]
    is_table = COMMIT_FILE in names or (interrupted and not others)
    if names and not is_table:
        raise ParameterError(
            f"{folder}: is a folder that featkit did not write, and it is not empty (it contains"
            f" {names[0]!r}): choose a new folder"
        )
    if others:
        raise ParameterError(
            f"{folder}: contains {others[0]!r}, which is not part of the table and would be lost:"
            " move it, or choose a new folder"
        )


@contextmanager
def replacing_folder(
    path: str | os.PathLike[str], own: re.Pattern[str] = PART_FILE
) -> Iterator[Path]:
    """Replace a folder of parts in one step, once its new content is complete.

    Parameters
    ----------
    path : path
        The folder; if it is a symbolic link, its target is replaced.
    own : re.Pattern
        Names of the files that are replaced, besides the commit file.

    Yields
    ------
    Path
        An empty folder next to it, for part files and the commit file.

    Raises
    ------
    ParameterError
        If the folder contains anything else.
    WriteError
        If it cannot be written.
    """
    target = target_of(path).absolute()
    scratch = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        _restore(target)
        remove_parts(scratch)
        scratch.mkdir()
        yield scratch
        _sync_folder(scratch)
        _replace(scratch, target, own)
        _sync_folder(target.parent)
    except WriteError:
        raise
    except OSError as error:
        raise WriteError(f"{target}: cannot write it: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            remove_parts(scratch)


def _replace(scratch: Path, target: Path, own: re.Pattern[str]) -> None:
    if not target.exists():
        scratch.rename(target)
        return
    if not target.is_dir():
        raise OSError(errno.ENOTDIR, "it is a file")
    check_parts_only(os.fspath(target), sorted(os.listdir(target)), own)
    if _exchange(scratch, target):
        return
    previous = target.rename(_previous(target))
    try:
        scratch.rename(target)
    except OSError:
        previous.rename(target)
        raise
    with suppress(OSError):
        remove_parts(previous)


def _restore(target: Path) -> None:
    """Undo a replacement that was killed between its two renames."""
    previous = _previous(target)
    if not target.exists():
        with suppress(FileNotFoundError):
            previous.rename(target)
    remove_parts(previous)


def _previous(target: Path) -> Path:
    return target.with_name(f".{target.name}.previous")


def remove_parts(folder: Path) -> None:
    """Remove the files that `replacing_folder` wrote, and the folder if it is then empty.

    Parameters
    ----------
    folder : Path
        The folder, which need not exist.

    Raises
    ------
    OSError
        If a file cannot be removed.
    """
    if not folder.is_dir():
        return
    for name in os.listdir(folder):
        is_own = PART_FILE.fullmatch(name) or SEQUENCE_FILE.fullmatch(name)
        if name == COMMIT_FILE or is_own:
            (folder / name).unlink(missing_ok=True)
    with suppress(OSError):  # a file that somebody added meanwhile is kept
        folder.rmdir()


def remove_unfinished_folders(path: str | os.PathLike[str]) -> None:
    """Remove temporary folders that killed processes left in `replacing_folder`.

    Parameters
    ----------
    path : path
        The folder; no other process may be writing it.
    """
    if is_url(path):  # the files of its scratch folder were local temporary files
        return
    target = target_of(path).absolute()
    scratch = re.compile(rf"\.{re.escape(target.name)}\.[0-9]+\.part")
    with suppress(OSError):  # a remaining folder wastes space, but does no harm
        for entry in os.listdir(target.parent):
            if scratch.fullmatch(entry):
                remove_parts(target.parent / entry)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange the names of two folders in one step; False if the system cannot."""
    import ctypes

    names = os.fsencode(one), os.fsencode(other)
    libc: Any = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None
    if sys.platform == "darwin" and hasattr(libc, "renamex_np"):
        failed = libc.renamex_np(*names, _EXCHANGE)
    elif sys.platform == "linux" and hasattr(libc, "renameat2"):
        failed = libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _EXCHANGE)
    else:
        return False
    code = ctypes.get_errno() if failed else 0
    if code and code not in _UNSUPPORTED:
        raise OSError(code, os.strerror(code))
    return not code


def _sync_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk, if the system supports it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
