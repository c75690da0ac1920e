"""Power in bands of a third of an octave.

The mid-frequencies are those of IEC 61260-1 [1]_ in its base-ten system, and the filters meet its
limits of class 1. They are Butterworth band-passes, of order 3 or, near half the sample rate, of
the lowest higher order that meets the limits. Their edges are set such that white noise has the
power of an ideal filter. For every octave further down, the sample rate is halved.

References
----------
.. [1] IEC 61260-1, "Electroacoustics - Octave-band and fractional-octave-band filters - Part 1:
   Specifications", 2014.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.offsets import continued

OCTAVE = 10**0.3
"""Ratio of the frequencies of an octave."""

EDGE = OCTAVE ** (1 / 6)
"""Ratio of a band's upper edge to its mid-frequency, and of that to its lower edge."""

NOMINAL = (
    *(20.0, 25.0, 31.5, 40.0, 50.0, 63.0, 80.0, 100.0, 125.0, 160.0, 200.0, 250.0, 315.0, 400.0),
    *(500.0, 630.0, 800.0, 1000.0, 1250.0, 1600.0, 2000.0, 2500.0, 3150.0, 4000.0, 5000.0, 6300.0),
    *(8000.0, 10000.0, 12500.0, 16000.0, 20000.0),
)
"""Nominal mid-frequencies of the audible bands in Hz, IEC 61260-1, annex E."""

FIRST_NUMBER = -17
"""Number of the first band of `NOMINAL`; the band of 1 kHz has the number 0."""

HALVED_FROM = 5.0
"""Least ratio of a sample rate to the upper edge of a band for which the rate is halved before."""

ORDERS = (3, 4, 5, 6)
"""Orders of the low-pass prototypes that are tried."""

LIMITS = (
    (0, -0.4, 0.4),
    (1 / 8, -0.4, 0.5),
    (1 / 4, -0.4, 0.7),
    (3 / 8, -0.4, 1.4),
    (1 / 2 - 1e-9, -0.4, 5.3),
    (1 / 2 + 1e-9, 1.6, np.inf),
    (1, 16.6, np.inf),
    (2, 40.5, np.inf),
    (3, 60.0, np.inf),
    (4, 70.0, np.inf),
)
"""Limits of class 1, IEC 61260-1, table 1: octaves from the mid-frequency of an octave band, and
smallest and largest relative attenuation in dB."""

MARGIN = 0.2
"""Least distance of a filter from the limits in dB."""

RINGING = 1e-6
"""Share of the power of a filter's response that remains when it counts as settled."""


def exact_frequencies(nominal: Array) -> Array:
    """Return the exact mid-frequencies of bands.

    Parameters
    ----------
    nominal : array, shape ``(bands,)``
        Their nominal mid-frequencies, elements of `NOMINAL`.

    Returns
    -------
    array of float64, shape ``(bands,)``
        Hz.
    """
    numbers = np.array([NOMINAL.index(hz) for hz in np.asarray(nominal).tolist()], dtype=np.float64)
    return np.asarray(1000.0 * OCTAVE ** ((numbers + FIRST_NUMBER) / 3))


def class_1_limits(ratio: Array) -> tuple[Array, Array]:
    """Return the limits of class 1 for the relative attenuation of a third-octave filter.

    Parameters
    ----------
    ratio : array
        Frequencies over the mid-frequency, above 0.

    Returns
    -------
    lowest, highest : array
        dB, of the shape of `ratio`; between the points of the table, linear in the logarithm of
        the frequency, as in IEC 61260-1.
    """
    octaves, lowest, highest = (
        np.array(column, dtype=float) for column in zip(*LIMITS, strict=True)
    )
    third = 1 + (EDGE - 1) / (OCTAVE**0.5 - 1) * (OCTAVE**octaves - 1)
    distance = np.abs(np.log(ratio))
    return (
        np.interp(distance, np.log(third), lowest),
        np.interp(distance, np.log(third), np.where(np.isinf(highest), 1e9, highest)),
    )


@dataclass(frozen=True)
class _Band:
    """A band's filter at one sample rate.

    Attributes
    ----------
    number : int
        Place among all bands.
    sections : array, shape ``(sections, 6)``
    delay : float
        Seconds by which this filter, and those that reduce the rate before, delay the band.
    """

    number: int
    sections: Array
    delay: float


@dataclass(frozen=True)
class _Stage:
    """The filters at one sample rate: of bands, and of the step to half the rate."""

    sr: float
    bands: tuple[_Band, ...]
    halving: Array | None


class ThirdOctaves:
    """Filters of some bands for a sample rate.

    Parameters
    ----------
    nominal : tuple of float
        Nominal mid-frequencies in Hz, elements of `NOMINAL`.
    sr : float
        Sample rate in Hz. A band whose upper edge is above half of it has no filter.
    """

    def __init__(self, nominal: tuple[float, ...], sr: float) -> None:
        middles = exact_frequencies(np.array(nominal)).tolist()
        self._sr, self._n_bands = sr, len(middles)
        self._stages: list[_Stage] = []
        left = [k for k, middle in enumerate(middles) if middle * EDGE < sr / 2]
        while left:
            rate = sr / 2 ** len(self._stages)
            high = [k for k in left if rate < HALVED_FROM * EDGE * middles[k]]
            left = [k for k in left if k not in high]
            bands = tuple(self._band(k, middles[k], rate) for k in high)
            self._stages.append(_Stage(rate, bands, halving_sections() if left else None))
        bands = tuple(band for stage in self._stages for band in stage.bands)
        self._delay = max((band.delay for band in bands), default=0.0)
        self._settling = _settling_seconds(min(middles))

    def _band(self, number: int, middle: float, rate: float) -> _Band:
        sections = band_sections(middle, rate)
        delay = _group_delay(sections, middle, rate)
        delay += sum(_group_delay(halving_sections(), middle, stage.sr) for stage in self._stages)
        return _Band(number, sections, delay)

    def power(self, clip: Clip) -> Array:
        """Compute the power of a clip in each band.

        The mean is removed, and the clip continues by its mirror images; see
        `featkit.dsp.offsets.continued`. The output of a filter counts from the delay of its band
        on, for the duration of the clip.

        Parameters
        ----------
        clip : array or DiskArray of float32, shape ``(samples,)``

        Returns
        -------
        array of float64, shape ``(bands,)``
            Mean squares; NaN for a band without filter.
        """
        power = np.full(self._n_bands, np.nan)
        if not self._stages:
            return power
        before = int(self._settling * self._sr) + 1
        after = int(self._delay * self._sr) + 2 ** len(self._stages)
        begin, end = before / self._sr, (before + len(clip)) / self._sr
        running = [_RunningStage(stage, begin, end) for stage in self._stages]
        for piece in continued(clip, before, after):
            for stage in running:
                piece = stage(piece)
        for stage in running:
            for band, value in zip(stage.stage.bands, stage.power, strict=True):
                power[band.number] = value
        return power


def _group_delay(sections: Array, frequency: float, sr: float) -> float:
    """Delay of a narrow band in seconds: the slope of the phase."""
    from scipy.signal import sosfreqz

    step = 1e-4 * frequency
    _, response = sosfreqz(sections, [frequency - step, frequency + step], fs=sr)
    return float(-np.angle(response[1] / response[0]) / (4 * np.pi * step))


def _settling_seconds(middle: float) -> float:
    """Time after which the filter of a band has lost its energy."""
    decay = np.pi * middle * (EDGE - 1 / EDGE) * np.sin(np.pi / 2 / ORDERS[0])
    return float(-np.log(RINGING) / (2 * decay))


class _RunningStage:
    """A stage with the states of its filters; the clip lasts from `begin` to `end`, in seconds."""

    def __init__(self, stage: _Stage, begin: float, end: float) -> None:
        self.stage = stage
        firsts = [round((begin + band.delay) * stage.sr) for band in stage.bands]
        lasts = [round((end + band.delay) * stage.sr) for band in stage.bands]
        self._ranges = [(a, max(a + 1, b)) for a, b in zip(firsts, lasts, strict=True)]
        self._energy = [0.0] * len(stage.bands)
        self._states = [np.zeros((len(band.sections), 2)) for band in stage.bands]
        self._halving = np.zeros((0 if stage.halving is None else len(stage.halving), 2))
        self._count = 0

    @property
    def power(self) -> list[float]:
        """Mean square of each band."""
        return [e / (b - a) for e, (a, b) in zip(self._energy, self._ranges, strict=True)]

    def __call__(self, piece: Array) -> Array:
        """Add the energy of a piece, and return the piece at half the sample rate."""
        from scipy.signal import sosfilt

        if not len(piece):
            return piece
        for k, band in enumerate(self.stage.bands):
            filtered, self._states[k] = sosfilt(band.sections, piece, zi=self._states[k])
            first, last = (max(0, edge - self._count) for edge in self._ranges[k])
            self._energy[k] += float(np.sum(np.square(filtered[first:last])))
        odd = self._count % 2
        self._count += len(piece)
        if self.stage.halving is None:
            return piece[:0]
        low, self._halving = sosfilt(self.stage.halving, piece, zi=self._halving)
        return np.asarray(low[odd::2])


@lru_cache(maxsize=1)
def halving_sections() -> Array:
    """Design the low-pass filter before every other sample is dropped.

    Returns
    -------
    array of float64, shape ``(sections, 6)``
        Second-order sections. The gain is within 0.001 dB up to a fifth of the sample rate,
        where the highest band may end, and below -80 dB where frequencies alias into it.
    """
    from scipy.signal import ellip

    passed = 2 / HALVED_FROM
    return np.asarray(ellip(8, 0.001, 80.0, passed, output="sos"))


@lru_cache(maxsize=256)
def band_sections(middle: float, sr: float) -> Array:
    """Design the filter of a band.

    Parameters
    ----------
    middle : float
        Exact mid-frequency in Hz; its upper edge is below half the sample rate.
    sr : float
        Sample rate in Hz.

    Returns
    -------
    array of float64, shape ``(sections, 6)``
        Second-order sections, as in `scipy.signal.sosfilt`.
    """
    for order in ORDERS:
        sections = _butterworth(middle, sr, order)
        if _meets_class_1(sections, middle, sr):
            break
    return sections


def _butterworth(middle: float, sr: float, order: int) -> Array:
    """A band-pass whose noise bandwidth is that of an ideal filter."""
    from scipy.signal import butter

    # The noise bandwidth of a Butterworth filter exceeds its own by x / sin x.
    x = np.pi / 2 / order
    half = (EDGE - 1 / EDGE) / 2 * np.sin(x) / x
    upper = half + np.hypot(half, 1)
    edges = np.array([middle / upper, middle * upper])
    return np.asarray(butter(order, edges, "bandpass", fs=sr, output="sos"))


def _meets_class_1(sections: Array, middle: float, sr: float) -> bool:
    from scipy.signal import sosfreqz

    ratio = np.geomspace(max(0.1, 1e-3 * sr / middle), sr / 2 / middle, 600)[:-1]
    _, response = sosfreqz(sections, ratio * middle, fs=sr)
    attenuation = -20 * np.log10(np.maximum(np.abs(response), 1e-12))
    lowest, highest = class_1_limits(ratio)
    distance = np.minimum(attenuation - lowest, highest - attenuation)
    return bool(np.all(distance >= MARGIN))
