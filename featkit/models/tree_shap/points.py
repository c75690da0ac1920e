"""Factors of the edges of trees at the points where their products are evaluated.

The contribution of a column to a leaf is an integral over the probability `t` that any other column
is known [1]_. A path whose edges are satisfied (o = 1) or not (o = 0), with weights w, has

    contribution of f = value (o_f - w_f) ∫ Π_{j ≠ f} (w_j (1 - t) + o_j t) dt,   t from 0 to 1.

The integrand is a polynomial, of which a Gauss-Legendre rule gives the exact integral. All factors
are positive and at most 1, so nothing cancels. As in Linear TreeSHAP [2]_, the products are shared
by all leaves below an edge, so the cost is that of nodes times points.

References
----------
.. [1] Owen, "Multilinear extensions of games", Management Science 18, 1972.
.. [2] Yu, Xu, Bifet and Read, "Linear TreeSHAP", NeurIPS 2022.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.models.tree_shap.nodes import Nodes

POINTS_AT_ONCE = 16
"""Points that are evaluated together: enough for 32 columns on a path."""


class Factors(NamedTuple):
    """Factors of each node at some points, ``(nodes, points)``.

    The *product* of a node is that of its parent times ``both``, ``lost`` or ``kept``. The
    contribution of its column is the sum over leaves below, and over points, of product times
    ``met``, ``unmet`` or 0.

    Attributes
    ----------
    both, met : array of float64, shape ``(nodes, points)``
        For rows that satisfy the edge, and all before of the same column. For a root, ``both`` is
        the weight of the point.
    lost, unmet : array of float64, shape ``(nodes, points)``
        For rows that satisfy only those before of the same column.
    kept : array of float64, shape ``(nodes,)``
        For rows that do not satisfy those before either; the contribution is then unchanged.
    """

    both: Array
    lost: Array
    kept: Array
    met: Array
    unmet: Array


def rule(nodes: Nodes) -> tuple[Array, Array]:
    """Return points and weights that give exact integrals from 0 to 1 for some trees.

    Parameters
    ----------
    nodes : Nodes
        The nodes of the trees.

    Returns
    -------
    points, weights : array of float64, shape ``(points,)``
    """
    columns = int(nodes.columns_tested.max())
    return _gauss_legendre(max((columns + 1) // 2, 1))


@lru_cache(maxsize=100)
def _gauss_legendre(count: int) -> tuple[Array, Array]:
    t, weights = np.polynomial.legendre.leggauss(count)
    return (t + 1) / 2, weights / 2


def factors(nodes: Nodes, t: Array, weights: Array) -> Factors:
    """Return the factors of all nodes at some points.

    Parameters
    ----------
    nodes : Nodes
        The nodes.
    t, weights : array of float64, shape ``(points,)``
        The points, between 0 and 1, and their weights.

    Returns
    -------
    Factors
    """
    now, before = nodes.weight[:, None], nodes.weight[nodes.same][:, None]
    satisfied = now * (1 - t) + t
    previous = before * (1 - t) + t
    change_before = (1 - before) / previous
    both = satisfied / previous
    both[nodes.starts[:-1]] = weights
    return Factors(
        both=both,
        lost=now * (1 - t) / previous,
        kept=nodes.weight / nodes.weight[nodes.same],
        met=(1 - now) / satisfied - change_before,
        unmet=-1 / (1 - t) - change_before,
    )
