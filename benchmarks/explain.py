"""How long an explanation takes, beside shap's own, and whether its values are shap's.

    python benchmarks/explain.py [--rows N] [--jobs N]

1,000 rows, 75 columns, ten classes; every row explained by a model that has not seen it.
"""

from __future__ import annotations

import argparse
import dataclasses
import time

import _common  # before NumPy: it sets one thread
import numpy as np
import pandas as pd
import shap
from sklearn.datasets import make_classification

import featkit
from featkit.explanation import explain
from featkit.models import pipeline
from featkit.models.estimator import names
from featkit.report import page
from featkit.table.feature_table import FeatureTable

COLUMNS, CLASSES = 75, 10

TREES = 500
"""In a forest: more than featkit's own has, as many as people have."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1000, help="rows of the table (1000)")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes (2)")
    options = parser.parse_args()
    both = made_up(2 * options.rows)
    table, other = (both.rows(np.arange(options.rows) + k) for k in (0, options.rows))
    show_all(table, options.jobs)
    show_forest(table, other, options.jobs)


def made_up(rows: int) -> FeatureTable:
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


def show_all(table: FeatureTable, jobs: int) -> None:
    """Print the seconds of one explanation with each estimator."""
    rows = []
    for name in names():
        result = featkit.train(table, model=name, n_jobs=jobs)
        begin = time.perf_counter()
        found = explain(result.model, table, n_jobs=jobs)
        took = time.perf_counter() - begin
        begin = time.perf_counter()
        size = len(page.page(model=result.model, explanation=found, table=table)) / 2**20
        page_seconds = time.perf_counter() - begin
        residual = np.abs(found.residual).max() / np.abs(found.output).max()
        row = [name, f"{took:.1f}", str(len(found)), found.scale, f"{residual:.1e}"]
        row += [f"{page_seconds:.1f}", f"{size:.1f}"]
        rows.append(row)
    _common.show(
        f"{len(table)} rows, {COLUMNS} columns, {CLASSES} classes: one explanation with featkit's"
        " own settings, the models of the folds fitted again",
        ["model", "s", "rows", "scale", "residual / output", "page, s", "page, MB"],
        rows,
    )


def show_forest(table: FeatureTable, other: FeatureTable, jobs: int) -> None:
    """Print the seconds of a forest of many trees on a held-out table, beside one call of shap."""
    fitted = pipeline("random_forest", n_estimators=TREES).fit(table.values, table.column("label"))
    model = featkit.train(table, model="random_forest", n_jobs=jobs).model
    model = dataclasses.replace(model, pipeline=fitted)
    begin = time.perf_counter()
    found = explain(model, other, budget=np.inf, n_jobs=jobs)
    ours = time.perf_counter() - begin
    begin = time.perf_counter()
    explainer = shap.TreeExplainer(fitted.named_steps["model"])
    values = explainer.shap_values(other.values, check_additivity=False)
    theirs = time.perf_counter() - begin
    _common.show(
        f"A forest of {TREES} trees, {len(other)} rows that it has not seen",
        ["how", "s", "faster by", "largest difference"],
        [
            ["shap.TreeExplainer, one call", f"{theirs:.1f}", "1.0", ""],
            [
                f"featkit.explain, {jobs} workers",
                f"{ours:.1f}",
                f"{theirs / ours:.2f}",
                f"{np.abs(found.values - values).max():.1e}",
            ],
        ],
    )


if __name__ == "__main__":
    main()
