"""Columns that give the class away: copies and codes of it, numbers of rows, identifiers.

What is certain is not learnt from, with a warning that says why. What is likely is a warning alone.
Tables that featkit computed have no such columns and are not looked at.

A relation counts only if chance is no explanation. Columns that do not depend on the class would
show it in less than one of a million tables (`CHANCE`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import lgamma, log

import numpy as np

from featkit._utils.typing import Array
from featkit.models.problem import Problem, named
from featkit.table.group_detection import noun_of

CHANCE = log(1e6)
"""How unlikely chance must be: minus the logarithm of its probability."""

FEWEST_ROWS = 5
"""Rows below which there are no warnings: numbers may rise by chance."""

FLAG = re.compile(r"(.+)[_.\-=: ]")
"""What a set of flags has in common: the name up to the last separator."""

TIME = re.compile(r"(.*[_ ])?(date|timestamp|datetime|epoch)|time|(recorded|created)_at", re.I)
"""What columns are called that say when a recording was made."""

MOST_NUMBERINGS = 2
"""Numberings of the rows that a table may have. Of more, all columns may be ranks."""

SOME_CHANCE = 4.0
"""The same for what is no more than likely, and where the order of numbers tells the class, too."""

FEWEST_FILLED = 10
"""Rows with, and without, a value of some classes alone, below which it may be chance."""

MOST_PLACES = 10**9
"""Range beyond which different numbers are no surprise."""

FEW_REPEATS = 0.1
"""Share of the repeats that chance would give, up to which numbers are names of rows."""


@dataclass
class Leaks:
    """What was found.

    Attributes
    ----------
    certain, likely : dict of str
        Why each column is not, or should not be, learnt from.
    """

    certain: dict[str, str] = field(default_factory=dict)
    likely: dict[str, str] = field(default_factory=dict)

    @property
    def warnings(self) -> list[str]:
        """A sentence for each column."""
        return [
            *(
                f"column {name!r} {why}: it is not learnt from, unless you include it"
                for name, why in self.certain.items()
            ),
            *(
                f"column {name!r} {why}; exclude it, unless that is known of new recordings, too"
                for name, why in self.likely.items()
            ),
        ]


def leaking_columns(problem: Problem, *, label: str, include: Collection[str] = ()) -> Leaks:
    """Look for columns that give the class away.

    Parameters
    ----------
    problem : Problem
        What is looked at.
    label : str
        The column of classes.
    include : collection of str
        Columns that are learnt from whatever they hold.
    """
    leaks = Leaks()
    if problem.table.provenance or len(problem) < FEWEST_ROWS:
        return leaks
    columns = _Columns(problem)
    checks = (
        _class_copies(columns),
        _filled_by_class(columns, label),
        _row_numbers(columns),
        _identifiers(columns),
        _times(columns),
        _finer_codes(columns, label),
        _finer_flags(columns, label),
        _missing_by_class(columns, label),
    )
    for name, certain, why in (one for check in checks for one in check):
        if name in include or name in leaks.certain:
            continue
        if certain:
            leaks.certain[name] = why
            leaks.likely.pop(name, None)
        else:
            leaks.likely.setdefault(name, why)
    return leaks


Found = Iterator[tuple[str, bool, str]]
"""Column, whether it is certain, and why."""


class _Columns:
    """The features with their rows in the order of the classes."""

    def __init__(self, problem: Problem) -> None:
        self.names: Sequence[str] = problem.columns
        self.classes = problem.classes
        self.X = problem.X
        self.y = np.searchsorted(problem.classes, problem.y)
        self.sizes = np.bincount(self.y)

    @cached_property
    def starts(self) -> Array:
        """Where each class begins among rows that are sorted by class."""
        starts: Array = np.cumsum([0, *self.sizes[:-1]])
        return starts

    @cached_property
    def by_class(self) -> Array:
        by_class: Array = self.X[np.argsort(self.y, kind="stable")]
        return by_class

    @cached_property
    def low(self) -> Array:
        """The least value of each class, ``(classes, columns)``."""
        with np.errstate(invalid="ignore"):  # of a class without a value
            low: Array = np.fmin.reduceat(self.by_class, self.starts, axis=0)
        return low

    @cached_property
    def constant(self) -> Array:
        """Whether a class has one value only, ``(classes, columns)``; not, where it has none."""
        with np.errstate(invalid="ignore"):
            high = np.fmax.reduceat(self.by_class, self.starts, axis=0)
        constant: Array = self.low == high
        return constant

    @cached_property
    def present(self) -> Array:
        """How many values there are of each class, ``(classes, columns)``."""
        counts: Array = np.add.reduceat(~np.isnan(self.by_class), self.starts, axis=0, dtype=int)
        return counts

    @cached_property
    def whole(self) -> list[int]:
        """Columns of whole numbers."""
        X = self.X
        return np.flatnonzero(np.all((np.rint(X) == X) | np.isnan(X), axis=0)).tolist()

    def known(self, k: int) -> tuple[Array, Array]:
        """The values of a column, and the classes of their rows."""
        there = ~np.isnan(self.X[:, k])
        return self.X[there, k], self.y[there]


def _class_copies(columns: _Columns) -> Found:
    """Columns that have one value for each class: the class itself, coarser, or one-hot."""
    constant = columns.constant | np.isnan(columns.low)
    for k in np.flatnonzero(constant.all(axis=0)).tolist():
        values, y = columns.known(k)
        different, counts = np.unique(values, return_counts=True)
        if len(different) < 2:
            continue
        repeats = np.maximum(np.bincount(y) - 1, 0).sum()
        surprise = -repeats * log(counts.max() / len(values))
        if surprise < SOME_CHANCE:
            continue
        certain = surprise >= CHANCE and len(values) > len(columns.X) / 2
        if len(different) == len(columns.classes):
            why = "is the class under another name"
        else:
            alone = [columns.classes[c] for c in _classes_of_rarest(values, y)]
            why = (
                f"tells the class: all rows of a class have the same of its"
                f" {len(different)} values, and one is only that of {named(alone)}"
            )
        yield columns.names[k], certain, why


def _filled_by_class(columns: _Columns, label: str) -> Found:
    """Columns with one value in all rows of some classes, and never that value in the others."""
    for k in np.flatnonzero(columns.constant.any(axis=0)).tolist():
        fill = columns.low[columns.constant[:, k], k]
        same = columns.constant[:, k] & (columns.low[:, k] == fill[0])
        values, y = columns.known(k)
        filled = values == fill[0]
        if filled.all() or not np.array_equal(filled, same[y]):
            continue
        if min(filled.sum(), (~filled).sum()) >= FEWEST_FILLED:
            where = [c for c, has in zip(columns.classes, same, strict=True) if has]
            why = f"is {fill[0]:g} wherever {label!r} is {named(where)}, and nowhere else"
            yield columns.names[k], False, why


def _classes_of_rarest(values: Array, y: Array) -> list[int]:
    different, counts = np.unique(values, return_counts=True)
    classes: list[int] = np.unique(y[values == different[np.argmin(counts)]]).tolist()
    return classes


def _row_numbers(columns: _Columns) -> Found:
    """Columns that number the rows, in the order of the table or in another."""
    found = []
    for k in _evenly_spread(columns):
        values, y = columns.known(k)
        if len(values) < len(columns.X):
            continue
        steps = np.diff(values)
        in_order = bool((steps > 0).all() or (steps < 0).all())
        surprise = CHANCE if in_order else _unlike_chance(values, y)
        order = _order_of_classes(values, y)
        if surprise >= CHANCE or (order and surprise >= SOME_CHANCE):
            how = " in their order" if in_order else ""
            why = f"numbers the rows, from {values.min():g} to {values.max():g}{how}{order}"
            found.append((columns.names[k], surprise >= CHANCE, why))
    ranks = len(found) > max(MOST_NUMBERINGS, len(columns.names) / 4)
    for name, certain, why in found:
        if not ranks or noun_of(name)[0] is not None:
            yield name, certain, why if certain else f"probably {why}"


def _evenly_spread(columns: _Columns) -> list[int]:
    """Columns of whole numbers, and those that are as scaled numbers of rows would be.

    Numbers in equal steps have a variance of (n + 1) / (n - 1) / 12 of their squared range.
    """
    n, X = len(columns.X), columns.X
    spread = X.max(axis=0) - X.min(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        off = X.var(axis=0) / spread**2 * 12 * (n - 1) / (n + 1) - 1
    even = np.flatnonzero(np.abs(off) < 1e-6).tolist()
    equal = [k for k in even if np.ptp(np.diff(np.sort(X[:, k]))) < 1e-3 * spread[k] / n]
    return sorted({*columns.whole, *equal})


def _unlike_chance(values: Array, y: Array) -> float:
    """How unlikely it is that numbers repeat so rarely, as minus the logarithm.

    As many numbers drawn from their range would repeat, as birthdays do. The range is that of all
    rows, or that of each class, if no class has a number of another.
    """
    n, distinct = len(values), len(np.unique(values))
    if distinct < 2:
        return 0.0
    if distinct == n:
        of_classes = [values[y == c] for c in np.unique(y)]
        return max(_without_repeats(values), sum(map(_without_repeats, of_classes)))
    spread = _places(values)
    expected = n - spread * (1 - (1 - 1 / spread) ** n)
    return CHANCE if expected >= 50 and n - distinct <= FEW_REPEATS * expected else 0.0


def _without_repeats(values: Array) -> float:
    """Minus the logarithm of the chance that different numbers are drawn from their range."""
    n, places = len(values), _places(values)
    if n < 2 or places > MOST_PLACES:
        return 0.0
    return -(lgamma(places + 1) - lgamma(places - n + 1) - n * log(places))


def _places(values: Array) -> int:
    """How many numbers there are from the least to the greatest, in their steps."""
    ordered = np.unique(values)
    if len(ordered) < 2:
        return 1
    if np.all(ordered == np.rint(ordered)) and np.abs(ordered).max() < 2**53:
        whole = ordered.astype(np.int64)
        step = float(np.gcd.reduce(np.diff(whole)))
    else:
        step = float(np.min(np.diff(ordered)))
    return round(float(ordered[-1] - ordered[0]) / step) + 1


def _order_of_classes(values: Array, y: Array) -> str:
    """Whether classes come in fewer runs than chance would give (Wald and Wolfowitz 1940)."""
    y = y[np.argsort(values, kind="stable")]
    n = len(y)
    runs = 1 + int(np.sum(y[1:] != y[:-1]))
    shares = np.bincount(y) / n
    differ = 1 - float(np.sum(shares**2))
    expected = 1 + (n - 1) * differ
    deviation = np.sqrt((n - 1) * differ * (1 - differ)) + 1e-9
    if expected - runs < 4 * deviation:
        return ""
    return (
        f", and gives the class away: in this order classes change {runs - 1} times, where"
        f" {expected - 1:.0f} are expected by chance"
    )


def _identifiers(columns: _Columns) -> Found:
    """Columns of whole numbers whose names say that they name something."""
    whole = {columns.names[k]: k for k in columns.whole}
    for name, k in whole.items():
        noun, identifies = noun_of(name)
        if noun is None:
            continue
        values, _ = columns.known(k)
        if identifies or len(np.unique(values)) >= FEWEST_ROWS:
            yield name, True, "names rows or what they belong to, as its name says"


def _times(columns: _Columns) -> Found:
    """Columns that are called times, in whose order classes were recorded one after the other."""
    for k, name in enumerate(columns.names):
        if TIME.fullmatch(name):
            values, y = columns.known(k)
            if order := _order_of_classes(values, y):
                yield name, False, f"is a time{order}"


def _finer_codes(columns: _Columns, label: str) -> Found:
    """Whole numbers of which each is of one class, though they repeat."""
    for k in columns.whole:
        values, y = columns.known(k)
        if _is_finer(values, y, columns.sizes):
            different = len(np.unique(values))
            yield columns.names[k], False, _finer(different, label)


def _finer(different: int, label: str) -> str:
    return (
        f"has {different} values that repeat, each in one class only: it may be a finer code of"
        f" {label!r}, or name groups"
    )


def _is_finer(values: Array, y: Array, sizes: Array) -> bool:
    """Whether each value is of one class, beyond chance.

    The chance that a row has the class of the row before with its value is at most the share of the
    largest class.
    """
    if not len(values):
        return False
    _, code = np.unique(values, return_inverse=True)
    different = int(code.max()) + 1
    if different > len(values) / 2 or different < len(sizes):
        return False
    if len(np.unique(code * len(sizes) + y)) != different:
        return False
    return -(len(values) - different) * log(sizes.max() / sizes.sum()) >= CHANCE


def _finer_flags(columns: _Columns, label: str) -> Found:
    """Columns of 0 and 1, of which each row has one 1, that together are a finer code."""
    sets = defaultdict(list)
    for k in columns.whole:
        start = FLAG.match(columns.names[k])
        if start and bool(np.isin(columns.X[:, k], (0, 1)).all()):
            sets[start[1]].append(k)
    for prefix, members in sets.items():
        flags = columns.X[:, members]
        if len(members) > 2 and np.all(flags.sum(axis=1) == 1):
            values = np.argmax(flags, axis=1)
            if _is_finer(values, columns.y, columns.sizes):
                why = f"belongs to {len(members)} flags called {prefix!r}, and together that"
                yield columns.names[members[0]], False, f"{why} {_finer(len(members), label)}"


def _missing_by_class(columns: _Columns, label: str) -> Found:
    """Columns without a value in some classes, or without a gap in all but some."""
    n, present = len(columns.X), columns.present
    some = np.flatnonzero((present.sum(axis=0) > 0) & (present.sum(axis=0) < n))
    for k in some.tolist():
        values = int(present[:, k].sum())
        none, full = present[:, k] == 0, present[:, k] == columns.sizes
        if none.any() and _all_outside(values, columns.sizes[none].sum(), n) >= CHANCE:
            with_values = [c for c, empty in zip(columns.classes, none, strict=True) if not empty]
            why = f"has values only where {label!r} is {named(with_values)}"
        elif full.any() and _all_outside(n - values, columns.sizes[full].sum(), n) >= CHANCE:
            with_gaps = [c for c, whole in zip(columns.classes, full, strict=True) if not whole]
            why = f"lacks values only where {label!r} is {named(with_gaps)}"
        else:
            continue
        yield columns.names[k], False, f"{why}: that a value is missing gives the class away"


def _all_outside(count: int, avoided: int, n: int) -> float:
    """Minus the logarithm of the chance that so many rows of n avoid so many others."""
    if count > n - avoided:
        return 0.0
    return _log_choose(n, count) - _log_choose(n - avoided, count)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
