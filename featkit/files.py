"""From what a user names, files and folders, to recordings with a name each.

A recording's ``path`` is relative to the folder that was given, with ``/`` between its parts, and
does not depend on where that folder stands; a file given by itself is called by its own name.
Should two inputs give the same path, all are named from their nearest common folder instead. The
same file given twice is taken once.

A name is kept as it is, letter for letter: with spaces, line ends, a leading dash, in either normal
form of Unicode, in either case; names that look alike are two names. Only bytes that are not UTF-8
cannot be text: they are written as ``\\xNN``, and the backslash of a name that looks like that
already as ``\\x5c``, so that no two names become one, and `as_name` has the name back.

A link to a file is a name of its own, with a row of its own: it may stand in a folder that is its
label. A link to a folder is followed, but each folder is searched once: under its own place, if
that is within the folder given, so that no loop of links is endless. What leads nowhere, or cannot
be opened, is kept, and fails by its name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from featkit.audio.decoding import FORMATS
from featkit.errors import ParameterError

_LIKE_ESCAPED = re.compile(r"\\(?=x(5c|[89a-f][0-9a-f]))")
_ESCAPED = re.compile(rb"\\x(5c|[89a-f][0-9a-f])")


@dataclass(frozen=True)
class Recording:
    """A file, what a table calls it, and what is known about it.

    Attributes
    ----------
    file : str
        Where it lies.
    path : str
        What a table calls it.
    about : mapping of str to str
        Its label, group, split, fold and whatever else there is, as text; "" for what is missing.
    """

    file: str
    path: str
    about: Mapping[str, str] = field(default_factory=dict)


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
    check_labels(labels)
    tops = [_checked(top) for top in inputs]
    if tops and not any(os.path.exists(top) for top in tops):
        raise ParameterError(f"no such file or folder: {', '.join(tops)}")
    found: dict[str, tuple[str, str, str]] = {}
    for top in tops:
        base = (top if os.path.isdir(top) else os.path.dirname(top)) or os.curdir
        for name in sorted(_sound_files(top)):
            file, below = os.fspath(Path(name).absolute()), os.path.relpath(name, base)
            found.setdefault(place_of(name), (file, below, os.path.realpath(base)))
    if not found:
        raise ParameterError(
            f"no sound files in {', '.join(tops) or 'no inputs'}:"
            f" looked for {', '.join(f'.{ending}' for ending in sorted(FORMATS))}"
        )
    files = [file for file, _, _ in found.values()]
    paths = [below for _, below, _ in found.values()]
    if len(set(paths)) < len(paths):
        standing = [os.path.join(base, below) for _, below, base in found.values()]
        common = os.path.commonpath([os.path.dirname(file) for file in standing])
        paths = [os.path.relpath(file, common) for file in standing]
    return [
        Recording(file, as_text(path), {"label": folder_label(file)} if labels else {})
        for file, path in zip(files, paths, strict=True)
    ]


def _checked(top: Any) -> str:
    if not isinstance(top, str | os.PathLike):
        raise ParameterError(
            f"inputs are paths of files and folders, got {type(top).__name__}:"
            " featkit.FeatureExtractor and featkit.analyse take arrays"
        )
    return os.fspath(top)


def check_labels(labels: str | None) -> None:
    """Refuse labels of another kind.

    Raises
    ------
    ParameterError
        That says which there are.
    """
    if labels not in (None, "folder"):
        raise ParameterError(f"labels must be 'folder' or left out, got {labels!r}")


def folder_label(file: str) -> str:
    """The name of the folder that a file lies in."""
    name = Path(file).parent.name
    return as_text(os.path.basename(os.path.dirname(place_of(file))) if name == ".." else name)


def place_of(file: str) -> str:
    """Where a name stands, whichever way leads there: a link to a file is a place of its own.

    Links to folders are followed before ``..`` is: ``link/..`` is beside what the link leads to.
    """
    folder, name = os.path.split(file)
    return os.path.join(os.path.realpath(folder), name)


def as_text(name: str) -> str:
    """The name of a file as a table has it; see the head of this module."""
    told_apart = _LIKE_ESCAPED.sub(r"\\x5c", name.replace(os.sep, "/"))
    return os.fsencode(told_apart).decode("utf-8", "backslashreplace")


def as_name(text: str) -> str:
    """The name of the file that a table calls so: ``as_name(as_text(name)) == name``."""
    escaped = text.encode("utf-8", "surrogateescape")
    return os.fsdecode(_ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), escaped))


def _sound_files(top: str) -> Iterator[str]:
    """Files of a folder that end as sound does, and folders in it that cannot be searched."""
    if not os.path.isdir(top):
        yield top
        return
    walked: set[str] = set()
    closed: list[OSError] = []
    # Links wait until all that stands in the folder itself has been walked.
    starts = [top]
    for start in starts:
        for folder, real, folders, files in _walk(start, closed):
            if real in walked:
                folders.clear()
                continue
            walked.add(real)
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            inner = [os.path.join(folder, name) for name in folders]
            starts += [path for path in inner if os.path.islink(path)]
            yield from (os.path.join(folder, name) for name in files if _is_sound(name))
    yield from (error.filename for error in closed)


def _walk(top: str, closed: list[OSError]) -> Iterator[tuple[str, str, list[str], list[str]]]:
    """As `os.walk`, which fails a thousand levels down in Python 3.11, with real paths beside.

    A folder that cannot be searched, such as one whose path is longer than the system takes, is
    added to `closed`.
    """
    waiting = [(top, os.path.realpath(top))]
    while waiting:
        folder, real = waiting.pop()
        try:
            with os.scandir(folder) as scan:
                entries = [(entry.name, _is_folder(entry)) for entry in scan]
        except OSError as error:
            closed.append(error)
            continue
        folders = [name for name, is_folder in entries if is_folder]
        yield folder, real, folders, [name for name, is_folder in entries if not is_folder]
        inner = ((os.path.join(folder, name), os.path.join(real, name)) for name in folders)
        waiting += [(path, there) for path, there in inner if not os.path.islink(path)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False


def _is_sound(name: str) -> bool:
    ending = os.path.splitext(name)[1].lstrip(".").lower()
    return not name.startswith(".") and ending in FORMATS
