"""A budget of time: which candidates ``auto`` tries, so that all folds are scored within it.

One fit of the defaults of each estimator, with few trees, shows how long fits take. Estimators
without trees come first, because a short budget is over before all are fitted. Estimators, and then
their other candidates, are added in the order of their estimated time, as long as the search, the
outer folds and the final fit stay within the budget. Whatever is left out is left out in all outer
folds alike, so that scores stay estimates for the same procedure. The choice depends on the speed
of the machine; everything after it depends on data and seed only, unless the search itself takes
longer than planned: it then goes on with the best candidate of each estimator.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from featkit.models.budget_use import BudgetUse
from featkit.models.compared_models import ComparedModels
from featkit.models.estimator import AUTO, Candidate, Estimator
from featkit.models.fitting import Fits, JointFit
from featkit.models.leaderboard import folds_of_model
from featkit.models.outer_folds import OuterFold, SplitPlan
from featkit.models.search import CandidateGrid, search_cost, tree_share
from featkit.models.settings import Settings
from featkit.models.task import TASKS

PROBE_SHARE = 0.2
"""Share of the budget after which no further estimator is probed."""

MARGIN = 1.5
"""Factor of estimates: other candidates than the defaults may take longer."""

START_SECONDS = 3.0
"""Time in which worker processes start."""


class _Cost(NamedTuple):
    """Estimated seconds of an estimator: search with its defaults, added by others, scoring."""

    name: str
    defaults: float
    others: float
    scoring: float


class TimeBudget:
    """A budget of time, which begins with the training.

    Parameters
    ----------
    seconds : float
        The budget.
    clock : callable
        Returns the time in seconds.

    Attributes
    ----------
    search_end : float
        Seconds after the beginning at which the search should end.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock, self._begin = clock, clock()
        self.search_end = float("inf")

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._begin

    def is_late(self) -> bool:
        """Return whether the search has used the time that it had.

        Returns
        -------
        bool
        """
        return self.elapsed > self.search_end


def plan_candidates(
    budget: TimeBudget,
    fits: Fits,
    models: ComparedModels,
    plan: SplitPlan,
    settings: Settings,
    *,
    n_workers: int,
    n_other_fits: int,
) -> ComparedModels:
    """Choose the candidates of ``auto`` that a budget allows.

    Parameters
    ----------
    budget : TimeBudget
        The budget; the end of its search is set.
    fits : Fits
        Workers, which fit the defaults of each estimator once.
    models : ComparedModels
        The models of the training.
    plan : SplitPlan
        Its folds.
    settings : Settings
        Its settings.
    n_workers : int
        Fits that run at a time.
    n_other_fits : int
        Fits of the final candidate that compare other splits.

    Returns
    -------
    ComparedModels
        With the chosen candidates of ``auto``; at least the defaults of one estimator.
    """
    estimators = TASKS[settings.task].estimators
    n_inner = [len(fold.inner) for fold in folds_of_model(AUTO, models, plan, settings)]
    first = plan.outer[0]
    growth = len(first.train) / len(first.inner[0][0])
    n_scored = len(plan.outer) + n_other_fits + n_workers  # the final fit has one worker
    costs: list[_Cost] = []
    for name in sorted(models.grid, key=lambda name: _has_trees(estimators[name])):
        if costs and budget.elapsed > PROBE_SHARE * budget.seconds:
            break
        own, estimator = models.grid[name], estimators[name]
        seconds = MARGIN * _seconds_of_a_fit(fits, own[0], estimator, first) / n_workers
        defaults = search_cost(own[:1], estimator, n_inner)
        others = max(0.0, search_cost(own, estimator, n_inner) - defaults)
        costs.append(_Cost(name, seconds * defaults, seconds * others, seconds * growth * n_scored))
    left = budget.seconds - budget.elapsed - (START_SECONDS if n_workers > 1 else 0.0)
    names, full = _affordable(costs, left)
    budget.search_end = budget.seconds - sum(one.scoring for one in costs if one.name in names)
    grid = {
        name: own if name in full else own[:1] for name, own in models.grid.items() if name in names
    }
    return replace(models, grid=grid)


def _has_trees(estimator: Estimator) -> bool:
    """Whether an estimator grows many trees, and is thus among the slowest."""
    return estimator.first_trees is not None or estimator.search_trees is not None


def _seconds_of_a_fit(
    fits: Fits, candidate: Candidate, estimator: Estimator, fold: OuterFold
) -> float:
    """Estimated time of a fit with all trees, from one with few on the first inner fold."""
    few = estimator.first_trees or estimator.search_trees
    fit = JointFit((candidate,), *fold.inner[0], fold.name, few)
    ((_, (summary,)),) = fits.joint_probabilities([fit], "estimating times", counts=[0])
    return summary.seconds / tree_share(estimator, few)


def _affordable(costs: Sequence[_Cost], left: float) -> tuple[set[str], set[str]]:
    """Estimators that fit in the time left, and those of them with all candidates."""
    names: set[str] = set()
    full: set[str] = set()
    for one in sorted(costs, key=lambda one: one.defaults + one.scoring):
        if not names or one.defaults + one.scoring <= left:
            names.add(one.name)
            left -= one.defaults + one.scoring
    for one in sorted(costs, key=lambda one: one.others):
        if one.name in names and one.others <= left:
            full.add(one.name)
            left -= one.others
    return names, full


def budget_use(
    budget: TimeBudget, grid: CandidateGrid, tried: CandidateGrid, last_compared: int | None
) -> BudgetUse:
    """Record the candidates that a budget left no time for.

    Parameters
    ----------
    budget : TimeBudget
        The budget.
    grid : mapping of str to sequence of Candidate
        All candidates of each estimator.
    tried : mapping of str to sequence of Candidate
        Those that were tried.
    last_compared : int or None
        See `BudgetUse`.

    Returns
    -------
    BudgetUse
    """
    untried = {
        name: [str(one) for one in own if one not in tried.get(name, ())]
        for name, own in grid.items()
    }
    return BudgetUse(
        seconds=budget.seconds,
        untried={name: own for name, own in untried.items() if own},
        omitted=tuple(name for name in grid if name not in tried),
        last_compared=last_compared,
    )
