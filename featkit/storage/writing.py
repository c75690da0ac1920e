"""Atomic writes: a file is written completely, or not at all.

If the name is a symbolic link, its target is written, and the link stays. Files that accompany it,
such as the list of failures, are written next to the target, so that they are the same for both
names.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from featkit.errors import ParameterError, WriteError


def target_of(path: str | os.PathLike[str]) -> Path:
    """Follow a symbolic link.

    Parameters
    ----------
    path : path
        The name to write to.

    Returns
    -------
    Path
        The target of a link, else `path`.
    """
    return Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)


def sibling(path: str | os.PathLike[str], suffix: str) -> Path:
    """Path next to a file: the same name with a suffix added.

    Parameters
    ----------
    path : path
        The other file; a symbolic link is followed.
    suffix : str
        The suffix, with its dot.

    Returns
    -------
    Path
        The file.
    """
    return Path(f"{os.fspath(target_of(path))}{suffix}")


def check_writable(path: str | os.PathLike[str]) -> None:
    """Check that a file can be written, before any work is done.

    Parameters
    ----------
    path : path
        The file, which need not exist.

    Raises
    ------
    ParameterError
        If it is a folder, a pipe or a device, or its folder is missing or not writable.
    """
    target = target_of(path)
    shown = f"{os.fspath(path)} (a link to {target})" if os.path.islink(path) else target
    folder = target.absolute().parent
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    except OSError as error:  # a loop of links, a name that is too long
        raise ParameterError(f"{os.fspath(path)}: cannot be written: {error.strerror}") from None
    if stat.S_ISDIR(mode):
        raise ParameterError(f"{shown}: is a folder, not a file to write")
    if not stat.S_ISREG(mode):
        raise ParameterError(f"{shown}: is a pipe or a device, not a file to write")
    if not folder.is_dir():
        raise ParameterError(f"{shown}: there is no folder {target.parent}")
    if not os.access(folder, os.W_OK):
        raise ParameterError(f"{shown}: no permission to write to {folder}")


def check_outputs(outputs: Mapping[str | None, str], *, inputs: Sequence[str] = ()) -> None:
    """Check that output files have the right suffix, replace no input, and are writable.

    Parameters
    ----------
    outputs : mapping of path to str
        The required suffix of each file; files that are None are skipped.
    inputs : sequence of paths
        The files that are read.

    Raises
    ------
    ParameterError
        For the first file that does not.
    """
    for path, suffix in outputs.items():
        if path is None:
            continue
        if Path(path).suffix.lower() != suffix:
            raise ParameterError(f"{path}: the file name must end in {suffix}")
        check_no_input(path, inputs)
        check_writable(path)


def check_distinct(outputs: Iterable[str | os.PathLike[str] | None]) -> None:
    """Check that no two output files are the same.

    Parameters
    ----------
    outputs : iterable of paths
        The files to write; those that are None are skipped.

    Raises
    ------
    ParameterError
        If two are the same file, even under different names.
    """
    seen = set()
    for path in outputs:
        if path is None:
            continue
        target = target_of(path).absolute()
        if target in seen:
            raise ParameterError(
                f"{os.fspath(path)}: two outputs would be written to it: choose different files"
            )
        seen.add(target)


def check_no_input(path: str | os.PathLike[str], inputs: Iterable[str]) -> None:
    """Check that an output file does not replace an input.

    Parameters
    ----------
    path : path
        The file to write.
    inputs : iterable of paths
        The files that are read.

    Raises
    ------
    ParameterError
        If both are the same file, even under different names.
    """
    if not os.path.exists(path):
        return
    for name in inputs:
        if os.path.isfile(name) and os.path.samefile(path, name):
            raise ParameterError(
                f"{os.fspath(path)}: is an input and would be overwritten: choose another file"
            )


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Replace a file in one step, once its new content is complete.

    Parameters
    ----------
    path : path
        The file; if it is a symbolic link, its target is replaced.

    Yields
    ------
    Path
        A temporary file to write to, in the same folder.

    Raises
    ------
    WriteError
        If the file cannot be written.
    """
    target = target_of(path)
    scratch = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield scratch
        _sync(scratch)
        scratch.replace(target)
    except WriteError:
        raise
    except OSError as error:
        raise WriteError(f"{target}: cannot write it: {error.strerror or error}") from None
    finally:
        with suppress(OSError):  # the folder may have been removed
            scratch.unlink()


def _sync(file: Path) -> None:
    """Flush a file to the disk, if the drive supports it."""
    with file.open("rb+") as written:
        try:
            os.fsync(written.fileno())
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                raise


def remove_unfinished(path: str | os.PathLike[str]) -> None:
    """Remove temporary files that killed processes left in `replacing`.

    Parameters
    ----------
    path : path
        The file; no other process may be writing it.
    """
    target = target_of(path)
    scratch = re.compile(rf"\.{re.escape(target.name)}\.[0-9]+\.part")
    with suppress(OSError):  # a remaining file wastes space, but does no harm
        for file in target.absolute().parent.iterdir():
            if scratch.fullmatch(file.name):
                file.unlink(missing_ok=True)


def check_regular(path: str | os.PathLike[str]) -> None:
    """Check that a file is not a pipe or a device, which may block and can be read only once.

    Parameters
    ----------
    path : path
        The file to read; a missing file passes.

    Raises
    ------
    OSError
        If it is a pipe or a device.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.ESPIPE, "is a pipe or a device: save the data to a file first", path)
