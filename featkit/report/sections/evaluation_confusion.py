"""Confusion of classes in other datasets."""

from __future__ import annotations

from featkit.evaluation.result import CrossEvaluation
from featkit.report._confusion import Confusion, confusion
from featkit.report._evaluation_text import pair_titles
from featkit.report.section import Section


def build(evaluation: CrossEvaluation) -> list[tuple[str, Confusion]]:
    """Collect the data of the section.

    Parameters
    ----------
    evaluation : CrossEvaluation
        The input of the page.

    Returns
    -------
    list of (str, Confusion)
        Headings and confusion matrices of each model and dataset.
    """
    return [
        (name, confusion(list(pair.classes), pair.confusion, "recording"))
        for name, pair in pair_titles(evaluation)
    ]


SECTION = Section("evaluation_confusion", "Confusion", 30, build, pages=("evaluation",))
