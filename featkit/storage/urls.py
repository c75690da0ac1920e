"""Names of files in stores, such as ``s3://bucket/song.wav``."""

from __future__ import annotations

import os
import re

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # one letter is a drive of Windows


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
