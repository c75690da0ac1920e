"""Recognise a file that was analysed before, by its stamp or by a digest of its content.

The stamp, size and times, is compared first: a file with a known stamp need not be read. In a
store, the stamp is the size with the ETag or the time of the last change, from the listing. For a
recording with annotations, stamp and digest also contain a digest of its intervals.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from pathlib import PurePath
from typing import NamedTuple

from featkit.datasets.files import Recording
from featkit.errors import AudioError
from featkit.storage.urls import is_url

WHOLE_BYTES = 2**18
"""Largest size of a file that is read at once, which takes half the time for short recordings."""

SETTLED = 2.0
"""Seconds since its last change after which the stamp of a file is trusted. Clocks of some file
systems tick every two seconds, and a change within one tick does not change the stamp."""

NO_STAMP = ""
"""The stamp of something that is not a regular file."""


class FileIdentity(NamedTuple):
    """Content and state of a file at the time when it was read.

    Attributes
    ----------
    digest : bytes
        SHA-256 of its suffix and content.
    size : int
        Size in bytes.
    stamp : str
        Size and times; `NO_STAMP` if the file had changed just before.
    """

    digest: bytes
    size: int
    stamp: str


def file_stamp(file: str) -> str:
    """Return the size and times of a file as text.

    Parameters
    ----------
    file : str
        The file.

    Returns
    -------
    str
        `NO_STAMP` unless it is a regular file.
    """
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return NO_STAMP
    if not stat.S_ISREG(status.st_mode):
        return NO_STAMP
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def recording_stamp(recording: Recording) -> str:
    """Return the stamp of the file of a recording.

    Parameters
    ----------
    recording : Recording
        The recording.

    Returns
    -------
    str
        As `file_stamp`; for a file in a store, what its listing says.
    """
    if is_url(recording.file):
        return recording.stamp or NO_STAMP
    return file_stamp(recording.file)


def stamped_size(stamp: str) -> int:
    """Return the size of the file that a stamp contains.

    Parameters
    ----------
    stamp : str
        The stamp.

    Returns
    -------
    int
        Bytes.
    """
    return int(stamp.partition(" ")[0])


def intervals_digest(recording: Recording) -> str:
    """Return a digest of the intervals of a recording, on which its rows depend.

    Parameters
    ----------
    recording : Recording
        The recording; labels and other fields do not matter.

    Returns
    -------
    str
        "" without annotations.
    """
    if recording.annotations is None:
        return ""
    times = [(item.start, item.end) for item in recording.annotations]
    excluded = sorted((item.start, item.end) for item in recording.excluded)
    background = None if recording.background is None else excluded
    return hashlib.sha256(repr([times, background]).encode()).hexdigest()


def with_intervals(identity: FileIdentity, digest: str) -> FileIdentity:
    """Return the identity of a file together with intervals of it.

    Parameters
    ----------
    identity : FileIdentity
        Identity of the file.
    digest : str
        Digest of the intervals; see `intervals_digest`.

    Returns
    -------
    FileIdentity
    """
    if not digest:
        return identity
    content = hashlib.sha256(identity.digest + digest.encode()).digest()
    return FileIdentity(content, identity.size, stamp_with_intervals(identity.stamp, digest))


def stamp_with_intervals(stamp: str, digest: str) -> str:
    """Return the stamp of a file together with intervals of it.

    Parameters
    ----------
    stamp : str
        Stamp of the file.
    digest : str
        Digest of the intervals; see `intervals_digest`.

    Returns
    -------
    str
    """
    return f"{stamp} {digest}" if stamp != NO_STAMP and digest else stamp


def identify_file(file: str, stored_stamp: str | None = None) -> FileIdentity:
    """Read a file and return its identity; without a stamp if the file changed just now.

    The digest is the SHA-256 of the suffix, which influences the decoder, and of the content.

    Parameters
    ----------
    file : str
        The file.
    stored_stamp : str, optional
        For a temporary copy: the stamp of the file in its store, which is used instead.

    Returns
    -------
    FileIdentity

    Raises
    ------
    AudioError
        If the file cannot be read, or does not exist any more.
    """
    stamp = file_stamp(file)
    if stamp == NO_STAMP:
        raise AudioError(
            file, "open", "no longer a file: it was removed or replaced during the run"
        )
    size, *times = map(int, stamp.split())
    settled = time.time_ns() - max(times) > SETTLED * 1e9
    try:
        content = _content_digest(file, size)
    except OSError as error:
        raise AudioError(file, "open", error.strerror or str(error)) from None
    suffix = os.fsencode(PurePath(file).suffix.lower())
    digest = hashlib.sha256(suffix + b"\0" + content).digest()
    if stored_stamp is not None:
        return FileIdentity(digest, size, stored_stamp)
    return FileIdentity(digest, size, stamp if settled else NO_STAMP)


def _content_digest(file: str, size: int) -> bytes:
    with open(file, "rb", buffering=0) as stream:
        if size > WHOLE_BYTES:
            return hashlib.file_digest(stream, "sha256").digest()
        return hashlib.sha256(stream.readall()).digest()
