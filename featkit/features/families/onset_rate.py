"""Onset rate: how many things begin in a second.

The onsets are those of `librosa.onset.onset_detect` with its defaults.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.onsets import ABOVE, AROUND, BEFORE, onset_frames
from featkit.dsp.segments import Segments
from featkit.features.family import Descriptor, Family, NoParameters, Oracle


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    rate = Descriptor(
        name="onset_rate",
        unit="Hz",
        low=0.0,
        high=np.inf,
        definition="onsets over the duration of the clip: frames whose onset strength, scaled to"
        f" 0 to 1 in the clip, is the greatest of the last {1000 * BEFORE:g} ms, at least {ABOVE:g}"
        f" above the mean of {1000 * AROUND:g} ms to both sides, and more than {1000 * BEFORE:g} ms"
        " after the onset before",
        reference="Böck, Krebs and Schedl 2012; librosa.onset.onset_detect",
        undefined="never: in silence, there are none",
    )
    return [rate]


def compute(
    p: NoParameters,
    *,
    onset_strength: Array,
    segments: Segments,
    clips: Sequence[Clip],
    sr: float,
    hop_length: int,
) -> Array:
    """Onsets a second of each clip: ``(1, clips)``."""
    onsets = [len(onset_frames(onset_strength[clip], sr, hop_length)) for clip in segments]
    return np.array([[n * sr / len(clip) for n, clip in zip(onsets, clips, strict=True)]])


FAMILY = Family(
    name="onset_rate",
    descriptors=descriptors,
    compute=compute,
    per="clip",
    oracles=(
        Oracle(
            name="of 120 clicks in a minute all but the first, which nothing is before, are onsets",
            signal=lambda sr: signals.clicks(120.0, sr, duration=60.0),
            expected={"onset_rate": 119 / 60},
            tolerance=1e-6,
            parameters={},
        ),
        Oracle(
            name="in silence nothing begins",
            signal=lambda sr: signals.constant(sr, value=0.0),
            expected={"onset_rate": 0.0},
            tolerance=1e-12,
            parameters={},
        ),
    ),
)
