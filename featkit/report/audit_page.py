"""The HTML page of an audit: issues with pictures and players, and what follows from them.

Like the report of a model, the page is one file that needs no network and no script.
"""

from __future__ import annotations

from featkit._utils.bidi import isolated
from featkit._utils.formatting import counted
from featkit.auditing.result import Audit
from featkit.report._audit_inputs import AuditInputs, DrawingProgress, ignored
from featkit.report._audit_text import issue_filters
from featkit.report._context import Folder
from featkit.report._rendering import render, write
from featkit.report.page import check_paths


def audit_page(audit: Audit, *, progress: DrawingProgress | None = None) -> str:
    """Render the report of an audit.

    Parameters
    ----------
    audit : Audit
        The result of an audit. If it has the recordings, the page contains pictures and sounds.
    progress : callable, optional
        ``progress(done, total)`` is called as the pictures and sounds of issues are made.

    Returns
    -------
    str
        The page as HTML.
    """
    number = counted(len(audit.issues), "issue")
    return render(
        "audit",
        AuditInputs(audit, progress or ignored),
        subtitle="featkit audit",
        title=f"{isolated(audit.dataset.name)}: {number}",
        script_data={"filters": issue_filters(audit)},
    )


def write_audit_report(
    path: Folder, audit: Audit, *, progress: DrawingProgress | None = None
) -> None:
    """Write the report of an audit atomically.

    Parameters
    ----------
    path : path
        The HTML file.
    audit, progress
        See `audit_page`.

    Raises
    ------
    ParameterError
        If `path` cannot be written.
    WriteError
        If writing fails.
    """
    check_paths(path)
    write(path, audit_page(audit, progress=progress))
