"""Input of the sections of the page of an audit."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from featkit.auditing.result import Audit

DrawingProgress = Callable[[int, int], None]
"""``progress(done, total)`` is called as the pictures and sounds of issues are made."""


class AuditInputs(NamedTuple):
    """The result of an audit, and the callback for progress."""

    audit: Audit
    progress: DrawingProgress


def ignored(done: int, total: int) -> None:
    """A callback that does nothing."""
