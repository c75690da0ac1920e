"""The performance of the model in brief, for the page of one recording."""

from __future__ import annotations

from featkit.models.score_types import Evaluation
from featkit.report._context import Context
from featkit.report._performance_text import performance_text
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
    return performance_text(scores) if isinstance(scores, Evaluation) else None


SECTION = Section(
    "performance_summary", "Performance of the model", 30, build, pages=("recording",)
)
