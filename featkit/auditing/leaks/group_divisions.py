"""Groups of rows: joined, divided by a split, and nested."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.models.outer_folds import SplitPlan


def joined_groups(*divisions: Array) -> Array:
    """Return the finest groups that divide no group of any division.

    Parameters
    ----------
    *divisions : array of str, shape ``(rows,)``
        Group of each row.

    Returns
    -------
    array of str, shape ``(rows,)``
        A group has the name of the group of its first row in the first division.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n_rows, names = len(divisions[0]), divisions[0]
    ends, size = [], n_rows
    for division in divisions:
        _, group = np.unique(division, return_inverse=True)
        ends.append(np.stack([np.arange(n_rows), size + group]))
        size += int(group.max()) + 1
    links = np.hstack(ends)
    graph = coo_array((np.ones(links.shape[1]), (links[0], links[1])), shape=(size, size))
    _, components = connected_components(graph, directed=False)
    _, first, component = np.unique(components[:n_rows], return_index=True, return_inverse=True)
    joined: Array = names[first[component]]
    return joined


def divided_groups(groups: Array, plan: SplitPlan) -> set[str]:
    """Return the groups that have training and test rows in the same fold.

    Parameters
    ----------
    groups : array of str, shape ``(rows,)``
        Group of each row.
    plan : SplitPlan
        The folds.

    Returns
    -------
    set of str
    """
    divided: set[str] = set()
    for fold in plan.outer:
        divided |= {*groups[fold.train].tolist()} & {*groups[fold.test].tolist()}
    return divided


def is_nested(groups: Array, others: Array) -> bool:
    """Return whether each group lies within one of the other groups.

    Parameters
    ----------
    groups, others : array of str, shape ``(rows,)``
        Groups of each row.

    Returns
    -------
    bool
    """
    pairs = set(zip(groups.tolist(), others.tolist(), strict=True))
    return len(pairs) == len(set(groups.tolist()))
