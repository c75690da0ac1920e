"""High-frequency content: power weighted by frequency, large in clicks and consonants.

The weight is the frequency in Hz, as in Essentia. The value grows with the square of the level.

References
----------
Masri, P. and Bateman, A. "Improved modelling of attack transients in music analysis-resynthesis",
ICMC 1996.
"""

from __future__ import annotations

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

CONTENT = Descriptor(
    name="high_frequency_content",
    unit="Hz full scale²",
    low=0.0,
    definition="sum of the power times the frequency over all bins: sum(f S^2), S the windowed"
    " transform without a scale, as librosa's",
    reference="Masri and Bateman 1996; Essentia HFC (type Masri)",
    undefined="never: silence is 0",
)


def _compute(p: NoParameters, *, power: Array, frequencies: Array) -> Array:
    """Weighted sum of the power: ``(1, frames)``."""
    return sums_over_bins(power * frequencies[:, None])[None]


FAMILY = Family(
    name="high_frequency_content",
    descriptors=lambda p: [CONTENT],
    compute=_compute,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="an impulse, power 1 in every bin, has the sum of the frequencies",
            signal=lambda sr: signals.impulse(sr, duration=2 * 512 * 20 / sr),
            expected={"high_frequency_content": 22050 / 4 * 1025},
            tolerance=20.0,
        ),
        ReferenceCase(
            name="a sine of amplitude a has a * n_fft / 4 in its bin and half of it on each side",
            signal=lambda sr: signals.sine(sr / 8, sr, amplitude=0.5),
            expected={"high_frequency_content": 22050 / 8 * (0.5 * 512) ** 2 * 1.5},
            tolerance=1e4,
        ),
    ),
)
