"""Search for the best candidates of each estimator by successive halving on inner folds.

The first inner fold of an outer fold scores all candidates. The best third of each estimator goes
on to the second inner fold, and the best third of these to all others. Survivors thus have
predictions for all inner folds. Forests have fewer trees than models that are scored; boosted
models have few rounds on the first inner fold, and are scored there again with all if they go on.
Losses are compared within an estimator only, because few trees raise the loss of some estimators
more than of others. Each decision depends on the training rows of its outer fold and on the seed.

References
----------
Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
AISTATS 2016.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.models.candidate_fits import TREES, Family, families
from featkit.models.estimator import Candidate, Estimator
from featkit.models.fit_summary import FitSummary
from featkit.models.fitting import Fits, JointFit
from featkit.models.outer_folds import OuterFold
from featkit.models.problem import Problem
from featkit.models.task import TASKS

CandidateGrid = Mapping[str, Sequence[Candidate]]
"""Candidates of each estimator."""

DIVISOR = 3
"""One of so many families of candidates, rounded up, stays after a round."""

SECOND_ROUND = 2
"""Inner folds that are scored before the second selection."""


@dataclass(frozen=True, eq=False)
class Survivor:
    """A candidate with its predictions for the validation rows of all inner folds.

    Attributes
    ----------
    candidate : Candidate
        Estimator and parameters.
    P : list of array of float64, shape ``(rows, outputs)``
        Predictions of each inner fold; empty if there are no inner folds.
    """

    candidate: Candidate
    P: list[Array]


@dataclass(frozen=True, eq=False)
class FoldSearch:
    """Result of the search in one outer fold.

    Attributes
    ----------
    survivors : dict of str to list of Survivor
        Of each estimator, in the order of the grid.
    fits : list of FitSummary
        All fits on its inner folds.
    last_compared : int or None
        Number of inner folds that were scored when the time was over; None if it was not.
    """

    survivors: dict[str, list[Survivor]]
    fits: list[FitSummary]
    last_compared: int | None = None


def search(
    fits: Fits,
    problem: Problem,
    folds: Sequence[OuterFold],
    grid: CandidateGrid,
    is_late: Callable[[], bool] | None = None,
) -> list[FoldSearch]:
    """Search for the best candidates in each outer fold.

    Parameters
    ----------
    fits : Fits
        Workers.
    problem : Problem
        The rows.
    folds : sequence of OuterFold
        Outer folds, with their inner folds.
    grid : mapping of str to sequence of Candidate
        Candidates of each estimator. The only candidate of an estimator is no search: it is scored
        on all inner folds, with all of its trees.
    is_late : callable, optional
        Whether the time for the search is over, before a round. Then only the best candidates of
        each estimator so far go on, in all folds.

    Returns
    -------
    list of FoldSearch
        One for each fold.
    """
    contests = [[_Contest(problem, fold, own) for own in grid.values()] for fold in folds]
    everyone = [contest for own in contests for contest in own]
    for number in range(max(len(contest.rounds) for contest in everyone)):
        if number and is_late is not None and is_late():
            for contest in everyone:
                contest.shorten(number)
        planned = [(contest, fit) for contest in everyone for fit in contest.fits(number)]
        results = fits.joint_probabilities([fit for _, fit in planned], "selecting")
        for (contest, _), (P, summaries) in zip(planned, results, strict=True):
            contest.take(number, P, summaries)
    return [
        FoldSearch(
            {name: one.survivors() for name, one in zip(grid, own, strict=True)},
            [summary for one in own for summary in one.summaries],
            max((one.last_compared for one in own if one.last_compared), default=None),
        )
        for own in contests
    ]


def count_search_fits(candidates: Sequence[Candidate], estimator: Estimator, n_inner: int) -> int:
    """Count the fits of a search for one estimator in one outer fold.

    Parameters
    ----------
    candidates : sequence of Candidate
        Its candidates.
    estimator : Estimator
        The estimator.
    n_inner : int
        Number of inner folds.

    Returns
    -------
    int
        A fit that several candidates are read from counts once.
    """
    n_families = len(families(candidates, estimator))
    return sum(
        one.n_left * (one.last - one.first) for one in _schedule(n_families, n_inner, estimator)
    )


def search_cost(
    candidates: Sequence[Candidate], estimator: Estimator, n_inner: Sequence[int]
) -> float:
    """Return the cost of a search in fits of the defaults, if all candidates cost the same.

    Parameters
    ----------
    candidates : sequence of Candidate
        Candidates of one estimator.
    estimator : Estimator
        The estimator.
    n_inner : sequence of int
        Number of inner folds of each outer fold.

    Returns
    -------
    float
    """
    n_families = len(families(candidates, estimator))
    cost = 0.0
    for count in n_inner:
        rounds = _schedule(n_families, count, estimator)
        for one in rounds:
            limit = _max_trees(rounds, one, estimator)
            cost += one.n_left * (one.last - one.first) * tree_share(estimator, limit)
    return cost


def tree_share(estimator: Estimator, max_trees: int | None) -> float:
    """Return the share of the trees of the defaults that a limit leaves.

    Parameters
    ----------
    estimator : Estimator
        An estimator.
    max_trees : int or None
        Most trees of a model.

    Returns
    -------
    float
        1 without a limit.
    """
    if max_trees is None:
        return 1.0
    return min(1.0, max_trees / int(estimator.build(0).get_params()[TREES]))


def _max_trees(rounds: Sequence[_Round], own: _Round, estimator: Estimator) -> int | None:
    """Most trees of a model in a round; all if there is no choice of candidates."""
    if own.has_few_trees:
        return estimator.first_trees
    return estimator.search_trees if len(rounds) > 1 else None


class _Round(NamedTuple):
    """The number of families that are left, and the inner folds that score them."""

    n_left: int
    first: int
    last: int
    has_few_trees: bool = False


def _schedule(n_families: int, n_inner: int, estimator: Estimator) -> list[_Round]:
    if n_families == 1 or not n_inner:
        return [_Round(n_families, 0, n_inner)]
    has_few_trees = estimator.first_trees is not None
    rounds = [_Round(n_families, 0, 1, has_few_trees)]
    first = 0 if has_few_trees else 1
    for last in (SECOND_ROUND, n_inner):
        n_left = -(-rounds[-1].n_left // DIVISOR)
        last = n_inner if n_left == 1 else min(last, n_inner)
        if first < last:
            rounds.append(_Round(n_left, first, last))
            first = last
    return rounds


@dataclass(eq=False)
class _Entry:
    """A family in a contest: its loss with few trees, and the predictions of each inner fold."""

    family: Family
    early_loss: float = np.inf
    P: list[list[Array]] = field(default_factory=list)


class _Contest:
    """The candidates of one estimator on the inner folds of one outer fold."""

    def __init__(self, problem: Problem, fold: OuterFold, candidates: Sequence[Candidate]) -> None:
        self._problem, self._fold = problem, fold
        self._estimator = TASKS[problem.task].estimators[candidates[0].name]
        self._left = [_Entry(family) for family in families(candidates, self._estimator)]
        self.rounds = _schedule(len(self._left), len(fold.inner), self._estimator)
        self.summaries: list[FitSummary] = []
        self.last_compared: int | None = None

    def shorten(self, number: int) -> None:
        """Let the best family so far go on alone, from a round on."""
        left = self.rounds[number:]
        if not left or left[0].n_left == 1:
            return
        own = left[0]
        self.last_compared = max(1, own.first)
        self.rounds = [*self.rounds[:number], _Round(1, own.first, len(self._fold.inner))]

    def fits(self, number: int) -> list[JointFit]:
        """Start a round: select the families that are left, and return their fits."""
        if number >= len(self.rounds):
            return []
        own = self.rounds[number]
        if own.n_left < len(self._left):
            best = np.argsort([self._loss(entry) for entry in self._left], kind="stable")
            self._left = [self._left[k] for k in sorted(best[: own.n_left])]
        candidates = [one for entry in self._left for one in entry.family]
        if own.has_few_trees:  # all members of a family have the same ones
            candidates = [entry.family[0] for entry in self._left]
        max_trees = _max_trees(self.rounds, own, self._estimator)
        return [
            JointFit(tuple(candidates), train, validation, self._fold.name, max_trees)
            for train, validation in self._fold.inner[own.first : own.last]
        ]

    def take(self, number: int, P: Sequence[Array], summaries: Sequence[FitSummary]) -> None:
        """Take the predictions of the candidates of a fit; fits come in order."""
        self.summaries += summaries
        own = iter(P)
        for entry in self._left:
            if self.rounds[number].has_few_trees:
                entry.early_loss = self._fold_loss(0, next(own))
            else:
                entry.P.append([next(own) for _ in entry.family])

    def survivors(self) -> list[Survivor]:
        """The candidates that are left, with their predictions."""
        return [
            Survivor(candidate, [own[k] for own in entry.P])
            for entry in self._left
            for k, candidate in enumerate(entry.family)
        ]

    def _loss(self, entry: _Entry) -> float:
        """The least mean loss of a member of a family over the inner folds so far."""
        if not entry.P:
            return entry.early_loss
        losses = [[self._fold_loss(k, P) for P in own] for k, own in enumerate(entry.P)]
        return float(np.min(np.mean(losses, axis=0)))

    def _fold_loss(self, k: int, P: Array) -> float:
        _, rows = self._fold.inner[k]
        return TASKS[self._problem.task].loss(self._problem.y[rows], P, self._problem.outputs)
