"""Chroma entropy: how evenly the power of a frame is distributed over the pitch classes.

0 if there is a single pitch class, 1 if all twelve have the same power.

References
----------
Shannon, C. E. "A mathematical theory of communication", Bell System Technical Journal 27, 1948.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.dsp.chroma import Chroma, class_shares
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

ENTROPY = Descriptor(
    name="chroma_entropy",
    unit="1",
    low=0.0,
    high=1.0,
    definition="entropy of the shares p of the 12 pitch classes in the sum of a frame's chroma,"
    " over its greatest value: -sum(p log2 p) / log2(12)",
    reference="Shannon 1948; Essentia hpcp_entropy (there not normalised)",
    undefined="in silent frames",
)


def _compute(p: NoParameters, *, chroma: Chroma) -> Array:
    """Entropy of each frame: ``(1, frames)``."""
    share = class_shares(chroma(12))
    entropy = -sums_over_bins(share * np.log2(np.where(share > 0, share, 1)))
    return np.asarray(entropy / np.log2(12))[None]


FAMILY = Family(
    name="chroma_entropy",
    descriptors=lambda p: [ENTROPY],
    compute=_compute,
    reference_cases=(
        ReferenceCase(
            name="a sine has one pitch class, and exp(-2) of its power in both neighbours",
            signal=lambda sr: signals.sine(1760.0, sr),
            expected={"chroma_entropy": 0.268},
            tolerance=0.02,
        ),
        ReferenceCase(
            name="a click has all pitch classes alike",
            signal=signals.impulse,
            expected={"chroma_entropy": 1.0},
            tolerance=0.01,
        ),
    ),
)
