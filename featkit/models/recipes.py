"""Recipes: what inner folds determine about a model, before it is fitted on all training rows.

The inner folds of an outer fold give out-of-fold predictions of its training rows. They select
the candidate. Everything else that depends on held-out predictions, such as a calibrator, is
fitted on them, too. No test row of the outer fold takes part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from featkit._utils.typing import Array
from featkit.models.calibration import Calibrator, fit_calibrator
from featkit.models.ensemble_selection import greedy_weights
from featkit.models.estimator import AUTO, ENSEMBLE, Candidate
from featkit.models.fit_summary import FitSummary
from featkit.models.fitting import Fits
from featkit.models.label_decision import LabelDecision
from featkit.models.outer_folds import OuterFold
from featkit.models.prediction_sets import PredictionSets, Thresholds, fit_thresholds
from featkit.models.problem import Problem
from featkit.models.scores import recording_arrays
from featkit.models.search import CandidateGrid, FoldSearch, Survivor, search
from featkit.models.settings import Settings
from featkit.models.splits import assign_parts
from featkit.models.task import TASKS

N_CALIBRATION_PARTS = 10
"""Parts of the groups; the rows of each are calibrated without them before sets are fitted."""


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions of the validation rows of all inner folds, by models that did not see them.

    Attributes
    ----------
    rows : array of int, shape ``(rows,)``
        Row numbers, one inner fold after the other.
    folds : array of int, shape ``(rows,)``
        Number of the inner fold of each row.
    P : array of float64, shape ``(rows, outputs)``
        Predictions, such as the probabilities of the classes.
    """

    rows: Array
    folds: Array
    P: Array


@dataclass(frozen=True, eq=False)
class Recipe:
    """A candidate, and what is fitted on its out-of-fold predictions.

    Attributes
    ----------
    candidate : Candidate
        Estimator and parameters.
    out_of_fold : OutOfFold or None
        The predictions; None without inner folds.
    calibrator : Calibrator or None
        Calibration of the probabilities; None without calibration.
    sets : PredictionSets or None
        Prediction sets and abstention of the kept model, the named one or ``"auto"``; None for
        others, without classes, and without inner folds.
    decision : LabelDecision or None
        The thresholds of labels, if the task has several; None without inner folds.
    """

    candidate: Candidate
    out_of_fold: OutOfFold | None = None
    calibrator: Calibrator | None = None
    sets: PredictionSets | None = None
    decision: LabelDecision | None = None

    def probabilities(self, P: Array) -> Array:
        """Turn the output of the fitted candidate into the predictions of the model.

        Parameters
        ----------
        P : array of float64, shape ``(rows, outputs)``
            Predictions by the fitted candidate.

        Returns
        -------
        array of float64, shape ``(rows, outputs)``
        """
        return P if self.calibrator is None else self.calibrator.apply(P)


@dataclass(frozen=True, eq=False)
class FoldSelection:
    """Recipes of one outer fold.

    Attributes
    ----------
    recipes : dict of str to Recipe
        The recipe of each model.
    fits : list of FitSummary
        The fits on its inner folds.
    last_compared : int or None
        As in `featkit.models.search.FoldSearch`.
    """

    recipes: dict[str, Recipe]
    fits: list[FitSummary]
    last_compared: int | None = None


def make_recipes(
    fits: Fits,
    problem: Problem,
    folds: Sequence[OuterFold],
    grid: CandidateGrid,
    settings: Settings,
    *,
    has_auto: bool = False,
    is_late: Callable[[], bool] | None = None,
) -> list[FoldSelection]:
    """Select the best candidate of each estimator, and of all, on the inner folds of each fold.

    Parameters
    ----------
    fits : Fits
        Workers.
    problem : Problem
        The rows.
    folds : sequence of OuterFold
        Outer folds, with their inner folds.
    grid : mapping of str to sequence of Candidate
        Candidates of each estimator.
    settings : Settings
        Settings of the training.
    has_auto : bool
        Whether the best candidate of all is selected, too.
    is_late : callable, optional
        Whether the time for the search is over; see `featkit.models.search.search`.

    Returns
    -------
    list of FoldSelection
        For each fold the recipe of each estimator; and of ``"auto"``.
    """
    from threadpoolctl import threadpool_limits

    # Several threads are slower for short sums, and the last bits depend on their number.
    with threadpool_limits(1):
        results = search(fits, problem, folds, grid, is_late)
        return [
            FoldSelection(
                _fold_recipes(problem, fold, own, settings, has_auto=has_auto),
                own.fits,
                own.last_compared,
            )
            for fold, own in zip(folds, results, strict=True)
        ]


def _finished(problem: Problem, settings: Settings, recipe: Recipe) -> Recipe:
    """The recipe with everything that is fitted on its out-of-fold predictions."""
    task, out_of_fold = TASKS[problem.task], recipe.out_of_fold
    if out_of_fold is None:
        return recipe
    if task.fit_decision is not None:
        decision = task.fit_decision(problem, settings, out_of_fold.rows, out_of_fold.P)
        return replace(recipe, decision=decision)
    if task.has_classes:
        return _calibrated(problem, recipe, settings.calibrate)
    return recipe


def _fold_recipes(
    problem: Problem,
    fold: OuterFold,
    result: FoldSearch,
    settings: Settings,
    *,
    has_auto: bool,
) -> dict[str, Recipe]:
    tried = {
        name: [_tried(problem, fold, survivor) for survivor in own]
        for name, own in result.survivors.items()
    }
    # If several losses are equal, the first one wins: grids begin with the default.
    best = {name: min(pairs, key=lambda pair: pair[0]) for name, pairs in tried.items()}
    recipes = {name: recipe for name, (_, recipe) in best.items()}
    if has_auto:
        recipes[AUTO] = min(best.values(), key=lambda pair: pair[0])[1]
        if settings.ensemble and ENSEMBLE in TASKS[problem.task].estimators:
            library = [recipe for pairs in tried.values() for _, recipe in pairs]
            recipes[AUTO] = best_ensemble(problem, library)
    recipes = {name: _finished(problem, settings, recipe) for name, recipe in recipes.items()}
    if problem.has_classes:
        *_, kept = recipes  # auto is the last one
        recipes[kept] = _with_sets(problem, recipes[kept])
    return recipes


def _calibrated(problem: Problem, recipe: Recipe, method: str | None) -> Recipe:
    """The recipe with a calibrator, which is fitted on its out-of-fold probabilities."""
    held_out = recipe.out_of_fold
    if method is None or held_out is None:
        return recipe
    rows = held_out.rows
    calibrator = fit_calibrator(
        method,
        held_out.P,
        problem.y[rows],
        problem.classes,
        problem.groups[rows],
    )
    return replace(recipe, calibrator=calibrator)


def _with_sets(problem: Problem, recipe: Recipe) -> Recipe:
    """The recipe with prediction sets, which are fitted on its out-of-fold probabilities."""
    held_out = recipe.out_of_fold
    if held_out is None or not TASKS[problem.task].has_classes:
        return recipe
    rows, P = held_out.rows, _cross_calibrated(problem, recipe.calibrator, held_out)
    y, groups, whole = problem.y[rows], problem.groups[rows], None
    if problem.has_segments:
        own_y, own_P, own_groups = recording_arrays(y, P, problem.recordings[rows], groups)
        whole = _thresholds(problem, own_y, own_P, own_groups) if len(own_y) else None
    sets = PredictionSets(rows=_thresholds(problem, y, P, groups), recordings=whole)
    return replace(recipe, sets=sets)


def _thresholds(problem: Problem, y: Array, P: Array, groups: Array) -> Thresholds:
    return fit_thresholds(np.searchsorted(problem.classes, y), P, groups, problem.costs)


def _cross_calibrated(
    problem: Problem, calibrator: Calibrator | None, held_out: OutOfFold
) -> Array:
    """Out-of-fold probabilities, each calibrated by the method of the model without its group.

    A calibrator fits the rows that it was fitted on better than new rows, so that sets would be
    too small.
    """
    if calibrator is None:
        return held_out.P
    P, y, groups = held_out.P, problem.y[held_out.rows], problem.groups[held_out.rows]
    n_parts = min(N_CALIBRATION_PARTS, len(np.unique(groups)))
    if n_parts < 2:
        return calibrator.apply(P)
    parts = assign_parts(np.zeros(len(P)), groups, np.full(n_parts, 1 / n_parts), seed=0)
    calibrated = np.empty_like(P)
    for part in range(n_parts):
        own = parts == part
        other = fit_calibrator(calibrator.method, P[~own], y[~own], problem.classes, groups[~own])
        calibrated[own] = P[own] if other is None else other.apply(P[own])
    return calibrated


def _tried(problem: Problem, fold: OuterFold, survivor: Survivor) -> tuple[float, Recipe]:
    """The loss of a candidate, and its recipe."""
    if not fold.inner:
        return 0.0, Recipe(survivor.candidate)
    validation = [rows for _, rows in fold.inner]
    numbers = np.repeat(np.arange(len(validation)), [len(rows) for rows in validation])
    out_of_fold = OutOfFold(np.concatenate(validation), numbers, np.concatenate(survivor.P))
    loss = mean_loss(problem, out_of_fold, out_of_fold.P)
    return loss, Recipe(survivor.candidate, out_of_fold)


def mean_loss(problem: Problem, out_of_fold: OutOfFold, P: Array) -> float:
    """Compute the mean over inner folds of the loss that selects models.

    Parameters
    ----------
    problem : Problem
        The rows.
    out_of_fold : OutOfFold
        The validation rows and their inner folds.
    P : array of float64, shape ``(rows, outputs)``
        Predictions for these rows.

    Returns
    -------
    float
    """
    starts = np.flatnonzero(np.diff(out_of_fold.folds)) + 1
    parts = zip(np.split(out_of_fold.rows, starts), np.split(P, starts), strict=True)
    loss = TASKS[problem.task].loss
    losses = [loss(problem.y[rows], own, problem.outputs) for rows, own in parts]
    return sum(losses) / len(losses)


def best_ensemble(problem: Problem, recipes: Sequence[Recipe]) -> Recipe:
    """Combine candidates; members and weights are selected on their out-of-fold probabilities.

    Parameters
    ----------
    problem : Problem
        The rows.
    recipes : sequence of Recipe
        Candidates with out-of-fold probabilities of the same rows.

    Returns
    -------
    Recipe
        An ensemble; or one of the recipes, if no ensemble has a lower loss.
    """
    parts = [recipe.out_of_fold for recipe in recipes if recipe.out_of_fold is not None]
    weights = greedy_weights([own.P for own in parts], partial(mean_loss, problem, parts[0]))
    members = [
        (recipe.candidate.name, dict(recipe.candidate.parameters), float(weight))
        for recipe, weight in zip(recipes, weights, strict=True)
        if weight > 0
    ]
    if len(members) == 1:
        return recipes[int(np.argmax(weights))]
    P = sum(weight * own.P for weight, own in zip(weights, parts, strict=True))
    return Recipe(Candidate(ENSEMBLE, {"members": members}), replace(parts[0], P=P))
