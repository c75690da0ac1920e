"""Errors: confusion matrix, most frequent confusions, and scores of each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from featkit._utils.formatting import counted
from featkit.models.score_types import ClassScores, Evaluation
from featkit.report._confusion import Confusion, confusion
from featkit.report._context import Context
from featkit.report.formatting import quoted
from featkit.report.section import Section


@dataclass(frozen=True)
class Errors:
    """The data of the section, for one set of rows.

    Attributes
    ----------
    confusion : Confusion
        The confusion matrix.
    per_class : sequence of ClassScores
        Scores of each class.
    bias : str
        The classes that are predicted too often, and too rarely.
    """

    confusion: Confusion
    per_class: Sequence[ClassScores]
    bias: str


def build(context: Context) -> list[tuple[str, Errors]] | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    list of (str, Errors) or None
        Headings and errors of the test rows, and of new rows; None if the model has no scores.
    """
    return [(title, _errors(scores)) for title, scores in context.titled_evaluations] or None


SECTION = Section("errors", "Errors", 30, build)


def _errors(scores: Evaluation) -> Errors:
    return Errors(
        confusion=confusion(list(scores.classes), scores.confusion, "row"),
        per_class=scores.per_class,
        bias=_bias(scores.per_class),
    )


def _bias(per_class: Sequence[ClassScores]) -> str:
    """The classes that are predicted most above, and most below their number of rows."""
    ordered = sorted(per_class, key=lambda scores: scores.predicted - scores.support)
    texts = [
        f"{quoted(scores.name)} is predicted {excess}: {counted(scores.predicted, 'prediction')}"
        f" for {counted(scores.support, 'row')}."
        for scores, excess, sign in ((ordered[-1], "too often", 1), (ordered[0], "too rarely", -1))
        if sign * (scores.predicted - scores.support) > 0
    ]
    return " ".join(texts) or "The number of predictions of each class equals its number of rows."
