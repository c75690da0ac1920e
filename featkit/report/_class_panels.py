"""Class by class: what each column said of each row, and what its values have to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from featkit._utils.bidi import settled
from featkit._utils.typing import Array
from featkit.explanation.explanation import Explanation
from featkit.explanation.ranking import direction, importance
from featkit.report import _svg
from featkit.report.words import figures, fixed, listed, quoted, signed, with_unit

SWARM, POINTS = 15, 6
"""Columns of each class with a strip of dots, and with a plot of their dependence."""

ROWS_DRAWN, FEWEST_DRAWN, DOTS = 300, 60, 6000
"""Rows with a dot of their own; of many classes fewer, so that all their dots remain so many."""

PARTS = 6
"""Parts of the rows, ordered by value, of which the medians are joined."""

SURE, HINTED = 0.5, 0.2
"""Rank correlations from which on a direction is said, and said with care."""


@dataclass(frozen=True)
class SwarmRow:
    """A column, and what it says of a class."""

    name: str
    mean: str
    low: str
    high: str
    way: str
    chart: Markup


@dataclass(frozen=True)
class Part:
    """Some rows with neighbouring values, and what these say."""

    column: str
    low: str
    high: str
    rows: int
    median: str


@dataclass(frozen=True)
class Panel:
    """A class."""

    name: str
    lead: str
    top: str
    swarm: Sequence[SwarmRow]
    points: Sequence[tuple[str, Markup]]
    parts: Sequence[Part]


def row_name(explanation: Explanation, row: int) -> str:
    """What a row is of."""
    keys = explanation.keys
    name = settled(str(keys["path"][row])) if "path" in keys else _place(explanation, row)
    return ", ".join(filter(None, (name, times(explanation, row))))


def _place(explanation: Explanation, row: int) -> str:
    number = explanation.keys["row"][row] if "row" in explanation.keys else row + 1
    line = "" if explanation.lines is None else f", line {explanation.lines[row]}"
    return f"row {number}{line}"


def times(explanation: Explanation, row: int) -> str:
    """Which part of its recording a row is of, "" if that is not known."""
    keys = explanation.keys
    if not ("start" in keys and "end" in keys and np.isfinite(float(keys["end"][row]))):
        return ""
    start, end = (fixed(float(keys[key][row]), 1) for key in ("start", "end"))
    return f"{start} to {end}\u00a0s"


def sample(explanation: Explanation) -> Array:
    """Which rows are drawn: all, or some at random, always the same."""
    rows, classes = len(explanation), len(explanation.classes)
    most = min(ROWS_DRAWN, max(FEWEST_DRAWN, DOTS // classes))
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def drawn_of(drawn: int, rows: int) -> str:
    if drawn == rows:
        return "Each dot is a row."
    return f"Each dot is one of {drawn} rows, drawn at random from {rows:,}."


def data_of(explanation: Explanation) -> dict[str, Any]:
    """What the script says of a dot: names of the rows drawn, values and colours by column."""
    drawn = sample(explanation)
    return {
        "rows": [row_name(explanation, row) for row in drawn.tolist()],
        "columns": {
            name: {
                "values": [with_unit(value, explanation.unit(name)) for value in column.tolist()],
                "steps": _svg.colour(column).tolist(),
            }
            for name, column in zip(explanation.columns, explanation.X[drawn].T, strict=True)
        },
    }


def panels(explanation: Explanation, drawn: Array) -> list[Panel]:
    """What the page shows of each class, with dots for some of the rows."""
    ways = direction(explanation).to_numpy()
    steps = np.stack([_svg.colour(column) for column in explanation.X[drawn].T], axis=1)
    return [
        _panel(explanation, k, ways[:, k], drawn, steps) for k in range(len(explanation.classes))
    ]


def _panel(explanation: Explanation, k: int, ways: Array, drawn: Array, steps: Array) -> Panel:
    name = explanation.classes[k]
    table = importance(explanation, of_class=name)
    place = {column: c for c, column in enumerate(explanation.columns)}
    order = [place[column] for column in table["feature"][:SWARM]]
    top = float(np.abs(explanation.values[drawn][:, order, k]).max(initial=0))
    swarm = [
        SwarmRow(
            name=of["feature"],
            mean=figures(of["mean_abs_shap"], 3),
            low=figures(of["low"], 2),
            high=figures(of["high"], 2),
            way=_way(ways[c]),
            chart=_swarm(explanation, c, k, drawn, steps[:, c], top, _way(ways[c])),
        )
        for c, of in zip(order, table.to_dict("records"), strict=False)
    ]
    lines = {c: list(_parts(explanation, c, k)) for c in order[:POINTS]}
    return Panel(
        name=name,
        lead=_panel_lead(explanation, name, order, ways),
        top=figures(top, 2),
        swarm=swarm,
        points=[
            (explanation.columns[c], _dependence(explanation, c, k, drawn, line))
            for c, line in lines.items()
        ],
        parts=[
            Part(
                column=explanation.columns[c],
                low=with_unit(low, explanation.unit(explanation.columns[c])),
                high=with_unit(high, explanation.unit(explanation.columns[c])),
                rows=rows,
                median=signed(median),
            )
            for c, line in lines.items()
            for low, _, high, rows, median in line
        ],
    )


def _way(r: float) -> str:
    if np.isnan(r):
        return "never changes, or never speaks"
    if abs(r) < HINTED:
        return "speaks both ways"
    amount = "more" if r > 0 else "less"
    return f"{amount} of it {'speaks' if abs(r) >= SURE else 'tends to speak'} for the class"


def _panel_lead(explanation: Explanation, name: str, order: Sequence[int], ways: Array) -> str:
    said = []
    for c in order[:3]:
        amount = "more" if ways[c] > HINTED else "less" if ways[c] < -HINTED else ""
        column = explanation.columns[c]
        if not np.isnan(ways[c]):  # else it never changes, or never speaks
            said.append(f"{amount} of {column}" if amount else f"{column} (both ways)")
    return f"What speaks for {quoted(name)}: {listed(said)}." if said else ""


def _swarm(
    explanation: Explanation, c: int, k: int, drawn: Array, steps: Array, top: float, way: str
) -> Markup:
    values = explanation.values[drawn, c, k]
    low, high = (signed(float(of)) for of in (values.min(initial=0), values.max(initial=0)))
    title = f"{explanation.columns[c]}: contributions from {low} to {high}; {way}"
    return _svg.swarm(values, steps, top, title, column=explanation.columns[c])


def _parts(
    explanation: Explanation, c: int, k: int
) -> list[tuple[float, float, float, int, float]]:
    """Least, median, greatest value of each part of the rows, their number, what they say."""
    values, said = explanation.X[:, c], explanation.values[:, c, k]
    there = np.flatnonzero(np.isfinite(values))
    order = there[np.argsort(values[there], kind="stable")]
    return [
        (
            float(values[part[0]]),
            float(np.median(values[part])),
            float(values[part[-1]]),
            len(part),
            float(np.median(said[part])),
        )
        for part in np.array_split(order, PARTS)
        if len(part)
    ]


def _dependence(
    explanation: Explanation,
    c: int,
    k: int,
    drawn: Array,
    line: Sequence[tuple[float, float, float, int, float]],
) -> Markup:
    column = explanation.columns[c]
    return _svg.dependence(
        explanation.X[drawn, c],
        explanation.values[drawn, c, k],
        [(middle, median) for _, middle, _, _, median in line],
        column=column,
        unit=explanation.unit(column),
        of_class=explanation.classes[k],
    )
