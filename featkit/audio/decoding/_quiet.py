"""Nothing on standard error while a decoder runs that writes its warnings there by itself."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path


class _Quiet:
    """There is one standard error for all threads: the first to enter puts it aside, the last to
    leave puts it back."""

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
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside or self._saved is None:
                return
            os.dup2(self._saved, 2)
            os.close(self._saved)
            self._saved = None


QUIET = _Quiet()
