"""Novelty: how far a row is from the training data.

A distance is the mean Euclidean distance to the nearest training rows [1]_, in standardised columns
projected to their principal components. What the projection leaves out is added as the distance to
the subspace. The columns that a model weights do not matter, so that a row may be far from the
training data although the model is certain.

The novelty of a row is the share of the training rows of unseen groups that are nearer. For this
the groups are divided into parts, and the distance of the rows of each part is measured to the
other parts. Each group has the same weight. A novelty of 0.99 says: farther from the training data
than 99 % of the training rows of unseen groups are.

A missing value counts as the mean of its column. Columns that are constant in the training rows do
not take part. Standardised values are limited to `LARGEST`.

References
----------
.. [1] S. Ramaswamy, R. Rastogi, K. Shim, "Efficient algorithms for mining outliers from large data
   sets", SIGMOD 2000.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featkit._utils.lazy import cached_property
from featkit._utils.typing import Array
from featkit.errors import ModelError
from featkit.models.probabilities import ROWS_AT_ONCE
from featkit.models.problem import Problem
from featkit.models.splits import assign_parts

N_NEIGHBOURS = 5

MAX_TRAINING_ROWS = 1000
"""Training rows, drawn at random, that the projection and the distances are fitted on."""

MAX_STORED_ROWS = 500
"""Training rows that a model stores."""

MAX_COMPONENTS = 32

MAX_PROJECTION = 100_000
"""Most numbers of a projection: a table of 6,000 columns gets 16 components."""

MAX_SHARES = 200
"""Most numbers of a function from distance to novelty."""

N_PARTS = 5
"""Parts of the groups; the rows of each are compared with the other parts."""

LARGEST = 1e6
"""Greatest absolute value of a standardised column."""

DIGITS = 7
"""Significant digits of the stored numbers."""


@dataclass(frozen=True, kw_only=True)
class DistanceShares:
    """Distances of the training rows of unseen groups.

    Attributes
    ----------
    distances : sequence of float
        Increasing.
    shares : sequence of float
        Share of the training rows up to each distance; increasing, the last one is 1.
    """

    distances: Sequence[float]
    shares: Sequence[float]

    def novelty(self, distances: Array) -> Array:
        """Return the share of training rows that are nearer.

        Parameters
        ----------
        distances : array of float64
            Distances to the training rows.

        Returns
        -------
        array of float64
            From 0 to 1.
        """
        return np.interp(distances, self.distances, self.shares, left=0.0, right=1.0)

    def check(self) -> None:
        """Check shares that were read from a file.

        Raises
        ------
        ModelError
            If they are out of range or out of order.
        """
        distances, shares = np.array(self.distances), np.array(self.shares)
        if not 0 < len(distances) == len(shares) <= MAX_SHARES:
            raise ModelError("its distances to the training data do not fit together")
        increasing = (np.diff(distances) > 0).all() and (np.diff(shares) >= 0).all()
        if not (np.isfinite(distances).all() and increasing):
            raise ModelError("its distances to the training data are not in order")
        if not (distances[0] >= 0 and shares[0] >= 0 and shares[-1] <= 1):
            raise ModelError("its distances to the training data are out of range")


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Standardised columns, projected to principal components, and training rows in them.

    Attributes
    ----------
    means : sequence of float
        Mean of each column.
    deviations : sequence of float
        Standard deviation of each column; 0 if it is constant.
    components : sequence of sequence of float
        The principal components, orthonormal vectors over the columns.
    rows : sequence of sequence of float
        Training rows in these components.
    """

    means: Sequence[float]
    deviations: Sequence[float]
    components: Sequence[Sequence[float]]
    rows: Sequence[Sequence[float]]

    def distances(self, X: Array) -> Array:
        """Measure the distance of rows to the training rows.

        Parameters
        ----------
        X : array of float64, shape ``(rows, columns)``
            Features; NaN where missing.

        Returns
        -------
        array of float64, shape ``(rows,)``
        """
        # Blocks from the first row on give the same bits for tables and for streams.
        starts = range(0, len(X), ROWS_AT_ONCE)
        blocks = [self._distances(X[start : start + ROWS_AT_ONCE]) for start in starts]
        return np.concatenate([np.empty(0), *blocks])

    def _distances(self, X: Array) -> Array:
        from scipy.spatial.distance import cdist
        from threadpoolctl import threadpool_limits

        means, deviations, components, rows = self._arrays
        Z = _standardised(X, means, deviations)
        with threadpool_limits(1):
            projected = Z @ components.T
        residual = np.maximum((Z**2).sum(axis=1) - (projected**2).sum(axis=1), 0)
        squares = cdist(projected, rows, "sqeuclidean")
        nearest = np.partition(squares, min(N_NEIGHBOURS, len(rows)) - 1, axis=1)[:, :N_NEIGHBOURS]
        mean: Array = np.sqrt(nearest + residual[:, None]).mean(axis=1)
        return mean

    @cached_property
    def _arrays(self) -> tuple[Array, Array, Array, Array]:
        means, deviations = np.array(self.means), np.array(self.deviations)
        return means, deviations, np.array(self.components), np.array(self.rows)

    def check(self, n_columns: int) -> None:
        """Check a projection that was read from a file.

        Parameters
        ----------
        n_columns : int
            Number of columns of the model.

        Raises
        ------
        ModelError
            If the sizes do not fit, or a number is not finite.
        """
        sizes = {len(self.means), len(self.deviations), *map(len, self.components)}
        n_components, n_rows = len(self.components), len(self.rows)
        if sizes != {n_columns} or {*map(len, self.rows)} != {n_components}:
            raise ModelError("its stored training rows do not fit its columns")
        if not (0 < n_components <= MAX_COMPONENTS and 0 < n_rows <= MAX_STORED_ROWS):
            raise ModelError("it stores more training rows or components than a model can have")
        if not all(np.isfinite(numbers).all() for numbers in self._arrays):
            raise ModelError("its stored training rows have numbers that are not finite")
        if (self._arrays[1] < 0).any():
            raise ModelError("its columns have negative standard deviations")


@dataclass(frozen=True, kw_only=True)
class Novelty:
    """What a model needs to compare rows with its training data.

    Attributes
    ----------
    projection : Projection
        For the distance to the training rows.
    rows : DistanceShares
        Distances of single rows of unseen groups.
    recordings : DistanceShares or None
        Mean distances of their recordings; None if no recording had several rows.
    """

    projection: Projection
    rows: DistanceShares
    recordings: DistanceShares | None = None

    def novelty(self, distances: Array, per: str) -> Array:
        """Return the novelty of rows, or of recordings.

        Parameters
        ----------
        distances : array of float64
            Distances of rows, or mean distances of recordings.
        per : {"recording", "segment"}
            What they are of.

        Returns
        -------
        array of float64
            From 0 to 1.
        """
        recordings = self.recordings if per == "recording" else None
        return (recordings or self.rows).novelty(distances)

    def check(self, n_columns: int) -> None:
        """Check a novelty that was read from a file.

        Parameters
        ----------
        n_columns : int
            Number of columns of the model.

        Raises
        ------
        ModelError
            If the sizes do not fit, or a number is out of range.
        """
        self.projection.check(n_columns)
        for shares in (self.rows, self.recordings):
            if shares is not None:
                shares.check()


def fit_novelty(problem: Problem, rows: Array, *, seed: int) -> Novelty:
    """Fit the distance to training rows, and its distribution for rows of unseen groups.

    Parameters
    ----------
    problem : Problem
        The table, with groups.
    rows : array of int
        Training rows.
    seed : int
        Seed of the random draw of rows.

    Returns
    -------
    Novelty
    """
    drawn = np.random.default_rng(seed).permutation(len(rows))[:MAX_TRAINING_ROWS]
    rows = rows[np.sort(drawn)]
    X, groups = np.asarray(problem.X[rows]), problem.groups[rows]
    n_parts = min(N_PARTS, len(np.unique(groups)))
    parts = assign_parts(np.zeros(len(rows)), groups, np.full(n_parts, 1 / n_parts), seed=0)
    distances = np.empty(len(rows))
    for part in range(n_parts):
        own = parts == part
        others = X if n_parts < 2 else X[~own]
        distances[own] = fit_projection(others, seed=seed).distances(X[own])
    recordings = None
    if problem.has_segments:
        _, first, place = np.unique(
            problem.recordings[rows], return_index=True, return_inverse=True
        )
        means = np.bincount(place, weights=distances) / np.bincount(place)
        recordings = _shares(means, groups[first])
    return Novelty(
        projection=fit_projection(X, seed=seed),
        rows=_shares(distances, groups),
        recordings=recordings,
    )


def fit_projection(X: Array, *, seed: int) -> Projection:
    """Fit the standardisation and the principal components of training rows.

    Parameters
    ----------
    X : array of float64, shape ``(rows, columns)``
        Training rows; NaN where missing.
    seed : int
        Seed of the random draw of the stored rows.

    Returns
    -------
    Projection
    """
    from threadpoolctl import threadpool_limits

    present = ~np.isnan(X)
    counts = np.maximum(present.sum(axis=0), 1)
    means = np.where(present, X, 0).sum(axis=0) / counts
    deviations = np.sqrt((np.where(present, X - means, 0) ** 2).sum(axis=0) / counts)
    # Rounding errors of a constant column are no variation.
    deviations[deviations <= 1e-12 * np.abs(means)] = 0
    means, deviations = _rounded(means), _rounded(deviations)
    Z = _standardised(X, means, deviations)
    count = max(min(MAX_COMPONENTS, MAX_PROJECTION // X.shape[1], *X.shape), 1)
    with threadpool_limits(1):
        components = _rounded(_principal_components(Z, count))
        stored = np.random.default_rng(seed).permutation(len(Z))[:MAX_STORED_ROWS]
        projected = _rounded(Z[np.sort(stored)] @ components.T)
    return Projection(
        means=means.tolist(),
        deviations=deviations.tolist(),
        components=components.tolist(),
        rows=projected.tolist(),
    )


def _principal_components(Z: Array, count: int) -> Array:
    """The components with the greatest variance, from the smaller of the two Gram matrices."""
    centred = Z - Z.mean(axis=0)
    if len(Z) >= Z.shape[1]:
        components = np.linalg.eigh(centred.T @ centred)[1].T[::-1][:count]
    else:
        _, vectors = np.linalg.eigh(centred @ centred.T)
        components = vectors.T[::-1][:count] @ centred
    norms = np.linalg.norm(components, axis=1, keepdims=True)
    # Rows that vary in fewer directions have components of rounding errors.
    significant = norms[:, 0] > 1e-9 * max(float(norms.max()), 1.0)
    return np.where(significant[:, None], components / np.where(norms > 0, norms, 1), 0.0)


def _standardised(X: Array, means: Array, deviations: Array) -> Array:
    with np.errstate(over="ignore"):
        Z = (X - means) / np.where(deviations > 0, deviations, 1)
    Z[:, deviations == 0] = 0
    Z[np.isnan(Z)] = 0
    clipped: Array = np.clip(Z, -LARGEST, LARGEST)
    return clipped


def _rounded(x: Array) -> Array:
    """Numbers of `DIGITS` significant digits, which take less than half the space as text."""
    rounded = np.array([float(f"{value:.{DIGITS}g}") for value in x.ravel().tolist()])
    return rounded.reshape(x.shape)


def _shares(distances: Array, groups: Array) -> DistanceShares:
    """Share of the training rows up to each distance; groups have equal weights."""
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    weights = 1 / (len(sizes) * sizes[group])
    order = np.argsort(distances, kind="stable")
    rounded, shares = _rounded(distances[order]), np.minimum(np.cumsum(weights[order]), 1.0)
    last = np.append(np.diff(rounded) > 0, True)
    rounded, shares = rounded[last], shares[last]
    shares[-1] = 1.0
    places = np.searchsorted(shares, np.linspace(shares[0], 1, MAX_SHARES) - 1e-9)
    kept = np.unique(places)
    return DistanceShares(distances=rounded[kept].tolist(), shares=shares[kept].tolist())
