"""Recipes and predictions of all models of a leaderboard, on the same outer folds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.progress import Activity, ProgressCallback
from featkit._utils.typing import Array
from featkit.models.compared_models import ComparedModels
from featkit.models.ensemble_fits import distinct_fits
from featkit.models.estimator import AUTO, SEQUENCES
from featkit.models.fit_summary import Effort, FitSummary, total_effort
from featkit.models.fitting import Fit, Fits
from featkit.models.leaderboard_types import LearningCurve
from featkit.models.outer_folds import OuterFold, SplitPlan
from featkit.models.problem import Problem
from featkit.models.recipes import Recipe, make_recipes
from featkit.models.result import BASELINE
from featkit.models.search import CandidateGrid, count_search_fits
from featkit.models.settings import Settings
from featkit.models.task import TASKS

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True, eq=False)
class FoldRecipes:
    """Recipes of all models, from the inner folds.

    Attributes
    ----------
    outer : list of dict of str to Recipe
        The recipe of each model for each outer fold.
    final : Recipe
        That of the kept model for the final fit.
    selection : mapping of str to list of FitSummary
        Fits of each model on inner folds of the outer folds.
    last_compared : int or None
        As in `featkit.models.search.FoldSearch`, for ``auto``.
    """

    outer: list[dict[str, Recipe]]
    final: Recipe
    selection: Mapping[str, list[FitSummary]]
    last_compared: int | None = None

    def of_model(self, name: str, plan: SplitPlan) -> dict[str, Recipe]:
        """Return the recipes of a model by the names of the outer folds.

        Parameters
        ----------
        name : str
            Name of the model.
        plan : SplitPlan
            The folds of the training.

        Returns
        -------
        dict of str to Recipe
        """
        return {fold.name: own[name] for fold, own in zip(plan.outer, self.outer, strict=True)}


@dataclass(frozen=True, eq=False)
class HeldOutPredictions:
    """Predictions of all models for the test rows.

    Attributes
    ----------
    output : dict of str to array of float64, shape ``(rows, outputs)``
        Predictions of each model for the test rows of all outer folds, one after the other, before
        anything else of its recipe is applied; with those of the baseline.
    P : dict of str to array of float64, shape ``(rows, outputs)``
        The same with the recipe of each fold applied.
    effort : dict of str to Effort
        Time and size of each model; not of the baseline.
    curves : list of LearningCurve
        Of networks, for each outer fold.
    pipeline : sklearn.pipeline.Pipeline or None
        The fitted pipeline of the kept model, if this is the final one.
    """

    output: dict[str, Array]
    P: dict[str, Array]
    effort: dict[str, Effort]
    curves: list[LearningCurve]
    pipeline: Pipeline | None = None


def scored_fit_is_final(models: ComparedModels, plan: SplitPlan, settings: Settings) -> bool:
    """Return whether the fit that scores the kept model is also the final one.

    Parameters
    ----------
    models : ComparedModels
        All models.
    plan : SplitPlan
        The folds of the training.
    settings : Settings
        Its settings.

    Returns
    -------
    bool
        True for a network with a single split, whose training rows fit the final model: a second
        fit would take long, and give the same bits.
    """
    if models.inputs(models.kept, TASKS[settings.task]) != SEQUENCES or len(plan.outer) > 1:
        return False
    return np.array_equal(plan.outer[0].train, plan.final.train)


def folds_of_model(
    name: str, models: ComparedModels, plan: SplitPlan, settings: Settings
) -> list[OuterFold]:
    """Return the folds for which a model gets recipes, with the inner folds that it needs.

    Parameters
    ----------
    name : str
        Name of the model.
    models : ComparedModels
        All models.
    plan : SplitPlan
        The folds of the training.
    settings : Settings
        Its settings.

    Returns
    -------
    list of OuterFold
        The outer folds, and the final fold of the kept model. Inner folds are empty if nothing is
        fitted on them: ``auto`` selects on them, all models are calibrated, labels get thresholds,
        and the kept model gets prediction sets if these are wanted.
    """
    is_kept = name == models.kept
    has_final = is_kept and not scored_fit_is_final(models, plan, settings)
    folds = [*plan.outer, plan.final] if has_final else list(plan.outer)
    needs_inner = (
        name == AUTO
        or settings.calibrate is not None
        or settings.multilabel is not None
        or (is_kept and settings.prediction_sets)
    )
    return folds if needs_inner else [replace(fold, inner=[]) for fold in folds]


def model_grid(name: str, models: ComparedModels) -> CandidateGrid:
    """Return the candidates of a model.

    Parameters
    ----------
    name : str
        Name of the model.
    models : ComparedModels
        All models.

    Returns
    -------
    mapping of str to sequence of Candidate
        Those of all estimators for ``auto``.
    """
    return models.grid if name == AUTO else {name: [models.named[name]]}


def count_selection(models: ComparedModels, plan: SplitPlan, settings: Settings) -> int:
    """Count the fits on inner folds.

    Parameters
    ----------
    models : ComparedModels
        All models.
    plan : SplitPlan
        The folds of the training.
    settings : Settings
        Its settings.

    Returns
    -------
    int
    """
    estimators = TASKS[settings.task].estimators
    return sum(
        count_search_fits(own, estimators[estimator], len(fold.inner))
        for name in models.names
        for fold in folds_of_model(name, models, plan, settings)
        for estimator, own in model_grid(name, models).items()
    )


def count_scoring(models: ComparedModels, plan: SplitPlan, settings: Settings) -> int:
    """Count the fits that score all models, and the final one.

    Parameters
    ----------
    models : ComparedModels
        All models.
    plan : SplitPlan
        The folds of the training.
    settings : Settings
        Its settings.

    Returns
    -------
    int
        One for each model and outer fold, also where models share fits.
    """
    rows = {row for name in models.names for row in (name, *model_grid(name, models))}
    n_final = 0 if scored_fit_is_final(models, plan, settings) else 1
    return n_final + len(rows) * len(plan.outer)


def make_fold_recipes(
    fits: Fits,
    problem: Problem,
    models: ComparedModels,
    plan: SplitPlan,
    settings: Settings,
    is_late: Callable[[], bool] | None = None,
) -> FoldRecipes:
    """Make the recipes of all models.

    A model that is named beside ``auto`` has its own parameters; the row of this estimator is then
    not that of the parameters that ``auto`` selects for it.

    Parameters
    ----------
    fits : Fits
        Workers.
    problem : Problem
        The rows.
    models : ComparedModels
        All models.
    plan : SplitPlan
        The folds of the training.
    settings : Settings
        Its settings.
    is_late : callable, optional
        Whether the time for the search is over; see `featkit.models.search.search`.

    Returns
    -------
    FoldRecipes
    """
    outer: list[dict[str, Recipe]] = [{} for _ in plan.outer]
    selection: dict[str, list[FitSummary]] = {}
    final: Recipe | None = None
    last_compared: int | None = None
    for name in models.names:
        folds = folds_of_model(name, models, plan, settings)
        selections = make_recipes(
            fits,
            problem,
            folds,
            model_grid(name, models),
            settings,
            has_auto=name == AUTO,
            is_late=is_late,
        )
        if name == AUTO:
            last_compared = selections[0].last_compared
        if name == models.kept:
            final = selections[-1].recipes[name]
        selections = selections[: len(plan.outer)]
        for all_own, selected in zip(outer, selections, strict=True):
            own = selected.recipes
            own_rows = {row: recipe for row, recipe in own.items() if row not in models.named}
            all_own |= own_rows if name == AUTO else own
        spent = [one for selected in selections for one in selected.fits]
        for row in selections[0].recipes:
            if name != AUTO or row not in models.named:
                selection[row] = [one for one in spent if row in (AUTO, one.model)]
    assert final is not None  # the first name is kept
    return FoldRecipes(outer, final, selection, last_compared)


def predict_test_rows(
    fits: Fits,
    problem: Problem,
    plan: SplitPlan,
    recipes: FoldRecipes,
    *,
    final: str | None = None,
) -> HeldOutPredictions:
    """Fit all models on the training rows of each outer fold, and predict its test rows.

    Parameters
    ----------
    fits : Fits
        Workers.
    problem : Problem
        The rows.
    plan : SplitPlan
        The folds of the training.
    recipes : FoldRecipes
        The recipes of all models.
    final : str, optional
        Model whose fitted pipeline is returned; see `scored_fit_is_final`.

    Returns
    -------
    HeldOutPredictions
    """
    names = list(recipes.outer[0])
    distinct = [
        distinct_fits({name: recipe.candidate for name, recipe in own.items()})
        for own in recipes.outer
    ]
    last = None if final is None else recipes.outer[0][final].candidate
    wanted = [
        Fit(candidate, fold.train, fold.test, fold.name, True, candidate == last)
        for fold, own in zip(plan.outer, distinct, strict=True)
        for candidate in own.candidates
    ]
    start = len(fits.summaries)
    counts = [count for own in distinct for count in own.counts]
    P = list(fits.probabilities(wanted, "scoring", counts))
    summaries = fits.summaries[start:]
    ends = np.cumsum([len(own.candidates) for own in distinct]).tolist()
    parts = [
        (own, slice(end - len(own.candidates), end))
        for own, end in zip(distinct, ends, strict=True)
    ]
    output = {
        name: np.concatenate([own.predictions(name, P[place]) for own, place in parts])
        for name in names
    }
    task = TASKS[problem.task]
    output[BASELINE] = np.concatenate(
        [task.baseline(problem, fold.train, len(fold.test)) for fold in plan.outer]
    )
    effort = {
        name: total_effort(
            recipes.selection[name], [own.summary(name, summaries[place]) for own, place in parts]
        )
        for name in names
    }
    return HeldOutPredictions(
        output,
        _with_recipes(output, plan, recipes.outer),
        effort,
        [one.curve for one in summaries if one.curve is not None],
        next((one.pipeline for one in summaries if one.pipeline is not None), None),
    )


def _with_recipes(
    output: Mapping[str, Array], plan: SplitPlan, recipes: Sequence[Mapping[str, Recipe]]
) -> dict[str, Array]:
    """The output of each model, with the recipe of each fold applied; the baseline has none."""
    ends = np.cumsum([len(fold.test) for fold in plan.outer])[:-1]
    P = dict(output)
    for name in recipes[0]:
        parts = zip(recipes, np.split(output[name], ends), strict=True)
        P[name] = np.concatenate([own[name].probabilities(part) for own, part in parts])
    return P


class FitCounter:
    """Counts finished fits, and reports them together with the epochs of running ones.

    Parameters
    ----------
    progress : callable or None
        Receives a `featkit.Progress`, whose note is the step.
    """

    def __init__(self, progress: ProgressCallback | None) -> None:
        self._activity = Activity("training", "fits", progress)
        self._total, self._done = 0, 0
        self._lock = threading.Lock()  # epochs are reported by another thread

    def expect(self, n_left: int) -> None:
        """Change the number of fits that are left.

        Parameters
        ----------
        n_left : int
            Fits to come.
        """
        self._total = self._done + n_left

    def fitted(self, step: str) -> None:
        """Count a fit.

        Parameters
        ----------
        step : str
            Name of the step.
        """
        self._done += 1
        self.show(step)

    def show(self, step: str) -> None:
        """Report the current step, without counting.

        Parameters
        ----------
        step : str
            Name of the step.
        """
        with self._lock:
            self._activity.report(self._done, self._total, step)
