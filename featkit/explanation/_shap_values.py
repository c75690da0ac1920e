"""How the contributions of a fitted pipeline are computed: exactly where its estimator can be.

An estimator works on columns that were imputed, scaled and selected. Each of those comes from one
column of the table, the indicator of a missing value included, and what it contributes is added to
that column's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from featkit._utils.typing import Array
from featkit.models.estimator import Contributions, estimator

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

REPETITIONS = 4
"""Independent estimates, each of one order of the columns and its reverse; their scatter is the
error that is stated."""


class Sampled(NamedTuple):
    """Contributions by permutation, and the standard error of each value."""

    contributions: Contributions
    error: Array


def exact(pipeline: Pipeline, name: str, X: Array) -> Contributions | None:
    """Contributions per column of the table, if the estimator knows how to tell; else None."""
    contributions = estimator(name).contributions
    if contributions is None:
        return None
    Z = np.asarray(pipeline[:-1].transform(X)) if len(pipeline) > 1 else X
    found = contributions(pipeline.steps[-1][1], Z)
    values = np.zeros((len(X), X.shape[1], found.values.shape[2]))
    for column, origin in enumerate(origins(pipeline, X.shape[1])):
        values[:, origin] += found.values[:, column]
    return found._replace(values=values)


def origins(pipeline: Pipeline, columns: int) -> Array:
    """For each column that the estimator sees, the column of the table that it comes from."""
    origin = np.arange(columns)
    for name, step in pipeline.steps[:-1]:
        if name == "impute":
            origin = np.concatenate([origin, origin[step.indicator_.features_]])
        elif name == "select":
            origin = origin[step.get_support()]
    return origin


def sampled(pipeline: Pipeline, X: Array, background: Array, *, seed: int) -> Sampled:
    """Contributions to the probabilities, by orders of columns drawn at random.

    Štrumbelj and Kononenko, "Explaining prediction models and individual predictions with feature
    contributions", Knowl. Inf. Syst. 41, 2014, as shap's `PermutationExplainer` has it: forwards
    and backwards, so that contributions and base add up to the output exactly.
    """
    estimates = np.stack(
        [_permuted(pipeline.predict_proba, X, background, seed + k) for k in range(REPETITIONS)]
    )
    base = pipeline.predict_proba(background).mean(axis=0)
    values = estimates.mean(axis=0)
    error = estimates.std(axis=0, ddof=1) / np.sqrt(REPETITIONS)
    return Sampled(Contributions(values, base, pipeline.predict_proba(X)), error)


def _permuted(f: Callable[[Array], Array], X: Array, background: Array, seed: int) -> Array:
    """One order of the columns for each row, and its reverse: ``(rows, columns, classes)``."""
    import shap

    state = np.random.get_state()  # shap seeds NumPy's own generator
    masker = shap.maskers.Independent(background, max_samples=len(background))
    masker.invariants = partial(_same, background)
    explainer = shap.PermutationExplainer(f, masker, seed=seed)
    try:
        found = explainer(X, max_evals=2 * X.shape[1] + 1, error_bounds=False, silent=True)
    finally:
        np.random.set_state(state)
    values: Array = found.values
    return values


def _same(background: Array, x: Array) -> Array:
    """Where the background has the row's own values, ``(rows, columns)``, which need no evaluation.

    shap's own comparison is to 1e-8, in whatever unit: all values of a column smaller than that
    would be the same, and the column would never speak.
    """
    same: Array = (x == background) | (np.isnan(x) & np.isnan(background))
    return same


def evaluations(columns: int, background: int) -> int:
    """How often the model is asked to explain one row."""
    return REPETITIONS * (2 * columns + 1) * background


def seconds(pipeline: Pipeline, name: str, X: Array, background: Array) -> tuple[float, float]:
    """How long it takes to begin, and to explain one row: by doing it, after shap has warmed up."""

    def took(rows: int) -> float:
        begin = time.perf_counter()
        if exact(pipeline, name, X[:rows]) is None:
            sampled(pipeline, X[:rows], background, seed=0)
        return time.perf_counter() - begin

    with threadpool_limits(1):
        took(1)
        one, all_of_them = took(1), took(len(X))
    each = max(all_of_them - one, 0.0) / max(len(X) - 1, 1)
    return max(one - each, 0.0), each
