"""Spectral contrast: level difference between peaks and valleys in octave bands.

The mean of the strongest bins of each band over that of the weakest, in dB:
`librosa.feature.spectral_contrast`. As in librosa, magnitudes are converted to dB as if they were
powers, and values more than 80 dB below the clip's loudest peak or valley are raised to that limit.

References
----------
Jiang, D.-N., Lu, L., Zhang, H.-J., Tao, J.-H. and Cai, L.-H. "Music type classification by spectral
contrast feature", ICME 2002.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.decibels import power_to_db
from featkit.dsp.segments import Segments
from featkit.features._octave_bands import Extremes, OctaveBands, octave_bands_from_names
from featkit.features.family import Descriptor, Family, ReferenceCase

TOP_DB = 80.0
"""Dynamic range in dB, relative to the clip's loudest peak and its loudest valley."""


def _descriptors(p: OctaveBands) -> list[Descriptor]:
    contrast = Descriptor(
        name="spectral_contrast",
        unit="dB",
        definition=f"10 log10 of the mean of the strongest {p.quantile:.4g} of the magnitudes of an"
        f" octave band, less that of the weakest, each cut off {TOP_DB:g} dB below its loudest in"
        f" the clip; {p.text}",
        reference="Jiang et al. 2002; librosa.feature.spectral_contrast",
        undefined="in a clip of silence; in a band without bins, or above half the sample rate",
        indices=p.indices,
        index_titles=p.titles,
    )
    return [contrast]


def _compute(p: OctaveBands, *, extremes: Extremes) -> Array:
    """Peaks of all bands, then their valleys: ``(2 * (n_bands + 1), frames)``."""
    return np.concatenate(extremes(p))


def _finish(p: OctaveBands, values: Array, *, segments: Segments) -> Array:
    """The difference in dB: ``(n_bands + 1, frames)``."""
    peaks, valleys = np.split(values, 2)
    return power_to_db(peaks, segments, TOP_DB) - power_to_db(valleys, segments, TOP_DB)


FAMILY = Family(
    name="spectral_contrast",
    parameters=OctaveBands,
    descriptors=_descriptors,
    compute=_compute,
    finish=_finish,
    from_indices=octave_bands_from_names,
    undefined_in_silence=True,
    reference_cases=(
        ReferenceCase(
            name="a flat spectrum has no contrast",
            signal=signals.impulse,
            expected={f"spectral_contrast_{band}": 0.0 for band in range(7)},
            tolerance=1e-3,
        ),
    ),
)
