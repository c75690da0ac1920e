"""Recognise a file that was analysed before, by its stamp or by a digest of its content.

The stamp, size and times, is compared first: a file with a known stamp need not be read. For a
recording with annotations, stamp and digest also contain a digest of its intervals.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from pathlib import Path
from typing import NamedTuple

from featkit.datasets.files import Recording
from featkit.errors import AudioError

SETTLED = 2.0
"""Seconds since its last change after which the stamp of a file is trusted. Clocks of some file
systems tick every two seconds, and a change within one tick does not change the stamp."""

NO_STAMP = ""
"""The stamp of something that is not a regular file."""


class FileIdentity(NamedTuple):
    """Digest, size in bytes and stamp of a file at the time when it was read."""

    digest: bytes
    size: int
    stamp: str


def file_stamp(file: str) -> str:
    """Size and times of a file as text; `NO_STAMP` unless it is a regular file."""
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return NO_STAMP
    if not stat.S_ISREG(status.st_mode):
        return NO_STAMP
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def stamped_size(stamp: str) -> int:
    """The file size in bytes that a stamp contains."""
    return int(stamp.partition(" ")[0])


def intervals_digest(recording: Recording) -> str:
    """Digest of the intervals of a recording, on which its rows depend; "" without annotations.

    Labels and other fields are not a part of it.
    """
    if recording.annotations is None:
        return ""
    times = [(item.start, item.end) for item in recording.annotations]
    excluded = sorted((item.start, item.end) for item in recording.excluded)
    background = None if recording.background is None else excluded
    return hashlib.sha256(repr([times, background]).encode()).hexdigest()


def with_intervals(identity: FileIdentity, digest: str) -> FileIdentity:
    """Identity of a file together with intervals of it; see `intervals_digest`."""
    if not digest:
        return identity
    content = hashlib.sha256(identity.digest + digest.encode()).digest()
    return FileIdentity(content, identity.size, stamp_with_intervals(identity.stamp, digest))


def stamp_with_intervals(stamp: str, digest: str) -> str:
    """Stamp of a file together with intervals of it."""
    return f"{stamp} {digest}" if stamp != NO_STAMP and digest else stamp


def identify_file(file: str) -> FileIdentity:
    """Read a file and return its identity; without a stamp if the file changed just now.

    The digest is the SHA-256 of the suffix, which influences the decoder, and of the content.

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
        with open(file, "rb") as stream:
            content = hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        raise AudioError(file, "open", error.strerror or str(error)) from None
    suffix = os.fsencode(Path(file).suffix.lower())
    digest = hashlib.sha256(suffix + b"\0" + content).digest()
    return FileIdentity(digest, size, stamp if settled else NO_STAMP)
