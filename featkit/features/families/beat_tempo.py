"""Tempo of a beat tracker: from onsets in at least half of the mel bands.

The onset strength is the median, not the mean, of the rise of the bands, so that a single loud band
does not count as a beat. The result is the tempo that `librosa.beat.beat_track` returns.

References
----------
Ellis, D. P. W. "Beat tracking by dynamic programming", Journal of New Music Research 36(1), 2007.
"""

from __future__ import annotations

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.segments import Segments
from featkit.dsp.tempogram import Tempograms, TempoParameters
from featkit.features.family import Descriptor, Family, ReferenceCase

CLICKS = 60 * 22050 / (20 * 512)
"""Clicks per minute with a period of 20 hops, for the reference case."""


def _descriptors(p: TempoParameters) -> list[Descriptor]:
    tempo = Descriptor(
        name="beat_tempo",
        unit="BPM",
        low=0.0,
        high=p.max_tempo,
        definition="tempo of the onset strength that is the median, not the mean, over mel bands,"
        f" under a log-normal prior around {p.start_bpm:g} BPM",
        reference="Ellis 2007; librosa.beat.beat_track",
        undefined="in a clip in which nothing begins in half of the bands: no such strength in any"
        " frame",
    )
    return [tempo]


def _compute(
    p: TempoParameters,
    *,
    median_onset_strength: Array,
    segments: Segments,
    sr: float,
    hop_length: int,
) -> Array:
    """Tempo of each clip: ``(1, clips)``."""
    return Tempograms(median_onset_strength, segments, sr, hop_length)(p).tempo[None]


FAMILY = Family(
    name="beat_tempo",
    parameters=TempoParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    reference_cases=(
        ReferenceCase(
            name="clicks every 20 hops have the tempo of that period",
            signal=lambda sr: signals.clicks(CLICKS, sr, duration=15.0),
            expected={"beat_tempo": CLICKS},
            tolerance=1e-6,
        ),
    ),
)
