"""Contributions, checks and export of linear models, which logistic regression and SGD share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.models._model_validation import is_array
from featkit.models.estimator import Contributions

if TYPE_CHECKING:
    from featkit.models.onnx_export.tensor import Tensor


def linear_contributions(model: Any, Z: Array) -> Contributions:
    """Return the SHAP values of a linear model in log odds: coefficient times scaled value.

    The scaled values `Z` have mean 0. A model of two classes has one score, for the second class;
    that of the first is its negative.
    """
    values = Z[:, :, None] * model.coef_.T
    base, output = model.intercept_, Z @ model.coef_.T + model.intercept_
    if len(model.classes_) == 2:
        values, base, output = (np.concatenate([-x, x], axis=-1) for x in (values, base, output))
    return Contributions(values, base, output)


def check_coefficients(model: Any, n_columns: int, n_classes: int) -> None:
    """Raise `ValueError` unless coefficients and intercepts fit the columns and classes."""
    rows = 1 if n_classes == 2 else n_classes
    if not is_array(model.coef_, rows, n_columns, kinds="f"):
        raise ValueError("the shape of the coefficients does not fit the columns and classes")
    if not is_array(model.intercept_, rows, kinds="f"):
        raise ValueError("the shape of the intercepts does not fit the classes")


def scores_to_onnx(model: Any, Z: Tensor) -> Tensor:
    """Return the scores of a linear model in an ONNX graph, one column for two classes."""
    scores: Tensor = Z @ model.coef_.T + model.intercept_
    return scores


def both_classes(second: Tensor) -> Tensor:
    """Return the probabilities of two classes from that of the second."""
    return (-second + 1.0).beside(second)
