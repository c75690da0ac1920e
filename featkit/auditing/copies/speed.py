"""Recordings at another speed than the rest of their group, by their long-term spectra.

A wrong sample rate in the header, or a copy at another speed, multiplies all frequencies by a
factor: it shifts the spectrum along a logarithmic axis. The spectra of a group have a normal
distribution with heavy tails (Student's t), with a mean for each group and a covariance that all
groups share. The evidence for a shift is the ratio of the likelihoods of a spectrum with and
without it, in nepers.

How large this ratio may become by chance depends on the group: rain sounds like faster rain, and a
voice does not sound like a faster voice. Therefore the spectra of the group itself are shifted, and
a shift is decidable in a group only if the ratio separates these from the spectra as they are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array

BANDS = 136
BANDS_PER_OCTAVE = 12
EDGES = 20.0 * 2 ** ((np.arange(BANDS + 1) - 0.5) / BANDS_PER_OCTAVE)
"""Edges of the bands in Hz: from 20 Hz to 49 kHz, a semitone each."""

LOWEST_BAND = 24
"""First band that is compared, at 80 Hz: lower ones are narrower than a bin."""

EDGE = 50.0
"""The spectrum of a group ends where its median falls by so many dB below its maximum."""

BODY = 0.8
"""Share of this frequency up to which a codec or a resampler changes nothing."""

TRANSITION = 3
"""Bands below half the sample rate that are not compared: resamplers attenuate them."""

LEAST_BANDS = 24
"""Fewest bands that are compared: two octaves."""

LEAST_SIZE = 8
"""Fewest recordings of a group from which its mean is estimated."""

FOLDS = 4
"""Parts of each group: a recording is compared with the other parts only, since its own influence
on mean and covariance would make it look usual."""

LARGEST_LOSS = 40.0
"""Largest deviation in dB from the mean of the group that counts."""

NOISE = 1.0
"""Variance in dB² that is added to each band."""

LEVEL = 100.0
"""Variance in dB² of the level of a recording, which is no evidence."""

DEGREES = 10.0
"""Degrees of freedom of Student's t: recordings differ more than a normal distribution says."""

LEAST_EVIDENCE = 8.0
"""Least evidence of all bands in nepers, a ratio of 3,000."""

BODY_EVIDENCE = 3.0
"""Least evidence of the bands below the edge of the spectrum, a ratio of 20: the edge alone may be
that of another codec."""

MARGIN = 5.0
"""Nepers by which the evidence must exceed what a tenth of the group exceeds."""

POWER = 0.9
"""A shift is decidable in a group if this share of shifted recordings would be found."""


class Shifts(NamedTuple):
    """Evidence for shifts.

    Attributes
    ----------
    evidence : array, shape ``(recordings, shifts)``
        Logarithm of the ratio of likelihoods; NaN where too few bands can be compared.
    is_certain : array of bool, shape ``(recordings, shifts)``
        Whether the evidence suffices.
    decidable : array of bool, shape ``(recordings, shifts)``
        Whether recordings with this shift would be found in the group of the recording.
    """

    evidence: Array
    is_certain: Array
    decidable: Array


def shift_evidence(profiles: Array, groups: Array, octaves: Array) -> Shifts:
    """Compare recordings with their groups, as they are and shifted.

    Recordings with a shift are left out of their groups, and all are compared again.

    Parameters
    ----------
    profiles : array, shape ``(recordings, BANDS)``
        Long-term spectra in dB; NaN above half the sample rate.
    groups : array, shape ``(recordings,)``
    octaves : array, shape ``(shifts,)``
        Logarithm to base 2 of the true frequencies relative to the observed ones.

    Returns
    -------
    Shifts
    """
    from threadpoolctl import threadpool_limits

    usual: Array = np.ones(len(profiles), bool)
    with threadpool_limits(1):  # the matrices are small, and threads would only wait
        for _ in range(2):
            shifts = _compare(profiles, groups, octaves * BANDS_PER_OCTAVE, usual)
            usual = np.logical_not(shifts.is_certain.any(axis=1))
    return shifts


class _Comparison(NamedTuple):
    """Evidence of the recordings, of the usual ones as they are, and of these after a shift."""

    evidence: Array
    as_is: Array
    shifted: Array


def _compare(profiles: Array, groups: Array, shifts: Array, usual: Array) -> Shifts:
    names, group = np.unique(groups, return_inverse=True)
    body, last = _last_bands(profiles, usual)
    every = _compare_bands(profiles, group, shifts, usual, last)
    lower = _compare_bands(profiles, group, shifts, usual, body)
    is_certain, decidable = np.zeros((2, *every.evidence.shape), bool)
    for own in range(len(names)):
        rows = group == own
        high = _quantile(every.as_is[rows], 0.9)
        threshold = np.maximum(LEAST_EVIDENCE, high + MARGIN)
        passed = [
            (one >= threshold) & (two >= BODY_EVIDENCE)
            for one, two in (
                (every.shifted[rows], lower.shifted[rows]),
                (every.evidence[rows], lower.evidence[rows]),
            )
        ]
        tested = np.isfinite(every.shifted[rows]).sum(axis=0)
        decidable[rows] = passed[0].sum(axis=0) >= POWER * np.maximum(tested, 1)
        is_certain[rows] = passed[1] & decidable[rows]
    return Shifts(every.evidence, is_certain, decidable)


def _quantile(values: Array, share: float) -> Array:
    """Quantile of the rows, without NaN; infinite in a column of NaN only."""
    ordered = np.sort(values, axis=0)  # NaN last
    counts = np.isfinite(values).sum(axis=0)
    place = np.minimum((share * counts).astype(int), np.maximum(counts - 1, 0))
    chosen = np.take_along_axis(ordered, place[None], axis=0)[0]
    return np.asarray(np.where(counts > 0, chosen, np.inf))


def _compare_bands(
    profiles: Array, group: Array, shifts: Array, usual: Array, last: int
) -> _Comparison:
    """Compare the bands up to one of them."""
    result = _Comparison(*np.full((3, len(profiles), len(shifts)), np.nan))
    in_range = (np.arange(BANDS) >= LOWEST_BAND) & (np.arange(BANDS) <= last)
    if in_range.sum() < LEAST_BANDS:
        return result
    complete = np.isfinite(profiles) & in_range
    whole = usual & (complete == in_range).all(axis=1)
    fold = _folds(group)
    for own in range(FOLDS):
        fitted = whole & (fold != own)
        large = np.bincount(group[fitted], minlength=int(group.max()) + 1) >= LEAST_SIZE
        if large.any():
            model = _fit(profiles, group, fitted, large, in_range)
            tested = (fold == own) & large[group]
            _test(result, profiles, group, shifts, model, tested, whole & tested)
    return result


def _folds(group: Array) -> Array:
    """Divide the recordings of each group: spectra are compared with those of other folds."""
    order = np.argsort(group, kind="stable")
    start = np.searchsorted(group[order], group[order])
    fold = np.empty(len(group), dtype=int)
    fold[order] = (np.arange(len(group)) - start) % FOLDS
    return fold


class _Model(NamedTuple):
    """Mean of each group, common covariance, and the bands that these have."""

    means: Array
    covariance: Array
    in_range: Array


def _fit(profiles: Array, group: Array, rows: Array, large: Array, in_range: Array) -> _Model:
    means = np.full((len(large), BANDS), np.nan)
    for own in np.flatnonzero(large):
        means[own] = np.median(profiles[rows & (group == own)], axis=0)
    covariance = _covariance(profiles, means[group], rows & large[group], in_range)
    return _Model(means, covariance, in_range)


def _test(
    result: _Comparison,
    profiles: Array,
    group: Array,
    shifts: Array,
    model: _Model,
    tested: Array,
    reference: Array,
) -> None:
    """Fill the rows of some recordings; `reference` are those that are compared shifted, too."""
    in_range, large = model.in_range, np.isfinite(model.means[:, LOWEST_BAND])
    complete = np.isfinite(profiles) & in_range
    patterns = np.unique(complete[tested], axis=0)
    for column, shift in enumerate(shifts):
        stretched, simulated = shifted(model.means, shift), shifted(profiles, shift)
        in_both = in_range & (shifted(in_range.astype(float), shift) > 0.999)
        for bands in patterns:
            used = bands & in_both
            rows = tested & (complete == bands).all(axis=1)
            if used.sum() < LEAST_BANDS:
                continue
            moved = _moved_covariance(model.covariance, stretched[large], used, shift)
            usual_t = model.means[:, used], model.covariance[np.ix_(used, used)]
            shifted_t = stretched[:, used], moved
            result.evidence[rows, column] = _evidence(
                profiles[rows][:, used], group[rows], usual_t, shifted_t
            )
            if (bands == in_range).all():
                result.as_is[reference, column] = result.evidence[reference, column]
                result.shifted[reference, column] = _evidence(
                    simulated[reference][:, used], group[reference], usual_t, shifted_t
                )


def _last_bands(profiles: Array, usual: Array) -> tuple[int, int]:
    """The last band of the body of most spectra, and the last one that most spectra have."""
    if not usual.any():
        return 0, 0
    levels = np.nan_to_num(profiles[usual], nan=-np.inf)
    levels[:, :LOWEST_BAND] = -np.inf
    median = np.median(levels, axis=0)
    last = np.flatnonzero(np.isfinite(median))
    if not len(last):
        return 0, 0
    edge = np.flatnonzero(median >= median.max() - EDGE)[-1]
    body = edge + BANDS_PER_OCTAVE * np.log2(BODY)
    return int(body), int(last[-1]) - TRANSITION


def _covariance(profiles: Array, means: Array, rows: Array, in_range: Array) -> Array:
    """Covariance of the deviations from the means of the groups, ``(BANDS, BANDS)``."""
    from sklearn.covariance import LedoitWolf

    deviation = (profiles - means)[rows][:, in_range]
    deviation -= deviation.mean(axis=1, keepdims=True)
    deviation = np.clip(deviation, -LARGEST_LOSS, LARGEST_LOSS)
    covariance = NOISE * np.eye(BANDS)
    covariance[np.ix_(in_range, in_range)] += LedoitWolf().fit(deviation).covariance_
    return covariance


def shifted(profiles: Array, shift: float) -> Array:
    """Shift spectra along the axis of bands.

    Parameters
    ----------
    profiles : array, shape ``(..., BANDS)``
    shift : float
        Bands.

    Returns
    -------
    array, shape ``(..., BANDS)``
        Values at ``band + shift``, interpolated; NaN beyond the bands.
    """
    place = np.arange(BANDS) + shift
    below = np.clip(np.floor(place).astype(int), 0, BANDS - 2)
    share = place - below
    above = np.where(share > 0, below + 1, below)
    values = profiles[..., below] * (1 - share) + profiles[..., above] * share
    return np.where((share >= 0) & (share <= 1), values, np.nan)


def _moved_covariance(covariance: Array, means: Array, used: Array, shift: float) -> Array:
    """The covariance of the nearest bands; half a band of error in the mean is added."""
    place = np.clip(np.flatnonzero(used) + round(shift), 0, BANDS - 1)
    slope = np.gradient(np.mean(means[:, used], axis=0))
    return np.asarray(covariance[np.ix_(place, place)] + np.diag((0.5 * slope) ** 2))


def _evidence(
    x: Array, group: Array, usual: tuple[Array, Array], shifted: tuple[Array, Array]
) -> Array:
    """Evidence for a shift from means and covariances without and with it."""
    as_is = _log_likelihood(x - usual[0][group], usual[1])
    return _log_likelihood(x - shifted[0][group], shifted[1]) - as_is


def _log_likelihood(deviation: Array, covariance: Array) -> Array:
    """Logarithm of the density of Student's t, apart from a constant, ``(recordings,)``."""
    from scipy.linalg import solve_triangular

    factor = np.linalg.cholesky(covariance + LEVEL)
    distance = np.square(solve_triangular(factor, deviation.T, lower=True)).sum(axis=0)
    exponent = (DEGREES + len(covariance)) / 2
    density = -np.log(np.diag(factor)).sum() - exponent * np.log1p(distance / DEGREES)
    return np.asarray(density)
