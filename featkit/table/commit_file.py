"""Commit files of partitioned tables: which parts belong to the table.

The commit file ``_featkit.json`` lists name, rows, size and digest of each part. It is written
last: parts that it does not list are not part of the table.
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from featkit._utils.formatting import counted
from featkit.errors import TableError
from featkit.storage.folders import PART_FILE
from featkit.storage.reading import local_copy
from featkit.storage.urls import is_url, join_url, shown
from featkit.storage.writing import COMMIT_FILE

FORMAT_NAME = "featkit partitioned table"

FORMAT_VERSION = 1


class CommitError(TableError):
    """The content of a commit file is damaged, or has a newer format."""


@dataclass(frozen=True)
class Part:
    """A part file.

    Attributes
    ----------
    name : str
        Name of the file.
    rows : int
        Number of rows.
    size : int
        Size in bytes.
    sha256 : str
        Digest of the file, as hexadecimal digits.
    """

    name: str
    rows: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Commit:
    """The parts of a table, as the commit file lists them.

    Attributes
    ----------
    parts : tuple of Part
        The parts, in the order of their rows; at least one.
    """

    parts: tuple[Part, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(part.rows for part in self.parts)

    def encode(self) -> bytes:
        """Return the content of the commit file.

        Returns
        -------
        bytes
            JSON in UTF-8.
        """
        content = {
            "format": FORMAT_NAME,
            "version": FORMAT_VERSION,
            "rows": self.rows,
            "parts": [asdict(part) for part in self.parts],
        }
        return (json.dumps(content, indent=1) + "\n").encode()

    @classmethod
    def decode(cls, content: bytes) -> Commit:
        """Read the content of a commit file.

        Parameters
        ----------
        content : bytes
            See `encode`.

        Returns
        -------
        Commit

        Raises
        ------
        CommitError
            If it is damaged, or has a newer format.
        """
        try:
            data = json.loads(content)
            version = data["version"]
            is_newer = data["format"] == FORMAT_NAME and version > FORMAT_VERSION
        except (ValueError, TypeError, KeyError):
            raise CommitError("is damaged: it is not a list of parts") from None
        if is_newer:
            raise CommitError(
                f"has version {version} of the format, and this featkit reads version"
                f" {FORMAT_VERSION}: update featkit"
            )
        try:
            commit = cls(tuple(Part(**part) for part in data["parts"]))
            is_consistent = data["rows"] == commit.rows and commit.parts
            if not is_consistent or not all(map(_is_part, commit.parts)):
                raise ValueError
        except (ValueError, TypeError, KeyError):
            raise CommitError("is damaged: its list of parts is not consistent") from None
        return commit


def _is_part(part: Part) -> bool:
    return (
        PART_FILE.fullmatch(part.name) is not None
        and part.sha256[:16] in part.name
        and min(part.rows, part.size) >= 0
    )


def read_commit(folder: str | os.PathLike[str]) -> Commit | None:
    """Read the commit file of a folder.

    Parameters
    ----------
    folder : path
        The folder.

    Returns
    -------
    Commit or None
        None if there is no commit file.

    Raises
    ------
    TableError
        If it cannot be read, is damaged, or has a newer format.
    """
    file = file_in(folder, COMMIT_FILE)
    try:
        with local_copy(file) as copy:
            return Commit.decode(copy.read_bytes())
    except OSError as error:
        if error.errno == errno.ENOENT:
            return None
        raise TableError(f"{shown(file)}: cannot read it: {error.strerror or error}") from None
    except CommitError as error:
        raise TableError(f"{shown(file)}: {error}") from None


def file_in(folder: str | os.PathLike[str], name: str) -> str:
    """Return the name of a file in a folder.

    Parameters
    ----------
    folder : path or URL
        The folder.
    name : str
        Name within it.

    Returns
    -------
    str
    """
    path = os.fspath(folder)
    return join_url(path, name) if is_url(path) else os.path.join(path, name)


def check_parts(folder: Path, commit: Commit) -> None:
    """Check that a folder holds the parts of its commit file, and no others.

    Parameters
    ----------
    folder : Path
        The folder.
    commit : Commit
        Content of its commit file.

    Raises
    ------
    TableError
        With the name of the first file that is missing, has another size, or is not listed.
    """
    try:
        sizes = {name: (folder / name).stat().st_size for name in visible_names(folder)}
    except FileNotFoundError as error:  # it is replaced at this moment
        raise TableError(f"{error.filename}: no such file") from None
    listed = {part.name for part in commit.parts}
    for part in commit.parts:
        file, size = folder / part.name, sizes.get(part.name)
        if size is None:
            raise TableError(
                f"{file}: is missing, with {counted(part.rows, 'row')} of the table: restore it, or"
                " write the table again"
            )
        if size != part.size:
            raise TableError(
                f"{file}: is damaged: it has {size:,} bytes instead of {part.size:,}: restore it,"
                " or write the table again"
            )
    for name in sizes:
        if name not in listed:
            raise TableError(
                f"{folder / name}: is not part of the table, but other programs would read it: move"
                " it to another folder"
            )


def visible_names(folder: str | os.PathLike[str]) -> list[str]:
    """Names in a folder that readers of Parquet folders do not ignore, sorted.

    Parameters
    ----------
    folder : path
        The folder.

    Returns
    -------
    list of str
        Names that do not begin with ``_`` or ``.``.
    """
    return sorted(name for name in os.listdir(folder) if not name.startswith(("_", ".")))
