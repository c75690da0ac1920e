"""List the files of folders in stores, page by page."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from featkit.errors import StoreError
from featkit.storage._filesystem import S3, Store, reopen, with_retries
from featkit.storage._stamps import stamp_of
from featkit.storage.urls import ARCHIVES, protocol_of

PAGE = 1000
"""Objects of a page: the most that S3 allows."""


class StoredFile(NamedTuple):
    """A file of a folder in a store.

    Attributes
    ----------
    path : str
        Its path below the folder, with ``/`` as separator.
    stamp : str
        Size and version, which changes with the content; "" if the store does not say.
    is_closed : bool
        Whether it is a folder that the user has no permission to list.
    """

    path: str
    stamp: str
    is_closed: bool = False


def list_files(url: str) -> Iterator[StoredFile]:
    """Yield the files of a folder, and of the folders in it.

    Parameters
    ----------
    url : str
        The folder.

    Yields
    ------
    StoredFile
        In the order of the store; each page is requested when the one before is used up.

    Raises
    ------
    StoreError
        If the store cannot be listed.
    """
    reopen(url)  # an archive may have been replaced
    if protocol_of(url) in S3:
        yield from _objects(url)
    elif protocol_of(url) in ARCHIVES:
        yield from with_retries(url, "list", _members)
    else:
        yield from _walk(url)


def _objects(url: str) -> Iterator[StoredFile]:
    """All objects whose names begin like the folder, a thousand at a time."""
    token = ""
    while True:
        page, folder, token = with_retries(url, "list", partial(_page, token=token))
        for entry in page:
            if not entry["Key"].endswith("/"):  # an empty object that stands for a folder
                yield StoredFile(entry["Key"][len(folder) :], stamp_of(entry))
        if not token:
            return


def _page(store: Store, token: str) -> tuple[list[dict[str, Any]], str, str]:
    """The objects of a page, the beginning of their names, and the token of the next page."""
    bucket, key, _ = store.filesystem.split_path(store.path)
    folder = f"{key.rstrip('/')}/" if key.strip("/") else ""
    options = {"Bucket": bucket, "Prefix": folder, "MaxKeys": PAGE}
    if token:
        options["ContinuationToken"] = token
    answer = store.filesystem.call_s3("list_objects_v2", **options)
    return answer.get("Contents", []), folder, answer.get("NextContinuationToken", "")


def _members(store: Store) -> list[StoredFile]:
    """The files of an archive, or of a folder in it; their names may contain ``..`` and ``//``."""
    folder = f"{store.path}/" if store.path else ""
    return [
        StoredFile(name.removeprefix(folder), stamp_of(entry))
        for name, entry in store.filesystem.find(store.path, detail=True).items()
        if name.startswith(folder)
    ]


def _walk(url: str) -> Iterator[StoredFile]:
    """The files of one folder after the other.

    Links to folders are not followed: nothing says where they lead, so loops would not end.
    """
    folders = [""]
    while folders:
        inner = folders.pop()
        try:
            entries = with_retries(url, "list", partial(_entries, inner=inner))
        except StoreError as error:
            if not inner or error.errno != errno.EACCES:
                raise
            yield StoredFile(inner.rstrip("/"), "", is_closed=True)
            continue
        for name, kind, stamp in entries:
            if kind == "directory":
                folders.append(f"{inner}{name}/")
            else:
                yield StoredFile(f"{inner}{name}", stamp)


def _entries(store: Store, inner: str) -> list[tuple[str, str, str]]:
    """Name, kind and stamp of the files of one folder."""
    path = f"{store.path.rstrip('/')}/{inner}".rstrip("/") or store.path
    entries = []
    for entry in store.filesystem.ls(path, detail=True):
        name = entry["name"].rstrip("/").rpartition("/")[2]
        if entry["type"] != "link":
            entries.append((name, entry["type"], stamp_of(entry)))
            continue
        try:
            target = store.filesystem.info(f"{path}/{name}")
        except FileNotFoundError:  # a broken link fails later, by name
            target = {"type": "file"}
        if target["type"] != "directory":
            entries.append((name, "file", stamp_of(target)))
    return entries
