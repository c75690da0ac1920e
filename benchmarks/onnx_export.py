"""Models in ONNX: differences, file sizes and times of all estimators, beside featkit.

    python benchmarks/onnx_export.py [TABLE] [--label C] [--group C] [--rows N]

Without TABLE, the columns are drawn at random: 75 of them, ten classes, 400 training rows. With it,
such as the features of EmoDB, its rows train the models. The test rows, 1,000 by default, are
training rows with noise, of which a fifth of all values, whole columns and whole rows are missing.
The exit status is 1 if a number differs by more than 1e-6, relative to numbers beyond 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import _common  # before NumPy, since it sets the number of threads
import numpy as np

from featkit.models.calibration import fit_calibrator
from featkit.models.estimator import pipeline
from featkit.models.label_decision import LabelDecision
from featkit.models.label_sets import label_sets
from featkit.models.model import Model
from featkit.models.onnx_export.checking import open_session
from featkit.models.onnx_export.model_graph import INPUT, onnx_model
from featkit.models.row_predictions import row_problems
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION, TASKS
from featkit.table.feature_table import FeatureTable

Array = _common.Array

MAX_DIFFERENCE = 1e-6

CALIBRATIONS = ("temperature", "sigmoid", "isotonic")

N_LABELS = 3

REPEATS = 20
"""Single rows that are timed."""


class Training(NamedTuple):
    """Training rows: columns, classes and groups."""

    X: Array
    y: Array
    groups: Array


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", nargs="?", help="features of recordings with their classes")
    parser.add_argument("--label", default="label", help="column of the classes (label)")
    parser.add_argument("--group", help="column of the groups")
    parser.add_argument("--rows", type=int, default=1000, help="test rows (1000)")
    options = parser.parse_args()
    rows = read_rows(options) if options.table else random_rows()
    X = test_rows(rows.X, options.rows)
    measured = [measure(model, X) for model in fitted_models(rows)]
    skipped: dict[str, list[str]] = {}
    for name, estimator in TASKS[CLASSIFICATION].estimators.items():
        if estimator.to_onnx is None:
            skipped.setdefault(estimator.not_exported, []).append(name)
    _common.print_table(
        f"{len(rows.X)} training rows of {rows.X.shape[1]} columns, {len(X)} test rows,"
        f" {len(np.unique(rows.y))} classes; times in microseconds per row, one thread",
        [
            "task",
            "model",
            "largest difference",
            "labels differ",
            "file, kB",
            "ONNX, 1 row",
            "featkit, 1 row",
            "ONNX, all rows",
            "featkit, all rows",
        ],
        [cells for cells, _ in measured],
    )
    for reason, names in skipped.items():
        print(f"\nnot exported: {', '.join(names)}: {reason}")
    worst = max(difference for _, difference in measured)
    target = _common.Target("largest difference", worst, at_most=MAX_DIFFERENCE)
    sys.exit(_common.any_missed([target]))


def random_rows() -> Training:
    """Ten classes that differ in a third of 75 columns."""
    rng = np.random.default_rng(0)
    y = np.arange(400) % 10
    centres = rng.normal(size=(10, 75)) * (rng.random(75) < 1 / 3)
    scales = 10.0 ** rng.uniform(-3, 5, 75)
    X = (centres[y] + rng.normal(size=(400, 75))) * scales + scales * rng.normal(0, 10, 75)
    X[rng.random(X.shape) < 0.02] = np.nan
    return Training(X, np.array([f"class {k}" for k in y]), np.arange(400) // 4)


def read_rows(options: argparse.Namespace) -> Training:
    """The rows of a table with a class."""
    keys = [options.label, *([options.group] if options.group else [])]
    table = FeatureTable.read(options.table, keys=keys)
    y = np.asarray(table.keys[options.label]).astype(np.str_)
    groups = np.asarray(table.keys[options.group]) if options.group else np.arange(len(y))
    return Training(table.matrix(table.feature_names), y, groups.astype(np.str_))


def test_rows(X: Array, count: int) -> Array:
    """Rows near the training rows, with missing values, columns and rows."""
    rng = np.random.default_rng(1)
    spread = np.nanstd(X, axis=0)
    rows = X[rng.integers(len(X), size=count)] + rng.normal(size=(count, X.shape[1])) * spread
    rows[rng.random(rows.shape) < 0.2] = np.nan
    for k in range(count // 4):
        rows[k, k % X.shape[1] :: 7] = np.nan
    rows[-5:] = np.nan
    return rows


def fitted_models(rows: Training) -> Iterator[tuple[str, Model]]:
    """Each estimator of each task, and each calibration of one that is rarely certain."""
    columns = [f"x{k}" for k in range(rows.X.shape[1])]
    classes = sorted(set(rows.y.tolist()))
    numbers = np.searchsorted(classes, rows.y)
    sets = label_sets(
        np.stack([numbers % (k + 2) == 0 for k in range(N_LABELS)], axis=1), list("abc")
    )
    targets = {
        CLASSIFICATION: (rows.y, classes),
        MULTILABEL: (sets.astype(np.str_), list("abc")),
        REGRESSION: (numbers + np.nan_to_num(rows.X[:, 0] / np.nanstd(rows.X[:, 0])), ["target"]),
    }
    for task, (y, outputs) in targets.items():
        estimators = TASKS[task].estimators
        decision = None
        if task == MULTILABEL:
            decision = LabelDecision(separator=";", thresholds=(0.3, 0.4, 0.5))
        for name in [one for one in estimators if estimators[one].to_onnx]:
            made = pipeline(name, estimators=estimators).fit(rows.X, y)
            model = Model(made, name, outputs, columns, task=task, decision=decision)
            yield name, model
            if task == CLASSIFICATION:
                for method in CALIBRATIONS if name in ("logistic", "xgboost") else ():
                    yield f"{name}, {method}", calibrated(model, rows, method)


def calibrated(model: Model, rows: Training, method: str) -> Model:
    """The model with a calibrator, fitted on out-of-fold probabilities of half of the rows."""
    half = np.random.default_rng(2).permutation(len(rows.X))[: len(rows.X) // 2]
    other = np.setdiff1d(np.arange(len(rows.X)), half)
    fitted = pipeline(model.name).fit(rows.X[other], rows.y[other])
    P = TASKS[CLASSIFICATION].predict(fitted, rows.X[half], model.classes)
    calibrator = fit_calibrator(method, P, rows.y[half], model.classes, rows.groups[half])
    return Model(model.pipeline, model.name, model.classes, model.columns, calibrator=calibrator)


def measure(named: tuple[str, Model], X: Array) -> tuple[list[str], float]:
    """The cells of a model, and its largest difference."""
    name, model = named
    content = onnx_model(model)
    session = open_session(content)
    usable = X[row_problems(X, model.columns) == ""]
    *_, output = (one.name for one in session.get_outputs())

    def run(rows: Array) -> Array:
        return np.asarray(session.run([output], {INPUT: rows})[0]).reshape(len(rows), -1)

    P = model.row_probabilities(usable)
    difference = float(np.max(np.abs(run(usable) - P) / np.maximum(1, np.abs(P))))
    if not np.isnan(run(X[row_problems(X, model.columns) != ""])).all():
        raise SystemExit(f"{name}: a row without any value has a prediction")
    alone = [usable[k : k + 1] for k in range(REPEATS)]
    times = [
        1e6 * seconds(lambda: [run(row) for row in alone]) / REPEATS,
        1e6 * seconds(lambda: [model.row_probabilities(row) for row in alone]) / REPEATS,
        1e6 * seconds(lambda: run(usable)) / len(usable),
        1e6 * seconds(lambda: model.row_probabilities(usable)) / len(usable),
    ]
    cells = [
        model.task,
        name,
        f"{difference:.1e}",
        "" if model.task == REGRESSION else str(decisions_that_differ(session, model, usable, P)),
        f"{len(content) / 1000:,.0f}",
        *(f"{value:,.0f}" for value in times),
    ]
    return cells, difference


def decisions_that_differ(session: object, model: Model, X: Array, P: Array) -> int:
    """Rows whose predicted class, or set of labels, is another one."""
    first, *_ = session.get_outputs()  # type: ignore[attr-defined]
    (decided,) = session.run([first.name], {INPUT: X})  # type: ignore[attr-defined]
    if model.decision is not None:
        return int(np.any(decided != model.decision.labels(P), axis=1).sum())
    return int(np.sum(decided != np.array(model.classes, dtype=object)[P.argmax(axis=1)]))


def seconds(call: Callable[[], object]) -> float:
    """The shortest of three times."""
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times)


if __name__ == "__main__":
    main()
