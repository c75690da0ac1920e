"""How a file is known again: by its digest, and, so that it need not be read, by its stamp."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from pathlib import Path
from typing import NamedTuple

from featkit.errors import AudioError

SETTLED = 2.0
"""Seconds that a file must have lain untouched before its stamp says that it is the same: a clock
may be as coarse as that, and a change within one tick would not show."""

NO_STAMP = ""
"""What no file has."""


class Content(NamedTuple):
    """What was in a file when it was read."""

    digest: bytes
    size: int
    stamp: str


def stamp_of(file: str) -> str:
    """Size and times of a file; `NO_STAMP` of what is none."""
    try:
        about = os.stat(file)
    except (OSError, ValueError):
        return NO_STAMP
    if not stat.S_ISREG(about.st_mode):
        return NO_STAMP
    return f"{about.st_size} {about.st_mtime_ns} {about.st_ctime_ns}"


def size_in(stamp: str) -> int:
    """Bytes of the file that has this stamp."""
    return int(stamp.partition(" ")[0])


def digest_of(file: str) -> bytes:
    """SHA-256 of the ending of a file, which has a say in who decodes it, and of what is in it."""
    ending = os.fsencode(Path(file).suffix.lower())
    with open(file, "rb") as stream:
        inside = hashlib.file_digest(stream, "sha256").digest()
    return hashlib.sha256(ending + b"\0" + inside).digest()


def content_of(file: str) -> Content:
    """What is in a file; without a stamp if a change might have left it as it is.

    Raises
    ------
    AudioError
        If it cannot be read, or is gone.
    """
    stamp = stamp_of(file)
    if stamp == NO_STAMP:
        raise AudioError(
            file, "open", "is not a file any more: it was removed or replaced meanwhile"
        )
    size, *times = map(int, stamp.split())
    settled = time.time_ns() - max(times) > SETTLED * 1e9
    try:
        digest = digest_of(file)
    except OSError as error:
        raise AudioError(file, "open", error.strerror or str(error)) from None
    return Content(digest, size, stamp if settled else NO_STAMP)
