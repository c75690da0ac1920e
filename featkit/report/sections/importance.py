"""Feature importance: rankings over all classes and for each class, and redundant columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from featkit._utils.formatting import counted
from featkit.explanation.explanation import Explanation, MemberExplanation
from featkit.explanation.ranking import Ranking, correlated, grid, rank
from featkit.models.estimator import COLUMNS
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION
from featkit.report import _svg
from featkit.report._class_panels import Panel, drawn_rows, panels
from featkit.report._context import Context
from featkit.report._explanation_notes import MIN_ROWS, method_notes, scale_note
from featkit.report._shades import N_SHADES
from featkit.report._titles import column_title
from featkit.report.formatting import enumerated, percent
from featkit.report.section import Section

if TYPE_CHECKING:
    import pandas as pd

N_COLUMNS = 10
"""Columns of the overall ranking that are shown without opening the list of all."""

N_LEADING = 10
"""Leading columns that are compared between folds."""

N_MEMBER_COLUMNS = 10
"""Leading columns of each member of an ensemble."""

GROUPINGS = {"family": "Families", "descriptor": "Descriptors", "statistic": "Statistics"}

FAMILIES_ONLY = "Families, each of one descriptor"


@dataclass(frozen=True)
class RankedFeature:
    """A row of a ranking.

    Attributes
    ----------
    name : str
        Column, family, descriptor or statistic.
    mean : float
        Mean |SHAP|.
    low, high : float
        Its 95 % confidence interval.
    share : float
        Share of the sum over all features.
    std : float
        Standard deviation over folds.
    bar : Markup
        Mean, interval and means of folds as a bar.
    title : str
        Plain name of a column, with its unit, "" if unknown.
    """

    name: str
    mean: float
    low: float
    high: float
    share: float
    std: float
    bar: Markup
    title: str = ""


@dataclass(frozen=True)
class RankedMember:
    """A member of an ensemble, with its most important columns.

    Attributes
    ----------
    name : str
        Estimator and parameters.
    weight : float
        Its share of the probabilities of the ensemble.
    scale : str
        Scale of its contributions.
    columns : sequence of (str, float)
        Its most important columns, with their share of its total importance.
    """

    name: str
    weight: float
    scale: str
    columns: Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Importance:
    """The data of the section. With few rows, it has no rankings.

    Attributes
    ----------
    scale : str
        Meaning of a contribution.
    method : str
        Method of computation.
    flaw : str
        Warning that contributions do not add up to the output, or "".
    notes : sequence of str
        Caveats of the explanation.
    lead : str
        The most important columns and family.
    overall : sequence of RankedFeature
        All columns, the most important first.
    shown : int
        Number of columns that are shown at once.
    by_fold : bool
        Whether several folds explained the rows.
    stability : str
        Agreement of the folds on the leading columns.
    groupings : sequence of (str, sequence of RankedFeature)
        Rankings of families, descriptors and statistics, with their titles.
    heat_statistics : sequence of str
        Columns of the heat map.
    heat : sequence of (str, sequence of (float, str))
        Rows of the heat map: families, values and CSS classes of cells.
    redundant : sequence of sequence of str
        Groups of redundant columns.
    panels : sequence of Panel
        Charts of each class.
    drawn : str
        The rows that the dots of charts show.
    members : sequence of RankedMember
        Members of an ensemble; empty for other models.
    predicts_number : bool
        Whether contributions are to a number instead of classes.
    several : bool
        Whether contributions are to several labels.
    """

    scale: str
    method: str
    flaw: str
    notes: Sequence[str]
    lead: str
    overall: Sequence[RankedFeature] = ()
    shown: int = N_COLUMNS
    by_fold: bool = False
    stability: str = ""
    groupings: Sequence[tuple[str, Sequence[RankedFeature]]] = ()
    heat_statistics: Sequence[str] = ()
    heat: Sequence[tuple[str, Sequence[tuple[float, str]]]] = ()
    redundant: Sequence[Sequence[str]] = ()
    panels: Sequence[Panel] = ()
    drawn: str = ""
    members: Sequence[RankedMember] = ()
    predicts_number: bool = False
    several: bool = False


def build(context: Context) -> Importance | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    Importance or None
        The data; None without an explanation.
    """
    explanation = context.shap
    if explanation is None:
        return None
    rows = counted(len(explanation), "row")
    few = Importance(
        scale=scale_note(explanation),
        method=explanation.method,
        flaw=explanation.flaw,
        notes=method_notes(explanation),
        lead=f"{rows} {'is' if len(explanation) == 1 else 'are'} too few for a ranking of columns."
        " The contributions in each row are shown below.",
        predicts_number=explanation.predicts_number,
        several=explanation.decision is not None,
    )
    return few if len(explanation) < MIN_ROWS else _with_rankings(few, explanation)


SECTION = Section(
    "importance",
    "Why",
    20,
    build,
    tasks=(CLASSIFICATION, MULTILABEL, REGRESSION),
    inputs=(COLUMNS,),
)


def _with_rankings(few: Importance, explanation: Explanation) -> Importance:
    overall = rank(explanation)
    drawn = drawn_rows(explanation)
    statistics, heat = _heat(grid(explanation)) if explanation.schema else ([], [])
    return replace(
        few,
        lead=_lead(overall.table, rank(explanation, by="family").table),
        overall=_titled(_ranked_features(overall), explanation),
        by_fold=len(overall.by_fold) > 1,
        stability=_stability(overall),
        groupings=_groupings(explanation),
        heat_statistics=statistics,
        heat=heat,
        redundant=correlated(explanation),
        panels=panels(explanation, drawn),
        drawn=_drawn(len(drawn), len(explanation)),
        members=[_ranked_member(member) for member in explanation.members],
    )


def _ranked_member(member: MemberExplanation) -> RankedMember:
    table = rank(member.explanation).table.head(N_MEMBER_COLUMNS)
    columns = zip(table["feature"].tolist(), table["share"].tolist(), strict=True)
    return RankedMember(member.name, member.weight, member.explanation.scale, list(columns))


def _drawn(drawn: int, rows: int) -> str:
    if drawn == rows:
        return "Each dot is a row."
    return f"Each dot is one of {drawn} rows, drawn at random from {rows:,}."


def _lead(overall: pd.DataFrame, families: pd.DataFrame) -> str:
    """The most important families, then columns, of which a single one says little."""
    names = [str(name) for name in overall["feature"][:3]]
    share = percent(float(overall["share"][:3].sum()))
    noun = "columns are" if len(names) > 1 else "column is"
    text = f"The most important {noun} {enumerated(names)}, with {share} of the total importance."
    if len(families) < 2:
        return text
    leading = families.head(3).to_dict("records")
    shares = enumerated([f"{own['feature']} ({percent(own['share'])})" for own in leading])
    return f"The most important families are {shares}. {text}"


def _groupings(explanation: Explanation) -> list[tuple[str, list[RankedFeature]]]:
    """Families, descriptors and statistics; without descriptors if each family has only one."""
    if not explanation.schema:
        return []
    rankings = {title: rank(explanation, by=by) for by, title in GROUPINGS.items()}
    if rankings["Families"].table.equals(rankings["Descriptors"].table):
        rankings = {FAMILIES_ONLY: rankings["Families"], "Statistics": rankings["Statistics"]}
    return [(title, _ranked_features(ranking)) for title, ranking in rankings.items()]


def _titled(features: Sequence[RankedFeature], explanation: Explanation) -> list[RankedFeature]:
    """The features with their plain names."""
    schema = explanation.schema
    return [replace(own, title=column_title(schema.get(own.name, {}))) for own in features]


def _ranked_features(ranking: Ranking) -> list[RankedFeature]:
    table, by_fold = ranking
    limit = max(table["high"].max(), by_fold.to_numpy().max(initial=0))
    return [
        RankedFeature(
            name=row["feature"],
            mean=row["mean_abs_shap"],
            low=row["low"],
            high=row["high"],
            share=row["share"],
            std=row["std"],
            bar=_svg.bar(
                row["mean_abs_shap"], limit, row["low"], row["high"], by_fold[row["feature"]]
            ),
        )
        for row in table.to_dict("records")
    ]


def _stability(ranking: Ranking) -> str:
    """Agreement of the folds on the leading columns, if these are at most a third of all."""
    table, by_fold = ranking
    if len(by_fold) < 2 or len(table) < 3 * N_LEADING:
        return ""
    leading = set(table["feature"][:N_LEADING])
    shared = [len(leading & set(fold.nlargest(N_LEADING).index)) for _, fold in by_fold.iterrows()]
    return (
        f"Of the {N_LEADING} most important columns overall, {np.mean(shared):.1f} are also among"
        f" the {N_LEADING} most important of a fold, on average over {len(shared)} folds (at least"
        f" {min(shared)})."
    )


def _heat(table: pd.DataFrame) -> tuple[list[str], list[tuple[str, list[tuple[float, str]]]]]:
    """The columns of the heat map, and its rows with values and CSS classes."""
    values = table.to_numpy()
    limit = max(float(values.max(initial=0)), np.finfo(float).tiny)
    rows = [
        (str(family), [(float(x), f"h{int(np.ceil(x / limit * N_SHADES))}") for x in row])
        for family, row in zip(table.index, values, strict=True)
    ]
    return [str(name) for name in table.columns], rows
