"""Isolation of recordings in feature space: how far they are from their class and from all others.

Each column is replaced by the normal scores of its ranks, so that no unit and no heavy tail
dominates. The first principal components are divided by the covariance within classes: columns that
vary within every class count little, those that a class shares count much. Distances are mean
distances to the nearest recordings of other groups.

There is no law for such distances. Thresholds extrapolate their upper tail as exponential in the
logarithm of the distance, which is a power law of the distance: see `tail_threshold`.

References
----------
S. Ramaswamy, R. Rastogi, K. Shim, "Efficient algorithms for mining outliers from large data sets",
SIGMOD 2000.
J. Pickands, "Statistical inference using extreme order statistics", Annals of Statistics 3, 1975.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array

MAX_COMPONENTS = 16
"""Principal components; more find no more outliers (``benchmarks/audit_outliers.py``)."""

N_NEIGHBOURS = 5

ROWS_AT_ONCE = 500
"""Rows whose distances to all others are held in memory at a time."""

TAIL, END = 0.8, 0.95
"""Quantiles between which the tail is fitted: the largest values may be outliers themselves."""

RATIO_WEIGHT = 2.0
"""Weight of the ratio of two distances; smaller ones find fewer clips of other classes."""

MIN_SCALE = 1e-9


def class_space(X: Array, y: Array) -> Array:
    """Return coordinates in which the spread within classes is about 1 in all directions.

    Parameters
    ----------
    X : array of float64, shape ``(rows, columns)``
        Features; NaN where missing, which counts as the median.
    y : array, shape ``(rows,)``
        Class of each row; all equal without classes.

    Returns
    -------
    array of float64, shape ``(rows, components)``
    """
    from sklearn.covariance import ledoit_wolf
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        Z = _principal_components(_normal_scores(X))
        within = Z.copy()
        for name in np.unique(y):
            within[y == name] -= Z[y == name].mean(axis=0)
        covariance, _ = ledoit_wolf(within, assume_centered=True)
        values, vectors = np.linalg.eigh(covariance)
        kept = values > MIN_SCALE
        space: Array = Z @ (vectors[:, kept] / np.sqrt(values[kept]))
    return space


def _normal_scores(X: Array) -> Array:
    from scipy.special import ndtri
    from scipy.stats import rankdata

    present = ~np.isnan(X)
    counts = np.maximum(present.sum(axis=0), 1)
    scores = ndtri((rankdata(X, axis=0, nan_policy="omit") - 0.5) / counts)
    # Rows of equal values get the same score, and a missing value that of the median.
    return np.where(present, scores, 0.0)


def _principal_components(Z: Array) -> Array:
    """The rows in the components with the greatest variance, whose signs do not matter."""
    Z = Z - Z.mean(axis=0)
    if len(Z) >= Z.shape[1]:
        vectors = np.linalg.eigh(Z.T @ Z)[1][:, ::-1][:, :MAX_COMPONENTS]
        return np.asarray(Z @ vectors)
    values, vectors = np.linalg.eigh(Z @ Z.T)
    scales = np.sqrt(np.maximum(values, 0))
    return np.asarray((vectors * scales)[:, ::-1][:, :MAX_COMPONENTS])


def neighbour_distances(space: Array, y: Array, groups: Array) -> tuple[Array, Array]:
    """Return how far each row is from the rows of other groups, of each class and of all.

    Parameters
    ----------
    space : array of float64, shape ``(rows, components)``
        Coordinates.
    y : array of int, shape ``(rows,)``
        Class of each row, from 0.
    groups : array of int, shape ``(rows,)``
        Group of each row.

    Returns
    -------
    of_classes : array of float64, shape ``(rows, classes)``
        Mean distance to the `N_NEIGHBOURS` nearest rows of each class that are in other groups, or
        to all of them if there are fewer; infinite if there is none.
    of_all : array of float64, shape ``(rows,)``
        The same for rows of any class.
    """
    from scipy.spatial.distance import cdist

    n_classes = int(y.max()) + 1
    members = [np.flatnonzero(y == k) for k in range(n_classes)]
    of_classes, of_all = np.empty((len(space), n_classes)), np.empty(len(space))
    for start in range(0, len(space), ROWS_AT_ONCE):
        rows = np.arange(start, min(start + ROWS_AT_ONCE, len(space)))
        distances = cdist(space[rows], space)
        distances[groups[rows, None] == groups] = np.inf
        of_all[rows] = _mean_of_nearest(distances)
        for k, own in enumerate(members):
            of_classes[rows, k] = _mean_of_nearest(distances[:, own])
    return of_classes, of_all


def _mean_of_nearest(distances: Array) -> Array:
    count = min(N_NEIGHBOURS, distances.shape[1])
    nearest = np.partition(distances, count - 1, axis=1)[:, :count]
    is_finite = np.isfinite(nearest)
    total = np.where(is_finite, nearest, 0).sum(axis=1)
    mean: Array = total / np.maximum(is_finite.sum(axis=1), 1)
    return np.where(is_finite.any(axis=1), mean, np.inf)


def tail_threshold(values: Array, expected: float) -> float:
    """Return the value that some number of rows exceed if the upper tail is exponential.

    Parameters
    ----------
    values : array of float64, shape ``(rows,)``
        Such as logarithms of distances, of all rows.
    expected : float
        Rows that exceed the threshold on average if none is an outlier; fewer if the tail falls
        off faster than exponentially, such as that of a normal distribution.

    Returns
    -------
    float
    """
    low, high = np.quantile(values, [TAIL, END])
    scale = (high - low) / np.log((1 - TAIL) / (1 - END))
    return float(low + scale * max(np.log((1 - TAIL) * len(values) / expected), 0.0))


def strangeness(of_class: Array, of_all: Array, y: Array) -> Array:
    """Return how unlike its class each row is, from its distances.

    Parameters
    ----------
    of_class, of_all : array of float64, shape ``(rows,)``
        Positive distances to the nearest rows of the class, and of all classes.
    y : array, shape ``(rows,)``
        Class of each row.

    Returns
    -------
    array of float64, shape ``(rows,)``
        Logarithm of the distance to the class in robust standard deviations from the median of the
        class, plus `RATIO_WEIGHT` times that of its ratio to the distance to all, in standard
        deviations of all classes. The ratio is 1 if the nearest rows are of the class.
    """
    logs = np.log(of_class)
    centred, own_units = np.empty(len(logs)), np.empty(len(logs))
    for name in np.unique(y):
        rows = y == name
        centred[rows] = logs[rows] - np.median(logs[rows])
        own_units[rows] = centred[rows] / _robust_deviation(centred[rows])
    ratios = np.log(of_class / of_all) / _robust_deviation(centred)
    return np.asarray(own_units + RATIO_WEIGHT * ratios)


def _robust_deviation(values: Array) -> float:
    """The interquartile range in units of a normal distribution."""
    low, high = np.quantile(values, [0.25, 0.75])
    return max(float(high - low) / 1.349, MIN_SCALE)
