"""Files that are written whole, or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from featkit.errors import ParameterError, WriteError


def check_writable(path: str | os.PathLike[str]) -> None:
    """Refuse a file that could not be written, before there is anything to write.

    Raises
    ------
    ParameterError
        If it is a folder, or its folder is missing or closed.
    """
    target = Path(path)
    if target.is_dir():
        raise ParameterError(f"{target}: is a folder, not a file to write")
    if not target.absolute().parent.is_dir():
        raise ParameterError(f"{target}: there is no folder {target.parent}")
    if not os.access(target.absolute().parent, os.W_OK):
        raise ParameterError(f"{target}: no permission to write to {target.absolute().parent}")


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

    Raises
    ------
    WriteError
        If it cannot be written.
    """
    target = Path(path)
    scratch = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield scratch
        with scratch.open("rb+") as written:  # on the disk, before it takes the other's place
            os.fsync(written.fileno())
        scratch.replace(target)
    except OSError as error:
        raise WriteError(f"{target}: cannot write it: {error.strerror or error}") from None
    finally:
        scratch.unlink(missing_ok=True)


def remove_unfinished(path: str | os.PathLike[str]) -> None:
    """Remove what processes that were killed left of `replacing` a file.

    For who knows that no other process is writing it.
    """
    target = Path(path)
    left = re.compile(rf"\.{re.escape(target.name)}\.[0-9]+\.part")
    with suppress(OSError):  # what is left takes room, and hinders nobody
        for file in target.absolute().parent.iterdir():
            if left.fullmatch(file.name):
                file.unlink(missing_ok=True)
