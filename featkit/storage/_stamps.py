"""Size and version of a file in a store, as a compact text."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

VERSIONS = ("ETag", "etag", "md5Hash", "CRC", "mtime", "Last-Modified", "LastModified", "created")
"""Facts that change with the content, the best first."""

SETTLED = 60.0
"""Seconds since its last change after which a file is identified by that time: stores count whole
seconds, by clocks of their own."""


def stamp_of(entry: Mapping[str, Any]) -> str:
    """Size and version of a file; "" if either is unknown."""
    size, version = entry.get("size", entry.get("Size")), _version(entry)
    text = "".join(str(version).split()).strip('"')
    return f"{size} {text}" if size is not None and text else ""


def is_settled(entry: Mapping[str, Any]) -> bool:
    """Whether the stamp of a file would differ after a further change."""
    version = _version(entry)
    if isinstance(version, str) and "," in version:  # the date of a web server
        version = email.utils.parsedate_to_datetime(version)
    if isinstance(version, datetime):
        return time.time() - version.timestamp() > SETTLED
    return True


def _version(entry: Mapping[str, Any]) -> Any:
    version = next((entry[name] for name in VERSIONS if entry.get(name) is not None), "")
    return version.astimezone(UTC) if isinstance(version, datetime) else version
