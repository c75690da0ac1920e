"""Nested cross-validation: outer folds estimate performance; inner folds select the model.

Inner folds lie wholly inside the training rows of an outer fold, so that no test row takes part in
model selection.

References
----------
Cawley and Talbot, "On over-fitting in model selection and subsequent selection bias in performance
evaluation", J. Machine Learning Research 11, 2010.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from featkit._utils.formatting import counted, plural, shell_word
from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.models.absent_classes import unpredictable_rows
from featkit.models.estimator import AUTO
from featkit.models.problem import Problem, check_complete, name_list, texts
from featkit.models.settings import Settings
from featkit.models.splits import (
    PART_SYNONYMS,
    TEST,
    TRAIN,
    VALIDATION,
    GroupFolds,
    GroupHoldout,
    Split,
    assign_parts,
    groups_per_class,
    min_groups_per_class,
    natural_order,
    split_by_fold,
    split_by_part,
)
from featkit.models.task import MULTILABEL, TASKS
from featkit.schema import DATASET
from featkit.table.missing_values import without_missing_words

N_FOLDS = 5
N_INNER_FOLDS = 3


@dataclass(frozen=True, eq=False)
class OuterFold:
    """Training and test rows of one outer fold.

    Attributes
    ----------
    name : str
        Such as ``"1"``, or the name of a published fold.
    train, test : array of int, shape ``(rows,)``
        Row numbers. The fold that fits the final model has no test rows.
    inner : list of tuple of array
        Training and validation rows of each inner fold; empty if nothing is fitted on them.
    """

    name: str
    train: Array
    test: Array
    inner: list[Split]


@dataclass(frozen=True, eq=False)
class SplitPlan:
    """All folds of a training.

    Attributes
    ----------
    outer : list of OuterFold
        The folds that are scored.
    final : OuterFold
        The fold that fits the final model.
    protocol : str
        Description of the split, such as ``"5 folds by recording"``.
    published : bool
        Whether the table defines the split. It may keep groups together that no column identifies.
    by_group : bool
        Whether each outer fold leaves out one group, and has its name.
    """

    outer: list[OuterFold]
    final: OuterFold
    protocol: str
    published: bool
    by_group: bool = False

    @property
    def test_rows(self) -> Array:
        """Test rows of all outer folds, one after the other, shape ``(rows,)``."""
        return np.concatenate([fold.test for fold in self.outer])

    @property
    def test_folds(self) -> Array:
        """Name of the fold of each test row, shape ``(rows,)``."""
        names = [fold.name for fold in self.outer]
        return np.repeat(np.array(names, object), [len(fold.test) for fold in self.outer])


def plan_splits(problem: Problem, settings: Settings) -> SplitPlan:
    """Plan the outer and inner folds: published or made, by default `N_FOLDS` folds.

    Parameters
    ----------
    problem : Problem
        The rows to split.
    settings : Settings
        The way to split; see `featkit.train`.

    Returns
    -------
    SplitPlan

    Raises
    ------
    ParameterError
        If two ways to split are given, or a class has too few groups.
    TableError
        If a published split divides a group.
    """
    fold, split, shares = settings.fold, settings.split, settings.shares
    ways = {
        "fold": fold,
        "folds": settings.folds,
        "split": split,
        "shares (--ratio)": shares,
        "leave_one_dataset_out": settings.leave_one_dataset_out or None,
        "leave_one_group_out": settings.leave_one_group_out or None,
    }
    given = [name for name, value in ways.items() if value is not None]
    if len(given) > 1:
        raise ParameterError(f"choose one way to split: got {' and '.join(given)}")
    if fold is not None:
        plan = _by_fold_column(problem, fold, settings)
    elif settings.leave_one_dataset_out:
        plan = _by_datasets(problem, settings)
    elif settings.leave_one_group_out or settings.folds == len(set(problem.groups.tolist())):
        plan = _by_groups(problem, settings)
    elif split is not None:
        parts = _published_parts(problem, split)
        plan = _by_parts(problem, parts, settings, f"column {split!r}", published=True)
    elif shares is not None:
        strata = problem.strata(len(shares))
        parts = GroupHoldout(shares, seed=settings.seed).parts(strata, problem.groups)
        ratio = "/".join(f"{share:g}" for share in shares)
        protocol = f"{ratio} by {problem.unit}"
        plan = _by_parts(problem, parts, settings, protocol, published=False)
    else:
        plan = _by_made_folds(problem, settings)
    _check_training_classes(problem, plan, all_classes=not plan.by_group and fold is None)
    return plan


def _check_training_classes(problem: Problem, plan: SplitPlan, *, all_classes: bool) -> None:
    """Raise if training rows lack a class of the test rows, or have one class only.

    Without `all_classes`, it suffices that a class of some test row is in the training rows: see
    `featkit.models.absent_classes`.
    """
    if not problem.has_classes:
        return
    for fold in plan.outer:
        classes = set(problem.y[fold.train].tolist())
        missing = sorted(set(problem.y[fold.test].tolist()) - classes)
        if missing and all_classes:
            raise ParameterError(
                f"class {missing[0]!r} occurs only in {fold.name!r} of {plan.protocol}, so no"
                " training row has it; remove the rows of the class, or split in another way"
            )
        if len(classes) < 2:
            raise ParameterError(
                f"{fold.name!r} of {plan.protocol} has training rows of one class; remove its rows,"
                " or split in another way"
            )
    if unpredictable_rows(problem, plan.outer).all():
        raise ParameterError(
            f"each class occurs in one fold only of {plan.protocol}, so that no test row can be"
            " predicted; split in another way"
        )


def row_wise_folds(problem: Problem, plan: SplitPlan, *, seed: int) -> list[OuterFold]:
    """Return folds of a row-wise split, as large as those of a plan, for comparison only.

    Parameters
    ----------
    problem : Problem
        The rows to split.
    plan : SplitPlan
        The grouped split.
    seed : int
        Seed of the row-wise split.

    Returns
    -------
    list of OuterFold
        Empty if the plan is row-wise itself, each row is a group, a class has one row, or the task
        compares no splits.
    """
    if TASKS[problem.task].compare_splits is None:
        return []
    rows = np.arange(len(problem))
    single_rows = len(set(problem.groups.tolist())) == len(problem)
    strata = problem.strata(len(plan.outer))
    fewest = min_groups_per_class(strata, rows)
    if (single_rows and not plan.published) or problem.is_row_wise or fewest < 2:
        return []
    if len(plan.outer) == 1:
        sizes = len(plan.outer[0].train), len(plan.outer[0].test)
        splits = GroupHoldout(sizes, seed=seed).split(None, strata, rows)
    else:
        splits = GroupFolds(min(len(plan.outer), fewest), seed=seed).split(None, strata, rows)
    return [OuterFold(str(k + 1), train, test, []) for k, (train, test) in enumerate(splits)]


def _by_fold_column(problem: Problem, column: str, settings: Settings) -> SplitPlan:
    """Published folds as outer folds."""
    names = _published_column(problem, column)
    order = natural_order(names)
    if len(order) < 2:
        raise ParameterError(f"column {column!r} has one fold, {order[0]!r}: two are needed")
    return _by_folds(problem, names, settings, f"{len(order)} folds of column {column!r}")


def _by_datasets(problem: Problem, settings: Settings) -> SplitPlan:
    """Each dataset as an outer fold."""
    if problem.datasets is None:
        raise ParameterError(f"to leave each dataset out once, a column {DATASET!r} is needed")
    names = problem.datasets
    datasets = sorted(set(names.tolist()))
    if len(datasets) < 2:
        raise ParameterError(
            f"to leave each dataset out once, two are needed, but all rows are of {datasets[0]!r}"
        )
    if classes := problem.single_dataset_classes:
        listed = name_list([f"{name!r} ({dataset})" for name, dataset in classes.items()])
        raise ParameterError(
            f"{counted(len(classes), 'class occurs', 'classes occur')} in one dataset only, and"
            f" cannot be predicted when it is left out: {listed}; in the label map, drop the labels"
            " of these classes, or map them to classes that several datasets have (`featkit labels`"
            " shows the labels and writes a map to complete)"
        )
    return _by_folds(problem, names, settings, f"{len(datasets)} datasets, each left out once")


def _by_groups(problem: Problem, settings: Settings) -> SplitPlan:
    """Each group as an outer fold."""
    names = problem.groups
    if problem.unit == "row":  # numbered from 0; rows are counted from 1
        names = (names.astype(np.intp) + 1).astype(np.str_)
    order = natural_order(names)
    splits = dict(zip(order, split_by_fold(names), strict=True))
    inner = functools.partial(_inner_folds, problem, settings, all_classes=False)
    protocol = f"{counted(len(order), problem.unit, plural(problem.unit))}, each left out once"
    plan = _cross_validation(problem, splits, inner, protocol, published=False)
    return replace(plan, by_group=True)


def _by_folds(problem: Problem, names: Array, settings: Settings, protocol: str) -> SplitPlan:
    """Given folds as outer folds; the others, merged to `N_FOLDS`, as inner folds of each."""
    order = natural_order(names)

    def inner(rows: Array) -> list[Split]:
        if not settings.needs_inner_folds or len(set(names[rows].tolist())) < 2:
            return _inner_folds(problem, settings, rows, all_classes=False)
        folds = split_by_fold(_merged(names[rows]))
        return _comparable(problem, [(rows[train], rows[test]) for train, test in folds])

    splits = dict(zip(order, split_by_fold(names), strict=True))
    return _cross_validation(problem, splits, inner, protocol, published=True)


def _merged(names: Array) -> Array:
    """Merge published folds to `N_FOLDS` of about equal size, if there are more.

    Unmerged, the number of fits would grow with the square of the number of folds.
    """
    if len(set(names.tolist())) <= N_FOLDS:
        return names
    shares = np.full(N_FOLDS, 1 / N_FOLDS)
    return assign_parts(np.zeros(len(names)), names, shares, seed=0).astype(np.str_)


def _by_made_folds(problem: Problem, settings: Settings) -> SplitPlan:
    n_folds = N_FOLDS if settings.folds is None else settings.folds
    strata = problem.strata(n_folds)
    splits = GroupFolds(n_folds, seed=settings.seed).split(None, strata, problem.groups)
    named = {str(k): split for k, split in enumerate(splits, start=1)}
    inner = functools.partial(_inner_folds, problem, settings)
    protocol = f"{n_folds} folds by {problem.unit}"
    return _cross_validation(problem, named, inner, protocol, published=False)


def _cross_validation(
    problem: Problem,
    splits: Mapping[str, Split],
    inner: Callable[[Array], list[Split]],
    protocol: str,
    *,
    published: bool,
) -> SplitPlan:
    """Outer folds by name; the final model is fitted on all rows."""
    outer = [OuterFold(name, train, test, inner(train)) for name, (train, test) in splits.items()]
    rows = np.arange(len(problem))
    return SplitPlan(outer, OuterFold("all", rows, rows[:0], inner(rows)), protocol, published)


def _by_parts(
    problem: Problem, parts: Array, settings: Settings, protocol: str, *, published: bool
) -> SplitPlan:
    """One outer fold; validation rows, if there are any, are the only inner fold."""
    ((train, test),) = split_by_part(parts)
    validation = parts[train] == VALIDATION
    if settings.needs_inner_folds and validation.any():
        inner = _comparable(problem, [(train[~validation], train[validation])])
    else:
        inner = _inner_folds(problem, settings, train)
    final = OuterFold("train", train, test[:0], inner)
    return SplitPlan([OuterFold("test", train, test, inner)], final, protocol, published)


def _inner_folds(
    problem: Problem, settings: Settings, rows: Array, *, all_classes: bool = True
) -> list[Split]:
    """Inner folds of some rows, as many as the rarest class has groups; none without need.

    Without `all_classes`, a class with one group in these rows is passed over: its rows count as
    rows of the most common class, so that they do not limit the number of folds.
    """
    if not settings.needs_inner_folds:
        return []
    strata, groups = problem.strata(N_INNER_FOLDS, rows), problem.groups[rows]
    counts = groups_per_class(strata, groups)
    if not all_classes:
        single = [name for name, count in counts.items() if count < 2]
        commonest = max(counts, key=lambda name: counts[name])
        strata = np.where(np.isin(strata, single), commonest, strata)
        counts = groups_per_class(strata, groups)
    n_folds = min(N_INNER_FOLDS, *counts.values())
    if n_folds < 2:
        if problem.task == MULTILABEL:
            raise ParameterError(
                f"the training rows of a fold have too few groups ({problem.unit}) to choose"
                " thresholds of the labels within the folds: choose more folds, or a group with"
                " more values"
            )
        if not problem.has_classes:
            raise ParameterError(
                f"the training rows of a fold have too few groups ({problem.unit}) to select a"
                " model within the folds: name a model, such as ridge, or choose more folds"
            )
        rarest = min(counts, key=lambda name: counts[name])
        purpose, remedy = _inner_purpose(settings)
        raise ParameterError(
            f"class {rarest!r} has too few groups ({problem.unit}) to {purpose} within the folds:"
            f" {remedy}, or remove the rows of the class"
        )
    splits = GroupFolds(n_folds, seed=settings.seed).split(None, strata, groups)
    return _comparable(problem, [(rows[train], rows[test]) for train, test in splits])


def _inner_purpose(settings: Settings) -> tuple[str, str]:
    """What inner folds are needed for, and how to do without."""
    if AUTO in settings.models:
        return "select a model", "name a model, such as svm"
    if settings.calibrate is not None:
        return "calibrate probabilities", "train without calibration"
    return "fit prediction sets", "train without prediction sets"


def _comparable(problem: Problem, splits: Sequence[Split]) -> list[Split]:
    """Inner folds with two or more training classes, without validation rows of other classes."""
    if not problem.has_classes:
        return [(train, validation) for train, validation in splits if len(validation)]
    usable = []
    for train, validation in splits:
        classes = np.unique(problem.y[train])
        scored = validation[np.isin(problem.y[validation], classes)]
        if len(classes) > 1 and len(scored):
            usable.append((train, scored))
    if not usable:
        raise ParameterError(
            "model selection needs two classes, and no inner fold has them: name a model, such as"
            " svm, or split in another way"
        )
    return usable


def _published_parts(problem: Problem, column: str) -> Array:
    """Train, validation or test for each row."""
    words = [name.strip().lower() for name in _published_column(problem, column).tolist()]
    parts = np.array([PART_SYNONYMS.get(word, word) for word in words])
    if other := sorted(set(parts.tolist()) - {TRAIN, VALIDATION, TEST}):
        raise ParameterError(
            f"column {column!r} must contain only train, validation and test, got {other[0]!r};"
            f" if it contains folds, use --fold {shell_word(column)} (in Python: fold={column!r})"
        )
    for part in (TRAIN, TEST):
        if part not in parts:
            raise ParameterError(f"column {column!r} has no row of {part!r}")
    return parts


def _published_column(problem: Problem, name: str) -> Array:
    """A column of a published split, which may divide groups in a row-wise split only."""
    values, note = without_missing_words(texts(problem.table, name))
    check_complete(problem.table, name, values, "every row must be in a part", note)
    if not problem.is_row_wise:
        _check_undivided(name, values, "recording", problem.recordings)
        _check_undivided(name, values, problem.unit, problem.groups)
    return values


def _check_undivided(name: str, values: Array, unit: str, groups: Array) -> None:
    part_of: dict[str, str] = {}
    for group, value in zip(groups.tolist(), values.tolist(), strict=True):
        if part_of.setdefault(group, value) != value:
            raise TableError(
                f"column {name!r} divides the {unit} {group!r}: it is in {part_of[group]!r} and in"
                f" {value!r}, and would be in both training and test data; to allow that, split by"
                " row"
            )
