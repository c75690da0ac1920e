"""Charts as inline SVG.

Strips are charts in table cells, next to their numbers. They are stretched to the width of the
cell: their coordinates run from 0 to `WIDTH` and from 0 to `HEIGHT`, whatever their size on the
screen. Strokes keep their width (``vector-effect`` in the style sheet), so that dots stay round.
All dots of one colour are one path of strokes without length, at a few bytes each. Colours come
from the style sheet, because the content-security policy forbids style attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from featkit._utils.bidi import isolated, settled
from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit.models.score_types import ReliabilityBin
from featkit.report.formatting import fixed, signed, significant

WIDTH, HEIGHT = 1000, 100
"""Size of a strip in its own coordinates."""

N_COLOURS = 8
"""Colours of the scale from low to high values."""

N_BINS = 110
"""Horizontal bins of a swarm; the dots of a bin are stacked."""

DOT_DISTANCE = 9.0
"""Vertical distance of stacked dots, smaller if the stack would be too high."""

AXES_BOX = (46, 10, 294, 150)
"""Left, top, right and bottom of the axes in a plot of 300 by 190."""

MAX_AXIS_NAME = 38
"""Maximum number of characters of the name of an axis."""


def element(name: str, *content: str, **attributes: Any) -> Markup:
    """An element. The attribute ``class_`` is written ``class``, ``stroke_width`` stroke-width."""
    text = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"'
        for key, value in attributes.items()
    )
    return Markup("<{0}{1}>{2}</{0}>").format(name, Markup(text), Markup("").join(content))


def _short(value: Any) -> Any:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


def strip(*marks: str, kind: str, title: str = "", **data: str) -> Markup:
    """A chart as wide as its cell, hidden from screen readers unless it has a title."""
    role = {"role": "img", "aria_label": settled(title)} if title else {"aria_hidden": "true"}
    return element(
        "svg",
        *marks,
        class_=f"strip {kind}",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        preserveAspectRatio="none",
        **role,
        **data,
    )


def _vertical_line(x: float, kind: str) -> Markup:
    return element("path", class_=f"rule {kind}", d=f"M{x:.0f} 0V{HEIGHT}")


def _interval_line(low: float, high: float, kind: str = "range") -> Markup:
    return element("path", class_=kind, d=f"M{low:.0f} 50H{high:.0f}")


def bar(
    value: float,
    limit: float,
    low: float = np.nan,
    high: float = np.nan,
    ticks: Iterable[float] = (),
) -> Markup:
    """A bar from 0 on an axis to `limit`, with its interval, and a tick for each fold."""
    scale = WIDTH / limit if limit > 0 else 0.0
    marks = [element("rect", class_="bar", y=18, height=64, width=round(value * scale, 1))]
    if path := "".join(f"M{tick * scale:.0f} 22V78" for tick in ticks):
        marks.append(element("path", class_="ticks", d=path))
    if np.isfinite(low) and np.isfinite(high):
        marks.append(_interval_line(low * scale, high * scale))
    return strip(*marks, kind="bars")


def diverging(value: float, limit: float) -> Markup:
    """A bar from the middle: to the right if the value is positive, else to the left."""
    half = WIDTH / 2
    size = abs(value) / limit * half if limit > 0 else 0.0
    kind = "for" if value >= 0 else "against"
    x = half if value >= 0 else half - size
    mark = element(
        "rect", class_=kind, x=round(x, 1), y=18, height=64, width=round(max(size, 2.0), 1)
    )
    return strip(mark, _vertical_line(half, "zero"), kind="diverging")


def interval(
    value: float,
    low: float | None,
    high: float | None,
    *,
    limit: float,
    baseline: float | None,
) -> Markup:
    """A dot with its interval, and a line at the baseline, from 0 to `limit`."""
    scale = WIDTH / limit if limit > 0 else 0.0
    marks = [] if baseline is None else [_vertical_line(baseline * scale, "against")]
    if low is not None and high is not None:
        marks.append(_interval_line(low * scale, high * scale, "range thick"))
    return strip(*marks, dots([value * scale], [50], "big"), kind="intervals")


def ring(x: float) -> list[Markup]:
    """A ring: a dot with a hole."""
    return [dots([x], [50], kind) for kind in ("ring", "hole")]


def difference(value: float, low: float | None, high: float | None, *, limit: float) -> Markup:
    """A dot and its interval on an axis from -`limit` to `limit`, and a line at 0."""
    half = WIDTH / 2
    scale = half / limit if limit > 0 else 0.0
    marks = [_vertical_line(half, "zero")]
    if low is not None and high is not None:
        marks.append(_interval_line(half + low * scale, half + high * scale, "range thick"))
    return strip(*marks, dots([half + value * scale], [50], "big"), kind="intervals")


def dumbbell(home: float | None, here: float | None) -> Markup:
    """A ring at home and a dot here, with a line between them, on an axis from 0 to 1."""
    marks = []
    if home is not None and here is not None:
        kind = "change for" if here >= home else "change against"
        marks.append(_interval_line(home * WIDTH, here * WIDTH, kind))
    marks += [] if home is None else ring(home * WIDTH)
    if here is not None:
        marks.append(dots([here * WIDTH], [50], "big"))
    return strip(*marks, kind="intervals")


def paired_bars(
    home: float,
    here: float,
    limit: float,
    home_interval: tuple[float, float] | None = None,
    here_interval: tuple[float, float] | None = None,
) -> Markup:
    """Two bars with their intervals: at home above, here below."""
    scale = WIDTH / limit if limit > 0 else 0.0
    marks = []
    for value, ends, y, kind in (
        (home, home_interval, 8, "for"),
        (here, here_interval, 54, "against"),
    ):
        marks.append(element("rect", class_=kind, y=y, height=38, width=round(value * scale, 1)))
        if ends is not None:
            low, high = (end * scale for end in ends)
            marks.append(element("path", class_="range", d=f"M{low:.0f} {y + 19}H{high:.0f}"))
    return strip(*marks, kind="pairs")


def two_ranges(one: Array, other: Array) -> Markup:
    """Quartiles and medians of two classes: the first above, the second below, on one axis."""
    ends = np.concatenate([one, other])
    low, high = (
        (float(ends[np.isfinite(ends)].min()), float(ends[np.isfinite(ends)].max()))
        if np.isfinite(ends).any()
        else (0.0, 1.0)
    )
    scale = (WIDTH - 60) / (high - low) if high > low else 0.0
    marks = []
    for quartiles, y, kind in ((one, 30, "for"), (other, 70, "against")):
        if np.isfinite(quartiles).all():
            first, middle, last = (30 + (float(x) - low) * scale for x in quartiles)
            marks.append(
                element(
                    "path",
                    class_=f"change {kind}",
                    d=f"M{first:.0f} {y}H{max(last, first + 1):.0f}",
                )
            )
            marks.append(dots([middle], [y], f"big {kind}"))
    return strip(*marks, kind="ranges")


def dots(x: Array | Sequence[float], y: Array | Sequence[float], kind: str = "") -> Markup:
    """Dots of one colour."""
    points = zip(np.rint(x).astype(int).tolist(), np.rint(y).astype(int).tolist(), strict=True)
    path = "".join(f"M{left} {top}h0" for left, top in points)
    return element("path", class_=f"dots {kind}".rstrip(), d=path)


def colour_steps(values: Array) -> Array:
    """Colour of each value by its rank, 0 to `N_COLOURS` - 1; -1 where undefined."""
    defined = np.isfinite(values)
    steps = np.full(len(values), -1)
    distinct, rank = np.unique(values[defined], return_inverse=True)
    steps[defined] = np.rint(rank / max(len(distinct) - 1, 1) * (N_COLOURS - 1)).astype(int)
    return steps


def swarm(contributions: Array, steps: Array, limit: float, title: str, column: str) -> Markup:
    """A dot for each row at its contribution, on an axis from -`limit` to `limit`."""
    x = contributions + WIDTH / 2
    if limit > 0:
        x = (contributions / limit + 1) / 2 * (WIDTH - 20) + 10
    bins = np.floor(x / WIDTH * N_BINS).astype(int)
    order = np.argsort(bins, kind="stable")
    first = np.searchsorted(bins[order], bins[order], side="left")
    stacked = np.empty(len(x))
    stacked[order] = np.arange(len(x)) - first
    offset = np.ceil(stacked / 2) * np.where(stacked % 2, 1, -1)
    highest = max(np.abs(offset).max(initial=0), 1.0)
    y = HEIGHT / 2 + offset * min(DOT_DISTANCE, (HEIGHT / 2 - 8) / highest)
    marks = [
        dots(x[steps == step], y[steps == step], f"v{step}" if step >= 0 else "none")
        for step in range(-1, N_COLOURS)
        if np.any(steps == step)
    ]
    data = {"data_limit": f"{limit:.4g}", "data_column": column}
    return strip(_vertical_line(WIDTH / 2, "zero"), *marks, kind="swarm", title=title, **data)


def plot(*marks: str, title: str, description: str, kind: str, **data: Any) -> Markup:
    """A chart with two axes and texts."""
    title, description = settled(title), settled(description)
    texts = [element("title", escape(title)), element("desc", escape(description))]
    return element(
        "svg",
        *texts,
        *marks,
        class_=f"plot {kind}",
        viewBox="0 0 300 190",
        role="img",
        aria_label=f"{title}. {description}",
        **data,
    )


def axes(x: tuple[str, str], y: tuple[str, str], x_name: str, y_name: str) -> list[Markup]:
    """Two axes, with their names and the numbers at their ends."""
    left, top, right, bottom = AXES_BOX
    return [
        element("path", class_="frame", d=f"M{left} {top}V{bottom}H{right}"),
        label(left, bottom + 15, x[0]),
        label(right, bottom + 15, x[1], "end"),
        label((left + right) / 2, bottom + 33, x_name, "middle"),
        label(left - 5, bottom, y[0], "end"),
        label(left - 5, top + 9, y[1], "end"),
        vertical_name(y_name, 14, (top + bottom) // 2),
    ]


def vertical_name(name: str, x: int, y: int) -> Markup:
    """The name of a vertical axis, around a point."""
    return element(
        "text",
        escape(name),
        class_="named",
        transform=f"translate({x} {y}) rotate(-90)",
        text_anchor="middle",
    )


def label(x: float, y: float, text: str, anchor: str = "start") -> Markup:
    """A text at a point."""
    return element("text", escape(settled(text)), x=x, y=y, text_anchor=anchor)


def steps(edges: Array, ends: Array, middle: float, *, swap: bool = False) -> str:
    """The path around bars between edges, from the middle to their ends."""
    along = np.repeat(edges, 2).tolist()
    across = [middle, *np.repeat(ends, 2).tolist(), middle]
    points = zip(across, along, strict=True) if swap else zip(along, across, strict=True)
    corners = [f"{x:.1f} {y:.1f}" for x, y in points]
    kept = [corner for k, corner in enumerate(corners) if k == 0 or corner != corners[k - 1]]
    return f"M{'L'.join(kept)}Z"


def dependence(
    values: Array,
    contributions: Array,
    medians: Sequence[tuple[float, float]],
    *,
    column: str,
    unit: str,
    of_class: str,
) -> Markup:
    """Contribution against value: a dot for each row, and a line through medians.

    Dots are in the order of the rows, so that the script can identify them. Dots of undefined
    values are outside of the picture. Values below the 1st and above the 99th percentile are drawn
    at the edge.
    """
    left, top, right, bottom = AXES_BOX
    defined = np.isfinite(values)
    x0, x1 = np.percentile(values[defined], [1, 99]) if defined.any() else (0.0, 1.0)
    x1 = x1 if x1 > x0 else x0 + 1
    y1 = float(np.abs(contributions).max(initial=0)) or 1.0

    def position(v: Array, c: Array) -> tuple[Array, Array]:
        x = np.clip((v - x0) / (x1 - x0), 0, 1)
        return left + x * (right - left), (top + bottom) / 2 - c / y1 * (bottom - top) / 2

    x, y = position(np.nan_to_num(values), contributions)
    x, y = np.where(defined, x, -9), np.where(defined, y, -9)
    corners = [position(np.array(v), np.array(c)) for v, c in medians]
    path = "L".join(f"{float(px):.1f} {float(py):.1f}" for px, py in corners)
    middle = (top + bottom) // 2
    name = f"{column} ({unit})" if unit not in ("", "1") else column
    return plot(
        element("path", class_="rule zero", d=f"M{left} {middle}H{right}"),
        dots(x, y, "faint"),
        *([element("path", class_="median", d=f"M{path}")] if path else []),
        *axes(
            (significant(x0, 3), significant(x1, 3)),
            (signed(-y1, 2), signed(y1, 2)),
            name if len(name) <= MAX_AXIS_NAME else f"{name[: MAX_AXIS_NAME - 1]}…",
            "contribution",
        ),
        label(left - 5, middle + 4, "0", "end"),
        title=f"Contribution of {isolated(column)} to {isolated(of_class)}",
        description=_description(medians, unit),
        kind="dependence",
        data_limit=f"{y1:.4g}",
        data_column=column,
    )


def _description(medians: Sequence[tuple[float, float]], unit: str) -> str:
    if not medians:
        return "The column has no values."
    unit = "" if unit == "1" else f" {unit}"
    low, high = (
        f"{signed(contribution)} around {significant(value, 3)}{unit}"
        for value, contribution in (medians[0], medians[-1])
    )
    return f"The median contribution is {low}, and {high}."


def reliability(
    bins: Sequence[ReliabilityBin], *, title: str = "Reliability diagram", noun: str = "row"
) -> Markup:
    """Reliability diagram: accuracy against confidence, with larger dots for more rows."""
    left, top, right, bottom = AXES_BOX
    most = max((b.rows for b in bins), default=1)
    points = [
        (left + b.confidence * (right - left), bottom - b.accuracy * (bottom - top)) for b in bins
    ]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    marks = [
        element(
            "circle",
            element("title", escape(_bin_text(b, noun))),
            class_="reliable",
            cx=x,
            cy=y,
            r=round(3 + 5 * (b.rows / most) ** 0.5, 1),
        )
        for b, (x, y) in zip(bins, points, strict=True)
    ]
    worst = max(bins, key=lambda b: abs(b.accuracy - b.confidence) * b.rows, default=None)
    largest = f" The largest deviation: {_bin_text(worst, noun)}." if worst else ""
    return plot(
        element("path", class_="rule against", d=f"M{left} {bottom}L{right} {top}"),
        *([element("path", class_="median", d=f"M{path}")] if path else []),
        *marks,
        *axes(("0", "1"), ("0", "1"), "confidence", "accuracy"),
        title=title,
        description=f"On the diagonal, confidence equals accuracy.{largest}",
        kind="reliability",
    )


def scatter(
    x: Array | Sequence[float],
    y: Array | Sequence[float],
    *,
    x_name: str,
    y_name: str,
    diagonal: bool,
    title: str,
    description: str,
) -> Markup:
    """Dots of two numbers, with a reference line: the diagonal, or 0 of the vertical axis.

    With the diagonal both axes have the same range.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    left, top, right, bottom = AXES_BOX
    if diagonal:
        x0, x1 = y0, y1 = _ends(np.concatenate([x, y]))
    else:
        x0, x1 = _ends(x)
        y1 = float(np.abs(y).max(initial=0)) or 1.0
        y0 = -y1
    across = left + (x - x0) / (x1 - x0) * (right - left)
    down = bottom - (y - y0) / (y1 - y0) * (bottom - top)
    middle = (top + bottom) // 2
    line = f"M{left} {bottom}L{right} {top}" if diagonal else f"M{left} {middle}H{right}"
    name = significant if diagonal else signed
    return plot(
        element("path", class_="rule against" if diagonal else "rule zero", d=line),
        dots(across, down, "faint"),
        *axes((significant(x0, 3), significant(x1, 3)), (name(y0, 3), name(y1, 3)), x_name, y_name),
        *([] if diagonal else [label(left - 5, middle + 4, "0", "end")]),
        title=title,
        description=description,
        kind="scatter",
    )


def _ends(values: Array) -> tuple[float, float]:
    """The range of some values, of positive length."""
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _bin_text(b: ReliabilityBin, noun: str) -> str:
    confidence, accuracy = fixed(b.confidence, 2), fixed(b.accuracy, 2)
    return f"{counted(b.rows, noun)}, confidence {confidence}, accuracy {accuracy}"
