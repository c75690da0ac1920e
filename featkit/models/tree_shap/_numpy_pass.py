"""SHAP values of trees by NumPy: the sums of the compiled core, in the same order.

All nodes of a depth are computed together, for all rows, and one point at a time.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from featkit._utils.typing import Array
from featkit.models.tree_shap.nodes import Nodes
from featkit.models.tree_shap.points import Factors


class _ByDepth(NamedTuple):
    """Nodes sorted by depth, and their pairs with classes: nodes with children first, then leaves.

    ``order`` are the positions of the nodes in preorder; ``parent`` and ``same`` are places among
    the sorted nodes, and ``levels`` those of each depth. ``pair_node`` is the node of each pair,
    ``pair_levels`` are the pairs of nodes with children of each depth, and ``leaves`` those of all
    leaves. ``children`` are the pairs of the same class below, ``(2, pairs)``; the place after the
    last pair means none.
    """

    order: Array
    parent: Array
    same: Array
    levels: list[slice]
    pair_node: Array
    pair_class: Array
    pair_value: Array
    pair_levels: list[slice]
    leaves: slice
    children: Array


def add_values(nodes: Nodes, own: Factors, x: Array, phi: Array) -> None:
    """Add the SHAP values of some trees.

    Parameters
    ----------
    nodes : Nodes
        The nodes of the trees.
    own : Factors
        Their factors at some points.
    x : array of float64, shape ``(blocks, columns, rows)``
        Rows in blocks.
    phi : array of float64, shape ``(blocks, columns, classes, rows)``
        The array that the values are added to.
    """
    blocks, columns, classes, rows = phi.shape
    values = x.transpose(1, 0, 2).reshape(columns, -1)
    sums = phi.transpose(1, 2, 0, 3).reshape(columns * classes, -1)
    by_depth = _by_depth(nodes, classes)
    totals = _totals(by_depth, own, _satisfied(nodes, by_depth, values))
    _add_in_order(nodes, by_depth, totals, sums, classes)
    phi[:] = sums.reshape(columns, classes, blocks, rows).transpose(2, 0, 1, 3)


def _by_depth(nodes: Nodes, classes: int) -> _ByDepth:
    order = np.argsort(nodes.depth, kind="stable")
    position = np.argsort(order)
    pair_node = np.repeat(np.arange(len(order)), np.diff(nodes.pair_starts))
    is_leaf = nodes.size[pair_node] == 1
    pairs = np.lexsort((position[pair_node], is_leaf))
    pair_node, pair_class = pair_node[pairs], nodes.pair_class[pairs]
    inner = len(pairs) - np.count_nonzero(is_leaf)
    place = np.zeros((len(order), classes), int)
    place[pair_node, pair_class] = np.arange(len(pairs))
    below = np.flatnonzero(nodes.depth[pair_node] > 0)
    node = pair_node[below]
    children = np.full((2, inner), len(pairs))
    children[nodes.side[node] & 1, place[nodes.parent[node], pair_class[below]]] = below
    return _ByDepth(
        order=order,
        parent=position[nodes.parent[order]],
        same=position[nodes.same[order]],
        levels=_slices(nodes.depth[order]),
        pair_node=position[pair_node],
        pair_class=pair_class,
        pair_value=nodes.pair_value[pairs],
        pair_levels=_slices(nodes.depth[pair_node[:inner]]),
        leaves=slice(inner, len(pairs)),
        children=children,
    )


def _slices(depth: Array) -> list[slice]:
    """The places of each depth, in an array that is sorted by depth."""
    bounds = np.searchsorted(depth, np.arange(depth.max(initial=-1) + 2))
    return [slice(*pair) for pair in pairwise(bounds)]


def _satisfied(nodes: Nodes, by_depth: _ByDepth, values: Array) -> Array:
    """Whether each row satisfies each edge, and all before of the same column."""
    order = by_depth.order
    x, side = values[nodes.column[order]], nodes.side[order, None]
    satisfied: Array = (x <= nodes.threshold[order, None]) == (side & 1)
    np.copyto(satisfied, side & 2, where=np.isnan(x), casting="unsafe")
    satisfied[by_depth.levels[0]] = True
    for level in by_depth.levels[1:]:
        satisfied[level] &= satisfied[by_depth.same[level]]
    return satisfied


def _totals(by_depth: _ByDepth, own: Factors, satisfied: Array) -> Array:
    """What each pair contributes to the column of its node, ``(pairs, rows)``."""
    order, kept = by_depth.order, np.broadcast_to(own.kept[:, None], own.both.shape)
    # The number of each row's case in the arrays of all cases of all nodes.
    case = np.add(satisfied, satisfied[by_depth.same], dtype=np.intp)
    case += 3 * np.arange(len(order))[:, None]
    factors = _cases(kept, own.lost, own.both, order)
    changes = _cases(np.zeros_like(kept), own.unmet, own.met, order)
    leaves, value = by_depth.leaves, by_depth.pair_value[by_depth.leaves, None]
    leaf_node = by_depth.pair_node[leaves]
    sums = np.zeros((len(by_depth.pair_node) + 1, satisfied.shape[1]))
    totals = np.zeros_like(sums[:-1])
    for factor, own_change in zip(factors, changes, strict=True):
        product, change = factor.take(case), own_change.take(case)
        for level in by_depth.levels[1:]:
            product[level] *= product.take(by_depth.parent[level], axis=0)
        np.multiply(value, product.take(leaf_node, axis=0), out=sums[leaves])
        product *= change
        totals[leaves] += product.take(leaf_node, axis=0)
        for level in reversed(by_depth.pair_levels):
            left, right = by_depth.children[:, level]
            below = np.add(sums.take(left, axis=0), sums.take(right, axis=0), out=sums[level])
            totals[level] += below * change.take(by_depth.pair_node[level], axis=0)
    totals[leaves] *= value
    return totals


def _cases(neither: Array, previous: Array, satisfied: Array, order: Array) -> Array:
    """Numbers for the three cases of each node, ``(points, 3 nodes)``."""
    joined = np.stack([neither, previous, satisfied], axis=1)[order]
    return np.ascontiguousarray(joined.reshape(-1, joined.shape[2]).T)


def _add_in_order(
    nodes: Nodes, by_depth: _ByDepth, totals: Array, sums: Array, classes: int
) -> None:
    """Add the pairs to the sums of their column and class, one by one: children before parents."""
    node = by_depth.order[by_depth.pair_node]
    pairs = np.flatnonzero(nodes.depth[node] > 0)
    node = node[pairs]
    key = nodes.column[node] * classes + by_depth.pair_class[pairs]
    in_order = np.lexsort((-nodes.depth[node], node + nodes.size[node], key))
    used, starts = np.unique(key[in_order], return_index=True)
    places = np.insert(len(used) + pairs[in_order], starts, np.arange(len(used)))
    ends = np.append(starts, len(pairs)) + np.arange(len(used) + 1)
    adding = csr_array((np.ones(len(places)), places, ends), (len(used), len(used) + len(totals)))
    sums[used] = adding @ np.concatenate([sums[used], totals])
