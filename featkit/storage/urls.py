"""Names of files in stores, such as ``s3://bucket/song.wav``.

A file in an archive is named as in fsspec: the path within the archive, ``::``, and the archive,
which may be a local file or a URL: ``zip://songs/a.wav::s3://bucket/songs.zip``.

Some characters have a meaning in a URL of the web, where ``?`` begins a query, such as a signature,
and ``%20`` is a space. In the names of other stores they are characters like all others.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Sequence
from pathlib import PurePath
from urllib.parse import parse_qsl, quote, unquote

from featkit.errors import ParameterError

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")  # one letter is a drive of Windows

_USER = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+://)([^/]*)@")

_WEB_QUERY = re.compile(r"(https?://[^\s?#'\"]*)[?#][^\s'\"]*", re.IGNORECASE)

_SIGNATURE = re.compile(
    r"(x-(amz|goog|oss|ms)-.*|awsaccesskeyid|googleaccessid|key-pair-id|ossaccesskeyid|policy"
    r"|signature|sig|expires|s[etvrp]|spr|s[kK](oid|tid|t|e|s|v)|token|access_token)",
    re.IGNORECASE,
)
"""Parameters of a query that sign a URL, and do not say which file it is."""

WEB = frozenset({"http", "https"})
"""Protocols whose URLs are percent-encoded and may end in a query."""

HOSTS = WEB | {"sftp", "ssh", "ftp", "smb", "hdfs", "webhdfs"}
"""Protocols whose URLs begin with the name of a host; in others, that is a folder."""

ARCHIVES = frozenset({"zip"})
"""Protocols of files within another file."""


def is_url(path: str | os.PathLike[str]) -> bool:
    """Check whether a name is that of a file in a store, not of a file on this machine.

    Parameters
    ----------
    path : path

    Returns
    -------
    bool
        Whether it begins with a protocol, such as ``s3://``.
    """
    return _URL.match(os.fspath(path)) is not None


def protocol_of(url: str) -> str:
    """Return the protocol of a URL.

    Parameters
    ----------
    url : str
        The URL.

    Returns
    -------
    str
        In lower case; "" for a local file.
    """
    match = _URL.match(url)
    return match[1].lower() if match else ""


def split_archive(url: str) -> tuple[str, str]:
    """Divide the URL of a file in an archive.

    Parameters
    ----------
    url : str
        The URL.

    Returns
    -------
    tuple of str
        The part before ``::``, and the archive; "" if the URL is not that of an archive, and may
        contain ``::`` as any other characters.
    """
    if protocol_of(url) not in ARCHIVES:
        return url, ""
    inner, _, archive = url.partition("::")
    return inner, archive


def join_url(folder: str, relative: str) -> str:
    """Join the URL of a folder and the path of a file below it.

    Parameters
    ----------
    folder : str
        URL of the folder, with or without a final ``/``.
    relative : str
        Path below it, with ``/`` as separator; or a URL, which is returned as it is.

    Returns
    -------
    str
        The URL; ``.`` and ``..`` are resolved, but not above the host or the bucket.
    """
    if is_url(relative):
        return relative
    inner, archive = split_archive(folder)
    protocol, _, path = inner.partition("://")
    query = ""
    if protocol.lower() in WEB:
        relative = quote(os.fsencode(relative))
        path, mark, query = path.partition("?")
        query = mark + query
    host, *folders = path.rstrip("/").split("/")
    if archive:
        host, folders = "", path.strip("/").split("/") if path.strip("/") else []
    for name in relative.split("/"):
        if name == "..":
            del folders[-1:]
        elif name not in ("", "."):
            folders.append(name)
    joined = "/".join(folders) if archive else "/".join([host, *folders])
    return f"{protocol}://{joined}{query}" + (f"::{archive}" if archive else "")


def child_url(folder: str, path: str) -> str:
    """Return the URL of a file that the listing of a folder names.

    Parameters
    ----------
    folder : str
        URL of the folder, with or without a final ``/``.
    path : str
        Path below it, which is kept as it is: in an object store, ``..`` is a name like any other.

    Returns
    -------
    str
    """
    inner, archive = split_archive(folder)
    protocol, _, above = inner.partition("://")
    joined = "/".join(part for part in (above.rstrip("/"), path) if part)
    return f"{protocol}://{joined}" + (f"::{archive}" if archive else "")


def path_of(url: str) -> str:
    """Return the path within a store or an archive.

    Parameters
    ----------
    url : str
        The URL.

    Returns
    -------
    str
        The path without protocol, host and query, decoded; it does not begin with ``/``. In an
        object store, the bucket is the host.
    """
    inner, archive = split_archive(url)
    path = without_query(inner).partition("://")[2]
    if protocol_of(url) in WEB:
        path = unquote(path)
    return path.strip("/") if archive else path.partition("/")[2].strip("/")


def name_of(path: str | os.PathLike[str]) -> str:
    """Return the name of a file, wherever it is.

    Parameters
    ----------
    path : path or URL
        The file.

    Returns
    -------
    str
        Its name without folders and without a slash at the end; of a URL of the web without the
        query, and decoded.
    """
    text = os.fspath(path)
    return posixpath.basename(path_of(text)) if is_url(text) else PurePath(text).name


def suffix_of(path: str | os.PathLike[str]) -> str:
    """Return the suffix of the name of a file, wherever it is.

    Parameters
    ----------
    path : path or URL
        The file.

    Returns
    -------
    str
        In lower case, with its dot; "" without one.
    """
    return os.path.splitext(name_of(path))[1].lower()


def without_query(url: str) -> str:
    """Return a URL without its query; only those of the web have one.

    Parameters
    ----------
    url : str
        The URL.

    Returns
    -------
    str
    """
    return re.split("[?#]", url, maxsplit=1)[0] if protocol_of(url) in WEB else url


def shown(path: str | os.PathLike[str]) -> str:
    """Return a name as messages show it: without a password, and without the query of a URL.

    Parameters
    ----------
    path : path or URL
        The file.

    Returns
    -------
    str
    """
    text = os.fspath(path)
    if not is_url(text):
        return text
    inner, archive = split_archive(text)
    inner = without_query(inner)
    if "@" in inner:
        inner = _USER.sub(lambda match: match[1] + _user(match[2]), inner)
    return f"{inner}::{shown(archive)}" if archive else inner


def _user(user: str) -> str:
    """The user of a URL with ``@``, without a password."""
    name = user.partition(":")[0]
    return f"{name}@" if name else ""


def absolute_url(url: str) -> str:
    """Return a URL that names the same file in any working directory.

    Parameters
    ----------
    url : str
        The URL.

    Returns
    -------
    str
        With the absolute path of a local archive.
    """
    inner, archive = split_archive(url)
    if not archive:
        return url
    return f"{inner}::{absolute_url(archive) if is_url(archive) else os.path.abspath(archive)}"


def place_of(url: str) -> str:
    """Return the shown form of a URL, with an archive as the folder that contains its files.

    Parameters
    ----------
    url : str
        The URL.

    Returns
    -------
    str
    """
    inner, archive = split_archive(shown(url))
    if not archive:
        return inner
    outer = place_of(archive) if is_url(archive) else os.path.abspath(archive)
    return f"{outer}/{path_of(url)}"


def location_of_url(url: str) -> str:
    """Return a name that identifies a file of a store, without secrets.

    Parameters
    ----------
    url : str
        The URL.

    Returns
    -------
    str
        The shown form; a query that names the file adds its digest, a signature adds nothing.
    """
    if "?" not in url:
        return shown(url)
    query = "&".join(_query(part) for part in split_archive(url) if protocol_of(part) in WEB)
    items = [item for item in parse_qsl(query, True) if not _SIGNATURE.fullmatch(item[0])]
    if not items:
        return shown(url)
    import hashlib

    return f"{shown(url)}?{hashlib.sha256(repr(items).encode()).hexdigest()[:16]}"


def _query(url: str) -> str:
    return url.partition("#")[0].partition("?")[2]


def folders_of(url: str) -> list[str]:
    """Return the names of all folders above a file.

    Parameters
    ----------
    url : str
        URL of the file.

    Returns
    -------
    list of str
        The outermost first. The bucket of an object store is a folder, and so is an archive, under
        its name without suffix; a host is none.
    """
    inner, archive = split_archive(url)
    names = path_of(url).split("/")[:-1]
    if archive:
        outer = folders_of(archive) if is_url(archive) else os.path.abspath(archive).split(os.sep)
        stem = os.path.splitext(name_of(archive))[0]
        above = outer if is_url(archive) else outer[1:-1]
        return [*above, stem, *names]
    if protocol_of(inner) not in HOSTS:
        names = [inner.partition("://")[2].partition("/")[0], *names]
    return [name for name in names if name]


def without_secrets(text: str, urls: Sequence[str] = ()) -> str:
    """Remove passwords and the queries of URLs from a message of a library.

    Parameters
    ----------
    text : str
        The message.
    urls : sequence of str
        URLs that it may contain, or parts of them.

    Returns
    -------
    str
    """
    for url in urls:
        text = text.replace(url, shown(url))
        _, _, query = url.partition("?")
        if query and any(protocol_of(part) in WEB for part in url.split("::")):
            text = text.replace(query, "").replace(unquote(query), "")
    text = _WEB_QUERY.sub(r"\1", text)
    return re.sub(r"([A-Za-z][A-Za-z0-9+.-]+://)[^/\s@]*:[^/\s]*@", r"\1", text)


def check_url(url: str | os.PathLike[str]) -> str:
    """Check the form of a URL, and that it contains no password.

    Parameters
    ----------
    url : str
        The URL.

    Returns
    -------
    str
        The URL.

    Raises
    ------
    ParameterError
        If it contains a password, or is incomplete; the message never contains the password.
    """
    text = os.fspath(url)
    inner, archive = split_archive(text)
    protocol = protocol_of(inner)
    user = _USER.match(inner)
    if user and ":" in user[2]:
        raise ParameterError(
            f"{shown(text)}: contains a password: remove it, and keep it where {protocol} has its"
            " credentials, such as keys, a profile or the environment"
        )
    if protocol in ARCHIVES:
        if not archive:
            raise ParameterError(
                f"{shown(text)}: names no archive: write {protocol}://FOLDER::ARCHIVE, such as"
                f" {protocol}://::/data/songs.{protocol} for all of a local file"
            )
        if is_url(archive):
            check_url(archive)
    elif protocol in ("file", "local"):
        raise ParameterError(f"{text}: give the path of a local file without {protocol}://")
    elif not inner.partition("://")[2].partition("/")[0] and protocol != "memory":
        raise ParameterError(f"{shown(text)}: names no host or bucket after {protocol}://")
    return text
