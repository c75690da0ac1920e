"""What makes the scores of a problem doubtful, though nothing forbids to train on it: warnings."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import numpy as np

from featkit.cells import KEYS, TIMES
from featkit.inspecting import look_alikes
from featkit.models.problem import Problem, named, of_two_classes, texts
from featkit.segments import Array

GROUPS = re.compile(
    r"(group|artist|performer|composer|singer|speaker|subject|session|album|song|track|recording)"
    r"s?([ _-]?(id|name|number))?",
    re.IGNORECASE,
)
"""What columns are called that say what belongs together."""

PUBLISHED = ("split", "fold")
"""What columns are called that hold a published split."""

FEWEST_NUMBERED = 5
"""Rows below which numbers may rise by chance."""


def doubts(
    problem: Problem, *, label: str, group: str | None, other: Collection[str], made: bool
) -> Iterator[str]:
    """What is doubtful about a problem, as sentences.

    Parameters
    ----------
    problem : Problem
        What is looked at.
    label, group : str
        The columns of classes and groups.
    other : collection of str
        Columns that were named for another purpose, such as those that are excluded.
    made : bool
        Whether a split is made that keeps groups whole, for which it must be known what they are.
    """
    used = {label, group, *other}
    yield from _copies(problem)
    yield from _not_learnt(problem, used)
    yield from _giving_away(problem)
    yield from _two_classes(problem)
    yield from look_alikes(label, problem.y.tolist())
    if group is not None:
        yield from look_alikes(group, problem.groups.tolist())
    if made:
        yield from _published(problem, used)
    if made and group is None:
        yield from _likely_groups(problem, used)


def _copies(problem: Problem) -> Iterator[str]:
    """Rows with the same numbers in different groups stand on both sides of a split, unseen.

    Recordings of silence are alike, and no copies.
    """
    silent = np.asarray(problem.table.quality.get("quality_silent", np.zeros(len(problem)))) == 1
    names = problem.groups.tolist()
    if problem.unit == "row":
        table = problem.table
        names = [table.row_name(k).removeprefix("row ") for k in range(len(table))]
    first: dict[bytes, str] = {}
    found = {
        (first.setdefault(problem.X[k].tobytes(), names[k]), names[k])
        for k in np.flatnonzero(~silent)
    }
    pairs = [f"{one} = {other}" for one, other in sorted(found) if one != other]
    if pairs:
        yield (
            f"rows with exactly the numbers of a row of another {problem.unit}: {named(pairs)};"
            " copies of one recording under two names make scores too good"
        )


def _not_learnt(problem: Problem, used: Collection[str | None]) -> Iterator[str]:
    """Columns that a table of somebody else has, and that are not features."""
    table = problem.table
    given = [name for name in table.keys if name not in {*KEYS, *used}]
    if table.provenance:
        return
    if not {"path", *TIMES} <= {*table.keys}:
        if given:
            yield f"columns of text are not learnt from: {named(given)}"
    elif numbers := [name for name in given if _holds_numbers(texts(table, name))]:
        yield (
            f"columns of numbers that are not featkit's are not learnt from: {named(numbers)}; to"
            f" learn from all columns of numbers, take out {' and '.join(TIMES)}"
        )


def _holds_numbers(values: Array) -> bool:
    there = values[values != ""]
    try:
        return bool(len(there)) and bool(there.astype(np.float64).size)
    except ValueError:
        return False


def _giving_away(problem: Problem) -> Iterator[str]:
    """Features that are the class, or the place in the table, by which classes may be in order."""
    y, classes = problem.y.tolist(), len(problem.classes)
    for name, column in zip(problem.columns, problem.X.T, strict=True):
        if len(np.unique(column)) == classes == len(set(zip(column.tolist(), y, strict=True))):
            yield f"column {name!r} is the class under another name: exclude it"
        elif _numbers_rows(column):
            yield f"column {name!r} numbers the rows, and tells their order: exclude it"


def _numbers_rows(column: Array) -> bool:
    steps = np.diff(column)
    whole = bool(np.all(column == np.rint(column)))
    return len(column) >= FEWEST_NUMBERED and whole and bool((steps > 0).all() or (steps < 0).all())


def _two_classes(problem: Problem) -> Iterator[str]:
    if two := of_two_classes(problem.recordings, problem.y):
        yield (
            f"recordings of which rows have different classes: {len(two)} ({named(sorted(two))});"
            " scores by recording leave them out"
        )


def _published(problem: Problem, used: Collection[str | None]) -> Iterator[str]:
    for name in PUBLISHED:
        there = name in problem.table.keys and name not in used
        if there and len(set(texts(problem.table, name).tolist()) - {""}) > 1:
            yield f"column {name!r} is not used: if it is a published split, name it as {name}"


def _likely_groups(problem: Problem, used: Collection[str | None]) -> Iterator[str]:
    """Columns that may say what belongs together, by their name or by what they hold."""
    table = problem.table
    recordings, classes = len(set(problem.recordings.tolist())), len(problem.classes)
    for name in (*table.keys, *table.feature_names):
        if name in {"path", *TIMES, *PUBLISHED, *used}:
            continue
        called = GROUPS.fullmatch(name) is not None
        if not called and name not in table.keys:
            continue
        values = texts(table, name).tolist()
        count = len(set(values))
        within = count == len(set(zip(values, problem.y.tolist(), strict=True)))
        if 1 < count < recordings and (called or (within and classes < count <= recordings / 2)):
            yield (
                f"column {name!r} may say what belongs together: it has {count} values in"
                f" {recordings} {'recordings' if 'path' in table.keys else 'rows'}; if so, name it"
                " as group"
            )
