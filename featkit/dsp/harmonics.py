"""Harmonics of voiced frames: peaks of the spectrum near multiples of the fundamental frequency.

Harmonic h is the strongest bin within `TOLERANCE` f0 of h f0 (in whole bins, at least one) if it is
a peak, refined by a parabola through the logarithms of three bins; without a peak its amplitude is
0. Harmonics above half the sample rate have amplitude 0, too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import _compiled
from featkit.dsp.bins import sums_over_bins, vertex

TOLERANCE = 0.2
"""Largest deviation of a harmonic from its position, relative to the fundamental frequency."""

MOST = 64
"""Most harmonics that the compiled core finds."""


class Shares(NamedTuple):
    """Distribution of the harmonics of some frames; NaN without any harmonic.

    Attributes
    ----------
    deviation : array, shape ``(frames,)``
        Mean distance of the harmonics from the exact multiples, weighted by power, relative to the
        fundamental frequency.
    odd, even : array, shape ``(frames,)``
        Share of the power in odd and even harmonics.
    first, middle, high : array, shape ``(frames,)``
        Share of the sum of amplitudes in the first harmonic, in the second to the fourth, and in
        the fifth and all above.
    """

    deviation: Array
    odd: Array
    even: Array
    first: Array
    middle: Array
    high: Array


def harmonic_shares(power: Array, frames: Array, spacing: Array, count: int) -> Shares:
    """Find the harmonics of some frames, and their distribution.

    Parameters
    ----------
    power : array of float32, shape ``(bins, all frames)``
        Power spectrogram.
    frames : array of int, shape ``(frames,)``
        Numbers of the frames.
    spacing : array of float64, shape ``(frames,)``
        Fundamental frequency of each, in bins, at least 3.
    count : int
        Number of harmonics, at least 5.

    Returns
    -------
    Shares
    """
    if _compiled.core is None or count > MOST:
        order = np.argsort(-spacing, kind="stable")
        of_frames = shares(harmonics(power, frames[order], spacing[order], count))
        back = np.argsort(order)
        return Shares(*(values[back] for values in of_frames))
    rows: Array = np.empty((len(Shares._fields), len(frames)), dtype=np.float32)
    _compiled.core.harmonics(
        np.ascontiguousarray(power),
        len(power),
        frames.astype(np.int64),
        np.ascontiguousarray(spacing, dtype=np.float64),
        count,
        TOLERANCE,
        rows,
    )
    return Shares(*rows)


class Harmonics(NamedTuple):
    """Harmonics of some frames.

    Attributes
    ----------
    amplitude : array of float64, shape ``(count, frames)``
        Amplitude; 0 without a peak.
    deviation : array of float64, shape ``(count, frames)``
        Distance from the exact multiple, relative to the fundamental frequency.
    """

    amplitude: Array
    deviation: Array


def harmonics(power: Array, frames: Array, spacing: Array, count: int) -> Harmonics:
    """Find the harmonics of some frames.

    Parameters
    ----------
    power : array, shape ``(bins, all frames)``
        Power spectrogram.
    frames : array of int, shape ``(frames,)``
        Numbers of the frames, the highest pitch first.
    spacing : array, shape ``(frames,)``
        Fundamental frequency of each, in bins.
    count : int
        Number of harmonics.

    Returns
    -------
    Harmonics
    """
    places = spacing[:, None] * np.arange(1, count + 1)
    reach = np.maximum(np.rint(TOLERANCE * spacing), 1).astype(np.intp)
    within = np.flatnonzero(places + reach[:, None] < len(power) - 1.5)
    frame, place = within // count, places.ravel()[within]
    strongest = _strongest(power, frames[frame], np.rint(place).astype(np.intp), reach[frame])
    three = np.stack([power[strongest + k, frames[frame]] for k in (-1, 0, 1)])
    peak = (three[1] > three[0]) & (three[1] >= three[2])
    height = np.where(peak, three[1], 1)
    beside = np.where(peak, three[::2], 0.5) / height
    before, after = -0.5 * np.log(np.maximum(beside, np.finfo(np.float32).tiny), dtype=float)
    shift, least = vertex(np.stack([before, np.zeros_like(before), after]))
    amplitude, deviation = np.zeros(places.shape), np.zeros(places.shape)
    amplitude.flat[within] = np.where(peak, np.sqrt(height) * np.exp(-least), 0)
    deviation.flat[within] = np.abs(strongest + shift - place) / spacing[frame]
    # Contiguous rows make the order of sums over harmonics independent of the number of frames.
    return Harmonics(np.ascontiguousarray(amplitude.T), np.ascontiguousarray(deviation.T))


def _strongest(power: Array, frames: Array, middle: Array, reach: Array) -> Array:
    """Strongest bin within `reach` of the middle one; frames in descending order of reach."""
    flat, step = power.ravel(), power.shape[1]
    position = (middle - reach) * step + frames
    greatest, offset = flat.take(position), np.zeros_like(position)
    counts = np.searchsorted(-2 * reach, -np.arange(1, 2 * reach[0] + 1), side="right")
    for k, count in enumerate(counts.tolist(), start=1):
        position[:count] += step
        values = flat.take(position[:count])
        greater = values > greatest[:count]
        np.copyto(greatest[:count], values, where=greater)
        np.copyto(offset[:count], k, where=greater)
    return np.asarray(middle - reach + offset)


def shares(tone: Harmonics) -> Shares:
    """Compute the distribution of harmonics.

    Parameters
    ----------
    tone : Harmonics
        Harmonics of some frames.

    Returns
    -------
    Shares
    """
    total = sums_over_bins(tone.amplitude)
    total = np.where(total > 0, total, np.nan)
    power = np.square(tone.amplitude / total)
    all_power = sums_over_bins(power)
    parts = np.split(tone.amplitude, [1, 4])
    return Shares(
        sums_over_bins(tone.deviation * power) / all_power,
        sums_over_bins(power[::2]) / all_power,
        sums_over_bins(power[1::2]) / all_power,
        *(sums_over_bins(rows) / total for rows in parts),
    )
