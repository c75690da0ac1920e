"""Glottal pulses: one point in each period of a voice, found in the waveform around its pitch.

In each voiced stretch, the first pulse is at the extreme of the waveform in the period around the
middle of the stretch. From it, pulses follow to both sides: each is where the waveform of one
period around it correlates most with that around the pulse before, 0.8 to 1.2 periods away. The
correlation is interpolated by a parabola. Pulses with a low correlation are left out, and one pulse
beyond each end of the stretch is added if its correlation is high.

References
----------
Boersma, P. and Weenink, D. "Praat: doing phonetics by computer", manual,
"Sound & Pitch: To PointProcess (cc)".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.typing import Array
from featkit.dsp.bins import vertex
from featkit.dsp.disk_array import Clip
from featkit.dsp.voice_frames import ClipLevel
from featkit.dsp.voice_pitch import VoicePitch, VoicePitches, VoicePitchParameters, pitch_parameters

NEAREST, FARTHEST = 0.8, 1.25
"""Distance of a pulse from the one before, in periods. Praat's manual gives 1.2 as the farthest;
the intervals that Praat returns reach 1.25."""

KEPT = 0.3
"""Least correlation of a pulse."""

ADDED = 0.7
"""Least correlation of a pulse beyond the end of a stretch."""


NO_PEAK = -2.0
"""Height of a peak that does not exist: below any correlation."""


class Stretch(NamedTuple):
    """Consecutive voiced frames of a clip.

    Attributes
    ----------
    first, last : int
        First and last frame, counted over all clips.
    begin, end : float
        Where it begins and ends, in samples: half a hop before and after its frames.
    """

    first: int
    last: int
    begin: float
    end: float


class GlottalPulses:
    """Positions of the glottal pulses of some clips; each set of parameters is computed once.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz.
    pitches : VoicePitches
        The pitch of these clips.
    """

    def __init__(self, clips: Sequence[Clip], sr: float, pitches: VoicePitches) -> None:
        self._clips, self._sr, self._pitches = tuple(clips), sr, pitches
        self._computed: dict[VoicePitchParameters, list[Array]] = {}

    def __call__(self, p: VoicePitchParameters) -> list[Array]:
        """Return the positions of the pulses of each clip.

        Parameters
        ----------
        p : VoicePitchParameters

        Returns
        -------
        list of array of float64, shape ``(pulses,)``
            In samples, between which they may lie, in ascending order.
        """
        key = pitch_parameters(p)
        if key not in self._computed:
            pitch = self._pitches(key)
            self._computed[key] = [
                glottal_pulses(clip, self._sr, pitch, k) for k, clip in enumerate(self._clips)
            ]
        return self._computed[key]


def glottal_pulses(clip: Clip, sr: float, pitch: VoicePitch, number: int) -> Array:
    """Find the glottal pulses of one clip.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz.
    pitch : VoicePitch
        Pitch of this clip and others.
    number : int
        Number of the clip among these.

    Returns
    -------
    array of float64, shape ``(pulses,)``
        Positions in samples, in ascending order.
    """
    stretches = voiced_stretches(pitch, number)
    if not stretches:
        return np.empty(0)
    periods = _Periods(stretches, sr, pitch, number)
    mean = ClipLevel(clip).mean
    starts = _first_pulses(clip, mean, stretches, periods)
    begins = np.array([stretch.begin for stretch in stretches])
    ends = np.array([stretch.end for stretch in stretches])
    lanes = np.tile(np.arange(len(stretches)), 2)
    direction = np.repeat([-1, 1], len(stretches))
    others = _followed(clip, mean, starts[lanes], lanes, direction, periods, begins, ends)
    return _sorted(np.concatenate([starts, *others]))


def _sorted(pulses: Array) -> Array:
    """Pulses in order; of two at the same sample, as where two stretches meet, only the first."""
    pulses = np.sort(pulses)
    return pulses[np.diff(pulses, prepend=-np.inf) >= 1]


def voiced_stretches(pitch: VoicePitch, number: int) -> list[Stretch]:
    """Return the stretches of consecutive voiced frames of a clip.

    Parameters
    ----------
    pitch : VoicePitch
    number : int
        Number of the clip.

    Returns
    -------
    list of Stretch
    """
    start, end = int(pitch.segments.starts[number]), int(pitch.segments.ends[number])
    voiced = np.concatenate([[False], np.isfinite(pitch.f0[start:end]), [False]])
    firsts = np.flatnonzero(voiced[1:] & ~voiced[:-1])
    lasts = np.flatnonzero(voiced[:-1] & ~voiced[1:]) - 1
    first_time, hop = float(pitch.first_times[number]), pitch.hop
    return [
        Stretch(
            start + first,
            start + last,
            first_time + (first - 0.5) * hop,
            first_time + (last + 0.5) * hop,
        )
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
    ]


class _Periods:
    """Periods of the stretches of a clip at any place, in samples, from the pitch of the frames."""

    def __init__(
        self, stretches: Sequence[Stretch], sr: float, pitch: VoicePitch, number: int
    ) -> None:
        self._firsts = np.array([stretch.first for stretch in stretches])
        self._lasts = np.array([stretch.last for stretch in stretches])
        self._f0, self._sr, self._hop = pitch.f0, sr, pitch.hop
        self._time = float(pitch.first_times[number])
        self._offset = int(pitch.segments.starts[number])

    def __call__(self, position: Array, stretch: Array) -> Array:
        frame = self._offset + (position - self._time) / self._hop
        frame = np.clip(frame, self._firsts[stretch], self._lasts[stretch])
        before = np.minimum(frame.astype(np.intp), self._lasts[stretch])
        after = np.minimum(before + 1, self._lasts[stretch])
        low, high = self._f0[before], self._f0[after]
        return np.asarray(self._sr / (low + (frame - before) * (high - low)))


def _first_pulses(
    clip: Clip, mean: float, stretches: Sequence[Stretch], periods: _Periods
) -> Array:
    """The extreme of the waveform within a period around the middle of each stretch."""
    middle = np.array([(stretch.begin + stretch.end) / 2 for stretch in stretches])
    length = np.maximum(np.rint(periods(middle, np.arange(len(middle)))), 3).astype(np.intp)
    first = np.rint(middle - length / 2).astype(np.intp)
    size = np.abs(windows(clip, mean, first, int(length.max())))
    size = np.where(np.arange(size.shape[1]) < length[:, None], size, -1)
    place = np.argmax(size, axis=1)
    inner = np.clip(place, 1, length - 2)
    around = np.take_along_axis(size, inner[:, None] + np.array([-1, 0, 1]), axis=1).T
    return np.asarray(first + place + np.where(place == inner, vertex(around)[0], 0))


def _followed(
    clip: Clip,
    mean: float,
    position: Array,
    stretch: Array,
    direction: Array,
    periods: _Periods,
    begins: Array,
    ends: Array,
) -> list[Array]:
    """Pulses that follow others, all stretches and both directions side by side."""
    pulses = []
    while len(position):
        position, correlation = _next(clip, mean, position, direction, periods(position, stretch))
        inside = (position >= begins[stretch]) & (position <= ends[stretch])
        inside &= (position > 0) & (position < len(clip) - 1)
        pulses.append(position[correlation > np.where(inside, KEPT, ADDED)])
        position, stretch, direction = position[inside], stretch[inside], direction[inside]
    return pulses


def _next(
    clip: Clip, mean: float, position: Array, direction: Array, period: Array
) -> tuple[Array, Array]:
    """The pulse before or after each pulse, and its correlation."""
    length = np.maximum(np.rint(period), 2).astype(np.intp)
    nearest = np.floor(NEAREST * period).astype(np.intp)
    lags = np.ceil(FARTHEST * period).astype(np.intp) - nearest + 1
    first = np.rint(position - period / 2).astype(np.intp)
    longest, most = int(length.max()), int(lags.max())
    own = windows(clip, mean, first, longest)
    # To the left, candidates run from the farthest to the nearest.
    begin = first + np.where(direction > 0, nearest, -(nearest + lags - 1))
    region = windows(clip, mean, begin, longest + most - 1)
    inside = np.arange(longest) < length[:, None]
    own = np.where(inside, own, 0)
    product = np.einsum("nkl,nl->nk", sliding_window_view(region, longest, axis=1), own)
    sums = np.zeros((len(region), region.shape[1] + 1))
    np.cumsum(np.square(region), axis=1, out=sums[:, 1:])
    place = np.arange(most)
    energy = np.take_along_axis(sums, place + length[:, None], axis=1) - sums[:, :most]
    energy *= np.sum(np.square(own), axis=1, keepdims=True)
    sounding = (energy > 0) & (place < lags[:, None])
    correlation = np.where(sounding, product / np.sqrt(np.where(sounding, energy, 1)), -1)
    place, height = _highest_peak(correlation, lags)
    # Without a peak, the search goes on one period away.
    shift = np.where(height > NO_PEAK, begin - first + place, direction * period)
    return position + shift, height


def _highest_peak(correlation: Array, lags: Array) -> tuple[Array, Array]:
    """Place and height of the highest peak of each row, refined by a parabola."""
    inner = correlation[:, 1:-1]
    is_peak = (inner > correlation[:, :-2]) & (inner >= correlation[:, 2:])
    is_peak &= np.arange(1, correlation.shape[1] - 1) < lags[:, None] - 1
    place = 1 + np.argmax(np.where(is_peak, inner, NO_PEAK), axis=1)
    around = np.take_along_axis(correlation, place[:, None] + np.array([-1, 0, 1]), axis=1).T
    offset, height = vertex(around)
    return place + offset, np.where(is_peak.any(axis=1), height, NO_PEAK)


def windows(clip: Clip, mean: float, starts: Array, length: int) -> Array:
    """Read windows of one length from a clip.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
    mean : float
        Mean of the clip, which is subtracted.
    starts : array of int, shape ``(windows,)``
        First sample of each window; a window may reach beyond the clip.
    length : int
        Number of samples.

    Returns
    -------
    array of float64, shape ``(windows, length)``
        0 beyond the clip.
    """
    rows: Array = np.zeros((len(starts), length))
    inside = (starts >= 0) & (starts + length <= len(clip))
    if isinstance(clip, np.ndarray) and len(clip) >= length:
        rows[inside] = sliding_window_view(clip, length)[starts[inside]] - np.float64(mean)
    else:
        inside[:] = False
    for k in np.flatnonzero(~inside).tolist():
        start = int(starts[k])
        first, last = max(start, 0), min(start + length, len(clip))
        if first < last:
            rows[k, first - start : last - start] = clip[first:last] - np.float64(mean)
    return rows
