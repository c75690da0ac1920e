"""The cleaned table: what it leaves out, how to train on it, and how the score changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from featkit.auditing.cleaning_text import (
    HOW_TO_WRITE,
    change_sentences,
    cleaning_summary,
    labels_note,
    training_command,
)
from featkit.report._audit_inputs import AuditInputs
from featkit.report.section import Section


@dataclass(frozen=True)
class AuditCleaning:
    """The data of the section.

    Attributes
    ----------
    lead : str
        What the cleaned table leaves out and joins.
    change : sequence of str
        How the score changes, or why this is unknown; empty if the table is as it was.
    how : str
        How the cleaned table is written.
    command : str
        The command that trains on it; "" without features or labels.
    note : str
        Why labels stay as they are; "" if no label is doubted.
    """

    lead: str
    change: Sequence[str]
    how: str
    command: str
    note: str


def build(inputs: AuditInputs) -> AuditCleaning:
    """Collect the data of the section.

    Parameters
    ----------
    inputs : AuditInputs
        The input of the page.

    Returns
    -------
    AuditCleaning
        The data.
    """
    audit = inputs.audit
    cleaning = audit.cleaning
    return AuditCleaning(
        lead=cleaning_summary(cleaning),
        change=[] if cleaning.changes_nothing else change_sentences(cleaning),
        how=HOW_TO_WRITE,
        command=training_command(cleaning),
        note=labels_note(audit.issues),
    )


SECTION = Section("audit_cleaning", "Train on the cleaned table", 30, build, pages=("audit",))
