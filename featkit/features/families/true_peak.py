"""True peak: how high the sound goes between its samples, too.

By the interpolator of ITU-R BS.1770-5, annex 2, of the mono signal that the analysis sees: what a
resampler took away, or the mean of two channels, may have been higher.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.loudness import true_peak
from featkit.features.family import Descriptor, Family, NoParameters, Oracle


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    peak = Descriptor(
        name="true_peak",
        unit="dBTP",
        low=-np.inf,
        high=np.inf,
        definition="20 log10 of the greatest absolute value at four times the sample rate, not"
        " below that of the samples; 0 is full scale",
        reference="ITU-R BS.1770-5, annex 2",
        undefined="in digital silence",
    )
    return [peak]


def compute(p: NoParameters, *, clips: Sequence[Clip]) -> Array:
    """Peak of each clip: ``(1, clips)``."""
    peaks: Array = np.fromiter(map(true_peak, clips), dtype=np.float64)
    peaks[peaks == 0] = np.nan
    return np.asarray(20 * np.log10(peaks))[None]


def _quarter(sr: float) -> Array:
    """A sine at a quarter of the rate, faded in and out, of which no sample is a crest."""
    y = np.tile(np.array([0.5, 0.5, -0.5, -0.5]), 2000) * np.hanning(8000)
    return y.astype(np.float32)


FAMILY = Family(
    name="true_peak",
    descriptors=descriptors,
    compute=compute,
    per="clip",
    measures_level=True,
    oracles=(
        Oracle(
            name="a sine whose samples are all at 0.707 of its crest has its true peak there",
            signal=_quarter,
            expected={"true_peak": 20 * np.log10(0.5 * np.sqrt(2))},
            tolerance=0.3,
            parameters={},
        ),
    ),
)
