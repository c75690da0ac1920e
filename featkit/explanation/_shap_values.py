"""SHAP values of a fitted pipeline: exact where the estimator allows it, else sampled.

An estimator sees columns that were imputed, scaled and selected. Each of them comes from one column
of the table (the indicator of a missing value, too), and its SHAP value is added to that column's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.explanation._permutations import (
    REPETITIONS,
    Walk,
    any_walk,
    estimate,
    kernel_walk,
)
from featkit.models.estimator import Contributions, Estimator
from featkit.models.task import CLASSIFICATION, TASKS

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


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


def sampled(
    pipeline: Pipeline,
    name: str,
    X: Array,
    background: Array,
    *,
    seed: int,
    task: str = CLASSIFICATION,
) -> Sampled:
    """SHAP values of probabilities or of a number, sampled over random orders of the columns."""
    fitted, steps = pipeline.steps[-1][1], pipeline[:-1]
    Z, starts = (
        np.asarray(steps.transform(rows)) if len(pipeline) > 1 else rows for rows in (X, background)
    )
    walk, predict = _walk(fitted, TASKS[task].estimators[name])
    group, columns = origins(pipeline, X.shape[1]), X.shape[1]
    used, place = np.unique(group, return_inverse=True)
    output = predict(Z)
    values, error = np.zeros((2, len(X), columns, output.shape[1]))
    for row, z in enumerate(Z):
        values[row, used], error[row, used] = estimate(walk, z, starts, place, seed)
    return Sampled(Contributions(values, predict(starts).mean(axis=0), output), error)


def _walk(fitted: Any, estimator: Estimator) -> tuple[Walk, Callable[[Array], Array]]:
    """The walk of a fitted estimator, and the function that it explains.

    That is the probabilities, or one column with the predicted number.
    """
    if hasattr(fitted, "predict_proba"):
        predict = fitted.predict_proba
    else:

        def predict(Z: Array) -> Array:
            return np.asarray(fitted.predict(Z))[:, None]

    walk = any_walk(predict) if estimator.kernel is None else kernel_walk(estimator.kernel(fitted))
    return walk, predict


def evaluations(columns: int, background: int) -> int:
    """Number of predictions that one sampled row needs."""
    return 2 * REPETITIONS * (columns + 1) * background
