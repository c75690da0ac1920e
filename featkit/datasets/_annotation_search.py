"""Search for annotation files, and recognition of their formats."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from featkit._utils.formatting import counted
from featkit.audio.decoding.formats import FORMATS
from featkit.datasets.annotation_format import ANNOTATION_FORMATS, N_HEAD_LINES, AnnotationFormat
from featkit.datasets.files import as_text
from featkit.errors import ParameterError, StoreError, TableError
from featkit.storage.names import canonical_name
from featkit.storage.reading import exists, is_folder, local_copy
from featkit.storage.urls import is_url, join_url, name_of, shown

HEAD_BYTES = 2**16
"""Bytes by which the format of a file is recognised."""

MAX_SHOWN = 3
"""Files that a remark names."""


@dataclass
class AnnotationLog:
    """What was read, for remarks and checks.

    Attributes
    ----------
    files : list of str
        The annotation files.
    remarks : list of str
        What was left out, one sentence each.
    """

    files: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


class AnnotationFile(NamedTuple):
    """An annotation file.

    Attributes
    ----------
    path : Path, or str for a file of a store
        The file.
    relative : str
        Its path relative to the folder that the user gives.
    format : AnnotationFormat
        Its format.
    """

    path: Path | str
    relative: str
    format: AnnotationFormat


def find_annotation_files(
    paths: Sequence[str | os.PathLike[str]], log: AnnotationLog
) -> list[AnnotationFile]:
    """Find annotation files, and recognise their formats.

    Parameters
    ----------
    paths : sequence of paths
        Annotation files, and folders, which are searched at every depth.
    log : AnnotationLog
        Receives the names of the files, and a remark on files of other formats in folders.

    Returns
    -------
    list of AnnotationFile
        Each file once.

    Raises
    ------
    ParameterError
        If a path does not exist, or there are no annotation files.
    TableError
        If a file that is given itself has no known format, or a file cannot be read.
    """
    if not paths:
        raise ParameterError("annotations: empty: give annotation files, or a folder of them")
    files: dict[str, AnnotationFile] = {}
    unknown: list[str] = []
    for given in paths:
        if not isinstance(given, str | os.PathLike):
            raise ParameterError(
                f"annotations must be paths of files and folders, got {type(given).__name__}"
            )
        for file, relative, in_folder in _candidates(os.fspath(given)):
            lines = _first_lines(file)
            annotation_format = _format_of(lines)
            if annotation_format is not None:
                entry = AnnotationFile(file, relative, annotation_format)
                files.setdefault(_identity(file), entry)
            elif in_folder:
                unknown.append(shown(file))
            else:
                raise TableError(_unknown_format(shown(file), lines))
    if not files:
        skipped = f"; its files, such as {unknown[0]}, have other formats" if unknown else ""
        raise ParameterError(
            f"annotations: no annotation files in {first_names(paths)}{skipped}; {_known_formats()}"
        )
    if unknown:
        log.remarks.append(
            f"{counted(len(unknown), 'file')} in the folders of annotations not in a known format:"
            f" {first_names(unknown)}"
        )
    log.files = [os.fspath(file.path) for file in files.values()]
    return list(files.values())


def _candidates(top: str) -> Iterator[tuple[Path | str, str, bool]]:
    """Yield files that may hold annotations, their relative paths, and whether they were found."""
    try:
        if not exists(top):
            raise ParameterError(f"annotations: no such file or folder: {shown(top)}")
        in_folder = is_folder(top)
        if is_url(top):
            names = _search_store(top) if in_folder else [name_of(top)]
            yield from ((join_url(top, n) if in_folder else top, n, in_folder) for n in names)
            return
    except StoreError as error:
        raise ParameterError(f"annotations: {error}") from None
    folder = top if in_folder else os.path.dirname(top) or os.curdir
    for name in _search(top) if in_folder else [top]:
        yield Path(name), as_text(os.path.relpath(name, folder)), in_folder


def _search_store(top: str) -> list[str]:
    """Paths of the files of a folder of a store, in the order of `_search`."""
    from featkit.storage.listing import list_files

    paths = []
    for file in list_files(top):
        *folders, name = file.path.split("/")
        suffix = os.path.splitext(name)[1].lstrip(".").lower()
        if suffix not in FORMATS and not any(one.startswith(".") for one in (*folders, name)):
            paths.append(([*((1, folder) for folder in folders), (0, name)], file.path))
    return [path for _, path in sorted(paths)]


def _identity(file: Path | str) -> str:
    return canonical_name(file) if is_url(file) else os.path.realpath(file)


def _search(top: str) -> Iterator[str]:
    """Files of a folder at every depth that are neither hidden nor audio by their suffix."""

    def fail(error: OSError) -> None:
        raise ParameterError(
            f"annotations: cannot search {error.filename}: {error.strerror}"
        ) from error

    for folder, folders, names in os.walk(top, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            suffix = os.path.splitext(name)[1].lstrip(".").lower()
            path = os.path.join(folder, name)
            if not name.startswith(".") and suffix not in FORMATS and os.path.isfile(path):
                yield path


def _first_lines(file: Path | str) -> list[str] | None:
    """The first lines of a file that are not blank; None if it is empty."""
    try:
        with local_copy(file) as copy:
            if not copy.is_file():
                raise TableError(f"{shown(file)}: not a file")
            with open(copy, "rb") as stream:
                head = stream.read(HEAD_BYTES)
    except OSError as error:
        raise TableError(f"{shown(file)}: cannot be read: {error.strerror}") from None
    if not head:
        return None
    is_utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = head.decode("utf-16" if is_utf16 else "utf-8-sig", "replace")
    lines = [line for line in text.splitlines() if line.strip()]
    if len(head) == HEAD_BYTES and len(lines) > 1:
        lines.pop()  # it may be cut off
    return lines[:N_HEAD_LINES]


def _format_of(lines: list[str] | None) -> AnnotationFormat | None:
    """Format of a file with these first lines."""
    formats = ANNOTATION_FORMATS.values() if lines else ()
    return next((item for item in formats if item.matches(lines or [])), None)


def _unknown_format(name: str, lines: list[str] | None) -> str:
    if lines is None:
        return f"{name}: empty: a file of annotations is needed"
    return f"{name}: not in a known format of annotations; {_known_formats()}"


def _known_formats() -> str:
    formats = (f"{name} ({item.title})" for name, item in ANNOTATION_FORMATS.items())
    return f"known formats: {'; '.join(formats)}"


def first_names(names: Iterable[object]) -> str:
    """Name the first things of a list, for a message.

    Parameters
    ----------
    names : iterable of str or path
        The names.

    Returns
    -------
    str
        The names, and how many are not shown.

    Examples
    --------
    >>> first_names(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    texts = [shown(name if isinstance(name, os.PathLike) else str(name)) for name in names]
    more = f" and {len(texts) - MAX_SHOWN} more" if len(texts) > MAX_SHOWN else ""
    return ", ".join(texts[:MAX_SHOWN]) + more
