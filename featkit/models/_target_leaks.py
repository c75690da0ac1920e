"""Columns that leak a numeric target: copies of it in another unit, row numbers and identifiers.

Columns that certainly leak the target are removed, with a warning. Tables that featkit computed
have no such columns and are not checked.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.models._leaking_columns import MIN_ROWS, Leaks
from featkit.models.problem import Problem
from featkit.models.settings import Settings
from featkit.table.group_detection import group_noun

SAME = 1e-9
"""Largest share of the variance of the target that a copy in another unit leaves unexplained."""


def target_leaks(problem: Problem, settings: Settings) -> Leaks:
    """Find the columns that leak the target, except those that `settings` include."""
    leaks = Leaks()
    if problem.table.provenance or len(problem) < MIN_ROWS:
        return leaks
    for k, name in enumerate(problem.columns):
        if name in settings.include:
            continue
        for reason in _reasons(name, problem.X[:, k], problem.y):
            leaks.certain.setdefault(name, reason)
    return leaks


def _reasons(name: str, x: Array, y: Array) -> Iterator[str]:
    filled = ~np.isnan(x)
    if filled.sum() < max(MIN_ROWS, len(x) / 2):
        return
    x, y = x[filled], y[filled]
    if _is_copy(x, y):
        yield "is the target in another unit"
    if not np.all(x == np.round(x)):
        return
    steps = np.diff(x)
    if len(x) == len(filled) and len(steps) and (np.all(steps == 1) or np.all(steps == -1)):
        yield f"numbers the rows, from {x.min():g} to {x.max():g} in their order"
    noun, identifies = group_noun(name)
    if noun is not None and (identifies or len(np.unique(x)) >= MIN_ROWS):
        yield "identifies rows or groups, according to its name"


def _is_copy(x: Array, y: Array) -> bool:
    """Whether the target is a linear function of the column, with more than two values."""
    if len(np.unique(y)) < 3:
        return False
    a, b = x - x.mean(), y - y.mean()
    size = float(a @ a) * float(b @ b)
    return size > 0 and 1 - float(a @ b) ** 2 / size < SAME
