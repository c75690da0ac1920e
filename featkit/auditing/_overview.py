"""Overview of an audit: issues by severity, the most severe first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featkit._utils.formatting import counted
from featkit._utils.overview import Bar, Chart, Overview

if TYPE_CHECKING:
    from featkit.auditing.result import Audit

MAX_LINES = 4


def audit_overview(audit: Audit) -> Overview:
    """The overview of an audit."""
    counts = ", ".join(f"{number:,} {name}" for name, number in audit.counts.items())
    kinds = [(audit.issues[places[0]], len(places)) for places in audit.kinds]
    return Overview(
        f"Audit of {audit.dataset.name!r}: {counted(len(audit.issues), 'issue')} by"
        f" {counted(len(audit.checked), 'check')}: {counts}",
        [
            *(f"{issue.severity}: {n:,} × {issue.kind}" for issue, n in kinds[:MAX_LINES]),
            f"not run: {', '.join(audit.skipped)}" if audit.skipped else "",
        ],
        [
            Chart(
                "issues by kind",
                [Bar(f"{issue.kind} ({issue.severity})", n, f"{n:,}") for issue, n in kinds],
            )
        ],
        following=".table (a DataFrame), .issues, .write(path), .write_cleaned(path)",
    )
