"""A leaderboard: scores with intervals on one axis that is zoomed to the intervals.

On an axis from 0 to 1, intervals of a few hundredths cannot be read. The axis covers the intervals
of all rows but the baseline, and ends at round numbers. A baseline that is far away is an arrow at
the end of the axis, with its number beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from featkit.report._zoomed_axis import axis_ticks, tick_labels, zoomed_interval
from featkit.report.formatting import fixed

REACH = 1.0
"""Distance of a baseline from the intervals, in their range, up to which the axis covers it."""


@dataclass(frozen=True)
class Entry:
    """A score to draw.

    Attributes
    ----------
    name, note : str
        Name of the row, and how the score came about.
    value : float
        The score.
    low, high : float or None
        Its 95 % confidence interval.
    std : float or None
        Its standard deviation over folds.
    kind : {"score", "other", "claim", "baseline"}
        The score of the page, another score, a score that is too good, or a baseline.
    baseline : float or None
        Baseline of this row, drawn as a line; by default, the value of the row of a baseline.
    home : float or None
        Score at home, drawn as a ring.
    """

    name: str
    note: str
    value: float
    low: float | None = None
    high: float | None = None
    std: float | None = None
    kind: str = "other"
    baseline: float | None = None
    home: float | None = None


@dataclass(frozen=True)
class LeaderboardRow:
    """A row of a leaderboard.

    Attributes
    ----------
    name, note, kind : str
        See `Entry`.
    value, interval, spread : str
        The score, its interval and its spread over folds as texts; "" where unknown.
    chart : Markup
        Both as a chart.
    """

    name: str
    note: str
    kind: str
    value: str
    interval: str
    spread: str
    chart: Markup


@dataclass(frozen=True)
class Leaderboard:
    """Scores on one axis.

    Attributes
    ----------
    title, definition : str
        Name and definition of the metric.
    axis : Markup
        The ticks of the axis.
    rows : sequence of LeaderboardRow
        The scores.
    """

    title: str
    definition: str
    axis: Markup
    rows: Sequence[LeaderboardRow]


def leaderboard(
    title: str,
    definition: str,
    entries: Sequence[Entry],
    *,
    limits: tuple[float, float] = (-math.inf, math.inf),
    text: Callable[[float], str] = fixed,
) -> Leaderboard:
    """Draw scores on one axis; `limits` are the smallest and greatest possible score."""
    ticks = axis_ticks(_ends(entries), limits)
    baseline = next((entry.value for entry in entries if entry.kind == "baseline"), None)
    return Leaderboard(
        title=title,
        definition=definition,
        axis=tick_labels(ticks),
        rows=[_row(entry, ticks, baseline, text) for entry in entries],
    )


def _row(
    entry: Entry, ticks: Sequence[float], baseline: float | None, text: Callable[[float], str]
) -> LeaderboardRow:
    interval = ""
    if entry.low is not None and entry.high is not None:
        interval = f"{text(entry.low)} to {text(entry.high)}"
    return LeaderboardRow(
        name=entry.name,
        note=entry.note,
        kind=entry.kind,
        value=text(entry.value),
        interval=interval,
        spread="" if entry.std is None else f"folds ± {text(entry.std)}",
        chart=zoomed_interval(
            entry.value,
            entry.low,
            entry.high,
            ticks=ticks,
            baseline=baseline if entry.baseline is None else entry.baseline,
            kind=entry.kind,
            home=entry.home,
        ),
    )


def _ends(entries: Iterable[Entry]) -> tuple[float, float]:
    """The range of all values and intervals, with the baseline if it is near."""
    own = [entry for entry in entries if entry.kind != "baseline"]
    ends = [
        end
        for entry in own
        for end in (entry.value, entry.low, entry.high, entry.home)
        if end is not None and math.isfinite(end)
    ]
    ends = ends or [0.0, 1.0]
    low, high = min(ends), max(ends)
    width = max(high - low, 0.02 * max(abs(low), abs(high)), np.finfo(float).tiny)
    baselines = [entry.value if entry.kind == "baseline" else entry.baseline for entry in entries]
    near = [
        value
        for value in baselines
        if value is not None and low - REACH * width <= value <= high + REACH * width
    ]
    return min([low, *near]), max([high, *near])
