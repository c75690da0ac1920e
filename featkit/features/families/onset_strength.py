"""Onset strength: mean rise of the mel bands since the frame before.

The rise is measured in dB, and a fall counts as 0: `librosa.onset.onset_strength` with its
defaults.

References
----------
Böck, S. and Widmer, G. "Maximum filter vibrato suppression for onset detection", DAFx 2013.
"""

from __future__ import annotations

from featkit import signals
from featkit._utils.typing import Array
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

STRENGTH = Descriptor(
    name="onset_strength",
    unit="dB",
    low=0.0,
    definition="mean over mel bands of max(0, dB now - dB a frame before)",
    reference="Böck and Widmer 2013, without maximum filter; librosa.onset.onset_strength",
    undefined="never: nothing begins in silence, and a first frame has none before it: 0",
)


def _compute(p: NoParameters, *, onset_strength: Array) -> Array:
    """Onset strength, from which the tempo is estimated, too: ``(1, frames)``."""
    return onset_strength[None]


FAMILY = Family(
    name="onset_strength",
    descriptors=lambda p: [STRENGTH],
    compute=_compute,
    reference_cases=(
        ReferenceCase(
            name="the middle of a steady sine has no onset",
            signal=lambda sr: signals.sine(sr / 8, sr, duration=2.0),
            expected={"onset_strength": 0.0},
            tolerance=1e-3,
        ),
    ),
)
