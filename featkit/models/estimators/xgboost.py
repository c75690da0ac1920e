"""Gradient-boosted trees of XGBoost, which handles missing values itself.

A fitted model is stored in XGBoost's binary JSON (UBJ), so that a model file needs no pickle.

References
----------
Chen and Guestrin, "XGBoost: A scalable tree boosting system", KDD 2016.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.models._boosted_model import (
    BoostedModel,
    external_matrix,
    first_trees,
    margins_to_onnx,
)
from featkit.models._boosted_trees import check_boosted_trees
from featkit.models._model_validation import check_parts
from featkit.models.estimator import LOG_ODDS, Contributions, Estimator, in_log_odds

if TYPE_CHECKING:
    from featkit.models.onnx_export.tensor import Tensor
    from featkit.models.out_of_core.block_fitting import TrainingBlocks

OBJECTIVE = "multi:softprob"

ROUNDING = 1e-6
"""Rounding error of sums in single precision, relative to the largest margin or 1."""


class XGBoost(ClassifierMixin, BoostedModel):  # type: ignore[misc]
    """Boosted trees with classes of equal weight.

    Its parameters are those of `BoostedModel`.

    Attributes
    ----------
    classes_ : array of str, shape ``(classes,)``
        The classes, sorted.
    ubj_ : array of uint8
        The trees, as XGBoost's binary JSON.
    """

    def fit(self, X: Array, y: Array) -> Self:
        """Grow the trees.

        Parameters
        ----------
        X : array-like, shape ``(rows, columns)``
            Feature values; NaN where missing.
        y : array-like, shape ``(rows,)``
            Class of each row.

        Returns
        -------
        XGBoost
            The fitted model.

        Raises
        ------
        ParameterError
            If there is one class only.
        """
        import xgboost

        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        encoded = self._encode(y)
        rows = xgboost.DMatrix(X, encoded, weight=compute_sample_weight("balanced", y), nthread=1)
        self._grow(rows)
        return self

    def fit_blocks(self, rows: TrainingBlocks) -> None:
        """Grow the trees on rows that do not fit in memory.

        Parameters
        ----------
        rows : TrainingBlocks
            Feature values, NaN where missing, and classes.
        """
        encoded, weights = self._encode(rows.y), compute_sample_weight("balanced", rows.y)
        matrix = external_matrix(rows, encoded, weights, self.max_bin)
        self._grow(matrix)
        self.n_features_in_ = matrix.num_col()

    def _encode(self, y: Array) -> Array:
        """Number the classes from 0 to k - 1, as XGBoost needs them; folds may lack some."""
        check_classification_targets(y)
        self.classes_, encoded = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ParameterError(f"y must hold at least two classes, got one class: {y[0]!r}")
        return encoded

    def _grow(self, rows: Any) -> None:
        self.grow(rows, {"objective": OBJECTIVE, "num_class": len(self.classes_)})

    def predict_proba(self, X: Array) -> Array:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like, shape ``(rows, columns)``
            Feature values; NaN where missing.

        Returns
        -------
        array of float64, shape ``(rows, classes)``
        """
        import xgboost

        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False, ensure_all_finite="allow-nan")
        return np.asarray(self.booster().predict(xgboost.DMatrix(X, nthread=1)), dtype=np.float64)

    def predict(self, X: Array) -> Array:
        """Return the class of each row.

        Parameters
        ----------
        X : array-like, shape ``(rows, columns)``
            Feature values; NaN where missing.

        Returns
        -------
        array of str, shape ``(rows,)``
        """
        P = self.predict_proba(X)
        return np.asarray(self.classes_[np.argmax(P, axis=1)])


def _build(seed: int) -> XGBoost:
    return XGBoost(random_state=seed)


def _check(model: Any, n_columns: int, n_classes: int) -> None:
    check_parts(model, XGBoost)
    objective = {"name": OBJECTIVE, "softmax_multiclass_param": {"num_class": str(n_classes)}}
    check_boosted_trees(model.ubj_, objective, n_columns, n_classes)


def _contributions(model: Any, Z: Array) -> Contributions:
    """XGBoost's TreeSHAP in log odds, up to a constant that all classes share.

    For two classes, the difference of their scores is the log odds, since they are a softmax, too.
    """
    import xgboost

    rows, booster = xgboost.DMatrix(Z, nthread=1), model.booster()
    shap_values = booster.predict(rows, pred_contribs=True).astype(np.float64).transpose(0, 2, 1)
    output = booster.predict(rows, output_margin=True).astype(np.float64)
    values, base = shap_values[:, :-1], shap_values[0, -1]
    # XGBoost computes in single precision: differences up to its rounding error are removed.
    rounding = ROUNDING * np.abs(output).max(initial=1)
    if len(model.classes_) == 2:
        values, base, output = (x - x[..., ::-1] for x in (values, base, output))
    total = base + values.sum(axis=1)
    output = np.where(np.abs(output - total) <= rounding, total, output)
    return Contributions(values, base, output)


def _to_onnx(model: Any, Z: Tensor) -> Tensor:
    """The softmax of XGBoost: in single precision, except the sum."""
    margins = margins_to_onnx(model, Z, len(model.classes_))
    differences = (margins - margins.max()).cast(np.float64)
    powers = differences.exp().cast(np.float32)
    return (powers / powers.cast(np.float64).sum().cast(np.float32)).cast(np.float64)


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
    scale=LOG_ODDS,
    meaning=in_log_odds,
    types=frozenset({f"{__name__}.XGBoost"}),
    imputed=False,
    scaled=False,
    step=0.0,
    prefix=first_trees,
    first_trees=50,
    fit_blocks=XGBoost.fit_blocks,
    to_onnx=_to_onnx,
)
