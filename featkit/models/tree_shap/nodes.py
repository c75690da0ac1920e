"""Nodes of trees as arrays, in the order and with the quantities that SHAP values need.

A node other than a root represents the edge from its parent. A row *satisfies* an edge if it goes
from the parent to the node. The weight of an edge is the share of the training rows at the parent
that go to the node. If several edges of a path test the same column, the last one includes the
others: it is satisfied if all are, and its weight is the product of theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.models._model_validation import LEAF


class Nodes(NamedTuple):
    """The nodes of several trees, one tree after the other, each in preorder.

    Attributes
    ----------
    starts : array of int64, shape ``(trees + 1,)``
        Position of the root of each tree, and the number of nodes.
    depth : array of int32, shape ``(nodes,)``
        Number of edges from the root.
    size : array of int64, shape ``(nodes,)``
        Number of nodes of the subtree.
    parent : array of int64, shape ``(nodes,)``
        Position of the parent; that of a root is its own.
    column, threshold : array of int32 and float64, shape ``(nodes,)``
        Column that the edge tests, and the greatest value that goes to the left; 0 for a root.
    side : array of uint8, shape ``(nodes,)``
        1 for a left child, plus 2 if rows without a value go to this node.
    repeat : array of int32, shape ``(nodes,)``
        Depth of the last edge before this one that tests the same column; 0 for none.
    same : array of int64, shape ``(nodes,)``
        Position of the node of that edge; that of the root for none.
    weight : array of float64, shape ``(nodes,)``
        Product of the weights of the edges of the path, to this one, that test the same column.
    columns_tested : array of int32, shape ``(nodes,)``
        Number of columns that the path tests.
    pair_starts : array of int64, shape ``(nodes + 1,)``
        Position of the first pair of each node. There is a pair for each class that a leaf below
        the node has a value for.
    pair_class, pair_value : array of int32 and float64, shape ``(pairs,)``
        Class, and its value if the node is a leaf; 0 for other nodes.
    base : array of float64, shape ``(classes,)``
        Sum of the mean outputs of the trees.
    """

    starts: Array
    depth: Array
    size: Array
    parent: Array
    column: Array
    threshold: Array
    side: Array
    repeat: Array
    same: Array
    weight: Array
    columns_tested: Array
    pair_starts: Array
    pair_class: Array
    pair_value: Array
    base: Array


def nodes_of(trees: Sequence[Any]) -> Nodes:
    """Return the nodes of trees of scikit-learn.

    Parameters
    ----------
    trees : sequence of sklearn.tree._tree.Tree
        Trees with one output, and the same number of classes.

    Returns
    -------
    Nodes
    """
    starts, order, depth, size = _preorder(trees)
    roots, inner = starts[:-1], np.flatnonzero(size > 1)
    parent = np.repeat(roots, np.diff(starts))
    parent[inner + 1] = parent[inner + 1 + size[inner + 1]] = inner
    is_left = np.zeros(len(order), np.uint8)
    is_left[inner + 1] = 1
    feature, threshold, missing_left, cover, values = (
        _joined(trees, name)[order]
        for name in (
            "feature",
            "threshold",
            "missing_go_to_left",
            "weighted_n_node_samples",
            "value",
        )
    )
    column, threshold = feature[parent].astype(np.int32), threshold[parent]
    side = is_left + 2 * (missing_left[parent] == is_left).astype(np.uint8)
    column[roots], threshold[roots], side[roots] = 0, 0, 0
    same = _same_column(parent, column, depth)
    weight, tested = cover / cover[parent], (depth[same] == 0).astype(np.int32)
    tested[roots] = 0
    for level in _by_value(depth)[1:]:
        weight[level] *= weight[same[level]]
        tested[level] += tested[parent[level]]
    leaf_values = np.where(size[:, None] == 1, values[:, 0, :], 0)
    pair_node, pair_class = np.nonzero(_below(leaf_values != 0, size))
    return Nodes(
        starts=starts,
        depth=depth,
        size=size,
        parent=parent,
        column=column,
        threshold=threshold,
        side=side,
        repeat=depth[same],
        same=same,
        weight=weight,
        columns_tested=tested,
        pair_starts=np.searchsorted(pair_node, np.arange(len(order) + 1)).astype(np.int64),
        pair_class=pair_class.astype(np.int32),
        pair_value=leaf_values[pair_node, pair_class],
        base=(leaf_values * (cover / np.repeat(cover[roots], np.diff(starts)))[:, None]).sum(0),
    )


def _joined(trees: Sequence[Any], name: str) -> Array:
    return np.concatenate([getattr(tree, name) for tree in trees])


def _preorder(trees: Sequence[Any]) -> tuple[Array, Array, Array, Array]:
    """The nodes in preorder: a node comes before its children, and the left one before the right.

    Trees that were not grown depth first have another order. The result are the places of the
    roots and the number of nodes; and for each place the number of the node in the trees, its
    depth, and the size of its subtree.
    """
    starts = np.cumsum([0, *(tree.node_count for tree in trees)], dtype=np.int64)
    first = np.repeat(starts[:-1], np.diff(starts))
    left, right = (_joined(trees, name) for name in ("children_left", "children_right"))
    inner, left, right = left != LEAF, left + first, right + first
    levels = [starts[:-1]]  # the nodes of each depth
    while inner[levels[-1]].any():
        parents = levels[-1][inner[levels[-1]]]
        levels.append(np.concatenate([left[parents], right[parents]]))
    depth, size = np.zeros(len(inner), np.int32), np.ones(len(inner), np.int64)
    for k, level in reversed([*enumerate(levels)]):
        parents, depth[level] = level[inner[level]], k
        size[parents] += size[left[parents]] + size[right[parents]]
    place = first.copy()
    for level in levels:
        parents = level[inner[level]]
        place[left[parents]] = place[parents] + 1
        place[right[parents]] = place[parents] + 1 + size[left[parents]]
    order = np.argsort(place)
    return starts, order, depth[order], size[order]


def _by_value(numbers: Array) -> list[Array]:
    """The places of each number from 0 on."""
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.cumsum(np.bincount(numbers))[:-1])


def _below(marked: Array, size: Array) -> Array:
    """Whether a node of each subtree is marked, by class; all arrays are in preorder."""
    count = np.zeros((len(marked) + 1, marked.shape[1]), np.int32)
    np.cumsum(marked, axis=0, out=count[1:])
    first = np.arange(len(marked))
    below: Array = count[first + size] > count[first]
    return below


def _same_column(parent: Array, column: Array, depth: Array) -> Array:
    """The last edge before each one that tests the same column, or the root."""
    same = parent.copy()
    searching = np.flatnonzero(depth[same] > 0)
    while len(searching):
        searching = searching[column[same[searching]] != column[searching]]
        same[searching] = parent[same[searching]]
        searching = searching[depth[same[searching]] > 0]
    return same
