"""Nearest neighbours among many vectors, in less than quadratic time."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array

EXACT = 20_000
"""Up to this many vectors, all are compared; more are searched by cells."""

PROBED = 8
"""Cells that are searched for the vectors of one."""


def nearest(X: Array, k: int, *, seed: int = 0) -> tuple[Array, Array]:
    """Find the nearest neighbours of each vector among the others.

    Many vectors are divided into cells by k-means, as many as the square root of their number. The
    neighbours of a vector are searched in its cell and in the cells near it, so that the time grows
    with the power 1.5 of the number, and a few neighbours may be missed.

    Parameters
    ----------
    X : array of float32, shape ``(vectors, dimensions)``
    k : int
        Number of neighbours.
    seed : int
        Seed of the cells.

    Returns
    -------
    distance : array of float32, shape ``(vectors, k)``
        Euclidean distances; infinite where there are fewer neighbours.
    neighbour : array of int, shape ``(vectors, k)``
        Rows of `X`, the nearest first; -1 where there are fewer neighbours. The vector itself is
        among them.
    """
    from sklearn.cluster import MiniBatchKMeans

    if len(X) <= EXACT:
        return _among(X, np.arange(len(X)), np.arange(len(X)), k)
    cells = round(np.sqrt(len(X)))
    means = MiniBatchKMeans(cells, batch_size=8192, n_init=1, max_iter=20, random_state=seed)
    cell = means.fit_predict(X)
    near = _among(means.cluster_centers_, np.arange(cells), np.arange(cells), PROBED)[1]
    members = np.split(np.argsort(cell, kind="stable"), np.cumsum(np.bincount(cell))[:-1])
    distance = np.full((len(X), k), np.inf, dtype=np.float32)
    neighbour = np.full((len(X), k), -1)
    for own, probed in zip(members, near, strict=False):
        if len(own):
            searched = np.sort(np.concatenate([members[one] for one in probed if one >= 0]))
            distance[own], neighbour[own] = _among(X, own, searched, k)
    return distance, neighbour


def _among(X: Array, queries: Array, searched: Array, k: int) -> tuple[Array, Array]:
    from sklearn.neighbors import NearestNeighbors

    count = min(k, len(searched))
    search = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(X[searched])
    distance, place = search.kneighbors(X[queries])
    width = ((0, 0), (0, k - count))
    return (
        np.pad(distance, width, constant_values=np.inf),
        np.pad(searched[place], width, constant_values=-1),
    )
