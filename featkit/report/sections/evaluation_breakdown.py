"""Breakdown of scores: segments, secondary labels, subgroups, and pairs of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from featkit._utils.bidi import isolated
from featkit._utils.formatting import counted, plural
from featkit.evaluation.result import (
    CrossEvaluation,
    DatasetEvaluation,
    ModelComparison,
    SecondaryLabelScores,
    SubgroupComparison,
    SubgroupScores,
    ValueInterval,
)
from featkit.models.score_types import METRICS
from featkit.report import _svg
from featkit.report._evaluation_text import (
    METRIC_TITLES,
    Folded,
    as_interval,
    folded,
    pair_titles,
    points,
    points_range,
    range_text,
)
from featkit.report._leaderboard import Entry, LeaderboardRow
from featkit.report._score_entries import metric_leaderboard
from featkit.report.formatting import enumerated, fixed, percent, quoted, significant
from featkit.report.section import Section

MIN_P_VALUE = 0.001
"""Smaller p-values are not shown as numbers."""


@dataclass(frozen=True)
class Row:
    """A row of a chart.

    Attributes
    ----------
    name : str
        Name of the row; "" for missing values.
    value, interval : str
        The value and its interval.
    note : str
        Size of the row.
    chart : Markup
        Value and interval as a chart.
    """

    name: str
    value: str
    interval: str
    note: str
    chart: Markup


@dataclass(frozen=True)
class Secondary:
    """Scores with secondary labels.

    Attributes
    ----------
    lead : sequence of str
        Sentences.
    axis : Markup
        The ticks of the axis.
    rows : sequence of LeaderboardRow
        Accuracy by the primary label, and by either label.
    """

    lead: Sequence[str]
    axis: Markup
    rows: Sequence[LeaderboardRow]


@dataclass(frozen=True)
class Subgroups:
    """Scores by the values of a column.

    Attributes
    ----------
    column : str
        The column.
    lead : sequence of str
        The largest difference, and caveats.
    unit : str
        Unit of the groups, in the plural.
    axis : Markup
        The ticks of the axis.
    rows : Folded
        Accuracy of each value.
    numbers : sequence of (str, SubgroupScores, sequence of str)
        Value, scores, and all metrics as text.
    """

    column: str
    lead: Sequence[str]
    unit: str
    axis: Markup
    rows: Folded[LeaderboardRow]
    numbers: Sequence[tuple[str, SubgroupScores, Sequence[str]]]


@dataclass(frozen=True)
class PairBreakdown:
    """The data of the section for one model on one dataset.

    Attributes
    ----------
    segments : sequence of (str, str, str, str, str)
        Name of a metric, its value and interval by recording, and by segment.
    segment_lead : str
        Numbers of recordings and segments.
    secondary : Secondary or None
        None without secondary labels.
    subgroups : sequence of Subgroups
        One for each column.
    """

    segments: Sequence[tuple[str, str, str, str, str]]
    segment_lead: str
    secondary: Secondary | None
    subgroups: Sequence[Subgroups]


@dataclass(frozen=True)
class Comparison:
    """Two models on the same recordings.

    Attributes
    ----------
    name, first, second : str
        Heading, and names of the models.
    lead : str
        Accuracies, their difference and the test.
    row : Row
        The difference.
    p_value : str
        The p-value.
    both, only_first, only_second, neither : int
        Recordings by the models that predict them correctly.
    """

    name: str
    first: str
    second: str
    lead: str
    row: Row
    p_value: str
    both: int
    only_first: int
    only_second: int
    neither: int


@dataclass(frozen=True)
class Breakdown:
    """The data of the section.

    Attributes
    ----------
    pairs : sequence of (str, PairBreakdown)
        Headings and data of each model and dataset that has any.
    comparisons : sequence of Comparison
        Pairs of models.
    limit : str
        Largest difference on the axis of comparisons, in percentage points.
    """

    pairs: Sequence[tuple[str, PairBreakdown]]
    comparisons: Sequence[Comparison]
    limit: str


def build(evaluation: CrossEvaluation) -> Breakdown | None:
    """Collect the data of the section.

    Parameters
    ----------
    evaluation : CrossEvaluation
        The input of the page.

    Returns
    -------
    Breakdown or None
        The data; None if there is nothing to break down.
    """
    pairs = [
        (name, _pair(pair))
        for name, pair in pair_titles(evaluation)
        if pair.segment_scores or pair.secondary or pair.subgroups
    ]
    limit = _largest_difference(evaluation.comparisons)
    comparisons = [_comparison(comparison, limit) for comparison in evaluation.comparisons]
    if not pairs and not comparisons:
        return None
    return Breakdown(pairs, comparisons, points(limit).lstrip("+"))


SECTION = Section("evaluation_breakdown", "Breakdown", 50, build, pages=("evaluation",))


def _pair(pair: DatasetEvaluation) -> PairBreakdown:
    counts = pair.counts
    return PairBreakdown(
        segments=_segments(pair),
        segment_lead=(
            f"{counted(counts.scored_rows, 'segment')} of"
            f" {counted(counts.scored_recordings, 'recording')} are scored. For a recording, the"
            " probabilities of its segments are combined."
        ),
        secondary=None if pair.secondary is None else _secondary(pair.secondary),
        subgroups=[_subgroups(pair, comparison) for comparison in pair.subgroups],
    )


def _segments(pair: DatasetEvaluation) -> list[tuple[str, str, str, str, str]]:
    if pair.segment_scores is None:
        return []
    return [
        (
            title,
            fixed(pair.scores[name].value),
            range_text(as_interval(pair.scores[name])),
            fixed(pair.segment_scores[name].value),
            range_text(as_interval(pair.segment_scores[name])),
        )
        for name, title in METRIC_TITLES.items()
    ]


def _secondary(scores: SecondaryLabelScores) -> Secondary:
    rescued = f"{scores.rescued:,} of {counted(scores.errors, 'error')}"
    texts = [
        f"{scores.with_secondary:,} of {counted(scores.rows, 'recording')}"
        f" ({percent(scores.share)}) have a secondary label.",
        f"If a prediction of the secondary label also counts as correct, the accuracy rises by"
        f" {points(scores.gain.value).lstrip('+')} percentage points{points_range(scores.gain)}.",
    ]
    if scores.rescue_rate is not None:
        text = f"The secondary label rescues {rescued} ({percent(scores.rescue_rate)})"
        if scores.rescue_rate_with_secondary is not None:
            rate = percent(scores.rescue_rate_with_secondary)
            text += f", which is {rate} of the errors that have a secondary label"
        texts.append(f"{text}.")
    labels = [
        ("Primary label", scores.primary_accuracy),
        ("Either label", scores.either_accuracy),
    ]
    board = metric_leaderboard("accuracy", "", "", [_entry(name, value) for name, value in labels])
    return Secondary(texts, board.axis, board.rows)


def _entry(name: str, value: ValueInterval, note: str = "", baseline: float | None = None) -> Entry:
    return Entry(name, note, value.value, value.low, value.high, kind="score", baseline=baseline)


def _subgroups(pair: DatasetEvaluation, comparison: SubgroupComparison) -> Subgroups:
    overall = pair.scores.accuracy.value
    entries = [
        _entry(scores.value, scores.metrics["accuracy"], _size(pair, comparison, scores), overall)
        for scores in comparison.subgroups
    ]
    board = metric_leaderboard("accuracy", "", "", entries)
    return Subgroups(
        column=comparison.column,
        lead=_subgroup_texts(pair, comparison),
        unit=plural(pair.unit),
        axis=board.axis,
        rows=folded(board.rows),
        numbers=[(own.value, own, _metric_texts(own)) for own in comparison.subgroups],
    )


def _size(pair: DatasetEvaluation, comparison: SubgroupComparison, own: SubgroupScores) -> str:
    text = counted(own.recordings, "recording")
    if own.groups != own.recordings or pair.unit != "recording":
        text += f" of {counted(own.groups, pair.unit)}"
    return f"{text}; too few" if own.value in comparison.small else text


def _metric_texts(own: SubgroupScores) -> list[str]:
    return [fixed(own.metrics[name].value) if name in own.metrics else "–" for name in METRICS]


def _subgroup_texts(pair: DatasetEvaluation, comparison: SubgroupComparison) -> list[str]:
    if len(comparison.subgroups) < 2:
        return ["The column has one value only."]
    difference = comparison.difference
    text = (
        f"The largest difference: the accuracy of {_value_name(comparison.highest)} is"
        f" {points(difference.value).lstrip('+')} percentage points above that of"
        f" {_value_name(comparison.lowest)}{points_range(difference)}."
    )
    if difference.low is not None and difference.high is not None:
        clear = difference.low > 0 or difference.high < 0
        text += f" The interval {'excludes' if clear else 'includes'} 0."
    if not comparison.small:
        return [text]
    few = enumerated([_value_name(value) for value in comparison.small])
    return [text, f"Too few {plural(pair.unit)} for a reliable interval: {few}."]


def _value_name(value: str) -> str:
    return quoted(value) if value else "rows without a value"


def _largest_difference(comparisons: Sequence[ModelComparison]) -> float:
    ends = [
        abs(end)
        for comparison in comparisons
        for end in (
            comparison.difference.value,
            comparison.difference.low,
            comparison.difference.high,
        )
        if end is not None
    ]
    return max(ends, default=0.0) or 1.0


def _comparison(comparison: ModelComparison, limit: float) -> Comparison:
    first, second = isolated(comparison.first), isolated(comparison.second)
    difference, recordings = comparison.difference, comparison.recordings
    name = f"{first} and {second} on {isolated(comparison.dataset)}"
    both = round(comparison.first_accuracy * recordings) - comparison.only_first
    p_value = _p_value(comparison.p_value)
    row = Row(
        name=name,
        value=points(difference.value),
        interval=_points_ends(difference),
        note="",
        chart=_svg.difference(difference.value, difference.low, difference.high, limit=limit),
    )
    return Comparison(
        name=name,
        first=comparison.first,
        second=comparison.second,
        lead=(
            f"Of {counted(recordings, 'recording')} of {quoted(comparison.dataset)},"
            f" {quoted(comparison.first)} classifies {percent(comparison.first_accuracy)}"
            f" correctly and {quoted(comparison.second)} {percent(comparison.second_accuracy)}:"
            f" a difference of {points(difference.value)} percentage points"
            f"{points_range(difference)}. McNemar's exact test: p {p_value}."
        ),
        row=row,
        p_value=p_value,
        both=both,
        only_first=comparison.only_first,
        only_second=comparison.only_second,
        neither=recordings - both - comparison.only_first - comparison.only_second,
    )


def _points_ends(value: ValueInterval) -> str:
    if value.low is None or value.high is None:
        return ""
    return f"{points(value.low)} to {points(value.high)}"


def _p_value(p: float) -> str:
    return f"< {MIN_P_VALUE}" if p < MIN_P_VALUE else f"= {significant(p, 2)}"
