"""Spectral landmarks: hashes that two copies of a recording share at a constant offset in time.

The peaks of a spectrogram survive noise, codecs and filters better than any other part of it. A
landmark is an anchor peak with two or three of the next five: their frequencies and the differences
of their times, hashed to 32 bits. Only order and ratios of energies count, so landmarks do not
depend on the level. Times of peaks are interpolated between frames, so that they do not depend on
where the frames begin.

The usual landmark is a pair of peaks. Three are about 500 times as specific, and four more than a
million recordings need: recordings that have nothing in common hardly ever share a landmark, so
that most of the work of an index falls away, and a few shared landmarks are proof. Three peaks find
copies with more noise, and copies of short sounds.

References
----------
A. Wang, *An industrial-strength audio search algorithm*, ISMIR 2003.
D. Ellis, *Robust landmark-based audio fingerprinting* (audfprint), 2009.
J. Six and M. Leman, *Panako: a scalable acoustic fingerprinting system*, ISMIR 2014 (three peaks).
"""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.fft import rfft

SR = 8000
"""Sample rate in Hz; telephones and low-rate copies keep this band."""

N_FFT = 512
HOP = 128

LOW, HIGH = 6, 250
"""First bin, and the one after the last: 94 to 3,891 Hz. Hum and the filters of resamplers are out
of this band."""

NEAR_BINS, NEAR_FRAMES = 5, 4
"""A peak is the largest value within so many bins and frames: 78 Hz, 64 ms."""

RANGE = 1e-9
"""Weakest peak relative to the strongest one: the range of 16 bits, in power."""

PEAKS = 20
"""Most peaks per second: the strongest of each second."""

FOLLOWERS = tuple(chain(combinations(range(1, 6), 3), combinations(range(1, 6), 2)))
"""Of the five peaks after an anchor, those that a landmark takes: three or two."""

QUADRUPLES, TRIPLES = (0, 1 << 31), (1 << 31, 1 << 32)
"""Ranges of the hashes of landmarks of four and of three peaks: a large dataset needs the most
specific ones only, and these have the smallest numbers."""

TICK = HOP / SR
"""Unit of times in seconds: 16 ms."""

LONGEST = 63
"""Longest landmark in ticks, about a second."""

REPEATS = 3
"""Most landmarks with the same hash; a steady tone would give hundreds, all alike."""


def landmarks(y: Array) -> tuple[Array, Array]:
    """Find the landmarks of a signal.

    Parameters
    ----------
    y : array of float32, shape ``(samples,)``
        The signal at `SR` Hz.

    Returns
    -------
    hashes : array of uint32, shape ``(landmarks,)``
        In ascending order. About 300 per second, fewer if there are few peaks; none in silence.
    times : array of float64, shape ``(landmarks,)``
        Seconds to the anchor; in ascending order for the same hash.
    """
    times, bins = peaks(y)
    hashes, anchors = hashes_of_peaks(np.rint(times / (TICK / 8)).astype(np.int64), bins)
    order = np.lexsort((anchors, hashes))
    hashes, anchors = hashes[order], anchors[order]
    rank = np.arange(len(hashes)) - np.searchsorted(hashes, hashes)
    kept = rank < REPEATS
    return hashes[kept], anchors[kept] * (TICK / 8)


def peaks(y: Array) -> tuple[Array, Array]:
    """Find the peaks of the spectrogram of a signal.

    Parameters
    ----------
    y : array of float32, shape ``(samples,)``
        The signal at `SR` Hz.

    Returns
    -------
    times : array of float64, shape ``(peaks,)``
        Seconds to the peaks, interpolated between frames; in ascending order.
    bins : array of int64, shape ``(peaks,)``
        Bins of `SR` / `N_FFT` Hz.
    """
    P = _power(y)
    around = _largest_near(_largest_near(P, NEAR_FRAMES).T, NEAR_BINS).T
    inner = slice(1, -1)  # interpolation needs a frame on each side
    threshold = max(RANGE * float(P.max()), np.finfo(np.float32).tiny)
    is_peak = np.equal(P, around)[inner] & (P[inner] > threshold)
    frames, bins = np.nonzero(is_peak)
    frames += 1
    strongest = _strongest(P[frames, bins], frames // round(SR / HOP))
    frames, bins = frames[strongest], bins[strongest]
    before, at, after = (np.log(P[frames + k, bins] + threshold) for k in (-1, 0, 1))
    curvature = np.maximum(2 * at - before - after, 1e-6)
    times = (frames + np.clip((after - before) / (2 * curvature), -0.5, 0.5)) * TICK
    order = np.argsort(times, kind="stable")
    return times[order], bins[order] + LOW


def _power(y: Array) -> Array:
    """Power spectra from bin `LOW` to `HIGH` of the signal scaled to 1, at least three frames."""
    padding = max(0, N_FFT + 2 * HOP - len(y))
    y = np.pad(y / max(np.max(np.abs(y), initial=0), np.finfo(np.float32).tiny), (0, padding))
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(y, N_FFT)[::HOP]
    X = rfft(frames * window, axis=1)[:, LOW:HIGH]
    power: Array = X.real**2 + X.imag**2
    return power


def _largest_near(x: Array, radius: int) -> Array:
    """Largest value of the rows within a radius of each row; rows beyond the ends are 0."""
    edge = np.zeros((radius, x.shape[1]), x.dtype)
    largest, width = np.concatenate([edge, x, edge]), 1
    while width < 2 * radius + 1:  # the maximum of two overlapping windows
        step = min(width, 2 * radius + 1 - width)
        largest = np.maximum(largest[:-step], largest[step:])
        width += step
    return largest


def _strongest(values: Array, seconds: Array) -> Array:
    """Indices of the `PEAKS` largest values of each second, in ascending order."""
    order = np.lexsort((-values, seconds))
    rank = np.arange(len(order)) - np.searchsorted(seconds[order], seconds[order])
    return np.sort(order[rank < PEAKS])


def hashes_of_peaks(times: Array, bins: Array) -> tuple[Array, Array]:
    """Compute the landmarks of peaks.

    Parameters
    ----------
    times : array of int64, shape ``(peaks,)``
        Times of the peaks in eighths of a tick, in ascending order.
    bins : array of int64, shape ``(peaks,)``
        Their frequencies, below 256.

    Returns
    -------
    hashes : array of uint32, shape ``(landmarks,)``
    anchors : array of int64, shape ``(landmarks,)``
        Times of the anchors, in eighths of a tick.
    """
    hashes, anchors = [np.empty(0, np.uint32)], [np.empty(0, np.int64)]
    for followers in FOLLOWERS:
        n = max(0, len(times) - followers[-1])
        anchor = times[:n]
        steps = [(times[k : k + n] - anchor + 4) // 8 for k in followers]
        fits = (steps[-1] > 0) & (steps[-1] <= LONGEST)
        key = bins[:n][fits].astype(np.uint64)
        for k in followers:
            key = key << np.uint64(8) | bins[k : k + n][fits].astype(np.uint64)
        for step in steps:
            key = key << np.uint64(6) | step[fits].astype(np.uint64)
        hashes.append(mixed(key, TRIPLES if len(followers) == 2 else QUADRUPLES))
        anchors.append(anchor[fits])
    return np.concatenate(hashes), np.concatenate(anchors)


def mixed(keys: Array, span: tuple[int, int]) -> Array:
    """Hash keys to numbers that are evenly distributed over a range (SplitMix64's mixer).

    Parameters
    ----------
    keys : array of uint64
    span : tuple of int
        First number, and the one after the last.

    Returns
    -------
    array of uint32, of the shape of `keys`
    """
    numbers = keys * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        numbers ^= numbers >> np.uint64(shift)
        numbers *= np.uint64(factor)
    first, last = span
    return (np.uint64(first) + (numbers >> np.uint64(32)) % np.uint64(last - first)).astype(
        np.uint32
    )
