"""Overview of an audit: the dataset, the number of issues, and the checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from featkit._utils.formatting import counted, duration
from featkit.auditing.check import CHECKS
from featkit.auditing.dataset import NEEDS, AuditedDataset
from featkit.auditing.result import Audit
from featkit.report._audit_inputs import AuditInputs
from featkit.report._audit_text import SEVERITY_MEANINGS, check_title, counts_text
from featkit.report.formatting import quoted
from featkit.report.section import Section


@dataclass(frozen=True)
class CheckRow:
    """A check in the table of checks.

    Attributes
    ----------
    title, description : str
        What it looks for.
    outcome : str
        The number of issues, or why it did not run.
    has_run : bool
        Whether it ran.
    """

    title: str
    description: str
    outcome: str
    has_run: bool


@dataclass(frozen=True)
class AuditOverview:
    """The data of the section.

    Attributes
    ----------
    lead : str
        The number of issues.
    note : str
        How to get pictures and sounds; "" if the page has them.
    remarks : sequence of str
        Events of the run, such as damaged results of an earlier one.
    facts : sequence of (str, str)
        Names and values of facts about the dataset.
    counts : sequence of (str, int, str)
        Name, number and meaning of each severity.
    checks : sequence of CheckRow
        All checks that were to run.
    """

    lead: str
    note: str
    remarks: Sequence[str]
    facts: Sequence[tuple[str, str]]
    counts: Sequence[tuple[str, int, str]]
    checks: Sequence[CheckRow]


def build(inputs: AuditInputs) -> AuditOverview:
    """Collect the data of the section.

    Parameters
    ----------
    inputs : AuditInputs
        The input of the page.

    Returns
    -------
    AuditOverview
        The data.
    """
    audit = inputs.audit
    return AuditOverview(
        lead=_lead(audit),
        note="" if audit.dataset.recordings else f"No pictures and sounds: {NEEDS['sound']}.",
        remarks=audit.dataset.remarks,
        facts=_facts(audit.dataset),
        counts=[(name, number, SEVERITY_MEANINGS[name]) for name, number in audit.counts.items()],
        checks=_checks(audit),
    )


SECTION = Section("audit_overview", "Overview", 10, build, pages=("audit",))


def _lead(audit: Audit) -> str:
    checks = counted(len(audit.checked), "check")
    if not audit.issues:
        return f"{checks} found no issue in {quoted(audit.dataset.name)}."
    return f"{checks} found {counts_text(audit)} in {quoted(audit.dataset.name)}."


def _facts(dataset: AuditedDataset) -> list[tuple[str, str]]:
    names = dataset.row_names
    recordings, rows = len(set(names.tolist())), len(names)
    segments = "" if rows == recordings else f" in {counted(rows, 'row')}"
    facts = [("Recordings", f"{recordings:,}{segments}")]
    if dataset.durations:
        total = sum(dataset.durations.values())
        unread = len(dataset.recordings) - len(dataset.durations)
        missing = f"; {unread:,} could not be read" if unread else ""
        facts.append(("Audio", f"{duration(total)}{missing}"))
    columns = {
        "Classes": dataset.label,
        "Groups": dataset.group,
        "Parts of the published split": dataset.split_column,
    }
    for title, column in columns.items():
        if column is not None:
            facts.append((title, _values(dataset, column)))
    if dataset.table.feature_names:
        facts.append(("Features", f"{len(dataset.table.feature_names):,}"))
    return facts


def _values(dataset: AuditedDataset, column: str) -> str:
    """The number of values of a column, with the smallest and largest number of recordings."""
    sizes = Counter(value for value in dataset.by_recording(column).values() if value)
    if not sizes:
        return f"none in the column {quoted(column)}"
    low, high = min(sizes.values()), max(sizes.values())
    size = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"{len(sizes):,} with {size} recordings, column {quoted(column)}"


def _checks(audit: Audit) -> list[CheckRow]:
    numbers = Counter(issue.check for issue in audit.issues)
    outcomes = {name: counted(numbers[name], "issue") for name in audit.checked}
    outcomes |= {name: f"did not run: {reason}" for name, reason in audit.skipped.items()}
    ordered = sorted(outcomes, key=lambda name: (CHECKS[name].order, name))
    return [
        CheckRow(check_title(name), CHECKS[name].description, outcomes[name], name in audit.checked)
        for name in ordered
    ]
