"""Clusters of recordings that are far more alike than a homogeneous class explains.

Within each class, each feature gets normal scores, and the first `MAX_COMPONENTS` principal
components are clustered (average linkage). The null model of a homogeneous class is a Gaussian of
the same covariance and size. Merges below a height are kept if the null model has at most
`FALSE_SHARE` as many (the false discovery rate [1]_); the height is the largest for which this
holds. A class with fewer than `MIN_MERGES` such merges has no clusters.

Takes of one source are found, and distinct sources are kept apart. Groups that overlap, such as the
speakers of acted emotions, are not found: see ``benchmarks/audit_leaks.py``.

References
----------
.. [1] Y. Benjamini, Y. Hochberg, "Controlling the false discovery rate", J. Royal Statistical
   Society B 57, 1995.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array

MAX_COMPONENTS = 20
"""Principal components that are compared; further ones are mostly noise."""

FALSE_SHARE = 0.1
"""Largest share of merges that the null model explains."""

MAX_UNDEFINED = 0.1
"""Largest share of undefined values in a column that is used; they count as the median."""

MIN_MERGES = 3
"""Fewest merges of a class; one or two pairs of similar recordings are no structure."""

DRAWS = 20
"""Draws of the null model."""

MIN_ROWS, MAX_ROWS = 10, 1000
"""Fewest recordings of a class, and the largest sample, since time grows with the square."""


def timbre_clusters(X: Array, y: Array, *, seed: int = 0) -> Array:
    """Find clusters within classes.

    Parameters
    ----------
    X : array of float64, shape ``(rows, columns)``
        Features, one row for each recording.
    y : array of str, shape ``(rows,)``
        Class of each row.
    seed : int
        Seed of the null model.

    Returns
    -------
    array of int, shape ``(rows,)``
        Number of the cluster, from 0; -1 for rows in none.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # the last bits of a decomposition depend on the number of threads
        return _clusters(X, y, seed)


def _clusters(X: Array, y: Array, seed: int) -> Array:
    clusters = np.full(len(y), -1)
    for name in np.unique(y):
        rows = np.flatnonzero(y == name)
        if len(rows) > MAX_ROWS:
            rows = np.sort(np.random.default_rng(seed).permutation(rows)[:MAX_ROWS])
        # Copies are the subject of other checks: they count as one recording.
        distinct, copy_of = np.unique(X[rows], axis=0, return_inverse=True)
        own = _clusters_of_class(distinct, seed)[copy_of.ravel()]
        clusters[rows[own >= 0]] = own[own >= 0] + clusters.max() + 1
    return clusters


def _clusters_of_class(X: Array, seed: int) -> Array:
    from scipy.cluster.hierarchy import fcluster, linkage

    none = np.full(len(X), -1)
    Z = _normal_scores(X)
    if len(X) < MIN_ROWS or not Z.shape[1]:
        return none
    U, scales, _ = np.linalg.svd(Z - Z.mean(axis=0), full_matrices=False)
    scales = scales[:MAX_COMPONENTS]
    merges = linkage(U[:, : len(scales)] * scales, "average")
    heights = np.sort(merges[:, 2])
    rng = np.random.default_rng(seed)
    shape = DRAWS, len(X), len(scales)
    drawn = rng.standard_normal(shape) * scales / np.sqrt(len(X) - 1)
    null = np.sort(np.concatenate([linkage(rows, "average")[:, 2] for rows in drawn]))
    expected = np.searchsorted(null, heights, side="right") / DRAWS
    kept = np.flatnonzero(expected <= FALSE_SHARE * np.arange(1, len(X)))
    if not len(kept) or kept[-1] + 1 < MIN_MERGES:
        return none
    labels = fcluster(merges, heights[kept[-1]], "distance")
    _, clusters, counts = np.unique(labels, return_inverse=True, return_counts=True)
    numbers = np.cumsum(counts > 1) - 1
    return np.where(counts[clusters] > 1, numbers[clusters], -1)


def _normal_scores(X: Array) -> Array:
    """Columns that are defined and vary, as quantiles of a normal distribution."""
    from scipy.stats import norm, rankdata

    defined = np.isfinite(X)
    kept = defined.mean(axis=0) >= 1 - MAX_UNDEFINED
    X, defined = X[:, kept], defined[:, kept]
    X = np.where(defined, X, np.nanmedian(np.where(defined, X, np.nan), axis=0))
    X = X[:, np.ptp(X, axis=0) > 0]
    scores: Array = norm.ppf((rankdata(X, axis=0) - 0.5) / len(X))
    return scores
