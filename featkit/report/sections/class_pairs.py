"""Two classes: the columns that separate them, their confusions, and confused recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from featkit.models.estimator import COLUMNS
from featkit.report._class_pairs import ClassPair, class_pairs
from featkit.report._context import Context
from featkit.report.section import Section


@dataclass(frozen=True)
class ClassPairs:
    """The data of the section.

    Attributes
    ----------
    pairs : sequence of ClassPair
        Pairs of classes, the most confused first.
    all_pairs : bool
        Whether these are all pairs of classes.
    scale : str
        Scale of the contributions.
    """

    pairs: Sequence[ClassPair]
    all_pairs: bool
    scale: str


def build(context: Context) -> ClassPairs | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    ClassPairs or None
        The data; None without an explanation of rows of at least two known classes.
    """
    explanation = context.shap
    pairs = [] if explanation is None else class_pairs(explanation)
    if explanation is None or not pairs:
        return None
    count = len({place for pair in pairs for place in pair.places})
    return ClassPairs(pairs, len(pairs) == count * (count - 1) // 2, explanation.scale)


SECTION = Section(
    "class_pairs",
    "Two classes side by side",
    33,
    build,
    inputs=(COLUMNS,),
    link="Two classes",
)
