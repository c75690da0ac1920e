"""Files that are written whole, or not at all.

What is written under the name of a symbolic link is written to the link's target, and the link
stays. Files beside it, such as the list of failures, lie beside the target: one table has one of
each, by whichever name it is written.
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
    """The file that is written under a name: that of a symbolic link is what it leads to."""
    return Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)


def beside(path: str | os.PathLike[str], ending: str) -> Path:
    """The file beside another that has its name and an ending more."""
    return Path(f"{os.fspath(target_of(path))}{ending}")


def check_writable(path: str | os.PathLike[str]) -> None:
    """Refuse a file that could not be written, before there is anything to write.

    Raises
    ------
    ParameterError
        If it is a folder, a pipe or a device, or its folder is missing or closed.
    """
    target = target_of(path)
    called = f"{os.fspath(path)} (a link to {target})" if os.path.islink(path) else target
    folder = target.absolute().parent
    try:
        kind = os.stat(target).st_mode
    except FileNotFoundError:
        kind = stat.S_IFREG
    except OSError as error:  # a loop of links, a name that is too long
        raise ParameterError(f"{os.fspath(path)}: cannot be written: {error.strerror}") from None
    if stat.S_ISDIR(kind):
        raise ParameterError(f"{called}: is a folder, not a file to write")
    if not stat.S_ISREG(kind):
        raise ParameterError(f"{called}: is a pipe or a device, not a file to write")
    if not folder.is_dir():
        raise ParameterError(f"{called}: there is no folder {target.parent}")
    if not os.access(folder, os.W_OK):
        raise ParameterError(f"{called}: no permission to write to {folder}")


def check_outputs(outputs: Mapping[str | None, str], *, inputs: Sequence[str] = ()) -> None:
    """Refuse files that could not be written, or that would take the place of an input.

    Parameters
    ----------
    outputs : mapping of path to str
        The ending that each must have; None is a file that is not asked for.
    inputs : sequence of paths
        What is read.

    Raises
    ------
    ParameterError
        If an output has another ending, stands for an input, or cannot be written.
    """
    for path, ending in outputs.items():
        if path is None:
            continue
        if Path(path).suffix.lower() != ending:
            raise ParameterError(f"{path}: what is written there ends in {ending}")
        check_no_input(path, inputs)
        check_writable(path)


def check_no_input(path: str | os.PathLike[str], inputs: Iterable[str]) -> None:
    """Refuse a file to write, or a file beside it, that would take the place of an input.

    Raises
    ------
    ParameterError
        If it would.
    """
    if not os.path.exists(path):
        return
    for name in inputs:
        if os.path.isfile(name) and os.path.samefile(path, name):
            raise ParameterError(
                f"{os.fspath(path)}: is an input, and would be lost: name another file"
            )


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A file to write to that takes the place of `path` in one step, once it is whole.

    Of a symbolic link it takes the place of the target.

    Raises
    ------
    WriteError
        If it cannot be written.
    """
    target = target_of(path)
    scratch = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield scratch
        _store(scratch)
        scratch.replace(target)
    except WriteError:
        raise
    except OSError as error:
        raise WriteError(f"{target}: cannot write it: {error.strerror or error}") from None
    finally:
        with suppress(OSError):  # its folder may be gone
            scratch.unlink()


def _store(file: Path) -> None:
    """Wait until a file is on the disk, where the drive can tell."""
    with file.open("rb+") as written:
        try:
            os.fsync(written.fileno())
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                raise


def remove_unfinished(path: str | os.PathLike[str]) -> None:
    """Remove what processes that were killed left of `replacing` a file.

    For who knows that no other process is writing it.
    """
    target = target_of(path)
    left = re.compile(rf"\.{re.escape(target.name)}\.[0-9]+\.part")
    with suppress(OSError):  # what is left takes room, and hinders nobody
        for file in target.absolute().parent.iterdir():
            if left.fullmatch(file.name):
                file.unlink(missing_ok=True)


def check_regular(path: str | os.PathLike[str]) -> None:
    """Refuse a pipe or a device: it may keep whoever opens it waiting, and can be read only once.

    Raises
    ------
    OSError
        That says what to do. A file that is missing is left to whoever opens it.
    """
    try:
        kind = os.stat(path).st_mode
    except (OSError, ValueError):
        return
    if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
        raise OSError(errno.ESPIPE, "is a pipe or a device: save it to a file first", path)
