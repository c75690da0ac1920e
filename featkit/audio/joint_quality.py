"""Quality of many short clips at once: the values of `measure_quality`, to the bit.

One clip takes about fifty calls of NumPy, most of which take the same time for all clips together.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.bandwidth import bandwidths_of_clips, has_all_frames
from featkit.audio.quality import Quality, equal_channels, measure_quality, window_energies
from featkit.schema import SHORT_DURATION, SILENCE_LEVEL, SILENCE_WINDOW

LONGEST = 2**16
"""Largest number of samples of a clip that is measured with others."""


class ClipSource(NamedTuple):
    """Samples of a clip before mixing and resampling; see `measure_quality`.

    Attributes
    ----------
    samples : array, shape ``(frames,)`` or ``(frames, channels)``
        int16 or floating point; at least one frame.
    rate : float
        Sample rate in Hz.
    full_scale : float
        The largest code of the sample format.
    truncated : bool
        Whether the file has fewer samples than it states.
    """

    samples: Array
    rate: float
    full_scale: float
    truncated: bool


def measure_qualities(sources: Sequence[ClipSource]) -> list[Quality]:
    """Measure the quality of clips.

    Parameters
    ----------
    sources : sequence of ClipSource

    Returns
    -------
    list of Quality
    """
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for k, (samples, rate, *_) in enumerate(sources):
        if samples.size <= LONGEST and has_all_frames(len(samples), rate):
            groups[samples.dtype, samples.shape[1:], rate].append(k)
    measured: dict[int, Quality] = {}
    for places in groups.values():
        if len(places) > 1:
            group = [sources[k] for k in places]
            qualities = zip(places, _measure_group(group), strict=True)
            measured |= {k: quality for k, quality in qualities if quality is not None}
    return [
        measured[k]
        if k in measured
        else measure_quality(
            source.samples, source.rate, full_scale=source.full_scale, truncated=source.truncated
        )
        for k, source in enumerate(sources)
    ]


class _Windows(NamedTuple):
    """The windows of clips, in order: those of equal length, then the longer last one of each."""

    first: Array
    """Place of the first window of each clip."""
    starts: Array
    """First frame of each window, in all clips joined."""
    lengths: Array
    """Frames of each window."""


def _windows(lengths: Array, window: int) -> _Windows:
    equal = np.maximum(0, lengths // window - 1)
    ends = np.cumsum(equal + 1)
    first = ends - (equal + 1)
    places = np.arange(ends[-1]) - np.repeat(first, equal + 1)
    starts = np.repeat(np.cumsum(lengths) - lengths, equal + 1) + window * places
    window_lengths = np.full(ends[-1], window)
    window_lengths[ends - 1] = lengths - equal * window
    return _Windows(first, starts, window_lengths)


def _measure_group(sources: Sequence[ClipSource]) -> list[Quality | None]:
    """The quality of clips of one rate, type and number of channels; None for clipped ones."""
    rate = sources[0].rate
    clips = [source.samples for source in sources]
    channels = math.prod(clips[0].shape[1:])
    lengths = np.array([*map(len, clips)])
    windows = _windows(lengths, max(1, round(SILENCE_WINDOW * rate)))
    joined = np.concatenate(clips).reshape(-1)
    unit = 2.0**-15 if joined.dtype == np.int16 else 1.0
    edges = windows.starts * channels
    lowest = np.minimum.reduceat(joined, edges) * unit
    highest = np.maximum.reduceat(joined, edges) * unit
    is_silent = (highest - lowest) / 2 < SILENCE_LEVEL
    silent = np.add.reduceat(windows.lengths * is_silent, windows.first).tolist()
    tops = np.maximum.reduceat(highest, windows.first).tolist()
    bottoms = np.minimum.reduceat(lowest, windows.first).tolist()
    energies = _energies(joined, channels, windows, unit)
    bandwidths = bandwidths_of_clips(clips, rate)
    qualities: list[Quality | None] = []
    for k, source in enumerate(sources):
        n_frames, peak = len(source.samples), max(0.0, tops[k], -bottoms[k])
        if peak >= source.full_scale:  # runs of clipped samples are counted
            qualities.append(None)
            continue
        duration = n_frames / rate
        energy = energies[k] / (n_frames * channels)
        quality = Quality(
            duration=duration,
            sample_rate=float(rate),
            channels=channels,
            peak=peak,
            clipped_share=0.0,
            silence_share=silent[k] / n_frames,
            silent=silent[k] == n_frames,
            clipped=False,
            short=duration < SHORT_DURATION,
            truncated=source.truncated,
            mono_as_stereo=channels > 1 and equal_channels(source.samples),
            level=10 * math.log10(energy) if energy else math.nan,
            bandwidth=bandwidths[k],
        )
        qualities.append(quality)
    return qualities


def _energies(joined: Array, channels: int, windows: _Windows, unit: float) -> list[float]:
    """The energy of each clip: that of its windows, added in order."""
    energies = np.empty(len(windows.starts))
    is_last = np.zeros(len(energies), dtype=bool)
    is_last[np.append(windows.first[1:], len(energies)) - 1] = True
    equal = np.flatnonzero(~is_last)
    if len(equal):
        size = int(windows.lengths[equal[0]]) * channels
        rows = np.lib.stride_tricks.sliding_window_view(joined, size)
        energies[equal] = window_energies(rows[windows.starts[equal] * channels])
    for k in np.flatnonzero(is_last).tolist():
        start, end = (
            int(frame) * channels
            for frame in (windows.starts[k], windows.starts[k] + windows.lengths[k])
        )
        energies[k] = window_energies(joined[None, start:end])[0]
    energies *= unit**2
    parts = np.split(energies, windows.first[1:])
    return [float(np.cumsum(part)[-1]) for part in parts]
