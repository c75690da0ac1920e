"""Traces of MP3 in decoded samples.

An MP3 encoder transforms 576 samples at a time (a granule) and rounds the coefficients; at usual
bit rates, it rounds many of them to zero. The samples that a decoder returns still have these
coefficients, if they are transformed with the same framing, and only then: at any other position,
hardly any coefficient is close to zero. This analysis computes some coefficients of the transform
of Layer III at every position of a few stretches of a recording, and compares the 576 possible
framings. Gain does not matter. A change of the sample rate, of the speed or a lossy codec of a low
bit rate afterwards removes the traces.

References
----------
ISO/IEC 11172-3:1993, "Coding of moving pictures and associated audio for digital storage media at
up to about 1,5 Mbit/s, part 3: audio", annex C: polyphase filter bank and MDCT of Layer III.

R. Yang, Z. Qu, J. Huang, "Detecting digital audio forgeries by checking frame offsets", Proc. 10th
ACM Workshop on Multimedia and Security, 2008: framing of MP3 in decoded samples.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.fft
from scipy.ndimage import uniform_filter1d

from featkit._utils.typing import Array

GRANULE = 576
"""Samples of a granule, and number of coefficients of its transform."""

LINES = tuple(range(36, 420, 12))
"""Coefficients that are computed: from 1.4 to 16 kHz at a sample rate of 44.1 kHz."""

TAPS = 512 + 35 * 32
"""Samples on which a coefficient depends: 36 subband samples at intervals of 32, through a filter
of 512 samples."""

N_FFT = 5184
"""Samples of a stretch: six positions of each framing."""

RANKS = (0.0, 0.5, 0.25, 0.75, 0.125, 0.375, 0.625, 0.875)
"""Stretches to analyse, by their rank among all from the loudest to the quietest."""

MOST_CANDIDATES = 16
"""About the most stretches that are considered, from the loudest to the quietest."""

DECISIONS = (2, 4)
"""Numbers of stretches after which the analysis ends unless the score is doubtful."""

DOUBTFUL = 3.0
"""Lowest doubtful score; lower ones end the analysis to save time."""

CERTAIN = 7.0
"""Score that ends the analysis after any stretch."""

CLEAR = 5.0
"""Score from which a framing is clear, chosen above the largest of 535 recordings of EmoDB (4.0)
and 96 of a tropical soundscape (3.3)."""

PERIODIC = 0.95
"""Correlation of a stretch with itself, one to three granules later, from which it is not analysed:
tones and clicks with such a period resemble a framing."""

LOUDNESS_RANGE = 40.0
"""Level of the loudest part over that of the quietest that is analysed, in dB."""

QUIET = 2.0**-16
"""Coefficients up to half of a step of 16 bits are alike: the rounding of the samples hides them.
"""

TREND = 25
"""Positions of the running mean that is subtracted: trends along a stretch are no framing."""

MOST = 8.0
"""Largest score of a position: single outliers are no framing."""

PROTOTYPE = (
    1.0,
    1.0000312,
    0.9962757,
    0.9393559,
    0.7071518,
    0.3429542,
    0.0865761,
    0.0077304,
)
"""Cosine series of the prototype filter, fitted to the window of table C.1 of the standard; the
largest difference is 1.5e-5 of its peak, which is the rounding of the table."""

ALIAS = (-0.6, -0.535, -0.33, -0.185, -0.095, -0.041, -0.0142, -0.0037)
"""Coefficients c of the alias reduction, table B.9 of the standard."""


class Framing(NamedTuple):
    """The most likely framing.

    Attributes
    ----------
    offset : int
        Position of the framing, from 0 to 575, counted from the first sample.
    score : float
        How much more coefficients are close to zero than with other framings, in robust standard
        deviations.
    """

    offset: int
    score: float


def find_framing(y: Array) -> Framing | None:
    """Find the most likely framing of MP3.

    Parameters
    ----------
    y : array of float32, shape ``(samples,)``
        Samples at the rate at which they were decoded; full scale is 1.

    Returns
    -------
    Framing or None
        None if the samples are fewer than one stretch, silent or periodic. A framing counts as
        found if its score is at least `CLEAR`.
    """
    total, positions = np.zeros(GRANULE), 0
    framing = None
    for number, start in enumerate(_stretches(y), 1):
        sparsity = _sparsity(y[start : start + N_FFT])
        whole = len(sparsity) // GRANULE
        rows = sparsity[: whole * GRANULE].reshape(whole, GRANULE)
        total += np.roll(rows.sum(axis=0), start % GRANULE)
        positions += whole
        offset = int(np.argmax(total))
        framing = Framing(offset, float(total[offset] / np.sqrt(positions)))
        is_doubtful = DOUBTFUL <= framing.score < CLEAR
        if framing.score >= CERTAIN or (number in DECISIONS and not is_doubtful):
            break
    return framing


def _stretches(y: Array) -> Array:
    """Positions of stretches that do not overlap, from all levels in turn.

    Those with a silent granule are left out: the edge of silence resembles a framing.
    """
    starts = np.arange(0, len(y) - N_FFT + 1, N_FFT)
    if not len(starts):
        return starts
    parts = y[: len(starts) * N_FFT].reshape(-1, N_FFT)
    power = _sums(parts, parts)
    order = np.argsort(-power, kind="stable")
    order = order[:: max(1, len(order) // MOST_CANDIDATES)]
    power, parts = power[order], parts[order]
    usable = power > max(power.max() * 10 ** (-LOUDNESS_RANGE / 10), N_FFT * QUIET**2)
    granules = parts.reshape(-1, GRANULE)
    silent = (_sums(granules, granules) <= GRANULE * QUIET**2).reshape(len(parts), -1)
    usable &= ~silent.any(axis=1)
    for lag in (GRANULE, 2 * GRANULE, 3 * GRANULE):
        later, earlier = parts[:, lag:], parts[:, :-lag]
        bound = PERIODIC / 2 * (_sums(later, later) + _sums(earlier, earlier))
        usable &= _sums(later, earlier) < bound
    order = order[usable]
    ranks = (np.array(RANKS) * len(order)).astype(int)
    chosen: Array = starts[order[list(dict.fromkeys(ranks))]] if len(order) else order
    return chosen


def _sums(a: Array, b: Array) -> Array:
    """The scalar product of each row."""
    products: Array = np.einsum("ij,ij->i", a, b)
    return products


def _sparsity(stretch: Array) -> Array:
    """How close to zero the coefficients are at each position, in robust standard deviations."""
    spectrum = scipy.fft.rfft(stretch)
    coefficients = scipy.fft.irfft(spectrum * _filters(), n=N_FFT)[:, : N_FFT - TAPS + 1]
    np.abs(coefficients, out=coefficients)
    np.maximum(coefficients, np.float32(QUIET), out=coefficients)
    levels: Array = -np.log2(coefficients, out=coefficients).mean(axis=0)
    levels -= uniform_filter1d(levels, TREND, mode="nearest")
    deviation = 1.4826 * np.median(np.abs(levels))
    scores: Array = np.minimum(levels / (deviation + 0.02), MOST)
    return scores


@lru_cache(1)
def _filters() -> Array:
    """Conjugate spectra of the responses of the coefficients `LINES`: ``(lines, bins)``."""
    responses = np.array([_response(line) for line in LINES])
    spectra: Array = np.conj(scipy.fft.rfft(responses, n=N_FFT)).astype(np.complex64)
    return spectra


def _response(line: int) -> Array:
    """Weights of the samples in a coefficient after alias reduction, in order of time."""
    band, index = divmod(line, 18)
    weights = {(band, index): 1.0}
    butterfly = index if index < 8 else 17 - index
    if butterfly < 8:
        scale = 1 / np.sqrt(1 + ALIAS[butterfly] ** 2)
        below = index < 8  # the partner is in the band below, and is subtracted
        partner = (band - 1, 17 - index) if below else (band + 1, 17 - index)
        sign = -1 if below else 1
        if 0 <= partner[0] < 32:
            weights = {(band, index): scale, partner: sign * scale * ALIAS[butterfly]}
    response = np.zeros(TAPS)
    for key, weight in weights.items():
        response += weight * _hybrid_response(*key)
    response /= np.sqrt(np.square(response).sum())
    return response


def _hybrid_response(band: int, index: int) -> Array:
    """Weights of the samples in a coefficient of the MDCT of a subband, before alias reduction."""
    n = np.arange(512)
    orders = np.arange(len(PROTOTYPE))
    series = np.cos(2 * np.pi * orders * (n[:, None] - 256) / 512)
    prototype = series @ (np.array(PROTOTYPE) * np.where(orders, 2, 1))
    subband = (prototype * np.cos((2 * band + 1) * (n - 16) * np.pi / 64))[::-1]
    m = np.arange(36)
    mdct = np.sin(np.pi / 36 * (m + 0.5)) * np.cos(np.pi / 72 * (2 * m + 19) * (2 * index + 1))
    if band % 2:
        mdct[1::2] *= -1  # frequency inversion
    response = np.zeros(TAPS)
    for slot in range(36):
        response[32 * slot : 32 * slot + 512] += mdct[slot] * subband
    return response
