"""What must not be opened to be read."""

from __future__ import annotations

import errno
import os
import stat


def check_regular(path: str | os.PathLike[str]) -> None:
    """Refuse a pipe or a device: it may keep whoever opens it waiting, and can be read only once.

    Raises
    ------
    OSError
        That says what to do. A file that is missing is left to whoever opens it.
    """
    try:
        kind = os.stat(path).st_mode
    except (OSError, ValueError):
        return
    if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
        raise OSError(errno.ESPIPE, "is a pipe or a device: save it to a file first", path)
