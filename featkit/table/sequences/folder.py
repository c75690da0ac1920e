"""The folder of a set of sequences: its files, and the commit file that lists them.

The folder holds

- ``index.parquet``: the rows, with the keys and quality columns of a feature table, and the true
  frames of each kind in a column such as ``mel_frames``. The provenance is in its metadata;
- ``<kind>.npy``: one array ``(rows, channels, frames)`` for each kind, float32 or float16;
- ``_featkit.json``: the commit file, which is written last. A folder without it is not complete.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from featkit.errors import ParameterError, TableError
from featkit.storage.folders import check_folder_writable, existing_folder
from featkit.storage.urls import is_url, shown, suffix_of
from featkit.storage.writing import COMMIT_FILE

FORMAT_NAME = "featkit sequences"

FORMAT_VERSION = 1

INDEX_FILE = "index.parquet"

KIND = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
"""Names of kinds; they are names of files, too: see `featkit.storage.folders.SEQUENCE_FILE`."""

DTYPES = ("float16", "float32")

FILE_SUFFIXES = (".parquet", ".csv", ".npy", ".npz")
"""Suffixes of files, which the name of a folder must not have."""


@dataclass(frozen=True)
class KindFile:
    """The array of one kind.

    Attributes
    ----------
    name : str
        Name of the kind; the file is ``<name>.npy``.
    channels, frames : int
        Shape of a row.
    dtype : str
        Type of the values, ``"float32"`` or ``"float16"``.
    """

    name: str
    channels: int
    frames: int
    dtype: str

    @property
    def file(self) -> str:
        """Name of the file."""
        return f"{self.name}.npy"

    @property
    def length_column(self) -> str:
        """Column of the index with the true frames of each row."""
        return f"{self.name}_frames"


@dataclass(frozen=True)
class SequenceCommit:
    """Content of the commit file.

    Attributes
    ----------
    rows : int
        Number of rows.
    index_sha256 : str
        Digest of the index, as hexadecimal digits.
    kinds : tuple of KindFile
        The kinds, in their order; at least one.
    """

    rows: int
    index_sha256: str
    kinds: tuple[KindFile, ...]

    def encode(self) -> bytes:
        """Return the content of the commit file.

        Returns
        -------
        bytes
            JSON in UTF-8.
        """
        content = {"format": FORMAT_NAME, "version": FORMAT_VERSION, **asdict(self)}
        return (json.dumps(content, indent=1) + "\n").encode()

    @classmethod
    def decode(cls, content: Any) -> SequenceCommit:
        """Read the content of a commit file.

        Parameters
        ----------
        content : object
            The parsed JSON.

        Returns
        -------
        SequenceCommit

        Raises
        ------
        TableError
            If it is damaged, or has a newer format.
        """
        version = content.get("version")
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise TableError(
                f"has version {version} of the format, and this featkit reads version"
                f" {FORMAT_VERSION}: update featkit"
            )
        try:
            kinds = tuple(KindFile(**kind) for kind in content["kinds"])
            commit = cls(content["rows"], content["index_sha256"], kinds)
            if not _is_consistent(commit):
                raise ValueError
        except (ValueError, TypeError, KeyError):
            raise TableError("is damaged: its list of files is not consistent") from None
        return commit


def _is_consistent(commit: SequenceCommit) -> bool:
    sizes = [commit.rows, *(size for kind in commit.kinds for size in (kind.channels, kind.frames))]
    names = [kind.name for kind in commit.kinds]
    return (
        all(type(size) is int and size >= 0 for size in sizes)
        and bool(names)
        and len({*names}) == len(names)
        and all(KIND.fullmatch(name) for name in names)
        and all(kind.dtype in DTYPES for kind in commit.kinds)
        and isinstance(commit.index_sha256, str)
    )


def _content(folder: Path) -> Any:
    """Parsed commit file of a folder, or None if there is none, or it is not that of sequences."""
    try:
        content = json.loads((folder / COMMIT_FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    is_own = isinstance(content, dict) and content.get("format") == FORMAT_NAME
    return content if is_own else None


def is_sequence_folder(path: str | os.PathLike[str]) -> bool:
    """Check whether a folder holds sequences that featkit wrote.

    Parameters
    ----------
    path : path
        The folder, which need not exist. A URL is none: sequences are mapped into memory.

    Returns
    -------
    bool
    """
    folder = None if is_url(path) else existing_folder(path)
    return folder is not None and _content(folder) is not None


def read_sequence_commit(path: str | os.PathLike[str]) -> tuple[Path, SequenceCommit]:
    """Read the commit file of a folder of sequences.

    Parameters
    ----------
    path : path
        The folder.

    Returns
    -------
    folder : Path
        The existing folder.
    commit : SequenceCommit

    Raises
    ------
    TableError
        If it is no such folder, or its commit file is damaged or newer.
    """
    if is_url(path):
        raise TableError(
            f"{shown(path)}: sequences are mapped into memory, so they must be in a local folder:"
            " copy the folder to this machine"
        )
    folder = existing_folder(path)
    if folder is None:
        problem = "is a file, not a folder of sequences" if os.path.exists(path) else "no such file"
        raise TableError(f"{os.fspath(path)}: {problem}")
    content = _content(folder)
    if content is None:
        raise TableError(
            f"{os.fspath(path)}: not a folder of sequences that `featkit sequences` wrote"
            f" completely: it has no valid {COMMIT_FILE}"
        )
    try:
        return folder, SequenceCommit.decode(content)
    except TableError as error:
        raise TableError(f"{folder / COMMIT_FILE}: {error}") from None


def own_files(path: str | os.PathLike[str]) -> re.Pattern[str]:
    """Return the names of the files that a new set of sequences in a folder may replace.

    Parameters
    ----------
    path : path
        The folder, which need not exist.

    Returns
    -------
    re.Pattern
        Besides the commit file. Arrays of others are not among them.
    """
    names = [INDEX_FILE]
    if is_sequence_folder(path):
        names += [kind.file for kind in read_sequence_commit(path)[1].kinds]
    return re.compile("|".join(map(re.escape, names)))


def check_sequence_target(path: str | os.PathLike[str]) -> None:
    """Check that sequences can be written to a folder, before any work is done.

    Parameters
    ----------
    path : path
        The folder, which need not exist.

    Raises
    ------
    ParameterError
        As for `featkit.storage.folders.check_folder_writable`; also for a URL, and for the name of
        a file.
    TableError
        If the folder holds sequences whose commit file is damaged.
    """
    if is_url(path):
        raise ParameterError(
            f"{shown(path)}: sequences are mapped into memory, so they are written to a local"
            " folder: name one"
        )
    if (suffix := suffix_of(path)) in FILE_SUFFIXES:
        raise ParameterError(
            f"{os.fspath(path)}: sequences are written to a folder, whose name must not end in"
            f" {suffix}"
        )
    check_folder_writable(path, own_files(path))
