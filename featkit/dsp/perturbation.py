"""Perturbation of the periods and amplitudes of a voice: jitter and shimmer.

An interval between two pulses is a period if it is not too short and not too long. Measures compare
neighbouring periods, or their amplitudes, unless they differ by more than a factor: such a step is
an error or a change of pitch rather than a perturbation.

References
----------
Boersma, P. and Weenink, D. "Praat: doing phonetics by computer", manual, "Voice 2. Jitter",
"Voice 3. Shimmer", and the pages of the commands for PointProcess objects.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.parameters import parameter
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.glottal_pulses import windows
from featkit.dsp.voice_frames import ClipLevel
from featkit.dsp.voice_pitch import VoicePitchParameters
from featkit.errors import ParameterError

SHARE = 0.2
"""Half width of the window in which the amplitude of a pulse is measured, in periods."""

PULSES_READ = 512
"""Number of pulses whose windows are in memory at a time."""


class PeriodParameters(VoicePitchParameters):
    """The pitch around which pulses are sought, and which intervals between them are compared."""

    period_floor: float = parameter(0.0001, "shortest period in seconds", above=0, at_most=1)
    period_ceiling: float = parameter(0.02, "longest period in seconds", above=0, at_most=1)
    max_period_factor: float = parameter(
        1.3, "greatest ratio of neighbouring periods that are compared", at_least=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.period_ceiling <= self.period_floor:
            raise ParameterError(
                f"period_ceiling must be above period_floor ({self.period_floor:g} s), got"
                f" {self.period_ceiling:g}"
            )

    def limits(self, sr: float) -> PeriodLimits:
        """Return the limits in samples.

        Parameters
        ----------
        sr : float
            Sample rate in Hz; 1 for limits in seconds.

        Returns
        -------
        PeriodLimits
        """
        return PeriodLimits(
            self.period_floor * sr, self.period_ceiling * sr, self.max_period_factor
        )


class PeriodLimits(NamedTuple):
    """Which intervals between pulses are periods, and which of these are compared.

    Attributes
    ----------
    shortest, longest : float
        Limits of a period.
    factor : float
        Greatest ratio of neighbouring periods.
    """

    shortest: float
    longest: float
    factor: float


def jitter(pulses: Array, limits: PeriodLimits) -> Array:
    """Compute the perturbation of the periods.

    Parameters
    ----------
    pulses : array of float64, shape ``(pulses,)``
        Times in ascending order.
    limits : PeriodLimits
        In the same unit.

    Returns
    -------
    array of float64, shape ``(4,)``
        Local jitter, absolute local jitter in the unit of the times, RAP and PPQ5; NaN where too
        few periods can be compared.
    """
    periods = np.diff(pulses)
    is_period = (periods >= limits.shortest) & (periods <= limits.longest)
    alike = _alike(periods, is_period, limits.factor)
    mean = _mean_period(periods, is_period, limits.factor)
    local = _mean(np.abs(np.diff(periods)), alike)
    rap = _quotient(periods, alike, 3)
    ppq5 = _quotient(periods, alike, 5)
    return np.array([local / mean, local, rap / mean, ppq5 / mean])


def shimmer(pulses: Array, amplitudes: Array, limits: PeriodLimits, factor: float) -> Array:
    """Compute the perturbation of the amplitudes.

    Parameters
    ----------
    pulses : array of float64, shape ``(pulses,)``
        Times in ascending order.
    amplitudes : array of float64, shape ``(pulses,)``
        Amplitude at each pulse; NaN where it has none.
    limits : PeriodLimits
        In the unit of the times.
    factor : float
        Greatest ratio of neighbouring amplitudes.

    Returns
    -------
    array of float64, shape ``(5,)``
        Local shimmer, local shimmer in dB, APQ3, APQ5 and APQ11; NaN where too few amplitudes can
        be compared.
    """
    is_sound = np.isfinite(amplitudes) & (amplitudes > 0)
    pulses, amplitudes = pulses[is_sound], amplitudes[is_sound]
    intervals = np.diff(pulses)
    near = (intervals >= limits.shortest) & (intervals <= limits.longest)
    alike = near & _alike(amplitudes, np.ones(len(amplitudes), dtype=bool), factor)
    mean = np.mean(amplitudes) if len(amplitudes) else np.nan
    local = _mean(np.abs(np.diff(amplitudes)), alike)
    decibels = _mean(np.abs(np.diff(20 * np.log10(amplitudes))), alike)
    quotients = [_quotient(amplitudes, alike, width) / mean for width in (3, 5, 11)]
    return np.array([local / mean, decibels, *quotients])


def pulse_amplitudes(clip: Clip, pulses: Array, limits: PeriodLimits) -> Array:
    """Measure the amplitude at each pulse.

    It is the root mean square around the pulse, less the mean of the clip, in a Hann window that
    reaches `SHARE` of the period before it and of the period after it.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    pulses : array of float64, shape ``(pulses,)``
        Positions in samples, in ascending order.
    limits : PeriodLimits
        In samples.

    Returns
    -------
    array of float64, shape ``(pulses,)``
        NaN if an interval beside the pulse is no period, if both differ too much, or if there is no
        sample in the window, as with periods of two samples.
    """
    amplitudes: Array = np.full(len(pulses), np.nan)
    periods = np.diff(pulses)
    is_period = (periods >= limits.shortest) & (periods <= limits.longest)
    mean = ClipLevel(clip).mean
    inner = 1 + np.flatnonzero(_alike(periods, is_period, limits.factor))
    for start in range(0, len(inner), PULSES_READ):
        own = inner[start : start + PULSES_READ]
        before, after = SHARE * periods[own - 1], SHARE * periods[own]
        amplitudes[own] = _rms(clip, mean, pulses[own], before, after)
    return amplitudes


def _rms(clip: Clip, mean: float, position: Array, before: Array, after: Array) -> Array:
    first = np.ceil(position - before).astype(np.intp)
    length = int(np.max(np.floor(position + after).astype(np.intp) - first)) + 1
    samples = windows(clip, mean, first, length)
    distance = first[:, None] + np.arange(length) - position[:, None]
    share = distance / np.where(distance < 0, before[:, None], after[:, None])
    window = np.where(np.abs(share) < 1, 0.5 + 0.5 * np.cos(np.pi * share), 0)
    energy, weight = np.sum(np.square(samples * window), axis=1), np.sum(np.square(window), axis=1)
    return np.asarray(np.sqrt(energy / np.where(weight > 0, weight, np.nan)))


def _alike(values: Array, is_valid: Array, factor: float) -> Array:
    """Whether each value and the next one are valid, and differ by at most a factor."""
    if len(values) < 2:
        return np.zeros(0, dtype=bool)
    low, high = np.minimum(values[1:], values[:-1]), np.maximum(values[1:], values[:-1])
    return np.asarray(is_valid[1:] & is_valid[:-1] & (high <= factor * low))


def _mean_period(periods: Array, is_period: Array, factor: float) -> float:
    """Mean of the periods, without those that differ too much from both neighbours."""
    unlike = ~_alike(periods, np.ones(len(periods), dtype=bool), factor)
    counted = is_period.copy()
    counted[1:-1] &= ~(unlike[1:] & unlike[:-1])
    return _mean(periods, counted)


def _mean(values: Array, is_valid: Array) -> float:
    return float(np.mean(values[is_valid])) if is_valid.any() else np.nan


def _quotient(values: Array, alike: Array, width: int) -> float:
    """Mean distance of a value from the mean of it and its neighbours, `width` values in all."""
    if len(values) < width:
        return np.nan
    groups = sliding_window_view(values, width)
    valid = sliding_window_view(alike, width - 1).all(axis=1)
    centre = groups[:, width // 2]
    return _mean(np.asarray(np.abs(centre - np.mean(groups, axis=1))), np.asarray(valid))
