"""Periods of the voice, and how much they differ: jitter and shimmer.

In a voiced region, periods follow one another from the beginning of its first frame on. A period is
as long as the number of samples, within a tenth of the period of the pitch, that correlate best
with as many samples after them: the vertex of a parabola through the highest local maximum. Without
a local maximum, a period of the pitch is skipped. A period with a low correlation does not count
[1]_.

Periods belong to the frame in whose first part, up to the beginning of the next frame, they end. If
the next period begins no later than a frame, it belongs to the frame even if it is longer. A frame
without periods, such as one in which the pitch changes fast, has the values of the frame before it
in the region, as in openSMILE.

References
----------
.. [1] F. Eyben, "Real-time speech and music classification by large audio feature space
   extraction", Springer, 2016.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.typing import Array
from featkit.dsp import _compiled, disk_array
from featkit.dsp.bins import vertex
from featkit.dsp.disk_array import Clip

SEARCH = 0.1
"""Greatest deviation of a period from that of the pitch, as a share of it."""

LEAST_REACH = 2
"""Least deviation in samples, so that a local maximum exists at low sample rates."""

LEAST_CORRELATION = 0.5
"""Correlation of two periods from which their lengths and amplitudes are compared."""

GREATEST_CHANGE = 1.0
"""Greatest relative change of the amplitude in a frame, 6 dB."""

MARGIN = 4
"""Samples before the next frame that the last period of a frame does not reach."""

FLAT = 1e-12
"""Variance, as a share of the mean square, below which samples are constant, up to rounding."""


def local_perturbation(
    clip: Clip, sr: float, f0: Array, starts: Array, hop: float
) -> tuple[Array, Array]:
    """Compute the mean change from one period to the next in frames.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz.
    f0 : array, shape ``(frames,)``
        Fundamental frequency in Hz of each frame; NaN in unvoiced frames.
    starts : array of int, shape ``(frames,)``
        First sample of each frame.
    hop : float
        Seconds from one frame to the next.

    Returns
    -------
    jitter : array of float64, shape ``(frames,)``
        Mean absolute difference of the lengths of successive periods over their mean length.
    shimmer : array of float64, shape ``(frames,)``
        20 log10(1 + d) in dB, where d is the mean absolute difference of the amplitudes (greatest
        less least sample) of successive periods over their mean amplitude, at most 1.

    Notes
    -----
    Both are NaN in unvoiced frames, and before the first periods of a region that can be compared.
    """
    voiced = np.concatenate([[False], ~np.isnan(f0), [False]])
    regions = np.flatnonzero(np.diff(voiced)).reshape(-1, 2)
    ends = np.append(starts[1:], starts[-1:] + round(hop * sr)) - MARGIN
    tables = [np.empty((0, 4))]
    for first, end in regions.tolist():
        own = slice(first, end)
        tables.append(region_periods(clip, sr / f0[own], starts[own], ends[own]))
        tables[-1][:, 0] += first
    frame, length, amplitude, following = np.concatenate(tables).T
    frame, begins = frame.astype(np.int64), np.zeros(len(f0), dtype=np.int64)
    begins[regions[:, 0]] = regions[:, 0]
    begins = np.maximum.accumulate(begins)
    again = begins[frame[1:]] == begins[frame[:-1]]
    change = _mean(frame[1:][again], np.abs(np.diff(length))[again], len(f0))
    jitter = _ratio(change, _mean(frame, length, len(f0)))
    difference = _mean(frame, np.abs(following - amplitude), len(f0))
    relative = _ratio(difference, _mean(frame, (following + amplitude) / 2, len(f0)))
    shimmer = 20 * np.log10(1 + np.minimum(relative, GREATEST_CHANGE))
    return _held(jitter, begins, voiced[1:-1]), _held(shimmer, begins, voiced[1:-1])


def region_periods(clip: Clip, expected: Array, begins: Array, ends: Array) -> Array:
    """Find the periods of a voiced region.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    expected : array, shape ``(frames,)``
        Period of the pitch of each frame of the region in samples.
    begins : array of int, shape ``(frames,)``
        First sample of each frame. The first period begins with the first frame.
    ends : array of int, shape ``(frames,)``
        Sample before which the last period of each frame, and the one after it, have to end, even
        if they were the longest that are sought; except for the first of a frame that begins no
        later than the frame.

    Returns
    -------
    array of float64, shape ``(periods, 4)``
        Number of the frame, counted from the first of the region, length in samples, amplitude,
        and amplitude of the samples after it.
    """
    usual = np.rint(expected).astype(np.int64)
    shortest = np.minimum((expected * (1 - SEARCH)).astype(np.int64), usual - LEAST_REACH)
    longest = np.maximum((expected * (1 + SEARCH)).astype(np.int64), usual + LEAST_REACH)
    ranges = np.maximum(shortest, 1), usual, longest
    find = _find_by_numpy if _compiled.core is None else _find_by_core
    reach = np.maximum(ends, begins + 2 * longest)
    position = int(begins[0])
    batch = max(1, disk_array.PIECE_SAMPLES * len(ends) // max(1, int(ends[-1]) - position))
    tables = []
    for first in range(0, len(ends), batch):
        frames = slice(first, first + batch)
        x = clip[position : int(reach[frames].max())].astype(np.float64)
        limits = begins[frames] - position, ends[frames] - position
        table, moved = find(x, *limits, *(values[frames] for values in ranges))
        table[:, 0] += first
        tables.append(table[table[:, 4] >= LEAST_CORRELATION, :4])
        position += moved
    return np.concatenate(tables)


def _find_by_core(
    x: Array, begins: Array, ends: Array, shortest: Array, usual: Array, longest: Array
) -> tuple[Array, int]:
    assert _compiled.core is not None
    position = np.zeros(1, dtype=np.int64)
    table = np.empty((len(x) // int(shortest.min()) + 1, 5))
    count = _compiled.core.periods(x, begins, ends, shortest, usual, longest, position, table)
    return table[:count], int(position[0])


def _find_by_numpy(
    x: Array, begins: Array, ends: Array, shortest: Array, usual: Array, longest: Array
) -> tuple[Array, int]:
    rows: list[tuple[float, ...]] = []
    position, ranges = 0, np.stack([begins, ends, shortest, usual, longest]).T.tolist()
    for frame, (begin, end, least, step, greatest) in enumerate(ranges):
        late = position <= begin
        while position + 2 * greatest <= (len(x) if late else min(end, len(x))):
            late = False
            samples = x[position : position + 2 * greatest]
            correlation = _correlations(samples, least, greatest)
            middle = correlation[1:-1]
            peaks = (middle > correlation[:-2]) & (middle > correlation[2:])
            if not peaks.any():
                position += step
                continue
            best = 1 + int(np.where(peaks, middle, -np.inf).argmax())
            length = least + best
            shift = float(vertex(correlation[best - 1 : best + 2, None])[0][0])
            amplitudes = np.ptp(samples[:length]), np.ptp(samples[length : 2 * length])
            rows.append((frame, length + shift, *map(float, amplitudes), correlation[best]))
            position += length
    return np.array(rows, dtype=np.float64).reshape(-1, 5), position


def _correlations(x: Array, shortest: int, longest: int) -> Array:
    """Correlation of the first samples with as many after them, for each length."""
    lengths = np.arange(shortest, longest + 1)
    sums, squares = (np.append(0, np.cumsum(values)) for values in (x, x**2))
    total, square = sums[lengths], squares[lengths]
    later, later_square = sums[2 * lengths] - total, squares[2 * lengths] - square
    products = sliding_window_view(x, longest)[lengths] * x[:longest]
    common = np.sum(products * (np.arange(longest) < lengths[:, None]), axis=1)
    own, following = square - total**2 / lengths, later_square - later**2 / lengths
    varies = (own > FLAT * square) & (following > FLAT * later_square)
    power = np.where(varies, own * following, 1)
    correlation: Array = (common - total * later / lengths) / np.sqrt(power)
    return np.where(varies, correlation, 0)


def _mean(frame: Array, values: Array, frames: int) -> Array:
    """Mean of the values of each frame; NaN without values."""
    count = np.bincount(frame, minlength=frames)
    sums = np.bincount(frame, values, minlength=frames)
    return np.where(count > 0, sums, np.nan) / np.maximum(count, 1)


def _ratio(a: Array, b: Array) -> Array:
    """Ratio of a to b; NaN where b is 0."""
    return a / np.where(b > 0, b, np.nan)


def _held(values: Array, begins: Array, voiced: Array) -> Array:
    """Values of voiced frames; where they are NaN, the last one before in the region."""
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    return np.where(voiced & (last >= begins), values[last], np.nan)
