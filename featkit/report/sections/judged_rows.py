"""All judged rows, to be searched, sorted and filtered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION
from featkit.report._context import Context
from featkit.report._judged import ROWS_AT_ONCE, JudgedRow, number_title, shown_rows
from featkit.report.section import Section


@dataclass(frozen=True)
class JudgedRows:
    """The data of the section.

    Attributes
    ----------
    rows : sequence of JudgedRow
        The first rows; the script shows the others.
    total, available : int
        Number of judged rows, and of rows of the table.
    number : str
        Heading of the probability, or of the error of a regression.
    at_once : int
        Rows that are shown at a time.
    predicts_number : bool
        Whether the model predicts a number instead of classes.
    """

    rows: Sequence[JudgedRow]
    total: int
    available: int
    number: str
    at_once: int
    predicts_number: bool


def build(context: Context) -> JudgedRows | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    JudgedRows or None
        The data; None without an explanation.
    """
    explanation = context.explanation
    if explanation is None:
        return None
    return JudgedRows(
        rows=shown_rows(explanation),
        total=len(explanation),
        available=explanation.rows_there,
        number=number_title(explanation),
        at_once=ROWS_AT_ONCE,
        predicts_number=explanation.predicts_number,
    )


SECTION = Section(
    "judged_rows",
    "All rows",
    45,
    build,
    tasks=(CLASSIFICATION, MULTILABEL, REGRESSION),
)
