"""Random forest for numbers: the mean of trees on bootstrap samples.

References
----------
Breiman, "Random forests", Machine Learning 45, 2001.
Lundberg et al., "From local explanations to global understanding with explainable AI for trees",
Nature Machine Intelligence 2, 2020 (TreeSHAP).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

from featkit._utils.typing import Array
from featkit.models._forest_trees import (
    SHAP_ROWS_AT_ONCE,
    check_forest_trees,
    forest_contributions,
    shap_seconds_per_row,
)
from featkit.models._model_validation import check_parts
from featkit.models.estimator import Contributions, Estimator
from featkit.models.regressor import TARGET_SCALE, in_target_units, linear_f_values

if TYPE_CHECKING:
    from featkit.models.onnx_export.tensor import Tensor

FEATURE_THRESHOLD = 1e-7
"""Values that differ by less are equal for a tree: the constant of scikit-learn's splitters."""

TREES = 300


def _build(seed: int) -> RandomForestRegressor:
    return RandomForestRegressor(n_estimators=TREES, max_features="sqrt", random_state=seed)


def _check(model: Any, n_columns: int, n_classes: int) -> None:
    """Raise if nodes refer to something outside of the tree or the columns."""
    check_parts(model, RandomForestRegressor, but={"estimator", "estimator_", "estimators_"})
    for unfitted in (model.estimator, model.estimator_):
        check_parts(unfitted, DecisionTreeRegressor)
    members = model.estimators_
    if type(members) is not list or len(members) != model.n_estimators:
        raise ValueError("the number of trees differs from the parameters")
    if model.n_outputs_ != 1:
        raise ValueError("the forest predicts more than one number")
    for member in members:
        check_parts(member, DecisionTreeRegressor, but={"tree_"})
        if member.n_outputs_ != 1:
            raise ValueError("a tree predicts more than one number")
    check_forest_trees([member.tree_ for member in members], n_columns, 1)
    if not all(np.isfinite(member.tree_.value).all() for member in members):
        raise ValueError("the leaves of a tree hold values that are not finite")


def _contributions(model: Any, Z: Array) -> Contributions:
    """TreeSHAP, weighted by the paths of the training rows."""
    return forest_contributions(model, Z, model.predict(Z)[:, None])


def _to_onnx(model: Any, Z: Tensor) -> Tensor:
    from featkit.models.onnx_export.trees import forest_mean

    return forest_mean(model, Z)


ESTIMATOR = Estimator(
    name="random_forest",
    title="random forest",
    build=_build,
    grid={"max_features": ("sqrt", 1 / 3), "min_samples_leaf": (1, 3)},
    ranges={
        "n_estimators": (1, 2000),
        "max_features": (0.001, 1.0),
        "min_samples_leaf": (1, 1000),
        "max_depth": (1, 64),
    },
    check=_check,
    contributions=_contributions,
    scale=TARGET_SCALE,
    meaning=in_target_units,
    rows_at_once=SHAP_ROWS_AT_ONCE,
    seconds_per_row=shap_seconds_per_row,
    types=frozenset(
        {
            "sklearn.ensemble._forest.RandomForestRegressor",
            "sklearn.tree._classes.DecisionTreeRegressor",
            "sklearn.tree._tree.Tree",
        }
    ),
    scaled=False,
    step=FEATURE_THRESHOLD,
    search_trees=50,
    score_columns=linear_f_values,
    to_onnx=_to_onnx,
)
