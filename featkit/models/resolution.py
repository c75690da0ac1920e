"""Columns whose values lie closer together than an estimator can tell apart.

Trees are grown in single precision, and scikit-learn's take values within 1e-7 of each other for
the same: a column in tiny units, or of small differences far from 0, would be constant for them.
"""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from featkit._utils.typing import Array

STEPS = 100
"""Steps that an estimator should tell apart in the spread of a column: else it is rescaled."""

SPREADS = ((25, 75), (5, 95), (0, 100))
"""Percentiles between which a column is spread: of the first that differ."""

SINGLE = np.finfo(np.float32)


class Rescaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Brings columns that an estimator could not resolve to a spread of about 1.

    From each such column its median is subtracted, and the rest is multiplied by a power of two.
    All others are left as they are, to the bit.

    Parameters
    ----------
    step : float
        Differences that the estimator does not see, besides those lost in single precision.

    Attributes
    ----------
    center_, factor_ : array of float64, shape ``(columns,)``
        What is subtracted and multiplied by; 0 and 1 where a column is left as it is.
    """

    def __init__(self, step: float = 0.0) -> None:
        self.step = step

    def fit(self, X: Array, y: Any = None) -> Self:
        """Find the columns that are to be rescaled."""
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of a column without a value
            spread = _spread(X)
            size = np.nanmax(np.abs(X), axis=0)
            middle = np.nanmedian(X, axis=0)
        seen = np.maximum(self.step, np.maximum(size * float(SINGLE.eps), float(SINGLE.tiny)))
        lost = (spread > 0) & (spread < STEPS * seen)
        self.center_: Array = np.where(lost, middle, 0.0)
        exponent = np.round(-np.log2(np.where(lost, spread, 1.0)))
        self.factor_: Array = np.ldexp(1.0, np.minimum(exponent, 1000).astype(np.intp))
        return self

    def transform(self, X: Array) -> Array:
        """The columns, rescaled where that was found to be needed; NaN stays NaN."""
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


def _spread(X: Array) -> Array:
    """How far the values of each column lie apart; 0 or NaN where they do not."""
    ordered = np.sort(X, axis=0)  # NaN comes last
    last = np.sum(~np.isnan(X), axis=0) - 1
    places = np.arange(X.shape[1])
    spread = np.zeros(X.shape[1])
    for low, high in SPREADS:
        ends = [np.maximum(np.rint(last * q / 100).astype(np.intp), 0) for q in (low, high)]
        found = ordered[ends[1], places] - ordered[ends[0], places]
        spread = np.where(spread > 0, spread, found)
    return spread
