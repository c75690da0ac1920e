"""Rows that a fit sets aside for early stopping: whole groups, with a share of every class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit.models.splits import assign_parts, groups_per_class

MIN_GROUPS = 4
"""Groups that a class needs to be validated; with fewer, all its groups are training rows."""


class ValidationPart(NamedTuple):
    """Which of the training rows of a fit are set aside.

    Attributes
    ----------
    rows : array of bool, shape ``(rows,)``
        Whether each row is set aside.
    warning : str
        Classes that are not validated; empty if all are.
    """

    rows: Array
    warning: str = ""


def validation_part(y: Array, groups: Array, share: float, *, seed: int) -> ValidationPart:
    """Choose the rows for early stopping.

    Parameters
    ----------
    y : array of str, shape ``(rows,)``
        Class of each row.
    groups : array, shape ``(rows,)``
        Group of each row, which is never divided.
    share : float
        Share of the rows to set aside; 0 for none.
    seed : int
        Seed of the choice.

    Returns
    -------
    ValidationPart
        Without rows if `share` is 0, or fewer than two classes can be validated.

    Notes
    -----
    A class with fewer than `MIN_GROUPS` groups is not validated: its groups stay in training, as do
    groups with rows of such a class and of others.
    """
    rows = np.zeros(len(y), dtype=bool)
    if not share:
        return ValidationPart(rows)
    divided, rare = _divisible(y, groups)
    if len(np.unique(y[divided])) < 2:
        return ValidationPart(
            rows,
            "no early stopping, all epochs were trained: fewer than two classes have"
            f" {MIN_GROUPS} groups of training rows, which validation needs",
        )
    parts = assign_parts(y[divided], groups[divided], (1 - share, share), seed=seed)
    rows[np.flatnonzero(divided)[parts == 1]] = True
    return ValidationPart(rows, _left_out(rare))


def _divisible(y: Array, groups: Array) -> tuple[Array, list[str]]:
    """Rows whose groups have only classes with enough groups, and the other classes."""
    divided = np.ones(len(y), dtype=bool)
    rare: list[str] = []
    while divided.any():
        counts = groups_per_class(y[divided], groups[divided])
        scarce = [name for name, count in counts.items() if count < MIN_GROUPS]
        if not scarce:
            break
        rare += scarce
        divided &= ~np.isin(groups, groups[np.isin(y, scarce)])
    return divided, rare


def _left_out(rare: list[str]) -> str:
    if not rare:
        return ""
    names = ", ".join(map(repr, rare[:5])) + (" and others" if len(rare) > 5 else "")
    return (
        f"early stopping is validated without {counted(len(rare), 'class', 'classes')} with fewer"
        f" than {MIN_GROUPS} groups of training rows: {names}"
    )
