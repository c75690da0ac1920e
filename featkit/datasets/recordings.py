"""Select recordings, with their label, group, split, fold and other fields.

Fields come from the folder of a file, from its name, from a manifest, or from the index of a
published dataset. All fields are text, and no field may come from two sources.

A dataset format is one module in `featkit.datasets.formats` that exports a `DatasetFormat` as
``FORMAT``. To support another published dataset, add such a module; it is found without a list,
and the tests of all formats run on it, too.
"""

from __future__ import annotations

import math
import os
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from featkit._utils.registry import module_registry
from featkit.datasets._mirdata import read_mirdata
from featkit.datasets._name_patterns import name_fields
from featkit.datasets.annotated_recordings import (
    row_fields,
    select_rows,
    with_background,
    with_recording_fields,
    with_same_fields,
)
from featkit.datasets.annotation_files import AnnotationLog, annotated
from featkit.datasets.annotations import Annotation
from featkit.datasets.files import (
    Recording,
    as_name,
    find,
    folder_labels,
    label_level,
    recording_at,
)
from featkit.datasets.recorder import recorder_fields
from featkit.datasets.skipped_files import SkippedFiles
from featkit.errors import ParameterError, StoreError, TableError
from featkit.storage.reading import exists, fetch, is_folder, local_copy
from featkit.storage.urls import WEB, absolute_url, check_url, is_url, join_url, protocol_of, shown

MIRDATA_PREFIX = "mirdata:"

MAX_ASKED = 20
"""Number of files in stores, each of which costs a request, that are looked for in advance."""

N_HEAD_LINES = 3
"""Number of first lines by which a format is recognised."""


@dataclass(frozen=True)
class ManifestEntry:
    """A row of a manifest.

    Attributes
    ----------
    location : str
        File and line, for error messages.
    path : str
        Path of the recording, relative to the folder of the audio, with ``/`` as separator.
    fields : mapping of str to str
        Metadata of the recording, or of the interval.
    start, end : float, optional
        Seconds of an interval of the recording, which becomes a row of its own; see `Annotation`.
    low_hz, high_hz : float
        Its frequency band in Hz; NaN if there is none.
    """

    location: str
    path: str
    fields: Mapping[str, str]
    start: float | None = None
    end: float | None = None
    low_hz: float = math.nan
    high_hz: float = math.nan


@dataclass(frozen=True, kw_only=True)
class DatasetFormat:
    """A format of manifests, or of the index of a published dataset.

    Attributes
    ----------
    name : str
        Name of the format and of its module.
    title : str
        Description with the header, for the message about a file in an unknown format.
    example : str
        First lines of such a file.
    matches : callable
        ``matches(lines)``: whether a file with these first lines has this format.
    read : callable
        ``read(file)`` yields its entries; a `TableError` names file, line and field of a fault.
    audio_folder : str
        The folder that paths are relative to, unless the user gives one: its path relative to the
        folder of the manifest, which is used itself if there is no such folder.
    companions : callable
        ``companions(name)`` lists the names of the files that are read with a file of this name,
        as far as they exist in its folder.
    """

    name: str
    title: str
    example: str
    matches: Callable[[Sequence[str]], bool]
    read: Callable[[Path], Iterable[ManifestEntry]]
    audio_folder: str = ""
    companions: Callable[[str], Sequence[str]] = lambda name: ()


DATASET_FORMATS = module_registry(
    "dataset format",
    "featkit.datasets.formats",
    "FORMAT",
    DatasetFormat,
    group="featkit.dataset_formats",
)
"""All dataset formats by name, in alphabetical order, those of other packages last."""


def recordings(
    inputs: Sequence[str | os.PathLike[str]],
    *,
    labels: str | None = None,
    name_pattern: str | None = None,
    recorder: str | None = None,
    manifest: str | os.PathLike[str] | None = None,
    where: Mapping[str, str | Sequence[str]] | None = None,
    annotations: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    tier: str | None = None,
    annotation_label: str | None = None,
    background: str | None = None,
    skipped: SkippedFiles | None = None,
    log: AnnotationLog | None = None,
) -> list[Recording]:
    """Select recordings, and collect their fields.

    Parameters
    ----------
    inputs : sequence of paths
        Files and folders. With a manifest: empty, or the folder that its paths are relative to.
    labels : str, optional
        ``"folder"`` to use the name of the folder that contains a file as its label;
        ``"folder:2"`` for the folder one level above, and so on. See
        `featkit.datasets.files.folder_labels`.
    name_pattern : str, optional
        Pattern of the names of files and folders; see `with_name_fields`.
    recorder : str, optional
        Recorder whose names and headers give further fields, or ``"auto"``; see
        `featkit.datasets.recorder.recorder_fields`.
    manifest : path or str, optional
        A file for `read_manifest`, or ``"mirdata:"`` and a name for `read_mirdata`.
    where : mapping of str to str or sequence of str, optional
        Fields with their allowed values; other recordings, or annotations, are dropped.
    annotations : path or sequence of paths, optional
        Annotation files, and folders of them; see `featkit.datasets.annotation_files.annotated`.
    tier, annotation_label : str, optional
        The tier, or the column of the label, of the annotation files.
    background : str, optional
        Label of the time between the annotations; see `with_background`.
    skipped : SkippedFiles, optional
        Counts the files in the folders that are not audio.
    log : AnnotationLog, optional
        Collects the annotation files, and remarks.

    Returns
    -------
    list of Recording
        The recordings, all with the same fields; "" for missing values.

    Raises
    ------
    ParameterError
        If there are no recordings, two sources give the same field, or a name does not match.
    TableError
        If the manifest is invalid; the message names file, line and field.
    """
    if manifest is None:
        selected = find(inputs, labels=labels, skipped=skipped)
    else:
        selected = _listed(os.fspath(manifest), inputs, labels)
    if name_pattern is not None:
        selected = with_name_fields(selected, name_pattern)
    if recorder is not None:
        fields = recorder_fields(selected, recorder, None if log is None else log.remarks)
        selected = _with_recorder_fields(selected, fields)
    if annotations is not None:
        if any(recording.annotations is not None for recording in selected):
            raise ParameterError(
                f"annotations: {shown(manifest or '')} has intervals of its own: give it or the"
                " annotations"
            )
        selected = annotated(
            selected,
            annotations,
            tier=tier,
            label=annotation_label,
            keep_all=background is not None,
            log=log,
        )
    elif tier is not None or annotation_label is not None:
        option = "annotation_label" if tier is None else "tier"
        raise ParameterError(f"{option}: requires annotations: give their files or folder")
    selected = select_rows(with_same_fields(selected), where)
    if background is not None:
        selected = with_background(selected, background)
    if manifest is not None and not _some_exist(selected):
        raise ParameterError(
            f"{shown(manifest)}: none of its {len(selected)} recordings exists, such as"
            f" {shown(selected[0].file)}: give the folder that its paths are relative to"
        )
    return selected


def _some_exist(recordings: Iterable[Recording]) -> bool:
    """Whether any file exists; True also if too many in stores would have to be asked for."""
    asked = 0
    for recording in recordings:
        asked += is_url(recording.file)
        try:
            if asked > MAX_ASKED or exists(recording.file):
                return True
        except StoreError:  # it fails later, by name
            return True
    return False


def read_manifest(
    path: str | os.PathLike[str],
    root: str | os.PathLike[str] | None = None,
    where: Mapping[str, str | Sequence[str]] | None = None,
) -> list[Recording]:
    """Read the recordings of a manifest, whether their files exist or not.

    Parameters
    ----------
    path : path
        A CSV file with a column ``path``, or the index of a published dataset, recognised by its
        header; see `DATASET_FORMATS`.
    root : path, optional
        Folder that its paths are relative to; by default the folder of the manifest, or where the
        dataset has its audio.
    where : mapping of str to str or sequence of str, optional
        Columns with their allowed values; other rows are dropped.

    Returns
    -------
    list of Recording
        The recordings in the order of the manifest. Rows with a start and an end are annotations
        of their recording; several rows may have the same path.

    Raises
    ------
    ParameterError
        If `where` names a column or a value that does not exist.
    TableError
        If the file cannot be read, has no known format, or a row is invalid; the message names
        file, line and field.
    """
    try:
        with local_copy(path) as file:
            dataset_format = _format_of(file)
            if is_url(path):
                _fetch_companions(path, dataset_format, file)
            # Absolute, because workers of an earlier call may have another working directory.
            folder = _audio_folder(path, dataset_format) if root is None else _absolute(root)
            entries = dataset_format.read(file)
            if is_url(path):
                entries = [
                    replace(entry, location=entry.location.replace(os.fspath(file), shown(path)))
                    for entry in entries
                ]
            listed = _recordings(entries, folder)
            if not listed:
                raise TableError(f"{file}: lists no recordings: there are no rows below the header")
    except StoreError as error:
        raise TableError(str(error)) from None
    return select_rows(with_same_fields(listed), where)


def _fetch_companions(
    path: str | os.PathLike[str], dataset_format: DatasetFormat, copy: Path
) -> None:
    """Copy the files that are read with a manifest next to its copy."""
    folder = join_url(os.fspath(path), "..")
    for name in dataset_format.companions(copy.name):
        if not copy.with_name(name).exists() and exists(join_url(folder, name)):
            fetch(join_url(folder, name), copy.with_name(name))


def _audio_folder(path: str | os.PathLike[str], dataset_format: DatasetFormat) -> str:
    """The usual folder of the audio of a dataset, or that of the manifest if there is none."""
    usual = own = _joined(_absolute(path), "..")
    for name in filter(None, dataset_format.audio_folder.split("/")):
        usual = _joined(usual, name)
    return usual if usual == own or is_folder(usual) else own


def _joined(folder: str, name: str) -> str:
    if is_url(folder):
        return join_url(folder, name)
    return os.path.dirname(folder) if name == ".." else os.path.join(folder, name)


def _absolute(path: str | os.PathLike[str]) -> str:
    return absolute_url(os.fspath(path)) if is_url(path) else os.fspath(Path(path).absolute())


def with_name_fields(recordings: Sequence[Recording], pattern: str) -> list[Recording]:
    """Add the fields that the names of files and folders contain.

    Parameters
    ----------
    recordings : sequence of Recording
        The recordings; the suffix of a file is not part of its name.
    pattern : str
        The whole name, with ``{field}`` for each part to extract. A field name is a Python
        identifier; a field matches one or more characters except ``/``. Patterns of folders come
        first, each followed by ``/``, and match the end of the path; a pattern that ends in ``/``
        has folders only. See `featkit.datasets.files.folders_above` for which folders count.

    Returns
    -------
    list of Recording
        The recordings with the additional fields.

    Raises
    ------
    ParameterError
        If the pattern is invalid, a file has too few folders above it, a name does not match or
        matches in two ways, or a field exists already.

    Examples
    --------
    >>> (digit,) = with_name_fields([recording_at("x/3_ann.wav", "3_ann.wav")], "{label}_{speaker}")
    >>> digit.fields
    {'label': '3', 'speaker': 'ann'}
    >>> take = recording_at("x/ann/calm/1.wav", "ann/calm/1.wav")
    >>> with_name_fields([take], "{speaker}/{label}/{take}")[0].fields
    {'speaker': 'ann', 'label': 'calm', 'take': '1'}
    >>> with_name_fields([take], "{label}/")[0].fields
    {'label': 'calm'}
    """
    return _with_fields(recordings, name_fields(pattern, recordings), "the name pattern")


def _with_fields(
    recordings: Iterable[Recording], fields: Iterable[Mapping[str, str]], source: str
) -> list[Recording]:
    extended = []
    for recording, new_fields in zip(recordings, fields, strict=True):
        own = _own(recording)
        for name in new_fields:
            if name in own:
                raise ParameterError(
                    f"duplicate field {name!r}: {source} gives it, but {recording.path} has it"
                    f" already, as {own[name]!r}: drop or rename one of the two"
                )
        extended.append(replace(recording, fields={**recording.fields, **new_fields}))
    return extended


def _with_recorder_fields(
    recordings: Sequence[Recording], fields: Iterable[Mapping[str, str]]
) -> list[Recording]:
    """Add columns of the recorder; it may repeat or leave empty those that exist already."""
    given = {name for recording in recordings for name in _own(recording)}
    new = (
        {
            name: value
            for name, value in values.items()
            if name not in given or value not in ("", _own(recording).get(name, ""))
        }
        for recording, values in zip(recordings, fields, strict=True)
    )
    return _with_fields(recordings, new, "the recorder")


def _own(recording: Recording) -> Mapping[str, str]:
    """Fields of a recording, and of its first interval."""
    if recording.annotations:
        return row_fields(recording, recording.annotations[0])
    return recording.fields


def _listed(
    manifest: str, inputs: Sequence[str | os.PathLike[str]], labels: str | None
) -> list[Recording]:
    if len(inputs) > 1:
        raise ParameterError(
            "with a manifest, give one folder at most: the one that its paths are relative to"
        )
    level = label_level(labels)
    root = inputs[0] if inputs else None
    is_web = root is not None and protocol_of(os.fspath(root)) in WEB  # it has no folders to list
    if root is not None and not is_web and not is_folder(root):
        raise ParameterError(
            f"{shown(root)}: no such folder: with a manifest, give the folder of its audio"
        )
    if manifest.startswith(MIRDATA_PREFIX):
        listed = read_mirdata(manifest.removeprefix(MIRDATA_PREFIX), root)
    else:
        listed = read_manifest(manifest, root)
    if level is None:
        return listed
    folders = [{"label": label} for label in folder_labels(listed, level)]
    return _with_fields(listed, folders, "the folder")


def _format_of(file: Path) -> DatasetFormat:
    from featkit.table.delimited import open_text

    with open_text(file) as stream:
        lines = [line.rstrip("\r\n") for line in islice(stream, N_HEAD_LINES)] or [""]
    for dataset_format in DATASET_FORMATS.values():
        if dataset_format.matches(lines):
            return dataset_format
    formats = "; ".join(f"{name} ({item.title})" for name, item in DATASET_FORMATS.items())
    raise TableError(
        f"{file}: line 1: {lines[0][:80]!r} is not the header of a manifest; known formats:"
        f" {formats}"
    )


def _recordings(entries: Iterable[ManifestEntry], root: str) -> list[Recording]:
    """One recording for each path; intervals of the same path are its annotations."""
    first: dict[str, ManifestEntry] = {}
    annotations: dict[str, list[Annotation]] = {}
    for entry in entries:
        if not entry.path:
            raise TableError(f"{entry.location}: path: empty: write the file of the recording")
        name = posixpath.normpath(shown(entry.path))
        if name in first and entry.start is None:
            raise TableError(
                f"{entry.location}: path: duplicate {shown(entry.path)!r}, first in"
                f" {first[name].location}: for several rows of one file, add columns start and end"
            )
        first.setdefault(name, entry)
        if entry.start is not None:
            annotations.setdefault(name, []).append(_annotation(entry, entry.start))
    recordings = []
    for name, entry in first.items():
        items = annotations.get(name)
        try:
            file, path = _file_and_path(root, entry.path)
        except ParameterError as error:
            raise TableError(f"{entry.location}: path: {error}") from None
        recordings.append(
            recording_at(
                file,
                path,
                fields=entry.fields if items is None else {},
                root=root,
                annotations=None if items is None else tuple(items),
            )
        )
    return with_recording_fields(recordings)


def _file_and_path(root: str, path: str) -> tuple[str, str]:
    """The file of a path of a manifest, and its path in a table."""
    if is_url(path):  # below the root, or anywhere else; signatures do not belong in a table
        return absolute_url(check_url(path)), shown(path).removeprefix(
            f"{shown(root).rstrip('/')}/"
        )
    if is_url(root):
        return join_url(root, as_name(path)), path
    return os.fspath(Path(root) / as_name(path)), path


def _annotation(entry: ManifestEntry, start: float) -> Annotation:
    return Annotation(
        start=start,
        end=math.inf if entry.end is None else entry.end,
        low_hz=entry.low_hz,
        high_hz=entry.high_hz,
        fields=entry.fields,
        location=entry.location,
    )
