"""Calibration of probabilities in ONNX; see `featkit.models.calibration`."""

from __future__ import annotations

import numpy as np

from featkit.models.calibration import FLOOR, LOG_OFFSET, Calibrator, Isotonic, Sigmoid
from featkit.models.onnx_export.tensor import Tensor


def calibrated(P: Tensor, calibrator: Calibrator, n_classes: int) -> Tensor:
    """Calibrate probabilities.

    Parameters
    ----------
    P : Tensor
        Float64, ``(rows, classes)``: probabilities of the estimator.
    calibrator : Calibrator
        A fitted calibration.
    n_classes : int
        Number of classes.

    Returns
    -------
    Tensor
        ``(rows, classes)``.
    """
    if calibrator.temperature is None:
        Q = _one_vs_rest(P, calibrator, n_classes)
    else:
        logits = (P + LOG_OFFSET).log() / calibrator.temperature
        mask = np.zeros(n_classes)
        mask[list(calibrator.absent)] = -np.inf
        Q = (logits + mask).softmax()
    return Q.at_least(FLOOR).normalized()


def _one_vs_rest(P: Tensor, calibrator: Calibrator, n_classes: int) -> Tensor:
    curves = calibrator.sigmoids or calibrator.isotonic
    if n_classes == 2:
        second = _mapped(P.columns([1]), curves[0])
        return (-second + 1.0).beside(second)
    first, *others = (_mapped(P.columns([k]), curve) for k, curve in enumerate(curves))
    Q = first.beside(*others)
    nothing = ~(Q.sum() > 0.0)
    return Q.normalized().where(nothing, 1 / n_classes)


def _mapped(p: Tensor, curve: Sigmoid | Isotonic | None) -> Tensor:
    """The probability of one class, ``(rows, 1)``, by its function."""
    if curve is None:
        return p
    if isinstance(curve, Sigmoid):
        return (-(p * curve.slope + curve.intercept)).sigmoid()
    return _interpolated(p, curve)


def _interpolated(p: Tensor, curve: Isotonic) -> Tensor:
    """Linear interpolation: the interval of each value is the number of points up to it."""
    x, y = np.asarray(curve.thresholds, np.float64), np.asarray(curve.values, np.float64)
    # Before the first point and from the last one on, the function is constant.
    slope = np.concatenate([[0.0], np.diff(y) / np.diff(x), [0.0]])
    start, value = np.concatenate([x[:1], x]), np.concatenate([y[:1], y])
    interval = (p >= x).cast(np.float32).sum().cast(np.int64)
    return (p - interval.lookup(start)) * interval.lookup(slope) + interval.lookup(value)
