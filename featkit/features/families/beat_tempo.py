"""Tempo as a beat tracker reads it: from onsets in at least half of the mel bands.

Of the rise of the bands it takes the median, not the mean, so that one loud band does not count for
a beat: the tempo that `librosa.beat.beat_track` returns.
"""

from __future__ import annotations

from collections.abc import Sequence

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.segments import Segments
from featkit.dsp.tempogram import TempoParameters, tempi
from featkit.features.family import Descriptor, Family, Oracle

CLICKS = 60 * 22050 / (20 * 512)
"""Clicks a minute whose period is a whole number of hops, for the oracle."""


def descriptors(p: TempoParameters) -> Sequence[Descriptor]:
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


def compute(
    p: TempoParameters,
    *,
    median_onset_strength: Array,
    segments: Segments,
    sr: float,
    hop_length: int,
) -> Array:
    """Tempo of each clip: ``(1, clips)``."""
    return tempi(p, median_onset_strength, segments, sr, hop_length)


FAMILY = Family(
    name="beat_tempo",
    parameters=TempoParameters,
    descriptors=descriptors,
    compute=compute,
    per="clip",
    oracles=(
        Oracle(
            name="clicks every 20 hops have that tempo",
            signal=lambda sr: signals.clicks(CLICKS, sr, duration=15.0),
            expected={"beat_tempo": CLICKS},
            tolerance=1e-6,
            parameters={},
        ),
    ),
)
