"""Groups of the training rows within which columns are normalised, and doubtful ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from featkit._utils.formatting import counted, plural
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.models.group_normalization import rows_of_groups
from featkit.models.outer_folds import SplitPlan
from featkit.models.problem import Problem, check_complete, group_texts, group_unit, within_datasets
from featkit.models.row_groups import normalization_note
from featkit.models.score_types import NormalizationSummary
from featkit.models.settings import Settings
from featkit.models.task import CLASSIFICATION
from featkit.table.missing_values import without_missing_words

MANY = 0.1
"""Share of the groups beyond which groups of one class give a warning."""


def with_normalization_groups(problem: Problem, settings: Settings) -> Problem:
    """Add the groups of the normalisation to a problem, if there is one.

    Parameters
    ----------
    problem : Problem
        The training rows.
    settings : Settings
        Settings of the training.

    Returns
    -------
    Problem
        With warnings of groups that are small or have one class.

    Raises
    ------
    ParameterError
        If the column does not exist, or the groups are the classes.
    TableError
        If a row has no group.
    """
    by = settings.normalize_by
    if by is None:
        return problem
    names, note = without_missing_words(group_texts(problem.table, by))
    requirement = "every row must be in a group, within which columns are normalised"
    check_complete(problem.table, by, names, requirement, note)
    groups = within_datasets(names, problem.datasets)
    if settings.task == CLASSIFICATION and _are_classes(groups, problem.y):
        raise ParameterError(
            f"normalize_by {by!r} is the class under another name: normalisation within classes"
            " needs the labels, which a prediction does not have; name another column"
        )
    warnings = _training_warnings(problem, groups, settings)
    problem = dataclasses.replace(problem, normalization_groups=groups)
    return problem.with_warnings(warnings)


def _are_classes(groups: Array, y: Array) -> bool:
    """Whether each group has one class, and each class one group."""
    pairs = set(zip(groups.tolist(), y.tolist(), strict=True))
    return len(pairs) == len(set(groups.tolist())) == len(set(y.tolist()))


def _training_warnings(problem: Problem, groups: Array, settings: Settings) -> Iterator[str]:
    unit = group_unit(str(settings.normalize_by))
    members = rows_of_groups(groups)
    sizes = np.array([len(rows) for rows in members])
    total = counted(len(members), unit, plural(unit))
    if small := int(np.sum(sizes < settings.normalize_min_rows)):
        yield (
            f"normalisation by {unit}: {small} of {total} {'has' if small == 1 else 'have'} fewer"
            f" than {settings.normalize_min_rows} rows: these are normalised"
            " by the statistics of all training rows"
        )
    if settings.task != CLASSIFICATION:
        return
    large = [rows for rows in members if len(rows) >= settings.normalize_min_rows]
    single = sum(len(set(problem.y[rows].tolist())) == 1 for rows in large)
    if single > MANY * len(members):
        yield (
            f"normalisation by {unit}: {single} of {total} {'has' if single == 1 else 'have'} rows"
            " of one class only: normalisation within them removes what distinguishes the class"
        )


def divided_group_warnings(problem: Problem, plan: SplitPlan, settings: Settings) -> list[str]:
    """Warn if a fold has training and test rows of the same group of the normalisation.

    Parameters
    ----------
    problem : Problem
        The training rows.
    plan : SplitPlan
        Their outer folds.
    settings : Settings
        Settings of the training.

    Returns
    -------
    list of str
        Empty, or one warning.
    """
    groups = problem.normalization_groups
    if groups is None or problem.is_row_wise:
        return []
    if not any(np.isin(groups[fold.test], groups[fold.train]).any() for fold in plan.outer):
        return []
    unit = group_unit(str(settings.normalize_by))
    return [
        f"normalisation by {unit}: the split has training and test rows of the same {unit}, each"
        f" part normalised by its own rows; for scores of new {plural(unit)}, group by {unit}, too"
    ]


def normalization_summary(problem: Problem, settings: Settings) -> NormalizationSummary | None:
    """Describe the normalisation of a training, for its scores.

    Parameters
    ----------
    problem : Problem
        The training rows.
    settings : Settings
        Settings of the training.

    Returns
    -------
    NormalizationSummary or None
        None without normalisation.
    """
    if settings.normalize_by is None or problem.normalization_groups is None:
        return None
    sizes = np.array([len(rows) for rows in rows_of_groups(problem.normalization_groups)])
    return NormalizationSummary(
        by=settings.normalize_by,
        method=settings.normalization,
        min_rows=settings.normalize_min_rows,
        groups=len(sizes),
        small_groups=int(np.sum(sizes < settings.normalize_min_rows)),
        note=normalization_note(settings.normalize_by, settings.normalization),
    )
