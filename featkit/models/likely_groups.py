"""Comparison of the scores with those of a split by a likely group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from featkit._utils.formatting import shell_word
from featkit._utils.typing import Array
from featkit.errors import FeatkitError
from featkit.models.absent_classes import unpredictable_rows
from featkit.models.estimator import Candidate
from featkit.models.outer_folds import N_FOLDS, SplitPlan, plan_splits
from featkit.models.problem import Problem
from featkit.models.score_types import GroupSplit
from featkit.models.settings import Settings
from featkit.models.splits import min_groups_per_class
from featkit.models.task import TASKS
from featkit.schema import LikelyGroup


@dataclass(frozen=True, eq=False)
class LikelyGroupPlan:
    """The split by a likely group.

    Attributes
    ----------
    likely : LikelyGroup
        The group.
    problem : Problem
        The problem grouped by it.
    plan : SplitPlan
        Its folds.
    """

    likely: LikelyGroup
    problem: Problem
    plan: SplitPlan


def plan_by_likely_group(problem: Problem, settings: Settings) -> LikelyGroupPlan | None:
    """Plan the split by the first likely group that allows one.

    Only one likely group is scored, with one candidate, since that takes as long as one model.

    Parameters
    ----------
    problem : Problem
        The rows, with their likely groups.
    settings : Settings
        Settings of the training; see `plan_grouped`.

    Returns
    -------
    LikelyGroupPlan or None
        None if there is no such group, or the task compares no splits.
    """
    task = TASKS[problem.task]
    if task.compare_splits is None or not task.has_classes:
        return None
    for likely in problem.likely_groups:
        try:
            grouped = problem.grouped_by(likely.group)
        except FeatkitError:  # rows without a group
            continue
        if plan := plan_grouped(grouped, settings):
            return LikelyGroupPlan(likely, grouped, plan)
    return None


def plan_grouped(problem: Problem, settings: Settings) -> SplitPlan | None:
    """Plan a split by the groups of a problem, to score one candidate.

    Parameters
    ----------
    problem : Problem
        The rows, with classes and groups.
    settings : Settings
        Settings of a training; of its ways to split, only `folds` and `shares` are used. The number
        of folds is at most the number of groups of the rarest class.

    Returns
    -------
    SplitPlan or None
        None if a class has one group only.
    """
    try:
        folds = None
        if settings.shares is None:
            folds = settings.folds or N_FOLDS
            folds = min(folds, min_groups_per_class(problem.strata(folds), problem.groups))
        # Any named model will do: one candidate is scored, so that no inner folds are needed.
        named = replace(
            settings,
            fold=None,
            split=None,
            model=next(iter(TASKS[problem.task].estimators)),
            calibrate=None,
            prediction_sets=False,
            leave_one_group_out=False,
        )
        return plan_splits(problem, replace(named, folds=folds))
    except FeatkitError:
        return None


def by_likely_group(
    likely: LikelyGroupPlan, plan: SplitPlan, own: Array, unseen: Array, candidate: Candidate
) -> GroupSplit:
    """Score a candidate by the requested split and by a likely group.

    Parameters
    ----------
    likely : LikelyGroupPlan
        The split by the likely group.
    plan : SplitPlan
        The requested split.
    own, unseen : array of float64, shape ``(rows, classes)``
        Probabilities for the test rows of the requested split, and of the likely group's.
    candidate : Candidate
        The candidate.

    Returns
    -------
    GroupSplit
    """
    problem = likely.problem
    _, counts = np.unique(problem.y, return_counts=True)
    compare = TASKS[problem.task].compare_splits
    assert compare is not None  # otherwise there is no plan
    used, grouped, difference = compare(
        problem,
        plan.test_rows,
        own,
        likely.plan.test_rows,
        unseen,
        unpredictable_rows(problem, plan.outer),
    )
    return GroupSplit(
        group=likely.likely.group,
        unit=problem.unit,
        groups=likely.likely.groups,
        protocol=likely.plan.protocol,
        candidate=str(candidate),
        used=used,
        grouped=grouped,
        difference=difference,
        majority_share=float(counts.max() / counts.sum()),
    )


def group_warnings(likely: Sequence[LikelyGroup], by_group: GroupSplit | None) -> list[str]:
    """Return a warning for each likely group; for the group that was scored, with its scores.

    Parameters
    ----------
    likely : sequence of LikelyGroup
        The likely groups.
    by_group : GroupSplit or None
        The scores by one of them.

    Returns
    -------
    list of str
    """
    scored = [one for one in likely if by_group and one.group == by_group.group]
    others = [one for one in likely if one not in scored]
    warnings = [f"{one.description}. If so, add {_option(one.group)}" for one in others]
    if not by_group or not scored:
        return warnings
    own, unseen = by_group.used.accuracy, by_group.grouped.accuracy
    (first,) = scored
    unit = repr(by_group.unit)
    text = (
        f"{first.description}. Now rows of one {unit} are in both training and test data, and"
        f" {by_group.candidate} has an accuracy of {own:.3f}. If all rows of each {unit} stay"
        f" together, the accuracy is {unseen:.3f} ({by_group.protocol}); always predicting the"
        f" most common class gives {by_group.majority_share:.3f}. To keep them together, add"
        f" {_option(first.group)}"
    )
    return [text, *warnings]


def _option(group: str) -> str:
    """The option that names a group, on the command line and in Python."""
    return f"--group {shell_word(group)} (in Python: group={group!r})"
