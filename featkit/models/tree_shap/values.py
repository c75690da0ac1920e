"""SHAP values of the mean of trees, such as a forest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.models.tree_shap import _compiled_pass, _numpy_pass
from featkit.models.tree_shap.nodes import nodes_of
from featkit.models.tree_shap.points import POINTS_AT_ONCE, factors, rule

NODES_AT_ONCE = 4096
"""Nodes whose arrays are in memory at a time, of whole trees. A constant, because the order of sums
depends on it, and values must not depend on the rows."""

ROWS_IN_BLOCK = 8
"""Rows that are neighbours in memory, for the compiled core."""

BLOCKS_AT_ONCE = 16
"""Blocks whose values stay in the cache while the trees are read."""


def shap_values(trees: Sequence[Any], X: Array) -> tuple[Array, Array]:
    """Return the SHAP values of the mean of trees, weighted by the paths of the training rows.

    The values of a row depend on that row alone, bit for bit.

    Parameters
    ----------
    trees : sequence of sklearn.tree._tree.Tree
        The trees, with one output.
    X : array, shape ``(rows, columns)``
        Rows to explain. They are rounded to single precision, as in predictions. NaN goes where
        the training sent missing values.

    Returns
    -------
    values : array of float64, shape ``(rows, columns, classes)``
        Contributions; with ``base`` they add up to the mean output of the trees.
    base : array of float64, shape ``(classes,)``
        Mean output for the training rows.
    """
    rows, columns = X.shape
    classes = trees[0].value.shape[2]
    add_values = (
        _numpy_pass.add_values if _compiled_pass.core is None else _compiled_pass.add_values
    )
    x = _blocks(X)
    phi, base = np.zeros((len(x), columns, classes, ROWS_IN_BLOCK)), np.zeros(classes)
    for part in _parts(trees):
        nodes = nodes_of(part)
        base += nodes.base
        t, weights = rule(nodes)
        for k in range(0, len(t), POINTS_AT_ONCE):
            points = slice(k, k + POINTS_AT_ONCE)
            own = factors(nodes, t[points], weights[points])
            for start in range(0, len(x), BLOCKS_AT_ONCE):
                blocks = slice(start, start + BLOCKS_AT_ONCE)
                add_values(nodes, own, x[blocks], phi[blocks])
    phi /= len(trees)
    return phi.transpose(0, 3, 1, 2).reshape(-1, columns, classes)[:rows], base / len(trees)


def _blocks(X: Array) -> Array:
    """The rows as ``(blocks, columns, ROWS_IN_BLOCK)``; zeros fill the last block."""
    rows, columns = X.shape
    blocks = -(-rows // ROWS_IN_BLOCK)
    filled = np.zeros((blocks * ROWS_IN_BLOCK, columns))
    filled[:rows] = X.astype(np.float32)
    in_blocks = filled.reshape(blocks, ROWS_IN_BLOCK, columns).transpose(0, 2, 1)
    return np.ascontiguousarray(in_blocks)


def _parts(trees: Sequence[Any]) -> Iterator[list[Any]]:
    """The trees in parts of about `NODES_AT_ONCE` nodes, with trees of similar depth together."""
    order = np.argsort([tree.max_depth for tree in trees], kind="stable")
    ends = np.cumsum([trees[k].node_count for k in order])
    for part in np.split(order, np.flatnonzero(np.diff(ends // NODES_AT_ONCE)) + 1):
        yield [trees[k] for k in part]
