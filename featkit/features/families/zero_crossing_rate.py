"""Zero-crossing rate: sign changes per sample, a rough measure of pitch and noisiness.

Samples within 1e-10 of zero count as zero, and zero counts as positive. The first sample of a frame
has no crossing. A clip is padded with its edge values. The result is that of
`librosa.feature.zero_crossing_rate`.

References
----------
Kedem, B. "Spectral analysis and discrimination by zero-crossings", Proceedings of the IEEE 74(11),
1986.
"""

from __future__ import annotations

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.framing import Signal
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

ZERO = 1e-10
"""Samples of a smaller magnitude count as zero."""


RATE = Descriptor(
    name="zero_crossing_rate",
    unit="1",
    low=0.0,
    high=1.0,
    definition="changes of sign in the frame, over its number of samples",
    reference="Kedem 1986; librosa.feature.zero_crossing_rate",
    undefined="never: silence has no crossing, its rate is 0",
)


def _compute(p: NoParameters, *, signal: Signal, n_fft: int) -> Array:
    """Crossings per sample: ``(1, frames)``."""
    rate: Array = signal.frame_crossings(ZERO) / n_fft
    return rate[None]


FAMILY = Family(
    name="zero_crossing_rate",
    descriptors=lambda p: [RATE],
    compute=_compute,
    reference_cases=(
        ReferenceCase(
            name="a sine crosses zero twice per period",
            signal=lambda sr: signals.sine(1000.0, sr),
            expected={"zero_crossing_rate": 2000 / 22050},
            tolerance=1 / 2048,
        ),
        ReferenceCase(
            name="a constant has no crossings",
            signal=lambda sr: signals.constant(sr, value=-0.5),
            expected={"zero_crossing_rate": 0.0},
            tolerance=0.0,
        ),
    ),
)
