"""Clusters: items that links join, directly or through others."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def clusters(n_items: int, links: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Return the connected components of a graph.

    Parameters
    ----------
    n_items : int
        Number of items.
    links : iterable of (int, int)
        Pairs of items that belong together.

    Returns
    -------
    list of list of int
        Items of each component in ascending order, components in the order of their first item.

    Examples
    --------
    >>> clusters(5, [(3, 0), (3, 4)])
    [[0, 3, 4], [1], [2]]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not n_items:
        return []
    ends = np.array([*links], dtype=np.intp).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n_items, n_items))
    _, components = connected_components(graph, directed=False)
    members: dict[int, list[int]] = {}
    for item, component in enumerate(components.tolist()):
        members.setdefault(component, []).append(item)
    return list(members.values())
