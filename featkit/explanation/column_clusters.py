"""Clusters of columns by their rank correlation, with complete linkage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit._utils.typing import Array


def column_clusters(
    columns: Sequence[str], values: Array, order: Sequence[str], least: float
) -> list[list[str]]:
    """Divide columns into clusters.

    Parameters
    ----------
    columns : sequence of str
        Names of the columns.
    values : array of float, shape ``(rows, columns)``
        Their values; NaN where undefined.
    order : sequence of str
        The same names in the order in which clusters, and columns in them, are returned.
    least : float
        Smallest absolute rank correlation of all pairs of columns in a cluster, 0 to 1.

    Returns
    -------
    list of list of str
        Every column once. A constant column is correlated with no other one.
    """
    import pandas as pd
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(columns) < 2:
        return [[name] for name in order]
    distance = 1 - np.abs(np.nan_to_num(pd.DataFrame(ranked(values)).corr().to_numpy()))
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform((distance + distance.T) / 2, checks=False), method="complete")
    clusters = fcluster(tree, t=1 - least, criterion="distance")
    cluster_of = dict(zip(columns, clusters.tolist(), strict=True))
    groups: dict[int, list[str]] = {}
    for name in order:
        groups.setdefault(cluster_of[name], []).append(name)
    return list(groups.values())


def ranked(x: Array) -> Array:
    """Rank the values within each column.

    Parameters
    ----------
    x : array of float, shape ``(rows, columns)``
        The values.

    Returns
    -------
    array of float64, shape ``(rows, columns)``
        Ranks from 1, means of tied ranks; NaN where `x` is NaN.
    """
    from scipy.stats import rankdata

    return np.asarray(rankdata(x, axis=0, nan_policy="omit"), dtype=np.float64)
