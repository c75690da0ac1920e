"""Leaking columns: copies and codes of the class, row numbers, and identifiers.

Columns that certainly leak the class are removed, with a warning; likely ones are warned of. Tables
that featkit computed have no such columns and are not checked.

A relation counts only if chance cannot explain it: see `featkit.models._leakage_evidence`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from math import log
from typing import NamedTuple

import numpy as np

from featkit._utils.formatting import shell_word
from featkit._utils.typing import Array
from featkit.models._leakage_evidence import (
    CERTAIN,
    LIKELY,
    ColumnsByClass,
    class_order,
    distinct_evidence,
    is_finer_code,
    outside_evidence,
)
from featkit.models.problem import Problem, name_list
from featkit.models.settings import Settings
from featkit.table.group_detection import group_noun

MIN_ROWS = 5
"""Fewest rows of a table that is checked: with fewer, features may increase by chance."""

MIN_FILLED = 10
"""Fewest rows inside and outside of the classes that share one value."""

MAX_NUMBERINGS = 2
"""Most columns that count as row numbers. If there are more, all columns may be ranks."""

FLAG = re.compile(r"(.+)[_.\-=: ]")
"""Common part of the names of a set of flags: up to the last separator."""

TIME = re.compile(r"(.*[_ ])?(date|timestamp|datetime|epoch)|time|(recorded|created)_at", re.I)
"""Names of columns that hold the time of recording."""


@dataclass
class Leaks:
    """Columns that leak the class.

    Attributes
    ----------
    certain, likely : dict of str to str
        Reason for each column, as the end of a sentence that begins with its name.
    """

    certain: dict[str, str] = field(default_factory=dict)
    likely: dict[str, str] = field(default_factory=dict)

    @property
    def warnings(self) -> list[str]:
        """A warning for each column."""
        excluded = [
            f"column {name!r} {reason}: it is excluded; to use it, add --include {shell_word(name)}"
            f" (in Python: include=[{name!r}])"
            for name, reason in self.certain.items()
        ]
        kept = [
            f"column {name!r} {reason}; unless it is also known for new recordings, add --exclude"
            f" {shell_word(name)} (in Python: exclude=[{name!r}])"
            for name, reason in self.likely.items()
        ]
        return excluded + kept


class Leak(NamedTuple):
    """A column, whether it certainly leaks the class, and the reason."""

    column: str
    certain: bool
    reason: str


def leaking_columns(problem: Problem, settings: Settings) -> Leaks:
    """Find the columns that leak the class, except those that `settings` include."""
    leaks = Leaks()
    if problem.table.provenance or len(problem) < MIN_ROWS or not problem.columns:
        return leaks
    columns, label = ColumnsByClass(problem), settings.label
    checks = (
        _class_codes(columns),
        _filled_by_class(columns, label),
        _row_numbers(columns),
        _identifiers(columns),
        _times(columns),
        _finer_codes(columns, label),
        _finer_flags(columns, label),
        _missing_by_class(columns, label),
    )
    for name, certain, reason in chain(*checks):
        if name in settings.include or name in leaks.certain:
            continue
        if certain:
            leaks.certain[name] = reason
            leaks.likely.pop(name, None)
        else:
            leaks.likely.setdefault(name, reason)
    return leaks


def _class_codes(columns: ColumnsByClass) -> Iterator[Leak]:
    """Columns with one value for each class: a code of the class, a coarser one, or one-hot."""
    constant = columns.constant | np.isnan(columns.minimum)
    for k in np.flatnonzero(constant.all(axis=0)).tolist():
        values, y = columns.values(k)
        distinct, counts = np.unique(values, return_counts=True)
        if len(distinct) < 2:
            continue
        repeats = np.maximum(np.bincount(y) - 1, 0).sum()
        evidence = -repeats * log(counts.max() / len(values))
        if evidence < LIKELY:
            continue
        certain = evidence >= CERTAIN and len(values) > len(columns.X) / 2
        if len(distinct) == len(columns.classes):
            reason = "is the class under another name"
        else:
            rarest = distinct[np.argmin(counts)]
            alone = [columns.classes[c] for c in np.unique(y[values == rarest])]
            reason = (
                f"reveals the class: it has {len(distinct)} values, all rows of a class have the"
                f" same value, and one value occurs only in {name_list(alone)}"
            )
        yield Leak(columns.names[k], certain, reason)


def _filled_by_class(columns: ColumnsByClass, label: str) -> Iterator[Leak]:
    """Columns with one value in all rows of some classes, and never that value in the others."""
    for k in np.flatnonzero(columns.constant.any(axis=0)).tolist():
        fill = columns.minimum[columns.constant[:, k], k]
        same = columns.constant[:, k] & (columns.minimum[:, k] == fill[0])
        values, y = columns.values(k)
        filled = values == fill[0]
        if filled.all() or not np.array_equal(filled, same[y]):
            continue
        if min(filled.sum(), (~filled).sum()) >= MIN_FILLED:
            reason = f"is {fill[0]:g} wherever {label!r} is {_names(columns, same)}"
            yield Leak(columns.names[k], False, f"{reason}, and nowhere else")


def _names(columns: ColumnsByClass, selected: Array) -> str:
    return name_list([c for c, is_one in zip(columns.classes, selected, strict=True) if is_one])


def _row_numbers(columns: ColumnsByClass) -> Iterator[Leak]:
    """Columns that number the rows, in the order of the table or in another."""
    numberings = []
    for k in columns.evenly_spaced():
        values, y = columns.values(k)
        if len(values) < len(columns.X):
            continue
        steps = np.diff(values)
        in_order = bool((steps > 0).all() or (steps < 0).all())
        evidence = CERTAIN if in_order else distinct_evidence(values, y)
        order = class_order(values, y)
        certain = evidence >= CERTAIN
        if certain or (order and evidence >= LIKELY):
            extent = f"from {values.min():g} to {values.max():g}"
            reason = f"numbers the rows, {extent}{' in their order' if in_order else ''}{order}"
            reason = reason if certain else f"probably {reason}"
            numberings.append(Leak(columns.names[k], certain, reason))
    ranks = len(numberings) > max(MAX_NUMBERINGS, len(columns.names) / 4)
    for leak in numberings:
        if not ranks or group_noun(leak.column)[0] is not None:
            yield leak


def _identifiers(columns: ColumnsByClass) -> Iterator[Leak]:
    """Columns of whole numbers that are named like identifiers."""
    for k in columns.whole:
        name = columns.names[k]
        noun, identifies = group_noun(name)
        if noun is None:
            continue
        values, _ = columns.values(k)
        if identifies or len(np.unique(values)) >= MIN_ROWS:
            yield Leak(name, True, "identifies rows or groups, according to its name")


def _times(columns: ColumnsByClass) -> Iterator[Leak]:
    """Columns named like times, in whose order the classes were recorded one after the other."""
    for k, name in enumerate(columns.names):
        if TIME.fullmatch(name):
            values, y = columns.values(k)
            if order := class_order(values, y):
                yield Leak(name, False, f"is a time{order}")


def _finer_codes(columns: ColumnsByClass, label: str) -> Iterator[Leak]:
    """Columns of whole numbers that repeat, each in one class only."""
    for k in columns.whole:
        values, y = columns.values(k)
        if is_finer_code(values, y, columns.class_sizes):
            yield Leak(columns.names[k], False, _finer_reason(len(np.unique(values)), label))


def _finer_reason(distinct: int, label: str) -> str:
    return (
        f"has {distinct} distinct values, each in one class only: it may be a finer code of"
        f" {label!r}, or name groups"
    )


def _finer_flags(columns: ColumnsByClass, label: str) -> Iterator[Leak]:
    """Columns of 0 and 1 with a single 1 in each row, which together are a finer code."""
    flag_sets = defaultdict(list)
    for k in columns.whole:
        start = FLAG.match(columns.names[k])
        if start and bool(np.isin(columns.X[:, k], (0, 1)).all()):
            flag_sets[start[1]].append(k)
    for prefix, members in flag_sets.items():
        flags = columns.X[:, members]
        if len(members) > 2 and np.all(flags.sum(axis=1) == 1):
            values = np.argmax(flags, axis=1)
            if is_finer_code(values, columns.y, columns.class_sizes):
                flag_set = f"belongs to {len(members)} flags called {prefix!r}, which together are"
                reason = f"{flag_set} a column that {_finer_reason(len(members), label)}"
                yield Leak(columns.names[members[0]], False, reason)


def _missing_by_class(columns: ColumnsByClass, label: str) -> Iterator[Leak]:
    """Columns whose missing values depend on the class."""
    n, counts = len(columns.X), columns.counts
    incomplete = np.flatnonzero((counts.sum(axis=0) > 0) & (counts.sum(axis=0) < n))
    for k in incomplete.tolist():
        n_values = int(counts[:, k].sum())
        empty, full = counts[:, k] == 0, counts[:, k] == columns.class_sizes
        n_empty, n_full = columns.class_sizes[empty].sum(), columns.class_sizes[full].sum()
        if empty.any() and outside_evidence(n_values, n_empty, n) >= CERTAIN:
            reason = f"has values only where {label!r} is {_names(columns, ~empty)}"
        elif full.any() and outside_evidence(n - n_values, n_full, n) >= CERTAIN:
            reason = f"has missing values only where {label!r} is {_names(columns, ~full)}"
        else:
            continue
        reason = f"{reason}: missing values reveal the class"
        yield Leak(columns.names[k], False, reason)
