"""Trees in ONNX: the leaf that each row reaches in each tree.

`TreeEnsembleRegressor` adds the values of leaves in single precision, in an order that depends on
the number of threads. Here each tree has an output of its own, which is the number of the leaf, or
a value in single precision. Both are exact, and the sum over trees is a further step, in the order
and precision of the library that grew the trees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.models.onnx_export.tensor import ML_DOMAIN, Tensor

if TYPE_CHECKING:
    from sklearn.ensemble._forest import BaseForest

LESS, AT_MOST = b"BRANCH_LT", b"BRANCH_LEQ"
"""Rules of a split: the left child of values below the threshold, or up to it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TreeNodes:
    """The nodes of a tree, arrays of shape ``(nodes,)``.

    Attributes
    ----------
    left, right : array of int
        Children; -1 for a leaf.
    column : array of int
        The column that a node compares.
    threshold : array of float32
        The value that it is compared with.
    missing_left : array of int
        1 where a missing value goes to the left, else 0.
    value : array of float32
        The value of a leaf.
    """

    left: Array
    right: Array
    column: Array
    threshold: Array
    missing_left: Array
    value: Array


def leaf_values(Z: Tensor, trees: Sequence[TreeNodes], rule: bytes) -> Tensor:
    """Return the value of the leaf that each row reaches in each tree.

    Parameters
    ----------
    Z : Tensor
        Float64, ``(rows, columns)``; NaN where missing.
    trees : sequence of TreeNodes
        The trees.
    rule : bytes
        `LESS` or `AT_MOST`.

    Returns
    -------
    Tensor
        Float32, ``(rows, trees)``.
    """
    sizes = [len(tree.left) for tree in trees]
    tree_ids = np.repeat(np.arange(len(trees)), sizes)
    node_ids = np.concatenate([np.arange(size) for size in sizes])
    left, right = (_joined(trees, name) for name in ("left", "right"))
    leaf = left < 0
    return Z.cast(np.float32).apply(
        f"{ML_DOMAIN}.TreeEnsembleRegressor",
        n_targets=len(trees),
        nodes_treeids=tree_ids.tolist(),
        nodes_nodeids=node_ids.tolist(),
        nodes_featureids=np.where(leaf, 0, _joined(trees, "column")).tolist(),
        nodes_values=np.where(leaf, 0, _joined(trees, "threshold")).tolist(),
        nodes_modes=np.where(leaf, b"LEAF", rule).tolist(),
        nodes_truenodeids=np.where(leaf, 0, left).tolist(),
        nodes_falsenodeids=np.where(leaf, 0, right).tolist(),
        nodes_missing_value_tracks_true=np.where(leaf, 0, _joined(trees, "missing_left")).tolist(),
        target_treeids=tree_ids[leaf].tolist(),
        target_nodeids=node_ids[leaf].tolist(),
        target_ids=tree_ids[leaf].tolist(),
        target_weights=_joined(trees, "value")[leaf].tolist(),
    )


def _joined(trees: Sequence[TreeNodes], name: str) -> Array:
    return np.concatenate([getattr(tree, name) for tree in trees])


def forest_mean(forest: BaseForest, Z: Tensor) -> Tensor:
    """Return the mean over the trees of a forest of scikit-learn.

    Parameters
    ----------
    forest : RandomForestClassifier or RandomForestRegressor
        A fitted forest.
    Z : Tensor
        Rows without missing values.

    Returns
    -------
    Tensor
        Float64, ``(rows, outputs)``: probabilities of the classes, or a number.
    """
    trees = [member.tree_ for member in forest.estimators_]
    leaves = leaf_values(Z, [_numbered_leaves(tree) for tree in trees], AT_MOST).cast(np.int64)
    values = [tree.value[tree.children_left < 0, 0] for tree in trees]
    first = np.cumsum([0, *map(len, values[:-1])])
    return (leaves + first).lookup(np.concatenate(values)).sum(keep=False) / float(len(trees))


def _numbered_leaves(tree: Any) -> TreeNodes:
    """The nodes of a tree of scikit-learn, whose leaves hold their number.

    It compares values in single precision with thresholds in double precision. Thresholds that are
    rounded down to single precision give the same comparisons.
    """
    leaf = tree.children_left < 0
    nearest = tree.threshold.astype(np.float32)
    below = np.nextafter(nearest, np.float32(-np.inf))
    return TreeNodes(
        left=tree.children_left,
        right=tree.children_right,
        column=tree.feature,
        threshold=np.where(nearest > tree.threshold, below, nearest),
        missing_left=np.zeros(len(leaf), int),
        value=(np.cumsum(leaf) - 1).astype(np.float32),
    )


def boosted_margins(document: Any, Z: Tensor, n_outputs: int) -> Tensor:
    """Return the sums over the boosted trees of XGBoost, which adds them one by one.

    Parameters
    ----------
    document : dict
        The decoded model; see `featkit.models._ubj`.
    Z : Tensor
        Rows; NaN where missing.
    n_outputs : int
        Number of trees in each round.

    Returns
    -------
    Tensor
        Float32, ``(rows, outputs)``.
    """
    learner = document["learner"]
    trees = learner["gradient_booster"]["model"]["trees"]
    rounds = len(trees) // n_outputs
    scores = learner["learner_model_param"]["base_score"].strip("[]").split(",")
    # The sum begins with the base score: the trees of the first round contain it.
    start = np.zeros((rounds, n_outputs), np.float32)
    start[0] = np.array(scores, dtype=np.float32)
    nodes = [_boosted_nodes(tree, base) for tree, base in zip(trees, start.ravel(), strict=True)]
    values = leaf_values(Z, nodes, LESS).reshape(-1, rounds, n_outputs)
    sums = values.apply("CumSum", np.array(1, np.int64))
    return sums.apply("Gather", np.array(rounds - 1, np.int64), axis=1)


def _boosted_nodes(tree: Any, base: np.float32) -> TreeNodes:
    values = tree["split_conditions"].astype(np.float32)
    return TreeNodes(
        left=tree["left_children"].astype(np.int64),
        right=tree["right_children"].astype(np.int64),
        column=tree["split_indices"].astype(np.int64),
        threshold=values,
        missing_left=tree["default_left"].astype(np.int64),
        value=values + base,
    )
