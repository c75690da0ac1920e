"""Gradient-boosted trees of XGBoost for numbers, of a standardised target.

A fitted model is stored in XGBoost's binary JSON (UBJ), so that a model file needs no pickle.
XGBoost computes in single precision; the target is standardised, so that a large mean loses no
digits.

References
----------
Chen and Guestrin, "XGBoost: A scalable tree boosting system", KDD 2016.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from featkit._utils.typing import Array
from featkit.models._boosted_model import (
    BoostedModel,
    external_matrix,
    first_trees,
    margins_to_onnx,
)
from featkit.models._boosted_trees import check_boosted_trees
from featkit.models._model_validation import check_parts
from featkit.models.estimator import Contributions, Estimator
from featkit.models.regressor import TARGET_SCALE, in_target_units, linear_f_values
from featkit.models.target_scale import target_scale

if TYPE_CHECKING:
    from featkit.models.onnx_export.tensor import Tensor
    from featkit.models.out_of_core.block_fitting import TrainingBlocks

OBJECTIVE = {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}}
"""As XGBoost writes it."""

ROUNDING = 1e-6
"""Rounding error of sums in single precision, relative to the largest output or 1."""


class XGBoostRegressor(RegressorMixin, BoostedModel):  # type: ignore[misc]
    """Boosted trees that minimise the squared error.

    Its parameters are those of `BoostedModel`.

    Attributes
    ----------
    ubj_ : array of uint8
        The trees, as XGBoost's binary JSON; they predict the standardised target.
    mean_, scale_ : float
        Mean and standard deviation of the target in the training rows.
    """

    def fit(self, X: Array, y: Array) -> Self:
        """Grow the trees.

        Parameters
        ----------
        X : array-like, shape ``(rows, columns)``
            Feature values; NaN where missing.
        y : array-like, shape ``(rows,)``
            Target of each row.

        Returns
        -------
        XGBoostRegressor
            The fitted model.
        """
        import xgboost

        X, y = validate_data(
            self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", y_numeric=True
        )
        self.mean_, self.scale_ = target_scale(y)
        rows = xgboost.DMatrix(X, (y - self.mean_) / self.scale_, nthread=1)
        self._grow(rows)
        return self

    def fit_blocks(self, rows: TrainingBlocks) -> None:
        """Grow the trees on rows that do not fit in memory.

        Parameters
        ----------
        rows : TrainingBlocks
            Feature values, NaN where missing, and targets.
        """
        self.mean_, self.scale_ = target_scale(rows.y)
        matrix = external_matrix(rows, (rows.y - self.mean_) / self.scale_, None, self.max_bin)
        self._grow(matrix)
        self.n_features_in_ = matrix.num_col()

    def _grow(self, rows: Any) -> None:
        self.grow(rows, {"objective": OBJECTIVE["name"], "base_score": 0.0})

    def predict(self, X: Array) -> Array:
        """Predict the target of each row.

        Parameters
        ----------
        X : array-like, shape ``(rows, columns)``
            Feature values; NaN where missing.

        Returns
        -------
        array of float64, shape ``(rows,)``
        """
        import xgboost

        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False, ensure_all_finite="allow-nan")
        own = self.booster().predict(xgboost.DMatrix(X, nthread=1)).astype(np.float64)
        return np.asarray(self.mean_ + self.scale_ * own)


def _build(seed: int) -> XGBoostRegressor:
    return XGBoostRegressor(random_state=seed)


def _check(model: Any, n_columns: int, n_classes: int) -> None:
    check_parts(model, XGBoostRegressor)
    numbers = (model.mean_, model.scale_)
    if not all(isinstance(value, float) and np.isfinite(value) for value in numbers):
        raise ValueError("mean and scale of the target must be finite numbers")
    if not model.scale_ > 0:
        raise ValueError("the scale of the target must be positive")
    check_boosted_trees(model.ubj_, OBJECTIVE, n_columns, 1)


def _contributions(model: Any, Z: Array) -> Contributions:
    """XGBoost's TreeSHAP, in units of the target."""
    import xgboost

    rows, booster = xgboost.DMatrix(Z, nthread=1), model.booster()
    shap_values = booster.predict(rows, pred_contribs=True).astype(np.float64)
    standardised = booster.predict(rows).astype(np.float64)
    values, base = shap_values[:, :-1], shap_values[:, -1]
    # XGBoost computes in single precision: differences up to its rounding error are removed.
    rounding = ROUNDING * np.abs(standardised).max(initial=1)
    total = base + values.sum(axis=1)
    standardised = np.where(np.abs(standardised - total) <= rounding, total, standardised)
    return Contributions(
        model.scale_ * values[:, :, None],
        model.mean_ + model.scale_ * base[:1],
        model.mean_ + model.scale_ * standardised[:, None],
    )


def _to_onnx(model: Any, Z: Tensor) -> Tensor:
    standardised = margins_to_onnx(model, Z, 1).cast(np.float64)
    prediction: Tensor = standardised * model.scale_ + model.mean_
    return prediction


ESTIMATOR = Estimator(
    name="xgboost",
    title="gradient-boosted trees (XGBoost)",
    build=_build,
    grid={"max_depth": (3, 6), "n_estimators": (200, 100)},
    ranges={
        "n_estimators": (1, 2000),
        "max_depth": (1, 12),
        "learning_rate": (1e-4, 1.0),
        "subsample": (0.05, 1.0),
        "colsample_bytree": (0.05, 1.0),
    },
    check=_check,
    contributions=_contributions,
    scale=TARGET_SCALE,
    meaning=in_target_units,
    types=frozenset({f"{__name__}.XGBoostRegressor"}),
    imputed=False,
    scaled=False,
    step=0.0,
    prefix=first_trees,
    first_trees=50,
    fit_blocks=XGBoostRegressor.fit_blocks,
    score_columns=linear_f_values,
    to_onnx=_to_onnx,
)
