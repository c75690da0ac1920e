"""ROC and precision-recall curves, thresholds of probabilities, and costs of decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from featkit._utils.formatting import counted
from featkit.models.costs import CostScores, MeanCost
from featkit.models.curve_types import AreaScore, Curve, Curves, InnerThreshold, OperatingPoint
from featkit.models.score_types import Evaluation
from featkit.report import _svg
from featkit.report._context import Context
from featkit.report._curve_charts import precision_recall_chart, roc_chart
from featkit.report.formatting import fixed, percent, quoted
from featkit.report.section import Section

MAX_ROWS = 8
"""Classes whose areas are shown; of more classes, the smallest areas, and all areas folded."""

MAX_OPEN = 3
"""Classes whose curves are shown at once, one row on a wide screen; the others are folded."""

MICRO_TITLE = "all pairs of row and class"


@dataclass(frozen=True)
class AreaTable:
    """One kind of area of all classes.

    Attributes
    ----------
    title, definition : str
        Name of the area, and what it is.
    rows : sequence of (str, AreaScore, Markup)
        Class, area and chart, at most `MAX_ROWS`.
    """

    title: str
    definition: str
    rows: Sequence[tuple[str, AreaScore, Markup]]


@dataclass(frozen=True)
class CurveCharts:
    """Both charts of one class.

    Attributes
    ----------
    name : str
        The class.
    caption : str
        Its rows and areas.
    roc, precision_recall : Markup
        Charts.
    """

    name: str
    caption: str
    roc: Markup
    precision_recall: Markup


@dataclass(frozen=True)
class CurveData:
    """The data of the section, for one set of rows.

    Attributes
    ----------
    lead : sequence of str
        Sentences on the areas.
    areas : sequence of AreaTable
        Areas of the classes.
    all_areas : sequence of (str, AreaScore, AreaScore)
        Both areas of each class; empty if the tables show all.
    shown, folded : sequence of CurveCharts
        Charts that are shown, and those that are folded: the greater areas.
    thresholds : sequence of (str, sequence of OperatingPoint)
        Selected thresholds of each class.
    inner : str
        Sentence on the threshold that inner folds choose; "" without one.
    costs : sequence of str
        Sentences on costs; empty without a cost matrix.
    cost_rows : sequence of (str, sequence of str)
        The cost matrix.
    cost_classes : sequence of str
        Its columns.
    """

    lead: Sequence[str]
    areas: Sequence[AreaTable]
    all_areas: Sequence[tuple[str, AreaScore, AreaScore]]
    shown: Sequence[CurveCharts]
    folded: Sequence[CurveCharts]
    thresholds: Sequence[tuple[str, Sequence[OperatingPoint]]]
    inner: str
    costs: Sequence[str]
    cost_rows: Sequence[tuple[str, Sequence[str]]]
    cost_classes: Sequence[str]


def build(context: Context) -> list[tuple[str, CurveData]] | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    list of (str, CurveData) or None
        Headings and data of the test rows, and of new rows; None without curves.
    """
    return [
        (title, _data(scores, scores.curves))
        for title, scores in context.titled_evaluations
        if scores.curves is not None
    ] or None


SECTION = Section("curves", "Curves and thresholds", 55, build, link="Curves")


def _data(scores: Evaluation, curves: Curves) -> CurveData:
    ordered = sorted(curves.classes, key=lambda curve: curve.average_precision.value)
    charts = [_charts(curve, curve.name) for curve in ordered]
    if curves.micro is not None:
        charts = [_charts(curves.micro, MICRO_TITLE), *charts]
    costs = scores.costs
    return CurveData(
        lead=_lead(curves),
        areas=[
            AreaTable(
                "ROC AUC",
                "probability that a row of the class is ranked above a row of another class",
                _area_rows([(curve.name, curve.roc_auc) for curve in curves.classes], 0.5),
            ),
            AreaTable(
                "Average precision",
                "mean precision at the probabilities of the rows of the class",
                _area_rows([(c.name, c.average_precision) for c in curves.classes], None),
            ),
        ],
        all_areas=[(c.name, c.roc_auc, c.average_precision) for c in curves.classes]
        if len(curves.classes) > MAX_ROWS
        else [],
        shown=charts[:MAX_OPEN],
        folded=charts[MAX_OPEN:],
        thresholds=[(curve.name, curve.points) for curve in curves.classes],
        inner=_inner(curves.inner_threshold),
        costs=[] if costs is None else _cost_texts(costs),
        cost_rows=[]
        if costs is None
        else [
            (name, [f"{cost:g}" for cost in row])
            for name, row in zip(costs.matrix.classes, costs.matrix.cost, strict=True)
        ],
        cost_classes=[] if costs is None else costs.matrix.classes,
    )


def _charts(curve: Curve, name: str) -> CurveCharts:
    roc, average = fixed(curve.roc_auc.value), fixed(curve.average_precision.value)
    rows = counted(curve.positives, "row")
    if name == MICRO_TITLE:
        rows = f"{curve.positives:,} of {curve.positives + curve.negatives:,} pairs are correct"
    caption = f"{rows}, ROC AUC {roc}, average precision {average}"
    return CurveCharts(name, caption, roc_chart(curve, name), precision_recall_chart(curve, name))


def _area_rows(
    areas: Sequence[tuple[str, AreaScore]], baseline: float | None
) -> list[tuple[str, AreaScore, Markup]]:
    """The areas with charts; of many classes, the smallest."""
    if len(areas) > MAX_ROWS:
        areas = sorted(areas, key=lambda pair: pair[1].value)[:MAX_ROWS]
    return [
        (name, area, _svg.interval(area.value, area.low, area.high, limit=1.0, baseline=baseline))
        for name, area in areas
    ]


def _lead(curves: Curves) -> list[str]:
    roc, average = (
        f"{fixed(area.value)} (95\u00a0% interval {fixed(area.low)} to {fixed(area.high)})"
        for area in (curves.macro_roc_auc, curves.macro_average_precision)
    )
    if len(curves.classes) == 1:
        subject = f"The class {quoted(curves.classes[0].name)} against the other"
        return [f"{subject}: the ROC AUC is {roc}, and the average precision {average}."]
    return [
        f"Each class against all others: the mean ROC AUC is {roc}, and the mean average precision"
        f" {average}."
    ]


def _inner(chosen: InnerThreshold | None) -> str:
    if chosen is None:
        return ""
    low, high = min(chosen.thresholds), max(chosen.thresholds)
    return (
        f"If each fold uses the threshold with the greatest {chosen.goal} on its inner folds"
        f" ({fixed(low)} to {fixed(high)}), the precision of {quoted(chosen.name)} is"
        f" {fixed(chosen.precision)}, the recall {fixed(chosen.recall)}, the F1"
        f" {fixed(chosen.f1)} and the accuracy {percent(chosen.accuracy)}."
    )


def _cost_texts(costs: CostScores) -> list[str]:
    return [
        "The model predicts the class with the least expected cost, given its probabilities. All"
        f" scores of this page are of these predictions. A row costs {_cost(costs.mean)} on"
        " average.",
        f"Predicting the most probable class costs {_cost(costs.most_probable)}: a difference of"
        f" {_cost(costs.difference)}, and {counted(costs.changed, 'other prediction')}. Always"
        f" predicting {quoted(costs.constant_class)}, the cheapest answer that uses no feature,"
        f" costs {_cost(costs.constant)}.",
    ]


def _cost(cost: MeanCost) -> str:
    return f"{fixed(cost.value)} (95\u00a0% interval {fixed(cost.low)} to {fixed(cost.high)})"
