"""Select recordings, with their label, group, split, fold and other fields.

Fields come from the folder of a file, from its name, from a manifest, or from the index of a
published dataset. All fields are text, and no field may come from two sources.

A dataset format is one module in `featkit.datasets.formats` that exports a `DatasetFormat` as
``FORMAT``. To support another published dataset, add such a module; it is found without a list,
and the tests of all formats run on it, too.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from featkit._utils.parameters import unknown
from featkit._utils.registry import module_registry
from featkit.datasets._mirdata import read_mirdata
from featkit.datasets._name_patterns import name_fields
from featkit.datasets.files import Recording, as_name, find, folder_labels, label_level
from featkit.datasets.skipped_files import SkippedFiles
from featkit.errors import ParameterError, TableError
from featkit.table.delimited import open_text

MIRDATA_PREFIX = "mirdata:"

N_HEAD_LINES = 3
"""Number of first lines by which a format is recognised."""

MAX_SHOWN_VALUES = 12


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
        Metadata of the recording.
    """

    location: str
    path: str
    fields: Mapping[str, str]


def manifest_folder(file: Path) -> Path:
    """The default folder of the audio: the one that contains the manifest.

    Parameters
    ----------
    file : Path
        The manifest.

    Returns
    -------
    Path
        The folder.
    """
    return file.parent


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
    root : callable
        ``root(file)``: the folder that paths are relative to, unless the user gives one.
    """

    name: str
    title: str
    example: str
    matches: Callable[[Sequence[str]], bool]
    read: Callable[[Path], Iterable[ManifestEntry]]
    root: Callable[[Path], Path] = manifest_folder


DATASET_FORMATS = module_registry(
    "dataset format", "featkit.datasets.formats", "FORMAT", DatasetFormat
)
"""All dataset formats by name, in alphabetical order."""


def recordings(
    inputs: Sequence[str | os.PathLike[str]],
    *,
    labels: str | None = None,
    name_pattern: str | None = None,
    manifest: str | os.PathLike[str] | None = None,
    where: Mapping[str, str | Sequence[str]] | None = None,
    skipped: SkippedFiles | None = None,
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
    manifest : path or str, optional
        A file for `read_manifest`, or ``"mirdata:"`` and a name for `read_mirdata`.
    where : mapping of str to str or sequence of str, optional
        Fields with their allowed values; other recordings are dropped.
    skipped : SkippedFiles, optional
        Counts the files in the folders that are not audio.

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
    selected = _filter(_with_same_fields(selected), where)
    if manifest is not None and not any(os.path.exists(r.file) for r in selected):
        raise ParameterError(
            f"{os.fspath(manifest)}: none of its {len(selected)} recordings exists, such as"
            f" {selected[0].file}: give the folder that its paths are relative to"
        )
    return selected


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
        Columns with their allowed values; other recordings are dropped.

    Returns
    -------
    list of Recording
        The recordings in the order of the manifest.

    Raises
    ------
    ParameterError
        If `where` names a column or a value that does not exist.
    TableError
        If the file cannot be read, has no known format, or a row is invalid; the message names
        file, line and field.
    """
    file = Path(path)
    dataset_format = _format_of(file)
    # Absolute, because workers of an earlier call may have another working directory.
    folder = (dataset_format.root(file) if root is None else Path(root)).absolute()
    listed = list(_recordings(dataset_format.read(file), folder))
    if not listed:
        raise TableError(f"{file}: lists no recordings: there are no rows below the header")
    return _filter(_with_same_fields(listed), where)


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
    >>> (digit,) = with_name_fields([Recording("x/3_ann.wav", "3_ann.wav")], "{label}_{speaker}")
    >>> digit.fields
    {'label': '3', 'speaker': 'ann'}
    >>> take = Recording("x/ann/calm/1.wav", "ann/calm/1.wav")
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
        for name in new_fields:
            if name in recording.fields:
                raise ParameterError(
                    f"duplicate field {name!r}: {source} gives it, but {recording.path} has it"
                    f" already, as {recording.fields[name]!r}: drop one of the two"
                )
        extended.append(replace(recording, fields={**recording.fields, **new_fields}))
    return extended


def _listed(
    manifest: str, inputs: Sequence[str | os.PathLike[str]], labels: str | None
) -> list[Recording]:
    if len(inputs) > 1:
        raise ParameterError(
            "with a manifest, give one folder at most: the one that its paths are relative to"
        )
    level = label_level(labels)
    root = inputs[0] if inputs else None
    if root is not None and not os.path.isdir(root):
        raise ParameterError(
            f"{os.fspath(root)}: no such folder: with a manifest, give the folder of its audio"
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


def _recordings(entries: Iterable[ManifestEntry], root: Path) -> Iterator[Recording]:
    locations: dict[str, str] = {}
    for entry in entries:
        if not entry.path:
            raise TableError(f"{entry.location}: path: empty: write the file of the recording")
        name = posixpath.normpath(entry.path)
        if name in locations:
            raise TableError(
                f"{entry.location}: path: duplicate {entry.path!r}, first in {locations[name]}"
            )
        locations[name] = entry.location
        file = os.fspath(root / as_name(entry.path))
        yield Recording(file, entry.path, entry.fields, os.fspath(root))


def _with_same_fields(recordings: Sequence[Recording]) -> list[Recording]:
    names = dict.fromkeys(name for recording in recordings for name in recording.fields)
    return [
        replace(recording, fields={name: recording.fields.get(name, "") for name in names})
        for recording in recordings
    ]


def _filter(
    recordings: list[Recording], where: Mapping[str, str | Sequence[str]] | None
) -> list[Recording]:
    kept = recordings
    for name, given in (where or {}).items():
        if name not in recordings[0].fields:
            raise ParameterError(f"where: {unknown('column', name, recordings[0].fields)}")
        allowed = [given] if isinstance(given, str) else [str(value) for value in given]
        values = sorted({recording.fields[name] for recording in recordings})
        for value in allowed:
            if value not in values:
                shown = [*values[:MAX_SHOWN_VALUES], *["…"] * (len(values) > MAX_SHOWN_VALUES)]
                raise ParameterError(f"where: {unknown(f'{name} =', value, shown)}")
        kept = [recording for recording in kept if recording.fields[name] in allowed]
    if not kept:
        raise ParameterError(f"where: no recording matches all of {dict(where or {})}")
    return kept
