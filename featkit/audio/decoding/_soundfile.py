"""soundfile without messages on standard error and without seeking between blocks."""

from __future__ import annotations

import os
import sys
import threading
from functools import lru_cache

import soundfile

from featkit._utils.lazy import cached_property


class SequentialSoundFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file read from beginning to end: soundfile would seek after each block.

    Its format does not change; soundfile would look up the name each time.
    """

    @cached_property
    def format(self) -> str:
        return str(super().format)

    @cached_property
    def subtype(self) -> str:
        return str(super().subtype)

    def seekable(self) -> bool:
        return False


class _SilencedStderr:
    """Discards standard error while the MPEG decoder runs, which writes warnings there.

    All threads share one standard error: the first thread to enter replaces it, and the last one
    to leave restores it.
    """

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0
        self._saved: int | None = None

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside > 1:
                return
            try:
                sys.stderr.flush()
                self._saved = os.dup(2)
            except (AttributeError, OSError):  # there is no standard error
                return
            os.dup2(_null_device(), 2)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside or self._saved is None:
                return
            os.dup2(self._saved, 2)
            os.close(self._saved)
            self._saved = None


@lru_cache(maxsize=1)
def _null_device() -> int:
    """A descriptor that discards everything; opening it takes longer than the other calls."""
    return os.open(os.devnull, os.O_WRONLY)


SILENCED_STDERR = _SilencedStderr()


def reason_of(error: Exception) -> str:
    """The message of an error of soundfile, without its full stop."""
    return str(getattr(error, "error_string", error)).strip().rstrip(".")
