"""Display of an audit on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from featkit._utils.formatting import counted, duration, printable
from featkit.cli._console import show_item, show_paragraphs
from featkit.cli._options import is_quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from featkit.auditing.issue import Issue
    from featkit.auditing.result import Audit

MAX_SHOWN = 5
"""Issues of a kind that are shown."""

MAX_LENGTH = 1000
"""Characters of a message that are shown."""

COLOURS = {"high": "red", "medium": "yellow", "low": "cyan"}
"""Colour of each severity on a terminal."""


def show_audit(
    audit: Audit,
    *,
    issue_file: str | None = None,
    cleaned_file: str | None = None,
    score_change: bool = False,
) -> None:
    """Print the issues by severity and kind, the checks that did not run, and what follows.

    With ``--quiet``, only the issues are printed.

    Parameters
    ----------
    audit : Audit
        The result of the audit.
    issue_file : str, optional
        The file that lists all issues.
    cleaned_file : str, optional
        The file of the cleaned table.
    score_change : bool
        Whether to print how the cleaned table changes the score, for which models are trained.
    """
    if not is_quiet():
        _show_summary(audit)
    for places in audit.kinds:
        _show_kind([audit.issues[place] for place in places], issue_file)
    if not is_quiet():
        _show_skipped(audit)
        _show_cleaning(audit, cleaned_file, score_change)


def _show_summary(audit: Audit) -> None:
    dataset = audit.dataset
    facts = [counted(len(set(dataset.row_names.tolist())), "recording")]
    if dataset.durations:
        facts.append(duration(sum(dataset.durations.values())))
    if dataset.label is not None:
        labels = {value for value in dataset.by_recording(dataset.label).values() if value}
        facts.append(counted(len(labels), "class"))
    click.echo(f"{printable(dataset.name)}: {', '.join(facts)}")
    counts = ", ".join(f"{number:,} {name}" for name, number in audit.counts.items())
    checks = counted(len(audit.checked), "check")
    click.echo(f"{counted(len(audit.issues), 'issue')} by {checks}: {counts}")


def _show_kind(issues: Sequence[Issue], issue_file: str | None) -> None:
    first, shown, more = issues[0], issues[:MAX_SHOWN], len(issues) - MAX_SHOWN
    severity = click.style(f"{first.severity:<6}", fg=COLOURS[first.severity], bold=True)
    title = click.style(printable(_kind_title(first)), bold=True)
    click.echo(f"\n{severity}  {title} ({counted(len(issues), 'issue')})")
    for issue in shown:
        show_item(_shortened(issue.message), marker="- ")
    if more > 0:
        where = f"all in {issue_file}" if issue_file else "all with -o audit.parquet"
        show_item(f"… and {more:,} more ({where})")
    for remedy in dict.fromkeys(issue.remedy for issue in shown):
        show_item(remedy, marker="→ ")


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 1]}…"


def _kind_title(issue: Issue) -> str:
    """The title of the check and the kind, unless both are the same words."""
    title = _title(issue.check)
    same = title.lower().removesuffix("s") == issue.kind.lower().removesuffix("s")
    return title if same else f"{title}: {issue.kind}"


def _title(name: str) -> str:
    from featkit.auditing.check import CHECKS

    return CHECKS[name].title


def _show_skipped(audit: Audit) -> None:
    if audit.skipped:
        click.echo("\nchecks that did not run:")
    for name, reason in audit.skipped.items():
        show_item(f"{_title(name)}: {reason}")


def _show_cleaning(audit: Audit, file: str | None, score_change: bool) -> None:
    from featkit.auditing.cleaning_text import cleaning_paragraphs

    paragraphs = cleaning_paragraphs(audit, file, score_change=score_change)
    show_paragraphs("\n".join(f"- {text}" for text in paragraphs))
