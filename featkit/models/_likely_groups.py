"""The score that a likely group would give, beside the one that was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import FeatkitError
from featkit.models._outer_folds import FOLDS, Plan, Round, make_plan
from featkit.models.estimator import Candidate
from featkit.models.problem import Problem
from featkit.models.result import judged_rows
from featkit.models.scores import difference, metrics, predicted
from featkit.models.settings import Settings
from featkit.models.splits import least_groups

if TYPE_CHECKING:
    from featkit.table.group_detection import LikelyGroup


@dataclass(frozen=True, eq=False)
class LikelyPlan:
    """A problem that is split by a likely group.

    Attributes
    ----------
    likely : LikelyGroup
        The group.
    problem : Problem
        The problem with that group.
    protocol : str
        How it is split.
    rounds : list of Round
        As many as were asked for, or as there are groups of the rarest class.
    """

    likely: LikelyGroup
    problem: Problem
    protocol: str
    rounds: list[Round]


def plan_by_likely_group(problem: Problem, settings: Settings) -> LikelyPlan | None:
    """The split by the first of the likely groups that can be split by.

    Only one is scored, by one candidate: it is as dear as one model.
    """
    for likely in problem.likely_groups:
        try:
            grouped = problem.grouped_by(likely.group)
            folds = None
            if settings.shares is None:
                most = settings.folds or FOLDS
                folds = min(most, least_groups(grouped.y, grouped.groups))
            plan = make_plan(
                grouped, folds=folds, shares=settings.shares, tuned=False, seed=settings.seed
            )
        except FeatkitError:  # some rows have no group, or a class has one: then it has no score
            continue
        return LikelyPlan(likely, grouped, plan.protocol, plan.rounds)
    return None


def by_likely_group(
    likely: LikelyPlan, plan: Plan, own: Array, unseen: Array, candidate: Candidate
) -> dict[str, Any]:
    """The scores of a candidate by the split that was asked for, and by a likely group.

    Parameters
    ----------
    likely : LikelyPlan
        The split by the likely group.
    plan : Plan
        The split that was asked for.
    own, unseen : array of float64, shape ``(rows, classes)``
        Probabilities by that split, and by the likely group.
    candidate : Candidate
        The candidate.
    """
    problem = likely.problem
    y, classes, groups = problem.y, problem.classes, problem.groups
    rows, _ = judged_rows(plan)
    other = np.concatenate([of.test for of in likely.rounds])
    more, low, high = difference(
        predicted(own, classes) == y[rows],
        groups[rows],
        predicted(unseen, classes) == y[other],
        groups[other],
    )
    _, counts = np.unique(y, return_counts=True)
    return {
        "group": likely.likely.group,
        "unit": problem.unit,
        "groups": likely.likely.groups,
        "protocol": likely.protocol,
        "candidate": str(candidate),
        "own": metrics(y[rows], own, classes),
        "scores": metrics(y[other], unseen, classes),
        "difference": {"accuracy": more, "low": low, "high": high},
        "commonest": float(counts.max() / counts.sum()),
    }


def group_warnings(likely: Sequence[LikelyGroup], by_group: Mapping[str, Any] | None) -> list[str]:
    """A warning for each likely group; that of the one that was scored tells the score."""
    scored = [one for one in likely if by_group and one.group == by_group["group"]]
    others = [one for one in likely if one not in scored]
    told = [f"{one.told}. If so, name the group: {one.group}" for one in others]
    if not by_group or not scored:
        return told
    own, unseen = by_group["own"]["accuracy"], by_group["scores"]["accuracy"]
    (first,) = scored
    text = (
        f"{first.told}. Here rows of one {by_group['unit']!r} are both in training and in test:"
        f" accuracy of {by_group['candidate']} {own:.3f}. With all rows of one"
        f" {by_group['unit']!r} on one side it is {unseen:.3f} ({by_group['protocol']}), and always"
        f" saying the commonest class gives {by_group['commonest']:.3f}. To keep them together,"
        f" name the group: {first.group}"
    )
    return [text, *told]
