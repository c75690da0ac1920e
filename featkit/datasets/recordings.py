"""What recordings there are, and what is known about them: label, group, split, fold and the rest.

It comes from the folder that a file lies in, from its name, from a manifest, or from the index that
a dataset was published with. All of it is text, and two sources never give the same field.

A format of manifests is a module here that exports one `FORMAT`; a name with an underscore before
it is none. To add a published dataset, write that module: no list names it, and the contract tests
run over it as they run over all others.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from featkit._utils.parameters import unknown
from featkit._utils.registry import Registry, exported
from featkit.datasets._mirdata import read_mirdata
from featkit.datasets._name_patterns import name_fields
from featkit.datasets.files import Recording, as_name, find, folder_labels, label_level
from featkit.datasets.skipped_files import LeftOut
from featkit.errors import ParameterError, TableError
from featkit.table.delimited import opened

MIRDATA = "mirdata:"

HEAD = 3
"""Lines by which a format is known."""

SHOWN_VALUES = 12


@dataclass(frozen=True)
class Entry:
    """A row of a manifest.

    Attributes
    ----------
    where : str
        File and line, for an error.
    path : str
        The recording, relative to the folder of the sound, with ``/`` between its parts.
    about : mapping of str to str
        What is known about it.
    """

    where: str
    path: str
    about: Mapping[str, str]


def own_folder(file: Path) -> Path:
    """The folder that a manifest lies in."""
    return file.parent


@dataclass(frozen=True, kw_only=True)
class Format:
    """A kind of manifest.

    Attributes
    ----------
    name : str
        Name of the format and of its module.
    title : str
        What it is and how its header looks, for a person whose file is of no format.
    example : str
        The first lines of such a file.
    matches : callable
        ``matches(lines)``: whether a file with these first lines is one.
    read : callable
        ``read(file)``: its entries. `TableError` names file, line and field of what is wrong.
    root : callable
        ``root(file)``: the folder that its paths are relative to, if the user names none.
    """

    name: str
    title: str
    example: str
    matches: Callable[[Sequence[str]], bool]
    read: Callable[[Path], Iterable[Entry]]
    root: Callable[[Path], Path] = own_folder


FORMATS = Registry(
    "format of manifests",
    "featkit.datasets.formats",
    exported("featkit.datasets.formats", "FORMAT", Format),
)
"""All formats by name, in alphabetical order."""


def recordings(
    inputs: Sequence[str | os.PathLike[str]],
    *,
    labels: str | None = None,
    name_pattern: str | None = None,
    manifest: str | os.PathLike[str] | None = None,
    where: Mapping[str, str | Sequence[str]] | None = None,
    left_out: LeftOut | None = None,
) -> list[Recording]:
    """The recordings that are meant, with what is known about them: the same fields for each.

    Parameters
    ----------
    inputs : sequence of paths
        Files and folders; with a manifest none, or the folder that its paths are relative to.
    labels : str, optional
        ``"folder"`` if the name of the folder that a file lies in is its label; ``"folder:2"`` if
        that of the folder above it is, and so on. See `featkit.datasets.files.folder_labels`.
    name_pattern : str, optional
        Pattern of the names of files and folders. See `with_name_fields`.
    manifest : path or str, optional
        A file for `read_manifest`, or ``"mirdata:"`` and a name for `read_mirdata`.
    where : mapping of str to str or sequence of str, optional
        Fields and the values that they may have: other recordings are left out.
    left_out : LeftOut, optional
        To which the files in the folders that are no sound are added.

    Raises
    ------
    ParameterError
        If there is no recording, two sources give the same field, or a name does not fit.
    TableError
        If the manifest is wrong; it names file, line and field.
    """
    if manifest is None:
        found = find(inputs, labels=labels, left_out=left_out)
    else:
        found = _listed(os.fspath(manifest), inputs, labels)
    if name_pattern is not None:
        found = with_name_fields(found, name_pattern)
    found = _where(_unified(found), where)
    if manifest is not None and not any(os.path.exists(each.file) for each in found):
        raise ParameterError(
            f"{os.fspath(manifest)}: none of its {len(found)} recordings is there, the first would"
            f" be {found[0].file}: give the folder that its paths are relative to"
        )
    return found


def read_manifest(
    path: str | os.PathLike[str],
    root: str | os.PathLike[str] | None = None,
    where: Mapping[str, str | Sequence[str]] | None = None,
) -> list[Recording]:
    """The recordings that a manifest lists, whether their files are there or not.

    Parameters
    ----------
    path : path
        A CSV file with a column ``path``, or the index of a published dataset: its header tells
        which. See `formats`.
    root : path, optional
        Folder that its paths are relative to. Left out, the manifest's own, or where the dataset
        has its sound beside it.
    where : mapping of str to str or sequence of str, optional
        Columns and the values that they may have: other recordings are left out.

    Raises
    ------
    ParameterError
        If `where` names a column or a value that there is not.
    TableError
        If it cannot be read, is of no format, or a row is wrong; it names file, line and field.
    """
    file = Path(path)
    kind = _format_of(file)
    # Absolute, because workers of an earlier call may have another working directory.
    folder = (kind.root(file) if root is None else Path(root)).absolute()
    found = list(_files(kind.read(file), folder))
    if not found:
        raise TableError(f"{file}: lists no recording: there is no row below its header")
    return _where(_unified(found), where)


def with_name_fields(recordings: Sequence[Recording], pattern: str) -> list[Recording]:
    """Recordings with what stands in their names.

    Parameters
    ----------
    recordings : sequence of Recording
        Their names are taken without the last ending.
    pattern : str
        The whole name, with ``{field}`` for each part that is told; a field is a Python identifier
        and stands for one character or more, but no ``/``. Names of folders stand before it, each
        with a ``/`` behind it, and are held to the end of the path; a pattern that ends in ``/`` is
        of folders alone. See `featkit.datasets.files.folders_above` for which folders count.

    Raises
    ------
    ParameterError
        If the pattern is none, a file lies not deep enough, a name does not fit or can be read in
        two ways, or a field is known already.

    Examples
    --------
    >>> (told,) = with_name_fields([Recording("x/3_ann.wav", "3_ann.wav")], "{label}_{speaker}")
    >>> told.about
    {'label': '3', 'speaker': 'ann'}
    >>> take = Recording("x/ann/calm/1.wav", "ann/calm/1.wav")
    >>> with_name_fields([take], "{speaker}/{label}/{take}")[0].about
    {'speaker': 'ann', 'label': 'calm', 'take': '1'}
    >>> with_name_fields([take], "{label}/")[0].about
    {'label': 'calm'}
    """
    fields = name_fields(pattern, recordings)
    return _told(recordings, fields, "the name pattern")


def _told(
    recordings: Iterable[Recording], fields: Iterable[Mapping[str, str]], source: str
) -> list[Recording]:
    told = []
    for recording, more in zip(recordings, fields, strict=True):
        for name in more:
            if name in recording.about:
                raise ParameterError(
                    f"{name}: {source} gives it, but it is known already"
                    f" ({recording.path}: {recording.about[name]!r}): leave one of the two out"
                )
        told.append(replace(recording, about={**recording.about, **more}))
    return told


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
            f"{os.fspath(root)}: no such folder: with a manifest, give its sound's"
        )
    if manifest.startswith(MIRDATA):
        found = read_mirdata(manifest.removeprefix(MIRDATA), root)
    else:
        found = read_manifest(manifest, root)
    if level is None:
        return found
    folders = [{"label": label} for label in folder_labels(found, level)]
    return _told(found, folders, "the folder")


def _format_of(file: Path) -> Format:
    with opened(file) as stream:
        lines = [line.rstrip("\r\n") for line in islice(stream, HEAD)] or [""]
    for kind in FORMATS.values():
        if kind.matches(lines):
            return kind
    known = "; ".join(f"{kind.name} ({kind.title})" for kind in FORMATS.values())
    raise TableError(f"{file}: line 1: {lines[0][:80]!r} heads no manifest; known are: {known}")


def _files(entries: Iterable[Entry], root: Path) -> Iterator[Recording]:
    seen: dict[str, str] = {}
    within = os.fspath(root)
    for entry in entries:
        if not entry.path:
            raise TableError(f"{entry.where}: path: empty: write which file the row is of")
        name = posixpath.normpath(entry.path)
        if name in seen:
            raise TableError(f"{entry.where}: path: {entry.path!r} stands already in {seen[name]}")
        seen[name] = entry.where
        file = os.fspath(root / as_name(entry.path))
        yield Recording(file, entry.path, entry.about, within)


def _unified(recordings: Sequence[Recording]) -> list[Recording]:
    names = dict.fromkeys(name for each in recordings for name in each.about)
    return [
        replace(each, about={name: each.about.get(name, "") for name in names})
        for each in recordings
    ]


def _where(
    recordings: list[Recording], where: Mapping[str, str | Sequence[str]] | None
) -> list[Recording]:
    kept = recordings
    for name, given in (where or {}).items():
        if name not in recordings[0].about:
            raise ParameterError(f"where: {unknown('column', name, recordings[0].about)}")
        allowed = [given] if isinstance(given, str) else [str(value) for value in given]
        _check_values(name, allowed, [each.about[name] for each in recordings])
        kept = [each for each in kept if each.about[name] in allowed]
    if not kept:
        raise ParameterError(f"where: no recording has all of {dict(where or {})}")
    return kept


def _check_values(name: str, allowed: Iterable[str], there: Iterable[str]) -> None:
    values = sorted(set(there))
    for value in allowed:
        if value not in values:
            shown = [*values[:SHOWN_VALUES], *(["…"] if len(values) > SHOWN_VALUES else [])]
            raise ParameterError(f"where: {unknown(f'{name} =', value, shown)}")
