"""Edges of bands: the frequency above which a filter left nothing.

Resampling from a lower rate, codecs and telephones limit the band with a steep filter, whose trace
remains whatever is done with the samples later. The roll-off of microphones, rooms and sources is
gradual. The analysis works as follows:

- The recording is divided into parts of about `PART` seconds. A part has two spectra in `N_BANDS`
  bands: the median and the lower quartile over its frames. So, clicks and single clipped samples,
  whose spectrum has no limit, do not count, nor do bursts above the limit of a codec, which MP3
  encoders let pass in some frames.
- A part has an edge where the level falls by at least `DROP` dB within 6 % of the frequency (200 to
  600 Hz), down to a level that nothing above exceeds, and that is at most `NOTHING`. The highest
  such frequency counts, since there is sound up to it.
- The edge of a recording is the most frequent one of its parts. It holds in the stretch in which
  the parts that have it most outnumber those that have another one or sound above it; parts whose
  sound does not reach the edge do not count.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.typing import Array
from featkit.auditing.measure import Piece
from featkit.auditing.signal.spectra import frame_size, spectra

N_BANDS = 128
"""Number of bands from 0 Hz to half of the sample rate."""

PART = 0.5
"""Duration of a part in seconds."""

PART_FRAMES = 8
"""Smallest number of frames in a part."""

BELOW = 700.0
"""Width of the band below an edge in Hz: the median of its bands is its level, so that single
partials do not count."""

FLOOR = -110.0
"""Lowest level in dB, in the unit in which that of white noise is its power: 9 dB below the noise
of rounding to 16 bits (-101 dB), so that noise of more bits counts as silence."""

NOTHING = -88.0
"""Highest level above an edge, in dB: 13 dB over the noise of rounding to 16 bits, for dither and
clipping after the filter."""

DROP = 15.0
"""Difference of level at an edge, in dB."""

LOWEST = 2800.0
"""Lowest edge in Hz: below the telephone band (300 to 3400 Hz), vowels have steep slopes."""

HIGHEST = 0.9
"""Highest edge, as a share of half of the sample rate: anti-aliasing filters of converters begin
here, such as at 20 kHz for 44.1 kHz."""

SILENCE = 10**-9.5
"""Power of a frame that counts as silence: 6 dB over the noise of rounding to 16 bits."""

MIN_PARTS = 2
"""Smallest number of parts with the edge, unless the sound reaches it in a single part."""

TOLERANCE = 0.05
"""Difference between edges that count as the same, as a share of their frequency."""


class BandEdge(NamedTuple):
    """An edge, and where it holds.

    Attributes
    ----------
    start, end : float
        Seconds from the beginning of the piece.
    frequency : float
        Hz: where the level in dB is halfway down.
    drop : float
        Median difference of level, in dB.
    """

    start: float
    end: float
    frequency: float
    drop: float


def band_edge(piece: Piece) -> BandEdge | None:
    """Find the edge of the band of a piece of a recording.

    Parameters
    ----------
    piece : Piece
        All channels are mixed.

    Returns
    -------
    BandEdge or None
        None without an edge.
    """
    levels, bounds = _levels(piece)
    if not levels.size:
        return None
    edges, drops = (values.reshape(levels.shape[:2]) for values in _edges(levels, piece.rate))
    frequency = _most_frequent(edges[edges > 0])
    if not frequency:
        return None
    matches = np.abs(edges - frequency) <= TOLERANCE * frequency
    same = np.any(matches, axis=0)
    width = piece.rate / 2 / N_BANDS
    first = min(N_BANDS - 1, int(np.ceil((frequency + _steep(frequency)) / width)))
    sound_above = levels[..., first:].max(axis=2) > NOTHING
    other = ~same & ((edges > 0) | sound_above).all(axis=0)
    start, end = _densest(same.astype(int) - other)
    n_same = int(same[start:end].sum())
    below = levels[..., int((frequency - BELOW) / width) :].max(axis=(0, 2))
    n_reaching = int((same | (below > NOTHING)).sum())
    if n_same < min(MIN_PARTS, n_reaching) or n_same < 2 * other[start:end].sum():
        return None
    drop = float(np.median(drops[:, start:end][matches[:, start:end]]))
    return BandEdge(bounds[start] / piece.rate, bounds[end] / piece.rate, frequency, drop)


def _most_frequent(edges: Array) -> float:
    """The edge, in Hz, that most others are close to; 0 if there is none."""
    if not len(edges):
        return 0.0
    near = np.abs(edges[:, None] - edges) <= TOLERANCE * edges
    return float(np.median(edges[near[:, np.argmax(near.sum(axis=0))]]))


def _levels(piece: Piece) -> tuple[Array, Array]:
    """Spectra in dB, ``(quantiles, parts, bands)``, and positions of their limits in samples."""
    spectrum, size = piece.shared(spectra), frame_size(piece.rate)
    n_frames = len(spectrum)
    if not n_frames or size < 2 * N_BANDS or HIGHEST * piece.rate / 2 <= LOWEST:
        return np.empty((2, 0, N_BANDS)), np.zeros(1)
    parts = spectrum.view(np.float32)[:, 2:].reshape(n_frames, N_BANDS, -1)
    power = np.einsum("fbi,fbi->fb", parts, parts) / np.float32(parts.shape[-1] / 2)
    is_audible = power.mean(axis=1) > SILENCE
    n_parts = max(1, min(round(n_frames * size / piece.rate / PART), n_frames // PART_FRAMES))
    limits = np.linspace(0, n_frames, n_parts + 1).astype(int)
    levels = []
    for first, last in pairwise(limits):
        audible = power[first:last][is_audible[first:last]]
        audible = audible if len(audible) else power[first:last]
        ranks = [(len(audible) - 1) // 4, (len(audible) - 1) // 2]
        levels.append(np.sort(audible.T.copy(), axis=1)[:, ranks].T)
    bounds = limits * size
    bounds[-1] = len(piece.y)
    quantiles = np.array(levels).transpose(1, 0, 2)
    return 10 * np.log10(np.maximum(quantiles, 10 ** (FLOOR / 10))), bounds


def _edges(levels: Array, rate: float) -> tuple[Array, Array]:
    """Frequency of the highest edge of each spectrum (0 without one), and the drop of level."""
    levels = levels.reshape(-1, N_BANDS)
    width = rate / 2 / N_BANDS
    bands = np.arange(N_BANDS)
    steep = np.ceil(_steep(bands * width) / width).astype(int)
    beyond = np.minimum(bands + steep, N_BANDS - 1)
    nothing = np.maximum.accumulate(levels[:, ::-1], axis=1)[:, ::-1][:, beyond]
    n_below = max(3, round(BELOW / width))
    below = np.full(levels.shape, FLOOR)
    windows = sliding_window_view(levels, n_below, axis=1)[:, :-1]
    below[:, n_below:] = np.median(windows, axis=2)
    drops = below - nothing
    is_edge = (drops >= DROP) & (nothing <= NOTHING) & (bands * width >= LOWEST)
    frequencies, heights = np.zeros(len(levels)), np.zeros(len(levels))
    for part in np.flatnonzero(is_edge.any(axis=1)):
        last = np.flatnonzero(is_edge[part])[-1]
        lower = np.flatnonzero(~is_edge[part, :last])
        first = lower[-1] + 1 if len(lower) else 0
        best = first + int(np.argmax(drops[part, first : last + 1]))
        heights[part] = drops[part, best]
        audible = levels[part] > below[part, best] - heights[part] / 2
        frequencies[part] = (np.flatnonzero(audible)[-1] + 1) * width
    frequencies[frequencies > HIGHEST * rate / 2] = 0
    return frequencies, heights


def _steep(frequency: Array | float) -> Array:
    """Largest width of an edge in Hz."""
    return np.clip(0.06 * np.asarray(frequency), 200, 600)


def _densest(scores: Array) -> tuple[int, int]:
    """First and last limits of the stretch of parts with the largest sum, the longest of them."""
    sums = np.concatenate([[0], np.cumsum(scores)])
    best, bounds = 0, (0, 0)
    for start in range(len(scores)):
        gains = sums[start + 1 :] - sums[start]
        end = start + 1 + int(np.flatnonzero(gains == gains.max())[-1])
        if gains.max() > best:
            best, bounds = gains.max(), (start, end)
    return bounds
