"""The performance of a model of several labels in brief, for the page of one recording."""

from __future__ import annotations

from featkit.models.multilabel_types import MultilabelEvaluation
from featkit.models.task import MULTILABEL
from featkit.report._context import Context
from featkit.report._label_text import label_text
from featkit.report.section import Section


def build(context: Context) -> list[str] | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    list of str or None
        Sentences on the scores of training; None if the model has none.
    """
    scores = context.model.evaluation
    return label_text(scores) if isinstance(scores, MultilabelEvaluation) else None


SECTION = Section(
    "label_summary",
    "Performance of the model",
    30,
    build,
    pages=("recording",),
    tasks=(MULTILABEL,),
)
