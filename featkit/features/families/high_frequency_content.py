"""High-frequency content: power weighted by frequency, which clicks and consonants have most of.

Masri and Bateman's, with the frequency in Hz for its weight, as in Essentia. It grows with the
square of the level.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.features.family import Descriptor, Family, NoParameters, Oracle


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    content = Descriptor(
        name="high_frequency_content",
        unit="Hz full scale²",
        low=0.0,
        high=np.inf,
        definition="sum of the power times the frequency over all bins: sum(f S^2), S the windowed"
        " transform without a scale, as librosa's",
        reference="Masri and Bateman 1996; Essentia HFC (type Masri)",
        undefined="never: silence is 0",
    )
    return [content]


def compute(p: NoParameters, *, power: Array, frequencies: Array) -> Array:
    """Weighted sum of the power: ``(1, frames)``."""
    return sums_over_bins(power * frequencies[:, None])[None]


FAMILY = Family(
    name="high_frequency_content",
    descriptors=descriptors,
    compute=compute,
    measures_level=True,
    oracles=(
        Oracle(
            name="an impulse has power 1 in every bin: the sum of their frequencies",
            signal=lambda sr: signals.impulse(sr, duration=2 * 512 * 20 / sr),
            expected={"high_frequency_content": 22050 / 4 * 1025},
            tolerance=20.0,
            parameters={},
        ),
        Oracle(
            name="a sine of amplitude a has a n_fft / 4 in its bin and half of it beside",
            signal=lambda sr: signals.sine(sr / 8, sr, amplitude=0.5),
            expected={"high_frequency_content": 22050 / 8 * (0.5 * 512) ** 2 * 1.5},
            tolerance=1e4,
            parameters={},
        ),
    ),
)
