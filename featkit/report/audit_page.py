"""The HTML page of an audit: issues with pictures and players, and what follows from them.

Like the report of a model, the page is one file that needs no network and no script.
"""

from __future__ import annotations

from featkit._utils.bidi import isolated
from featkit._utils.formatting import counted
from featkit._utils.progress import Activity, ProgressOption, reporting
from featkit.auditing.result import Audit
from featkit.report._audit_inputs import AuditInputs
from featkit.report._audit_text import issue_filters
from featkit.report._context import Folder
from featkit.report._rendering import render, write
from featkit.report.page import check_paths


def audit_page(audit: Audit, *, progress: ProgressOption = None) -> str:
    """Render the report of an audit.

    Parameters
    ----------
    audit : Audit
        The result of an audit. If it has the recordings, the page contains pictures and sounds.
    progress : callable, bool or None
        Receives a `featkit.Progress` as the pictures and sounds of issues are made; True shows a
        bar, False nothing, and None a bar in notebooks.

    Returns
    -------
    str
        The page as HTML.
    """
    number = counted(len(audit.issues), "issue")
    with reporting(progress) as report:
        return render(
            "audit",
            AuditInputs(audit, Activity("drawing", "issues", report)),
            subtitle="featkit audit",
            title=f"{isolated(audit.dataset.name)}: {number}",
            script_data={"filters": issue_filters(audit)},
        )


def write_audit_report(path: Folder, audit: Audit, *, progress: ProgressOption = None) -> None:
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
