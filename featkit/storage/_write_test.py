"""A test whether a file of a store can be written, which leaves nothing behind.

On S3, an upload in parts is begun and given up at once: that needs the permission to write only,
and creates no object, and no version of one. Elsewhere an empty file is written next to the file,
and removed.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from featkit.errors import ParameterError, StoreError
from featkit.storage._filesystem import S3, SSH, Store, with_retries
from featkit.storage.urls import join_url, protocol_of, shown


def check_write_access(url: str) -> None:
    """Check that a file can be written.

    Raises
    ------
    ParameterError
        If there is no such bucket or folder, no permission, or the file is a folder.
    """
    protocol = protocol_of(url)

    def test(store: Store) -> None:
        if protocol in S3:
            _begin_upload(store)
            return
        folder, slash, name = store.path.rpartition("/")
        # isdir() of fsspec reports a lost connection as a missing folder.
        if protocol in SSH and store.filesystem.info(folder or "/")["type"] != "directory":
            raise FileNotFoundError(folder)
        scratch = f"{folder}{slash}.{name}.{os.getpid()}.part"
        store.filesystem.pipe_file(scratch, b"")
        with suppress(FileNotFoundError):
            store.filesystem.rm_file(scratch)

    try:
        with_retries(url, "write", test)
        is_folder = protocol in SSH and with_retries(url, "find", _is_folder)
    except StoreError as error:
        raise ParameterError(write_problem(error, url)) from None
    if is_folder:
        raise ParameterError(f"{shown(url)}: is a folder, not a file to write")


def _begin_upload(store: Store) -> None:
    bucket, key, _ = store.filesystem.split_path(store.path)
    place = {"Bucket": bucket, "Key": key}
    upload = store.filesystem.call_s3("create_multipart_upload", **place)
    # A request whose answer was lost is repeated, and finds nothing any more.
    with suppress(FileNotFoundError):
        store.filesystem.call_s3("abort_multipart_upload", **place, UploadId=upload["UploadId"])


def _is_folder(store: Store) -> bool:
    try:
        return bool(store.filesystem.info(store.path)["type"] == "directory")
    except FileNotFoundError:
        return False


def write_problem(error: StoreError, url: str) -> str:
    """The message of an error of writing: a missing file is a missing bucket or folder."""
    if error.errno != errno.ENOENT:
        return str(error)
    kind = "folder" if protocol_of(url) in SSH else "bucket"
    folder = join_url(url, "..") if kind == "folder" else "/".join(url.split("/")[:3])
    return f"{shown(url)}: cannot write it: there is no {kind} {shown(folder)}"
