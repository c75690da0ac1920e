"""Random forest: trees on bootstrap samples, each split among a few columns (Breiman 2001)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.tree._tree import Tree
from sklearn.utils.validation import column_or_1d

from featkit._utils.typing import Array
from featkit.models._model_validation import TREES_AT_ONCE, check_nodes, check_parts
from featkit.models.estimator import Contributions, Estimator


class Forest(RandomForestClassifier):  # type: ignore[misc]
    """scikit-learn's, for classes of any name.

    From 1.9 on, `RandomForestClassifier` looks up the weights of classes such as "0" and "1" as
    numbers, and does not find them. Here it is given the numbers of the classes instead.
    """

    def fit(self, X: Array, y: Array, sample_weight: Array | None = None) -> Self:
        """Grow the trees."""
        names, number = np.unique(column_or_1d(y), return_inverse=True)
        super().fit(X, number, sample_weight)
        self.classes_ = names
        return self


FEATURE_THRESHOLD = 1e-7
"""scikit-learn's, of its splitters: values that differ by less are the same for a tree."""

FORESTS = (Forest, RandomForestClassifier)
"""What a model file may hold: earlier versions wrote scikit-learn's own."""


TREES = 300


def build(seed: int) -> Forest:
    return Forest(n_estimators=TREES, class_weight="balanced", random_state=seed)


def check(model: Any, columns: int, classes: int) -> None:
    """Refuse trees whose nodes point outside of the tree, the columns or the classes."""
    kind = type(model) if type(model) in FORESTS else Forest
    check_parts(model, kind, but={"estimator", "estimator_", "estimators_"})
    for unfitted in (model.estimator, model.estimator_):
        check_parts(unfitted, DecisionTreeClassifier)
    members = model.estimators_
    if type(members) is not list or len(members) != model.n_estimators:
        raise ValueError("another number of trees than it says")
    if model.n_outputs_ != 1 or model.n_classes_ != classes:
        raise ValueError("trees for other classes")
    for member in members:
        check_parts(member, DecisionTreeClassifier, but={"tree_"})
        if member.n_outputs_ != 1 or member.n_classes_ != classes:
            raise ValueError("a tree for other classes")
    trees = [member.tree_ for member in members]
    for start in range(0, len(trees), TREES_AT_ONCE):
        _check_trees(trees[start : start + TREES_AT_ONCE], columns, classes)


def _check_trees(trees: Sequence[Any], columns: int, classes: int) -> None:
    for tree in trees:
        _check_sizes(tree, columns, classes)
    nodes = check_nodes([tree.children_left for tree in trees], [t.children_right for t in trees])
    if nodes.depths.tolist() != [tree.max_depth for tree in trees]:
        raise ValueError("a tree has another depth than it says")
    feature = np.concatenate([tree.feature for tree in trees])[nodes.inner]
    if np.any(feature < 0) or np.any(feature >= columns):
        raise ValueError("a node of a tree asks for a column that there is not")


def _check_sizes(tree: Any, columns: int, classes: int) -> None:
    """Its arrays are views of memory, whose sizes must be right before they are looked at."""
    if type(tree) is not Tree or tree.node_count != tree.capacity:
        raise ValueError("a tree has another number of nodes than it says")
    if tree.n_outputs != 1 or tree.n_classes.tolist() != [classes] or tree.n_features != columns:
        raise ValueError("a tree for other columns or classes")
    values = tree.value
    if values.shape != (tree.node_count, 1, classes) or not np.all(values >= 0):
        raise ValueError("leaves of another shape than the classes")
    if not np.all(np.abs(values.sum(axis=2) - 1) < 1e-5):
        raise ValueError("leaves that hold no probabilities")


def contributions(model: Any, Z: Array) -> Contributions:
    """TreeSHAP (Lundberg et al. 2020) by the paths that the training rows took: in probability."""
    import shap

    explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
    values = explainer.shap_values(Z, check_additivity=False)
    base = np.asarray(explainer.expected_value, dtype=np.float64)
    return Contributions(values, base, model.predict_proba(Z))


ESTIMATOR = Estimator(
    name="random_forest",
    title="random forest",
    build=build,
    grid={"max_features": ("sqrt", 0.2), "min_samples_leaf": (1, 3)},
    check=check,
    contributions=contributions,
    rows_at_once=100,  # a forest is heavy to send
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
)
