"""Calibration of the models on EmoDB, by speaker: errors before and after, by each method.

    python benchmarks/calibration.py FOLDER [--table FILE] [--all] [--jobs N]

FOLDER holds EmoDB: the first two characters of a file name are the speaker, and the sixth is the
emotion. Calibrators are fitted on inner folds by speaker, and scored on outer folds by speaker.
With --all, the slower models are included. --table keeps the features for another run. The exit
status is 1 if the mean expected calibration error of the models is more than half of the mean
without calibration, or if calibration increases the log loss of a model. The expected calibration
error is above 0 by chance even if all probabilities are right; its mean is in the table.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import _common  # before NumPy, since it sets the number of threads
import numpy as np

import featkit
from featkit.executors.opening import local_executor
from featkit.models.calibration import METHODS, fit_calibrator
from featkit.models.estimator import Candidate
from featkit.models.fitting import Fit, Fits
from featkit.models.outer_folds import SplitPlan, plan_splits
from featkit.models.preparation import prepare_problem
from featkit.models.problem import Problem
from featkit.models.recipes import Recipe, make_recipes
from featkit.models.reliability import calibration
from featkit.models.score_types import Calibration, MetricValues
from featkit.models.scores import metric_values
from featkit.models.settings import Settings

FAST_MODELS = ("logistic", "sgd", "svm")
SLOW_MODELS = ("random_forest", "xgboost")

UNCALIBRATED = "none"

MAX_ERROR_RATIO = 0.5
"""Largest mean expected calibration error of the models by ``auto``, relative to the uncalibrated.
"""

N_DRAWS = 100
"""Draws of labels from the probabilities, for the error by chance."""

MAX_LOSS_RATIO = 1.0
"""Largest log loss of a model, relative to the uncalibrated."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="EmoDB")
    parser.add_argument("--table", help="Parquet file of its features; made if it does not exist")
    parser.add_argument("--all", action="store_true", help="also the slower models")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes (2)")
    options = parser.parse_args()
    table = emotions(options.folder, options.table, options.jobs)
    models = (*FAST_MODELS, *SLOW_MODELS) if options.all else FAST_MODELS
    settings = Settings(group="speaker", calibrate="auto", model=models[0])
    problem = prepare_problem(table, settings)
    plan = plan_splits(problem, settings)
    rows, before_errors, errors, losses = [], [], [], []
    for model in models:
        begin = time.perf_counter()
        scores = calibrated_scores(problem, plan, settings, model, options.jobs)
        took = time.perf_counter() - begin
        before, after = scores[UNCALIBRATED], scores["auto"]
        before_errors.append(before[1].expected_error)
        errors.append(after[1].expected_error)
        losses.append(after[0].log_loss / before[0].log_loss)
        rows += [
            [model if method == UNCALIBRATED else "", method, *values(*own)]
            for method, own in scores.items()
        ]
        print(f"{model}: {took:.0f} s", file=sys.stderr)
    _common.print_table(
        f"EmoDB, {len(problem)} rows, {plan.protocol}, standard, default parameters",
        [
            "model",
            "calibration",
            "ECE",
            "by chance",
            "classwise ECE",
            "Brier",
            "log loss",
            "accuracy",
        ],
        rows,
    )
    ratio = sum(errors) / sum(before_errors)
    targets = [
        _common.Target("ratio of the mean errors", ratio, at_most=MAX_ERROR_RATIO),
        _common.Target("largest ratio of log losses", max(losses), at_most=MAX_LOSS_RATIO),
    ]
    sys.exit(_common.any_missed(targets))


def emotions(folder: str, file: str | None, jobs: int) -> featkit.FeatureTable:
    """The features of EmoDB, with emotion and speaker."""
    if file is not None and Path(file).exists():
        return featkit.FeatureTable.read(file, keys=["label", "speaker"])
    table = featkit.extract(folder, features="standard", n_jobs=jobs).table
    names = [Path(str(path)).name for path in table.keys["path"]]
    data = table.data.assign(
        label=[name[5] for name in names], speaker=[name[:2] for name in names]
    )
    if file is not None:
        data.to_parquet(file)
    return featkit.FeatureTable.of(data, keys=["label", "speaker"])


def calibrated_scores(
    problem: Problem, plan: SplitPlan, settings: Settings, model: str, jobs: int
) -> dict[str, tuple[MetricValues, Calibration, float]]:
    """Scores of the test rows without calibration, by each method, and by ``auto``."""
    fits = Fits(problem, settings, executor=local_executor(jobs), fitted=lambda step: None)
    candidate = Candidate(model)
    recipes = make_recipes(fits, problem, plan.outer, {model: [candidate]}, settings)
    tasks = [Fit(candidate, fold.train, fold.test) for fold in plan.outer]
    output = list(fits.probabilities(tasks, "scoring"))
    y = problem.y[plan.test_rows]
    scores = {}
    for method in (UNCALIBRATED, *METHODS, "auto"):
        parts = [
            calibrated(problem, own[model], method, P)
            for own, P in zip(recipes, output, strict=True)
        ]
        P = np.concatenate(parts)
        metrics, own = (score(y, P, problem.classes) for score in (metric_values, calibration))
        scores[method] = metrics, own, error_by_chance(P, problem.classes)
    return scores


def error_by_chance(P: _common.Array, classes: list[str]) -> float:
    """The mean expected calibration error of labels that are drawn from the probabilities."""
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(N_DRAWS):
        drawn = (rng.random((len(P), 1)) > P.cumsum(axis=1)).sum(axis=1)
        y = np.array(classes)[np.minimum(drawn, len(classes) - 1)]
        errors.append(calibration(y, P, classes).expected_error)
    return float(np.mean(errors))


def calibrated(problem: Problem, recipe: Recipe, method: str, P: _common.Array) -> _common.Array:
    """Probabilities, calibrated by a method that is fitted on the inner folds of the recipe."""
    held_out = recipe.out_of_fold
    if method == UNCALIBRATED or held_out is None:
        return P
    y, groups = problem.y[held_out.rows], problem.groups[held_out.rows]
    fitted = fit_calibrator(method, held_out.P, y, problem.classes, groups)
    return P if fitted is None else fitted.apply(P)


def values(metrics: MetricValues, own: Calibration, by_chance: float) -> list[str]:
    """The numbers of a row of the table."""
    numbers = [own.expected_error, by_chance, own.classwise_error, own.brier, metrics.log_loss]
    return [f"{number:.3f}" for number in [*numbers, metrics.accuracy]]


if __name__ == "__main__":
    main()
