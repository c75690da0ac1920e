"""Linear prediction by autocorrelation: coefficients, cepstra and line spectral frequencies.

A predictor of order p estimates a sample from the p samples before it; its error is
``e[n] = x[n] + a[1] x[n - 1] + ... + a[p] x[n - p]``. The coefficients with the least error over a
windowed frame solve the normal equations of its autocorrelation [1]_. The recursion of Levinson and
Durbin solves them for all frames at once. All roots of A(z) then lie inside the unit circle: the
filter 1 / A(z), a model of the vocal tract, is stable.

Line spectral frequencies [2]_ are the angles of the roots of P(z) = A(z) + z^-(p+1) A(1/z) and
Q(z) = A(z) - z^-(p+1) A(1/z). They lie on the unit circle, those of P and of Q alternate, and the
lowest is of P. Symmetric polynomials of growing order, each of which follows from the two before it
[3]_, lead to P and to Q without their roots at 1 and -1. The roots are therefore eigenvalues of
symmetric tridiagonal matrices of half the order, and none can be missed, unlike by a search for
changes of sign on a grid.

References
----------
.. [1] J. Makhoul, "Linear prediction: a tutorial review", Proceedings of the IEEE 63(4), 1975.
.. [2] F. Itakura, "Line spectrum representation of linear predictor coefficients of speech
   signals", Journal of the Acoustical Society of America 57(S1), 1975.
.. [3] P. Delsarte and Y. Genin, "The split Levinson algorithm", IEEE Transactions on Acoustics,
   Speech, and Signal Processing 34(3), 1986.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins

TOGETHER = 1024
"""Frames whose line spectral frequencies are computed together."""


def windowed_autocorrelation(frames: Array, window: Array, order: int) -> Array:
    """Compute the autocorrelation of windowed frames.

    Parameters
    ----------
    frames : array, shape ``(frames, samples)``
        Samples.
    window : array, shape ``(samples,)``
        Factor of each sample.
    order : int
        Greatest lag in samples.

    Returns
    -------
    array of float64, shape ``(order + 1, frames)``
        ``sum(y[n] y[n + k])`` at lags k from 0, where y is the windowed frame; samples beyond the
        frame count as 0.
    """
    y = np.multiply(frames, window, dtype=np.float64)
    correlation: Array = np.zeros((order + 1, len(y)))
    samples = y.shape[1]
    for lag in range(min(order + 1, samples)):
        # Not BLAS, and not optimised: the order of a sum does not depend on the other frames.
        correlation[lag] = np.einsum("ij,ij->i", y[:, : samples - lag], y[:, lag:])
    return correlation


def levinson(autocorrelation: Array, order: int) -> tuple[Array, Array]:
    """Solve the normal equations of linear prediction by the recursion of Levinson and Durbin.

    The recursion of a frame ends before `order` where rounding makes the frame appear perfectly
    predictable, that is, where the error is no longer positive: further coefficients are 0.

    Parameters
    ----------
    autocorrelation : array, shape ``(lags, frames)``
        Autocorrelation at lags from 0 to at least `order`.
    order : int
        Number of samples from which the next is predicted, at least 0.

    Returns
    -------
    coefficients : array of float64, shape ``(order + 1, frames)``
        ``a[0]`` = 1 to ``a[order]``; NaN in a frame of silence, whose autocorrelation at lag 0 is
        not above 0.
    error : array of float64, shape ``(frames,)``
        Energy of the prediction error, at most the autocorrelation at lag 0; NaN in silence.
    """
    r = np.asarray(autocorrelation[: order + 1], dtype=np.float64)
    sounding = r[0] > 0
    energy = np.where(sounding, r[0], 1.0)
    r = np.where(sounding, r / energy, 0.0)
    a: Array = np.zeros((order + 1, r.shape[1]))
    a[0] = 1
    error: Array = np.ones(r.shape[1])
    active = sounding
    for m in range(1, order + 1):
        reflection = -sums_over_bins(a[:m] * r[m:0:-1]) / error
        active = active & (np.abs(reflection) < 1)
        reflection = np.where(active, reflection, 0.0)
        a[1 : m + 1] += reflection * a[m - 1 :: -1]
        error *= (1 - reflection) * (1 + reflection)
    a[:, ~sounding] = np.nan
    return a, np.where(sounding, error * energy, np.nan)


def reflection_coefficients(coefficients: Array) -> Array:
    """Return the reflection coefficients of predictors, by the recursion from high to low order.

    Parameters
    ----------
    coefficients : array, shape ``(order + 1, frames)``
        Prediction coefficients, with ``a[0]`` = 1.

    Returns
    -------
    array of float64, shape ``(order, frames)``
        The last coefficient of the predictor of each order from 1; all are between -1 and 1 if, and
        only if, 1 / A(z) is stable.
    """
    a = np.array(coefficients, dtype=np.float64)
    order = len(a) - 1
    reflections: Array = np.empty((order, a.shape[1]))
    with np.errstate(divide="ignore", invalid="ignore"):  # of filters that are not stable
        for m in range(order, 0, -1):
            k = reflections[m - 1] = a[m]
            a[1:m] = (a[1:m] - k * a[m - 1 : 0 : -1]) / ((1 - k) * (1 + k))
    return reflections


def prediction_cepstrum(coefficients: Array, error: Array, count: int) -> Array:
    """Compute the cepstrum of the spectrum ``error / |A|²`` that a predictor models.

    Parameters
    ----------
    coefficients : array, shape ``(order + 1, frames)``
        Prediction coefficients, with ``a[0]`` = 1.
    error : array, shape ``(frames,)``
        Energy of the prediction error, above 0.
    count : int
        Number of cepstral coefficients, at least 1; it may exceed the order.

    Returns
    -------
    array of float64, shape ``(count, frames)``
        ``c[0]`` = ln(error), and ``c[n]`` for n from 1: ``ln(error / |A|²)`` at the frequency w is
        ``c[0] + 2 sum(c[n] cos(n w))``.

    References
    ----------
    L. Rabiner and B.-H. Juang, "Fundamentals of speech recognition", Prentice Hall 1993, 3.3.7.
    """
    order = len(coefficients) - 1
    cepstrum: Array = np.zeros((count, coefficients.shape[1]))
    cepstrum[0] = np.log(error)
    for n in range(1, count):
        first = max(1, n - order)
        weights = np.arange(first, n)[:, None] / n
        if n <= order:
            cepstrum[n] = -coefficients[n]
        if first < n:
            products = weights * cepstrum[first:n] * coefficients[n - first : 0 : -1]
            cepstrum[n] -= sums_over_bins(products)
    return cepstrum


def line_spectral_frequencies(coefficients: Array) -> Array:
    """Compute the line spectral frequencies of predictors.

    Parameters
    ----------
    coefficients : array, shape ``(order + 1, frames)``
        Prediction coefficients of stable filters, with ``a[0]`` = 1, of an order of at least 1.

    Returns
    -------
    array of float64, shape ``(order, frames)``
        Frequencies in radians per sample, between 0 and pi, in ascending order; NaN where the
        coefficients are NaN, or those of a filter that is not stable.
    """
    order, frames = len(coefficients) - 1, coefficients.shape[1]
    lines: Array = np.full((order, frames), np.nan)
    for start in range(0, frames, TOGETHER):
        part = slice(start, start + TOGETHER)
        reflections = reflection_coefficients(coefficients[:, part])
        stable = (np.abs(reflections) < 1).all(axis=0)
        lines[:, part][:, stable] = _lines(reflections[:, stable])
    return lines


def _lines(reflections: Array) -> Array:
    """Line spectral frequencies of stable filters, ``(order, frames)``."""
    above, below = 1 + reflections, 1 - reflections
    before = np.concatenate([np.full_like(above[:1], 2), above[:-1]])  # 1 at order 0
    lines = np.empty_like(reflections)
    lines[0::2] = _angles(before * below)
    if len(lines) > 1:
        lines[1::2] = _angles(below[:-1] * above[1:])
    return lines


def _angles(couplings: Array) -> Array:
    """Angles w, ascending, of the roots of polynomials with a recurrence of three terms.

    With y = 2 cos(w / 2), the polynomials are f[n + 1] = y f[n] - c[n] f[n - 1]. The matrix of the
    last one has zeros on its diagonal. Its square falls into two parts; the smaller has the squares
    y² that are not 0 as its eigenvalues.

    Parameters
    ----------
    couplings : array, shape ``(n, frames)``
        c[1] to c[n].

    Returns
    -------
    array, shape ``((n + 1) // 2, frames)``
    """
    odd, even = couplings[::2], couplings[1::2]
    diagonal = odd.copy()
    diagonal[: len(even)] += even
    size = len(odd)
    k = np.arange(size)
    matrices: Array = np.zeros((couplings.shape[1], size, size))
    matrices[:, k, k] = diagonal.T
    matrices[:, k[1:], k[:-1]] = np.sqrt(even[: size - 1] * odd[1:]).T
    squares = np.linalg.eigvalsh(matrices)[:, ::-1].T
    return np.arccos(np.clip(squares / 2 - 1, -1, 1))
