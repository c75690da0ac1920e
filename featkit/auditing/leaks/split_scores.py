"""Out-of-fold scores of one model by several splits of a dataset, and their differences.

All splits are scored with the same estimator and parameters, and with training parts of about the
same size, so that a difference is one of the splits. Its interval is a percentile bootstrap that
draws the same groups for both splits; it leaves out the choice of the folds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.dataset import MODEL
from featkit.errors import ParameterError
from featkit.executors.executor import Executor
from featkit.models.absent_classes import unpredictable_rows
from featkit.models.bootstrap import DRAWS, DRAWS_AT_ONCE, INTERVAL, draws, group_sums
from featkit.models.decisions import decide
from featkit.models.estimator import Candidate
from featkit.models.fitting import Fits
from featkit.models.likely_groups import plan_grouped
from featkit.models.outer_folds import SplitPlan, plan_splits
from featkit.models.preparation import prepare_problem
from featkit.models.problem import Problem
from featkit.models.score_types import AccuracyDifference, MetricScore
from featkit.models.scores import metrics_of_confusions, model_scores
from featkit.models.settings import Settings
from featkit.table.feature_table import FeatureTable

METRICS = ("balanced_accuracy", "accuracy")
"""Scores that are compared."""

MAX_FOLDS = 10
"""Largest number of folds that replace a published split."""

MAX_MOVED = 0.1
"""Largest share of the rows that may change their fold, so that the other folds stay as they are.
New folds would change the score by chance, too."""


@dataclass(frozen=True, eq=False)
class ScoredSplit:
    """A split of a dataset with out-of-fold predictions.

    Attributes
    ----------
    problem : Problem
        The rows with their classes and groups.
    plan : SplitPlan
        The folds.
    P : array of float64, shape ``(test rows, classes)``
        Probabilities of the test rows of all folds, one after the other.
    settings : Settings
        Settings of the model.
    """

    problem: Problem
    plan: SplitPlan
    P: Array
    settings: Settings

    @cached_property
    def scores(self) -> dict[str, MetricScore]:
        """Each of `METRICS`, with its 95 % interval."""
        problem, rows = self.problem, self.plan.test_rows
        scores = model_scores(
            problem.y[rows],
            self.P,
            problem.classes,
            problem.bootstrap_groups[rows],
            self.plan.test_folds,
            unpredictable_rows(problem, self.plan.outer),
        )
        return {name: getattr(scores, name) for name in METRICS}

    @property
    def majority_share(self) -> float:
        """Accuracy of always predicting the most common class."""
        _, counts = np.unique(self.problem.y, return_counts=True)
        return float(counts.max() / counts.sum())


def score_split(
    table: FeatureTable, arguments: Mapping[str, Any], *, executor: Executor
) -> ScoredSplit:
    """Score a model by the split that `featkit.train` would use.

    Parameters
    ----------
    table : FeatureTable
        Features, and the columns that the arguments name.
    arguments : mapping
        Arguments of `featkit.train`.
    executor : Executor
        Where the models are fitted.

    Returns
    -------
    ScoredSplit

    Raises
    ------
    ParameterError, TableError
        As for `featkit.train`.
    """
    settings = Settings(**arguments)
    problem = prepare_problem(table, settings)
    return _scored(problem, plan_splits(problem, settings), settings, executor)


def score_grouped(
    scored: ScoredSplit, groups: Array, unit: str, *, executor: Executor
) -> ScoredSplit | None:
    """Score the same rows by a split that keeps other groups together.

    If at most `MAX_MOVED` of the rows change their fold, the folds stay as they are, and each group
    that they divide moves to the fold of most of its rows. Otherwise, new folds are made.

    Parameters
    ----------
    scored : ScoredSplit
        The rows and folds; they determine the number of new folds.
    groups : array of str, shape ``(rows,)``
        Group of each row of ``scored.problem``.
    unit : str
        Name of a group, such as ``"artist"``.
    executor : Executor
        Where the models are fitted.

    Returns
    -------
    ScoredSplit or None
        None if a class has one group only, so that there is no such split.
    """
    problem = replace(scored.problem, groups=groups, bootstrap_groups=groups, unit=unit)
    plan = moved_groups(scored.plan, groups, problem.y)
    if plan is None:
        settings = Settings(**{**_fields(scored.settings), "folds": similar_folds(scored.plan)})
        plan = plan_grouped(problem, settings)
    return _scored(problem, plan, scored.settings, executor) if plan else None


def moved_groups(plan: SplitPlan, groups: Array, y: Array) -> SplitPlan | None:
    """Move each group that a split divides to the fold of most of its rows.

    Parameters
    ----------
    plan : SplitPlan
        The folds; rows that are in none of them, such as removed ones, stay out.
    groups : array of str, shape ``(rows,)``
        Group of each row.
    y : array of str, shape ``(rows,)``
        Class of each row.

    Returns
    -------
    SplitPlan or None
        None if more than `MAX_MOVED` of the rows change their fold, or a fold becomes useless.
    """
    fold_of = np.full(len(y), -1)  # -1: training rows of the only fold
    for number, fold in enumerate(plan.outer):
        fold_of[fold.test] = number
    used = np.unique(
        np.concatenate([rows for fold in plan.outer for rows in (fold.train, fold.test)])
    )
    _, group = np.unique(groups[used], return_inverse=True)
    counts = np.zeros((group.max() + 1, len(plan.outer) + 1), dtype=np.intp)
    np.add.at(counts, (group, fold_of[used] + 1), 1)
    moved_to = counts.argmax(axis=1)[group] - 1
    n_moved = int(np.sum(moved_to != fold_of[used]))
    if n_moved > MAX_MOVED * len(used):
        return None
    outer = [
        replace(fold, train=used[moved_to != number], test=used[moved_to == number], inner=[])
        for number, fold in enumerate(plan.outer)
    ]
    if any(not len(fold.test) or len(np.unique(y[fold.train])) < 2 for fold in outer):
        return None
    protocol = f"{plan.protocol}, groups moved to one fold" if n_moved else plan.protocol
    return replace(plan, outer=outer, protocol=protocol)


def score_without(scored: ScoredSplit, removed: Array, *, executor: Executor) -> ScoredSplit:
    """Score the same folds without some rows.

    Parameters
    ----------
    scored : ScoredSplit
        The rows and folds.
    removed : array of bool, shape ``(rows,)``
        Whether a row of ``scored.problem`` is left out of training and test rows.
    executor : Executor
        Where the models are fitted.

    Returns
    -------
    ScoredSplit

    Raises
    ------
    ParameterError
        If a fold has no test row left, or training rows of one class only.
    """
    problem = scored.problem
    outer = [
        replace(fold, train=fold.train[~removed[fold.train]], test=fold.test[~removed[fold.test]])
        for fold in scored.plan.outer
    ]
    for fold in outer:
        if not len(fold.test) or len(set(problem.y[fold.train].tolist())) < 2:
            raise ParameterError(f"without the removed rows, too few are left for {fold.name!r}")
    return _scored(problem, replace(scored.plan, outer=outer), scored.settings, executor)


def similar_folds(plan: SplitPlan) -> int:
    """Return the number of folds with training parts of about the same size as a plan.

    Parameters
    ----------
    plan : SplitPlan
        A plan; a single split with a quarter of test rows gives four folds.

    Returns
    -------
    int
        From 2 to `MAX_FOLDS`.
    """
    folds = float(len(plan.outer))
    if folds == 1:
        train, test = len(plan.outer[0].train), len(plan.outer[0].test)
        folds = (train + test) / test
    return int(np.clip(round(folds), 2, MAX_FOLDS))


def _fields(settings: Settings) -> dict[str, Any]:
    """Settings without any way to split."""
    fields = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    return fields | {"fold": None, "split": None, "shares": None, "leave_one_group_out": False}


def _scored(
    problem: Problem, plan: SplitPlan, settings: Settings, executor: Executor
) -> ScoredSplit:
    fits = Fits(problem, settings, executor=executor, fitted=lambda step: None)
    candidate = Candidate(MODEL, settings.parameters or {})
    return ScoredSplit(problem, plan, fits.out_of_fold(candidate, plan.outer, "scoring"), settings)


def score_differences(
    first: ScoredSplit, second: ScoredSplit, first_groups: Array, second_groups: Array
) -> dict[str, AccuracyDifference]:
    """Subtract the scores of a split from those of another.

    Parameters
    ----------
    first, second : ScoredSplit
        The two splits; they may have different rows.
    first_groups, second_groups : array of str, shape ``(rows,)``
        The group of each row of their problems, for the intervals: groups of the same name are
        drawn together.

    Returns
    -------
    dict of str to AccuracyDifference
        For each of `METRICS`: that of `second` minus that of `first`, with its 95 % interval.
    """
    names = np.unique(np.concatenate([first_groups, second_groups]))
    parts = [
        _confusions(scored, np.searchsorted(names, groups), len(names))
        for scored, groups in ((first, first_groups), (second, second_groups))
    ]
    drawn: dict[str, list[Array]] = {name: [] for name in METRICS}
    whole = np.ones((1, len(names)))
    values = [metrics_of_confusions(confusions(whole)) for confusions in parts]
    for times in draws(len(names), DRAWS, at_once=DRAWS_AT_ONCE):
        own, other = (metrics_of_confusions(confusions(times)) for confusions in parts)
        for name in METRICS:
            drawn[name].append(other[name] - own[name])
    return {
        name: _difference(values[1][name] - values[0][name], np.concatenate(drawn[name]))
        for name in METRICS
    }


def _difference(value: Array, drawn: Array) -> AccuracyDifference:
    low, high = np.nanpercentile(drawn, INTERVAL)
    return AccuracyDifference(value=float(value[0]), low=float(low), high=float(high))


def _confusions(scored: ScoredSplit, group: Array, n_groups: int) -> Any:
    """A function from drawn groups to confusion matrices; the last row is of unpredictable rows."""
    problem, rows, k = scored.problem, scored.plan.test_rows, len(scored.problem.classes)
    true = np.searchsorted(problem.classes, problem.y[rows])
    true[unpredictable_rows(problem, scored.plan.outer)] = k
    sums = group_sums(group[rows], true * k + decide(scored.P), n_groups, (k + 1) * k)
    return lambda times: sums(times).reshape(-1, k + 1, k)
