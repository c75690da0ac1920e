"""Chroma entropy: whether a frame has one pitch class, or all of them alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.dsp.chroma import Chroma, shares
from featkit.features.family import Descriptor, Family, NoParameters, Oracle


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    entropy = Descriptor(
        name="chroma_entropy",
        unit="1",
        low=0.0,
        high=1.0,
        definition="entropy of the shares p of the 12 pitch classes in the sum of a frame's chroma,"
        " over its greatest value: -sum(p log2 p) / log2(12)",
        reference="Shannon 1948; Essentia hpcp_entropy (there not normalised)",
        undefined="in silent frames",
    )
    return [entropy]


def compute(p: NoParameters, *, chroma: Chroma) -> Array:
    """Entropy of each frame: ``(1, frames)``."""
    share = shares(chroma(12))
    entropy = -sums_over_bins(share * np.log2(np.where(share > 0, share, 1)))
    return np.asarray(entropy / np.log2(12))[None]


FAMILY = Family(
    name="chroma_entropy",
    descriptors=descriptors,
    compute=compute,
    oracles=(
        Oracle(
            name="a sine is one pitch class, and exp(-2) of it in each of its neighbours",
            signal=lambda sr: signals.sine(1760.0, sr),
            expected={"chroma_entropy": 0.268},
            tolerance=0.02,
            parameters={},
        ),
        Oracle(
            name="a click is all of them",
            signal=signals.impulse,
            expected={"chroma_entropy": 1.0},
            tolerance=0.01,
            parameters={},
        ),
    ),
)
