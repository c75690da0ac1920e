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
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from featkit.audio.decoding.reader import FORMATS
from featkit.audio.signatures import is_sound
from featkit.datasets.skipped_files import LeftOut, may_be_sound, said
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
    within : str, optional
        The folder that was given, in which it was found; None for a file that was given by itself.
    """

    file: str
    path: str
    about: Mapping[str, str] = field(default_factory=dict)
    within: str | None = None


def find(
    inputs: Sequence[str | os.PathLike[str]],
    *,
    labels: str | None = None,
    left_out: LeftOut | None = None,
) -> list[Recording]:
    """The recordings that files and folders hold.

    Parameters
    ----------
    inputs : sequence of paths
        Files are taken whatever they are called; folders are searched at every depth for files
        with the ending of a sound format, and for those that begin as sound does if their ending
        tells nothing; hidden ones are left out. A file that does not exist is taken, too: it will
        be a failure with a name.
    labels : str, optional
        ``"folder"`` if the name of the folder that a file lies in is its label; ``"folder:2"`` if
        that of the folder above it is, and so on. See `folder_labels`.
    left_out : LeftOut, optional
        To which the other files in the folders are added.

    Returns
    -------
    list of Recording
        In the order of the inputs; within a folder by path.

    Raises
    ------
    ParameterError
        If there is none, no input exists, or a file lies not deep enough for its label.
    """
    level = label_level(labels)
    tops = [_checked(top) for top in inputs]
    if tops and not any(os.path.exists(top) for top in tops):
        raise ParameterError(f"no such file or folder: {', '.join(tops)}")
    found: dict[str, tuple[str, str, str, str | None]] = {}
    others = LeftOut() if left_out is None else left_out
    for top in tops:
        within = top if os.path.isdir(top) else None
        base = within or os.path.dirname(top) or os.curdir
        for name in sorted(_sound_files(top, others)):
            file, below = os.fspath(Path(name).absolute()), os.path.relpath(name, base)
            found.setdefault(place_of(name), (file, below, os.path.realpath(base), within))
    if not found:
        raise ParameterError(
            f"no sound files in {', '.join(tops) or 'no inputs'}:"
            f" looked for {', '.join(f'.{ending}' for ending in sorted(FORMATS))}"
            + (f"; left out: {said(others.counts)}" if others.counts else "")
        )
    paths = [below for _, below, _, _ in found.values()]
    if len(set(paths)) < len(paths):
        standing = [os.path.join(base, below) for _, below, base, _ in found.values()]
        common = os.path.commonpath([os.path.dirname(file) for file in standing])
        paths = [os.path.relpath(file, common) for file in standing]
    recordings = [
        Recording(file, as_text(path), within=within)
        for (file, _, _, within), path in zip(found.values(), paths, strict=True)
    ]
    if level is None:
        return recordings
    told = zip(recordings, folder_labels(recordings, level), strict=True)
    return [replace(recording, about={"label": label}) for recording, label in told]


def _checked(top: Any) -> str:
    if not isinstance(top, str | os.PathLike):
        raise ParameterError(
            f"inputs are paths of files and folders, got {type(top).__name__}:"
            " featkit.FeatureExtractor and featkit.analyse take arrays"
        )
    return os.fspath(top)


def label_level(labels: str | None) -> int | None:
    """How many folders above a file the one lies that is its label; None for no label.

    Raises
    ------
    ParameterError
        If it is neither ``"folder"`` nor ``"folder:"`` and a number from 1 on.
    """
    if labels is None:
        return None
    match = re.fullmatch(r"folder(?::([1-9][0-9]{0,3}))?", str(labels))
    if not match:
        raise ParameterError(
            f"labels must be 'folder' or left out, got {labels!r}: 'folder' is the folder that a"
            " file lies in, 'folder:2' the one above that, and so on"
        )
    return int(match[1] or 1)


def folder_labels(recordings: Sequence[Recording], level: int) -> list[str]:
    """The name of the folder so many levels above each recording; 1 is the one that it lies in.

    At level 1, that may be the folder that was given. For higher levels see `folders_above`.

    Raises
    ------
    ParameterError
        If a file lies not deep enough.
    """
    if level == 1:
        return [_folder_names(recording.file)[-1] for recording in recordings]
    return [names[0] for names in folders_above(recordings, level, f"labels folder:{level}")]


def folders_above(recordings: Sequence[Recording], count: int, source: str) -> list[list[str]]:
    """The names of the last folders in each recording's path, the outermost first.

    What lies above the folder that was given says nothing of its recordings. The name of that
    folder itself counts only if none of its recordings lies deep enough without it, as where one
    class or one speaker is given. Of a file that was given by itself all folders count.

    Parameters
    ----------
    recordings : sequence of Recording
        Where they lie.
    count : int
        How many folders.
    source : str
        What an error says asks for them.

    Raises
    ------
    ParameterError
        If a file lies not deep enough; it names the first, and how many do not.
    """
    inside = [_names_inside(recording) for recording in recordings]
    deepest: dict[str | None, int] = defaultdict(int)
    for recording, names in zip(recordings, inside, strict=True):
        deepest[recording.within] = max(deepest[recording.within], len(names))
    found, shallow = [], []
    for recording, names in zip(recordings, inside, strict=True):
        if len(names) < count and recording.within is None:
            names = _folder_names(recording.file)
        elif deepest[recording.within] < count:
            names = _folder_names(recording.file)[-1 - len(names) :]
        if len(names) < count:
            shallow.append((recording, len(names)))
        found.append(names[-count:])
    if shallow:
        recording, there = shallow[0]
        folder = f" in {recording.within}" if recording.within is not None else ""
        raise ParameterError(
            f"{source}: {recording.path} lies not deep enough{folder}: it asks for the names of"
            f" {count} folders, and there {'is' if there == 1 else 'are'} {there}; one of"
            f" {len(shallow)} such files of {len(recordings)}"
        )
    return found


def _names_inside(recording: Recording) -> list[str]:
    """The names of the folders in its path, the outermost first."""
    path = PurePosixPath(posixpath.normpath(recording.path))
    names = [name for name in path.parts[:-1] if name != path.root]
    return [] if ".." in names else names


def _folder_names(file: str) -> list[str]:
    """The names of all folders above a file, the outermost first."""
    folder = Path(file).parent
    if folder.name == "..":
        folder = Path(place_of(file)).parent
    elif ".." in folder.parts:
        folder = Path(place_of(os.fspath(folder)))
    names = [as_text(name) for name in folder.absolute().parts[1:]]
    return names or [""]


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


def _sound_files(top: str, left_out: LeftOut) -> Iterator[str]:
    """Files of a folder that are sound, and folders in it that cannot be searched."""
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
            yield from _taken(folder, real, files, left_out)
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


def _taken(folder: str, real: str, names: Sequence[str], left_out: LeftOut) -> Iterator[str]:
    """Files of one folder that are sound, by ending or content; the others are left out."""
    others = []
    for name in names:
        path = os.path.join(folder, name)
        if _is_sound(name):
            yield path
        elif not name.startswith("."):
            if may_be_sound(name) and is_sound(path):
                yield path
            else:
                others.append(name)
    left_out.add(real, others, beside=names)
