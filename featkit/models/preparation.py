"""Preparation of a table for training: its problem, leakage removed, with warnings.

Imports within functions are needed for training only, not for predictions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.parameters import unknown
from featkit.errors import ParameterError
from featkit.models.normalization_groups import with_normalization_groups
from featkit.models.problem import Problem, group_texts, make_problem, within_datasets
from featkit.models.settings import Settings
from featkit.models.task import TASKS
from featkit.models.training_tables import read_training_tables
from featkit.schema import DATASET, LikelyGroup

if TYPE_CHECKING:
    from featkit.models.out_of_core.scratch import Scratch
    from featkit.models.training_tables import Tables


def prepare_problem(
    tables: Tables,
    settings: Settings,
    groups: str | None = None,
    scratch: Scratch | None = None,
    sequences: Tables | None = None,
) -> Problem:
    """Make the problem of a table, without leaking columns, and with all warnings.

    Parameters
    ----------
    tables : table, sequence of paths, or mapping of str to table
        Features with a target for each row, in one or several tables; see `featkit.train`.
    settings : Settings
        Names of the columns; see `featkit.train`.
    groups : path, optional
        File of groups, which are joined to each table as the column ``group``.
    scratch : Scratch, optional
        Where the features are kept if they do not fit in memory.
    sequences : table, sequence of paths, or mapping of str to table, optional
        Sequences that are joined to the rows.

    Returns
    -------
    Problem
        Of a sample of the rows, if the training needs them in memory, and they do not fit.

    Raises
    ------
    ParameterError, TableError
        As for `featkit.models.training_tables.read_training_tables` and
        `featkit.models.problem.make_problem`; and if there are fewer columns than `select`.
    """
    from featkit.models._data_checks import data_warnings
    from featkit.models.out_of_core.sampling import limited_problem

    table = read_training_tables(tables, settings, groups, scratch, sequences)
    problem, prepare = make_problem(table, settings), TASKS[settings.task].prepare
    if scratch is not None:
        problem = limited_problem(problem, settings, scratch)
    if prepare is not None:
        problem = prepare(problem, settings)
    problem = _without_leaks(with_normalization_groups(problem, settings), settings)
    if settings.costs is not None:
        problem = replace(problem, costs=settings.costs.of(problem.classes))
    n_columns = len(problem.columns)
    if settings.select is not None and not 1 <= settings.select <= n_columns:
        raise ParameterError(
            f"select must be from 1 to the number of columns, {n_columns}, got {settings.select}"
        )
    problem = _with_likely_groups(problem, settings)
    problem = problem.with_warnings(data_warnings(problem, settings))
    return problem.row_wise() if settings.split_by_row else problem


def _without_leaks(problem: Problem, settings: Settings) -> Problem:
    """Remove the columns that certainly leak the target; warn of them and of likely ones."""
    if missing := [name for name in settings.include if name not in problem.columns]:
        raise ParameterError(unknown("column of numbers to include", missing[0], problem.columns))
    leaks = TASKS[problem.task].leaking_columns(problem, settings)
    if leaks.certain.keys() >= {*problem.columns}:  # no column would be left
        leaks.likely.update(leaks.certain)
        leaks.certain.clear()
    return problem.without_columns(leaks.certain).with_warnings(leaks.warnings)


def _with_likely_groups(problem: Problem, settings: Settings) -> Problem:
    """Add the likely groups that the split divides, if no useful group is named."""
    from featkit.table.group_detection import likely_groups

    named = settings.group is not None and not problem.groups_are_recordings
    if settings.split_by_row or settings.leave_one_dataset_out or named:
        return problem
    published = [name for name in (settings.fold, settings.split) if name is not None]
    passed_over = [settings.target_column, DATASET, *settings.exclude, *published]
    y = problem.y if problem.has_classes else np.zeros(len(problem), dtype=np.str_)
    groups = likely_groups(problem.table, problem.numbers, y, exclude=passed_over)
    if published:
        groups = [one for one in groups if problem.divides_groups(published[0], one.group)]
    return problem.with_likely_groups([_counted_by_dataset(problem, one) for one in groups])


def _counted_by_dataset(problem: Problem, group: LikelyGroup) -> LikelyGroup:
    """The same group; the same name in two datasets counts as two."""
    if problem.datasets is None:
        return group
    names = within_datasets(group_texts(problem.table, group.group), problem.datasets)
    by_recording = group.unit == "recording"
    n_rows = len(set(problem.recordings.tolist())) if by_recording else len(problem)
    return replace(group, groups=len(set(names.tolist())), rows=n_rows)
