"""Find recordings in files and folders, and give each a path that identifies it in a table.

The ``path`` of a recording is relative to the folder that the user gives, with ``/`` as separator,
so it does not depend on where that folder is; a single file is identified by its name. If two
inputs would give the same path, all paths are relative to the nearest common folder instead. A file
that is given twice is used once. Files in stores are named and sorted like a copy of them on this
machine.

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
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from featkit.audio.decoding.formats import FORMATS
from featkit.datasets._folder_search import search_folder
from featkit.datasets.annotations import Annotation
from featkit.datasets.skipped_files import SkippedFiles, format_counts
from featkit.errors import ParameterError
from featkit.storage.urls import folders_of, is_url, location_of_url, place_of, shown

_ESCAPE_LIKE = re.compile(r"\\(?=x(5c|[89a-f][0-9a-f]))")
_ESCAPED = re.compile(rb"\\x(5c|[89a-f][0-9a-f])")


_NO_FIELDS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Recording:
    """An audio file and its metadata; see `recording_at`.

    A million of them take about 250 MB, if the fields of many are the same object.

    Attributes
    ----------
    folder : str
        The folder that `name` is relative to, with a separator at its end; "" if `name` is the
        whole path of the file.
    path : str
        Its path in a table.
    name : str, optional
        Name of the file below `folder`; None if that is `path`.
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
    stamp : str, optional
        Size and version of a file in a store, from its listing; None if it was not listed.
    """

    folder: str
    path: str
    name: str | None = None
    fields: Mapping[str, str] = field(default_factory=lambda: _NO_FIELDS)
    root: str | None = None
    annotations: tuple[Annotation, ...] | None = None
    background: str | None = None
    excluded: tuple[Annotation, ...] = ()
    stamp: str | None = None

    @property
    def file(self) -> str:
        """Path of the file."""
        return self.folder + (as_name(self.path) if self.name is None else self.name)


def recording_at(file: str, path: str, **attributes: Any) -> Recording:
    """Make the recording of a file.

    Parameters
    ----------
    file : str
        Absolute path of the file.
    path : str
        Its path in a table.
    **attributes
        Further attributes of `Recording`.

    Returns
    -------
    Recording

    Examples
    --------
    >>> recording_at("/corpus/birds/wren.wav", "birds/wren.wav").folder
    '/corpus/'
    """
    name = as_name(path)
    folder = file.removesuffix(name)
    if folder == file or not folder.endswith(("/", os.sep)):
        return Recording("", path, file, **attributes)
    return Recording(sys.intern(folder), path, **attributes)  # one text for the whole folder


def find(
    inputs: Sequence[str | os.PathLike[str]],
    *,
    labels: str | None = None,
    skipped: SkippedFiles | None = None,
) -> list[Recording]:
    """Find the recordings in files and folders.

    Parameters
    ----------
    inputs : sequence of paths and URLs
        Files are used whatever their suffix, even if they do not exist: such a recording fails
        later, by name. Folders are searched at every depth for files with the suffix of an audio
        format, and for files of unknown suffix whose first bytes are those of an audio format.
        Hidden files and folders are skipped. In stores, files are found by their suffix only.
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
    StoreError
        If a store cannot be asked or listed.
    """
    level = label_level(labels)
    tops = [_checked_input(top) for top in inputs]
    skipped = SkippedFiles() if skipped is None else skipped
    recordings: list[Recording] = []
    is_missing = True
    for top in tops:
        listed, exists = (_stored_files if is_url(top) else _local_files)(top, skipped)
        recordings += listed
        is_missing = is_missing and not exists
    if tops and is_missing:
        raise ParameterError(f"no such file or folder: {', '.join(map(shown, tops))}")
    if len(tops) > 1:  # within one folder, files and paths are distinct
        recordings = _distinct(recordings)
    if not recordings:
        raise ParameterError(
            f"no audio files in {', '.join(map(shown, tops)) or 'no inputs'}:"
            f" looked for {', '.join(f'.{suffix}' for suffix in sorted(FORMATS))}"
            + (f"; skipped: {format_counts(skipped.counts)}" if skipped.counts else "")
        )
    if level is None:
        return recordings
    labels_of_folders = folder_labels(recordings, level)
    fields = {label: {"label": label} for label in set(labels_of_folders)}
    for k, label in enumerate(labels_of_folders):
        recordings[k] = replace(recordings[k], fields=fields[label])
    return recordings


def _local_files(top: str, skipped: SkippedFiles) -> tuple[Iterable[Recording], bool]:
    """The recordings of an input on this machine, and whether it exists."""
    if os.path.isdir(top):
        return _files_in_folder(top, skipped), True
    base = os.path.dirname(top) or os.curdir
    file = os.fspath(Path(top).absolute())
    return [recording_at(file, as_text(os.path.relpath(top, base)))], os.path.exists(top)


def _files_in_folder(top: str, skipped: SkippedFiles) -> Iterator[Recording]:
    """The recordings of a folder, sorted by path."""
    inside, absolute = os.path.join(top, ""), os.path.join(Path(top).absolute(), "")
    for name in sorted(search_folder(top, skipped)):
        if name.startswith(inside):  # `os.path.relpath` takes longer than all else together
            relative = name[len(inside) :]
            file = name if inside == absolute else absolute + relative
        else:
            relative, file = os.path.relpath(name, top), os.fspath(Path(name).absolute())
        yield recording_at(file, as_text(relative), root=top)


def _stored_files(top: str, skipped: SkippedFiles) -> tuple[Iterable[Recording], bool]:
    """The recordings of an input in a store, and whether it exists."""
    from featkit.datasets._stored_files import find_stored_recordings

    listed, is_folder, exists = find_stored_recordings(top, skipped)
    root = shown(top) if is_folder else None
    recordings = (
        recording_at(url, as_text(path), root=root, stamp=stamp) for url, path, stamp in listed
    )
    return recordings, exists


def _distinct(recordings: Sequence[Recording]) -> list[Recording]:
    """The recordings of several inputs: each file once, and each with a path of its own."""
    by_location: dict[str, Recording] = {}
    for recording in recordings:
        by_location.setdefault(location_of(recording.file), recording)
    distinct = list(by_location.values())
    if len({recording.path for recording in distinct}) == len(distinct):
        return distinct
    paths = below_common_folder([_resolved(recording) for recording in distinct])
    return [
        recording_at(recording.file, as_text(path), root=recording.root, stamp=recording.stamp)
        for recording, path in zip(distinct, paths, strict=True)
    ]


def _resolved(recording: Recording) -> str:
    """The file of a recording below its real given folder; links within the folder are kept."""
    if is_url(recording.file):
        return place_of(recording.file)
    base = os.path.dirname(recording.file) if recording.root is None else recording.root
    return os.path.join(os.path.realpath(base), as_name(recording.path))


def below_common_folder(files: Sequence[str]) -> list[str]:
    """Paths of files relative to the nearest folder that contains all of them.

    Parameters
    ----------
    files : sequence of str
        Absolute paths with all links resolved, or URLs.

    Returns
    -------
    list of str
    """
    folders = [os.path.dirname(file) for file in files]
    if not any(map(is_url, files)):
        common = os.path.commonpath(folders)
        return [os.path.relpath(file, common) for file in files]
    parts = [folder.split("/") for folder in folders]
    depth = 0
    while all(len(part) > depth and part[depth] == parts[0][depth] for part in parts):
        depth += 1
    return ["/".join(file.split("/")[depth:]) for file in files]


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
    inner = [_inner_folders(posixpath.dirname(recording.path)) for recording in recordings]
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


@lru_cache(maxsize=1024)
def _inner_folders(folder: str) -> list[str]:
    """Names of the folders in the path of a folder, the outermost first."""
    path = PurePosixPath(posixpath.normpath(folder))
    names = [name for name in path.parts if name != path.root]
    return [] if ".." in names else names


def _folder_names(file: str) -> list[str]:
    """Names of all folders above a file, the outermost first."""
    if is_url(file):
        return [as_text(name) for name in folders_of(file)] or [""]
    return _names_of(os.path.dirname(file))


@lru_cache(maxsize=1024)
def _names_of(parent: str) -> list[str]:
    folder = Path(parent)
    if folder.name == "..":
        folder = Path(os.path.realpath(parent))
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
        Absolute path; for a file in a store, its URL without secrets.
    """
    if is_url(file):
        return location_of_url(file)
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
    if name.isascii() and "\\" not in name:
        return name
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
    if text.isascii() and "\\" not in text:
        return text
    escaped = text.encode("utf-8", "surrogateescape")
    return os.fsdecode(_ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode()), escaped))
