"""Normalisation within groups: each column relative to the other rows of its group.

A column of a speaker, say, is ``(x - centre) / scale``, with centre and scale from the rows of this
speaker only, so that differences between speakers do not hide those between classes. Labels take no
part, but rows that are predicted together do: a row has another value among other rows.

- ``standard``: mean and standard deviation (of the population, ddof 0).
- ``robust``: median and interquartile range, divided by 1.349: the standard deviation of normally
  distributed values (the normalised IQR of ISO 13528:2022). If half of the values are equal, the
  interquartile range is 0 and the standard deviation replaces it.

A value that is missing (NaN) stays missing and has no influence. A column that is constant in a
group, up to rounding, is 0 there. Where a group has fewer than ``min_rows`` values of a column, or
the group is unknown, the statistics of all training rows serve instead.

All sums are over sorted values, so that the order of the rows does not matter, to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ModelError
from featkit.models.training_options import METHODS, STANDARD
from featkit.table.disk_matrix import Matrix

if TYPE_CHECKING:
    from featkit.models.settings import Settings

IQR_OF_NORMAL = 1.349
"""Interquartile range of a normal distribution with standard deviation 1."""

SMALLEST_IQR = float(np.finfo(np.float32).eps)
"""Interquartile range that counts as 0, relative to the whole range."""

ROUNDING = 4 * float(np.finfo(np.float64).eps)
"""Range that counts as 0, relative to the largest value."""

LIMIT = 1e6
"""Largest absolute value of the result: a test value may be far from all training rows."""

LARGEST = float(np.finfo(np.float32).max)
"""Largest absolute value of a column, in which trees are grown."""

UNKNOWN_GROUP = ""
"""Name of the group of rows whose group is unknown."""


@dataclass(frozen=True, kw_only=True)
class GroupNormalization:
    """Normalisation within groups, with the statistics of the training rows.

    It is plain data, which a model file stores.

    Attributes
    ----------
    by : str
        Column or name stem of the groups in training.
    method : str
        One of `METHODS`.
    min_rows : int
        Smallest number of values of a column in a group; below it, the training rows serve.
    median_rows : float
        Median number of training rows in a group.
    centre, scale : sequence of float
        Centre and scale of each column in all training rows; the scale is above 0.
    """

    by: str
    method: str
    min_rows: int
    median_rows: float
    centre: Sequence[float]
    scale: Sequence[float]

    def apply(self, X: Array, groups: Array) -> Array:
        """Normalise rows that are predicted together.

        Parameters
        ----------
        X : array of float64, shape ``(rows, columns)``
            Values; NaN where missing. Values beyond single precision count as missing.
        groups : array of str, shape ``(rows,)``
            Group of each row; "" where unknown.

        Returns
        -------
        array of float64, shape ``(rows, columns)``
        """
        X = np.where(np.abs(X) <= LARGEST, X, np.nan)
        Z: Array = (X - np.asarray(self.centre)) / np.asarray(self.scale)
        for rows in rows_of_groups(groups):
            own = np.array(X[rows], order="C")  # sums depend on the order in memory
            enough = np.sum(~np.isnan(own), axis=0) >= self.min_rows
            if enough.any():
                Z[rows] = np.where(enough, _standardised(own, self.method), Z[rows])
        return np.clip(Z, -LIMIT, LIMIT)

    def check(self, n_columns: int) -> None:
        """Check that the statistics can be used, and fit a model.

        Parameters
        ----------
        n_columns : int
            Number of columns of the model.

        Raises
        ------
        ModelError
            If they do not.
        """
        centre, scale = np.array(self.centre, dtype=float), np.array(self.scale, dtype=float)
        if centre.shape != (n_columns,) or scale.shape != (n_columns,):
            raise ModelError("the statistics of its normalisation do not fit its columns")
        if not np.isfinite([centre, scale]).all() or not (scale > 0).all():
            raise ModelError("the statistics of its normalisation are not finite, or a scale is 0")
        if self.method not in METHODS or self.min_rows < 2 or not self.median_rows > 0:
            raise ModelError("its normalisation has an unknown method, or too few rows")


def fit_normalization(
    X: Array, groups: Array | None, train: Array, settings: Settings
) -> GroupNormalization | None:
    """Compute the statistics of the training rows.

    Parameters
    ----------
    X : array of float64, shape ``(rows, columns)``
        All rows.
    groups : array of str, shape ``(rows,)``, or None
        Their groups; None without normalisation.
    train : array of int
        Row numbers of the training rows.
    settings : Settings
        Settings of the training.

    Returns
    -------
    GroupNormalization or None
        None without normalisation.
    """
    if groups is None or settings.normalize_by is None:
        return None
    U, low, extent = _unit_range(np.array(X[train], order="C"))
    centre, scale = _centre_and_scale(U, settings.normalization)
    centre, scale = low + extent * centre, extent * scale
    usable = np.isfinite(centre) & np.isfinite(scale) & (scale > 0)
    sizes = [len(rows) for rows in rows_of_groups(groups[train])] or [len(train)]
    return GroupNormalization(
        by=settings.normalize_by,
        method=settings.normalization,
        min_rows=settings.normalize_min_rows,
        median_rows=float(np.median(sizes)),
        centre=np.where(usable, centre, np.nan_to_num(low)).tolist(),
        scale=np.where(usable, scale, 1.0).tolist(),
    )


def normalized_rows(
    normalization: GroupNormalization | None, X: Matrix, groups: Array | None, rows: Array
) -> Matrix:
    """Normalise some rows together, if there is a normalisation.

    Parameters
    ----------
    normalization : GroupNormalization or None
        The normalisation.
    X : array of float64 or DiskMatrix, shape ``(all rows, columns)``
        All rows.
    groups : array of str, shape ``(all rows,)``, or None
        Their groups.
    rows : array of int, shape ``(rows,)``
        Row numbers of those that belong to one part, such as the test rows of a fold.

    Returns
    -------
    array of float64 or DiskMatrix, shape ``(rows, columns)``
        On disk without a normalisation, if all rows are.
    """
    if normalization is None or groups is None:
        return X[rows]
    return normalization.apply(np.asarray(X[rows]), groups[rows])


def rows_of_groups(groups: Array) -> list[Array]:
    """List the rows of each group.

    Parameters
    ----------
    groups : array of str, shape ``(rows,)``
        Group of each row; "" where unknown.

    Returns
    -------
    list of array of int
        Row numbers of each group that is known, in alphabetical order of the groups.
    """
    names, member = np.unique(groups, return_inverse=True)
    order = np.argsort(member, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(member, minlength=len(names)))[:-1])
    pairs: Any = zip(names.tolist(), parts, strict=False)  # no group gives one empty part
    return [rows for name, rows in pairs if name != UNKNOWN_GROUP]


def _standardised(X: Array, method: str) -> Array:
    """The rows of one group, by their own statistics."""
    U, _, _ = _unit_range(X)
    centre, scale = _centre_and_scale(U, method)
    return np.asarray((U - centre) / np.where(scale > 0, scale, 1.0))


def _unit_range(X: Array) -> tuple[Array, Array, Array]:
    """Columns mapped to the range from 0 to 1, and the lowest value and range of each.

    The mapping makes statistics exact for values far from 0, and safe for tiny and huge ones. A
    constant column becomes 0.
    """
    low, high = np.fmin.reduce(X, axis=0), np.fmax.reduce(X, axis=0)
    extent = high - low
    varies = extent > ROUNDING * np.maximum(np.abs(low), np.abs(high))
    return (X - low) / np.where(varies, extent, np.inf), low, np.where(varies, extent, 0.0)


def _centre_and_scale(U: Array, method: str) -> tuple[Array, Array]:
    """Centre and scale of each column, in a range from 0 to 1; 0 for a column without values."""
    ordered = np.sort(U, axis=0)  # NaN comes last
    count = np.maximum(np.sum(~np.isnan(U), axis=0), 1)
    mean = np.nansum(ordered, axis=0) / count
    deviation = np.sqrt(np.nansum((ordered - mean) ** 2, axis=0) / count)
    if method == STANDARD:
        return mean, deviation
    low, median, high = (_quantile(ordered, count, q) for q in (0.25, 0.5, 0.75))
    spread = high - low
    return median, np.where(spread > SMALLEST_IQR, spread / IQR_OF_NORMAL, deviation)


def _quantile(ordered: Array, count: Array, q: float) -> Array:
    """Quantile of each column of sorted values by linear interpolation, as in NumPy."""
    position = q * (count - 1)
    below = np.floor(position).astype(np.intp)
    above = np.minimum(below + 1, count - 1)
    low, high = (np.take_along_axis(ordered, at[None], axis=0)[0] for at in (below, above))
    return np.asarray(low + (position - below) * (high - low))
