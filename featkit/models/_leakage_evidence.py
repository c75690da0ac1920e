"""Evidence that a column leaks the class, or identifies rows, rather than describing sound.

Evidence is the negative natural logarithm of the probability that chance alone would produce the
same relation, so that 14 is one in a million.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import lgamma, log

import numpy as np

from featkit._utils.typing import Array
from featkit.models.problem import Problem
from featkit.table.disk_matrix import sampled_rows

CERTAIN = log(1e6)
"""Smallest evidence for which a relation counts as certain."""

LIKELY = 4.0
"""Smallest evidence for a likely relation, if the order of the values reveals the classes."""

MAX_RANGE = 10**9
"""Largest number of possible values for which distinct values are evidence."""

MAX_REPEATS = 0.1
"""Values count as row identifiers if they have at most this share of the expected repeats."""


class ColumnsByClass:
    """Features of a problem, with statistics of each class.

    Parameters
    ----------
    problem : Problem
        If its matrix is on disk, the statistics are those of a sample of its rows, in their order.
    """

    def __init__(self, problem: Problem) -> None:
        self.names: Sequence[str] = problem.columns
        self.classes = problem.classes
        rows = sampled_rows(problem.X, np.arange(len(problem)))
        self.X = np.asarray(problem.X if len(rows) == len(problem) else problem.X[rows])
        self.y = np.searchsorted(problem.classes, problem.y[rows])
        self.class_sizes = np.bincount(self.y, minlength=len(self.classes))
        self._sorted = self.X[np.argsort(self.y, kind="stable")]
        self._starts = np.cumsum([0, *self.class_sizes[:-1]])  # first sorted row of each class

    @cached_property
    def minimum(self) -> Array:
        """Least value of each class, ``(classes, columns)``; NaN where a class has none."""
        with np.errstate(invalid="ignore"):
            minimum: Array = np.fmin.reduceat(self._sorted, self._starts, axis=0)
        return minimum

    @cached_property
    def constant(self) -> Array:
        """Whether all values of a class are equal, ``(classes, columns)``; False if it has none."""
        with np.errstate(invalid="ignore"):
            maximum = np.fmax.reduceat(self._sorted, self._starts, axis=0)
        constant: Array = self.minimum == maximum
        return constant

    @cached_property
    def counts(self) -> Array:
        """Number of values of each class, ``(classes, columns)``."""
        counts: Array = np.add.reduceat(~np.isnan(self._sorted), self._starts, axis=0, dtype=int)
        return counts

    @cached_property
    def whole(self) -> list[int]:
        """Indices of the columns of whole numbers."""
        X = self.X
        return np.flatnonzero(np.all((np.rint(X) == X) | np.isnan(X), axis=0)).tolist()

    def values(self, k: int) -> tuple[Array, Array]:
        """Return the values of column `k` without NaN, and the classes of their rows."""
        present = ~np.isnan(self.X[:, k])
        return self.X[present, k], self.y[present]

    def evenly_spaced(self) -> list[int]:
        """Return the indices of columns of whole numbers, or of equal steps.

        The variance of n numbers in equal steps is (n + 1) / (n - 1) / 12 of their squared range.
        """
        n, X = len(self.X), self.X
        extent = X.max(axis=0) - X.min(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            off = X.var(axis=0) / extent**2 * 12 * (n - 1) / (n + 1) - 1
        even = np.flatnonzero(np.abs(off) < 1e-6).tolist()
        equal = [k for k in even if np.ptp(np.diff(np.sort(X[:, k]))) < 1e-3 * extent[k] / n]
        return sorted({*self.whole, *equal})


def distinct_evidence(values: Array, y: Array) -> float:
    """Return the evidence that values repeat too rarely to be measurements (birthday problem).

    The values are compared with random draws from their range: that of all rows, or that of each
    class, if no two classes share a value.
    """
    n, distinct = len(values), len(np.unique(values))
    if distinct < 2:
        return 0.0
    if distinct == n:
        of_classes = [values[y == c] for c in np.unique(y)]
        return max(_all_distinct_evidence(values), sum(map(_all_distinct_evidence, of_classes)))
    n_possible = _possible_values(values)
    expected = n - n_possible * (1 - (1 - 1 / n_possible) ** n)
    return CERTAIN if expected >= 50 and n - distinct <= MAX_REPEATS * expected else 0.0


def _all_distinct_evidence(values: Array) -> float:
    n, n_possible = len(values), _possible_values(values)
    if n < 2 or n_possible > MAX_RANGE:
        return 0.0
    return -(lgamma(n_possible + 1) - lgamma(n_possible - n + 1) - n * log(n_possible))


def _possible_values(values: Array) -> int:
    """Number of values from the least to the greatest, in steps of their common divisor."""
    ordered = np.unique(values)
    if len(ordered) < 2:
        return 1
    if np.all(ordered == np.rint(ordered)) and np.abs(ordered).max() < 2**53:
        whole = ordered.astype(np.int64)
        step = float(np.gcd.reduce(np.diff(whole)))
    else:
        step = float(np.min(np.diff(ordered)))
    return round(float(ordered[-1] - ordered[0]) / step) + 1


def class_order(values: Array, y: Array) -> str:
    """Return a clause if the order of the values reveals the classes, else "".

    It does if the classes come in fewer runs than expected by chance (Wald and Wolfowitz 1940).
    """
    y = y[np.argsort(values, kind="stable")]
    n = len(y)
    runs = 1 + int(np.sum(y[1:] != y[:-1]))
    p_differ = 1 - float(np.sum((np.bincount(y) / n) ** 2))
    expected = 1 + (n - 1) * p_differ
    deviation = np.sqrt((n - 1) * p_differ * (1 - p_differ)) + 1e-9
    if expected - runs < 4 * deviation:
        return ""
    return (
        f", and reveals the class: in this order, the class changes {runs - 1} times, where"
        f" {expected - 1:.0f} changes are expected by chance"
    )


def is_finer_code(values: Array, y: Array, class_sizes: Array) -> bool:
    """Return whether each value occurs in one class only, though values repeat.

    The probability that a row has the class of an earlier row with the same value is at most the
    share of the largest class.
    """
    if not len(values):
        return False
    _, code = np.unique(values, return_inverse=True)
    distinct = int(code.max()) + 1
    if distinct > len(values) / 2 or distinct < len(class_sizes):
        return False
    if len(np.unique(code * len(class_sizes) + y)) != distinct:
        return False
    return -(len(values) - distinct) * log(class_sizes.max() / class_sizes.sum()) >= CERTAIN


def outside_evidence(count: int, avoided: int, n: int) -> float:
    """Return the evidence that `count` of `n` rows all lie outside of `avoided` other rows."""
    if count > n - avoided:
        return 0.0
    return _log_choose(n, count) - _log_choose(n - avoided, count)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
