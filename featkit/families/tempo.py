"""Tempo: the beat's rate, from how the onsets repeat.

The mean over frames of the autocorrelation of onset strength in a window of eight seconds, each
frame's divided by its energy, weighted by a log-normal prior; the strongest lag wins (Ellis, "Beat
tracking by dynamic programming", J. New Music Research 36(1), 2007; Grosche, Müller and Kurth,
ICASSP 2010): `librosa.feature.tempo` with its defaults.

Where nothing repeats, as in a steady tone, lags differ by less than rounding, and the tempo is as
arbitrary as in the reference: look at `onset_strength` beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view

from featkit import signals
from featkit.families import Descriptor, Family, Oracle
from featkit.filters import fft_window
from featkit.parameters import Parameters, parameter
from featkit.segments import Array, Segments

CHUNK = 512
"""Frames whose windows are transformed at once."""


class TempoParameters(Parameters):
    """The prior, and how far the onsets are compared."""

    start_bpm: float = parameter(120.0, "most likely tempo, in BPM", above=0)
    std_bpm: float = parameter(1.0, "standard deviation of the prior, in octaves", above=0)
    max_tempo: float = parameter(320.0, "highest tempo, in BPM", above=0)
    ac_size: float = parameter(8.0, "length of the autocorrelation window, in seconds", above=0)


def descriptors(p: TempoParameters) -> Sequence[Descriptor]:
    tempo = Descriptor(
        name="tempo",
        unit="BPM",
        low=0.0,
        high=p.max_tempo,
        definition="rate of the strongest lag in the mean tempogram, under a log-normal prior"
        f" around {p.start_bpm:g} BPM",
        reference="Ellis 2007; librosa.feature.tempo",
        undefined="in a clip in which nothing begins: no onset strength in any frame",
    )
    return [tempo]


def compute(
    p: TempoParameters, *, onset_strength: Array, segments: Segments, sr: float, hop_length: int
) -> Array:
    """Tempo of each clip: ``(1, clips)``."""
    window_length = max(2, int(p.ac_size * sr) // hop_length)
    with np.errstate(divide="ignore"):
        bpm = 60 * sr / (hop_length * np.arange(window_length))
    prior = -0.5 * ((np.log2(bpm[1:]) - np.log2(p.start_bpm)) / p.std_bpm) ** 2
    prior = np.where(bpm < p.max_tempo, np.concatenate(([-np.inf], prior)), -np.inf)
    tempo = np.full((1, len(segments)), np.nan)
    for k, clip in enumerate(segments):
        strength = onset_strength[clip]
        if strength.any() and np.isfinite(prior).any():
            tempo[0, k] = bpm[_best_lag(strength, prior)]
    return tempo


def _best_lag(strength: Array, prior: Array) -> int:
    """The lag of the greatest weighted autocorrelation.

    The prior makes long lags, slow tempi, so unlikely that the shorter half nearly always decides:
    no autocorrelation is above 1. It takes a smaller transform, by a little less than half one of
    512 points where the window has its usual 344.
    """
    score = prior
    for lags in (max(1, round(0.49 * len(prior))), len(prior)):
        autocorrelation = mean_autocorrelation(strength, len(prior), lags)
        score = np.log1p(1e6 * autocorrelation) + prior[:lags]
        if score.max() >= np.log1p(1e6) + np.max(prior[lags:], initial=-np.inf):
            break
    return int(np.argmax(score))


def mean_autocorrelation(strength: Array, window_length: int, lags: int) -> Array:
    """Mean over frames of the normalised autocorrelation around each, at the first `lags`.

    The inverse transform is linear: one of the mean power spectrum serves for all frames.
    """
    n = len(strength)
    half = window_length // 2
    ramp = np.arange(half, dtype=np.float32) / np.float32(half)
    padded = np.concatenate([strength[0] * ramp, strength, strength[-1] * ramp[::-1]])
    around = sliding_window_view(padded, window_length)[:n]
    window = fft_window("hann", window_length)
    size = fast_length(window_length + lags - 1)
    mean_power = np.zeros(size // 2 + 1)
    for start in range(0, n, CHUNK):
        frames = around[start : start + CHUNK] * window
        energy = np.add.reduce(np.square(frames), axis=1)
        power = np.square(np.abs(scipy.fft.rfft(frames, n=size, axis=1)))
        power *= (1 / np.where(energy > 0, energy, np.inf))[:, None]
        mean_power += np.add.reduce(power, axis=0)
    autocorrelation = scipy.fft.irfft(mean_power / n, n=size)[:lags]
    return np.asarray(np.maximum(autocorrelation, 0))


@lru_cache(maxsize=32)
def fast_length(n: int) -> int:
    return int(scipy.fft.next_fast_len(n, real=True))


def _at(bpm: float) -> Oracle:
    """Clicks at a rate whose period is a whole number of hops have exactly that tempo."""
    period = round(60 * 22050 / 512 / bpm)
    exact = 60 * 22050 / 512 / period
    return Oracle(
        name=f"clicks at {exact:.1f} a minute have that tempo",
        signal=lambda sr: signals.clicks(exact, sr, duration=15.0),
        expected={"tempo": exact},
        tolerance=1e-6,
        parameters={},
    )


FAMILY = Family(
    name="tempo",
    parameters=TempoParameters,
    descriptors=descriptors,
    compute=compute,
    per="clip",
    oracles=(_at(100.0), _at(120.0), _at(150.0)),
)
