"""Formants and harmonics of voiced frames.

Formants are resonances of a linear predictor of the spectrum up to 5.5 kHz, in frames of 20 ms.
Restricting the spectrum is the same as resampling to twice that frequency [1]_. Levels of harmonics
are read from spectra of 60 ms, whose Gaussian window separates the harmonics of any voice.

References
----------
.. [1] J. Makhoul, "Spectral linear prediction: properties and applications", IEEE Transactions on
   Acoustics, Speech, and Signal Processing 23(3), 1975 (selective linear prediction).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from featkit._utils.lazy import cached_property
from featkit._utils.typing import Array
from featkit.dsp.banks import Bank
from featkit.dsp.fft import rfft
from featkit.dsp.filters import frequencies
from featkit.dsp.levinson import levinson
from featkit.dsp.linear_prediction import formant_candidates
from featkit.dsp.opensmile_formants import REACH as FORMANT_REACH
from featkit.dsp.opensmile_formants import opensmile_formants
from featkit.dsp.segments import Segments
from featkit.dsp.speech_pitch import SpeechPitch
from featkit.dsp.speech_spectra import SpeechSpectra
from featkit.dsp.subharmonic_summation import pitch_window

CEILING = 5500.0
"""Highest frequency of the predictor in Hz: five formants of a voice lie below."""

EMPHASIS = 0.97
"""Coefficient of the pre-emphasis, 1 - 0.97 / z at the sample rate of the predictor."""

N_FORMANTS, N_HARMONICS = 3, 3
"""Formants, and harmonics from the fundamental on, that are measured."""

WIDEST = 1000.0
"""Resonances of a larger bandwidth, in Hz, describe the slope of the spectrum; they are left out.
"""

REACH = 0.3
"""The energy of a harmonic is that of the bins within this share of f0 from its multiple."""


BATCH = 512
"""Frames that are analysed together, few enough for the cache of a core."""

HIGHEST_HARMONIC = 6500.0
"""Limit in Hz of the harmonics closest to a formant, for the highest pitch."""


class VoicedSpectra:
    """Formants and harmonics in the voiced frames of clips.

    Arrays have the frames of `segments`, and are NaN in frames that are not voiced.

    Parameters
    ----------
    spectra : SpeechSpectra
        Spectra of 20 ms.
    pitch : SpeechPitch
        Fundamental frequency in frames of 60 ms that begin at the same times.
    """

    def __init__(self, spectra: SpeechSpectra, pitch: SpeechPitch) -> None:
        self._spectra, self._pitch = spectra, pitch

    @property
    def segments(self) -> Segments:
        """Frames of each clip, those of the pitch."""
        return self._pitch.segments

    @property
    def voiced(self) -> Array:
        """Whether frames of `segments` are voiced, ``(frames,)``."""
        return self._pitch.voiced

    @cached_property
    def voicing(self) -> tuple[Array, Array]:
        """Whether frames of 20 ms are voiced, and unvoiced but not silent, ``(frames,)`` each.

        Both are False in the last frames of a clip, at which no frame of 60 ms begins.
        """
        voiced, unvoiced = self.voicing_with_silence
        return voiced, unvoiced & self._spectra.shape.sounding

    @cached_property
    def voicing_with_silence(self) -> tuple[Array, Array]:
        """Like `voicing`, but silent frames are unvoiced."""
        voiced, unvoiced = np.zeros((2, self._spectra.segments.total), dtype=bool)
        for own, long in zip(self._spectra.segments, self.segments, strict=True):
            count = min(own.stop - own.start, long.stop - long.start)
            values = self._pitch.voiced[long.start : long.start + count]
            voiced[own.start : own.start + count] = values
            unvoiced[own.start : own.start + count] = ~values
        return voiced, unvoiced

    @cached_property
    def formants(self) -> tuple[Array, Array]:
        """Frequencies and bandwidths of the first formants in Hz, ``(N_FORMANTS, frames)`` each."""
        shape = (N_FORMANTS, self.segments.total)
        result = np.full(shape, np.nan), np.full(shape, np.nan)
        shift = self.segments.starts - self._spectra.segments.starts
        for clip, frames, power in self._spectra.powers():
            own = np.arange(frames.start, frames.stop) + shift[clip]
            own = own[own < self.segments.ends[clip]]
            voiced = np.flatnonzero(self._pitch.voiced[own])
            resonances = self._resonances(power, voiced)
            for values, own_values in zip(result, resonances, strict=True):
                values[:, own[voiced]] = own_values
        return result

    def _resonances(self, power: Array, frames: Array) -> tuple[Array, Array]:
        """Formants of some frames, ``(N_FORMANTS, frames)`` each."""
        rate, order, lags = _predictor(self._spectra.sr, self._spectra.n_fft)
        # Single precision moves a formant by 1e-4 Hz, and by a few Hz in one of 10,000 frames.
        correlation = lags @ np.take(power[: lags.shape[1]], frames, axis=1)
        coefficients, _ = levinson(correlation, order)
        candidates, bandwidths = formant_candidates(coefficients.T, rate)
        too_wide = ~(bandwidths <= WIDEST)
        candidates[too_wide], bandwidths[too_wide] = np.nan, np.nan
        first = np.argsort(candidates, axis=1)[:, :N_FORMANTS]  # NaN comes last
        frequencies = np.take_along_axis(candidates, first, axis=1)
        return frequencies.T, np.take_along_axis(bandwidths, first, axis=1).T

    @cached_property
    def levels(self) -> Array:
        """Levels of harmonics in dB, ``(N_HARMONICS + N_FORMANTS, frames)``.

        First those of the fundamental and the next harmonics, then those of the harmonics closest
        to each formant. NaN for a harmonic without power, near half the sample rate, or without a
        formant.
        """
        f0 = self._pitch.f0
        closest = np.maximum(1, np.rint(self.formants[0] / f0))
        first = np.repeat(np.arange(1.0, N_HARMONICS + 1)[:, None], len(f0), axis=1)
        positions = np.concatenate([first, closest]) * f0
        levels = np.full(positions.shape, np.nan)
        for frames, harmonics in self._harmonics():
            rows = np.broadcast_to(np.arange(len(frames)), levels[:, frames].shape)
            levels[:, frames] = _decibels(harmonics.energy(rows, positions[:, frames]))
        return levels

    @cached_property
    def opensmile_formants(self) -> tuple[Array, Array]:
        """Numbers that openSMILE calls formants, like `formants`, see `opensmile_formants`."""
        shape = (N_FORMANTS, self.segments.total)
        result = np.full(shape, np.nan), np.full(shape, np.nan)
        frames = self._spectra.frames
        for clip, (own, short) in enumerate(
            zip(self.segments, self._spectra.segments, strict=True)
        ):
            count = min(own.stop - own.start, short.stop - short.start)
            voiced: Array = np.zeros(short.stop - short.start, dtype=bool)
            voiced[:count] = self._pitch.voiced[own.start : own.start + count]
            for numbers, samples in frames.chosen(clip, voiced, 2 * BATCH):
                values = opensmile_formants(samples, frames.sr, N_FORMANTS)
                for row, own_values in zip(result, values, strict=True):
                    row[:, own.start + numbers] = own_values
        return result

    @cached_property
    def opensmile_levels(self) -> Array:
        """Levels like `levels`, but of formants as in openSMILE, see `opensmile_formants`.

        That of a formant is the level of the strongest harmonic within a fifth of its frequency,
        and that of the fundamental if no harmonic is that close.
        """
        formants, f0 = self.opensmile_formants[0], self._pitch.f0
        levels = np.full((N_HARMONICS + N_FORMANTS, len(f0)), np.nan)
        for frames, harmonics in self._harmonics():
            rows = np.arange(len(frames))
            numbers = np.arange(1.0, N_HARMONICS + 1)[:, None]
            first = harmonics.energy(
                np.broadcast_to(rows, (N_HARMONICS, len(rows))), numbers * f0[frames]
            )
            levels[:N_HARMONICS, frames] = _decibels(first)
            ratio = formants[:, frames] / f0[frames]
            has = ~np.isnan(ratio)
            low = np.ceil((1 - FORMANT_REACH) * np.where(has, ratio, 1)).astype(np.int64)
            high = np.floor((1 + FORMANT_REACH) * np.where(has, ratio, 0)).astype(np.int64)
            strongest = harmonics.strongest(low, high)
            near = np.where(strongest > 0, strongest, first[0])
            levels[N_HARMONICS:, frames] = np.where(has, _decibels(near), np.nan)
        return levels

    def _harmonics(self) -> Iterator[tuple[Array, _Harmonics]]:
        """Voiced frames of each batch, and their harmonics."""
        frames = self._pitch.frames
        window = pitch_window(frames.length)
        n_fft = 1 << (frames.length - 1).bit_length()
        bins = n_fft / frames.sr
        for clip, own in enumerate(self.segments):
            voiced = self._pitch.voiced[own]
            for numbers, samples in frames.chosen(clip, voiced, BATCH):
                spectrum = rfft(samples * window, n_fft)[:, : int(HIGHEST_HARMONIC * bins) + 2]
                chosen = own.start + numbers
                yield chosen, _Harmonics(spectrum, bins, self._pitch.f0[chosen])


class _Harmonics:
    """Energies of the harmonics of voiced frames.

    Parameters
    ----------
    spectrum : array, shape ``(frames, bins)``
    bins : float
        Bins per Hz.
    f0 : array, shape ``(frames,)``
        In Hz.
    """

    def __init__(self, spectrum: Array, bins: float, f0: Array) -> None:
        frames, self._width = spectrum.shape
        self._bins, self._f0 = bins, f0
        self._power = np.zeros(frames * self._width + 1, dtype=np.float32)  # the last is no bin
        rows = self._power[:-1].reshape(spectrum.shape)
        np.square(spectrum.real, out=rows)
        rows += np.square(spectrum.imag)

    def energy(self, rows: Array, hz: Array) -> Array:
        """Energy around frequencies of frames `rows`; 0 close to the end of the spectrum."""
        reach = REACH * self._bins * self._f0[rows]
        positions = hz * self._bins
        usable = positions + reach < self._width - 1
        centre = np.where(usable, positions, 1)
        low = np.maximum(1, np.ceil(centre - reach)).astype(np.int64)
        high = np.maximum(low, np.floor(centre + reach).astype(np.int64)) + 1
        ends = np.stack([low, high], axis=-1) + (rows * self._width)[..., None]
        energy = np.add.reduceat(self._power, ends.ravel())[::2].reshape(positions.shape)
        return np.where(usable, energy, 0)

    def strongest(self, low: Array, high: Array) -> Array:
        """Energy of the strongest of harmonics `low` to `high`; 0 if there is none.

        Both have shape ``(formants, frames)``.
        """
        counts = np.maximum(0, high - low + 1).ravel()
        rows = np.tile(np.arange(low.shape[1]), low.shape[0])
        begins = np.cumsum(counts) - counts
        within = np.arange(np.sum(counts)) - np.repeat(begins, counts)
        numbers = np.repeat(low.ravel(), counts) + within
        own = np.repeat(rows, counts)
        energy = self.energy(own, numbers * self._f0[own])
        result = np.zeros(len(counts), dtype=energy.dtype)
        some = counts > 0
        if some.any():
            result[some] = np.maximum.reduceat(energy, begins[some])
        return result.reshape(low.shape)


def _decibels(energy: Array) -> Array:
    """Level of each energy, NaN where it is 0."""
    return np.where(energy > 0, 10 * np.log10(np.where(energy > 0, energy, 1)), np.nan)


@lru_cache(maxsize=8)
def _predictor(sr: float, n_fft: int) -> tuple[float, int, Bank]:
    """Sample rate and order of the predictor, and weights of the bins in its autocorrelation.

    There is a pair of coefficients for each 1000 Hz, and one for the slope of the spectrum.
    """
    ceiling = min(CEILING, sr / 2)
    hz = frequencies(sr, n_fft).astype(np.float64)
    hz = hz[hz <= ceiling]
    phase = np.pi * hz / ceiling
    emphasis = 1 + EMPHASIS**2 - 2 * EMPHASIS * np.cos(phase)
    emphasis[0] /= 2
    order = round(2 * ceiling / 1000)
    lags = emphasis * np.cos(np.arange(order + 1)[:, None] * phase)
    return 2 * ceiling, order, Bank(lags)
