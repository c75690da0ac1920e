"""Which rows of a prediction belong together: the groups within which columns are normalised.

They come from the column or name stem of the training, or from another source (``group_from``):

- a column of the table, or a name stem as in `featkit.table.name_stems`;
- ``folder``, the name of the folder that contains the recording, or ``folder:2``, that of the
  folder above, and so on;
- a pattern of names, such as ``{speaker}-{take}`` (see `featkit.table.name_patterns`): the field
  called like the training column, or the only one.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from featkit._utils.formatting import counted, plural
from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ModelError, ParameterError
from featkit.models.group_normalization import GroupNormalization, rows_of_groups
from featkit.models.problem import check_complete, group_texts, group_unit, within_datasets
from featkit.models.training_options import ROBUST
from featkit.table.feature_table import FeatureTable
from featkit.table.missing_values import without_missing_words
from featkit.table.name_patterns import match_names, parse_name_pattern
from featkit.table.name_stems import group_column, parse_stem

FOLDER_RULE = re.compile(r"folder(?::([1-9][0-9]?))?")

FOLDER_FIELD = "containing_folder"
"""Field of the name of the folder, in the pattern for ``folder``."""

OWN_COLUMNS = ("path", "start", "end")
"""Columns of every table of recordings, even without a manifest."""

NO_GROUPS = "group_from has no use: the model does not normalise columns within groups; omit it"
"""Message on a source of groups that a model does not need."""

MUCH_SMALLER = 0.25
"""Share of the usual size of a training group below which a group gives a warning."""


class RowGroups(NamedTuple):
    """The group of each row at prediction.

    Attributes
    ----------
    names : array of str, shape ``(rows,)``
        Name of the group; "" where unknown.
    source : str
        Where the names come from, such as ``"column 'speaker'"``.
    """

    names: Array
    source: str


def row_groups(
    table: FeatureTable,
    normalization: GroupNormalization,
    group_from: str | None,
    datasets: Array | None,
) -> RowGroups:
    """Return the groups of rows that are predicted together.

    Parameters
    ----------
    table : FeatureTable
        The rows.
    normalization : GroupNormalization
        The normalisation of the model.
    group_from : str or None
        Source of the groups; None for the training column.
    datasets : array of str, shape ``(rows,)``, or None
        Dataset of each row, if several were joined: the same group in two denotes two.

    Returns
    -------
    RowGroups

    Raises
    ------
    ModelError
        If no source is given, and the table lacks the training column.
    ParameterError
        If the source does not exist, or a name does not match the pattern.
    """
    if pattern := group_pattern(table, normalization, group_from):
        names, source = _names_by_pattern(table, pattern, f"{group_from!r}"), f"{group_from!r}"
    else:
        group = normalization.by if group_from is None else group_from
        column = group_column(group)
        if not table.has_column(column):
            raise _unknown_groups(table, normalization, column, group_from)
        names, source = group_texts(table, group), f"column {column!r}"
        if parse_stem(group):
            source = group
    names, _ = without_missing_words(names)
    return RowGroups(within_datasets(names, datasets), source)


class GroupPattern(NamedTuple):
    """A pattern of names, and the field that names the group.

    Attributes
    ----------
    pattern, field : str
        The pattern, and one of its fields.
    """

    pattern: str
    field: str


def group_pattern(
    table: FeatureTable | None, normalization: GroupNormalization, group_from: str | None
) -> GroupPattern | None:
    """Return the pattern of names for a source of groups.

    Parameters
    ----------
    table : FeatureTable or None
        The table, whose columns come first; None for recordings.
    normalization : GroupNormalization
        The normalisation of the model.
    group_from : str or None
        The source.

    Returns
    -------
    GroupPattern or None
        None if the source is a column or name stem.

    Raises
    ------
    ParameterError
        If the pattern is invalid, or it is unclear which field names the group.
    """
    if group_from is None or (table is not None and table.has_column(group_from)):
        return None
    if folder := FOLDER_RULE.fullmatch(group_from):
        inner = [f"{{folder_{k}}}/" for k in range(1, int(folder[1] or 1))]
        return GroupPattern("".join([f"{{{FOLDER_FIELD}}}/", *inner]), FOLDER_FIELD)
    if "{" not in group_from:
        return None
    fields = [name for part in parse_name_pattern(group_from) for name in part.names]
    if normalization.by in fields:
        return GroupPattern(group_from, normalization.by)
    if len(fields) > 1:
        raise ParameterError(
            f"group_from {group_from!r}: it is unclear which of the fields {', '.join(fields)}"
            " names the group: call that field"
            f" {{{normalization.by if normalization.by.isidentifier() else 'group'}}}"
        )
    return GroupPattern(group_from, fields[0])


def check_source_of_sound(
    normalization: GroupNormalization, group_from: str | None, *, has_manifest: bool
) -> None:
    """Raise if recordings have no groups, before they are analysed.

    Parameters
    ----------
    normalization : GroupNormalization
        The normalisation of the model.
    group_from : str or None
        Source of the groups.
    has_manifest : bool
        Whether a manifest lists the recordings; its columns are not known yet.

    Raises
    ------
    ModelError, ParameterError
        As for `row_groups`.
    """
    if has_manifest or group_pattern(None, normalization, group_from):
        return
    column = group_column(normalization.by if group_from is None else group_from)
    if column not in OWN_COLUMNS:
        raise _unknown_groups(None, normalization, column, group_from)


def _unknown_groups(
    table: FeatureTable | None,
    normalization: GroupNormalization,
    column: str,
    group_from: str | None,
) -> ModelError | ParameterError:
    columns = OWN_COLUMNS if table is None else [*table.keys, *table.feature_names]
    what = "recordings without a manifest have" if table is None else "the table has"
    if group_from is not None:
        return ParameterError(
            f"group_from: {what} no such column: {unknown('column', column, columns)}"
        )
    unit = group_unit(normalization.by)
    return ModelError(
        f"the model normalises each column within each {unit}, so it needs to know which rows"
        f" belong together, and {what} no column {column!r}: say it with --group-from (group_from"
        " in Python), as a column, as `folder`, or as a pattern of file names such as"
        f" '{{{unit if unit.isidentifier() else 'group'}}}_{{take}}'"
    )


def _names_by_pattern(table: FeatureTable, pattern: GroupPattern, source: str) -> Array:
    """The field of the pattern in the path of each row."""
    if "path" not in table.keys:
        raise ParameterError(f"group_from {source} needs a table with the column 'path'")
    components = parse_name_pattern(pattern.pattern)
    paths = table.column("path").tolist()
    unique = list(dict.fromkeys(paths))
    parts = [_path_parts(path, len(components), pattern.pattern, source) for path in unique]
    fields = match_names(pattern.pattern, components, parts, unique)
    name_of = {path: own[pattern.field] for path, own in zip(unique, fields, strict=True)}
    return np.array([name_of[path] for path in paths], dtype=np.str_)


def _path_parts(path: str, count: int, pattern: str, source: str) -> list[str]:
    """Names of the last folders in a path, and of the file; "" for the file of a folder pattern."""
    pure = PurePosixPath(path)
    folders = [name for name in pure.parts[:-1] if name != pure.root]
    if len(folders) < count - 1:
        raise ParameterError(
            f"group_from {source}: {path} has too few folders in its path: {count - 1} needed,"
            f" and there {'is' if len(folders) == 1 else 'are'} {len(folders)}"
        )
    stem = "" if pattern.endswith("/") else pure.stem
    return [*folders[len(folders) - count + 1 :], stem]


# Messages


def normalization_note(by: str, method: str) -> str:
    """Describe the normalisation in one sentence.

    Parameters
    ----------
    by : str
        Column or name stem of the groups.
    method : str
        ``"standard"`` or ``"robust"``.

    Returns
    -------
    str
        Without a full stop.
    """
    unit = group_unit(by)
    how = "median and interquartile range" if method == ROBUST else "mean and standard deviation"
    return (
        f"each column is normalised within each {unit} ({how}), so a prediction also depends on the"
        f" other, unlabelled rows of its {unit} that are predicted with it"
    )


def prediction_remark(groups: RowGroups, normalization: GroupNormalization) -> str:
    """Say how rows were normalised, for the remarks of a prediction.

    Parameters
    ----------
    groups : RowGroups
        Groups of the rows.
    normalization : GroupNormalization
        The normalisation of the model.

    Returns
    -------
    str
    """
    unit = group_unit(normalization.by)
    number = counted(len(rows_of_groups(groups.names)), unit, plural(unit))
    return (
        f"{normalization_note(normalization.by, normalization.method)}: {number} by {groups.source}"
    )


def group_size_warnings(groups: RowGroups, normalization: GroupNormalization) -> list[str]:
    """Warn of groups that are too small for statistics of their own, or much smaller than usual.

    Parameters
    ----------
    groups : RowGroups
        Groups of the rows that are predicted together.
    normalization : GroupNormalization
        The normalisation of the model.

    Returns
    -------
    list of str
    """
    unit = group_unit(normalization.by)
    sizes = np.array([len(rows) for rows in rows_of_groups(groups.names)], dtype=np.intp)
    total = counted(len(sizes), unit, plural(unit))
    small = sizes < normalization.min_rows
    smaller = ~small & (sizes < MUCH_SMALLER * normalization.median_rows)
    warnings = []
    if small.any():
        warnings.append(
            f"{small.sum()} of {total} {_have(small)} fewer than {normalization.min_rows} rows:"
            " these are normalised by the statistics of the training rows, and predictions may be"
            f" worse than the scores; predict all rows of a {unit} together"
        )
    if smaller.any():
        warnings.append(
            f"{smaller.sum()} of {total} {_have(smaller)} far fewer rows than in training"
            f" ({normalization.median_rows:g} in the median): their statistics are less certain"
        )
    return warnings


def _have(chosen: Array) -> str:
    return "has" if chosen.sum() == 1 else "have"


def missing_group_problem(source: str) -> str:
    """Reason why a row of an unknown group cannot be predicted.

    Parameters
    ----------
    source : str
        Source of the groups.

    Returns
    -------
    str
    """
    return f"its group is missing ({source}), so no prediction is possible: fill it in"


def check_known(table: FeatureTable, groups: RowGroups) -> None:
    """Raise if the group of a row is unknown.

    Parameters
    ----------
    table : FeatureTable
        The rows.
    groups : RowGroups
        Their groups.

    Raises
    ------
    TableError
        With the first such row.
    """
    requirement = "every row must be in a group, within which columns are normalised"
    check_complete(table, groups.source, groups.names, requirement)
