"""SHAP values of a fitted pipeline: exact where the estimator allows it, else sampled.

An estimator sees columns that were imputed, scaled and selected. Each of them comes from one column
of the table (the indicator of a missing value, too), and its SHAP value is added to that column's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.models.estimator import Contributions
from featkit.models.task import CLASSIFICATION, TASKS

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

REPETITIONS = 4
"""Independent estimates, each with one order of the columns and its reverse. Their scatter gives
the standard error."""


class Sampled(NamedTuple):
    """SHAP values by permutation, and the standard error of each value."""

    contributions: Contributions
    error: Array


def exact(
    pipeline: Pipeline, name: str, X: Array, task: str = CLASSIFICATION
) -> Contributions | None:
    """Exact SHAP values per column of the table; None if the estimator has no exact method."""
    contributions = TASKS[task].estimators[name].contributions
    if contributions is None:
        return None
    Z = np.asarray(pipeline[:-1].transform(X)) if len(pipeline) > 1 else X
    transformed = contributions(pipeline.steps[-1][1], Z)
    values = np.zeros((len(X), X.shape[1], transformed.values.shape[2]))
    for column, origin in enumerate(origins(pipeline, X.shape[1])):
        values[:, origin] += transformed.values[:, column]
    return transformed._replace(values=values)


def origins(pipeline: Pipeline, columns: int) -> Array:
    """Index of the table column that each column of the estimator comes from."""
    origin = np.arange(columns)
    for name, step in pipeline.steps[:-1]:
        if name == "impute":
            origin = np.concatenate([origin, origin[step.indicator_.features_]])
        elif name == "select":
            origin = origin[step.get_support()]
    return origin


def sampled(pipeline: Pipeline, X: Array, background: Array, *, seed: int) -> Sampled:
    """SHAP values of probabilities or of a number, sampled over random orders of the columns.

    The method is that of shap's `PermutationExplainer`. Each order is followed forwards and
    backwards, so that the SHAP values and the base value add up to the output exactly.

    References
    ----------
    Štrumbelj and Kononenko, "Explaining prediction models and individual predictions with feature
    contributions", Knowl. Inf. Syst. 41, 2014.
    """
    output = _output(pipeline)
    estimates = np.stack([_permuted(output, X, background, seed + k) for k in range(REPETITIONS)])
    base = output(background).mean(axis=0)
    values = estimates.mean(axis=0)
    error = estimates.std(axis=0, ddof=1) / np.sqrt(REPETITIONS)
    return Sampled(Contributions(values, base, output(X)), error)


def _output(pipeline: Pipeline) -> Callable[[Array], Array]:
    """The explained function: probabilities, or one column with the predicted number."""
    if hasattr(pipeline, "predict_proba"):
        probabilities: Callable[[Array], Array] = pipeline.predict_proba
        return probabilities
    return lambda X: np.asarray(pipeline.predict(X))[:, None]


def _permuted(f: Callable[[Array], Array], X: Array, background: Array, seed: int) -> Array:
    """SHAP values of one order of the columns and its reverse, ``(rows, columns, classes)``."""
    import shap

    state = np.random.get_state()  # shap seeds NumPy's global generator
    masker = shap.maskers.Independent(background, max_samples=len(background))
    masker.invariants = partial(_same, background)
    explainer = shap.PermutationExplainer(f, masker, seed=seed)
    try:
        explanation = explainer(X, max_evals=2 * X.shape[1] + 1, error_bounds=False, silent=True)
    finally:
        np.random.set_state(state)
    values: Array = explanation.values
    return values.reshape(*X.shape, -1)  # shap drops the last axis of a single output


def _same(background: Array, x: Array) -> Array:
    """Where the background equals the row, ``(rows, columns)``: no evaluation is needed there.

    shap compares with an absolute tolerance of 1e-8. All values of a column in a small unit would
    be equal, and its SHAP values 0.
    """
    same: Array = (x == background) | (np.isnan(x) & np.isnan(background))
    return same


def evaluations(columns: int, background: int) -> int:
    """Number of predictions that one sampled row needs."""
    return REPETITIONS * (2 * columns + 1) * background
