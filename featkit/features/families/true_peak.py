"""True peak: the maximum of the waveform, also between its samples.

It is computed with the interpolator of ITU-R BS.1770-5, annex 2, from the mono signal. The peak
before resampling, or of either of two channels before mixing, may have been higher.

References
----------
ITU-R BS.1770-5, "Algorithms to measure audio programme loudness and true-peak audio level", 2023.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.loudness import true_peak
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

PEAK = Descriptor(
    name="true_peak",
    unit="dBTP",
    definition="20 log10 of the greatest absolute value at four times the sample rate, not"
    " below that of the samples; 0 is full scale",
    reference="ITU-R BS.1770-5, annex 2",
    undefined="in digital silence",
)


def _compute(p: NoParameters, *, clips: Sequence[Clip]) -> Array:
    """Peak of each clip: ``(1, clips)``."""
    peaks: Array = np.fromiter(map(true_peak, clips), dtype=np.float64)
    peaks[peaks == 0] = np.nan
    return np.asarray(20 * np.log10(peaks))[None]


def _sine_between_samples(sr: float) -> Array:
    """A sine at a quarter of the sample rate, faded in and out; no sample is at its crest."""
    y = np.tile(np.array([0.5, 0.5, -0.5, -0.5]), 2000) * np.hanning(8000)
    return y.astype(np.float32)


FAMILY = Family(
    name="true_peak",
    descriptors=lambda p: [PEAK],
    compute=_compute,
    per="clip",
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a sine with all samples at 0.707 of its crest has its true peak at the crest",
            signal=_sine_between_samples,
            expected={"true_peak": 20 * np.log10(0.5 * np.sqrt(2))},
            tolerance=0.3,
        ),
    ),
)
