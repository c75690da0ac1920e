"""The performance of a regression in brief, for the page of one recording."""

from __future__ import annotations

from featkit.models.regression_types import RegressionEvaluation
from featkit.models.task import REGRESSION
from featkit.report._context import Context
from featkit.report._regression_text import regression_text
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
    return regression_text(scores) if isinstance(scores, RegressionEvaluation) else None


SECTION = Section(
    "regression_summary",
    "Performance of the model",
    30,
    build,
    pages=("recording",),
    tasks=(REGRESSION,),
)
