"""Pairs of classes: the columns that separate them, their confusions, and confused recordings.

How much a column separates two classes is measured by SHAP values: the mean contribution to the
first class less that to the second, in rows of the first class, less the same mean in rows of the
second. It is positive for a column that tells the classes apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from markupsafe import Markup

from featkit._utils.typing import Array
from featkit.explanation.explanation import Explanation
from featkit.report import _svg
from featkit.report._class_panels import row_name
from featkit.report._titles import column_title
from featkit.report.formatting import percent, significant, with_unit

N_COLUMNS = 6
"""Columns of a pair."""

N_RECORDINGS = 5
"""Confused recordings of a pair."""

MAX_PAIRS = 66
"""Pairs that a page contains, the most confused ones first: all pairs of 12 classes."""

PERCENTILES = (25, 50, 75)
"""Percentiles that are drawn for each class."""


@dataclass(frozen=True)
class SeparatingColumn:
    """A column with the medians of both classes, and a chart of their quartiles."""

    name: str
    title: str
    separation: str
    medians: tuple[str, str]
    chart: Markup


@dataclass(frozen=True)
class ClassPair:
    """Two classes.

    Attributes
    ----------
    classes : (str, str)
        Their names.
    places : (int, int)
        Their numbers among the classes.
    confusions : sequence of (str, str, int, int, str)
        True and predicted class, wrong rows, rows of the true class, and the share.
    columns : sequence of SeparatingColumn
        The columns that separate them most.
    recordings : sequence of (str, str, str, str)
        Name, true class, predicted class and probability of confused rows, the most confident
        first.
    """

    classes: tuple[str, str]
    places: tuple[int, int]
    confusions: Sequence[tuple[str, str, int, int, str]]
    columns: Sequence[SeparatingColumn]
    recordings: Sequence[tuple[str, str, str, str]]


def class_pairs(explanation: Explanation) -> list[ClassPair]:
    """The pairs of classes with rows, the most confused first."""
    y, names = explanation.y, explanation.classes
    if y is None:
        return []
    rows = [np.flatnonzero(y == name) for name in names]
    present = [k for k, own in enumerate(rows) if len(own)]
    counts = _counts(explanation, rows)
    pairs = sorted(combinations(present, 2), key=lambda ab: -(counts[ab] + counts[ab[::-1]]))
    means = {k: explanation.values[rows[k]].mean(axis=0) for k in present}
    quartiles = {k: _quartiles(explanation.X[rows[k]]) for k in present}
    return [_pair(explanation, pair, rows, counts, means, quartiles) for pair in pairs[:MAX_PAIRS]]


def _counts(explanation: Explanation, rows: Sequence[Array]) -> Array:
    """Number of rows by true and predicted class."""
    place = {name: k for k, name in enumerate(explanation.classes)}
    predicted = np.array([place[str(name)] for name in explanation.predicted], dtype=np.intp)
    size = len(place)
    return np.stack([np.bincount(predicted[own], minlength=size) for own in rows])


def _quartiles(X: Array) -> Array:
    """Quartiles of each column, ``(3, columns)``; NaN for a column without a value."""
    defined = np.isfinite(X).any(axis=0)
    quartiles = np.full((len(PERCENTILES), X.shape[1]), np.nan)
    quartiles[:, defined] = np.nanpercentile(X[:, defined], PERCENTILES, axis=0)
    return quartiles


def _pair(
    explanation: Explanation,
    pair: tuple[int, int],
    rows: Sequence[Array],
    counts: Array,
    means: Mapping[int, Array],
    quartiles: Mapping[int, Array],
) -> ClassPair:
    a, b = pair
    difference = {k: means[k][:, a] - means[k][:, b] for k in pair}
    separation = difference[a] - difference[b]
    columns = np.argsort(-separation, kind="stable")[:N_COLUMNS]
    names = explanation.classes
    return ClassPair(
        classes=(names[a], names[b]),
        places=pair,
        confusions=[
            (
                names[i],
                names[j],
                int(counts[i, j]),
                len(rows[i]),
                percent(counts[i, j] / len(rows[i])),
            )
            for i, j in (pair, pair[::-1])
        ],
        columns=[
            _column(explanation, k, float(separation[k]), quartiles[a][:, k], quartiles[b][:, k])
            for k in columns.tolist()
            if separation[k] > 0
        ],
        recordings=_confused(explanation, pair, rows),
    )


def _column(
    explanation: Explanation, k: int, separation: float, one: Array, other: Array
) -> SeparatingColumn:
    name = explanation.columns[k]
    described: Mapping[str, Any] = explanation.schema.get(name, {})
    unit = explanation.unit(name)
    return SeparatingColumn(
        name=name,
        title=column_title(described),
        separation=significant(separation, 2),
        medians=(with_unit(float(one[1]), unit), with_unit(float(other[1]), unit)),
        chart=_svg.two_ranges(one, other),
    )


def _confused(
    explanation: Explanation, pair: tuple[int, int], rows: Sequence[Array]
) -> list[tuple[str, str, str, str]]:
    names = explanation.classes
    wrong = np.concatenate(
        [rows[i][explanation.predicted[rows[i]] == names[j]] for i, j in (pair, pair[::-1])]
    )
    order = wrong[np.argsort(-explanation.confidence[wrong], kind="stable")][:N_RECORDINGS]
    y = explanation.y
    return [
        (
            row_name(explanation, row),
            "" if y is None else str(y[row]),
            str(explanation.predicted[row]),
            percent(float(explanation.confidence[row])),
        )
        for row in order.tolist()
    ]
