"""Marks of charts as inline SVG.

Strips stand in cells of tables, beside their numbers, and are stretched to the width of the cell:
their coordinates run from 0 to `WIDE` and from 0 to `TALL`, whatever their size on the screen, and
strokes keep their width (``vector-effect`` in the style sheet), so that dots stay round. All dots
of a colour are one path of strokes without length: a few bytes each. Nothing has a style of its
own: the page's policy forbids it, and colours are those of its classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from featkit._utils.bidi import isolated, settled
from featkit._utils.counting import counted
from featkit._utils.typing import Array
from featkit.report.words import figures, fixed, signed

WIDE, TALL = 1000, 100

COLOURS = 8
"""Steps of the scale from low to high values."""

SLOTS = 110
"""Places side by side in a strip of dots; those of one place are piled up."""

PILE = 9.0
"""Distance in a pile, in units of `TALL`, unless that would be too high."""


def element(name: str, *inside: str, **attributes: Any) -> Markup:
    """An element; ``class_`` is its class, ``stroke_width`` its stroke-width."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for key, value in attributes.items()
    )
    return Markup("<{0}{1}>{2}</{0}>").format(name, Markup(given), Markup("").join(inside))


def _plain(value: Any) -> Any:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


def strip(*inside: str, kind: str, title: str = "", **data: str) -> Markup:
    """A chart as wide as its cell; without a title the numbers beside it say it all."""
    role = {"role": "img", "aria_label": settled(title)} if title else {"aria_hidden": "true"}
    return element(
        "svg",
        *inside,
        class_=f"strip {kind}",
        viewBox=f"0 0 {WIDE} {TALL}",
        preserveAspectRatio="none",
        **role,
        **data,
    )


def _rule(x: float, kind: str) -> Markup:
    return element("path", class_=f"rule {kind}", d=f"M{x:.0f} 0V{TALL}")


def _range(low: float, high: float, kind: str = "range") -> Markup:
    return element("path", class_=kind, d=f"M{low:.0f} 50H{high:.0f}")


def bar(
    value: float,
    top: float,
    low: float = np.nan,
    high: float = np.nan,
    ticks: Iterable[float] = (),
) -> Markup:
    """A bar from 0, up to `top`, with an interval if there is one, and values that it sums up."""
    scale = WIDE / top if top > 0 else 0.0
    marks = [element("rect", class_="bar", y=18, height=64, width=round(value * scale, 1))]
    if path := "".join(f"M{tick * scale:.0f} 22V78" for tick in ticks):
        marks.append(element("path", class_="ticks", d=path))
    if np.isfinite(low) and np.isfinite(high):
        marks.append(_range(low * scale, high * scale))
    return strip(*marks, kind="bars")


def diverging(value: float, top: float) -> Markup:
    """A bar from the middle: to the right what speaks for, to the left what speaks against."""
    half = WIDE / 2
    size = abs(value) / top * half if top > 0 else 0.0
    way = "for" if value >= 0 else "against"
    x = half if value >= 0 else half - size
    mark = element(
        "rect", class_=way, x=round(x, 1), y=18, height=64, width=round(max(size, 2.0), 1)
    )
    return strip(mark, _rule(half, "zero"), kind="diverging")


def interval(value: float, low: float, high: float, *, top: float, against: float | None) -> Markup:
    """A dot in its interval, from 0 to `top`, and a line for what it is held against."""
    scale = WIDE / top if top > 0 else 0.0
    marks = [] if against is None else [_rule(against * scale, "against")]
    marks += [_range(low * scale, high * scale, "range thick"), dots([value * scale], [50], "big")]
    return strip(*marks, kind="intervals")


def dots(x: Array | Sequence[float], y: Array | Sequence[float], kind: str = "") -> Markup:
    """Dots of one colour."""
    places = zip(np.rint(x).astype(int).tolist(), np.rint(y).astype(int).tolist(), strict=True)
    path = "".join(f"M{left} {down}h0" for left, down in places)
    return element("path", class_=f"dots {kind}".rstrip(), d=path)


def colour(values: Array) -> Array:
    """Which of `COLOURS` steps each value is, by its rank; -1 where there is none."""
    there = np.isfinite(values)
    steps = np.full(len(values), -1)
    names, rank = np.unique(values[there], return_inverse=True)
    steps[there] = np.rint(rank / max(len(names) - 1, 1) * (COLOURS - 1)).astype(int)
    return steps


def swarm(contributions: Array, steps: Array, top: float, title: str, column: str) -> Markup:
    """A dot for each row, at its contribution, from -`top` to `top`, coloured by its value."""
    x = (contributions / top + 1) / 2 * (WIDE - 20) + 10 if top > 0 else contributions + WIDE / 2
    slot = np.floor(x / WIDE * SLOTS).astype(int)
    order = np.argsort(slot, kind="stable")
    first = np.searchsorted(slot[order], slot[order], side="left")
    place = np.empty(len(x))
    place[order] = np.arange(len(x)) - first
    height = np.ceil(place / 2) * np.where(place % 2, 1, -1)
    most = max(np.abs(height).max(initial=0), 1.0)
    y = TALL / 2 + height * min(PILE, (TALL / 2 - 8) / most)
    marks = [
        dots(x[steps == step], y[steps == step], f"v{step}" if step >= 0 else "none")
        for step in range(-1, COLOURS)
        if np.any(steps == step)
    ]
    data = {"data_top": f"{top:.4g}", "data_column": column}
    return strip(_rule(WIDE / 2, "zero"), *marks, kind="swarm", title=title, **data)


BOX = (46, 10, 294, 150)
"""Left, top, right and bottom of the axes of a plot of 300 by 190."""


def plot(*inside: str, title: str, described: str, kind: str, **data: Any) -> Markup:
    """A chart with two axes, of which the text is part."""
    title, described = settled(title), settled(described)
    about = [element("title", escape(title)), element("desc", escape(described))]
    return element(
        "svg",
        *about,
        *inside,
        class_=f"plot {kind}",
        viewBox="0 0 300 190",
        role="img",
        aria_label=f"{title}. {described}",
        **data,
    )


def axes(x: tuple[str, str], y: tuple[str, str], x_name: str, y_name: str) -> list[Markup]:
    """A frame with the ends of its axes named."""
    left, top, right, bottom = BOX
    return [
        element("path", class_="frame", d=f"M{left} {top}V{bottom}H{right}"),
        _text(left, bottom + 15, x[0]),
        _text(right, bottom + 15, x[1], "end"),
        _text((left + right) / 2, bottom + 33, x_name, "middle"),
        _text(left - 5, bottom, y[0], "end"),
        _text(left - 5, top + 9, y[1], "end"),
        element(
            "text",
            escape(y_name),
            class_="named",
            transform=f"translate(14 {(top + bottom) // 2}) rotate(-90)",
            text_anchor="middle",
        ),
    ]


def _text(x: float, y: float, text: str, anchor: str = "start") -> Markup:
    return element("text", escape(settled(text)), x=x, y=y, text_anchor=anchor)


def dependence(
    values: Array,
    contributions: Array,
    line: Sequence[tuple[float, float]],
    *,
    column: str,
    unit: str,
    of_class: str,
) -> Markup:
    """Contribution by value: a dot for each row, and the median of each sixth of them.

    Dots are in the order of the rows, those without a value out of sight, so that a script can tell
    which is which; the outermost hundredth of the values stands at the edge.
    """
    left, top, right, bottom = BOX
    there = np.isfinite(values)
    x0, x1 = np.percentile(values[there], [1, 99]) if there.any() else (0.0, 1.0)
    x1 = x1 if x1 > x0 else x0 + 1
    y1 = float(np.abs(contributions).max(initial=0)) or 1.0

    def place(v: Array, c: Array) -> tuple[Array, Array]:
        across = np.clip((v - x0) / (x1 - x0), 0, 1)
        return left + across * (right - left), (top + bottom) / 2 - c / y1 * (bottom - top) / 2

    x, y = place(np.nan_to_num(values), contributions)
    x, y = np.where(there, x, -9), np.where(there, y, -9)
    bent = [place(np.array(v), np.array(c)) for v, c in line]
    path = "L".join(f"{float(px):.1f} {float(py):.1f}" for px, py in bent)
    middle = (top + bottom) // 2
    of = f"{column} ({unit})" if unit not in ("", "1") else column
    return plot(
        element("path", class_="rule zero", d=f"M{left} {middle}H{right}"),
        dots(x, y, "faint"),
        *([element("path", class_="median", d=f"M{path}")] if path else []),
        *axes(
            (figures(x0, 3), figures(x1, 3)),
            (signed(-y1, 2), signed(y1, 2)),
            _cut(of),
            "contribution",
        ),
        _text(left - 5, middle + 4, "0", "end"),
        title=f"What {isolated(column)} says of {isolated(of_class)}",
        described=_described(line, unit),
        kind="dependence",
        data_top=f"{y1:.4g}",
        data_column=column,
    )


def _cut(text: str) -> str:
    return text if len(text) <= 38 else f"{text[:37]}…"


def _described(line: Sequence[tuple[float, float]], unit: str) -> str:
    if not line:
        return "It has no values."
    unit = "" if unit == "1" else f" {unit}"
    ends = [
        f"{figures(v, 3)}{unit} half of the contributions are above {signed(c)}"
        for v, c in (line[0], line[-1])
    ]
    return f"Around {ends[0]}, around {ends[1]}."


def reliability(bins: Sequence[Mapping[str, Any]]) -> Markup:
    """How often the model was right by its confidence; the size of a dot is that of its bin."""
    left, top, right, bottom = BOX
    most = max((of["rows"] for of in bins), default=1)

    def place(of: Mapping[str, Any]) -> tuple[float, float]:
        across, up = of["confidence"], of["accuracy"]
        return left + across * (right - left), bottom - up * (bottom - top)

    at = [place(of) for of in bins]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
    marks = [
        element(
            "circle",
            element("title", escape(_said(of))),
            class_="reliable",
            cx=x,
            cy=y,
            r=round(3 + 5 * (of["rows"] / most) ** 0.5, 1),
        )
        for of, (x, y) in zip(bins, at, strict=True)
    ]
    worst = max(
        bins, key=lambda of: abs(of["accuracy"] - of["confidence"]) * of["rows"], default=None
    )
    furthest = f" Furthest from it: {_said(worst)}." if worst else ""
    return plot(
        element("path", class_="rule against", d=f"M{left} {bottom}L{right} {top}"),
        *([element("path", class_="median", d=f"M{path}")] if path else []),
        *marks,
        *axes(("0", "1"), ("0", "1"), "confidence", "accuracy"),
        title="How far the probabilities can be trusted",
        described=f"On the diagonal they could be taken at their word.{furthest}",
        kind="reliability",
    )


def _said(of: Mapping[str, Any]) -> str:
    confidence, accuracy = fixed(of["confidence"], 2), fixed(of["accuracy"], 2)
    return f"{counted(int(of['rows']), 'row')}, confidence {confidence}, accuracy {accuracy}"
