"""Spectra of speech: frames of 20 ms, 10 ms apart, and their levels, bands and slopes.

The frames have a Hamming window, and begin with the clip. Their transform has the next power of two
of samples. The power of a bin is ``|X|²``, with full scale 1 and without division by the length.
One pass over the frames computes all quantities that do not depend on the pitch; the power spectra
are kept for those that do, if they are small.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from featkit._utils.lazy import cached_property
from featkit._utils.typing import Array
from featkit.dsp.auditory import equal_loudness, htk_mel_filters
from featkit.dsp.banks import Bank
from featkit.dsp.bins import max_over_bins, sums_over_bins
from featkit.dsp.decibels import decibels
from featkit.dsp.disk_array import Clip
from featkit.dsp.fft import rfft
from featkit.dsp.filters import frequencies, read_only
from featkit.dsp.segments import Segments
from featkit.dsp.short_frames import ShortFrames
from featkit.errors import ParameterError

LENGTH, HOP = 0.020, 0.010
"""Length of a frame, and time from one to the next, in seconds."""

N_BANDS, FMIN, FMAX = 26, 20.0, 8000.0
"""Mel bands, and their edges in Hz; the upper edge is at most half the sample rate."""

MIN_RATE = 8000.0
"""Lowest sample rate in Hz, that of telephones: at lower ones, bands would be without a bin."""

TOP = 5000.0
"""Upper limit in Hz of the flux and of the ratios of bands: voiced sounds have little above it."""

EXPONENT = 0.33
"""Power law of hearing, close to the cube root."""

LOUDNESS_SCALE = 2.63
"""Loudness of a band of mean square 1 to which hearing is most sensitive; numbers are then those of
openSMILE."""

KEPT_BYTES = 64 * 2**20
"""Power spectra are kept if they are no larger than this; otherwise they are computed again."""


OPENSMILE_FLOOR = -140.0
"""Level in dB of each bin of a silent frame in openSMILE."""


class SpectralShape(NamedTuple):
    """Quantities of each frame; those other than bands and flux are NaN in a silent frame.

    Attributes
    ----------
    bands : array of float32, shape ``(N_BANDS, frames)``
        Power of each mel band.
    flux : array of float32, shape ``(frames,)``
        Root mean square, over the bins below `TOP`, of the change of magnitude from the frame
        before; 0 in the first frame of a clip.
    alpha_ratio, hammarberg_index : array of float32, shape ``(frames,)``
        Power in 1 to 5 kHz over that in 50 Hz to 1 kHz, and strongest bin below 2 kHz over that in
        2 to 5 kHz, in dB. NaN also if a part has no power.
    slopes : array of float32, shape ``(3, frames)``
        Slope of the levels in 0 to 500 and in 500 to 1500 Hz, in dB per Hz; and that from 50 Hz to
        5 kHz over log2 of the frequency, in dB per octave.
    opensmile_alpha_ratio : array of float32, shape ``(frames,)``
        Like `alpha_ratio` over the power in 0 Hz to 1 kHz.
    opensmile_slopes : array of float32, shape ``(2, frames)``
        Like the first two of `slopes`, by openSMILE's formula, see `_opensmile_regression`. Silent
        frames have those of a flat spectrum at `OPENSMILE_FLOOR`.
    sounding : array of bool, shape ``(frames,)``
        Whether the frame has any power.
    """

    bands: Array
    flux: Array
    alpha_ratio: Array
    hammarberg_index: Array
    slopes: Array
    opensmile_alpha_ratio: Array
    opensmile_slopes: Array
    sounding: Array


class AuditoryLoudness(NamedTuple):
    """Loudness over time.

    Attributes
    ----------
    values : array of float32, shape ``(frames,)``
        Loudness, 0 in silence; NaN in the only frame of a clip shorter than a frame.
    segments : Segments
        Frames of each clip.
    """

    values: Array
    segments: Segments


class SpeechSpectra:
    """The spectra of clips in frames of 20 ms.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz, at least `MIN_RATE`.

    Raises
    ------
    ParameterError
        If the sample rate is too low.
    """

    def __init__(self, clips: Sequence[Clip], sr: float) -> None:
        if sr < MIN_RATE:
            raise ParameterError(
                f"spectra of speech need a sample rate of at least {MIN_RATE:g} Hz, got {sr:g} Hz"
            )
        self.sr = sr
        length = round(LENGTH * sr)
        self.n_fft = 1 << (length - 1).bit_length()
        self.frames = ShortFrames(clips, sr, length=length, hop=HOP)
        self._window = _hamming(length)
        self._kept: dict[tuple[int, int], Array] = {}

    @property
    def segments(self) -> Segments:
        """Frames of each clip; a clip shorter than a frame has one, of NaN."""
        return self.frames.segments

    @cached_property
    def _keeps(self) -> bool:
        return self.segments.total * (self.n_fft // 2 + 1) * 4 <= KEPT_BYTES

    def powers(self) -> Iterator[tuple[int, slice, Array]]:
        """Iterate over the power spectra.

        Yields
        ------
        clip : int
            Number of the clip.
        frames : slice
            Frames of the batch, counted from the first of the stack.
        power : array of float32, shape ``(bins, frames)``
        """
        for clip, start in enumerate(self.segments.starts.tolist()):
            if (clip, 0) in self._kept:
                yield from self._kept_powers(clip, start)
                continue
            for frames, samples in self.frames.batches(clip):
                power = self._power(samples)
                if self._keeps:
                    self._kept[clip, frames.start] = power
                yield clip, slice(start + frames.start, start + frames.stop), power

    def _kept_powers(self, clip: int, start: int) -> Iterator[tuple[int, slice, Array]]:
        first = 0
        while (clip, first) in self._kept:
            power = self._kept[clip, first]
            yield clip, slice(start + first, start + first + power.shape[1]), power
            first += power.shape[1]

    def _power(self, samples: Array) -> Array:
        spectrum = rfft(samples * self._window, self.n_fft)
        power: Array = np.square(spectrum.real.T, order="C")
        power += np.square(spectrum.imag.T)
        return power

    @cached_property
    def shape(self) -> SpectralShape:
        """Bands, flux, ratios and slopes of all frames."""
        total = self.segments.total
        rows = [np.full(total, np.nan, dtype=np.float32) for _ in range(9)]
        bands: Array = np.full((N_BANDS, total), np.nan, dtype=np.float32)
        sounding: Array = np.zeros(total, dtype=bool)
        filters = htk_mel_filters(self.sr, self.n_fft, N_BANDS, FMIN, min(FMAX, self.sr / 2))
        edges = _Edges.at(self.sr, self.n_fft)
        last: Array = np.empty((edges.top - 1, 0), dtype=np.float32)
        clip_before = -1
        for clip, frames, power in self.powers():
            magnitude = np.sqrt(power[: edges.top - 1])
            before = last if clip == clip_before else magnitude[:, :1]
            rows[0][frames] = _flux(np.concatenate([before, magnitude], axis=1))
            last, clip_before = magnitude[:, -1:], clip
            bands[:, frames] = filters @ power
            sounding[frames] = max_over_bins(power) > 0
            for row, values in zip(rows[1:], _ratios_and_slopes(power, edges), strict=True):
                row[frames] = np.where(sounding[frames], values, np.float32(np.nan))
        flux, alpha_ratio, hammarberg_index, *slopes, from_zero = rows
        complete = ~np.isnan(flux)  # a clip shorter than a frame has no spectrum
        floor = np.full((edges.top, 1), OPENSMILE_FLOOR, dtype=np.float32)
        for row, value in zip(slopes[3:], (edges.slopes @ floor)[3:, 0], strict=True):
            row[complete & ~sounding] = value
        return SpectralShape(
            bands,
            flux,
            alpha_ratio,
            hammarberg_index,
            slopes=np.stack(slopes[:3]),
            opensmile_alpha_ratio=from_zero,
            opensmile_slopes=np.stack(slopes[3:]),
            sounding=sounding,
        )

    @cached_property
    def loudness(self) -> AuditoryLoudness:
        """Sum over mel bands of the compressed power, weighted by the sensitivity of hearing."""
        weights = equal_loudness(N_BANDS, FMIN, min(FMAX, self.sr / 2))
        unit = self.n_fft * float(np.sum(np.square(self._window, dtype=np.float64)))
        factors = LOUDNESS_SCALE * (weights / unit) ** EXPONENT
        compressed = self.shape.bands ** np.float32(EXPONENT)
        compressed *= factors.astype(np.float32)[:, None]
        return AuditoryLoudness(sums_over_bins(compressed), self.segments)


@lru_cache(maxsize=16)
def _hamming(length: int) -> Array:
    """Symmetric Hamming window."""
    phase = 2 * np.pi * np.arange(length) / max(1, length - 1)
    return read_only((0.54 - 0.46 * np.cos(phase)).astype(np.float32))


class _Edges(NamedTuple):
    """Numbers of bins at the limits of bands, and the weights of regressions."""

    lowest: int
    middle: int
    upper: int
    top: int
    slopes: Bank

    @staticmethod
    @lru_cache(maxsize=16)
    def at(sr: float, n_fft: int) -> _Edges:
        lowest, middle, upper = (round(f * n_fft / sr) for f in (50.0, 1000.0, 2000.0))
        top = int(min(TOP, sr / 2) * n_fft / sr) + 1
        hz = frequencies(sr, n_fft).astype(np.float64)[:top]
        octaves = np.log2(np.maximum(hz, hz[1]))
        every_octave = np.where((hz >= 50) & (hz <= TOP), 1 / np.maximum(hz, hz[1]), 0)
        low, medium = hz <= 500, (hz >= 500) & (hz <= 1500)
        slopes = [(hz, low), (hz, medium), (octaves, every_octave)]
        weights = [_regression(*slope) for slope in slopes]
        weights += [_opensmile_regression(hz, part) for part in (low, medium)]
        return _Edges(lowest, middle, upper, top, Bank(np.stack(weights)))


def _regression(x: Array, weights: Array) -> Array:
    """Factors of y whose sum is the slope of the line fitted to y(x) by weighted least squares."""
    centred = x - np.sum(x * weights) / np.sum(weights)
    factors: Array = weights * centred / np.sum(weights * centred**2)
    return factors


def _opensmile_regression(x: Array, used: Array) -> Array:
    """Factors of y in openSMILE's slope, which counts one value fewer than it sums.

    The slope of the line fitted to n values is (n sum(xy) - sum(x) sum(y)) / (n sum(x²) - sum(x)²).
    With n - 1 instead of n it also depends on the mean of y, here on the level of the sound.
    """
    count = np.sum(used) - 1
    factors: Array = used * (count * x - np.sum(x * used))
    factors /= count * np.sum(x**2 * used) - np.sum(x * used) ** 2
    return factors


def _flux(magnitude: Array) -> Array:
    """Root mean square change between columns, ``(columns - 1,)``."""
    squares = np.square(magnitude[:, 1:] - magnitude[:, :-1])
    return np.asarray(np.sqrt(sums_over_bins(squares) / np.float32(len(magnitude))))


def _ratios_and_slopes(power: Array, edges: _Edges) -> list[Array]:
    """Alpha ratio, Hammarberg index, two slopes and the tilt of each frame; then openSMILE's slopes
    and alpha ratio."""
    low = sums_over_bins(power[edges.lowest : edges.middle])
    high = sums_over_bins(power[edges.middle : edges.top])
    low_peak = max_over_bins(power[: edges.upper])
    high_peak = max_over_bins(power[edges.upper : edges.top])
    slopes = edges.slopes @ decibels(power[: edges.top])
    from_zero = _ratio_in_db(high, sums_over_bins(power[: edges.lowest]) + low)
    return [_ratio_in_db(high, low), _ratio_in_db(low_peak, high_peak), *slopes, from_zero]


def _ratio_in_db(numerator: Array, denominator: Array) -> Array:
    defined = (numerator > 0) & (denominator > 0)
    above, below = (np.where(defined, power, 1) for power in (numerator, denominator))
    return np.where(defined, 10 * (np.log10(above) - np.log10(below)), np.float32(np.nan))
