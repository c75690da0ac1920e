"""Trees of forests: checks of those from a model file, and their SHAP values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.tree._tree import Tree

from featkit._utils.typing import Array
from featkit.models._model_validation import TREES_AT_ONCE, check_nodes
from featkit.models.estimator import Contributions

SHAP_ROWS_AT_ONCE = 256
"""Rows that are explained at a time: preparing the trees takes about as long as 50 rows."""


def check_forest_trees(trees: Sequence[Any], n_columns: int, n_values: int) -> None:
    """Raise if nodes refer to something outside of the tree or the columns.

    scikit-learn reads them without a check.

    Parameters
    ----------
    trees : sequence of sklearn.tree._tree.Tree
        The trees.
    n_columns : int
        Number of columns that the trees use.
    n_values : int
        Number of values of a leaf: the number of classes, or 1 for a regression.

    Raises
    ------
    ValueError
        If a tree has another size or depth than stated, or refers to something outside of it.
    """
    for start in range(0, len(trees), TREES_AT_ONCE):
        _check_trees(trees[start : start + TREES_AT_ONCE], n_columns, n_values)


def _check_trees(trees: Sequence[Any], n_columns: int, n_classes: int) -> None:
    for tree in trees:
        _check_sizes(tree, n_columns, n_classes)
    nodes = check_nodes([tree.children_left for tree in trees], [t.children_right for t in trees])
    if nodes.depths.tolist() != [tree.max_depth for tree in trees]:
        raise ValueError("the depth of a tree is not that of its nodes")
    feature = np.concatenate([tree.feature for tree in trees])[nodes.inner]
    if np.any(feature < 0) or np.any(feature >= n_columns):
        raise ValueError("a node of a tree refers to a column that does not exist")


def _check_sizes(tree: Any, n_columns: int, n_classes: int) -> None:
    """Check the sizes first: the arrays are views of memory, which must not be read outside."""
    if type(tree) is not Tree or tree.node_count != tree.capacity:
        raise ValueError("the number of nodes of a tree is not that of its arrays")
    if (tree.n_outputs, tree.n_features) != (1, n_columns) or tree.n_classes.tolist() != [
        n_classes
    ]:
        raise ValueError("a tree has other columns or classes than the model")
    if tree.value.shape != (tree.node_count, 1, n_classes):
        raise ValueError("the shape of the leaves does not fit the classes")
    weight = tree.weighted_n_node_samples
    if not np.all((weight > 0) & np.isfinite(weight)):
        raise ValueError("a node of a tree has no training rows")


def forest_contributions(model: Any, Z: Array, output: Array) -> Contributions:
    """Return exact SHAP values of a fitted forest, weighted by the paths of the training rows.

    Parameters
    ----------
    model : RandomForestClassifier or RandomForestRegressor
        The forest.
    Z : array, shape ``(rows, columns)``
        Preprocessed rows.
    output : array, shape ``(rows, classes)``
        Its output for these rows.

    Returns
    -------
    Contributions
    """
    from featkit.models.tree_shap.values import shap_values

    values, base = shap_values([member.tree_ for member in model.estimators_], Z)
    return Contributions(values, base, output)


def shap_seconds_per_row(model: Any) -> float:
    """Estimate the time for the SHAP values of a row.

    Parameters
    ----------
    model : RandomForestClassifier or RandomForestRegressor
        A fitted forest.

    Returns
    -------
    float
        Seconds: 0.05 microseconds per leaf. Measured with the compiled core: 0.02 to 0.05.
    """
    return 5e-8 * float(sum(member.tree_.n_leaves for member in model.estimators_))
