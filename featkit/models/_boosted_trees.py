"""Checks of the boosted trees of a model file, which XGBoost itself loads without a check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.models._model_validation import TREES_AT_ONCE, check_nodes, is_array
from featkit.models._ubj import decode

LEARNER = (
    "attributes",
    "feature_names",
    "feature_types",
    "gradient_booster",
    "learner_model_param",
    "objective",
)
"""Keys of a learner as XGBoost writes it; all are checked before XGBoost loads it."""

BOOSTER = ("gbtree_model_param", "iteration_indptr", "tree_info", "trees")

CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")

NODES = {
    "base_weights": "f",
    "default_left": "u",
    "left_children": "i",
    "loss_changes": "f",
    "parents": "i",
    "right_children": "i",
    "split_conditions": "f",
    "split_indices": "i",
    "split_type": "u",
    "sum_hessian": "f",
}
"""Arrays with one number per node, and their kind in NumPy."""

TREE = frozenset({"id", "tree_param", *CATEGORIES, *NODES})
"""Keys of a tree as XGBoost writes it."""

CHECKED = ("parents", "split_conditions", "split_indices", "split_type")
"""Arrays whose values could do harm, besides the children."""

NO_PARENT = 2**31 - 1


def check_boosted_trees(
    ubj: Array, objective: Mapping[str, Any], n_columns: int, n_classes: int
) -> None:
    """Raise if nodes refer to something outside of the tree, the columns or the classes.

    Parameters
    ----------
    ubj : array of uint8
        The trees, as XGBoost's binary JSON.
    objective : mapping
        The objective as XGBoost writes it.
    n_columns : int
        Number of columns that the trees use.
    n_classes : int
        Number of trees in each round: the number of classes, or 1 for a regression.

    Raises
    ------
    ValueError
        If the trees are not those of such a model.
    """
    if not is_array(ubj, ubj.size, kinds="u") or ubj.itemsize > 1:
        raise ValueError("the trees are not stored as bytes")
    document = decode(ubj.tobytes())
    _check_keys(document, "version", "learner")
    learner = document["learner"]
    _check_keys(learner, *LEARNER)
    if any(len(learner[name]) for name in ("attributes", "feature_names", "feature_types")):
        raise ValueError("attributes, feature names and feature types must be empty")
    if learner["objective"] != objective or learner["gradient_booster"]["name"] != "gbtree":
        raise ValueError("objective and booster are not those of this estimator")
    stated = learner["learner_model_param"]
    expected = {
        "num_class": n_classes if n_classes > 1 else 0,
        "num_feature": n_columns,
        "num_target": 1,
    }
    if any(stated[name] != str(number) for name, number in expected.items()):
        raise ValueError("the trees have other columns or classes than the model")
    scores = [float(text) for text in stated["base_score"].strip("[]").split(",")]
    if len(scores) not in (1, n_classes) or not np.isfinite(scores).all():
        raise ValueError("the base scores do not fit the classes")
    _check_trees(learner["gradient_booster"], n_columns, n_classes)


def _check_keys(table: Any, *keys: str) -> None:
    if not isinstance(table, dict) or set(table) != set(keys):
        raise ValueError("the trees have other keys than XGBoost writes")


def _check_trees(booster: Any, n_columns: int, n_classes: int) -> None:
    """Raise unless there is one tree for each class in turn."""
    _check_keys(booster, "model", "name")
    grown = booster["model"]
    trees = grown["trees"]
    _check_keys(grown | {"cats": {}}, "cats", *BOOSTER)
    if any(map(len, grown.get("cats", {}).values())):
        raise ValueError("categorical splits are not supported")
    stated = grown["gbtree_model_param"]
    if (stated["num_trees"], stated["num_parallel_tree"]) != (str(len(trees)), "1"):
        raise ValueError("the number of trees is not the stated one")
    if not trees or list(grown["tree_info"]) != [k % n_classes for k in range(len(trees))]:
        raise ValueError("the trees are not those of each class in turn")
    if list(grown["iteration_indptr"]) != list(range(0, len(trees) + 1, n_classes)):
        raise ValueError("the number of trees is not the stated one")
    for k, tree in enumerate(trees):
        _check_sizes(tree, k, n_columns)
    for start in range(0, len(trees), TREES_AT_ONCE):
        _check_nodes(trees[start : start + TREES_AT_ONCE], n_columns)


def _check_sizes(tree: dict[str, Any], tree_id: int, n_columns: int) -> None:
    _check_keys(tree, *TREE)
    if tree["id"] != tree_id or any(len(tree[name]) for name in CATEGORIES):
        raise ValueError("a tree has another number than its position, or categorical splits")
    size, stated = len(tree["left_children"]), tree["tree_param"]
    expected = {"num_nodes": size, "num_feature": n_columns, "num_deleted": 0}
    if any(stated[name] != str(number) for name, number in expected.items()):
        raise ValueError("the number of nodes of a tree is not the stated one")
    if stated["size_leaf_vector"] not in ("0", "1"):
        raise ValueError("the shape of the leaves does not fit the classes")
    for name, kinds in NODES.items():
        if not is_array(tree[name], size, kinds=kinds):
            raise ValueError("an array of a tree does not fit its nodes")


def _check_nodes(trees: Sequence[dict[str, Any]], n_columns: int) -> None:
    left, right = ([tree[f"{side}_children"] for tree in trees] for side in ("left", "right"))
    nodes = check_nodes(left, right)
    arrays = {name: np.concatenate([tree[name] for tree in trees]) for name in CHECKED}
    if np.any(arrays["parents"] != np.where(nodes.parents < 0, NO_PARENT, nodes.parents)):
        raise ValueError("the parent of a node is not the stated one")
    if np.any(arrays["split_indices"] < 0) or np.any(arrays["split_indices"] >= n_columns):
        raise ValueError("a node of a tree refers to a column that does not exist")
    if np.any(arrays["split_type"]):
        raise ValueError("categorical splits are not supported")
    if not np.isfinite(arrays["split_conditions"][~nodes.inner]).all():
        raise ValueError("the leaves of a tree hold values that are not finite")
