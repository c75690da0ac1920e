"""Third-octave levels of ISO 532-1: of a whole clip, and every 0.5 ms.

The filters of the standard are band-passes of sixth order for 48 kHz. Here, a formula has their
frequency response, and it is applied to the spectrum of the clip. So they are the same at any
sample rate, and nothing is resampled; sound above half the sample rate is missing. Attenuations are
those of the standard within 0.1 dB to 50 dB for bands up to 1 kHz, and within 0.4 dB at 4 kHz; the
standard's bands at 8 and 12.5 kHz are up to 1.5 % higher.

Power over time is half the squared magnitude of the analytic signal of a band. The standard squares
the samples instead, and its low-pass removes all but 0.2 % of the ripple at twice the frequency
that this adds. A band is computed at a low rate, from the bins within a factor `SKIRT` of its
centre, where the filter attenuates by 64 dB.

Long clips are analysed in batches of fixed times. Each begins early enough for filters to settle,
and ends with silence, because a product of spectra is circular.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip, read_padded
from featkit.dsp.fft import next_fast_len, rfft
from featkit.dsp.zwicker_loudness import BAND_CENTRES

LEVEL_RATE = 2000
"""Levels per second."""

BATCH, RUN_IN, RUN_OUT = 20, 3, 1
"""Seconds of a batch, of the sound before it and of silence behind it."""

DESIGN_RATE = 48000
"""Sample rate of the filters of the standard in Hz, whose bilinear transform narrows the upper
skirts of the highest bands."""

REAL_POLE, RESONANCE, QUALITY = 0.868, 0.9535, 1.0956
"""Low-pass of third order from which the band-passes are made: its poles in half band widths."""

SKIRT = 3.0
"""Bins up to this multiple of a band's centre, and down to this part of it, are used."""

FADE = 0.05
"""Seconds of a fade at each end of a clip, before its mean power is computed."""

SILENCE = 1e-30
"""Mean square that stands for silence, re full scale."""


def mean_band_powers(clip: Clip, sr: float) -> Array:
    """Compute the mean power of a clip in each third octave.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz.

    Returns
    -------
    array of float64, shape ``(28,)``
        Mean square re full scale in the bands from 25 Hz to 12.5 kHz.
    """
    energy, weight = np.zeros(len(BAND_CENTRES)), 0.0
    size = round(BATCH * sr)
    for first in range(0, len(clip), size):
        samples = read_padded(clip, first, min(first + size, len(clip))).astype(np.float64)
        window = _faded(len(samples), sr)
        # Zeros make the bins narrower than the lowest bands, which are 6 Hz wide.
        n = next_fast_len(max(len(samples), round(sr)))
        spectrum = rfft(samples * window, n)
        power = 2 * (np.square(spectrum.real) + np.square(spectrum.imag)) / n
        weight += float(np.sum(np.square(window)))
        for band in range(len(BAND_CENTRES)):
            low, high = _bins(band, sr, n)
            frequencies = np.arange(low, high) * (sr / n)
            response = band_response(frequencies, float(BAND_CENTRES[band]))
            gains = np.square(response.real) + np.square(response.imag)
            energy[band] += np.sum(power[low:high] * gains)
    return energy / weight


def _faded(samples: int, sr: float) -> Array:
    """Fades at both ends, so that a cut through a loud sound is no click in other bands."""
    length = min(round(FADE * sr), samples // 4)
    window: Array = np.ones(samples)
    if length:
        window[:length] = np.sin(np.pi / 2 * (np.arange(length) + 0.5) / length) ** 2
        window[-length:] = window[length - 1 :: -1]
    return window


def _bins(band: int, sr: float, n: int) -> tuple[int, int]:
    """First bin of a band, and the one after the last."""
    centre = float(BAND_CENTRES[band])
    low = min(max(1, int(centre / SKIRT * n / sr)), n // 2)
    return low, max(low + 1, min(n // 2 + 1, int(centre * SKIRT * n / sr) + 1))


def band_response(frequencies: Array, centre: float) -> Array:
    """Return the frequency response of a third-octave filter.

    Parameters
    ----------
    frequencies : array
        Hz, above 0.
    centre : float
        Centre of the band in Hz; its edges are 10**0.05 times it away.

    Returns
    -------
    array of complex
    """
    low, high = np.tan(np.pi / DESIGN_RATE * centre * np.array([10**-0.05, 10**0.05]))
    inside = np.minimum(frequencies, 0.4999 * DESIGN_RATE)  # the response is 0 at half the rate
    warped = np.tan(np.pi / DESIGN_RATE * inside)
    x = (warped - low * high / warped) / (high - low)
    # s = i x in (s / r + 1) (s^2 / w^2 + s / (q w) + 1), written in real numbers
    real, imaginary = 1 - (x / RESONANCE) ** 2, x / (QUALITY * RESONANCE)
    slope = x / REAL_POLE
    response: Array = np.empty(len(frequencies), dtype=np.complex128)
    denominator_real, denominator_imaginary = real - slope * imaginary, imaginary + slope * real
    square = denominator_real**2 + denominator_imaginary**2
    response.real, response.imag = denominator_real / square, -denominator_imaginary / square
    return response


def batches(samples: int, sr: float) -> Iterator[tuple[int, int]]:
    """Divide a clip into batches.

    Parameters
    ----------
    samples : int
        Length of the clip.
    sr : float
        Sample rate in Hz.

    Yields
    ------
    start, seconds : int
        Second at which the batch begins, and its length, a whole number of seconds that the clip
        may not fill.
    """
    total = max(1, int(np.ceil(samples / sr)))
    for start in range(0, total, BATCH):
        yield start, min(BATCH, total - start)


def band_powers(clip: Clip, sr: float, start: int, seconds: int) -> Array:
    """Compute the smoothed power in each third octave over time, for a batch of a clip.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz.
    start, seconds : int
        Beginning and length of the batch in seconds.

    Returns
    -------
    array of float64, shape ``(28, frames)``
        Mean square re full scale, `LEVEL_RATE` times per second, to the end of the batch. It begins
        `RUN_IN` seconds before the batch, except for the first one.
    """
    run_in = min(RUN_IN, start)
    length = run_in + seconds + RUN_OUT
    n = round(length * sr)
    first = round((start - run_in) * sr)
    samples = read_padded(clip, first, first + round((run_in + seconds) * sr))
    peak = float(np.max(np.abs(samples), initial=0))
    frames = (run_in + seconds) * LEVEL_RATE
    if not peak:
        return np.zeros((len(BAND_CENTRES), frames))
    spectrum = rfft(samples / np.float32(peak), n)
    powers = np.empty((len(BAND_CENTRES), frames))
    for band in range(len(BAND_CENTRES)):
        low, steps, response = _band(band, sr, n, length)
        envelope = _envelope(spectrum[low : low + len(response)] * response, n, length, steps)
        smoothed = _smoothed(envelope, band, steps)
        powers[band] = np.maximum(smoothed[: frames * steps : steps], 0) * (peak * peak / 2)
    return powers


@lru_cache(maxsize=28)
def _band(band: int, sr: float, n: int, length: int) -> tuple[int, int, Array]:
    """First bin of a band, its samples for each level, and its response."""
    low, high = _bins(band, sr, n)
    response = 2 * band_response(np.arange(low, high) * (sr / n), float(BAND_CENTRES[band]))
    steps = -((low - high) // (length * LEVEL_RATE))
    return low, steps, response.astype(np.complex64)


def _envelope(bins: Array, n: int, length: int, steps: int) -> Array:
    """Squared magnitude of the analytic signal of some bins."""
    import scipy.fft

    size = length * LEVEL_RATE * steps
    z = scipy.fft.ifft(bins, size) * np.float32(size / n)
    return np.asarray(np.square(z.real) + np.square(z.imag))


def _smoothed(power: Array, band: int, steps: int) -> Array:
    """Three low-passes of first order; their time constant is longer for bands below 1 kHz."""
    from scipy.signal import lfilter

    constant = 2 / (3 * min(float(BAND_CENTRES[band]), 1000.0))
    pole = np.exp(-1 / (constant * LEVEL_RATE * steps))
    denominator = [1, -3 * pole, 3 * pole**2, -(pole**3)]
    return np.asarray(lfilter([(1 - pole) ** 3], denominator, power.astype(np.float64)))
