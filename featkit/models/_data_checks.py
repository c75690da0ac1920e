"""Warnings of what makes the scores of a table doubtful, though nothing forbids to train on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.models.problem import Problem, named, of_two_classes, texts
from featkit.schema import KEYS, TIMES
from featkit.table.group_detection import PUBLISHED
from featkit.table.inspection import look_alikes
from featkit.table.name_stems import group_column


def data_warnings(
    problem: Problem, *, label: str, group: str | None, other: Collection[str], made: bool
) -> Iterator[str]:
    """What is doubtful about the rows of a table, as sentences.

    Parameters
    ----------
    problem : Problem
        What is looked at.
    label, group : str
        The column of classes, and what was named as group.
    other : collection of str
        Columns that were named for another purpose, such as those that are excluded.
    made : bool
        Whether a split is made, rather than a published one used.
    """
    used = {label, *other} | ({group_column(group)} if group else set())
    likely = {one.column for one in problem.likely_groups}
    yield from _copies(problem)
    yield from _not_learnt(problem, used | likely)
    yield from _two_classes(problem)
    yield from look_alikes(label, problem.y.tolist())
    if group is not None:
        yield from look_alikes(group, problem.groups.tolist())
    if made:
        yield from _published(problem, used)


def _copies(problem: Problem) -> Iterator[str]:
    """Rows with the same numbers in different groups stand on both sides of a split, unseen.

    Recordings of silence are alike, and no copies.
    """
    silent = np.asarray(problem.table.quality.get("quality_silent", np.zeros(len(problem)))) == 1
    names = problem.groups.tolist()
    first: dict[bytes, int] = {}
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for row in np.flatnonzero(~silent).tolist():
        same = first.setdefault(problem.X[row].tobytes(), row)
        if names[same] != names[row]:
            found.setdefault((names[same], names[row]), (same, row))
    if not found:
        return
    if problem.unit == "row":
        pairs, whose = [_pair(problem, *rows) for rows in found.values()], "another row"
    else:
        pairs = [f"{one} = {other}" for one, other in sorted(found)]
        whose = f"a row of another {problem.unit}"
    yield (
        f"rows with exactly the numbers of {whose}: {named(pairs)}; copies of one recording under"
        " two names make scores too good"
    )


def _pair(problem: Problem, one: int, other: int) -> str:
    """Two rows that are alike, by their numbers and lines."""
    numbers, lines = problem.table.row_numbers, problem.table.row_lines
    rows = f"{numbers[one]} = {numbers[other]}"
    return rows if lines is None else f"{rows} (lines {lines[one]} and {lines[other]})"


def _not_learnt(problem: Problem, used: Collection[str | None]) -> Iterator[str]:
    """Columns that a table of somebody else has, and that are not features."""
    table = problem.table
    told = " ".join(table.notes)  # of columns that number the rows, or hold numbers and text
    given = [n for n in table.keys if n not in {*KEYS, *used} and repr(n) not in told]
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
