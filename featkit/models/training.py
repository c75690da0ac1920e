"""Training: model selection on inner folds, scores on outer folds, and the final model."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.models._likely_groups import by_likely_group, group_warnings, plan_by_likely_group
from featkit.models.estimator import AUTO, ESTIMATORS, Candidate, candidates, check_candidate
from featkit.models.fitting import Fit, Fits
from featkit.models.model import Model
from featkit.models.outer_folds import OuterFold, SplitPlan, plan_splits, row_wise_folds
from featkit.models.preparation import prepare_problem
from featkit.models.problem import Problem
from featkit.models.recording_conditions import conditions_warnings, recording_conditions
from featkit.models.result import (
    BASELINE,
    Result,
    compare_row_split,
    evaluate_conditions,
    evaluate_plan,
    prediction_table,
    training_metadata,
)
from featkit.models.scores import balanced_log_loss, calibration_warnings
from featkit.models.settings import Settings
from featkit.models.training_tables import dataset_names
from featkit.table.label_map import LabelMap, as_label_map

if TYPE_CHECKING:
    from featkit.models.training_tables import Tables

CandidateGrid = Mapping[str, Sequence[Candidate]]
"""Candidates of each estimator."""

ProgressCallback = Callable[[int, int, str], None]
"""``progress(done, total, step)``, called after each fit."""


def train(
    table: Tables,
    *,
    label: str = "label",
    group: str | None = None,
    fold: str | None = None,
    folds: int | None = None,
    split: str | None = None,
    shares: Sequence[float] | None = None,
    split_by_row: bool = False,
    model: str = AUTO,
    parameters: Mapping[str, Any] | None = None,
    select: int | None = None,
    exclude: Sequence[str] = (),
    include: Sequence[str] = (),
    label_map: LabelMap | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    leave_one_dataset_out: bool = False,
    seed: int = 0,
    n_jobs: int | None = 1,
    progress: ProgressCallback | None = None,
) -> Result:
    """Train a model, and score it on rows that it was not trained on.

    Parameters
    ----------
    table : FeatureTable, pandas.DataFrame, path, sequence of paths, or mapping
        Features, with a label for each row. In a DataFrame, or a file that featkit did not write,
        all columns of numbers are features, except those named here. In a table with featkit's
        columns only these are features; a warning lists the others. Several tables with the same
        features are joined: a sequence of files, whose names without suffix are the names of the
        datasets, or a mapping of dataset names to tables. The same path or group in two datasets
        denotes two recordings or groups.
    label : str
        Column of the classes.
    group : str, optional
        Column of groups that no split may divide, such as artist or speaker. Rows of one recording
        (``path``) always stay together. ``"stem(name, 1-3)"`` takes the first three fields of the
        names in column ``name``, and ``"folder(path)"`` the part before the last slash: see
        `featkit.table.name_stems`. Without a group, columns and names that may denote groups are
        searched for, and a warning gives the score of a split by them.
    fold, split : str, optional
        Column of published folds, or of ``train``, ``validation`` and ``test``.
    folds : int, optional
        Number of folds to make, from 2; by default 5.
    shares : sequence of float, optional
        Shares of train, validation and test, as in ``(60, 20, 20)``, or of train and test.
    split_by_row : bool
        Whether the split may divide recordings and groups, for comparison with scores that were
        computed in this way; gives a warning.
    model : str
        Name of an estimator, which is used with its default parameters; or ``"auto"``, which
        selects estimator and parameters within each fold, by the log loss with classes of equal
        weight.
    parameters : mapping of str to number, optional
        Parameters of the named estimator, such as ``{"n_estimators": 500}``.
    select : int, optional
        Number of columns that feature selection keeps within each fold.
    exclude : sequence of str
        Columns that are not features.
    include : sequence of str
        Columns that are features although they reveal the class, number the rows or are named like
        identifiers. Other such columns are left out, with a warning.
    label_map : LabelMap, mapping or path, optional
        Common labels of the datasets: a file, or the same content as a dict; see
        `featkit.table.label_map`.
    leave_one_dataset_out : bool
        Whether each dataset is one outer fold, which is scored by a model that was trained on the
        others. The datasets are several tables, or the values of a column ``dataset``.
    seed : int
        Seed of all random choices, from 0 to 2**32 - 1.
    n_jobs : int, optional
        Number of worker processes; None for one per processor.
    progress : callable, optional
        ``progress(done, total, step)`` is called after each fit.

    Returns
    -------
    Result
        With ``scores``, ``model`` and ``predictions``. If the table has quality columns,
        ``scores["conditions"]`` shows how well they predict the label without any feature. If they
        do so clearly better than chance, the first warning reports it.

    Raises
    ------
    ParameterError
        If a column is missing, a class has too few groups, or a parameter is invalid.
    TableError
        If the table is invalid: an infinite value, or a published split that divides a group.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> label = np.repeat(["low", "high"], 20)
    >>> pitch = np.where(label == "low", 100, 200) + rng.normal(0, 10, 40)
    >>> result = train(pd.DataFrame({"label": label, "pitch": pitch}), model="logistic")
    >>> result.scores["models"]["logistic"]["accuracy"]["value"]
    1.0
    >>> result.scores["models"]["baseline"]["accuracy"]["value"]
    0.5
    """
    settings = Settings(
        label=label,
        group=group,
        fold=fold,
        folds=folds,
        split=split,
        shares=shares,
        split_by_row=split_by_row,
        model=model,
        parameters=parameters,
        select=select,
        exclude=exclude,
        include=include,
        label_map=as_label_map(label_map) if label_map is not None else None,
        datasets=dataset_names(table),
        leave_one_dataset_out=leave_one_dataset_out,
        seed=seed,
    )
    grid = _candidate_grid(model, settings.parameters or {})
    problem = prepare_problem(table, settings)
    plan = plan_splits(problem, settings)
    row_wise = row_wise_folds(problem, plan, seed=settings.seed)
    likely = plan_by_likely_group(problem, settings)
    conditions = recording_conditions(problem.table)
    n_compared = len(row_wise) + (len(likely.plan.outer) if likely else 0)
    n_conditions = 0 if conditions is None else 1
    fitted = _progress_counter(progress, plan, grid, n_compared, n_conditions)

    fits = Fits(problem, settings, n_jobs=n_jobs, fitted=fitted)
    *selected, final = _select_candidates(fits, problem, [*plan.outer, plan.final], grid)
    P = _test_probabilities(fits, problem, plan, selected)
    chosen = {fold.name: best[model] for fold, best in zip(plan.outer, selected, strict=True)}
    candidate = final[model]
    evaluation = evaluate_plan(problem, plan, P, model, chosen)
    grouped_P = P[model]
    if n_compared and model == AUTO:  # splits are compared with the same candidate in every fold
        grouped_P = _candidate_probabilities(fits, candidate, plan.outer, "scoring")
    by_row = by_group = None
    if row_wise:
        row_wise_P = _candidate_probabilities(fits, candidate, row_wise, "splitting by row")
        by_row = compare_row_split(problem, plan, grouped_P, row_wise, row_wise_P, candidate)
    if likely:
        likely_fits = Fits(likely.problem, settings, n_jobs=n_jobs, fitted=fitted)
        step = "splitting by likely groups"
        likely_P = _candidate_probabilities(likely_fits, candidate, likely.plan.outer, step)
        by_group = by_likely_group(likely, plan, grouped_P, likely_P, candidate)
    conditions_scores = None
    if conditions is not None:
        conditions_scores = evaluate_conditions(problem, plan, conditions, seed=seed)
        fitted("scoring recording conditions")
    (pipeline,) = fits.pipelines([(candidate, plan.final.train)])
    evaluation = replace(
        evaluation,
        datasets=problem.dataset_rows,
        likely_groups=problem.likely_groups,
        by_group=by_group,
        by_row=by_row,
        conditions=conditions_scores,
        warnings=[
            *conditions_warnings(conditions_scores),
            *group_warnings(problem.likely_groups, by_group),
            *problem.warnings,
            *fits.warnings,
            *calibration_warnings(evaluation.calibration),
        ],
    )
    return Result(
        evaluation=evaluation,
        model=Model(
            pipeline=pipeline,
            name=candidate.name,
            classes=[str(name) for name in pipeline.classes_],
            columns=problem.columns,
            provenance=problem.table.provenance,
            training_metadata=training_metadata(problem, plan, settings, chosen, candidate),
            evaluation=evaluation,
        ),
        predictions=prediction_table(problem, plan, P[model]),
    )


def _candidate_grid(model: str, parameters: Mapping[str, Any]) -> CandidateGrid:
    if model == AUTO:
        return {name: candidates(name) for name in ESTIMATORS}
    if model not in ESTIMATORS:
        raise ParameterError(unknown("model", model, [AUTO, *ESTIMATORS]))
    candidate = Candidate(model, parameters)
    check_candidate(candidate)
    return {model: [candidate]}


def _progress_counter(
    progress: ProgressCallback | None,
    plan: SplitPlan,
    grid: CandidateGrid,
    n_compared: int,
    n_conditions: int,
) -> Callable[[str], None]:
    """The function to call after each fit, where `n_compared` fits compare splits.

    `n_conditions` is 1 if recording conditions are scored, otherwise 0.
    """
    n_candidates = sum(map(len, grid.values()))
    n_inner = n_candidates * sum(len(fold.inner) for fold in [*plan.outer, plan.final])
    n_repeated = len(plan.outer) if n_compared and len(grid) > 1 else 0
    total = n_inner + len(plan.outer) * len(grid) + n_repeated + n_compared
    total += n_conditions + 1
    done = iter(range(1, total + 1))

    def fitted(step: str) -> None:
        if progress:
            progress(next(done), total, step)

    return fitted


def _select_candidates(
    fits: Fits, problem: Problem, folds: Sequence[OuterFold], grid: CandidateGrid
) -> list[dict[str, Candidate]]:
    """For each fold, the best candidate of each estimator on the inner folds, and of all."""
    all_candidates = [candidate for tried in grid.values() for candidate in tried]
    tasks = [
        Fit(candidate, train, validation)
        for fold in folds
        for candidate in all_candidates
        for train, validation in fold.inner
    ]
    losses = (
        balanced_log_loss(problem.y[task.test], P, problem.classes)
        for task, P in zip(tasks, fits.probabilities(tasks, "selecting"), strict=True)
    )
    return [
        _best_candidates(grid, [_mean(losses, len(fold.inner)) for _ in all_candidates])
        for fold in folds
    ]


def _mean(values: Iterator[float], count: int) -> float:
    """Mean of the next `count` values; 0 if `count` is 0."""
    return sum(next(values) for _ in range(count)) / max(count, 1)


def _best_candidates(grid: CandidateGrid, losses: Sequence[float]) -> dict[str, Candidate]:
    """The candidate with the least loss; if several are equal, the first: grids begin with the
    default.

    `losses` has one value for each candidate of the grid.
    """
    next_loss = iter(losses)
    best: dict[str, tuple[float, Candidate]] = {}
    for name, tried in grid.items():
        pairs = [(next(next_loss), candidate) for candidate in tried]
        best[name] = min(pairs, key=lambda pair: pair[0])
    if len(grid) > 1:
        best[AUTO] = min(best.values(), key=lambda pair: pair[0])
    return {name: candidate for name, (_, candidate) in best.items()}


def _test_probabilities(
    fits: Fits, problem: Problem, plan: SplitPlan, selected: Sequence[Mapping[str, Candidate]]
) -> dict[str, Array]:
    """Probabilities of each model for the test rows of all outer folds, one after the other."""
    estimators = [name for name in selected[0] if name != AUTO]
    tasks = [
        Fit(best[name], fold.train, fold.test)
        for fold, best in zip(plan.outer, selected, strict=True)
        for name in estimators
    ]
    results = fits.probabilities(tasks, "scoring")
    parts: dict[str, list[Array]] = {}
    for fold, best in zip(plan.outer, selected, strict=True):
        P = {name: next(results) for name in estimators}
        if AUTO in best:
            P[AUTO] = P[best[AUTO].name]
        P[BASELINE] = _class_shares(problem, len(fold.test))
        for name in P:
            parts.setdefault(name, []).append(P[name])
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}


def _class_shares(problem: Problem, n_rows: int) -> Array:
    """Shares of the classes in the whole table, for each of some rows.

    If classes are equally common, the most common class of the training rows is the rarest of the
    test rows. With shares of the training rows, the baseline would be worse than chance.
    """
    shares = [np.mean(problem.y == name) for name in problem.classes]
    return np.tile(shares, (n_rows, 1))


def _candidate_probabilities(
    fits: Fits, candidate: Candidate, folds: Sequence[OuterFold], step: str
) -> Array:
    """Probabilities of one candidate for the test rows of all folds, one after the other."""
    tasks = [Fit(candidate, fold.train, fold.test) for fold in folds]
    return np.concatenate(list(fits.probabilities(tasks, step)))
