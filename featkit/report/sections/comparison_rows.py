"""Rows that trainings predict differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featkit._utils.formatting import counted
from featkit.explanation.explained_rows import ExplainedRows
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION
from featkit.report._class_panels import row_name
from featkit.report._comparison import Comparison
from featkit.report.formatting import percent, significant
from featkit.report.section import Section

MAX_ROWS = 500
"""Largest number of rows in the table."""


@dataclass(frozen=True)
class DisputedRow:
    """A row that trainings predict differently.

    Attributes
    ----------
    name : str
        File, and times of a segment.
    true : str
        Its class, labels or number.
    predictions : sequence of (str, str, bool)
        Prediction of each training, its probability, and whether it is correct.
    """

    name: str
    true: str
    predictions: Sequence[tuple[str, str, bool]]


CAPTIONS = {
    CLASSIFICATION: "Rows that are predicted differently, with the probability of each prediction",
    MULTILABEL: "Rows that are predicted differently: their labels",
    REGRESSION: "Rows with the largest differences between predictions",
}


@dataclass(frozen=True)
class DisputedRows:
    """The data of the section.

    Attributes
    ----------
    lead : str
        Number of rows, and of those that are predicted differently.
    names : sequence of str
        The trainings.
    rows : sequence of DisputedRow
        The rows: those that not all trainings predict correctly first; for numbers, those with the
        largest difference of predictions first.
    caption : str
        Caption of the table.
    note : str
        Meaning of the marks, and number of rows that are left out; "" for numbers.
    """

    lead: str
    names: Sequence[str]
    rows: Sequence[DisputedRow]
    caption: str
    note: str


def build(comparison: Comparison) -> DisputedRows | None:
    """Collect the data of the section.

    Parameters
    ----------
    comparison : Comparison
        The trainings.

    Returns
    -------
    DisputedRows or None
        The data; None without paired numbers.
    """
    if not comparison.rows:
        return None
    order, total = _order(comparison)
    shown = order[:MAX_ROWS]
    own = list(comparison.rows.values())
    rest = len(order) - len(shown)
    is_number = comparison.task == REGRESSION
    few = f"{counted(len(order), 'row')} of {total:,} are predicted differently."
    if is_number:
        few = f"The {counted(len(shown), 'row')} with the largest differences, of {total:,}."
    return DisputedRows(
        lead=few,
        names=comparison.names,
        rows=[
            DisputedRow(
                name=row_name(own[0], row),
                true=_true(own[0], row),
                predictions=[_prediction(rows, row) for rows in own],
            )
            for row in shown.tolist()
        ],
        caption=CAPTIONS[comparison.task],
        note="" if is_number else _note(rest),
    )


SECTION = Section(
    "comparison_rows",
    "Where they disagree",
    30,
    build,
    pages=("comparison",),
    tasks=(CLASSIFICATION, MULTILABEL, REGRESSION),
)


def _note(rest: int) -> str:
    left_out = f" {counted(rest, 'other row is', 'other rows are')} left out." if rest else ""
    return f"✗ marks a wrong prediction.{left_out}"


def _order(comparison: Comparison) -> tuple[np.ndarray, int]:
    """Rows that are predicted differently, in the order of the table, and the number of rows."""
    own = list(comparison.rows.values())
    total = len(own[0])
    if comparison.task == REGRESSION:
        predictions = np.stack([rows.probabilities[:, 0] for rows in own])
        order = np.argsort(-np.ptp(predictions, axis=0), kind="stable")
        return order[:MAX_ROWS], total
    answers = np.stack([rows.answer for rows in own])
    differ = np.flatnonzero((answers != answers[0]).any(axis=0))
    hits = np.stack(list(comparison.hits.values()))[:, differ]
    mixed = np.ptp(hits, axis=0) > 0
    return differ[np.argsort(~mixed, kind="stable")], total


def _true(rows: ExplainedRows, row: int) -> str:
    assert rows.y is not None
    return significant(float(rows.y[row])) if rows.predicts_number else str(rows.y[row])


def _prediction(rows: ExplainedRows, row: int) -> tuple[str, str, bool]:
    if rows.predicts_number:
        return significant(float(rows.probabilities[row, 0])), "", True
    assert rows.y is not None
    answer = str(rows.answer[row])
    confidence = "" if rows.decision is not None else percent(float(rows.confidence[row]))
    return answer or "no label", confidence, answer == str(rows.y[row])
