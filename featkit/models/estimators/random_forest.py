"""Random forest: trees on bootstrap samples, with each split chosen among a few columns.

References
----------
Breiman, "Random forests", Machine Learning 45, 2001.
Lundberg et al., "From local explanations to global understanding with explainable AI for trees",
Nature Machine Intelligence 2, 2020 (TreeSHAP).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import column_or_1d

from featkit._utils.typing import Array
from featkit.models._forest_trees import (
    SHAP_ROWS_AT_ONCE,
    check_forest_trees,
    forest_contributions,
    shap_seconds_per_row,
)
from featkit.models._model_validation import check_parts
from featkit.models.estimator import Contributions, Estimator

if TYPE_CHECKING:
    from featkit.models.onnx_export.tensor import Tensor


class Forest(RandomForestClassifier):  # type: ignore[misc]
    """scikit-learn's random forest, for class names that look like numbers.

    From version 1.9, `RandomForestClassifier` looks up the weights of classes such as "0" and "1"
    as numbers, and does not find them. Therefore it is fitted on integer codes of the classes.
    """

    def fit(self, X: Array, y: Array, sample_weight: Array | None = None) -> Self:
        """Grow the trees.

        Parameters
        ----------
        X : array, shape ``(rows, columns)``
            Feature values.
        y : array of str, shape ``(rows,)``
            Class of each row.
        sample_weight : array, shape ``(rows,)``, optional
            Weight of each row.

        Returns
        -------
        Forest
            The fitted forest.
        """
        names, number = np.unique(column_or_1d(y), return_inverse=True)
        super().fit(X, number, sample_weight)
        self.classes_ = names
        return self


FEATURE_THRESHOLD = 1e-7
"""Values that differ by less are equal for a tree: the constant of scikit-learn's splitters."""

FORESTS = (Forest, RandomForestClassifier)
"""Types in model files; earlier versions of featkit stored scikit-learn's class."""

TREES = 300


def _build(seed: int) -> Forest:
    return Forest(n_estimators=TREES, class_weight="balanced", random_state=seed)


def _check(model: Any, n_columns: int, n_classes: int) -> None:
    """Raise if nodes refer to something outside of the tree, the columns or the classes."""
    kind = type(model) if type(model) in FORESTS else Forest
    check_parts(model, kind, but={"estimator", "estimator_", "estimators_"})
    for unfitted in (model.estimator, model.estimator_):
        check_parts(unfitted, DecisionTreeClassifier)
    members = model.estimators_
    if type(members) is not list or len(members) != model.n_estimators:
        raise ValueError("the number of trees differs from the parameters")
    if model.n_outputs_ != 1 or model.n_classes_ != n_classes:
        raise ValueError("the forest has other classes than the model")
    for member in members:
        check_parts(member, DecisionTreeClassifier, but={"tree_"})
        if member.n_outputs_ != 1 or member.n_classes_ != n_classes:
            raise ValueError("a tree has other classes than the model")
    check_forest_trees([member.tree_ for member in members], n_columns, n_classes)
    for member in members:
        values = member.tree_.value
        if not np.all(values >= 0) or not np.all(np.abs(values.sum(axis=2) - 1) < 1e-5):
            raise ValueError("the leaves of a tree hold no probabilities")


def _contributions(model: Any, Z: Array) -> Contributions:
    """TreeSHAP in probability, weighted by the paths of the training rows."""
    return forest_contributions(model, Z, model.predict_proba(Z))


def _to_onnx(model: Any, Z: Tensor) -> Tensor:
    from featkit.models.onnx_export.trees import forest_mean

    return forest_mean(model, Z)


ESTIMATOR = Estimator(
    name="random_forest",
    title="random forest",
    build=_build,
    grid={"max_features": ("sqrt", 0.2), "min_samples_leaf": (1, 3)},
    ranges={
        "n_estimators": (1, 2000),
        "max_features": (0.001, 1.0),
        "min_samples_leaf": (1, 1000),
        "max_depth": (1, 64),
    },
    check=_check,
    contributions=_contributions,
    rows_at_once=SHAP_ROWS_AT_ONCE,
    seconds_per_row=shap_seconds_per_row,
    types=frozenset(
        {
            f"{__name__}.Forest",
            "sklearn.ensemble._forest.RandomForestClassifier",
            "sklearn.tree._classes.DecisionTreeClassifier",
            "sklearn.tree._tree.Tree",
        }
    ),
    scaled=False,
    step=FEATURE_THRESHOLD,
    search_trees=50,
    to_onnx=_to_onnx,
)
