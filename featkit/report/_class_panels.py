"""Charts of each class: SHAP values of the most important columns, and their dependence."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from featkit._utils.bidi import settled
from featkit._utils.typing import Array
from featkit.explanation.explained_rows import ExplainedRows
from featkit.explanation.explanation import Explanation
from featkit.explanation.ranking import direction, rank
from featkit.report import _svg
from featkit.report._titles import column_title
from featkit.report.formatting import enumerated, fixed, quoted, signed, significant, with_unit
from featkit.schema import DATASET

N_SWARMS, N_PLOTS = 10, 6
"""Columns of each class with a swarm of dots, and with a plot of their dependence."""

MAX_ROWS, MIN_ROWS, MAX_DOTS = 300, 60, 6000
"""Rows that are drawn: at most `MAX_DOTS` divided by the number of classes, within these limits."""

N_BINS = 6
"""Bins of equal size, by value of the column, whose medians are joined by a line."""

STRONG, WEAK = 0.5, 0.2
"""Rank correlations from which a direction is stated, and stated as a tendency."""


@dataclass(frozen=True)
class Swarm:
    """SHAP values of a column for a class."""

    name: str
    importance: Mapping[Hashable, Any]
    direction: str
    chart: Markup
    title: str = ""


class Bin(NamedTuple):
    """Rows with similar values of a column; ``contribution`` is their median."""

    low: float
    middle: float
    high: float
    rows: int
    contribution: float


@dataclass(frozen=True)
class Dependence:
    """Contribution by value of a column."""

    column: str
    unit: str
    chart: Markup
    bins: Sequence[Bin]


@dataclass(frozen=True)
class Panel:
    """The charts of a class; ``limit`` is the largest contribution on the axis of the swarms."""

    name: str
    lead: str
    limit: str
    swarms: Sequence[Swarm]
    dependence: Sequence[Dependence]


def row_name(explanation: ExplainedRows, row: int) -> str:
    """Recording and time of a row, or its number in the table."""
    keys = explanation.keys
    name = settled(str(keys["path"][row])) if "path" in keys else _row_number(explanation, row)
    if DATASET in keys:
        name = f"{settled(str(keys[DATASET][row]))}: {name}"
    return ", ".join(filter(None, (name, times(explanation, row))))


def _row_number(explanation: ExplainedRows, row: int) -> str:
    number = explanation.keys["row"][row] if "row" in explanation.keys else row + 1
    line = "" if explanation.lines is None else f", line {explanation.lines[row]}"
    return f"row {number}{line}"


def times(explanation: ExplainedRows, row: int) -> str:
    """Start and end of a row in its recording, "" if unknown."""
    keys = explanation.keys
    if not ("start" in keys and "end" in keys and np.isfinite(float(keys["end"][row]))):
        return ""
    start, end = (fixed(float(keys[key][row]), 1) for key in ("start", "end"))
    return f"{start} to {end}\u00a0s"


def drawn_rows(explanation: Explanation) -> Array:
    """Rows that are drawn: all, or a reproducible random sample."""
    rows, classes = len(explanation), len(explanation.classes)
    count = min(MAX_ROWS, max(MIN_ROWS, MAX_DOTS // classes))
    if rows <= count:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, count, replace=False))


def dot_data(explanation: Explanation) -> dict[str, Any]:
    """Data of the tooltips of dots: names of the drawn rows, values and colours of columns."""
    drawn = drawn_rows(explanation)
    return {
        "rows": [row_name(explanation, row) for row in drawn.tolist()],
        "columns": {
            name: {
                "values": [with_unit(value, explanation.unit(name)) for value in column.tolist()],
                "steps": _svg.colour_steps(inputs).tolist(),
            }
            for name, column, inputs in zip(
                explanation.columns,
                explanation.X[drawn].T,
                explanation.inputs[drawn].T,
                strict=True,
            )
        },
    }


def panels(explanation: Explanation, drawn: Array) -> list[Panel]:
    """The charts of each class, with dots for the drawn rows."""
    correlations = direction(explanation).to_numpy()
    steps = np.stack([_svg.colour_steps(column) for column in explanation.inputs[drawn].T], axis=1)
    return [
        _panel(explanation, k, correlations[:, k], drawn, steps)
        for k in range(len(explanation.classes))
    ]


def _panel(
    explanation: Explanation, k: int, correlations: Array, drawn: Array, steps: Array
) -> Panel:
    name = explanation.classes[k]
    ranking = rank(explanation, of_class=name).table.head(N_SWARMS)
    index = {column: c for c, column in enumerate(explanation.columns)}
    order = [index[column] for column in ranking["feature"]]
    values = explanation.values[drawn, :, k]
    limit = float(np.abs(values[:, order]).max(initial=0))
    swarms = [
        _swarm(
            row,
            explanation.values[drawn, c, k],
            steps[:, c],
            limit,
            _direction(correlations[c], explanation.predicts_number),
            column_title(explanation.schema.get(str(row["feature"]), {})),
        )
        for c, row in zip(order, ranking.to_dict("records"), strict=True)
    ]
    return Panel(
        name=name,
        lead=_lead(explanation, name, order, correlations),
        limit=significant(limit, 2),
        swarms=swarms,
        dependence=[_dependence(explanation, c, k, drawn) for c in order[:N_PLOTS]],
    )


def _direction(correlation: float, predicts_number: bool) -> str:
    if np.isnan(correlation):
        return "constant values or contributions"
    if abs(correlation) < WEAK:
        return "no clear direction"
    values = "high" if correlation > 0 else "low"
    verb = "raise" if predicts_number else "support"
    return f"{values} values {verb if abs(correlation) >= STRONG else f'tend to {verb}'} it"


def _lead(explanation: Explanation, name: str, order: Sequence[int], correlations: Array) -> str:
    reasons = []
    for c in order[:3]:
        values = "high " if correlations[c] > WEAK else "low " if correlations[c] < -WEAK else ""
        mixed = "" if values else " (no clear direction)"
        if not np.isnan(correlations[c]):
            reasons.append(f"{values}{explanation.columns[c]}{mixed}")
    if not reasons:
        return ""
    if explanation.predicts_number:
        return f"{quoted(name)} is raised most by {enumerated(reasons)}."
    return f"Strongest support for {quoted(name)}: {enumerated(reasons)}."


def _swarm(
    row: Mapping[Hashable, Any],
    values: Array,
    steps: Array,
    limit: float,
    direction: str,
    plain_name: str,
) -> Swarm:
    column, low, high = str(row["feature"]), values.min(initial=0), values.max(initial=0)
    title = f"{column}: contributions from {signed(float(low))} to {signed(float(high))}"
    chart = _svg.swarm(values, steps, limit, f"{title}; {direction}", column=column)
    return Swarm(column, row, direction, chart, plain_name)


def _bins(explanation: Explanation, c: int, k: int) -> list[Bin]:
    """The rows in bins of equal size by the value of a column."""
    values, contributions = explanation.inputs[:, c], explanation.values[:, c, k]
    defined = np.flatnonzero(np.isfinite(values))
    order = defined[np.argsort(values[defined], kind="stable")]
    return [
        Bin(
            float(values[rows[0]]),
            float(np.median(values[rows])),
            float(values[rows[-1]]),
            len(rows),
            float(np.median(contributions[rows])),
        )
        for rows in np.array_split(order, N_BINS)
        if len(rows)
    ]


def _dependence(explanation: Explanation, c: int, k: int, drawn: Array) -> Dependence:
    column, bins = explanation.columns[c], _bins(explanation, c, k)
    unit = explanation.input_unit(column)
    chart = _svg.dependence(
        explanation.inputs[drawn, c],
        explanation.values[drawn, c, k],
        [(b.middle, b.contribution) for b in bins],
        column=column,
        unit=unit,
        of_class=explanation.classes[k],
    )
    return Dependence(column, unit, chart, bins)
