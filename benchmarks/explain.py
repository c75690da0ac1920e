"""Time of explanations compared with shap, and differences of the values.

    python benchmarks/explain.py [--rows N] [--jobs N]

1,000 rows, 75 columns, ten classes. Every row is explained by a model that was not trained on it.
"""

from __future__ import annotations

import argparse
import dataclasses
import time

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import pandas as pd
import shap
from sklearn.datasets import make_classification

import featkit
from featkit.explanation import explain
from featkit.models import pipeline
from featkit.models.estimator import ESTIMATORS
from featkit.report import page
from featkit.table.feature_table import FeatureTable

COLUMNS, CLASSES = 75, 10

TREES = 500
"""Trees of a forest: more than the default of featkit, a common number."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1000, help="rows of the table (1000)")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes (2)")
    options = parser.parse_args()
    both = synthetic_table(2 * options.rows)
    table, other = (both.rows(np.arange(options.rows) + k) for k in (0, options.rows))
    time_estimators(table, options.jobs)
    time_forest(table, other, options.jobs)


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
    """Print the times of featkit and of one call of shap for a large forest on held-out rows."""
    fitted = pipeline("random_forest", n_estimators=TREES).fit(table.values, table.column("label"))
    model = featkit.train(table, model="random_forest", n_jobs=jobs).model
    model = dataclasses.replace(model, pipeline=fitted)
    begin = time.perf_counter()
    explanation = explain(model, other, budget=np.inf, n_jobs=jobs)
    featkit_seconds = time.perf_counter() - begin
    begin = time.perf_counter()
    explainer = shap.TreeExplainer(fitted.named_steps["model"])
    values = explainer.shap_values(other.values, check_additivity=False)
    shap_seconds = time.perf_counter() - begin
    _common.print_table(
        f"A forest of {TREES} trees, {len(other)} held-out rows",
        ["program", "s", "faster by", "largest difference"],
        [
            ["shap.TreeExplainer, one call", f"{shap_seconds:.1f}", "1.0", ""],
            [
                f"featkit.explain, {jobs} workers",
                f"{featkit_seconds:.1f}",
                f"{shap_seconds / featkit_seconds:.2f}",
                f"{np.abs(explanation.values - values).max():.1e}",
            ],
        ],
    )


if __name__ == "__main__":
    main()
