"""Importances of families and columns in several trainings, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from featkit.explanation.explanation import Explanation
from featkit.explanation.ranking import rank
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION
from featkit.report import _svg
from featkit.report._comparison import Comparison, shap_of
from featkit.report._explanation_notes import MIN_ROWS
from featkit.report.formatting import percent
from featkit.report.section import Section

N_FEATURES = 10
"""Leading families or columns of each training."""


@dataclass(frozen=True)
class ComparedFeature:
    """A family or column.

    Attributes
    ----------
    name : str
        Its name.
    shares : sequence of (str, Markup)
        Share of the total importance in each training, and a bar; "–" for a column that it lacks.
    """

    name: str
    shares: Sequence[tuple[str, Markup]]


@dataclass(frozen=True)
class ComparedImportances:
    """The data of the section.

    Attributes
    ----------
    names : sequence of str
        The trainings with SHAP values.
    scales : sequence of str
        Scale of the contributions of each.
    rankings : sequence of (str, str, sequence of ComparedFeature)
        Title, noun and rows of each table.
    """

    names: Sequence[str]
    scales: Sequence[str]
    rankings: Sequence[tuple[str, str, Sequence[ComparedFeature]]]


def build(comparison: Comparison) -> ComparedImportances | None:
    """Collect the data of the section.

    Parameters
    ----------
    comparison : Comparison
        The trainings.

    Returns
    -------
    ComparedImportances or None
        The data; None with fewer than two explanations of enough rows.
    """
    explained = {own.name: shap_of(own) for own in comparison.trainings}
    enough = {
        name: own for name, own in explained.items() if own is not None and len(own) >= MIN_ROWS
    }
    if len(enough) < 2:
        return None
    rankings = [("Columns", "Column", _features(enough, "column"))]
    if all(own.schema for own in enough.values()):
        rankings.insert(0, ("Families", "Family", _features(enough, "family")))
    return ComparedImportances(
        names=list(enough), scales=[own.scale for own in enough.values()], rankings=rankings
    )


SECTION = Section(
    "comparison_importance",
    "Why",
    40,
    build,
    pages=("comparison",),
    tasks=(CLASSIFICATION, MULTILABEL, REGRESSION),
)


def _features(explained: dict[str, Explanation], by: str) -> list[ComparedFeature]:
    """The leading features of all trainings, the greatest mean share first."""
    tables = [rank(own, by=by).table for own in explained.values()]
    shares = [dict(zip(table["feature"], table["share"], strict=True)) for table in tables]
    leading = dict.fromkeys(name for table in tables for name in table["feature"][:N_FEATURES])
    ordered = sorted(leading, key=lambda name: -sum(own.get(name, 0.0) for own in shares))
    limit = max((own.get(name, 0.0) for own in shares for name in leading), default=1.0)
    return [
        ComparedFeature(str(name), [_share(own.get(name), limit) for own in shares])
        for name in ordered
    ]


def _share(share: float | None, limit: float) -> tuple[str, Markup]:
    return ("–", Markup("")) if share is None else (percent(share), _svg.bar(share, limit))
