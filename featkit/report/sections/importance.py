"""Which columns decided, and how: the fourth section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from featkit._utils.counting import counted
from featkit.explanation.explanation import NO_FOLD, Explanation
from featkit.explanation.ranking import correlated, grid, importance, importance_by_fold
from featkit.report import _svg
from featkit.report._class_panels import Panel, drawn_of, panels, sample
from featkit.report.sections.errors import STEPS
from featkit.report.words import figures, listed, percent

if TYPE_CHECKING:
    import pandas as pd

ENOUGH = 20
"""Rows from which on a ranking of columns is worth looking at."""

SHOWN = 20
"""Columns of the overall ranking that are shown at once."""

LEADING = 10

ROLLED = {"family": "Families", "descriptor": "Descriptors", "statistic": "Statistics"}

FAMILIES_ALONE = "Families, each of one descriptor"


@dataclass(frozen=True)
class Ranked:
    """How much something weighs."""

    name: str
    mean: str
    low: str
    high: str
    share: str
    std: str
    bar: Markup


@dataclass(frozen=True)
class HeatCell:
    """A cell of the picture of families by statistics."""

    value: str
    shade: str


@dataclass(frozen=True)
class Why:
    """What the section shows; of few rows only how they were explained."""

    scale: str
    method: str
    flaw: str
    notes: Sequence[str]
    lead: str
    overall: Sequence[Ranked] = ()
    shown: int = SHOWN
    by_fold: bool = False
    stability: str = ""
    rolled: Sequence[tuple[str, Sequence[Ranked]]] = ()
    heat_statistics: Sequence[str] = ()
    heat: Sequence[tuple[str, Sequence[HeatCell]]] = ()
    groups: Sequence[Sequence[str]] = ()
    panels: Sequence[Panel] = ()
    drawn: str = ""


def why(explanation: Explanation) -> Why:
    """The section."""
    tell = "tells" if len(explanation) == 1 else "tell"
    few = Why(
        scale=scale(explanation),
        method=explanation.method,
        flaw=explanation.flaw,
        notes=[*exactness(explanation), *others(explanation)],
        lead=f"{counted(len(explanation), 'row')} {tell} little of columns in general: what spoke"
        " in each is shown below.",
    )
    return few if len(explanation) < ENOUGH else _of_many(explanation, few)


def _of_many(explanation: Explanation, few: Why) -> Why:
    overall, by_fold = importance(explanation), importance_by_fold(explanation)
    drawn = sample(explanation)
    statistics, heat = _heat(grid(explanation)) if explanation.schema else ([], [])
    return replace(
        few,
        lead=_lead(overall, importance(explanation, by="family")),
        overall=_ranked(overall, by_fold),
        by_fold=len(by_fold) > 1,
        stability=_stability(overall, by_fold),
        rolled=_rolled(explanation),
        heat_statistics=statistics,
        heat=heat,
        groups=correlated(explanation),
        panels=panels(explanation, drawn),
        drawn=drawn_of(len(drawn), len(explanation)),
    )


def scale(explanation: Explanation) -> str:
    """What contributions are in, and what that means."""
    meaning = f": {explanation.meaning}" if explanation.meaning else ""
    return (
        f"Contributions are in {explanation.scale}{meaning}. They add up, with what the model says"
        " on average, to what it said of the row."
    )


def exactness(explanation: Explanation) -> list[str]:
    """Which rows were explained, by whom, and how exactly."""
    rows, there = len(explanation), explanation.rows_there
    of = f"{rows:,} of {there:,} rows, drawn at random" if rows < there else counted(rows, "row")
    largest = float(np.abs(explanation.residual).max(initial=0))
    said = [
        f"Explained: {of}{_whole(explanation) if rows == there else ''}, by"
        f" {_explainers(explanation)}.",
        f"The largest difference between the sum of the contributions and what the model said is"
        f" {figures(largest, 2)} {explanation.scale}.",
    ]
    if explanation.error is not None:
        typical, most = np.median(explanation.error), explanation.error.max(initial=0)
        said.append(
            f"Contributions were sampled: their standard error is {figures(float(typical), 2)}"
            f" typically, {figures(float(most), 2)} at most."
        )
    return said


def others(explanation: Explanation) -> list[str]:
    """What else a reader must know; a flaw has a place of its own."""
    return [text for text in explanation.notes if text != explanation.flaw]


def _whole(explanation: Explanation) -> str:
    return " (all there are)" if (explanation.folds == NO_FOLD).all() else " (all that were judged)"


def _explainers(explanation: Explanation) -> str:
    folds = {str(fold) for fold in explanation.folds.tolist()}
    rounds = len(folds - {NO_FOLD})
    models = "the model of" if rounds == 1 else "the models of"
    said = [f"{models} {counted(rounds, 'round')} that had not seen them"] if rounds else []
    return listed([*said, *(["the final model"] if NO_FOLD in folds else [])])


def _lead(overall: pd.DataFrame, families: pd.DataFrame) -> str:
    names = [str(name) for name in overall["feature"][:3]]
    share = percent(float(overall["share"][:3].sum()))
    many = len(names) > 1
    text = f"{listed(names)} weigh{'' if many else 's'} most, with {share} of all weight."
    if len(families) > 1:
        family = families.to_dict("records")[0]
        text += f" Of the families, {family['feature']} does, with {percent(family['share'])}."
    return text


def _rolled(explanation: Explanation) -> list[tuple[str, list[Ranked]]]:
    """By family, descriptor and statistic; once where each family is one descriptor."""
    if not explanation.schema:
        return []
    tables = {
        title: _ranked(importance(explanation, by=by), importance_by_fold(explanation, by=by))
        for by, title in ROLLED.items()
    }
    if tables["Families"] == tables["Descriptors"]:
        tables = {FAMILIES_ALONE: tables["Families"], "Statistics": tables["Statistics"]}
    return list(tables.items())


def _ranked(table: pd.DataFrame, by_fold: pd.DataFrame) -> list[Ranked]:
    top = max(table["high"].max(), by_fold.to_numpy().max(initial=0))
    return [
        Ranked(
            name=of["feature"],
            mean=figures(of["mean_abs_shap"], 3),
            low=figures(of["low"], 3),
            high=figures(of["high"], 3),
            share=percent(of["share"]),
            std=figures(of["std"], 2),
            bar=_svg.bar(of["mean_abs_shap"], top, of["low"], of["high"], by_fold[of["feature"]]),
        )
        for of in table.to_dict("records")
    ]


def _stability(overall: pd.DataFrame, by_fold: pd.DataFrame) -> str:
    """How far folds agree on which columns lead, where these are a third of all at most."""
    if len(by_fold) < 2 or len(overall) < 3 * LEADING:
        return ""
    first = set(overall["feature"][:LEADING])
    kept = [len(first & set(of.nlargest(LEADING).index)) for _, of in by_fold.iterrows()]
    return (
        f"Of the {LEADING} columns that lead overall, {np.mean(kept):.1f} lead in each of the"
        f" {len(kept)} rounds on average, {min(kept)} at least."
    )


def _heat(table: pd.DataFrame) -> tuple[list[str], list[tuple[str, list[HeatCell]]]]:
    values = table.to_numpy()
    top = max(float(values.max(initial=0)), np.finfo(float).tiny)
    rows = [
        (
            str(family),
            [
                HeatCell(
                    value=figures(float(value), 2) if value else "·",
                    shade=f"h{int(np.ceil(value / top * STEPS))}",
                )
                for value in row
            ],
        )
        for family, row in zip(table.index, values, strict=True)
    ]
    return [str(name) for name in table.columns], rows
