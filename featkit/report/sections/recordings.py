"""Single recordings: the most confident predictions, correct and wrong, and the least confident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from featkit.models.estimator import COLUMNS
from featkit.models.task import CLASSIFICATION, MULTILABEL
from featkit.report._context import Context
from featkit.report._explained_rows import ExplainedRow, explained_row
from featkit.report._row_selection import selected_rows
from featkit.report.section import Section


@dataclass(frozen=True)
class Recordings:
    """The data of the section.

    Attributes
    ----------
    groups : sequence of (str, sequence of ExplainedRow)
        Titles and rows of each group.
    scale : str
        Scale of the contributions.
    noun : str
        What is predicted: ``"class"`` or ``"label"``.
    """

    groups: Sequence[tuple[str, Sequence[ExplainedRow]]]
    scale: str
    noun: str


def build(context: Context) -> Recordings | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    Recordings or None
        The data; None without an explanation.
    """
    explanation = context.shap
    if explanation is None:
        return None
    groups = [
        (title, [explained_row(context, explanation, row) for row in rows])
        for title, rows in selected_rows(explanation)
    ]
    return Recordings(
        groups, explanation.scale, "class" if explanation.decision is None else "label"
    )


SECTION = Section(
    "recordings",
    "Single recordings",
    40,
    build,
    tasks=(CLASSIFICATION, MULTILABEL),
    inputs=(COLUMNS,),
    link="Recordings",
)
