"""Gradient-boosted trees of XGBoost for numbers, of a standardised target.

A fitted model is stored in XGBoost's binary JSON (UBJ), so that a model file needs no pickle.
XGBoost computes in single precision; the target is standardised, so that a large mean loses no
digits.

References
----------
Chen and Guestrin, "XGBoost: A scalable tree boosting system", KDD 2016.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from featkit._utils.typing import Array
from featkit.models._boosted_trees import check_boosted_trees
from featkit.models._model_validation import check_parts
from featkit.models.estimator import Contributions, Estimator
from featkit.models.regressor import TARGET_SCALE, in_target_units, linear_f_values
from featkit.models.target_scale import target_scale

OBJECTIVE = {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}}
"""As XGBoost writes it."""

ROUNDING = 1e-6
"""Rounding error of sums in single precision, relative to the largest output or 1."""


class XGBoostRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Boosted trees that minimise the squared error.

    Parameters
    ----------
    n_estimators : int
        Number of trees.
    learning_rate : float
        Factor of each tree.
    max_depth : int
        Depth of the trees.
    subsample, colsample_bytree : float
        Shares of the rows and of the columns that a tree is grown on.
    max_bin : int
        Bins of the histogram of a column. More take longer, and add little for short tables.
    random_state : int
        Seed.

    Attributes
    ----------
    ubj_ : array of uint8
        The trees, as XGBoost's binary JSON; they predict the standardised target.
    mean_, scale_ : float
        Mean and standard deviation of the target in the training rows.
    """

    def __init__(
        self,
        n_estimators: int = 200,
        learning_rate: float = 0.1,
        max_depth: int = 3,
        subsample: float = 0.8,
        colsample_bytree: float = 0.5,
        max_bin: int = 32,
        random_state: int = 0,
    ) -> None:
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.subsample = subsample
        self.colsample_bytree = colsample_bytree
        self.max_bin = max_bin
        self.random_state = random_state

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
        settings = {
            "objective": OBJECTIVE["name"],
            "base_score": 0.0,
            "tree_method": "hist",
            "learning_rate": self.learning_rate,
            "max_depth": self.max_depth,
            "subsample": self.subsample,
            "colsample_bytree": self.colsample_bytree,
            "max_bin": self.max_bin,
            "seed": self.random_state,
            "nthread": 1,
        }
        booster = xgboost.train(settings, rows, num_boost_round=self.n_estimators)
        self.ubj_: Array = np.frombuffer(booster.save_raw("ubj"), dtype=np.uint8)
        return self

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

    def booster(self) -> Any:
        """Return the trees as an object of XGBoost.

        Returns
        -------
        xgboost.Booster
        """
        import xgboost

        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(bytearray(self.ubj_.tobytes()))
        return booster

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


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


ESTIMATOR = Estimator(
    name="xgboost",
    title="gradient-boosted trees (XGBoost)",
    build=_build,
    grid={"max_depth": (3, 6), "learning_rate": (0.1, 0.05)},
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
    score_columns=linear_f_values,
)
