"""Small models of each task and rows with missing values, for tests of the export to ONNX."""

from functools import cache

import numpy as np

from featkit.models.estimator import pipeline
from featkit.models.label_decision import LabelDecision
from featkit.models.label_sets import label_sets
from featkit.models.model import Model
from featkit.models.row_predictions import row_problems
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION, TASKS

WIDTH = 7
COLUMNS = [f"x{k}" for k in range(WIDTH)]
CLASSES = ["1", "Blues 'n' \"Rock\"", "jazz\n", "Чардаш 🎻"]
LABELS = ["drums", "guitar", "live; öffentlich"]

PARAMETERS = {
    "random_forest": {"n_estimators": 12, "min_samples_leaf": 2},
    "xgboost": {"n_estimators": 60},
    "ensemble": {
        "members": [
            ("random_forest", {"n_estimators": 5}, 0.25),
            ("svm", {}, 0.25),
            ("xgboost", {"n_estimators": 5}, 0.5),
        ]
    },
}
"""Few trees, where the default are hundreds."""


def rows(count, seed):
    """Return rows with missing values; one column needs rescaling, one is far from 0."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, WIDTH))
    X[:, 3] = 1000 + 1e-5 * X[:, 3]
    X[:, 4] *= 1e-9
    X[:, 5] = 1e6 + X[:, 5]
    X[rng.random(X.shape) < 0.1] = np.nan
    return X


def strange_rows(count=1000):
    """Return rows with many missing values, columns without any, and extreme values."""
    rng = np.random.default_rng(1)
    X = rows(count, seed=2)
    X[:200][rng.random((200, WIDTH)) < 0.5] = np.nan
    for k in range(WIDTH):
        X[200 + 20 * k : 220 + 20 * k, k] = np.nan
    X[400:500] *= 10.0 ** rng.uniform(-6, 6, size=(100, WIDTH))
    X[500:510] = np.nan
    X[510:520, 0] = np.inf
    X[520:530, 1] = -1e39
    X[530:540, 2] = np.finfo(np.float32).max
    return X


def target(task, X, n_classes=4):
    score = np.nan_to_num(X[:, 0] + X[:, 1] ** 2)
    if task == REGRESSION:
        return 50 + 3 * score
    if task == MULTILABEL:
        Y = np.nan_to_num(X[:, : len(LABELS)]) > [0.0, 0.3, -0.3]
        return label_sets(Y, LABELS).astype(np.str_)
    ranks = np.argsort(np.argsort(score))
    return np.array(CLASSES[:n_classes])[ranks * n_classes // len(X)]


@cache
def fitted(task, name, *, n_classes=4, select=None):
    """A model without training metadata, fitted on 80 rows."""
    X = rows(80, seed=0)
    estimators = TASKS[task].estimators
    made = pipeline(name, select=select, estimators=estimators, **PARAMETERS.get(name, {}))
    made.fit(X, target(task, X, n_classes))
    outputs = {
        CLASSIFICATION: CLASSES[:n_classes],
        MULTILABEL: LABELS,
        REGRESSION: ["loudness"],
    }[task]
    decision = None
    if task == MULTILABEL:
        decision = LabelDecision(separator=";", thresholds=(0.5, 0.31, 0.0))
    return Model(made, name, outputs, COLUMNS, task=task, decision=decision)


def expected(model, X):
    """The predictions of featkit, NaN where it has none."""
    problems = row_problems(X, model.columns) != ""
    with np.errstate(all="ignore"):
        P = model.row_probabilities(np.where(problems[:, None], 0.0, X))
    P[problems] = np.nan
    return P
