"""Steps before the estimator in ONNX: imputation, rescaling, scaling and selection of columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit.models.resolution import SINGLE

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from featkit.models.estimator import Estimator
    from featkit.models.onnx_export.tensor import Tensor


def pipeline_output(
    fitted: Pipeline, X: Tensor, name: str, estimators: Mapping[str, Estimator]
) -> Tensor:
    """Return the output of a fitted pipeline.

    Parameters
    ----------
    fitted : sklearn.pipeline.Pipeline
        A pipeline of `featkit.models.estimator.pipeline`.
    X : Tensor
        Float64, ``(rows, columns)``; NaN where missing.
    name : str
        Name of the estimator.
    estimators : mapping of str to Estimator
        The estimators of the task.

    Returns
    -------
    Tensor
        ``(rows, outputs)``: probabilities of the classes or labels, or a number.
    """
    for step, transformer in fitted.steps[:-1]:
        X = STEPS[step](transformer, X)
    to_onnx = estimators[name].to_onnx
    assert to_onnx is not None  # checked before the export
    return to_onnx(fitted.steps[-1][1], X)


def _imputed(imputer: Any, X: Tensor) -> Tensor:
    """The median where a value is missing, and a column of 0 and 1 for some of the columns."""
    filled = X.where(X.is_missing(), np.asarray(imputer.statistics_, np.float64))
    indicated = imputer.indicator_.features_
    if not len(indicated):
        return filled
    return filled.beside(X.is_missing().cast(np.float64).columns(indicated))


def _resolved(rescaler: Any, X: Tensor) -> Tensor:
    if not ((rescaler.center_ != 0) | (rescaler.factor_ != 1)).any():
        return X
    scaled: Tensor = (X - rescaler.center_) * rescaler.factor_
    return scaled.at_least(float(SINGLE.min)).at_most(float(SINGLE.max))


def _scaled(scaler: Any, X: Tensor) -> Tensor:
    scaled: Tensor = (X - scaler.mean_) / scaler.scale_
    return scaled


def _selected(selection: Any, X: Tensor) -> Tensor:
    return X.columns(selection.get_support(indices=True))


STEPS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "impute": _imputed,
    "resolve": _resolved,
    "scale": _scaled,
    "select": _selected,
}
"""The function that describes each step."""
