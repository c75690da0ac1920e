"""The question that a model is asked: rows, their classes, and what belongs together.

What makes an answer impossible is looked for here, before anything is fitted, and is an error. What
makes one doubtful is a warning that the scores carry: see `featkit.models.doubts`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from featkit.errors import ParameterError, TableError
from featkit.parameters import unknown
from featkit.segments import Array
from featkit.table import FeatureTable

NAMED = 5
"""Names in a message, before it says how many more there are."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows with one class each.

    Attributes
    ----------
    table : FeatureTable
        Where they come from; rows without a label are left out.
    columns : list of str
        The features in use.
    X : array of float64, shape ``(rows, columns)``
        NaN where undefined.
    y : array of str, shape ``(rows,)``
        Class of each row.
    recordings, groups : array of str, shape ``(rows,)``
        What a row is part of, and what must not be divided: the recording itself, if no group was
        named.
    drawn : array of str, shape ``(rows,)``
        What is drawn together for intervals: the groups, also where these are divided.
    unit : str
        What a group is called.
    warnings : list of str
        What is doubtful.
    """

    table: FeatureTable
    columns: list[str]
    X: Array
    y: Array
    recordings: Array
    groups: Array
    drawn: Array
    unit: str
    warnings: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.y)

    @cached_property
    def classes(self) -> list[str]:
        """The classes, in the order of the alphabet."""
        return sorted(set(self.y.tolist()))

    @property
    def in_parts(self) -> bool:
        """Whether some recording has several rows, that are kept together."""
        return not self.divided and len(set(self.recordings.tolist())) < len(self)

    @property
    def divided(self) -> bool:
        """Whether recordings and groups are divided, row by row."""
        return bool((self.groups != self.drawn).any())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of rows, classes and groups: whether a table is the one that was learnt from."""
        digest = hashlib.sha256(json.dumps([self.columns, self.y.tolist()]).encode())
        digest.update(json.dumps(self.groups.tolist()).encode())
        digest.update(np.ascontiguousarray(self.X, dtype="<f8").tobytes())
        return digest.hexdigest()

    def doubted(self, warnings: Iterable[str]) -> Problem:
        """The same, with more warnings."""
        return dataclasses.replace(self, warnings=[*self.warnings, *warnings])

    def row_by_row(self) -> Problem:
        """The same, with recordings and groups divided, and a warning."""
        warning = (
            "split by row: rows of one recording or group are on both sides, so the scores say how"
            " well it knows again what it has seen, not how well it knows what is new"
        )
        rows = np.arange(len(self)).astype(np.str_)
        return dataclasses.replace(self, groups=rows, unit="row").doubted([warning])


def make_problem(
    table: FeatureTable,
    *,
    label: str = "label",
    group: str | None = None,
    exclude: Sequence[str] = (),
    aside: Sequence[str] = (),
) -> Problem:
    """Look at a table as a problem of classification.

    Parameters
    ----------
    table : FeatureTable
        Features, and columns that say what the rows are of.
    label : str
        The column that holds the classes.
    group : str, optional
        The column of what must not be divided, such as artist or speaker.
    exclude : sequence of str
        Columns that are not to be learnt from.
    aside : sequence of str
        Columns that have another purpose, such as a published split.

    Raises
    ------
    ParameterError
        If there is no such column, only one class, no feature, or the group is the class.
    TableError
        If a value is infinite, or a recording is in two groups.
    """
    warnings: list[str] = []
    table = _labelled(table, label, warnings)
    y = texts(table, label)
    recordings = _recordings(table, warnings, grouped=group is not None)
    groups = texts(table, group) if group else recordings
    if group:
        _check_groups(table, group, recordings, y)
    if len(set(y.tolist())) < 2:
        only = str(y[0])
        raise ParameterError(f"column {label!r} has one class, {only!r}: at least two are needed")
    for name in exclude:
        _check_column(table, name)
    other = {label, group, *exclude, *aside}
    X, columns = _features(table, [n for n in table.feature_names if n not in other], warnings)
    unit = group or ("recording" if "path" in table.keys else "row")
    return Problem(table, columns, X, y, recordings, groups, groups, unit, warnings)


def texts(table: FeatureTable, name: str) -> Array:
    """A column as text; see `FeatureTable.column`.

    Raises
    ------
    ParameterError
        If there is no such column.
    """
    _check_column(table, name)
    return table.column(name)


def _check_column(table: FeatureTable, name: str) -> None:
    if name not in table.keys and name not in table.feature_names:
        raise ParameterError(unknown("column", name, [*table.keys, *table.feature_names]))


def check_complete(table: FeatureTable, name: str, wanted: str) -> None:
    """Refuse a column in which a cell is empty.

    Raises
    ------
    TableError
        That names the first such row, and says what is wanted.
    """
    empty = np.flatnonzero(texts(table, name) == "")
    if len(empty):
        raise TableError(
            f"{len(empty)} rows have no {name!r}, the first is {table.row_name(empty[0])}: {wanted}"
        )


def named(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _labelled(table: FeatureTable, label: str, warnings: list[str]) -> FeatureTable:
    """The rows that have a label."""
    has = np.array([text.strip() != "" for text in texts(table, label).tolist()], dtype=bool)
    if not has.any():
        raise ParameterError(f"column {label!r} is empty: no row has a class")
    if has.all():
        return table
    warnings.append(f"{np.sum(~has)} of {len(table)} rows have no {label!r}: left out")
    return table.rows(np.flatnonzero(has))


def _recordings(table: FeatureTable, warnings: list[str], *, grouped: bool) -> Array:
    if "path" not in table.keys:
        if not grouped:
            warnings.append(
                "the table has no column 'path': each row counts as a recording of its own; if"
                " several are of one, name the column that says so as group"
            )
        return np.arange(len(table)).astype(np.str_)
    paths = texts(table, "path")
    starts = texts(table, "start") if "start" in table.keys else np.full(len(paths), "")
    if same := [path for (path, _), n in Counter(zip(paths, starts, strict=True)).items() if n > 1]:
        warnings.append(
            f"paths that stand in the table more than once: {len(same)} ({named(same)}); their rows"
            " count as parts of one recording"
        )
    return paths


def _check_groups(table: FeatureTable, group: str, recordings: Array, y: Array) -> None:
    groups = texts(table, group)
    check_complete(table, group, "every row must be in a group")
    of: dict[str, str] = {}
    for recording, name in zip(recordings.tolist(), groups.tolist(), strict=True):
        if of.setdefault(recording, name) != name:
            raise TableError(f"{recording} is in two groups, {of[recording]!r} and {name!r}")
    pairs = set(zip(groups.tolist(), y.tolist(), strict=True))
    if len(pairs) == len(set(y.tolist())) == len(set(groups.tolist())):
        raise ParameterError(
            f"the group {group!r} is the class under another name: each class has one group, which"
            " cannot be on both sides of a split"
        )


def _features(
    table: FeatureTable, names: Sequence[str], warnings: list[str]
) -> tuple[Array, list[str]]:
    X = np.asarray(table.matrix(names), dtype=np.float64)
    rows, infinite = np.nonzero(too_large(X))
    if len(rows):
        where = table.row_name(rows[0])
        if "path" in table.keys:
            where += f", {texts(table, 'path')[rows[0]]}"
        more = f", and so are {len(rows) - 1} other values" if len(rows) > 1 else ""
        raise TableError(
            f"{where}: column {names[infinite[0]]!r} is infinite{more} (or beyond 3.4e38, which"
            " models take for it): correct it, or exclude the column"
        )
    empty = np.asarray(np.isnan(X).all(axis=0))
    if empty.any():
        without = [name for name, none in zip(names, empty, strict=True) if none]
        warnings.append(f"columns that hold no value are left out: {named(without)}")
    columns = [name for name, none in zip(names, empty, strict=True) if not none]
    if not columns:
        raise ParameterError("the table has no column of numbers to learn from")
    return X[:, ~empty], columns


def too_large(X: Array) -> Array:
    """Where values are infinite, or would be in single precision, in which trees are grown."""
    return np.abs(X) > np.finfo(np.float32).max


def of_two_classes(recordings: Array, y: Array) -> set[str]:
    """Recordings whose rows are not of one class."""
    pairs = set(zip(recordings.tolist(), y.tolist(), strict=True))
    return {name for name, count in Counter(name for name, _ in pairs).items() if count > 1}
