"""Data checks: warnings about rows that make scores doubtful, though training is possible."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.models.problem import Problem, mixed_recordings, name_list, texts
from featkit.models.settings import Settings
from featkit.models.task import TASKS
from featkit.schema import DATASET, KEY_COLUMNS, TIME_COLUMNS
from featkit.table.disk_matrix import DiskMatrix, Matrix, whole_blocks
from featkit.table.feature_table import FeatureTable
from featkit.table.group_detection import SPLIT_COLUMNS
from featkit.table.label_map import matching_labels
from featkit.table.lookalikes import lookalike_warnings

WHOLE_FILE = ("", "nan", "0", "0.0")
"""Starts of rows that are no later segment of their file."""


def data_warnings(problem: Problem, settings: Settings) -> Iterator[str]:
    """Yield a warning for each reason to doubt the rows of a problem."""
    used = {*settings.key_columns, DATASET}
    likely = {group.column for group in problem.likely_groups}
    yield from _copies(problem)
    yield from _unused_columns(problem, used | likely)
    yield from TASKS[problem.task].data_warnings(problem, settings)
    if settings.group is not None:
        yield from lookalike_warnings(settings.group, problem.groups.tolist())
    published = settings.fold, settings.split
    made = published == (None, None) and not settings.leave_one_dataset_out
    if made and not settings.split_by_row:
        yield from _unused_published_splits(problem, used)


def class_warnings(problem: Problem, settings: Settings) -> Iterator[str]:
    """Yield a warning for each reason to doubt the classes of the rows."""
    yield from _mixed_recordings(problem)
    yield from lookalike_warnings(settings.label, problem.y.tolist())
    yield from _classes_of_one_dataset(problem)


def _classes_of_one_dataset(problem: Problem) -> Iterator[str]:
    """Warn of classes that only one of several datasets has, and of those that match another."""
    if not (classes := problem.single_dataset_classes):
        return
    listed = name_list([f"{name!r} ({dataset})" for name, dataset in classes.items()])
    yield (
        f"classes that only one dataset has: {listed}; a model may recognise the dataset instead of"
        " the class: drop or map their labels in a label map"
    )
    for alike in matching_labels(problem.classes).values():
        # lookalike_warnings covers differences in case and blanks.
        if len({" ".join(name.split()).casefold() for name in alike}) > 1:
            listed = ", ".join(map(repr, alike))
            yield f"the classes {listed} differ in spelling only: a label map makes them one class"


def _copies(problem: Problem) -> Iterator[str]:
    """Warn of equal rows in different groups, which a split may put on both sides.

    Silent recordings are equal without being copies.
    """
    groups = problem.groups.tolist()
    first_rows: dict[bytes, int] = {}
    copies: dict[tuple[str, str], tuple[int, int]] = {}
    rows = np.flatnonzero(~problem.table.is_silent)
    if isinstance(problem.X, DiskMatrix):
        rows = _repeated_rows(problem.X, rows)
    for row, values in zip(rows.tolist(), _contents(problem, rows), strict=True):
        digest = hashlib.blake2b(values, digest_size=16).digest()
        first = first_rows.setdefault(digest, row)
        if groups[first] != groups[row]:
            copies.setdefault((groups[first], groups[row]), (first, row))
    if not copies:
        return
    owner = "another row" if problem.unit == "row" else f"a row of another {problem.unit}"
    remedy = ""
    if has_names := "path" in problem.table.keys:
        remedy = (
            ": `featkit audit TABLE --write-groups groups.csv` finds them, and --group groups.csv"
            " keeps them together"
        )
    if problem.unit == "row" or has_names:
        pairs = [_row_pair(problem, *rows) for rows in copies.values()]
    else:
        pairs = [f"{one} = {other}" for one, other in sorted(copies)]
    yield (
        f"rows with exactly the same numbers as {owner}: {name_list(pairs)}; copies of one"
        f" recording under two names make scores too high{remedy}"
    )


def _contents(problem: Problem, rows: Array) -> Iterator[bytes]:
    """The numbers of each row, or a hash of its sequences if it has no columns."""
    sequences = problem.table.sequences
    if problem.columns or sequences is None:
        return _each_row(problem.X[rows])
    return iter(sequences.rows(rows).digests())


def _repeated_rows(X: Matrix, rows: Array) -> Array:
    """Those of some rows whose numbers occur more than once, up to equal hashes."""
    codes = np.fromiter(map(hash, _each_row(X[rows])), dtype=np.int64, count=len(rows))
    _, place, counts = np.unique(codes, return_inverse=True, return_counts=True)
    return rows[counts[place] > 1]


def _each_row(X: Matrix) -> Iterator[bytes]:
    return (row.tobytes() for block in whole_blocks(X) for row in block)


def _row_pair(problem: Problem, one: int, other: int) -> str:
    """The files of two rows; without files their numbers, and their lines in a CSV file."""
    table = problem.table
    if "path" in table.keys:
        return " = ".join(_file_name(table, row) for row in (one, other))
    numbers, lines = problem.table.row_numbers, problem.table.row_lines
    rows = f"{numbers[one]} = {numbers[other]}"
    return rows if lines is None else f"{rows} (lines {lines[one]} and {lines[other]})"


def _file_name(table: FeatureTable, row: int) -> str:
    """The file of a row, with the time of its segment."""
    name = str(table.column("path")[row])
    start = str(table.column("start")[row]) if "start" in table.keys else ""
    return name if start in WHOLE_FILE else f"{name} from {start} s"


def _unused_columns(problem: Problem, used: Collection[str]) -> Iterator[str]:
    """Warn of columns that are not used as features, in tables of other programs."""
    table = problem.table
    if table.provenance:
        return
    mentioned = " ".join(table.notes)  # on row numbers, and on columns that mix numbers and text
    unused = [n for n in table.keys if n not in {*KEY_COLUMNS, *used} and repr(n) not in mentioned]
    if not {"path", *TIME_COLUMNS} <= {*table.keys}:
        if unused:
            yield f"columns of text are not used as features: {name_list(unused)}"
    elif numbers := [name for name in unused if _holds_numbers(texts(table, name))]:
        yield (
            "columns of numbers that featkit does not compute are not used as features:"
            f" {name_list(numbers)}; to use all columns of numbers, remove the columns"
            f" {' and '.join(TIME_COLUMNS)}"
        )


def _holds_numbers(values: Array) -> bool:
    filled = values[values != ""]
    try:
        return bool(len(filled)) and bool(filled.astype(np.float64).size)
    except ValueError:
        return False


def _mixed_recordings(problem: Problem) -> Iterator[str]:
    if problem.table.is_annotated:  # there, several classes in a recording are the rule
        return
    if mixed := mixed_recordings(problem.recordings, problem.y):
        excluded = "scores by recording exclude them"
        if not problem.has_segments:
            excluded = "rows are scored one by one"
        yield (
            f"recordings whose rows have different classes: {len(mixed)}"
            f" ({name_list(sorted(mixed))}); {excluded}"
        )


def _unused_published_splits(problem: Problem, used: Collection[str]) -> Iterator[str]:
    for name in SPLIT_COLUMNS:
        unused = name in problem.table.keys and name not in used
        if unused and len(set(texts(problem.table, name).tolist()) - {""}) > 1:
            yield (
                f"column {name!r} is not used: if it is a published split, add --{name} {name}"
                f" (in Python: {name}={name!r})"
            )
