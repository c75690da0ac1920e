"""Agreement of a measure with that of another program, over many recordings.

A benchmark collects one value per recording from both and calls `agreement_table`, which prints a
table and returns the targets for `_common.any_missed`.

References
----------
Bland, J. M. and Altman, D. G. "Statistical methods for assessing agreement between two methods of
clinical measurement", The Lancet 327(8476), 1986.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import _common  # noqa: F401 - before NumPy, since it sets the number of threads
import numpy as np
from _common import Target, print_table

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Measure:
    """One measure of many recordings, by featkit and by another program."""

    name: str
    values: Sequence[float] | Array
    """One value per recording by featkit; NaN where it is undefined."""
    reference: Sequence[float] | Array
    """The values of the other program, in the same order and unit."""
    least_correlation: float | None = None
    """Target for the correlation over recordings; None if the measure has no target."""
    scale: float = 1.0
    """Factor for the printed values, such as 100 for shares in per cent."""
    unit: str = ""
    """Unit of the printed values."""


@dataclass(frozen=True)
class Agreement:
    """Agreement over the recordings for which both values are defined."""

    count: int
    only_one: int  # recordings for which just one program has a value
    medians: tuple[float, float]
    correlation: float
    limits: tuple[float, float]  # mean difference -/+ 1.96 standard deviations
    median_difference: float  # of absolute differences


def agreement(values: Sequence[float] | Array, reference: Sequence[float] | Array) -> Agreement:
    """Compare two values per recording: Pearson correlation and 95 % limits of agreement."""
    ours, theirs = np.asarray(values, float), np.asarray(reference, float)
    both = np.isfinite(ours) & np.isfinite(theirs)
    only_one = int(np.sum(np.isfinite(ours) != np.isfinite(theirs)))
    ours, theirs = ours[both], theirs[both]
    if len(ours) < 3:
        nan = float("nan")
        return Agreement(len(ours), only_one, (nan, nan), nan, (nan, nan), nan)
    difference = ours - theirs
    centre, half = np.mean(difference), 1.96 * np.std(difference, ddof=1)
    return Agreement(
        count=len(ours),
        only_one=only_one,
        medians=(float(np.median(ours)), float(np.median(theirs))),
        correlation=float(np.corrcoef(ours, theirs)[0, 1]),
        limits=(float(centre - half), float(centre + half)),
        median_difference=float(np.median(np.abs(difference))),
    )


def agreement_table(
    rows: Sequence[Measure], *, title: str = "Agreement over recordings", other: str = "Praat"
) -> list[Target]:
    """Print medians, correlation and limits of agreement; return targets for the correlations.

    Parameters
    ----------
    rows : sequence of Measure
    title : str
        Line above the table.
    other : str
        Name of the other program.

    Returns
    -------
    list of Target
        One for each measure with a `least_correlation`; one without a value fails.
    """
    cells, targets = [], []
    for row in rows:
        result = agreement(row.values, row.reference)
        numbers = [*result.medians, result.median_difference, *result.limits]
        ours, theirs, difference, low, high = (f"{row.scale * x:.4g}" for x in numbers)
        cells.append(
            [
                f"{row.name} ({row.unit})" if row.unit else row.name,
                f"{result.count}",
                f"{result.only_one}",
                ours,
                theirs,
                f"{result.correlation:.4f}",
                difference,
                f"{low} to {high}",
            ]
        )
        if row.least_correlation is not None:
            name = f"correlation of {row.name} with {other}"
            # NaN compares as missed, so that a measure without values does not pass.
            targets.append(Target(name, result.correlation, at_least=row.least_correlation))
    header = [
        "measure",
        "recordings",
        "defined by one only",
        "median, featkit",
        f"median, {other}",
        "correlation",
        "median difference",
        "95 % limits of agreement",
    ]
    print_table(title, header, cells)
    return targets
