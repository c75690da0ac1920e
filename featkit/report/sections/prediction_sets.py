"""Prediction sets: measured coverage, size of the sets, and accuracy with abstention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from featkit._utils.formatting import counted
from featkit.models.costs import SETS_IGNORE_COSTS
from featkit.models.score_types import Evaluation
from featkit.models.set_types import AnswerScores, CoverageScores, Estimate, SetScores
from featkit.report import _svg
from featkit.report._context import Context
from featkit.report.formatting import fixed, percent, whole_percent
from featkit.report.section import Section

SHOWN_COVERAGE = 0.9
"""Coverage that the sentences and the table of classes are about."""


@dataclass(frozen=True)
class Sets:
    """The data of the section, for rows or for recordings.

    Attributes
    ----------
    noun : str
        ``"row"`` or ``"recording"``.
    lead : str
        Coverage and size of the sets at one coverage.
    groups : str
        How the coverage varies between groups; "" if each group is one row.
    costs : str
        A remark on predictions by costs; "" without costs.
    n_classes : int
        Number of classes, the end of the axis of sizes.
    coverages : sequence of (CoverageScores, Markup, Markup)
        Scores, chart of the coverage and chart of the size.
    answers : sequence of (AnswerScores, str)
        Abstention, and folds in which the wanted accuracy was not reached.
    curve : Markup
        Risk-coverage curve.
    points : sequence of (str, str, str)
        Numbers of the curve: answered share, probability, accuracy.
    classes : CoverageScores
        Scores whose classes are listed.
    """

    noun: str
    lead: str
    groups: str
    costs: str
    n_classes: int
    coverages: Sequence[tuple[CoverageScores, Markup, Markup]]
    answers: Sequence[tuple[AnswerScores, str]]
    curve: Markup
    points: Sequence[tuple[str, str, str]]
    classes: CoverageScores


def build(context: Context) -> list[Sets] | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    list of Sets or None
        Of rows and, if recordings have several, of recordings; None without prediction sets.
    """
    scores = context.model.evaluation
    if not isinstance(scores, Evaluation):
        return None
    both = ((scores.prediction_sets, "row"), (scores.recording_prediction_sets, "recording"))
    return [_sets(own, noun, scores) for own, noun in both if own is not None] or None


SECTION = Section(
    "prediction_sets", "Prediction sets and abstention", 57, build, link="Prediction sets"
)


def _sets(sets: SetScores, noun: str, scores: Evaluation) -> Sets:
    n_classes = len(scores.classes)
    shown = min(sets.coverages, key=lambda one: abs(one.nominal - SHOWN_COVERAGE))
    return Sets(
        noun=noun,
        lead=_lead(sets, shown, noun),
        groups=_groups(sets, shown, scores.unit),
        costs="" if scores.costs is None else f"{SETS_IGNORE_COSTS.capitalize()}.",
        n_classes=n_classes,
        coverages=[
            (
                one,
                _chart(one.coverage, limit=1.0, baseline=one.nominal),
                _chart(one.size, limit=float(n_classes), baseline=1.0),
            )
            for one in sets.coverages
        ],
        answers=[(one, _unreached(one)) for one in sets.answers],
        curve=_risk_curve(sets, noun),
        points=[
            (percent(point.answered), fixed(point.probability), fixed(point.accuracy))
            for point in sets.curve
        ],
        classes=shown,
    )


def _chart(estimate: Estimate, *, limit: float, baseline: float) -> Markup:
    return _svg.interval(
        estimate.value, estimate.low, estimate.high, limit=limit, baseline=baseline
    )


def _lead(sets: SetScores, shown: CoverageScores, noun: str) -> str:
    correct = ""
    if shown.accuracy is not None:
        correct = f", of which {percent(shown.accuracy.value)} are correct"
    return (
        f"At a nominal coverage of {whole_percent(shown.nominal)} %, the sets of"
        f" {percent(shown.coverage.value)} of {counted(sets.rows, noun)} contain the true class,"
        f" with {fixed(shown.size.value, 2)} classes on average. {percent(shown.answered.value)}"
        f" have exactly one class{correct}; the model abstains from the others."
    )


def _groups(sets: SetScores, shown: CoverageScores, unit: str) -> str:
    if shown.group_std is None:
        return ""
    return (
        f"Over {counted(sets.groups, unit)}, the mean coverage is {percent(shown.group_mean)}, with"
        f" a standard deviation of {percent(shown.group_std)}: the nominal coverage holds for the"
        " mean of many groups, not for each one."
    )


def _unreached(scores: AnswerScores) -> str:
    return f"not reached in {counted(scores.unreachable, 'fold')}" if scores.unreachable else ""


def _risk_curve(sets: SetScores, noun: str) -> Markup:
    """Accuracy of the most confident rows by their share."""
    left, top, right, bottom = _svg.AXES_BOX
    lowest = min(point.accuracy for point in sets.curve)
    floor = int(10 * min(lowest, 0.999)) / 10
    points = [
        (
            left + point.answered * (right - left),
            bottom - (point.accuracy - floor) / (1 - floor) * (bottom - top),
        )
        for point in sets.curve
    ]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    first, last = sets.curve[0], sets.curve[-1]
    return _svg.plot(
        _svg.element("path", class_="median", d=f"M{path}"),
        _svg.dots([x for x, _ in points], [y for _, y in points], "big"),
        *_svg.axes(("0", "1"), (f"{floor:g}", "1"), f"share of {noun}s answered", "accuracy"),
        title="Risk-coverage curve",
        description=(
            f"The accuracy is {fixed(first.accuracy)} if the most confident"
            f" {percent(first.answered)} are answered, and {fixed(last.accuracy)} if all are."
        ),
        kind="reliability",
    )
