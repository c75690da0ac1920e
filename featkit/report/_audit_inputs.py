"""Input of the sections of the page of an audit."""

from __future__ import annotations

from typing import NamedTuple

from featkit._utils.progress import Activity
from featkit.auditing.result import Audit


class AuditInputs(NamedTuple):
    """The result of an audit, and the progress of its pictures and sounds."""

    audit: Audit
    drawing: Activity
