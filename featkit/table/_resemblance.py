"""How much rows of one group resemble each other, beyond their class."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.table.feature_table import FeatureTable

LARGEST = 1e100
"""Size beyond which a value counts as undefined here, for its square is infinite."""

MOST_ROWS = 1000
MOST_COLUMNS = 300
"""Bounds of what is compared, so that a large table takes less than a second."""


class Recordings:
    """One row of each recording: its names, its class and its features.

    Parameters
    ----------
    table : FeatureTable
        The rows.
    X : array of float64, shape ``(rows, columns)``
        The features.
    y : array of str, shape ``(rows,)``, optional
        The classes.
    by : str
        The column that names the recordings; without it, each row is one.
    """

    def __init__(self, table: FeatureTable, X: Array, y: Array | None, *, by: str = "path") -> None:
        self._table = table
        self._place = {name: k for k, name in enumerate(table.feature_names)}
        at = np.arange(len(table))
        if by in table.keys:
            _, at = np.unique(codes(table.column(by).tolist()), return_index=True)
        self._at = at
        self._classes = y
        self.unit = "recording" if "path" in table.keys else "row"
        self.count = len(at)
        self.y = codes(y[at].tolist()) if y is not None else np.zeros(len(at), dtype=np.intp)
        self._X = X

    def one_of_each(self, name: str) -> Recordings:
        """One row of each of the files that a column names."""
        return Recordings(self._table, self._X, self._classes, by=name)

    def texts(self, name: str) -> list[str]:
        """A column of text."""
        texts: list[str] = self._table.column(name)[self._at].tolist()
        return texts

    def is_text(self, name: str) -> bool:
        """Whether a column holds text rather than numbers."""
        return name in self._table.keys

    def key(self, name: str) -> Array:
        """The number of each row's value, in the order in which they come; -1 where missing."""
        if self.is_text(name):
            texts = self.texts(name)
            return np.where([text == "" for text in texts], -1, codes(texts))
        values = self.numbers(name)
        return np.where(np.isnan(values), -1, codes(values.tolist()))

    def numbers(self, name: str) -> Array:
        """A column of numbers."""
        values: Array = self._table.values[self._at, self._place[name]]
        return values

    def features(self, rows: Array, but: Array | None = None) -> Array:
        """Features of some rows, over their standard deviation; 0 where undefined or constant."""
        X = self._X[self._at[rows]]
        if but is not None:
            X = X[:, ~np.all(but[rows, None] == X, axis=0)]
        if X.shape[1] > MOST_COLUMNS:
            some = np.random.default_rng(0).permutation(X.shape[1])[:MOST_COLUMNS]
            X = X[:, np.sort(some)]
        known = np.abs(X) < LARGEST  # False of NaN
        count = np.maximum(known.sum(axis=0), 1)
        centred = np.where(known, X - np.where(known, X, 0).sum(axis=0) / count, 0)
        spread = np.sqrt((centred**2).sum(axis=0) / count)
        scaled: Array = centred / np.where(spread > 0, spread, 1)
        return np.clip(scaled, -10, 10).astype(np.float32)

    def tells_the_class(self, key: Array) -> bool:
        """Whether each class is one group, or there is only one group."""
        pairs = len(unique_pairs(key, self.y))
        classes = int(self.y.max()) + 1
        groups = len(np.unique(key))
        return groups < 2 or (classes > 1 and pairs == classes)

    def resemblance(
        self, key: Array, but: Array | None = None, *, across: bool = False
    ) -> tuple[float, float]:
        """How often a row's nearest neighbour is of its group, beyond chance.

        Chance is that of groups dealt out at random within each class.

        Parameters
        ----------
        key : array of int, shape ``(rows,)``
            The group of each row.
        but : array of float64, shape ``(rows,)``, optional
            A feature that says nothing of resemblance, for the groups are its values.
        across : bool
            Whether neighbours are looked for among rows of other classes only.

        Returns
        -------
        lift, z : float
            0 for chance and 1 for always; and the difference in standard deviations of chance.
        """
        if not self._X.shape[1] or (across and not self.y.any()):
            return 0.0, 0.0
        rows = _sample(key)
        rows = rows[key[rows] >= 0]
        X, y, key = self.features(rows, but), self.y[rows], key[rows]
        squares = np.einsum("ij,ij->i", X, X)
        distances = squares[:, None] + squares - 2 * (X @ X.T)
        np.fill_diagonal(distances, np.inf)
        if across:
            distances[y[:, None] == y] = np.inf
        nearest = np.argmin(distances, axis=1)
        same_class = y[nearest] == y
        mates = _count_with(key, y, y[nearest]) - same_class
        others = np.bincount(y)[y[nearest]] - same_class
        expected = mates / np.maximum(others, 1)
        hits = key[nearest] == key
        with_mates = np.bincount(key)[key] > 1
        room = float(np.sum((1 - expected)[with_mates]))
        deviation = float(np.sqrt(np.sum(expected * (1 - expected))))
        more = float(np.sum(hits - expected))
        return more / max(room, 1e-9), more / max(deviation, 1e-9)


def _count_with(key: Array, y: Array, wanted: Array) -> Array:
    """How many rows have each row's key and the class that is wanted."""
    classes = int(y.max()) + 1
    _, group = np.unique(key, return_inverse=True)
    counts = np.bincount(group * classes + y, minlength=(int(group.max()) + 1) * classes)
    counted: Array = counts[group * classes + wanted]
    return counted


def _sample(key: Array) -> Array:
    """Some rows: whole groups, where these are small."""
    if len(key) <= MOST_ROWS:
        return np.arange(len(key))
    rng = np.random.default_rng(0)
    groups = int(key.max()) + 1
    if len(key) > 50 * groups:
        return np.sort(rng.permutation(len(key))[:MOST_ROWS])
    order = rng.permutation(groups)
    sizes = np.bincount(key[key >= 0], minlength=groups)[order]
    some = order[: max(1, int(np.searchsorted(np.cumsum(sizes), MOST_ROWS)))]
    return np.flatnonzero(np.isin(key, some))


def codes(values: Sequence[Hashable]) -> Array:
    """Each value's number, in the order in which they come."""
    place: dict[Hashable, int] = {}
    return np.array([place.setdefault(value, len(place)) for value in values], dtype=np.intp)


def unique_pairs(key: Array, y: Array) -> Array:
    """The pairs of group and class that there are, as numbers."""
    pairs: Array = np.unique(key.astype(np.int64) * (int(y.max()) + 1) + y)
    return pairs
