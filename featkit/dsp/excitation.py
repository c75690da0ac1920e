"""Excitation of 47 auditory channels by the components of a frame, and the envelopes within them.

This is the first stage of the models of roughness and of fluctuation strength. The channels are
half a Bark apart and a Bark wide. A component of the spectrum beyond a channel's edges excites it,
too, attenuated by Terhardt's slopes from the edge: 27 dB per Bark towards lower channels, and less,
depending on level and frequency, towards higher ones. It keeps its phase, so that the sum of the
components is a signal over time, and its absolute value the envelope.

A channel is computed at a rate of four times its highest frequency, since the absolute value has
overtones.

References
----------
Daniel, P. and Weber, R. "Psychoacoustical roughness: implementation of an optimized model",
Acustica 83, 1997.

Terhardt, E. "Calculating virtual pitch", Hearing Research 1, 1979.

Zwicker, E. "Subdivision of the audible frequency range into critical bands (Frequenzgruppen)",
Journal of the Acoustical Society of America 33, 1961.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.fft import irfft, next_fast_len, rfft

CHANNELS = 47
"""Channels, half a Bark apart: the first is at 0.5 Bark, the last at 23.5 Bark."""

LOWEST_RATE = 8000.0
"""Lowest sample rate in Hz of the models."""

EDGES = np.concatenate(
    [
        np.arange(0, 500, 50),
        [510, 570, 630, 700, 770, 840, 920, 1000, 1080, 1170, 1270, 1370, 1480, 1600, 1720],
        [1850, 2000, 2150, 2320, 2500, 2700, 2900, 3150, 3400, 3700, 4000, 4400, 4800, 5300],
        [5800, 6400, 7000, 7700, 8500, 9500, 10500, 12000, 13500, 15500, 20000],
    ]
)
"""Frequencies in Hz of the critical-band rates 0, 0.5, 1 ... 24 and 25 Bark."""

RATES = np.append(np.arange(49) / 2, 25.0)
"""Critical-band rates of `EDGES` in Bark."""

TRANSMISSION = np.array(
    [
        [0, 10, 12, 13, 14, 15, 16, 16.5, 17, 18, 18.5],
        [0, 0, 1.15, 2.31, 3.85, 5.62, 6.92, 7.38, 6.92, 4.23, 2.31],
    ]
)
"""Gain between the free field and the inner ear up to 18.5 Bark: Bark, dB."""

HIGH_TRANSMISSION = np.array(
    [
        [19, 20, 21, 21.5, 22, 22.5, 23, 23.5, 24, 25],
        [0, -1.43, -2.59, -3.57, -5.19, -7.41, -11.3, -20, -40, -130],
    ]
)
"""The same from 19 Bark."""

THRESHOLD = np.array(
    [
        [0, 0.01, 0.17, 0.8, 1, 1.5, 2, 3.3, 4, 5, 6, 8, 10, 12],
        [130, 70, 60, 30, 25, 20, 15, 10, 8.1, 6.3, 5, 3.5, 2.5, 1.7],
    ]
)
"""Threshold in quiet up to 12 Bark: Bark, dB."""

HIGH_THRESHOLD = np.array(
    [
        [13.3, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 24.5, 25],
        [0, -2.5, -4, -3.7, -1.5, 1.4, 3.8, 5, 7.5, 15, 48, 60, 130],
    ]
)
"""The same from 13.3 Bark."""

LOWER_SLOPE = -27.0
"""Slope towards lower channels in dB per Bark."""

REACH = 3.5
"""Bark above the edge of a channel up to which components excite it: at 94 dB less."""


def _table(z: Array, low: Array, high: Array) -> Array:
    points = np.concatenate([low, high], axis=1)
    return np.asarray(np.interp(z, points[0], points[1]))


class _Bins(NamedTuple):
    """Constants of the bins of a frame up to 24.5 Bark, and of the channels."""

    rate: Array
    gain: Array
    threshold: Array
    slope: Array
    own: list[tuple[int, int]]
    upper: list[int]
    size: list[int]
    channel_threshold: Array


@lru_cache(maxsize=8)
def _bins(sr: float, n: int) -> _Bins:
    frequencies = np.arange(n // 2 + 1) * (sr / n)
    rate = np.interp(frequencies, EDGES, RATES)
    count = max(2, int(np.searchsorted(rate, 24.5)))
    frequencies, rate = frequencies[:count], rate[:count]
    centres = np.arange(1, CHANNELS + 1) / 2
    starts = np.searchsorted(rate, centres - 0.5, side="right")
    ends = np.searchsorted(rate, centres + 0.5, side="left")
    uppers = np.minimum(np.searchsorted(rate, centres + 0.5 + REACH), count)
    sizes = [min(n, next_fast_len(4 * int(upper))) for upper in uppers]
    slope = -24 - 230 / np.maximum(frequencies, 1e-3)
    return _Bins(
        rate=rate,
        gain=10 ** (_table(rate, TRANSMISSION, HIGH_TRANSMISSION) / 20),
        threshold=_table(rate, THRESHOLD, HIGH_THRESHOLD),
        slope=slope,
        own=list(zip(starts.tolist(), ends.tolist(), strict=True)),
        upper=uppers.tolist(),
        size=sizes,
        channel_threshold=_table(centres, THRESHOLD, HIGH_THRESHOLD),
    )


def channel_envelopes(
    frames: Array, window: Array, sr: float, full_scale: float
) -> Iterator[Array]:
    """Compute the envelope of each channel, for several frames.

    Parameters
    ----------
    frames : array of float32, shape ``(frames, samples)``
    window : array, shape ``(samples,)``
        Window of the frames.
    sr : float
        Sample rate in Hz, at least `LOWEST_RATE`.
    full_scale : float
        Sound pressure level of a constant signal of full scale, in dB.

    Yields
    ------
    array of float32, shape ``(frames, points)``
        The envelopes of a channel, on a scale of its own: `points` cover the frame, and there are
        fewer in lower channels. 47 times.
    """
    n = frames.shape[1]
    bins = _bins(sr, n)
    spectra = rfft(frames * window.astype(np.float32))[:, : len(bins.rate)]
    spectra *= (bins.gain * (np.sqrt(2) / np.sum(window))).astype(np.float32)
    magnitude = np.abs(spectra)
    levels = 20 * np.log10(np.maximum(magnitude, np.float32(1e-36))) + np.float32(full_scale)
    spectra[levels <= bins.threshold] = 0
    # Attenuation per Bark towards higher channels, never a gain.
    slopes = np.minimum(bins.slope + 0.2 * levels, 0).astype(np.float32)
    step = 10 ** (slopes / np.float32(40))
    rising = np.zeros_like(magnitude)
    for channel in range(CHANNELS):
        yield _envelope(spectra, levels, slopes, step, rising, bins, channel)


def _envelope(
    spectra: Array,
    levels: Array,
    slopes: Array,
    step: Array,
    rising: Array,
    bins: _Bins,
    channel: int,
) -> Array:
    """Envelopes of a channel; `rising` has the gains of the bins below the channel before."""
    start, end = bins.own[channel]
    upper, size = bins.upper[channel], bins.size[channel]
    lower_edge, upper_edge = channel / 2, channel / 2 + 1
    before = bins.own[channel - 1][0] if channel else 0
    rising[:, :before] *= step[:, :before]
    new = slice(before, start)
    distance = (lower_edge - bins.rate[new]).astype(np.float32)
    rising[:, new] = 10 ** (slopes[:, new] * distance / 20)
    excitation = np.zeros((len(spectra), upper), dtype=spectra.dtype)
    excitation[:, :start] = spectra[:, :start] * rising[:, :start]
    excitation[:, start:end] = spectra[:, start:end]
    falling = (LOWER_SLOPE * (bins.rate[end:upper] - upper_edge)).astype(np.float32)
    excitation[:, end:] = spectra[:, end:upper] * 10 ** (falling / 20)
    # Components that are below the threshold of the channel do not excite it.
    audible = np.float32(bins.channel_threshold[channel])
    distance = (lower_edge - bins.rate[:start]).astype(np.float32)
    excitation[:, :start][levels[:, :start] + slopes[:, :start] * distance <= audible] = 0
    excitation[:, end:][levels[:, end:upper] + falling <= audible] = 0
    return np.abs(irfft(excitation, size))
