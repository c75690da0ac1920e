"""From what a user names, files and folders, to recordings with a name each.

A recording's ``path`` is relative to the folder that was given, with ``/`` between its parts, and
does not depend on where that folder stands; a file given by itself is called by its own name.
Should two inputs give the same path, all are named from their nearest common folder instead. The
same file given twice is taken once. Bytes of a name that are not UTF-8 are written as ``\\xNN``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from featkit.decoding import FORMATS, UNDECODABLE
from featkit.errors import ParameterError


@dataclass(frozen=True)
class Recording:
    """A file, what a table calls it, and its label if it has one."""

    file: str
    path: str
    label: str | None = None


def find(
    inputs: Sequence[str | os.PathLike[str]], *, labels: Literal["folder"] | None = None
) -> list[Recording]:
    """The recordings that files and folders hold.

    Parameters
    ----------
    inputs : sequence of paths
        Files are taken whatever they are called; folders are searched at every depth for files
        with the ending of a sound format, hidden ones left out. A file that does not exist is
        taken, too: it will be a failure with a name.
    labels : {"folder"}, optional
        Whether the name of the folder that a file lies in is its label.

    Returns
    -------
    list of Recording
        In the order of the inputs; within a folder by path.

    Raises
    ------
    ParameterError
        If there is none, or no input exists.
    """
    tops = [os.fspath(top) for top in inputs]
    if labels not in (None, "folder"):
        raise ParameterError(f"labels must be 'folder' or left out, got {labels!r}")
    if tops and not any(os.path.exists(top) for top in tops):
        raise ParameterError(f"no such file or folder: {', '.join(tops)}")
    found: dict[str, str] = {}
    for top in tops:
        base = top if os.path.isdir(top) else os.path.dirname(top)
        for file in sorted(_sound_files(top)):
            found.setdefault(os.path.abspath(file), os.path.relpath(file, base or os.curdir))
    if not found:
        raise ParameterError(
            f"no sound files in {', '.join(tops) or 'no inputs'}:"
            f" looked for {', '.join(f'.{ending}' for ending in sorted(FORMATS))}"
        )
    if len(set(found.values())) < len(found):
        common = os.path.commonpath([os.path.dirname(file) for file in found])
        found = {file: os.path.relpath(file, common) for file in found}
    return [
        Recording(file, _text(path), _text(Path(file).parent.name) if labels else None)
        for file, path in found.items()
    ]


def _sound_files(top: str) -> Iterator[str]:
    if not os.path.isdir(top):
        yield top
        return
    # Links to folders are followed, but never to a folder that was walked already.
    walked: set[str] = set()
    for folder, folders, files in os.walk(top, followlinks=True):
        real = os.path.realpath(folder)
        if real in walked:
            folders.clear()
            continue
        walked.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            ending = os.path.splitext(name)[1].lstrip(".").lower()
            if not name.startswith(".") and ending in FORMATS | UNDECODABLE:
                yield os.path.join(folder, name)


def _text(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace").replace(os.sep, "/")
