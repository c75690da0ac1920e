"""The question that a model is asked: rows, their classes, and what belongs together.

What makes an answer impossible is looked for here, before anything is fitted, and is an error. What
makes one doubtful is a warning that the scores carry: see `featkit.models._data_checks`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.counting import counted
from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.table.feature_table import FeatureTable
from featkit.table.missing_words import doubtful_words, without_missing
from featkit.table.name_stems import group_column, parse_stem

if TYPE_CHECKING:
    from featkit.table.group_detection import LikelyGroup

FEW_DIVIDED = 0.1
"""Share of groups that a published split may divide before it is doubted."""

NO_PATH = (
    "the table has no column 'path': each row counts as a recording of its own; if several are of"
    " one, name the column that says so as group"
)
"""A warning that is not needed where a likely group is named."""

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
    likely_groups : list of LikelyGroup
        What may say which rows belong together, if no group was named that says so, and it is
        divided.
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
    likely_groups: list[LikelyGroup] = field(default_factory=list)

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

    @property
    def alone(self) -> bool:
        """Whether each recording is a group of its own."""
        return len(set(self.groups.tolist())) == len(set(self.recordings.tolist()))

    def divides(self, column: str, group: str) -> bool:
        """Whether the values of a column divide more than `FEW_DIVIDED` of some groups."""
        groups = group_texts(self.table, group).tolist()
        pairs = set(zip(groups, texts(self.table, column).tolist(), strict=True))
        parts = Counter(name for name, _ in pairs)
        return sum(count > 1 for count in parts.values()) > FEW_DIVIDED * len(parts)

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

    def with_likely_groups(self, found: list[LikelyGroup]) -> Problem:
        """The same, with groups that were found, and without the hint to look for one."""
        warnings = [text for text in self.warnings if not found or text != NO_PATH]
        return dataclasses.replace(self, likely_groups=found, warnings=warnings)

    def without(self, columns: Collection[str]) -> Problem:
        """The same, without some of the features."""
        kept = [k for k, name in enumerate(self.columns) if name not in columns]
        names = [self.columns[k] for k in kept]
        return dataclasses.replace(self, X=self.X[:, kept], columns=names)

    def grouped_by(self, group: str) -> Problem:
        """The same, with rows kept together by a column or a stem of names.

        Raises
        ------
        ParameterError, TableError
            As for `make_problem`.
        """
        groups = group_texts(self.table, group)
        _check_groups(group, groups, self.recordings, self.y)
        unit = group_unit(group)
        return dataclasses.replace(self, groups=groups, drawn=groups, unit=unit)

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
        The column of what must not be divided, such as artist or speaker, or a stem of names: see
        `featkit.table.name_stems`.
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
    warnings = list(table.notes)
    table = _labelled(table, label, warnings)
    y = texts(table, label)
    warnings += doubtful_words(label, y.tolist())
    recordings = _recordings(table, warnings, grouped=group is not None)
    groups = group_texts(table, group) if group else recordings
    if group:
        groups, missing = without_missing(groups)
        check_complete(table, group, groups, "every row must be in a group", missing)
        _check_groups(group, groups, recordings, y)
        warnings += doubtful_words(group, groups.tolist())
    if len(set(y.tolist())) < 2:
        only = str(y[0])
        raise ParameterError(f"column {label!r} has one class, {only!r}: at least two are needed")
    for name in exclude:
        _check_column(table, name)
    other = {label, group and group_column(group), *exclude, *aside}
    X, columns = _features(table, [n for n in table.feature_names if n not in other], warnings)
    unit = group_unit(group) if group else "recording" if "path" in table.keys else "row"
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


def group_texts(table: FeatureTable, group: str) -> Array:
    """The group of each row: a column, or a stem of its names.

    Raises
    ------
    ParameterError
        If there is no such column.
    """
    stem = parse_stem(group)
    return stem.of(texts(table, stem.column)) if stem else texts(table, group)


def group_unit(group: str) -> str:
    """What one group is called."""
    stem = parse_stem(group)
    return stem.unit if stem else group


def _check_column(table: FeatureTable, name: str) -> None:
    if name not in table.keys and name not in table.feature_names:
        raise ParameterError(unknown("column", name, [*table.keys, *table.feature_names]))


def check_complete(
    table: FeatureTable, name: str, values: Array, wanted: str, missing: str = ""
) -> None:
    """Refuse a column in which a cell is empty.

    Parameters
    ----------
    table : FeatureTable
        The table, which says where its rows were read.
    name : str
        What the column is called.
    values : array of str
        Its cells; "" where missing.
    wanted : str
        What is expected.
    missing : str
        Which words were taken for a missing value; see `featkit.table.missing_words`.

    Raises
    ------
    TableError
        That names the first such row, and says what is expected.
    """
    empty = np.flatnonzero(values == "")
    if len(empty):
        told = f"; {missing}" if missing else ""
        raise TableError(
            f"{counted(len(empty), 'row has', 'rows have')} no {name!r}, the first is"
            f" {table.row_name(empty[0])}: {wanted}{told}"
        )


def named(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _labelled(table: FeatureTable, label: str, warnings: list[str]) -> FeatureTable:
    """The rows that have a label."""
    names, missing = without_missing(texts(table, label))
    told = f"; {missing}" if missing else ""
    has = np.array([name.strip() != "" for name in names.tolist()], dtype=bool)
    if not has.any():
        raise ParameterError(f"column {label!r} is empty: no row has a class{told}")
    if has.all():
        return table
    count = int(np.sum(~has))
    have = "has" if count == 1 else "have"
    warnings.append(f"{count} of {len(table)} rows {have} no {label!r}: left out{told}")
    return table.rows(np.flatnonzero(has))


def _recordings(table: FeatureTable, warnings: list[str], *, grouped: bool) -> Array:
    if "path" not in table.keys:
        if not grouped:
            warnings.append(NO_PATH)
        return np.arange(len(table)).astype(np.str_)
    paths = texts(table, "path")
    starts = texts(table, "start") if "start" in table.keys else np.full(len(paths), "")
    if same := [path for (path, _), n in Counter(zip(paths, starts, strict=True)).items() if n > 1]:
        warnings.append(
            f"paths that stand in the table more than once: {len(same)} ({named(same)}); their rows"
            " count as parts of one recording"
        )
    return paths


def _check_groups(group: str, groups: Array, recordings: Array, y: Array) -> None:
    of: dict[str, str] = {}
    for recording, name in zip(recordings.tolist(), groups.tolist(), strict=True):
        if of.setdefault(recording, name) != name:
            raise TableError(f"{recording} is in two groups, {of[recording]!r} and {name!r}")
    pairs = set(zip(groups.tolist(), y.tolist(), strict=True))
    if len(set(groups.tolist())) == 1:
        raise ParameterError(
            f"the group {group!r} has one value, {str(groups[0])!r}: all rows would stay together,"
            " and none could be test rows; name a column with several"
        )
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
        notes = "".join(f"; {note}" for note in table.notes)
        raise ParameterError(f"the table has no column of numbers to learn from{notes}")
    return X[:, ~empty], columns


def too_large(X: Array) -> Array:
    """Where values are infinite, or would be in single precision, in which trees are grown."""
    return np.abs(X) > np.finfo(np.float32).max


def of_two_classes(recordings: Array, y: Array) -> set[str]:
    """Recordings whose rows are not of one class."""
    pairs = set(zip(recordings.tolist(), y.tolist(), strict=True))
    return {name for name, count in Counter(name for name, _ in pairs).items() if count > 1}
