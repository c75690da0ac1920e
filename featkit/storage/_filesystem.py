"""Stores through fsspec: one filesystem for each store and process, and operations with retries.

Libraries are imported, and connections made, when a store is used first. A forked process makes
its own, since connections and the loop of fsspec do not survive a fork.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from featkit.errors import ParameterError, StoreError
from featkit.storage._stamps import stamp_of
from featkit.storage._store_errors import disk_error, is_transient, store_error
from featkit.storage.urls import WEB, check_url, is_url, protocol_of, split_archive

R = TypeVar("R")

TRIES = 5
"""Tries of an operation that fails for a while, such as by a timeout or a busy server."""

FIRST_WAIT = 0.5
"""Seconds before the second try at most; the limit doubles with each try."""

LONGEST_WAIT = 20.0
"""Seconds between two tries at most."""

CONNECT_SECONDS = 15.0
"""Seconds that a store may take to answer a connection."""

READ_SECONDS = 60.0
"""Seconds without data after which a connection is given up."""

ARCHIVE_SECONDS = 10.0
"""Seconds after which a store is asked again whether an archive in it was replaced."""

NEEDED = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "http": "aiohttp",
    "https": "aiohttp",
    "sftp": "sshfs",
    "ssh": "sshfs",
}
"""The package that serves a protocol, besides fsspec."""

SSH = frozenset({"sftp", "ssh"})

S3 = frozenset({"s3", "s3a"})


_SSH_ADDRESS = re.compile(r"(?:([^@]*)@)?(\[[^]]+\]|[^@:]+)(?::([0-9]{1,5}))?")


class Store(NamedTuple):
    """An open store and a path in it, as its filesystem names it."""

    filesystem: Any
    path: str


_lock = threading.RLock()
_filesystems: dict[str, Any] = {}
_inherited: list[dict[str, Any]] = []

_versions: dict[str, str] = {}
_asked: dict[str, tuple[float, str]] = {}


def _forget_filesystems() -> None:
    """Start without connections in a forked process, but do not close those of its parent."""
    global _lock, _filesystems
    _lock = threading.RLock()
    _inherited.append(_filesystems)
    _filesystems = {}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_filesystems)


def open_store(url: str) -> Store:
    """Return the store of a URL, which is opened on first use in this process."""
    check_url(url)
    key, path = _divide(url)
    archive = split_archive(url)[1]
    with _lock:
        version = _archive_version(archive) if archive else ""
        if key not in _filesystems or _versions[key] != version:
            _filesystems[key], _versions[key] = _open(key), version
        return Store(_filesystems[key], path)


def _archive_version(archive: str) -> str:
    """Size and version of an archive, whose table of contents is kept while it is open."""
    if not is_url(archive):
        status = os.stat(archive)
        return f"{status.st_size} {status.st_mtime_ns}"
    asked, version = _asked.get(archive, (-ARCHIVE_SECONDS, ""))
    if time.monotonic() - asked >= ARCHIVE_SECONDS:
        filesystem, path = open_store(archive)
        version = stamp_of(filesystem.info(path))
        _asked[archive] = time.monotonic(), version
    return version


def reopen(url: str) -> None:
    """Open the store of a URL again on next use: its connection, or its archive, may have changed.

    The pools of connections of other stores mend themselves.
    """
    key, _ = _divide(url)
    archive = split_archive(url)[1]
    if archive and is_url(archive):
        reopen(archive)
    if archive or protocol_of(url) in SSH:
        with _lock:
            _filesystems.pop(key, None)
            _asked.pop(archive, None)


def with_retries(url: str, action: str, function: Callable[[Store], R]) -> R:
    """Call a function of the store of a URL, again after errors that may pass.

    Any error becomes a `StoreError` with the plain reason, which never contains a secret.
    """
    tenacity = _load_libraries(protocol_of(url))
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(TRIES),
        wait=tenacity.wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT),
        retry=tenacity.retry_if_exception(is_transient),
        before_sleep=lambda _: reopen(url),
        reraise=True,
    )
    try:
        result: R = retrying(lambda: function(open_store(url)))
        return result
    except (StoreError, ParameterError):
        raise
    except Exception as error:
        if (full := disk_error(error)) is not None:
            raise full from None
        tries = retrying.statistics.get("attempt_number", 1)
        raise store_error(error, url, action, tries) from None


def _load_libraries(protocol: str) -> Any:
    """Import the libraries of all stores, one thread at a time: some import each other."""
    try:
        with _lock:
            import fsspec.callbacks
            import fsspec.spec  # noqa: F401
            import tenacity
    except ImportError as error:
        raise _missing(protocol, error) from None
    return tenacity


def download(store: Store, url: str, copy: str, check: Callable[[int], None]) -> None:
    """Copy a file to this machine; `check` gets the bytes that are needed, as far as known."""
    from fsspec.callbacks import Callback
    from fsspec.spec import AbstractFileSystem

    class Watch(Callback):  # type: ignore[misc]  # fsspec has no types
        def call(self, *_: Any, **__: Any) -> None:
            check(max(self.size or 0, self.value))

    if protocol_of(url) in SSH:  # asyncssh would copy a link as a link
        AbstractFileSystem.get_file(store.filesystem, store.path, copy, callback=Watch())
    else:
        store.filesystem.get_file(store.path, copy, callback=Watch())


def _divide(url: str) -> tuple[str, str]:
    """The key of the store of a URL, and the path in it."""
    inner, archive = split_archive(url)
    protocol, _, path = inner.partition("://")
    if archive:
        return f"{protocol.lower()}://::{archive}", path.strip("/")
    if protocol.lower() in WEB:
        return "https://", url.partition("#")[0]
    if protocol.lower() in SSH:
        host, _, path = path.partition("/")
        return f"sftp://{host}", f"/{path}"
    return f"{protocol.lower()}://", path


def _open(key: str) -> Any:
    protocol, archive = protocol_of(key), split_archive(key)[1]
    try:
        if protocol in SSH:
            return _open_ssh(key.partition("://")[2])
        import fsspec

        if archive:
            return _open_archive(protocol, archive)
        filesystem = fsspec.filesystem(protocol, skip_instance_cache=True, **_options(protocol))
        if protocol in S3:
            filesystem.retries = 1  # `with_retries` tries again, and no other layer
        return filesystem
    except ImportError as error:
        raise _missing(protocol, error) from None
    except ValueError as error:
        if "Protocol not known" not in str(error):
            raise
        raise ParameterError(f"{protocol}:// is not a protocol of fsspec") from None


def _missing(protocol: str, error: ImportError) -> ParameterError:
    package = NEEDED.get(protocol) or error.name or "fsspec"
    return ParameterError(
        f"{protocol}:// needs the package {package}: pip install 'featkit[remote]'"
    )


def _options(protocol: str) -> dict[str, Any]:
    if protocol in WEB:
        import aiohttp

        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS
        )
        # With trust_env, passwords come from ~/.netrc, and proxies from the environment. Without
        # compression, the size is that of the file.
        headers = {"Accept-Encoding": "identity"}
        return {"client_kwargs": {"timeout": timeout, "trust_env": True, "headers": headers}}
    options: dict[str, Any] = {"use_listings_cache": False}
    if protocol in S3:
        options["config_kwargs"] = {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": READ_SECONDS,
            "retries": {"total_max_attempts": 1},
        }
    return options


def _open_ssh(address: str) -> Any:
    """Connect to a host whose key is known; fsspec and sshfs would accept any key."""
    from sshfs import SSHFileSystem

    match = _SSH_ADDRESS.fullmatch(address)
    if match is None:
        raise ParameterError(f"sftp://{address}: expected sftp://USER@HOST:PORT/PATH")
    user, host, port = match.groups()
    options = {"username": user, "port": port and int(port)}
    return SSHFileSystem(
        host.strip("[]"),
        known_hosts=(),  # the files of OpenSSH
        connect_timeout=CONNECT_SECONDS,
        keepalive_interval=CONNECT_SECONDS,  # notices a dead connection
        skip_instance_cache=True,
        **{name: value for name, value in options.items() if value},
    )


def _open_archive(protocol: str, archive: str) -> Any:
    import fsspec

    if is_url(archive):
        filesystem, path = open_store(archive)
        return fsspec.filesystem(protocol, fo=filesystem.open(path, "rb"))
    return fsspec.filesystem(protocol, fo=open(archive, "rb"))
