"""Time of explanations compared with shap, and differences of the values.

    python benchmarks/explain.py [--rows N] [--jobs N] [--forest | --svm]

1,000 rows, 57 columns, ten classes. Every row is explained by a model that was not trained on it.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import pandas as pd
import shap
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeRegressor

import featkit
from featkit.explanation import explain
from featkit.explanation._permutations import REPETITIONS
from featkit.explanation._shap_values import sampled
from featkit.models import pipeline
from featkit.models.estimator import ESTIMATORS
from featkit.models.tree_shap import _compiled_pass
from featkit.models.tree_shap.values import shap_values
from featkit.report import page
from featkit.table.feature_table import FeatureTable

COLUMNS, CLASSES = 57, 10

DEPTHS = (5, 10, 20, 40)
"""Levels of trees."""

MAX_SECONDS = 5.0
"""Bar for one row of a support vector machine of `STANDARD_COLUMNS` columns and ten classes."""

STANDARD_ROWS, STANDARD_COLUMNS = 400, 542
"""Training rows, and columns of the feature set ``standard``."""


def main() -> bool:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1000, help="rows of the table (1000)")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes (2)")
    parser.add_argument("--forest", action="store_true", help="only the forest and deep trees")
    parser.add_argument("--svm", action="store_true", help="only one row of a machine")
    options = parser.parse_args()
    if options.svm:
        return _common.any_missed(time_machine())
    both = synthetic_table(2 * options.rows)
    table, other = (both.rows(np.arange(options.rows) + k) for k in (0, options.rows))
    if not options.forest:
        time_estimators(table, options.jobs)
    time_forest(table, other, options.jobs)
    time_depths()
    return not options.forest and _common.any_missed(time_machine())


def synthetic_table(rows: int) -> FeatureTable:
    X, y = make_classification(
        rows,
        COLUMNS,
        n_informative=20,
        n_classes=CLASSES,
        n_clusters_per_class=1,
        random_state=0,
    )
    data = pd.DataFrame(X, columns=[f"column{k}" for k in range(COLUMNS)])
    data.insert(0, "path", [f"{k:04d}.wav" for k in range(rows)])
    return FeatureTable.of(data.assign(label=[f"class{k}" for k in y]))


def time_estimators(table: FeatureTable, jobs: int) -> None:
    """Print the time of one explanation for each estimator."""
    rows = []
    for name in ESTIMATORS:
        result = featkit.train(table, model=name, n_jobs=jobs)
        begin = time.perf_counter()
        explanation = explain(result.model, table, n_jobs=jobs)
        took = time.perf_counter() - begin
        begin = time.perf_counter()
        size = len(page.page(model=result.model, explanation=explanation, table=table)) / 2**20
        page_seconds = time.perf_counter() - begin
        residual = np.abs(explanation.residual).max() / np.abs(explanation.output).max()
        row = [name, f"{took:.1f}", str(len(explanation)), explanation.scale, f"{residual:.1e}"]
        row += [f"{page_seconds:.1f}", f"{size:.1f}"]
        rows.append(row)
    _common.print_table(
        f"{len(table)} rows, {COLUMNS} columns, {CLASSES} classes: one explanation with the"
        " default settings, including the fits of the fold models",
        ["model", "s", "rows", "scale", "residual / output", "page, s", "page, MB"],
        rows,
    )


def time_forest(table: FeatureTable, other: FeatureTable, jobs: int) -> None:
    """Print the times of featkit and of one call of shap for a forest on held-out rows."""
    fitted = pipeline("random_forest").fit(table.values, table.column("label"))
    model = featkit.train(table, model="random_forest", n_jobs=jobs).model
    model = dataclasses.replace(model, pipeline=fitted)
    forest = fitted.named_steps["model"]

    def with_shap() -> np.ndarray:
        explainer = shap.TreeExplainer(forest)
        return explainer.shap_values(other.values, check_additivity=False)

    def with_featkit(workers: int) -> np.ndarray:
        return explain(model, other, budget=np.inf, n_jobs=workers).values

    def without_core() -> np.ndarray:
        core, _compiled_pass.core = _compiled_pass.core, None
        try:
            return with_featkit(1)
        finally:
            _compiled_pass.core = core

    calls = {
        "shap.TreeExplainer, one call": with_shap,
        f"featkit.explain, {jobs} workers": lambda: with_featkit(jobs),
        "featkit.explain, one process": lambda: with_featkit(1),
        "the same without the compiled core": without_core,
    }
    results = {name: timed(call) for name, call in calls.items()}
    expected, *seconds = results["shap.TreeExplainer, one call"]
    rows = []
    for name, (values, wall, processor) in results.items():
        row = [name, f"{wall:.1f}", f"{seconds[0] / wall:.1f}", f"{processor:.1f}"]
        difference = np.abs(values - expected).max()
        rows.append([*row, f"{seconds[1] / processor:.1f}", f"{difference:.1e}"])
    _common.print_table(
        f"A forest of {forest.n_estimators} trees, {len(other)} held-out rows",
        ["program", "s", "times shap", "processor, s", "times shap", "largest difference"],
        rows,
    )


def timed(call: Callable[[], np.ndarray]) -> tuple[np.ndarray, float, float]:
    """The result of a call, its seconds, and the processor time of this process."""
    begin, processor = time.perf_counter(), time.process_time()
    values = call()
    return values, time.perf_counter() - begin, time.process_time() - processor


def time_depths() -> None:
    """Print the time per leaf and row of trees that test another column at each level."""
    rows = []
    for depth in DEPTHS:
        X = np.concatenate([np.eye(depth + 1), np.eye(depth + 1, k=1)])
        tree = DecisionTreeRegressor(random_state=0).fit(X, np.arange(len(X)) % (depth + 1))
        many = np.tile(X, (1 + 2000 // len(X), 1))
        _, _, own = timed(lambda tree=tree, many=many: shap_values([tree.tree_] * 20, many)[0])
        explainer = shap.TreeExplainer(tree, feature_perturbation="tree_path_dependent")
        _, _, other = timed(
            lambda explainer=explainer, many=many: explainer.shap_values(
                many, check_additivity=False
            )
        )
        leaf_rows = len(many) * tree.get_n_leaves()
        times = [1e9 * own / 20 / leaf_rows, 1e9 * other / leaf_rows]
        rows.append([str(tree.get_depth()), *(f"{time:.0f}" for time in times)])
    _common.print_table(
        "Trees that test another column at each level: nanoseconds per leaf and row",
        ["levels", "featkit", "shap"],
        rows,
    )


def time_machine() -> list[_common.Target]:
    """Print time and error of one row of a support vector machine, beside shap's sampling.

    shap follows four orders of the columns and their reverses for all background rows, as many
    evaluations as featkit, which gives each background row orders of its own.
    """
    X, y = make_classification(
        STANDARD_ROWS, STANDARD_COLUMNS, n_informative=20, n_classes=CLASSES, random_state=0
    )
    fitted = pipeline("svm").fit(X[30:], y[30:].astype(str))
    background, row = X[30:60], X[:1]
    own, seconds, _ = timed(lambda: sampled(fitted, "svm", row, background, seed=0))
    masker = shap.maskers.Independent(background)

    def with_shap() -> np.ndarray:
        """Four independent estimates, ``(orders, columns, classes)``."""
        state = np.random.get_state()  # shap seeds NumPy's global generator
        estimates = [
            shap.PermutationExplainer(fitted.predict_proba, masker, seed=k)(
                row, max_evals=2 * STANDARD_COLUMNS + 1, silent=True
            ).values[0]
            for k in range(REPETITIONS)
        ]
        np.random.set_state(state)
        return np.stack(estimates)

    estimates, other_seconds, _ = timed(with_shap)
    other_error = estimates.std(axis=0, ddof=1) / np.sqrt(REPETITIONS)
    distance = own.contributions.values[0] - estimates.mean(axis=0)
    scatter = np.sqrt(np.mean(distance**2) / np.mean(own.error**2 + other_error**2))
    rows = [
        [name, f"{took:.2f}", f"{np.sqrt(np.mean(error**2)):.1e}"]
        for name, took, error in (
            ("featkit", seconds, own.error),
            ("shap.PermutationExplainer", other_seconds, other_error),
        )
    ]
    _common.print_table(
        f"One row, {STANDARD_COLUMNS} columns, {CLASSES} classes,"
        f" {len(fitted[-1].svc_.support_vectors_)} support vectors; the values differ by"
        f" {scatter:.2f} joint standard errors (root mean square)",
        ["program", "s", "standard error"],
        rows,
    )
    return [
        _common.Target(
            "seconds for one row of a support vector machine", seconds, at_most=MAX_SECONDS
        ),
        _common.Target("difference to shap in joint standard errors", scatter, at_most=2.0),
    ]


if __name__ == "__main__":
    sys.exit(main())
