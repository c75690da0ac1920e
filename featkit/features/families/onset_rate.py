"""Onset rate: number of onsets per second.

The onsets are those of `librosa.onset.onset_detect` with its defaults.

References
----------
Böck, S., Krebs, F. and Schedl, M. "Evaluating the online capabilities of onset detection methods",
ISMIR 2012.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.onsets import ABOVE, AROUND, BEFORE, onset_frames
from featkit.dsp.segments import Segments
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

RATE = Descriptor(
    name="onset_rate",
    unit="Hz",
    low=0.0,
    definition="onsets over the duration of the clip: frames whose onset strength, scaled to"
    f" 0 to 1 in the clip, is the greatest of the last {1000 * BEFORE:g} ms, at least {ABOVE:g}"
    f" above the mean of {1000 * AROUND:g} ms to both sides, and more than {1000 * BEFORE:g} ms"
    " after the onset before",
    reference="Böck, Krebs and Schedl 2012; librosa.onset.onset_detect",
    undefined="never: in silence, there are none",
)


def _compute(
    p: NoParameters,
    *,
    onset_strength: Array,
    segments: Segments,
    clips: Sequence[Clip],
    sr: float,
    hop_length: int,
) -> Array:
    """Onsets per second of each clip: ``(1, clips)``."""
    onsets = onset_frames(onset_strength, segments, sr, hop_length)
    counts = np.diff(np.searchsorted(onsets, segments.edges))
    return np.asarray(counts[None] * sr / np.array([len(clip) for clip in clips]))


FAMILY = Family(
    name="onset_rate",
    descriptors=lambda p: [RATE],
    compute=_compute,
    per="clip",
    reference_cases=(
        ReferenceCase(
            name="120 clicks in a minute have 119 onsets: the first has no rise before it",
            signal=lambda sr: signals.clicks(120.0, sr, duration=60.0),
            expected={"onset_rate": 119 / 60},
            tolerance=1e-6,
        ),
        ReferenceCase(
            name="silence has no onsets",
            signal=lambda sr: signals.constant(sr, value=0.0),
            expected={"onset_rate": 0.0},
            tolerance=1e-12,
        ),
    ),
)
