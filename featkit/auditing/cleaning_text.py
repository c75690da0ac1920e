"""The cleaned table in sentences, for the terminal and the page, and as plain data."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

from featkit._utils.formatting import counted
from featkit.auditing.issue_table import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from featkit.auditing.cleaning import Cleaning, ScoreChange
    from featkit.auditing.issue import Issue
    from featkit.auditing.result import Audit

LABELS_STAY = (
    "Labels that are probably wrong are neither changed nor removed: leaving out recordings that"
    " a model gets wrong raises every score, whether the labels are wrong or not. Listen to them,"
    " correct the labels, and audit again."
)
"""Why the cleaned table keeps the labels."""

HOW_TO_WRITE = "The option --cleaned cleaned.parquet writes the cleaned table."

NOT_SCORED = "it was not asked for"
"""Why the change of the score is unknown, if no model was to be trained."""

LABEL_CHECK = "label_errors"
"""The check that finds probable label errors."""

METRIC = "balanced_accuracy"
"""The score whose change is described."""


class _Interval(Protocol):
    """A number with its 95 % confidence interval."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def cleaning_summary(cleaning: Cleaning) -> str:
    """Describe what a cleaned table leaves out and joins.

    Parameters
    ----------
    cleaning : Cleaning
        The cleaned table.

    Returns
    -------
    str
        One sentence.
    """
    if cleaning.changes_nothing:
        return "The cleaned table is the table as it is: no issue removes or joins recordings."
    total = counted(len(cleaning.groups), "recording")
    removed = f"{len(cleaning.removed):,} of {total}" if cleaning.removed else "no recording"
    sentence = f"The cleaned table leaves out {removed}"
    if cleaning.n_joined:
        others = "others" if cleaning.removed else f"of {total}"
        sentence += f"; {cleaning.n_joined:,} {others} are newly joined in a group"
    return f"{sentence}. Its groups are in the column {cleaning.group}."


def change_sentences(cleaning: Cleaning) -> list[str]:
    """Describe how the score changes.

    Parameters
    ----------
    cleaning : Cleaning
        The cleaned table. Its models are trained if they have not been.

    Returns
    -------
    list of str
        Sentences; the reason if there is no score.
    """
    change = cleaning.change
    if isinstance(change, str):
        return [f"The change of the score is unknown: {change}."]
    sentences = [_change_sentence(change)]
    if cleaning.removed and cleaning.n_joined:
        sentences.append(
            f"Removed recordings account for {_signed(change.removal[METRIC])}, and groups that are"
            f" kept together for {_signed(change.grouping[METRIC])}."
        )
    if change.total[METRIC].high < 0:
        sentences.append(
            "The lower score is the realistic one: the split of the table as it is lets a model"
            " recognise recordings that it was trained on."
        )
    return sentences


def training_command(cleaning: Cleaning) -> str:
    """Return the command that trains on a cleaned table.

    Parameters
    ----------
    cleaning : Cleaning
        The cleaned table.

    Returns
    -------
    str
        For a shell; "" if no model can be trained.
    """
    dataset = cleaning.dataset
    can_train = dataset.label is not None and dataset.table.feature_names
    return cleaning.command() if can_train else ""


def cleaning_data(cleaning: Cleaning, *, score_change: bool) -> dict[str, Any]:
    """Return a cleaned table as data that JSON can hold.

    Parameters
    ----------
    cleaning : Cleaning
        The cleaned table.
    score_change : bool
        Whether to train models to compute the change of the score.

    Returns
    -------
    dict
        See `featkit.auditing.result.Audit.as_dict`.
    """
    change = cleaning.change if score_change else NOT_SCORED
    return {
        "removed": list(cleaning.removed),
        "joined": cleaning.n_joined,
        "group": cleaning.group,
        "command": training_command(cleaning),
        "change": None if isinstance(change, str) else plain(asdict(change)),
        "reason": change if isinstance(change, str) else "",
    }


def labels_note(issues: Iterable[Issue]) -> str:
    """Explain why labels stay as they are.

    Parameters
    ----------
    issues : iterable of Issue
        All issues.

    Returns
    -------
    str
        "" if no label is doubted.
    """
    is_doubted = any(issue.check == LABEL_CHECK and issue.places for issue in issues)
    return LABELS_STAY if is_doubted else ""


def cleaning_paragraphs(
    audit: Audit, file: str | None = None, *, score_change: bool = True
) -> list[str]:
    """Describe a cleaned table for the terminal.

    Parameters
    ----------
    audit : Audit
        The result of the audit.
    file : str, optional
        The file to which the table was written.
    score_change : bool
        Whether to describe the change of the score, for which models are trained.

    Returns
    -------
    list of str
        What it leaves out, how the score changes, why labels stay, and how to train on it.
    """
    cleaning = audit.cleaning
    command = training_command(cleaning)
    how = f"{HOW_TO_WRITE} To train on it: {command}" if command else HOW_TO_WRITE
    if file is not None:
        how = f"To train on the cleaned table: {cleaning.command(file)}" if command else ""
    note = labels_note(audit.issues)
    if cleaning.changes_nothing:
        return [text for text in (cleaning_summary(cleaning), note) if text]
    change = change_sentences(cleaning) if score_change else []
    return [text for text in (cleaning_summary(cleaning), *change, note, how) if text]


def _change_sentence(change: ScoreChange) -> str:
    before, after = change.before[METRIC], change.after[METRIC]
    difference = change.total[METRIC]
    model = change.model.replace("_", " ")
    clearly = "" if difference.low > 0 or difference.high < 0 else "; the interval includes 0"
    return (
        f"The balanced accuracy of the {model} model changes by {_signed(difference)}, from"
        f" {_plain(before)} ({change.before_protocol}) to {_plain(after)} ({change.after_protocol})"
        f"{clearly}."
    )


def _plain(score: _Interval) -> str:
    return f"{score.value:.3f} [{score.low:.3f}, {score.high:.3f}]"


def _signed(score: _Interval) -> str:
    value, low, high = (_signed_number(x) for x in (score.value, score.low, score.high))
    return f"{value} [{low}, {high}]"


def _signed_number(value: float) -> str:
    text = f"{value:+.3f}"
    return "0.000" if text[1:] == "0.000" else text.replace("-", "−")
