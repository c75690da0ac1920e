"""Several trainings: scores on one axis, whether the comparison is fair, paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from featkit.models.result import BASELINE
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION
from featkit.report import _svg
from featkit.report._comparison import Comparison, PairedDifference
from featkit.report._leaderboard import Entry, Leaderboard
from featkit.report._score_entries import (
    BASELINES,
    headline,
    kept_note,
    metric_leaderboard,
)
from featkit.report.formatting import fixed, signed, significant
from featkit.report.section import Section

NOUNS = {
    CLASSIFICATION: "Accuracy",
    MULTILABEL: "Share of correct label decisions",
    REGRESSION: "Mean absolute error",
}
"""Paired score of each task."""


@dataclass(frozen=True)
class PairRow:
    """A pair of trainings.

    Attributes
    ----------
    first, second : str
        Their names.
    values : pair of str
        Score of each.
    difference, interval : str
        Second minus first, and its interval.
    chart : Markup
        Both as a chart.
    only_first, only_second : int
        Rows that only one predicts correctly.
    p_value : str
        Of McNemar's test; "" without one.
    verdict : str
        Whether the difference is clear.
    """

    first: str
    second: str
    values: tuple[str, str]
    difference: str
    interval: str
    chart: Markup
    only_first: int
    only_second: int
    p_value: str
    verdict: str


@dataclass(frozen=True)
class ComparisonAnswer:
    """The data of the section.

    Attributes
    ----------
    scores : Leaderboard or None
        The scores of training; None without any.
    fair : bool
        Whether the trainings have the same rows and splits.
    reasons : sequence of str
        Why the comparison is not fair, and why there are no paired numbers.
    noun : str
        The paired score.
    rows : int
        Number of rows of the pairs.
    pairs : sequence of PairRow
        Paired differences.
    limit : str
        Largest difference on the axis.
    has_test : bool
        Whether pairs have McNemar's test.
    """

    scores: Leaderboard | None
    fair: bool
    reasons: Sequence[str]
    noun: str
    rows: int
    pairs: Sequence[PairRow]
    limit: str
    has_test: bool


def build(comparison: Comparison) -> ComparisonAnswer:
    """Collect the data of the section.

    Parameters
    ----------
    comparison : Comparison
        The trainings.

    Returns
    -------
    ComparisonAnswer
        The data.
    """
    pairs = comparison.paired
    limit = max(
        (abs(end) for own in pairs for end in (own.difference.low, own.difference.high)),
        default=0.0,
    )
    return ComparisonAnswer(
        scores=_leaderboard(comparison),
        fair=not comparison.differences_of_training,
        reasons=[*comparison.differences_of_training, *comparison.refusals],
        noun=NOUNS[comparison.task],
        rows=pairs[0].count if pairs else 0,
        pairs=[_row(own, limit, comparison.task) for own in pairs],
        limit=significant(limit, 2),
        has_test=comparison.task == CLASSIFICATION,
    )


SECTION = Section(
    "comparison_answer",
    "Answer",
    5,
    build,
    pages=("comparison",),
    tasks=(CLASSIFICATION, MULTILABEL, REGRESSION),
)


def _leaderboard(comparison: Comparison) -> Leaderboard | None:
    scored = [
        (own.name, own.model.evaluation)
        for own in comparison.trainings
        if own.model.evaluation is not None
    ]
    if not scored:
        return None
    metric, title, definition = headline(scored[0][1])
    entries = []
    for name, scores in scored:
        own = scores.kept[metric]
        note = f"{scores.model}, {kept_note(scores).removeprefix('the score: ')}"
        if own.value is not None:
            entries.append(Entry(name, note, own.value, own.low, own.high, own.std, "score"))
    entries.sort(key=lambda entry: entry.value if metric == "mae" else -entry.value)
    baselines = {
        scores.models[BASELINE][metric].value for _, scores in scored if BASELINE in scores.models
    }
    value = baselines.pop() if len(baselines) == 1 else None
    if value is not None:
        note = BASELINES[type(scored[0][1])]
        entries.append(Entry(BASELINE, note, value, kind="baseline"))
    return metric_leaderboard(metric, title, definition, entries) if entries else None


def _row(pair: PairedDifference, limit: float, task: str) -> PairRow:
    difference = pair.difference
    text = significant if task == REGRESSION else fixed
    clear = difference.low > 0 or difference.high < 0
    return PairRow(
        first=pair.first,
        second=pair.second,
        values=(text(pair.values[0]), text(pair.values[1])),
        difference=signed(difference.value, 2),
        interval=f"{signed(difference.low, 2)} to {signed(difference.high, 2)}",
        chart=_svg.difference(difference.value, difference.low, difference.high, limit=limit),
        only_first=pair.only_first,
        only_second=pair.only_second,
        p_value="" if pair.p_value is None else significant(pair.p_value, 2),
        verdict="clear" if clear else "not clear",
    )
