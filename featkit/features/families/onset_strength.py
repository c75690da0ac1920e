"""Onset strength: how much begins in each frame.

The mean rise of the mel bands in decibels, `librosa.onset.onset_strength` with its defaults.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.features.family import Descriptor, Family, NoParameters, Oracle


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    strength = Descriptor(
        name="onset_strength",
        unit="dB",
        low=0.0,
        high=np.inf,
        definition="mean over mel bands of max(0, dB now - dB a frame before)",
        reference="Böck and Widmer 2013, without maximum filter; librosa.onset.onset_strength",
        undefined="never: nothing begins in silence, and a first frame has none before it: 0",
    )
    return [strength]


def compute(p: NoParameters, *, onset_strength: Array) -> Array:
    """The strength that tempo is estimated from: ``(1, frames)``."""
    return onset_strength[None]


FAMILY = Family(
    name="onset_strength",
    descriptors=descriptors,
    compute=compute,
    oracles=(
        Oracle(
            name="nothing begins in the middle of a steady sine",
            signal=lambda sr: signals.sine(sr / 8, sr, duration=2.0),
            expected={"onset_strength": 0.0},
            tolerance=1e-3,
            parameters={},
        ),
    ),
)
