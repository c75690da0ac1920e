"""Classes in other datasets: predictions against recordings, and scores here and at home."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from featkit.evaluation.result import CrossEvaluation, DatasetEvaluation
from featkit.models.score_types import ClassScores
from featkit.report import _svg
from featkit.report._evaluation_text import Folded, folded, pair_titles
from featkit.report.formatting import enumerated, fixed, significant
from featkit.report.section import Section

MAX_NAMES = 8
"""Classes that are named in a sentence."""


@dataclass(frozen=True)
class CountRow:
    """Predictions and recordings of a class.

    Attributes
    ----------
    name : str
        The class.
    predicted, support : int
        Number of predictions and of recordings.
    ratio : str
        The first divided by the second; "" without recordings.
    chart : Markup
        The ratio as a bar.
    """

    name: str
    predicted: int
    support: int
    ratio: str
    chart: Markup


@dataclass(frozen=True)
class RecallRow:
    """Recall of a class here and at home.

    Attributes
    ----------
    name, here, home : str
        The class and both recalls.
    chart : Markup
        Both as a chart.
    """

    name: str
    here: str
    home: str
    chart: Markup


@dataclass(frozen=True)
class ClassRow:
    """All numbers of a class.

    Attributes
    ----------
    here : ClassScores
        Scores in the dataset.
    ratio : str
        Predictions divided by recordings.
    home : ClassScores or None
        Scores at home; None if unknown.
    """

    here: ClassScores
    ratio: str
    home: ClassScores | None


@dataclass(frozen=True)
class Classes:
    """The data of the section for one model on one dataset.

    Attributes
    ----------
    absent : str
        Classes that do not occur in the dataset.
    limit : str
        Largest ratio on the axis.
    counts, recalls : Folded
        Rows of the two charts.
    rows : sequence of ClassRow
        All numbers.
    at_home : bool
        Whether scores at home are known.
    """

    absent: str
    limit: str
    counts: Folded[CountRow]
    recalls: Folded[RecallRow]
    rows: Sequence[ClassRow]
    at_home: bool


def build(evaluation: CrossEvaluation) -> list[tuple[str, Classes]]:
    """Collect the data of the section.

    Parameters
    ----------
    evaluation : CrossEvaluation
        The input of the page.

    Returns
    -------
    list of (str, Classes)
        Headings and data of each model and dataset.
    """
    return [(name, _classes(pair)) for name, pair in pair_titles(evaluation)]


SECTION = Section("evaluation_classes", "Classes", 20, build, pages=("evaluation",))


def _classes(pair: DatasetEvaluation) -> Classes:
    home = {} if pair.home is None else {own.name: own for own in pair.home.per_class}
    limit = _largest_ratio(pair.per_class)
    most_wrong = sorted(pair.per_class, key=lambda own: -abs(own.predicted - own.support))
    return Classes(
        absent=_absent(pair.per_class),
        limit=significant(limit, 2),
        counts=folded([_count_row(own, limit) for own in most_wrong]),
        recalls=folded(_recall_rows(pair.per_class, home)),
        rows=[ClassRow(own, _ratio_text(own), home.get(own.name)) for own in pair.per_class],
        at_home=bool(home),
    )


def _absent(per_class: Sequence[ClassScores]) -> str:
    names = [own.name for own in per_class if not own.support]
    if not names:
        return ""
    more = len(names) - MAX_NAMES
    shown = enumerated([*names[:MAX_NAMES], *([f"{more} others"] if more > 0 else [])])
    return f"No recording of the dataset belongs to {shown}."


def _largest_ratio(per_class: Sequence[ClassScores]) -> float:
    """The ratio at the end of the axis: the largest factor of over- or under-prediction."""
    factors = [
        max(own.predicted / own.support, own.support / own.predicted)
        for own in per_class
        if own.predicted and own.support
    ]
    return max([2.0, *factors])


def _ratio_text(own: ClassScores) -> str:
    """The ratio, "" without recordings; a small one with one digit."""
    if not own.support:
        return ""
    ratio = own.predicted / own.support
    return significant(ratio, 1) if 0 < ratio < 0.01 else fixed(ratio, 2)


def _count_row(own: ClassScores, limit: float) -> CountRow:
    chart = _svg.diverging(_log_ratio(own, limit), math.log2(limit))
    return CountRow(own.name, own.predicted, own.support, _ratio_text(own), chart)


def _log_ratio(own: ClassScores, limit: float) -> float:
    """The logarithm of the ratio; the end of the axis if one of the two numbers is 0."""
    if own.predicted and own.support:
        return math.log2(own.predicted / own.support)
    return math.log2(limit) * ((own.predicted > 0) - (own.support > 0))


def _recall_rows(per_class: Sequence[ClassScores], home: dict[str, ClassScores]) -> list[RecallRow]:
    """Classes that occur in the dataset, those with the largest fall first."""
    rows = []
    for own in per_class:
        at_home = home[own.name].recall if own.name in home else None
        if own.recall is not None:
            change = own.recall if at_home is None else own.recall - at_home
            chart = _svg.dumbbell(at_home, own.recall)
            home_text = "" if at_home is None else fixed(at_home)
            rows.append((change, RecallRow(own.name, fixed(own.recall), home_text, chart)))
    return [row for _, row in sorted(rows, key=lambda item: item[0])]
