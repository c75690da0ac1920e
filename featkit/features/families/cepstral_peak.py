"""Cepstral peak prominence: how far the peak of the pitch period rises above the cepstrum.

The clip is resampled to twice the highest frequency and pre-emphasised. The power cepstrum of each
frame is taken, and a line is fitted to it in decibels; the prominence is the distance of the
highest peak within the range of pitch from this line. It measures how periodic a voice is and how
many harmonics it has, without a decision about its pitch, and is low for breathy and hoarse voices.

The smoothed prominence is measured after the cepstra have been averaged over neighbouring frames
and quefrencies. The mean over frames of the smoothed one is the CPPS of the literature, and that of
the other the CPP. Frames, smoothing and peaks are those of Praat ("To PowerCepstrogram", "Get
CPPS"). The trend is the straight line of least squares of Hillenbrand et al.; the standard settings
of Praat and of the AVQI have a robust one, whose prominences are lower by some decibels. Compare
values with equal settings only.

References
----------
Hillenbrand, J., Cleveland, R. A. and Erickson, R. L. "Acoustic correlates of breathy vocal
quality", Journal of Speech and Hearing Research 37(4), 1994.

Hillenbrand, J. and Houde, R. A. "Acoustic correlates of breathy vocal quality: dysphonic voices and
continuous speech", Journal of Speech and Hearing Research 39(2), 1996.

Boersma, P. and Weenink, D. "Praat: doing phonetics by computer", manual, "PowerCepstrogram: Get
CPPS...".
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.cepstral_peaks import (
    CepstralBins,
    Fit,
    Trend,
    power_cepstra,
    prominences,
    smoothed_levels,
    smoothing_weights,
)
from featkit.dsp.disk_array import Clip
from featkit.dsp.filters import gaussian_window
from featkit.dsp.short_frames import ShortFrames
from featkit.dsp.voice_band import BandClip
from featkit.errors import ParameterError
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase

PERIODS = 3
"""Longest periods in the effective length of a frame, which has twice this length."""


class CepstralPeakParameters(Parameters):
    """Range of pitch, band, frames, smoothing and trend."""

    pitch_floor: float = parameter(
        60.0,
        "lowest pitch in Hz; the effective length of a frame is three of its periods",
        at_least=20,
        at_most=1000,
    )
    pitch_ceiling: float = parameter(
        333.3, "highest pitch in Hz at which the peak is sought", above=20, at_most=5000
    )
    max_frequency: float = parameter(
        5000.0, "highest frequency in Hz of the spectra", at_least=1000, at_most=20000
    )
    hop: float = parameter(0.002, "seconds from one frame to the next", at_least=0.001, at_most=1)
    emphasis_from: float = parameter(
        50.0, "frequency in Hz from which the spectrum is raised by 6 dB per octave", above=0
    )
    time_smoothing: float = parameter(
        0.02, "seconds over which cepstra are averaged", at_least=0, at_most=1
    )
    quefrency_smoothing: float = parameter(
        0.0005, "quefrencies in seconds over which cepstra are averaged", at_least=0, at_most=0.005
    )
    trend: str = parameter(
        "straight",
        "whether the level falls linearly with quefrency, or with its logarithm (exponential)",
        choices=("straight", "exponential"),
    )
    fit: str = parameter(
        "least_squares",
        "fit of the trend; robust is the incomplete method of Theil",
        choices=("least_squares", "robust"),
    )
    trend_from: float = parameter(
        0.001, "first quefrency of the trend in seconds", above=0, at_most=0.1
    )
    trend_to: float = parameter(
        0.05,
        "last quefrency of the trend in seconds; at most half a frame",
        above=0,
        at_most=1,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pitch_floor >= self.pitch_ceiling:
            raise ParameterError("pitch_floor must be below pitch_ceiling")
        if self.trend_from >= self.trend_to:
            raise ParameterError("trend_from must be below trend_to")


def _descriptors(p: CepstralPeakParameters) -> list[Descriptor]:
    peak = (
        f"level in dB of the highest peak of the power cepstrum from {1 / p.pitch_ceiling:.2g} to"
        f" {1 / p.pitch_floor:.2g} s"
    )
    line = (
        f"less the {p.trend} trend ({p.fit.replace('_', ' ')}) from {p.trend_from:g} to"
        f" {p.trend_to:g} s at its quefrency"
    )
    undefined = (
        "in silence, in clips shorter than a frame, and at sample rates below four times the pitch"
        " ceiling"
    )
    return [
        Descriptor(
            name="cepstral_peak_prominence",
            unit="dB",
            definition=f"{peak}, {line}",
            reference="Hillenbrand et al. 1994; Praat, Get peak prominence",
            undefined=undefined,
        ),
        Descriptor(
            name="cepstral_peak_prominence_smoothed",
            unit="dB",
            definition=f"{peak}, averaged over {1000 * p.time_smoothing:g} ms of time and"
            f" {1000 * p.quefrency_smoothing:g} ms of quefrency, {line}",
            reference="Hillenbrand and Houde 1996; Praat, Get CPPS",
            undefined=undefined,
        ),
    ]


class _Cepstrogram:
    """Prominences of the frames of clips of one sample rate."""

    def __init__(self, p: CepstralPeakParameters, rate: float) -> None:
        self.p, self.rate = p, rate
        self.length = 2 * round(PERIODS * rate / p.pitch_floor)
        self.size = 1 << max(0, self.length - 1).bit_length()
        self.over_time = smoothing_weights(p.time_smoothing / p.hop)
        self.over_quefrency = smoothing_weights(p.quefrency_smoothing * rate)
        last = self.size // 2 - len(self.over_quefrency) // 2 - 2
        peak = _range(1 / p.pitch_ceiling * rate, 1 / p.pitch_floor * rate, last)
        trend = _range(p.trend_from * rate, p.trend_to * rate, last)
        self.rows = slice(min(peak[0], trend[0]) - 1, max(peak[1], trend[1]) + 2)
        count = self.rows.stop + len(self.over_quefrency) // 2
        self.bins = CepstralBins(peak, trend, count)
        self.window = gaussian_window(self.length).astype(np.float32) if self.length else None

    @property
    def is_defined(self) -> bool:
        """Whether the rate is high enough."""
        first, last = self.bins.trend
        return self.rate >= 4 * self.p.pitch_ceiling and last - first >= 3 and self.size >= 32

    def values(self, band: BandClip, starts: Array, batch: slice) -> Array:
        """Prominences of some frames of a clip, ``(2, frames)``; `starts` are those of all."""
        around = len(self.over_time) // 2
        before, after = max(0, batch.start - around), min(len(starts), batch.stop + around)
        power = self._power(band, starts[before:after])
        missing = around - (batch.start - before), around - (after - batch.stop)
        power = np.pad(power, ((0, 0), missing))
        own = np.ascontiguousarray(power[:, around : around + batch.stop - batch.start])
        none = smoothing_weights(0)
        both = (own, none, none), (power, self.over_time, self.over_quefrency)
        rows = np.stack([self._prominences(*arguments) for arguments in both])
        rows[:, ~own.any(axis=0)] = np.nan
        return rows

    def _power(self, band: BandClip, starts: Array) -> Array:
        """Power cepstra of some frames; 0 in silent ones."""
        assert self.window is not None
        begin = int(starts[0])
        y = band[begin : int(starts[-1]) + self.length].astype(np.float32)
        power = power_cepstra(y, starts - begin, self.window, self.size, self.bins.needed)
        power[:, ~band.sounding(starts, self.length)] = 0
        return power

    def _prominences(self, power: Array, over_time: Array, over_quefrency: Array) -> Array:
        levels = smoothed_levels(power, over_time, over_quefrency, self.rows)
        trend: Trend = "straight" if self.p.trend == "straight" else "exponential"
        fit: Fit = "robust" if self.p.fit == "robust" else "least_squares"
        return prominences(levels, self.rows.start, self.bins, trend, fit)


def _range(low: float, high: float, last: int) -> tuple[int, int]:
    """Whole numbers between two limits, at least 2 and at most `last`."""
    slack = 1e-9
    return max(2, math.ceil(low - slack)), min(last, math.floor(high + slack))


def _compute(p: CepstralPeakParameters, *, clips: Sequence[Clip], sr: float) -> OwnFrames:
    """Descriptors of each frame: ``(2, frames)``."""
    bands = [BandClip(clip, sr, p.max_frequency, p.emphasis_from) for clip in clips]
    cepstrogram = _Cepstrogram(p, bands[0].sr)
    length = max(1, cepstrogram.length)
    frames = ShortFrames(bands, bands[0].sr, length=length, hop=p.hop, placement="middle")
    values = np.full((2, frames.segments.total), np.nan)
    if cepstrogram.is_defined:
        for k, (band, own) in enumerate(zip(bands, frames.segments, strict=True)):
            starts = frames.starts(k)
            for batch in frames.ranges(k):
                at = slice(own.start + batch.start, own.start + batch.stop)
                values[:, at] = cepstrogram.values(band, starts, batch)
    return OwnFrames(values, frames.segments)


ECHO = 6.7
"""Smoothed prominence in dB of white noise with an echo after 8 ms of 0.3 of its amplitude.

The cepstrum of 1 + a exp(-j omega T) has a peak of a at T. That of noise has a variance of
Li2(rho(m)**2), summed over m with cos(2 pi q m / N), over N, where rho is the normalised transform
of the squared window; the test of this family computes the prominence from both."""


def _noise_with_echo(sr: float) -> Array:
    y = signals.noise(sr, 3.0)
    delay = round(0.008 * sr)
    return np.concatenate([y[:delay], y[delay:] + np.float32(0.3) * y[:-delay]])


FAMILY = Family(
    name="cepstral_peak",
    parameters=CepstralPeakParameters,
    descriptors=_descriptors,
    compute=_compute,
    own_frames=True,
    reference_cases=(
        ReferenceCase(
            name="the cepstrum of white noise, averaged for a second, has no peak",
            signal=lambda sr: signals.noise(sr, 3.0),
            expected={"cepstral_peak_prominence_smoothed": 0.5},
            tolerance=1.5,
            parameters={"time_smoothing": 1.0},
        ),
        ReferenceCase(
            name="an echo has a peak above the cepstrum of noise",
            signal=_noise_with_echo,
            expected={"cepstral_peak_prominence_smoothed": ECHO},
            tolerance=1.0,
            parameters={"time_smoothing": 1.0},
        ),
    ),
)
