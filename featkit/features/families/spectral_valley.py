"""Spectral valleys: level of the weakest bins in octave bands.

These are the valleys of `spectral_contrast`, in the same dB, limited 80 dB below the clip's loudest
valley.

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
"""Dynamic range in dB, relative to the clip's loudest valley."""


def _descriptors(p: OctaveBands) -> list[Descriptor]:
    valley = Descriptor(
        name="spectral_valley",
        unit="dB",
        low=-100.0,
        definition=f"10 log10 of the mean of the weakest {p.quantile:.4g} of the magnitudes of an"
        f" octave band, cut off {TOP_DB:g} dB below the clip's loudest valley; {p.text}",
        reference="Jiang et al. 2002; the valleys in librosa.feature.spectral_contrast",
        undefined="in a clip of silence; in a band without bins, or above half the sample rate",
        indices=p.indices,
        index_titles=p.titles,
    )
    return [valley]


def _compute(p: OctaveBands, *, extremes: Extremes) -> Array:
    """Magnitude of the valleys: ``(n_bands + 1, frames)``."""
    return np.asarray(extremes(p)[1])


def _finish(p: OctaveBands, values: Array, *, segments: Segments) -> Array:
    """The valleys in dB."""
    return power_to_db(values, segments, TOP_DB)


FAMILY = Family(
    name="spectral_valley",
    parameters=OctaveBands,
    descriptors=_descriptors,
    compute=_compute,
    finish=_finish,
    from_indices=octave_bands_from_names,
    undefined_in_silence=True,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="an impulse in the centre of a Hann window, magnitude 1 in every bin, has 0 dB",
            signal=lambda sr: signals.impulse(sr, duration=2 * 512 * 20 / sr),
            expected={f"spectral_valley_{band}": 0.0 for band in range(7)},
            tolerance=1e-3,
        ),
    ),
)
