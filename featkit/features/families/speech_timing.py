"""Timing of speech: loudness peaks, voiced regions and unvoiced regions of a clip.

They are the temporal features of the Geneva minimalistic acoustic parameter set (GeMAPS). Regions
are successive frames of `speech_pitch`, which are 10 ms apart; the number of voiced regions per
second approximates the rate of syllables, and unvoiced regions approximate pauses. As in openSMILE,
a single unvoiced frame does not end a voiced region, and unvoiced regions of two frames or fewer do
not count. openSMILE's lengths of voiced and unvoiced regions are one frame shorter.

References
----------
Eyben, F., Scherer, K. R., Schuller, B. W. et al. "The Geneva Minimalistic Acoustic Parameter Set
(GeMAPS) for Voice Research and Affective Computing", IEEE Transactions on Affective Computing 7(2),
2016.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.contours import turning_points
from featkit.dsp.smoothing import smoothed
from featkit.dsp.speech_pitch import HOP, SpeechPitch
from featkit.dsp.speech_spectra import AuditoryLoudness
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

REFERENCE = "Eyben et al. 2016 (GeMAPS)"
SHORT = "in clips shorter than 60 ms"

BRIDGED = 1
"""Unvoiced frames between voiced ones that do not end a voiced region."""

SHORTEST_PAUSE = 3
"""Frames of the shortest unvoiced region that counts."""

SMALLEST_FALL, OF_GREATEST = 0.1, 0.01
"""Fall of the loudness after a peak that counts, as a share of its range in the clip, but at least
a share of its greatest value: a steady tone has no peaks."""

PEAKS = Descriptor(
    name="loudness_peaks_per_second",
    unit="1/s",
    low=0.0,
    high=50.0,
    definition="number of peaks of the loudness, averaged over three frames, over the duration of"
    " all frames; before and after a peak, it changes by a tenth of its range in the clip, and by"
    " 1 % of its greatest value",
    reference=REFERENCE,
    undefined="in silence, and in clips shorter than 20 ms",
)
NO_VOICE = "without voiced frames, as in silence, and in clips shorter than 60 ms"

RATE = Descriptor(
    name="voiced_regions_per_second",
    unit="1/s",
    low=0.0,
    high=50.0,
    definition="number of voiced regions over the duration of all frames: successive voiced frames,"
    " without interruption by more than one frame",
    reference=REFERENCE,
    undefined=SHORT,
)
VOICED = Descriptor(
    name="voiced_region_mean",
    unit="s",
    low=0.0,
    definition="mean duration of the voiced regions",
    reference=REFERENCE,
    undefined=NO_VOICE,
)
VOICED_STD = Descriptor(
    name="voiced_region_std",
    unit="s",
    low=0.0,
    definition="standard deviation of the durations of the voiced regions",
    reference=REFERENCE,
    undefined=NO_VOICE,
)
UNVOICED = Descriptor(
    name="unvoiced_region_mean",
    unit="s",
    low=0.0,
    definition="mean duration of the regions of at least three successive unvoiced frames; 0 if"
    " there is none",
    reference=REFERENCE,
    undefined=SHORT,
)
UNVOICED_STD = Descriptor(
    name="unvoiced_region_std",
    unit="s",
    low=0.0,
    definition="standard deviation of the durations of the unvoiced regions; 0 if there is none",
    reference=REFERENCE,
    undefined=SHORT,
)


def _compute(
    p: NoParameters, *, speech_pitch: SpeechPitch, auditory_loudness: AuditoryLoudness
) -> Array:
    """Descriptors of each clip: ``(6, clips)``."""
    voiced, counts = speech_pitch.voiced, speech_pitch.frames.counts
    loudness = smoothed(auditory_loudness.values, auditory_loudness.segments)
    columns = [
        [_peak_rate(loudness[heard]), *(_regions(voiced[own]) if count else [np.nan] * 5)]
        for heard, own, count in zip(
            auditory_loudness.segments, speech_pitch.segments, counts, strict=True
        )
    ]
    return np.array(columns).T


def _peak_rate(loudness: Array) -> float:
    """Peaks per second, which the first and the last value are not; NaN without loudness."""
    if not np.isfinite(loudness).all() or not loudness.any():
        return np.nan
    least = max(SMALLEST_FALL * np.ptp(loudness), OF_GREATEST * np.max(loudness))
    heights = loudness[turning_points(loudness, float(least))]
    peaks = (heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])
    return float(np.count_nonzero(peaks)) / (HOP * len(loudness))


def _regions(voiced: Array) -> list[float]:
    """Rate of voiced regions; mean and deviation of their durations, and of unvoiced ones."""
    starts, ends = _runs(voiced)
    apart = starts[1:] - ends[:-1] > BRIDGED
    starts = starts[np.append(True, apart)[: len(starts)]]
    ends = ends[np.append(apart, True)[: len(ends)]]
    begins, stops = _runs(~voiced)
    durations, gaps = HOP * (ends - starts), HOP * (stops - begins)
    gaps = gaps[stops - begins >= SHORTEST_PAUSE]
    nothing = [np.nan, np.nan]
    return [
        len(durations) / (HOP * len(voiced)),
        *([durations.mean(), durations.std()] if len(durations) else nothing),
        *([gaps.mean(), gaps.std()] if len(gaps) else [0.0, 0.0]),
    ]


def _runs(inside: Array) -> tuple[Array, Array]:
    """First frame of each run of True, and the one after its last."""
    borders: Array = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]])))
    return borders[::2], borders[1::2]


def _bursts(sr: float) -> Array:
    """A buzz of 150 Hz for 0.25 s in the middle of every 0.5 s, and silence between."""
    t = signals.time(sr, 4.0)
    buzz = np.sum([np.cos(2 * np.pi * 150 * k * t) for k in range(1, 9)], axis=0)
    inside = np.abs(t % 0.5 - 0.25) < 0.125
    return np.asarray(0.05 * buzz * inside, dtype=np.float32)


def _tone(sr: float) -> Array:
    """A steady tone."""
    return signals.sine(200.0, sr, duration=2.0)


FAMILY = Family(
    name="speech_timing",
    descriptors=lambda p: [PEAKS, RATE, VOICED, VOICED_STD, UNVOICED, UNVOICED_STD],
    compute=_compute,
    per="clip",
    reference_cases=(
        ReferenceCase(
            name="a steady tone is one voiced region without peaks or pauses",
            signal=_tone,
            expected={
                "loudness_peaks_per_second": 0.0,
                "voiced_regions_per_second": 1 / 1.95,
                "voiced_region_mean": 1.95,
                "voiced_region_std": 0.0,
                "unvoiced_region_mean": 0.0,
                "unvoiced_region_std": 0.0,
            },
            tolerance=0.01,
        ),
        ReferenceCase(
            name="bursts of a buzz twice per second",
            signal=_bursts,
            expected={
                "loudness_peaks_per_second": 8 / 3.99,
                "voiced_regions_per_second": 8 / 3.95,
                "voiced_region_mean": 0.26,
                "unvoiced_region_mean": (7 * 0.24 + 2 * 0.09) / 9,
            },
            tolerance=0.06,
        ),
    ),
)
