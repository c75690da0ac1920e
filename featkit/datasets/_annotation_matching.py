"""Matching of annotations with recordings, by the rules of `featkit.datasets.annotation_files`."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from featkit._utils.formatting import counted
from featkit.datasets._annotation_search import AnnotationFile, AnnotationLog, first_names
from featkit.datasets.annotation_format import AnnotationEntry, ReadingOptions
from featkit.datasets.files import Recording
from featkit.errors import ParameterError, StoreError, TableError
from featkit.storage.reading import local_copy
from featkit.storage.urls import is_url, shown

ENDINGS = (".selections", ".selection.table", ".results", ".r", ".kaleidoscope", ".labels")
"""Endings that programs add to the name of a recording, before the last suffix; also ``.BirdNET``
and ``.Table.1``."""


class Source(NamedTuple):
    """Annotations of one recording in one file.

    Attributes
    ----------
    file : AnnotationFile
        The file.
    name : str
        Path of the recording as the file names it; "" if it names none.
    entries : list of AnnotationEntry
        The annotations in the order of the file.
    """

    file: AnnotationFile
    name: str
    entries: list[AnnotationEntry]

    @property
    def shown(self) -> str:
        """File and recording, for messages."""
        path = shown(self.file.path)
        return f"{path}: {self.name}" if self.name else path


class Match(NamedTuple):
    """A source and its recording.

    Attributes
    ----------
    source : Source
        The annotations.
    place : int
        Place of the recording.
    agreement : float
        Number of folders, from the last one upwards, that agree in the paths of both; infinite if
        the paths are the same.
    """

    source: Source
    place: int
    agreement: float


def read_sources(file: AnnotationFile, options: ReadingOptions) -> list[Source]:
    """Read a file.

    Parameters
    ----------
    file : AnnotationFile
        The file.
    options : ReadingOptions
        What to read.

    Returns
    -------
    list of Source
        The annotations of each recording.

    Raises
    ------
    TableError
        If the file has a fault; the message names file and line.
    """
    by_name: dict[str, list[AnnotationEntry]] = {}
    try:
        with local_copy(file.path) as copy:
            for entry in file.format.read(copy, options):
                by_name.setdefault(entry.recording, []).append(_located(entry, copy, file.path))
    except StoreError as error:
        raise TableError(str(error)) from None
    return [Source(file, name, entries) for name, entries in by_name.items()]


def _located(entry: AnnotationEntry, copy: Path, path: Path | str) -> AnnotationEntry:
    """The entry of a copy of a file, with the name of the file in its location."""
    if copy == path:
        return entry
    location = entry.annotation.location.replace(os.fspath(copy), shown(path))
    return replace(entry, annotation=replace(entry.annotation, location=location))


class _Index:
    """The recordings by path, by file name and by stem."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.folders = [_parts(recording.file)[-2::-1] for recording in recordings]
        self.keys: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place, recording in enumerate(recordings):
            parts = _parts(recording.path)
            path, name = "/".join(parts), parts[-1]
            for kind, key in (
                ("path", path),
                ("path stem", _without_suffix(path)),
                ("name", name),
                ("stem", _without_suffix(name)),
            ):
                self.keys[kind, key].append(place)

    def matches(self, source: Source) -> list[Match]:
        """The recordings that a source may belong to, those whose paths agree most."""
        path = source.name or source.file.relative
        parts = _parts(path)
        folders = _parts(path if source.name else _absolute(source.file.path))[-2::-1]
        for kind, key in _keys(source, parts):
            places = self.keys.get((kind, key))
            if places:
                break
        else:
            return []
        if kind.startswith("path") and len(places) == 1:
            return [Match(source, places[0], float("inf"))]
        agreements = [_agreement(folders, self.folders[place]) for place in places]
        best = max(agreements)
        pairs = zip(places, agreements, strict=True)
        return [Match(source, place, best) for place, agreement in pairs if agreement == best]


def _keys(source: Source, parts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Keys by which a recording is looked up, the most exact first."""
    path, name = "/".join(parts), parts[-1]
    if source.name:
        yield "path", path
        yield "name", name
        yield "stem", _without_suffix(name)
        return
    folder = path.removesuffix(name)
    for stem in _stems(name):
        yield "path", folder + stem
        yield "path stem", folder + stem
        yield "name", stem
        yield "stem", stem


def _stems(name: str) -> Iterator[str]:
    """Names that the recording of an annotation file may have, the longest first."""
    stem = _without_suffix(name)
    yield stem
    while True:
        shorter = _without_ending(stem)
        if shorter == stem:
            return
        stem = shorter
        yield stem


def _without_ending(stem: str) -> str:
    for ending in ENDINGS:
        if stem.lower().endswith(ending) and len(stem) > len(ending):
            return stem[: -len(ending)]
    head, _, number = stem.rpartition(".")
    if head.lower().endswith(".table") and number.isdecimal():
        return head[: -len(".table")]
    return head if number.lower() in ("birdnet", "table") and head else stem


def _absolute(path: Path | str) -> str:
    return os.fspath(path) if is_url(path) else os.path.abspath(path)


def _parts(path: str) -> list[str]:
    """Names in a path, of any system, in one Unicode normal form."""
    text = unicodedata.normalize("NFC", os.fspath(path)).replace("\\", "/")
    return [part for part in PurePosixPath(text).parts if part.strip("/.") or part == ".."] or [""]


def _without_suffix(name: str) -> str:
    return os.path.splitext(name)[0]


def _agreement(folders: Sequence[str], others: Sequence[str]) -> int:
    """Number of folders, from the last one upwards, with the same names."""
    count = 0
    for one, other in zip(folders, others, strict=False):
        if one != other:
            break
        count += 1
    return count


def match_recordings(
    sources: Sequence[Source], recordings: Sequence[Recording], log: AnnotationLog
) -> dict[int, list[Source]]:
    """Match annotations with recordings; see `featkit.datasets.annotation_files`.

    Parameters
    ----------
    sources : sequence of Source
        The annotations.
    recordings : sequence of Recording
        The recordings.
    log : AnnotationLog
        Receives a remark on annotations of other recordings.

    Returns
    -------
    dict of int to list of Source
        Annotations by the place of their recording; several sources only for different views.

    Raises
    ------
    ParameterError
        If a source belongs to several recordings, a recording has several sources, or no source
        belongs to a recording.
    """
    index = _Index(recordings)
    matches: dict[int, list[Match]] = defaultdict(list)
    unmatched: list[Source] = []
    for source in sources:
        options = index.matches(source)
        if len(options) > 1:
            raise ParameterError(_ambiguous(source, [recordings[m.place] for m in options]))
        for match in options:
            matches[match.place].append(match)
        if not options:
            unmatched.append(source)
    by_place: dict[int, list[Source]] = {}
    for place, group in matches.items():
        kept = _closest(group)
        by_place[place] = [match.source for match in kept]
        unmatched += [match.source for match in group if match not in kept]
        if not _are_views(by_place[place]):
            raise ParameterError(_several(recordings[place], by_place[place]))
    if sources and not by_place:
        raise ParameterError(
            f"{sources[0].shown}: not a recording among the inputs, such as {recordings[0].path};"
            f" this applies to all annotations ({counted(len(sources), 'recording')}): the names"
            " must agree, except for their suffixes"
        )
    if unmatched:
        log.remarks.append(
            f"annotations of {counted(len(unmatched), 'recording')} that are not among the inputs"
            f" left out: {first_names([source.shown for source in unmatched])}"
        )
    return by_place


def _closest(group: Sequence[Match]) -> list[Match]:
    """Of the matches in one format, those whose folders agree most with the recording's."""
    best: dict[str, float] = {}
    for match in group:
        name = match.source.file.format.name
        best[name] = max(best.get(name, 0), match.agreement)
    return [match for match in group if match.agreement == best[match.source.file.format.name]]


def _are_views(sources: Sequence[Source]) -> bool:
    """Whether sources are one, or show selections in different views."""
    if len(sources) == 1:
        return True
    views = [{entry.view for entry in source.entries} for source in sources]
    return all(view and "" not in view for view in views) and len(set().union(*views)) == sum(
        map(len, views)
    )


def _ambiguous(source: Source, recordings: Sequence[Recording]) -> str:
    paths = [recording.path for recording in recordings]
    return (
        f"{source.shown}: belongs to any of {len(paths)} recordings: {first_names(paths)}: put the"
        " annotations into folders of the same names, or give the recordings of one folder"
    )


def _several(recording: Recording, sources: Sequence[Source]) -> str:
    return (
        f"{recording.path}: its annotations are in {len(sources)} places:"
        f" {first_names([source.shown for source in sources])}: give one of them"
    )
