"""Read files, wherever they are, through a copy on this machine."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

from featkit.errors import FeatkitError, StoreError
from featkit.storage.urls import is_url, name_of, shown

T = TypeVar("T")

BLOCK_BYTES = 2**16
"""Bytes that a store sends at a time if parts of a file are read."""

NAME_BYTES = 200
"""Bytes of the name of a copy; the names of objects may be longer than those of files."""

_kept: dict[str, Path] = {}
"""Copies by URL, within `kept_copies`."""

_keeping: list[ExitStack] = []
"""Removes them at the end of `kept_copies`."""


class StoredState(NamedTuple):
    """State of a file in a store.

    Attributes
    ----------
    stamp : str
        Size and version, which changes with the content; "" if the store does not say.
    is_settled : bool
        Whether the stamp would differ after a further change.
    """

    stamp: str
    is_settled: bool


@contextmanager
def kept_copies() -> Iterator[None]:
    """Keep copies of files until the end, so that a command fetches a table once.

    Yields
    ------
    None
    """
    if _keeping:
        yield
        return
    with ExitStack() as folders:
        _keeping.append(folders)
        try:
            yield
        finally:
            _keeping.clear()
            _kept.clear()


@contextmanager
def local_copy(
    path: str | os.PathLike[str], *, max_bytes: int | None = None, keep: bool = True
) -> Iterator[Path]:
    """Give a file of this machine as it is, and a file of a store as a temporary copy.

    Parameters
    ----------
    path : path or URL
        The file.
    max_bytes : int, optional
        Size of the largest file of a store that is fetched.
    keep : bool
        Whether the copy may be kept by `kept_copies`.

    Yields
    ------
    Path
        A file on this machine with the same name; a copy is removed afterwards, or at the end of
        `kept_copies`. Errors of featkit that name the copy name the URL instead.

    Raises
    ------
    StoreError
        If a file of a store cannot be read, or is too large; for a file of this machine, whoever
        opens it fails.
    ParameterError
        If a URL contains a password, or its protocol is not installed.
    """
    if not is_url(path):
        yield Path(path)
        return
    url = os.fspath(path)
    with ExitStack() as own:
        keeps = keep and bool(_keeping)
        copy = _kept.get(url) or _copied(url, _keeping[0] if keeps else own, max_bytes)
        if keeps:
            _kept[url] = copy
        try:
            yield copy
        except FeatkitError as error:
            error.args = tuple(_renamed(argument, copy, url) for argument in error.args)
            raise


def _copied(url: str, folders: ExitStack, max_bytes: int | None) -> Path:

    from featkit.storage.scratch import scratch_folder

    def check(size: int) -> None:
        if max_bytes is not None and size > max_bytes:
            raise StoreError(
                errno.EFBIG, f"has {size:,} bytes, and at most {max_bytes:,} are read", shown(url)
            )

    copy = folders.enter_context(scratch_folder()) / copy_name(url)
    fetch(url, copy, check=check)
    return copy


def _renamed(argument: object, copy: Path, url: str) -> object:
    """An argument of an error with the name of a URL in place of that of its copy."""
    if isinstance(argument, str):
        return argument.replace(os.fspath(copy), shown(url))
    return argument


def copy_name(url: str) -> str:
    """Return the name of a copy of a file, with the same suffix.

    Parameters
    ----------
    url : str
        The file.

    Returns
    -------
    str
        Its name, shortened if it is too long for a file.
    """
    name = name_of(url).replace("\0", "") or "file"
    stem, suffix = os.path.splitext(name)
    room = NAME_BYTES - len(os.fsencode(suffix))
    while len(os.fsencode(stem)) > room > 0:
        stem = stem[:-1]
    return f"{stem}{suffix}" if room > 0 else "file"


def fetch(
    url: str, copy: Path, *, check: Callable[[int], None] | None = None, size: int | None = None
) -> None:
    """Copy a file of a store to this machine.

    Parameters
    ----------
    url : str
        The file.
    copy : Path
        The file to write.
    check : callable, optional
        ``check(size)`` is called again and again with the bytes that are needed as far as known;
        it may raise a `StoreError` to end the copy.
    size : int, optional
        Expected size of the file. A shorter copy is made again, unless the file became shorter.

    Raises
    ------
    StoreError
        If it cannot be read, or this machine has no room for it.
    """
    from featkit.storage._filesystem import Store, download, with_retries

    def copied(store: Store) -> None:
        download(store, url, os.fspath(copy), check or (lambda _: None))
        if not copy.is_file():  # fsspec makes a folder for a folder
            raise StoreError(errno.EISDIR, "is a folder, not a file", shown(url))
        arrived = copy.stat().st_size
        if size is not None and arrived < size == store.filesystem.info(store.path)["size"]:
            raise ConnectionError(errno.ECONNRESET, f"only {arrived} of {size} bytes arrived")

    with_retries(url, "read", copied)


def read_stream(path: str | os.PathLike[str], read: Callable[[IO[bytes]], T]) -> T:
    """Read parts of a file where it is; a store sends only these parts or, if it cannot, all of it.

    Parameters
    ----------
    path : path or URL
        The file.
    read : callable
        ``read(stream)`` reads from a binary file at its beginning, which can be searched. It is
        called again if a store fails.

    Returns
    -------
    object
        The result of `read`.

    Raises
    ------
    OSError
        If a file of this machine cannot be read.
    StoreError
        If a file of a store cannot.
    """
    if not is_url(path):
        with open(path, "rb") as stream:
            return read(stream)
    from featkit.storage._filesystem import Store, with_retries

    def opened(store: Store) -> T:
        with store.filesystem.open(store.path, "rb", block_size=BLOCK_BYTES) as stream:
            return read(stream)

    try:
        return with_retries(os.fspath(path), "read", opened)
    except StoreError as error:
        if error.errno in (errno.ENOENT, errno.EACCES, errno.EISDIR):
            raise
    with local_copy(path, keep=False) as copy, open(copy, "rb") as stream:  # without parts
        return read(stream)


def exists(path: str | os.PathLike[str]) -> bool:
    """Check whether there is a file or a folder of some name.

    Parameters
    ----------
    path : path or URL
        The name.

    Returns
    -------
    bool

    Raises
    ------
    StoreError
        If the store cannot be asked.
    """
    if not is_url(path):
        return os.path.exists(path)
    return _info(os.fspath(path)) is not None


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Check whether a name is that of a folder.

    Parameters
    ----------
    path : path or URL
        The name. In an object store, a beginning of the names of objects is a folder.

    Returns
    -------
    bool

    Raises
    ------
    StoreError
        If the store cannot be asked.
    """
    if not is_url(path):
        return os.path.isdir(path)
    info = _info(os.fspath(path))
    return info is not None and info["type"] == "directory"


def stored_state(url: str) -> StoredState | None:
    """Ask a store for the state of a file.

    Parameters
    ----------
    url : str
        The file.

    Returns
    -------
    StoredState or None
        None if there is no such file.

    Raises
    ------
    StoreError
        If the store cannot be asked.
    """
    from featkit.storage._stamps import is_settled, stamp_of

    info = _info(url)
    if info is None or info["type"] == "directory":
        return None
    return StoredState(stamp_of(info), is_settled(info))


def _info(url: str) -> dict[str, Any] | None:
    """Facts about a file or a folder from fsspec; None if there is none."""
    from featkit.storage._filesystem import with_retries

    try:
        return dict(with_retries(url, "find", lambda store: store.filesystem.info(store.path)))
    except StoreError as error:
        if error.errno == errno.ENOENT:
            return None
        raise
