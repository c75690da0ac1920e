"""Ridge regression: a linear model with an L2 penalty.

References
----------
Hoerl and Kennard, "Ridge regression: Biased estimation for nonorthogonal problems", Technometrics
12, 1970.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import Ridge

from featkit._utils.typing import Array
from featkit.models._model_validation import check_parts, is_array
from featkit.models.estimator import Contributions, Estimator
from featkit.models.regressor import TARGET_SCALE, in_target_units, linear_f_values

if TYPE_CHECKING:
    from featkit.models.onnx_export.tensor import Tensor


def _build(seed: int) -> Ridge:
    return Ridge(alpha=10.0, random_state=seed)


def _check(model: Any, n_columns: int, n_classes: int) -> None:
    check_parts(model, Ridge)
    if not is_array(model.coef_, n_columns, kinds="f") or not np.isfinite(model.coef_).all():
        raise ValueError("the coefficients do not fit the columns, or are not finite")
    if not isinstance(model.intercept_, float) or not np.isfinite(model.intercept_):
        raise ValueError("the intercept is not a finite number")


def _contributions(model: Any, Z: Array) -> Contributions:
    """Coefficient times scaled value; the scaled values `Z` have mean 0."""
    values = Z * model.coef_
    base = np.array([model.intercept_], dtype=np.float64)
    return Contributions(values[:, :, None], base, model.predict(Z)[:, None])


def _to_onnx(model: Any, Z: Tensor) -> Tensor:
    prediction: Tensor = Z @ model.coef_[:, None] + float(model.intercept_)
    return prediction


ESTIMATOR = Estimator(
    name="ridge",
    title="ridge regression",
    build=_build,
    grid={"alpha": (10.0, 1.0, 100.0, 1000.0)},
    ranges={"alpha": (1e-6, 1e9)},
    check=_check,
    contributions=_contributions,
    scale=TARGET_SCALE,
    meaning=in_target_units,
    types=frozenset({"sklearn.linear_model._ridge.Ridge"}),
    score_columns=linear_f_values,
    to_onnx=_to_onnx,
)
