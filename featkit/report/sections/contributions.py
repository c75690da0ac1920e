"""The contributions of columns to the prediction for one recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from featkit.explanation.explanation import Explanation
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION
from featkit.report._context import MIN_CLASSES, Context
from featkit.report._explained_rows import (
    ContrastTable,
    ContributionTable,
    contrast_table,
    contribution_table,
)
from featkit.report._explanation_notes import scale_note, value_notes
from featkit.report._recording import mean_row
from featkit.report.section import Section


@dataclass(frozen=True)
class Contributions:
    """The data of the section.

    Attributes
    ----------
    table : ContributionTable
        The largest contributions, means over the segments.
    contrast : ContrastTable or None
        The columns that speak for the class rather than another; None if there is no other.
    n_segments : int
        Number of segments.
    scale : str
        Meaning of a contribution.
    method : str
        Method of computation.
    flaw : str
        Warning that contributions do not add up to the output, or "".
    notes : sequence of str
        Caveats of the explanation.
    predicts_number : bool
        Whether contributions are to a number instead of a class.
    several : bool
        Whether the model predicts several labels.
    """

    table: ContributionTable
    n_segments: int
    scale: str
    method: str
    flaw: str
    notes: Sequence[str]
    predicts_number: bool
    several: bool
    contrast: ContrastTable | None = None


def build(context: Context) -> Contributions | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    Contributions or None
        The data; None without an explanation.
    """
    explanation = context.shap
    if explanation is None:
        return None
    whole = mean_row(explanation)
    of_class = str(whole.predicted[0]) if context.of_class is None else context.of_class
    return Contributions(
        table=contribution_table(whole, 0, of_class, context.top),
        n_segments=len(explanation),
        scale=scale_note(explanation),
        method=explanation.method,
        flaw=explanation.flaw,
        notes=value_notes(explanation),
        predicts_number=explanation.predicts_number,
        several=explanation.decision is not None,
        contrast=_contrast(context, whole, of_class),
    )


def _contrast(context: Context, whole: Explanation, given: str | float) -> ContrastTable | None:
    if whole.predicts_number or len(whole.classes) < MIN_CLASSES:
        return None
    of_class = whole.classes[whole.place_of_class(given)]
    against = None if context.against is None else str(context.against)
    return contrast_table(whole, 0, context.top, of_class, against)


SECTION = Section(
    "contributions",
    "Contributions",
    20,
    build,
    pages=("recording",),
    tasks=(CLASSIFICATION, MULTILABEL, REGRESSION),
)
