"""Charts of intervals on an axis that does not begin at 0: ticks, their labels, and strips."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from featkit.report._svg import HEIGHT, WIDTH, dots, element, ring, strip

STEPS = (1.0, 2.0, 5.0, 10.0)
"""Distances of ticks, times a power of ten."""

MAX_STEPS = 5
"""Greatest number of intervals between ticks: the axis is 120 pixels wide on a phone."""
MIN_SPARSE = 4
"""Intervals between ticks from which on every second tick has a label."""


def axis_ticks(
    ends: tuple[float, float], limits: tuple[float, float] = (-math.inf, math.inf)
) -> list[float]:
    """Round numbers from below the low end to above the high end, at equal distances."""
    low, high = ends
    width = max(high - low, 0.02 * max(abs(low), abs(high)), 1e-9)
    if high - low < width:  # a single value is in the middle of the axis
        middle = (low + high) / 2
        low, high = max(middle - width / 2, limits[0]), min(middle + width / 2, limits[1])
    power = 10.0 ** math.floor(math.log10(width / MAX_STEPS))
    for step in (power * size for size in (*STEPS, 20.0)):
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first <= MAX_STEPS:
            break
    first = first if first * step >= limits[0] - 1e-12 else math.ceil(limits[0] / step)
    last = last if last * step <= limits[1] + 1e-12 else math.floor(limits[1] / step)
    last = max(last, first + 1)
    return [k * step for k in range(first, last + 1)]


def tick_text(tick: float, ticks: Sequence[float]) -> str:
    """A tick with as many decimal places as the distance of the ticks needs."""
    places = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))
    return f"{round(tick, places) + 0.0:,.{places}f}".replace("-", "−")


def tick_labels(ticks: Sequence[float]) -> Markup:
    """Labels of ticks, to be drawn above strips of the same width.

    Positions are percentages, so that the texts are not stretched as strips are.
    """
    last = len(ticks) - 1
    every = 1 if last < MIN_SPARSE else 2
    anchors = {0: "start", last: "end"}
    texts = [
        element(
            "text",
            tick_text(tick, ticks),
            x=f"{100 * k / last:.4g}%",
            y="11",
            text_anchor=anchors.get(k, "middle"),
        )
        for k, tick in enumerate(ticks)
        if k % every == 0
    ]
    return element("svg", *texts, class_="scale", aria_hidden="true")


def zoomed_interval(
    value: float,
    low: float | None,
    high: float | None,
    *,
    ticks: Sequence[float],
    baseline: float | None = None,
    kind: str = "other",
    home: float | None = None,
) -> Markup:
    """A dot with its interval between the first and the last tick, and a line at the baseline.

    A ring is the score at home. A value outside of the axis is an arrow at its end.
    """
    start, end = ticks[0], ticks[-1]

    def place(number: float) -> float:
        return (min(max(number, start), end) - start) / (end - start) * WIDTH

    def is_on_axis(number: float) -> bool:
        tolerance = 1e-9 * (end - start)  # ticks are rounded: 14 * 0.05 > 0.7
        return start - tolerance <= number <= end + tolerance

    grid = "".join(f"M{place(tick):.0f} 0V{HEIGHT}" for tick in ticks)
    marks = [element("path", class_="rule grid", d=grid)]
    if baseline is not None and is_on_axis(baseline):
        marks.append(element("path", class_="rule against", d=f"M{place(baseline):.0f} 0V{HEIGHT}"))
    if not is_on_axis(value):
        x, tip = (30, 4) if value < start else (WIDTH - 30, WIDTH - 4)
        marks.append(element("path", class_="change against", d=f"M{x} 20L{tip} 50L{x} 80"))
        return strip(*marks, kind="intervals")
    if low is not None and high is not None:
        path = f"M{place(low):.0f} 50H{place(high):.0f}"
        marks.append(element("path", class_=f"range thick {kind}", d=path))
    marks += [] if home is None else ring(place(home))
    return strip(*marks, dots([place(value)], [50], f"big {kind}"), kind="intervals")
