"""Calibration: probabilities that agree with observed frequencies.

A calibrator is fitted on the out-of-fold probabilities of the training rows, by inner folds that
keep groups together, so that it sees the errors of models on groups that they were not trained on.

Three methods are available. The temperature divides the logarithms of the probabilities [1]_. A
sigmoid [2]_ or an isotonic function [3]_ maps the probability of each class against the others, and
the results are scaled to a sum of 1 [3]_; with two classes, one function maps the probability of
the second class. Values equal those of ``CalibratedClassifierCV(ensemble=False)`` of scikit-learn
for an estimator with ``predict_proba``. All rows have the same weight, as they have there.

Conventions: ``P`` holds probabilities, ``(rows, classes)``, float64; classes are sorted.

References
----------
.. [1] C. Guo et al., "On calibration of modern neural networks", ICML 2017.
.. [2] J. Platt, "Probabilistic outputs for support vector machines", 1999.
.. [3] B. Zadrozny, C. Elkan, "Transforming classifier scores into accurate multiclass probability
   estimates", KDD 2002.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ModelError
from featkit.models.splits import assign_parts

METHODS = ("temperature", "sigmoid", "isotonic")
"""Methods, from the fewest parameters to the most."""

FLOOR = float(np.finfo(np.float64).eps)
"""Least calibrated probability.

An isotonic function may return 0. A probability of 0 has an infinite log loss, and one segment
would decide for its whole recording. scikit-learn clips probabilities at the same value when it
computes the log loss, so that the floor does not change that."""

LOG_OFFSET = 1e-12
"""Added to probabilities before their logarithm is taken, as in scikit-learn."""

LOG_SLOPES = (-10.0, 10.0)
"""Range of the logarithm of 1 / temperature, as in scikit-learn."""

N_PARTS = 10
"""Largest number of parts of whole groups on which ``auto`` compares methods."""


@dataclass(frozen=True, kw_only=True)
class Sigmoid:
    """A logistic function: ``1 / (1 + exp(slope * p + intercept))``.

    Attributes
    ----------
    slope, intercept : float
        Its parameters. The slope is negative if the function increases.
    """

    slope: float
    intercept: float

    def apply(self, p: Array) -> Array:
        """Map probabilities.

        Parameters
        ----------
        p : array of float64
            Probabilities of one class.

        Returns
        -------
        array of float64
        """
        mapped: Array = np.exp(-np.logaddexp(0, self.slope * p + self.intercept))
        return mapped


@dataclass(frozen=True, kw_only=True)
class Isotonic:
    """A function that never decreases: linear between points, constant outside them.

    Attributes
    ----------
    thresholds : sequence of float
        Probabilities, increasing.
    values : sequence of float
        The value at each of them, from 0 to 1.
    """

    thresholds: Sequence[float]
    values: Sequence[float]

    def apply(self, p: Array) -> Array:
        """Map probabilities.

        Parameters
        ----------
        p : array of float64
            Probabilities of one class.

        Returns
        -------
        array of float64
        """
        return np.interp(p, self.thresholds, self.values)


@dataclass(frozen=True, kw_only=True)
class Calibrator:
    """A fitted calibration, as plain data.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    temperature : float or None
        Divisor of the log probabilities; above 1, probabilities become less confident. None for
        other methods.
    sigmoids : sequence of Sigmoid or None
        The function of each class, or one for two classes; empty for other methods. None for a
        class without out-of-fold rows: its probability is only scaled with the others.
    isotonic : sequence of Isotonic or None
        The same for isotonic functions.
    prior : sequence of float
        Share of each class in the rows that sigmoids or isotonic functions were fitted on. They
        learn these shares, and probabilities assume them from then on. Empty for a temperature,
        which does not change the assumed shares.
    absent : sequence of int
        Positions of classes whose probability was 0 in all rows, because no model was trained on
        them, and that no row has; a temperature keeps it at 0.
    """

    method: str
    temperature: float | None = None
    sigmoids: Sequence[Sigmoid | None] = ()
    isotonic: Sequence[Isotonic | None] = ()
    prior: Sequence[float] = ()
    absent: Sequence[int] = ()

    def apply(self, P: Array) -> Array:
        """Calibrate probabilities.

        Parameters
        ----------
        P : array of float64, shape ``(rows, classes)``
            Probabilities of the estimator.

        Returns
        -------
        array of float64, shape ``(rows, classes)``
            At least about `FLOOR`; rows sum to 1.
        """
        if self.temperature is None:
            Q = self._one_vs_rest(P)
        else:
            Q = _softened(P, self.temperature, self.absent)
        Q = np.maximum(Q, FLOOR)
        Q /= Q.sum(axis=1, keepdims=True)
        return Q

    def _one_vs_rest(self, P: Array) -> Array:
        curves = self.sigmoids or self.isotonic
        if P.shape[1] == 2:
            (curve,) = curves
            p = P[:, 1] if curve is None else curve.apply(P[:, 1])
            return np.stack([1 - p, p], axis=1)
        columns = zip(curves, P.T, strict=True)
        Q = np.stack([p if curve is None else curve.apply(p) for curve, p in columns], axis=1)
        total = Q.sum(axis=1, keepdims=True)
        # Where all classes have 0, nothing is known: scikit-learn takes equal probabilities, too.
        uniform = np.full_like(Q, 1 / Q.shape[1])
        return np.asarray(np.divide(Q, total, out=uniform, where=total > 0))

    def check(self, n_classes: int) -> None:
        """Check a calibrator from a model file.

        Parameters
        ----------
        n_classes : int
            Number of classes of the model.

        Raises
        ------
        ModelError
            If a parameter is missing, not finite or out of range.
        """
        n_curves = 1 if n_classes == 2 else n_classes
        sizes = {
            "temperature": (self.temperature is not None, 0, 0, 0),
            "sigmoid": (self.temperature is None, n_curves, 0, n_classes),
            "isotonic": (self.temperature is None, 0, n_curves, n_classes),
        }
        if self.method not in sizes:
            raise ModelError(f"this version of featkit has no calibration {self.method!r}")
        own = (len(self.sigmoids), len(self.isotonic), len(self.prior))
        complete, *expected = sizes[self.method]
        if not complete or list(own) != expected:
            raise ModelError(f"its {self.method} calibration belongs to other classes")
        if not all(map(_is_valid, [*self.sigmoids, *self.isotonic])):
            raise ModelError(f"its {self.method} calibration has invalid functions")
        if self.temperature is not None and not _is_temperature(self.temperature):
            raise ModelError(f"its temperature must be positive and finite, got {self.temperature}")
        if not {*self.absent} < {*range(n_classes)}:
            raise ModelError("its calibration has absent classes that the model does not have")
        if self.prior and not (min(self.prior) > 0 and abs(sum(self.prior) - 1) < 1e-6):
            raise ModelError("its calibration has class shares that are not positive, or not 1")


def _is_temperature(value: float) -> bool:
    low, high = LOG_SLOPES
    return bool(np.exp(-high) * 0.99 <= value <= np.exp(-low) * 1.01)


def _is_valid(curve: Sigmoid | Isotonic | None) -> bool:
    if curve is None:
        return True
    if isinstance(curve, Sigmoid):
        return bool(np.isfinite([curve.slope, curve.intercept]).all())
    x, y = np.array(curve.thresholds, np.float64), np.array(curve.values, np.float64)
    if not len(x) or len(x) != len(y) or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return False
    increasing = (np.diff(x) > 0).all() and (np.diff(y) >= 0).all()
    return bool(increasing and y[0] >= 0 and y[-1] <= 1)


def _softened(P: Array, temperature: float, absent: Sequence[int]) -> Array:
    """Probabilities with their logarithms divided by a temperature."""
    logits = np.log(P + LOG_OFFSET) / temperature
    logits[:, list(absent)] = -np.inf
    Q = np.exp(logits - logits.max(axis=1, keepdims=True))
    scaled: Array = Q / Q.sum(axis=1, keepdims=True)
    return scaled


def fit_calibrator(
    method: str, P: Array, y: Array, classes: Sequence[str], groups: Array
) -> Calibrator | None:
    """Fit a calibrator on out-of-fold probabilities.

    Parameters
    ----------
    method : {"auto", "temperature", "sigmoid", "isotonic"}
        ``"auto"`` selects a method, or none, by the log loss: the rows of each group, or of each of
        `N_PARTS` parts of the groups, are calibrated by a calibrator of the other groups. If losses
        are equal, the method with fewer parameters is selected.
    P : array of float64, shape ``(rows, classes)``
        Out-of-fold probabilities.
    y : array of str, shape ``(rows,)``
        The true classes.
    classes : sequence of str
        All classes, in order.
    groups : array, shape ``(rows,)``
        Group of each row.

    Returns
    -------
    Calibrator or None
        None if ``"auto"`` selects no calibration, or there are not two groups to compare methods.
    """
    true = np.searchsorted(classes, y)
    if method == "auto":
        selected = _best_method(P, true, _parts(groups))
        return None if selected is None else _fit(selected, P, true)
    return _fit(method, P, true)


def _parts(groups: Array) -> Array:
    """Part of each row, of about equal size, that does not divide a group."""
    n_parts = min(N_PARTS, len(np.unique(groups)))
    return assign_parts(np.zeros(len(groups)), groups, np.full(n_parts, 1 / n_parts), seed=0)


def _best_method(P: Array, true: Array, parts: Array) -> str | None:
    """The method with the lowest cross-fitted log loss; None for no calibration."""
    names = np.unique(parts)
    if len(names) < 2:
        return None
    losses: dict[str | None, float] = {None: _log_loss(P, true)}
    for method in METHODS:
        Q = np.empty_like(P)
        for name in names:
            own = parts == name
            Q[own] = _fit(method, P[~own], true[~own]).apply(P[own])
        losses[method] = _log_loss(Q, true)
    return min(losses, key=lambda method: losses[method])  # the first one, if losses are equal


def _log_loss(P: Array, true: Array) -> float:
    return float(-np.mean(np.log(np.maximum(P[np.arange(len(P)), true], FLOOR))))


def _fit(method: str, P: Array, true: Array) -> Calibrator:
    if method == "temperature":
        absent = np.setdiff1d(np.flatnonzero(~P.any(axis=0)), true)
        temperature = _fit_temperature(np.delete(P, absent, axis=1), _positions(true, absent))
        return Calibrator(method=method, temperature=temperature, absent=absent.tolist())
    counts = np.bincount(true, minlength=P.shape[1])
    shares = np.maximum(counts, 1) / np.maximum(counts, 1).sum()
    prior: list[float] = shares.tolist()
    fitted = [1] if P.shape[1] == 2 else range(P.shape[1])
    # A class that has no row, or all of them, has no function that would hold for other rows.
    curves = [k if 0 < counts[k] < len(true) else None for k in fitted]
    if method == "sigmoid":
        sigmoids = [None if k is None else _fit_sigmoid(P[:, k], true == k) for k in curves]
        return Calibrator(method=method, sigmoids=sigmoids, prior=prior)
    isotonic = [None if k is None else _fit_isotonic(P[:, k], true == k) for k in curves]
    return Calibrator(method=method, isotonic=isotonic, prior=prior)


def _positions(true: Array, absent: Array) -> Array:
    """Positions of classes after some that no row has are left out."""
    return true - np.searchsorted(absent, true)


def _fit_temperature(P: Array, true: Array) -> float:
    """The temperature with the lowest log loss."""
    from scipy.optimize import minimize_scalar

    logits = np.log(P + LOG_OFFSET)
    rows = np.arange(len(P))

    def loss(log_slope: float) -> float:
        scaled = np.exp(log_slope) * logits
        top = scaled.max(axis=1)
        totals = np.log(np.exp(scaled - top[:, None]).sum(axis=1)) + top
        return float(np.mean(totals - scaled[rows, true]))

    options = {"xatol": 64 * FLOOR}
    best = minimize_scalar(loss, bounds=LOG_SLOPES, method="bounded", options=options)
    return float(np.exp(-best.x))


def _fit_sigmoid(p: Array, hits: Array) -> Sigmoid:
    """Platt's sigmoid, whose targets are slightly inside 0 and 1."""
    from scipy.optimize import minimize

    n_hits, n_others = int(hits.sum()), int((~hits).sum())
    targets = np.where(hits, (n_hits + 1) / (n_hits + 2), 1 / (n_others + 2))

    def loss_and_gradient(parameters: Array) -> tuple[float, Array]:
        scores = -(parameters[0] * p + parameters[1])
        loss = np.sum(np.logaddexp(0, scores) - targets * scores)
        residuals = targets - np.exp(-np.logaddexp(0, -scores))
        return float(loss), np.array([residuals @ p, residuals.sum()])

    start = np.array([0.0, np.log((n_others + 1) / (n_hits + 1))])
    options = {"gtol": 1e-6, "ftol": 64 * FLOOR}  # as in scikit-learn
    best = minimize(loss_and_gradient, start, method="L-BFGS-B", jac=True, options=options)
    slope, intercept = best.x.tolist()
    return Sigmoid(slope=slope, intercept=intercept)


def _fit_isotonic(p: Array, hits: Array) -> Isotonic:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(p, hits.astype(np.float64))
    return Isotonic(thresholds=fitted.X_thresholds_.tolist(), values=fitted.y_thresholds_.tolist())
