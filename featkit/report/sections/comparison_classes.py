"""Recall of each class by several trainings, with paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from featkit.models.score_types import Evaluation
from featkit.models.task import CLASSIFICATION
from featkit.report._comparison import Comparison
from featkit.report.formatting import fixed, signed
from featkit.report.section import Section


@dataclass(frozen=True)
class ClassRow:
    """A class.

    Attributes
    ----------
    name : str
        The class.
    support : int
        Its test rows.
    recalls : sequence of str
        Recall by each training.
    differences : sequence of (str, str, bool)
        Paired difference of each pair, its interval, and whether it is clear.
    """

    name: str
    support: int
    recalls: Sequence[str]
    differences: Sequence[tuple[str, str, bool]]


@dataclass(frozen=True)
class ComparedClasses:
    """The data of the section.

    Attributes
    ----------
    names : sequence of str
        The trainings.
    pairs : sequence of (str, str)
        First and second training of each paired difference; empty without paired numbers.
    classes : sequence of ClassRow
        The classes.
    """

    names: Sequence[str]
    pairs: Sequence[tuple[str, str]]
    classes: Sequence[ClassRow]


def build(comparison: Comparison) -> ComparedClasses | None:
    """Collect the data of the section.

    Parameters
    ----------
    comparison : Comparison
        The trainings.

    Returns
    -------
    ComparedClasses or None
        The data; None if a model has no scores.
    """
    evaluations = [own.model.evaluation for own in comparison.trainings]
    scored = [own for own in evaluations if isinstance(own, Evaluation)]
    if len(scored) < len(evaluations):
        return None
    names = list(dict.fromkeys(name for scores in scored for name in scores.classes))
    return ComparedClasses(
        names=comparison.names,
        pairs=[(pair.first, pair.second) for pair in comparison.paired],
        classes=[_row(comparison, scored, name) for name in names],
    )


SECTION = Section(
    "comparison_classes",
    "Classes",
    20,
    build,
    pages=("comparison",),
    tasks=(CLASSIFICATION,),
)


def _row(comparison: Comparison, scored: Sequence[Evaluation], name: str) -> ClassRow:
    own = [{one.name: one for one in scores.per_class}.get(name) for scores in scored]
    return ClassRow(
        name=name,
        support=max(one.support if one else 0 for one in own),
        recalls=[fixed(one.recall if one else None) for one in own],
        differences=_differences(comparison, name),
    )


def _differences(comparison: Comparison, name: str) -> list[tuple[str, str, bool]]:
    if not comparison.rows:
        return []
    y = next(iter(comparison.rows.values())).y
    assert y is not None
    pairs = comparison.paired_of(y == name)
    return [
        (
            signed(pair.difference.value, 2),
            f"{signed(pair.difference.low, 2)} to {signed(pair.difference.high, 2)}",
            pair.difference.low > 0 or pair.difference.high < 0,
        )
        for pair in pairs
    ] or [("–", "", False)] * len(comparison.paired)
