"""Atomic writes: a file is written completely, or not at all.

If the name is a symbolic link, its target is written, and the link stays. Files that accompany it,
such as the list of failures, are written next to the target, so that they are the same for both
names.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from featkit.errors import ParameterError, StoreError, WriteError
from featkit.storage.names import canonical_name
from featkit.storage.urls import (
    WEB,
    check_url,
    is_url,
    name_of,
    protocol_of,
    shown,
    split_archive,
    suffix_of,
)

READ_ONLY = frozenset({"http", "https", "zip"})
"""Protocols of stores that cannot be written to."""

RENAMING = frozenset({"sftp", "ssh"})
"""Protocols whose files are visible while they are written: these are renamed at the end."""

COMMIT_FILE = "_featkit.json"
"""File that lists the parts of a table in a folder; see `featkit.storage.folders`."""


def target_of(path: str | os.PathLike[str]) -> Path:
    """Follow a symbolic link.

    Parameters
    ----------
    path : path
        The name to write to.

    Returns
    -------
    Path
        The target of a link, else `path`.
    """
    name = Path(path)  # without a slash at the end, which would follow the link
    return Path(os.path.realpath(name)) if os.path.islink(name) else name


def sibling(path: str | os.PathLike[str], suffix: str) -> Path | str:
    """Path next to a file: the same name with a suffix added.

    Parameters
    ----------
    path : path or URL
        The other file; a symbolic link is followed.
    suffix : str
        The suffix, with its dot.

    Returns
    -------
    Path or str
        The file; a URL next to a URL.
    """
    if is_url(path):
        return _url_sibling(os.fspath(path), suffix)
    return Path(f"{os.fspath(target_of(path))}{suffix}")


def _url_sibling(url: str, suffix: str) -> str:
    inner, archive = split_archive(url)
    query = ""
    if protocol_of(inner) in WEB:
        inner, mark, query = inner.partition("?")
        query = mark + query
    return f"{inner.rstrip('/')}{suffix}{query}" + (f"::{archive}" if archive else "")


def check_writable(path: str | os.PathLike[str]) -> None:
    """Check that a file can be written, before any work is done.

    Parameters
    ----------
    path : path
        The file, which need not exist.

    Raises
    ------
    ParameterError
        If it is a folder, a pipe or a device, or its folder is missing or not writable; in a store,
        if a test of writing fails (see `featkit.storage._write_test`).
    """
    if is_url(path):
        from featkit.storage._write_test import check_write_access

        check_store_writable(os.fspath(path))
        check_write_access(os.fspath(path))
        return
    target = target_of(path)
    name = f"{os.fspath(path)} (a link to {target})" if os.path.islink(path) else target
    folder = target.absolute().parent
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    except OSError as error:  # a loop of links, a name that is too long
        raise ParameterError(f"{os.fspath(path)}: cannot be written: {error.strerror}") from None
    if stat.S_ISDIR(mode):
        raise ParameterError(f"{name}: is a folder, not a file to write")
    if not stat.S_ISREG(mode):
        raise ParameterError(f"{name}: is a pipe or a device, not a file to write")
    if not folder.is_dir():
        raise ParameterError(f"{name}: there is no folder {target.parent}")
    if (folder / COMMIT_FILE).exists():
        raise ParameterError(f"{name}: {target.parent} is a table, which holds only its parts")
    if not os.access(folder, os.W_OK):
        raise ParameterError(f"{name}: no permission to write to {folder}")


def check_outputs(outputs: Mapping[str | None, str], *, inputs: Sequence[str] = ()) -> None:
    """Check that output files have the right suffix, replace no input, and are writable.

    Parameters
    ----------
    outputs : mapping of path to str
        The required suffix of each file; files that are None are skipped.
    inputs : sequence of paths
        The files that are read.

    Raises
    ------
    ParameterError
        For the first file that does not.
    """
    for path, suffix in outputs.items():
        if path is None:
            continue
        if suffix_of(path) != suffix:
            raise ParameterError(f"{shown(path)}: the file name must end in {suffix}")
        check_no_input(path, inputs)
        check_writable(path)


def check_distinct(outputs: Iterable[str | os.PathLike[str] | None]) -> None:
    """Check that no two output files are the same.

    Parameters
    ----------
    outputs : iterable of paths
        The files to write; those that are None are skipped.

    Raises
    ------
    ParameterError
        If two are the same file, even under different names.
    """
    seen: set[str | Path] = set()
    for path in outputs:
        if path is None:
            continue
        target = canonical_name(path) if is_url(path) else target_of(path).absolute()
        if target in seen:
            raise ParameterError(
                f"{shown(path)}: two outputs would be written to it: choose different files"
            )
        seen.add(target)


def check_no_input(path: str | os.PathLike[str], inputs: Iterable[str]) -> None:
    """Check that an output file does not replace an input.

    Parameters
    ----------
    path : path
        The file to write.
    inputs : iterable of paths
        The files that are read.

    Raises
    ------
    ParameterError
        If both are the same file, even under different names.
    """
    if is_url(path):
        own = canonical_name(path)
        is_input = any(is_url(name) and canonical_name(name) == own for name in inputs)
    else:
        is_input = _replaces(path, inputs)
    if is_input:
        raise ParameterError(
            f"{shown(path)}: is an input and would be overwritten: choose another file"
        )


def _replaces(path: str | os.PathLike[str], inputs: Iterable[str]) -> bool:
    """Whether a file is one of the inputs, or a folder is one or contains one."""
    if not os.path.exists(path):
        return False
    local = [name for name in inputs if not is_url(name)]
    if not os.path.isdir(path):
        own = os.stat(path)
        return any(_is_same_file(own, name) for name in local)
    folders = {
        os.fspath(name) if os.path.isdir(name) else os.path.dirname(os.path.abspath(name))
        for name in local
    }
    return any(os.path.isdir(folder) and os.path.samefile(path, folder) for folder in folders)


def _is_same_file(own: os.stat_result, name: str) -> bool:
    try:
        other = os.stat(name)
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(other.st_mode) and os.path.samestat(own, other)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Replace a file in one step, once its new content is complete.

    Parameters
    ----------
    path : path
        The file; if it is a symbolic link, its target is replaced.

    Yields
    ------
    Path
        A temporary file to write to, in the same folder.

    Raises
    ------
    WriteError
        If the file cannot be written.
    """
    if is_url(path):
        with _uploading(os.fspath(path)) as scratch:
            yield scratch
        return
    target = target_of(path)
    scratch = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield scratch
        sync(scratch)
        scratch.replace(target)
    except WriteError:
        raise
    except OSError as error:
        raise WriteError(f"{target}: cannot write it: {error.strerror or error}") from None
    finally:
        with suppress(OSError):  # the folder may have been removed
            scratch.unlink()


@contextmanager
def _uploading(url: str) -> Iterator[Path]:
    """Upload a file once its content is complete.

    Object stores show a new object when all of it has arrived. Elsewhere the file is uploaded under
    a temporary name first.
    """
    import tempfile

    check_store_writable(url)
    with tempfile.TemporaryDirectory(prefix="featkit-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder, name_of(url))
        try:
            yield scratch
            _upload(scratch, url)
        except WriteError:
            raise
        except StoreError as error:
            from featkit.storage._write_test import write_problem

            raise WriteError(write_problem(error, url)) from None
        except OSError as error:
            raise WriteError(f"{shown(url)}: cannot write it: {error.strerror or error}") from None


def _upload(scratch: Path, url: str) -> None:
    from featkit.storage._filesystem import Store, with_retries

    def put(store: Store) -> None:
        if protocol_of(url) not in RENAMING:
            store.filesystem.put_file(os.fspath(scratch), store.path)
            return
        folder, _, name = store.path.rpartition("/")
        part = f"{folder}/.{name}.{os.getpid()}.part"
        try:
            store.filesystem.put_file(os.fspath(scratch), part)
            store.filesystem.mv(part, store.path)
        except BaseException:
            with suppress(Exception):
                store.filesystem.rm_file(part)
            raise

    with_retries(url, "write", put)


def check_store_writable(url: str) -> None:
    """Check that a store can be written to at all.

    Parameters
    ----------
    url : str
        The file to write.

    Raises
    ------
    ParameterError
        If its protocol only reads.
    """
    check_url(url)
    if protocol_of(url) in READ_ONLY:
        raise ParameterError(
            f"{shown(url)}: {protocol_of(url)}:// can only be read: write to a local file, or to a"
            " store such as s3://, gs:// or sftp://"
        )


def sync(file: Path) -> None:
    """Flush a file to the disk, if the drive supports it.

    Parameters
    ----------
    file : Path
        The file.
    """
    with file.open("rb+") as written:
        try:
            os.fsync(written.fileno())
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                raise


def remove(path: str | os.PathLike[str]) -> None:
    """Remove a file, if it exists.

    Parameters
    ----------
    path : path or URL
        The file.

    Raises
    ------
    WriteError
        If it cannot be removed.
    """
    if not is_url(path):
        Path(path).unlink(missing_ok=True)
        return
    from featkit.storage._filesystem import with_retries

    try:
        with_retries(os.fspath(path), "remove", lambda store: store.filesystem.rm_file(store.path))
    except StoreError as error:
        if error.errno != errno.ENOENT:
            raise WriteError(str(error)) from None


def remove_unfinished(path: str | os.PathLike[str]) -> None:
    """Remove temporary files that killed processes left in `replacing`.

    Parameters
    ----------
    path : path
        The file; no other process may be writing it.
    """
    if is_url(path):  # its scratch file was a local temporary file
        return
    target = target_of(path)
    scratch = re.compile(rf"\.{re.escape(target.name)}\.[0-9]+\.part")
    with suppress(OSError):  # a remaining file wastes space, but does no harm
        for file in target.absolute().parent.iterdir():
            if scratch.fullmatch(file.name) and not file.is_dir():
                file.unlink(missing_ok=True)


def check_regular(path: str | os.PathLike[str]) -> None:
    """Check that a file is not a pipe or a device, which may block and can be read only once.

    Parameters
    ----------
    path : path
        The file to read; a missing file passes.

    Raises
    ------
    OSError
        If it is a pipe or a device.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.ESPIPE, "is a pipe or a device: save the data to a file first", path)
