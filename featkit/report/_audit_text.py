"""Names and sentences that several sections of the page of an audit share."""

from __future__ import annotations

from featkit._utils.bidi import isolated
from featkit._utils.formatting import counted
from featkit.auditing.check import CHECKS
from featkit.auditing.issue import Issue
from featkit.auditing.result import Audit
from featkit.report.formatting import enumerated

SEVERITY_MEANINGS = {
    "high": "scores are wrong, or a recording is unusable",
    "medium": "scores are probably affected",
    "low": "worth knowing",
}
"""Meaning of each severity, the most severe first."""


def check_title(name: str) -> str:
    """The title of a check."""
    return CHECKS[name].title


MAX_OPTION = 30
"""Characters of an option of a filter."""


def kind_title(check: str, kind: str) -> str:
    """The title of a check and the kind, unless both are the same words."""
    title = check_title(check)
    same = title.lower().removesuffix("s") == kind.lower().removesuffix("s")
    return title if same else f"{title}: {isolated(kind)}"


def sentence(issue: Issue) -> str:
    """The message with a capital letter, unless it begins with the name of a recording."""
    begins_with_name = any(issue.message.startswith(place.path) for place in issue.places)
    message = issue.message.removesuffix(".")
    return message if begins_with_name else capitalised(message)


def capitalised(text: str) -> str:
    """A text with a capital letter."""
    return text[:1].upper() + text[1:]


def counts_text(audit: Audit) -> str:
    """The number of issues, and that of each severity."""
    total = counted(len(audit.issues), "issue")
    parts = [f"{number:,} {name}" for name, number in audit.counts.items() if number]
    return f"{total} ({enumerated(parts)})" if len(parts) > 1 else f"{total} of {_severity(audit)}"


def _severity(audit: Audit) -> str:
    return f"{audit.issues[0].severity} severity"


def label_numbers(audit: Audit) -> dict[str, int]:
    """Numbers by which the page refers to the labels of issues."""
    labels = audit.dataset.by_recording(audit.dataset.label)
    names = {labels.get(place.path, "") for issue in audit.issues for place in issue.places}
    return {name: number for number, name in enumerate(sorted(names - {""}))}


def issue_filters(audit: Audit) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Name, title and options (value and text) of each filter with more than one option."""
    checks = dict.fromkeys(issue.check for issue in audit.issues)
    filters = [
        ("severity", "Severity", [(name, name) for name, n in audit.counts.items() if n]),
        ("check", "Check", [(name, check_title(name)) for name in checks]),
        ("labels", "Label", [(str(n), _option(name)) for name, n in label_numbers(audit).items()]),
    ]
    return [one for one in filters if len(one[2]) > 1]


def _option(name: str) -> str:
    return isolated(name if len(name) <= MAX_OPTION else f"{name[: MAX_OPTION - 1]}…")
