"""Search a folder of this machine for audio files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from featkit.audio.decoding.formats import FORMATS
from featkit.datasets.skipped_files import SkippedFiles, may_be_audio


def search_folder(top: str, skipped: SkippedFiles) -> Iterator[str]:
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
    from featkit.audio.signatures import is_audio

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
