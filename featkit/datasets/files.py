"""Find recordings in files and folders, and give each a path that identifies it in a table.

The ``path`` of a recording is relative to the folder that the user gives, with ``/`` as separator,
so it does not depend on where that folder is; a single file is identified by its name. If two
inputs would give the same path, all paths are relative to the nearest common folder instead. A file
that is given twice is used once.

Names are kept exactly: spaces, line ends, leading dashes, case and Unicode normal form. Bytes that
are not valid UTF-8 are written as ``\\xNN``, and a backslash that could be confused with them as
``\\x5c``, so that names stay distinct and `as_name` restores them.

A link to a file is a recording of its own: it may lie in another folder, and have another label.
Links to folders are followed, but each folder is searched once, at its own location if that is
within the given folder, so loops of links end. Broken links and folders that cannot be opened are
kept, and become failures that name them.
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

from featkit.audio.decoding.formats import FORMATS
from featkit.audio.signatures import is_audio
from featkit.datasets.annotations import Annotation
from featkit.datasets.skipped_files import SkippedFiles, format_counts, may_be_audio
from featkit.errors import ParameterError

_ESCAPE_LIKE = re.compile(r"\\(?=x(5c|[89a-f][0-9a-f]))")
_ESCAPED = re.compile(rb"\\x(5c|[89a-f][0-9a-f])")


@dataclass(frozen=True)
class Recording:
    """An audio file and its metadata.

    Attributes
    ----------
    file : str
        Absolute path of the file.
    path : str
        Its path in a table.
    fields : mapping of str to str
        Label, group, split, fold and other metadata, as text; "" if missing. The fields of an
        annotation take precedence in its rows.
    root : str, optional
        The given folder that contains it; None for a file that was given itself.
    annotations : tuple of Annotation, optional
        The intervals to analyse, each as a row of its own; None to analyse the whole recording.
    background : str, optional
        Label of the time between the annotations, if it is analysed as well.
    excluded : tuple of Annotation
        Further annotations, which are not analysed; their time is not background.
    """

    file: str
    path: str
    fields: Mapping[str, str] = field(default_factory=dict)
    root: str | None = None
    annotations: tuple[Annotation, ...] | None = None
    background: str | None = None
    excluded: tuple[Annotation, ...] = ()


def find(
    inputs: Sequence[str | os.PathLike[str]],
    *,
    labels: str | None = None,
    skipped: SkippedFiles | None = None,
) -> list[Recording]:
    """Find the recordings in files and folders.

    Parameters
    ----------
    inputs : sequence of paths
        Files are used whatever their suffix, even if they do not exist: such a recording fails
        later, by name. Folders are searched at every depth for files with the suffix of an audio
        format, and for files of unknown suffix whose first bytes are those of an audio format.
        Hidden files and folders are skipped.
    labels : str, optional
        ``"folder"`` to use the name of the folder that contains a file as its label;
        ``"folder:2"`` for the folder one level above, and so on. See `folder_labels`.
    skipped : SkippedFiles, optional
        Counts the other files of the folders.

    Returns
    -------
    list of Recording
        In the order of the inputs; within a folder by path.

    Raises
    ------
    ParameterError
        If there are no recordings, no input exists, or a file has too few folders for its label.
    """
    level = label_level(labels)
    tops = [_checked_input(top) for top in inputs]
    if tops and not any(os.path.exists(top) for top in tops):
        raise ParameterError(f"no such file or folder: {', '.join(tops)}")
    by_location: dict[str, tuple[str, str, str, str | None]] = {}
    skipped = SkippedFiles() if skipped is None else skipped
    for top in tops:
        root = top if os.path.isdir(top) else None
        base = root or os.path.dirname(top) or os.curdir
        for name in sorted(_search(top, skipped)):
            file, relative = os.fspath(Path(name).absolute()), os.path.relpath(name, base)
            entry = file, relative, os.path.realpath(base), root
            by_location.setdefault(location_of(name), entry)
    if not by_location:
        raise ParameterError(
            f"no audio files in {', '.join(tops) or 'no inputs'}:"
            f" looked for {', '.join(f'.{suffix}' for suffix in sorted(FORMATS))}"
            + (f"; skipped: {format_counts(skipped.counts)}" if skipped.counts else "")
        )
    paths = [relative for _, relative, _, _ in by_location.values()]
    if len(set(paths)) < len(paths):
        resolved = [os.path.join(base, relative) for _, relative, base, _ in by_location.values()]
        common = os.path.commonpath([os.path.dirname(file) for file in resolved])
        paths = [os.path.relpath(file, common) for file in resolved]
    recordings = [
        Recording(file, as_text(path), root=root)
        for (file, _, _, root), path in zip(by_location.values(), paths, strict=True)
    ]
    if level is None:
        return recordings
    labelled = zip(recordings, folder_labels(recordings, level), strict=True)
    return [replace(recording, fields={"label": label}) for recording, label in labelled]


def _checked_input(top: Any) -> str:
    if not isinstance(top, str | os.PathLike):
        raise ParameterError(
            f"inputs must be paths of files and folders, got {type(top).__name__}:"
            " for arrays, use featkit.FeatureExtractor or featkit.analyse"
        )
    return os.fspath(top)


def label_level(labels: str | None) -> int | None:
    """Level of the folder whose name is the label.

    Parameters
    ----------
    labels : str, optional
        ``"folder"``, or ``"folder:"`` and a number.

    Returns
    -------
    int or None
        1 for the folder that contains the file, 2 for the one above, and so on; None without
        labels.

    Raises
    ------
    ParameterError
        If `labels` has another form, or the number is below 1.
    """
    if labels is None:
        return None
    match = re.fullmatch(r"folder(?::([1-9][0-9]{0,3}))?", str(labels))
    if not match:
        raise ParameterError(
            f"labels must be 'folder', 'folder:2' and so on, or None, got {labels!r}:"
            " 'folder' is the folder that contains a file, 'folder:2' the one above that, and so on"
        )
    return int(match[1] or 1)


def folder_labels(recordings: Sequence[Recording], level: int) -> list[str]:
    """Labels of recordings: the names of the folders at some level above them.

    Parameters
    ----------
    recordings : sequence of Recording
        The recordings.
    level : int
        1 for the folder that contains a file, which may be the given folder itself; for higher
        levels see `folders_above`.

    Returns
    -------
    list of str
        A label for each recording.

    Raises
    ------
    ParameterError
        If a file has too few folders above it.
    """
    if level == 1:
        return [_folder_names(recording.file)[-1] for recording in recordings]
    return [names[0] for names in folders_above(recordings, level, f"labels folder:{level}")]


def folders_above(recordings: Sequence[Recording], count: int, source: str) -> list[list[str]]:
    """Names of the last folders in the path of each recording.

    Folders above the given folder do not count. The given folder itself counts only if none of its
    recordings has enough folders otherwise, for example if the folder of one class or one speaker
    is given. For a file that was given itself, all folders count.

    Parameters
    ----------
    recordings : sequence of Recording
        The recordings.
    count : int
        Number of folders.
    source : str
        The option that needs them, for error messages.

    Returns
    -------
    list of list of str
        `count` names for each recording, the outermost first.

    Raises
    ------
    ParameterError
        If a file has too few folders above it; the message names the first and counts all.
    """
    inner = [_inner_folders(recording) for recording in recordings]
    deepest: dict[str | None, int] = defaultdict(int)
    for recording, names in zip(recordings, inner, strict=True):
        deepest[recording.root] = max(deepest[recording.root], len(names))
    folders, shallow = [], []
    for recording, names in zip(recordings, inner, strict=True):
        if len(names) < count and recording.root is None:
            names = _folder_names(recording.file)
        elif deepest[recording.root] < count:
            names = _folder_names(recording.file)[-1 - len(names) :]
        if len(names) < count:
            shallow.append((recording, len(names)))
        folders.append(names[-count:])
    if shallow:
        recording, depth = shallow[0]
        root = f" in {recording.root}" if recording.root is not None else ""
        raise ParameterError(
            f"{source}: {recording.path} has too few folders above it{root}: {count} folder names"
            f" are needed, and there {'is' if depth == 1 else 'are'} {depth}; this"
            f" applies to {len(shallow)} of {len(recordings)} files"
        )
    return folders


def _inner_folders(recording: Recording) -> list[str]:
    """Names of the folders in the path of a recording, the outermost first."""
    path = PurePosixPath(posixpath.normpath(recording.path))
    names = [name for name in path.parts[:-1] if name != path.root]
    return [] if ".." in names else names


def _folder_names(file: str) -> list[str]:
    """Names of all folders above a file, the outermost first."""
    folder = Path(file).parent
    if folder.name == "..":
        folder = Path(location_of(file)).parent
    elif ".." in folder.parts:
        folder = Path(location_of(os.fspath(folder)))
    names = [as_text(name) for name in folder.absolute().parts[1:]]
    return names or [""]


def location_of(file: str) -> str:
    """Resolve the folder of a file, so that all paths to the file give the same result.

    The file itself is not resolved: a link to a file has a location of its own. As in the system,
    links to folders are followed before ``..``: ``link/..`` is the folder above the target.

    Parameters
    ----------
    file : str
        Path of the file.

    Returns
    -------
    str
        Absolute path.
    """
    folder, name = os.path.split(file)
    return os.path.join(os.path.realpath(folder), name)


def as_text(name: str) -> str:
    """Convert the name of a file to the text that identifies it in a table.

    Parameters
    ----------
    name : str
        The name, as Python lists it.

    Returns
    -------
    str
        Valid Unicode text with ``/`` as separator; see the description of this module.
    """
    escaped = _ESCAPE_LIKE.sub(r"\\x5c", name.replace(os.sep, "/"))
    return os.fsencode(escaped).decode("utf-8", "backslashreplace")


def as_name(text: str) -> str:
    """Convert the text of a table back to the name of the file: ``as_name(as_text(x)) == x``.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    str
        The name, as Python lists it.
    """
    escaped = text.encode("utf-8", "surrogateescape")
    return os.fsdecode(_ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode()), escaped))


def _search(top: str, skipped: SkippedFiles) -> Iterator[str]:
    """Yield the audio files of a folder, and the folders in it that cannot be searched."""
    if not os.path.isdir(top):
        yield top
        return
    searched: set[str] = set()
    unreadable: list[OSError] = []
    # Links are followed last, after all folders at their own locations.
    starts = [top]
    for start in starts:
        for folder, real, folders, files in _walk(start, unreadable):
            if real in searched:
                folders.clear()
                continue
            searched.add(real)
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            inner = [os.path.join(folder, name) for name in folders]
            starts += [path for path in inner if os.path.islink(path)]
            yield from _audio_files(folder, real, files, skipped)
    yield from (error.filename for error in unreadable)


def _walk(top: str, unreadable: list[OSError]) -> Iterator[tuple[str, str, list[str], list[str]]]:
    """Like `os.walk`, with the real path of each folder as second value.

    `os.walk` of Python 3.11 fails at a depth of a thousand folders. A folder that cannot be
    searched, for example because its path is too long for the system, is added to `unreadable`.
    """
    queue = [(top, os.path.realpath(top))]
    while queue:
        folder, real = queue.pop()
        try:
            with os.scandir(folder) as scan:
                entries = [(entry.name, _is_folder(entry)) for entry in scan]
        except OSError as error:
            unreadable.append(error)
            continue
        folders = [name for name, is_folder in entries if is_folder]
        yield folder, real, folders, [name for name, is_folder in entries if not is_folder]
        inner = ((os.path.join(folder, name), os.path.join(real, name)) for name in folders)
        queue += [paths for paths in inner if not os.path.islink(paths[0])]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False


def _audio_files(
    folder: str, real: str, names: Sequence[str], skipped: SkippedFiles
) -> Iterator[str]:
    """Yield the files of one folder that are audio by suffix or content; count the others."""
    others = []
    for name in names:
        if name.startswith("."):
            continue
        path = os.path.join(folder, name)
        suffix = os.path.splitext(name)[1].lstrip(".").lower()
        if suffix in FORMATS or (may_be_audio(name) and is_audio(path)):
            yield path
        else:
            others.append(name)
    skipped.add(real, others, names=names)
