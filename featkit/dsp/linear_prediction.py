"""Linear prediction of many frames at once: Burg's method, and the roots of the polynomials.

A predictor of order p estimates a sample from the p samples before it. Its prediction polynomial is

    A(z) = 1 + a[1] / z + ... + a[p] / z**p

and 1 / A(z) is the spectral envelope of the frame. A pair of complex roots of A is a resonance of
this envelope: a candidate of a formant [2]_. All arrays have one frame per row.

The compiled core does the same operations in the same order as NumPy, one frame per lane.

References
----------
.. [1] J. P. Burg, "Maximum entropy spectral analysis", 37th Annual International Meeting of the
   Society of Exploration Geophysicists, 1967; in D. G. Childers (ed.), "Modern spectrum analysis",
   IEEE Press, 1978.
.. [2] J. D. Markel and A. H. Gray, "Linear prediction of speech", Springer, 1976.
.. [3] O. Aberth, "Iteration methods for finding all zeros of a polynomial simultaneously",
   Mathematics of Computation 27(122), 1973.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.typing import Array
from featkit.dsp import _compiled
from featkit.dsp.bins import sums_over_bins

LOWEST, MARGIN = 50.0, 50.0
"""Candidates of formants lie above `LOWEST`, and `MARGIN` below half the sample rate, in Hz. Roots
outside describe the slope of the spectrum rather than a resonance."""

MOST_STEPS = 60
"""Largest number of iterations. Simple roots need about ten; those of a multiple root converge
slowly, to the accuracy that rounding allows."""

ACCURACY = 1e-9
"""Relative size of the last step of an iteration whose error shrinks with the third power."""

NEAR_ZERO = 1e-6
"""Squared absolute value below which the last step is compared with this instead of the root."""

BLOCK = 64
"""Frames that Burg's method processes together, few enough for the cache."""


def burg(y: Array, starts: Array, window: Array, order: int) -> tuple[Array, Array]:
    """Predict windowed frames of a signal by Burg's method [1]_.

    Each stage of a lattice minimises the sum of the forward and backward prediction errors. All
    roots of the polynomial lie within the unit circle.

    Parameters
    ----------
    y : array of float64, shape ``(samples,)``
    starts : array of int64, shape ``(frames,)``
        First sample of each frame.
    window : array of float64, shape ``(length,)``
        Weights of the samples of a frame.
    order : int
        Order of the predictor, at least 1 and less than `length`.

    Returns
    -------
    coefficients : array of float64, shape ``(frames, order + 1)``
        Of the prediction polynomial; the first is 1. The others are 0 from the stage on at which
        nothing is left to predict, so in a frame of zeros.
    error : array of float64, shape ``(frames,)``
        Mean square of the prediction error over the windowed frame.
    """
    coefficients: Array = np.empty((order + 1, len(starts)))
    error: Array = np.empty(len(starts))
    if _compiled.core is not None:
        y = np.ascontiguousarray(y, dtype=np.float64)
        _compiled.core.burg(y, starts, window, order, coefficients, error)
        return coefficients.T, error
    for first in range(0, len(starts), BLOCK):
        own = slice(first, first + BLOCK)
        frames = sliding_window_view(y, len(window))[starts[own]]
        x = np.ascontiguousarray(frames.T) * window[:, None]
        coefficients[:, own], error[own] = _burg_by_rows(x, order)
    return coefficients.T, error


def _burg_by_rows(x: Array, order: int) -> tuple[Array, Array]:
    """Polynomial ``(order + 1, frames)`` and error of frames in columns, ``(length, frames)``."""
    forward, backward = x[1:], x[:-1]
    error = sums_over_bins(x * x) / len(x)
    a = np.zeros((order + 1, x.shape[1]))
    a[0] = 1
    for stage in range(1, order + 1):
        power = sums_over_bins(forward * forward + backward * backward)
        empty = power == 0
        k = 2 * sums_over_bins(forward * backward) / (power + empty)
        a[1 : stage + 1] -= k * a[stage - 1 :: -1][:stage]
        error = error * (1 - k * k)
        forward, backward = (forward - k * backward)[1:], (backward - k * forward)[:-1]
    return a, np.maximum(error, 0)


def polynomial_roots(coefficients: Array) -> Array:
    """Find the roots of many polynomials at once, by the method of Aberth and Ehrlich [3]_.

    All roots of a polynomial are refined together. It is meant for prediction polynomials, whose
    roots lie within the unit circle or near it. No step is longer than 1, so that distant roots are
    reached slowly, if at all.

    Parameters
    ----------
    coefficients : array of float, shape ``(frames, order + 1)``
        In descending powers of z, as for `numpy.roots`; the first are not 0.

    Returns
    -------
    array of complex128, shape ``(frames, order)``
        Roots in no particular order; NaN for a polynomial with a coefficient that is not finite, or
        whose first one is 0.
    """
    a = np.asarray(coefficients, dtype=np.float64).T
    frames, order = a.shape[1], len(a) - 1
    usable = np.isfinite(a).all(axis=0) & (a[0] != 0)
    monic = a[1:] / np.where(usable, a[0], 1)
    monic[:, ~usable] = 0
    roots: Array = np.full((frames, order), np.nan, dtype=np.complex128)
    if order:
        re, im = _aberth(np.ascontiguousarray(monic[:, usable]))
        roots.real[usable], roots.imag[usable] = re.T, im.T
    return roots


def _start(order: int) -> Array:
    """First estimates: on a circle, and without symmetry about the real axis, so that the estimates
    of a conjugate pair can become two real roots."""
    angle = 2 * np.pi * (np.arange(order) + 0.3) / order
    return np.stack([0.9 * np.cos(angle), 0.9 * np.sin(angle)])


def _aberth(a: Array) -> tuple[Array, Array]:
    """Real and imaginary parts of the roots, ``(order, frames)``; `a` lacks the first, 1."""
    order, frames = a.shape
    start = _start(order)
    if _compiled.core is not None:
        roots: Array = np.empty((2, order, frames))
        limits = ACCURACY**2, NEAR_ZERO
        _compiled.core.roots(a, start, MOST_STEPS, *limits, roots[0], roots[1])
        return roots[0], roots[1]
    re, im = np.repeat(start[:, :, None], frames, axis=2)
    final_re, final_im = re.copy(), im.copy()
    active = np.arange(frames)
    for _ in range(MOST_STEPS):
        if not len(active):
            break
        step_re, step_im = _aberth_step(a, re, im)
        re -= step_re
        im -= step_im
        limit = ACCURACY**2 * np.maximum(re * re + im * im, NEAR_ZERO)
        moving = (step_re * step_re + step_im * step_im > limit).any(axis=0)
        if not moving.all():
            final_re[:, active], final_im[:, active] = re, im
            active, a, re, im = active[moving], a[:, moving], re[:, moving], im[:, moving]
    final_re[:, active], final_im[:, active] = re, im
    return final_re, final_im


def _aberth_step(a: Array, re: Array, im: Array) -> tuple[Array, Array]:
    """Corrections p / (p' - p s), where s is the sum of 1 / (z - z[j]) over the other roots."""
    p_re, p_im = re + a[0], im.copy()
    d_re, d_im = np.ones_like(re), np.zeros_like(im)
    for row in a[1:]:
        d_re, d_im = d_re * re - d_im * im + p_re, d_re * im + d_im * re + p_im
        p_re, p_im = p_re * re - p_im * im + row, p_re * im + p_im * re
    s_re, s_im = _repulsion(re, im)
    d_re = d_re - (p_re * s_re - p_im * s_im)
    d_im = d_im - (p_re * s_im + p_im * s_re)
    power = d_re * d_re + d_im * d_im
    power += power == 0
    step_re = (p_re * d_re + p_im * d_im) / power
    step_im = (p_im * d_re - p_re * d_im) / power
    scale = 1 / np.sqrt(np.maximum(step_re * step_re + step_im * step_im, 1.0))
    return step_re * scale, step_im * scale


def _repulsion(re: Array, im: Array) -> tuple[Array, Array]:
    """Sums of 1 / (z[i] - z[j]) over the other roots; each pair is computed once."""
    order = len(re)
    s_re, s_im = np.zeros_like(re), np.zeros_like(im)
    for gap in range(1, order // 2 + 1):
        pairs = order if 2 * gap < order else gap  # half a turn joins each pair twice
        x = re[:pairs] - np.roll(re, -gap, axis=0)[:pairs]
        y = im[:pairs] - np.roll(im, -gap, axis=0)[:pairs]
        power = x * x + y * y
        scale = 1 / (power + (power == 0))
        x, y = x * scale, y * scale
        s_re[:pairs] += x
        s_im[:pairs] -= y
        others = (np.arange(pairs) + gap) % order
        s_re[others] -= x
        s_im[others] += y
    return s_re, s_im


def formant_candidates(coefficients: Array, sr: float) -> tuple[Array, Array]:
    """Find the resonances of prediction polynomials [2]_.

    A root r of the upper half plane is a resonance at arg(r) sr / (2 pi) Hz, whose bandwidth is
    -ln|r| sr / pi.

    Parameters
    ----------
    coefficients : array of float, shape ``(frames, order + 1)``
        Of the prediction polynomials, 1, a[1], ..., a[order].
    sr : float
        Sample rate in Hz.

    Returns
    -------
    frequencies, bandwidths : array of float64, shape ``(frames, order // 2)``
        In Hz, in ascending order of frequency, then NaN. Frequencies lie between `LOWEST` and
        `MARGIN` below half the sample rate. The bandwidth of a root outside the unit circle is
        negative.
    """
    most = (coefficients.shape[1] - 1) // 2
    roots = polynomial_roots(coefficients)
    frequencies = np.angle(roots) * (sr / (2 * np.pi))
    inside = (frequencies > LOWEST) & (frequencies < sr / 2 - MARGIN)
    frequencies[~inside] = np.nan
    order = np.argsort(frequencies, axis=1)[:, :most]  # NaN comes last
    frequencies = np.take_along_axis(frequencies, order, axis=1)
    with np.errstate(divide="ignore"):
        bandwidths = np.log(np.abs(np.take_along_axis(roots, order, axis=1))) * (-sr / np.pi)
    bandwidths[np.isnan(frequencies)] = np.nan
    return frequencies, bandwidths


def envelope_db(coefficients: Array, error: Array, frequencies: Array, sr: float) -> Array:
    """Evaluate the spectral envelope of frames: E / abs(A)**2, in dB.

    Parameters
    ----------
    coefficients : array of float, shape ``(frames, order + 1)``
        Of the prediction polynomials A.
    error : array of float, shape ``(frames,)``
        Mean squares E of the prediction error.
    frequencies : array of float, shape ``(n, frames)``
        Frequencies in Hz of each frame.
    sr : float
        Sample rate in Hz.

    Returns
    -------
    array of float64, shape ``(n, frames)``
        NaN where a frequency is NaN, or the envelope is 0 or infinite.
    """
    angle = frequencies * (2 * np.pi / sr)
    cosine, sine = np.cos(angle), np.sin(angle)
    re, im = np.zeros_like(angle), np.zeros_like(angle)
    for row in coefficients.T:  # the polynomial in z, whose absolute value is that of A
        re, im = re * cosine - im * sine + row, re * sine + im * cosine
    power = re * re + im * im
    usable = (power > 0) & (error > 0)
    envelope = np.divide(error, power, out=np.full_like(power, np.nan), where=usable)
    return np.asarray(10 * np.log10(envelope))
