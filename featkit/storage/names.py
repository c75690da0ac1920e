"""Names of files here and in stores: one spelling for all names of a file, parts, and joining."""

from __future__ import annotations

import os
import posixpath
from urllib.parse import unquote

from featkit.storage.urls import WEB, is_url, join_url, name_of, protocol_of, split_archive

ALIASES = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "ssh": "sftp", "abfss": "abfs", "http": "https"}
"""Protocols that reach the same file as another one."""

PORTS = {"sftp": ":22", "ssh": ":22", "http": ":80", "https": ":443"}
"""Usual ports of the protocols whose names begin with a host, in any case, after a user if any."""


def canonical_name(path: str | os.PathLike[str]) -> str:
    """Return one spelling for all names of a file.

    Parameters
    ----------
    path : path or URL
        The file, which need not exist.

    Returns
    -------
    str
        The absolute path, with the folder's symbolic links resolved; or a URL without user, query
        and default port, for comparisons only. Keys of object stores are not changed: they may
        contain ``..`` and ``//``.
    """
    text = os.fspath(path)
    if not is_url(text):
        folder, name = os.path.split(os.path.abspath(text))
        return os.path.join(os.path.realpath(folder), name)
    inner, archive = split_archive(text)
    protocol, rest = protocol_of(inner), inner.partition("://")[2]
    start = f"{ALIASES.get(protocol, protocol)}://"
    if archive:
        return f"{start}{_normal(rest)}::{canonical_name(archive)}"
    if protocol not in PORTS:
        return f"{start}{rest}"
    if protocol in WEB:
        rest = unquote(rest.partition("?")[0].partition("#")[0])
    host, _, below = rest.partition("/")
    host = host.rpartition("@")[2].lower().removesuffix(PORTS[protocol])
    return f"{start}{host}{_normal(below)}"


def _normal(path: str) -> str:
    return posixpath.normpath(f"/{path.lstrip('/')}")


def is_same_file(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Check whether two names are those of one file.

    Parameters
    ----------
    one, other : path or URL
        The files.

    Returns
    -------
    bool
        Whether both exist on this machine and are the same, or are spellings of the same URL.
    """
    if is_url(one) or is_url(other):
        return canonical_name(one) == canonical_name(other)
    return os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other)


def last_name(path: str | os.PathLike[str]) -> str:
    """Return the name of a file or a folder, wherever it is, without the folders above it.

    Parameters
    ----------
    path : path or URL
        The file or folder, such as ``.`` or ``s3://bucket/songs/``.

    Returns
    -------
    str
        The bucket or host for all of a store; "" for the root of this machine.
    """
    text = os.fspath(path)
    if not is_url(text):
        return os.path.basename(os.path.abspath(text))
    return name_of(text) or posixpath.basename(canonical_name(text).rstrip("/"))


def join_name(folder: str | os.PathLike[str], name: str) -> str:
    """Return the file of a folder, here or in a store.

    Parameters
    ----------
    folder : path or URL
        The folder.
    name : str
        Path of the file below it.

    Returns
    -------
    str
    """
    if is_url(folder):
        return join_url(os.fspath(folder), name)
    return os.path.join(folder, name)
