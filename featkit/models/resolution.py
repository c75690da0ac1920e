"""Rescaling of columns whose differences are too small for an estimator to resolve.

Trees are grown in single precision, and scikit-learn's treat values within 1e-7 of each other as
equal: columns in tiny units, or with small differences far from 0, would be constant for them.
"""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from featkit._utils.typing import Array

MIN_STEPS = 100
"""Number of steps that an estimator must resolve in the range of a column; else it is rescaled."""

PERCENTILES = ((25, 75), (5, 95), (0, 100))
"""Pairs of percentiles; the range of a column lies between the first pair that differs."""

SINGLE = np.finfo(np.float32)


class Rescaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Scale columns that an estimator cannot resolve to a range of about 1.

    From each such column its median is subtracted, and the rest is multiplied by a power of two.
    All other columns stay as they are, to the bit.

    Parameters
    ----------
    step : float
        Differences that the estimator ignores, in addition to rounding to single precision.

    Attributes
    ----------
    center_, factor_ : array of float64, shape ``(columns,)``
        Subtracted center, and factor; 0 and 1 for a column that stays as it is.
    """

    def __init__(self, step: float = 0.0) -> None:
        self.step = step

    def fit(self, X: Array, y: Any = None) -> Self:
        """Find the columns to rescale.

        Parameters
        ----------
        X : array-like, shape ``(rows, columns)``
            Feature values; NaN where missing.
        y : object
            Ignored.

        Returns
        -------
        Rescaler
            The fitted transformer.
        """
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a column without a value
            extent = _extent(X)
            largest = np.nanmax(np.abs(X), axis=0)
            median = np.nanmedian(X, axis=0)
        rounding = np.maximum(largest * float(SINGLE.eps), float(SINGLE.tiny))
        resolved = np.maximum(self.step, rounding)
        rescaled = (extent > 0) & (extent < MIN_STEPS * resolved)
        self.center_: Array = np.where(rescaled, median, 0.0)
        exponent = np.round(-np.log2(np.where(rescaled, extent, 1.0)))
        self.factor_: Array = np.ldexp(1.0, np.minimum(exponent, 1000).astype(np.intp))
        return self

    def transform(self, X: Array) -> Array:
        """Rescale the columns that `fit` chose.

        Parameters
        ----------
        X : array-like, shape ``(rows, columns)``
            Feature values; NaN where missing.

        Returns
        -------
        array of float64, shape ``(rows, columns)``
            NaN stays NaN.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False, ensure_all_finite="allow-nan")
        rescaled = (self.center_ != 0) | (self.factor_ != 1)
        if not rescaled.any():
            return X
        X = X.copy()
        with np.errstate(over="ignore"):
            scaled = (X[:, rescaled] - self.center_[rescaled]) * self.factor_[rescaled]
        X[:, rescaled] = np.clip(scaled, SINGLE.min, SINGLE.max)
        return X

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _extent(X: Array) -> Array:
    """Range of the values of each column; 0 or NaN for a constant or empty column."""
    ordered = np.sort(X, axis=0)  # NaN comes last
    last = np.sum(~np.isnan(X), axis=0) - 1
    columns = np.arange(X.shape[1])
    extent = np.zeros(X.shape[1])

    def percentile(q: float) -> Array:
        rows = np.maximum(np.rint(last * q / 100).astype(np.intp), 0)
        return np.asarray(ordered[rows, columns])

    for low, high in PERCENTILES:
        extent = np.where(extent > 0, extent, percentile(high) - percentile(low))
    return extent
