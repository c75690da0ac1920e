"""Similarity of rows in the same group, beyond that of rows in the same class."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.table.feature_table import FeatureTable

MAX_VALUE = 1e100
"""Larger values are treated as undefined, because their squares may overflow."""

MAX_ROWS = 1000
MAX_COLUMNS = 300
"""Largest sample that is compared, so that a large table takes less than a second."""


class Recordings:
    """One row of each recording, with its keys, class and features.

    Parameters
    ----------
    table : FeatureTable
        The rows.
    X : array of float64, shape ``(rows, columns)``
        The features.
    y : array of str, shape ``(rows,)``, optional
        The classes.
    by : str
        Column that names the recordings; without it, each row is a recording.

    Attributes
    ----------
    unit : str
        ``"recording"`` or ``"row"``.
    count : int
        Number of recordings.
    y : array of int, shape ``(count,)``
        Class of each recording; all 0 without classes.
    """

    def __init__(self, table: FeatureTable, X: Array, y: Array | None, *, by: str = "path") -> None:
        self._table = table
        self._feature_index = {name: k for k, name in enumerate(table.feature_names)}
        rows = np.arange(len(table))
        if by in table.keys:
            _, rows = np.unique(codes(table.column(by).tolist()), return_index=True)
        self._rows = rows
        self._classes = y
        self.unit = "recording" if "path" in table.keys else "row"
        self.count = len(rows)
        self.y = codes(y[rows].tolist()) if y is not None else np.zeros(len(rows), dtype=np.intp)
        self._X = X

    def one_per_file(self, name: str) -> Recordings:
        """The recordings with one row for each file that a column names."""
        return Recordings(self._table, self._X, self._classes, by=name)

    def texts(self, name: str) -> list[str]:
        """The values of a column of text."""
        return list(self._table.column(name)[self._rows].tolist())

    def codes_of(self, names: Array) -> Array:
        """The group of each recording by the names of the groups of all rows."""
        return codes(names[self._rows].tolist())

    def is_text(self, name: str) -> bool:
        """Whether a column holds text rather than numbers."""
        return name in self._table.keys

    def groups(self, name: str) -> Array:
        """The group of each recording by a column, numbered by first occurrence; -1 if missing."""
        if self.is_text(name):
            texts = self.texts(name)
            return np.where([text == "" for text in texts], -1, codes(texts))
        values = self.numbers(name)
        return np.where(np.isnan(values), -1, codes(values.tolist()))

    def numbers(self, name: str) -> Array:
        """The values of a column of numbers."""
        return np.asarray(self._table.values[self._rows, self._feature_index[name]])

    def are_whole(self, name: str) -> bool:
        """Whether a column of numbers holds only integers, as codes do."""
        values = self.numbers(name)
        return bool(np.all(np.isnan(values) | (values == np.rint(values))))

    def scaled_features(self, rows: Array, exclude: Array | None = None) -> Array:
        """Centred features of unit variance, clipped at ±10; 0 where undefined or constant."""
        X = np.asarray(self._X[self._rows[rows]])
        if exclude is not None:
            X = X[:, ~np.all(exclude[rows, None] == X, axis=0)]
        if X.shape[1] > MAX_COLUMNS:
            sample = np.random.default_rng(0).permutation(X.shape[1])[:MAX_COLUMNS]
            X = X[:, np.sort(sample)]
        defined = np.abs(X) < MAX_VALUE  # False for NaN
        count = np.maximum(defined.sum(axis=0), 1)
        centred = np.where(defined, X - np.where(defined, X, 0).sum(axis=0) / count, 0)
        deviation = np.sqrt((centred**2).sum(axis=0) / count)
        scaled = centred / np.where(deviation > 0, deviation, 1)
        return np.asarray(np.clip(scaled, -10, 10).astype(np.float32))

    def match_classes(self, groups: Array) -> bool:
        """Whether each class is one group, or there is only one group."""
        n_pairs = len(unique_pairs(groups, self.y))
        n_classes = int(self.y.max()) + 1
        n_groups = len(np.unique(groups))
        return n_groups < 2 or (n_classes > 1 and n_pairs == n_classes)

    def similarity(
        self, groups: Array, exclude: Array | None = None, *, across_classes: bool = False
    ) -> tuple[float, float]:
        """Measure how often a row's nearest neighbour is in its group, beyond chance.

        The chance level is that of groups that are permuted within each class.

        Parameters
        ----------
        groups : array of int, shape ``(count,)``
            The group of each recording; -1 if missing.
        exclude : array of float64, shape ``(count,)``, optional
            The feature that defines the groups; it is left out of the distances.
        across_classes : bool
            Whether only rows of other classes count as neighbours.

        Returns
        -------
        lift : float
            0 for chance and 1 if every nearest neighbour is in the group.
        z : float
            The difference from chance in standard deviations.
        """
        if not self._X.shape[1] or (across_classes and not self.y.any()):
            return 0.0, 0.0
        rows = _sample(groups)
        rows = rows[groups[rows] >= 0]
        X, y, groups = self.scaled_features(rows, exclude), self.y[rows], groups[rows]
        squares = np.einsum("ij,ij->i", X, X)
        distances = squares[:, None] + squares - 2 * (X @ X.T)
        np.fill_diagonal(distances, np.inf)
        if across_classes:
            distances[y[:, None] == y] = np.inf
        nearest = np.argmin(distances, axis=1)
        same_class = y[nearest] == y
        mates = _count_with(groups, y, y[nearest]) - same_class
        others = np.bincount(y)[y[nearest]] - same_class
        expected = mates / np.maximum(others, 1)
        hits = groups[nearest] == groups
        with_mates = np.bincount(groups)[groups] > 1
        possible = float(np.sum((1 - expected)[with_mates]))
        deviation = float(np.sqrt(np.sum(expected * (1 - expected))))
        excess = float(np.sum(hits - expected))
        return excess / max(possible, 1e-9), excess / max(deviation, 1e-9)


def _count_with(groups: Array, y: Array, classes: Array) -> Array:
    """For each row, the number of rows with its group and the given class."""
    n_classes = int(y.max()) + 1
    _, group = np.unique(groups, return_inverse=True)
    counts = np.bincount(group * n_classes + y, minlength=(int(group.max()) + 1) * n_classes)
    return np.asarray(counts[group * n_classes + classes])


def _sample(groups: Array) -> Array:
    """A random sample of rows; whole groups if groups are small."""
    if len(groups) <= MAX_ROWS:
        return np.arange(len(groups))
    rng = np.random.default_rng(0)
    n_groups = int(groups.max()) + 1
    if len(groups) > 50 * n_groups:
        return np.sort(rng.permutation(len(groups))[:MAX_ROWS])
    order = rng.permutation(n_groups)
    sizes = np.bincount(groups[groups >= 0], minlength=n_groups)[order]
    sample = order[: max(1, int(np.searchsorted(np.cumsum(sizes), MAX_ROWS)))]
    return np.flatnonzero(np.isin(groups, sample))


def codes(values: Sequence[Hashable]) -> Array:
    """Number the values by first occurrence."""
    index: dict[Hashable, int] = {}
    return np.array([index.setdefault(value, len(index)) for value in values], dtype=np.intp)


def unique_pairs(groups: Array, y: Array) -> Array:
    """The distinct pairs of group and class, encoded as integers."""
    return np.asarray(np.unique(groups.astype(np.int64) * (int(y.max()) + 1) + y))
