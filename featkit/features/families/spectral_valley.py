"""Spectral valleys: how loud the weakest bins are, octave by octave.

The other half of `spectral_contrast`, whose valleys these are (Jiang, Lu, Zhang, Tao and Cai,
"Music type classification by spectral contrast feature", ICME 2002): in the same decibels, cut off
80 dB below the clip's loudest valley.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.decibels import power_to_db
from featkit.dsp.segments import Segments
from featkit.features._octave_bands import Extremes, OctaveBands, octaves_named
from featkit.features.family import Descriptor, Family, Oracle

TOP_DB = 80.0
"""Decibels below the clip's loudest valley at which others are cut off."""


def descriptors(p: OctaveBands) -> Sequence[Descriptor]:
    valley = Descriptor(
        name="spectral_valley",
        unit="dB",
        low=-100.0,
        high=np.inf,
        definition=f"10 log10 of the mean of the weakest {p.quantile:.4g} of the magnitudes of an"
        f" octave band, cut off {TOP_DB:g} dB below the clip's loudest valley; {p.text}",
        reference="Jiang et al. 2002; the valleys in librosa.feature.spectral_contrast",
        undefined="in a clip of silence; in a band without bins, or above half the sample rate",
        indices=p.indices,
    )
    return [valley]


def compute(p: OctaveBands, *, extremes: Extremes) -> Array:
    """Magnitude of the valleys: ``(n_bands + 1, frames)``."""
    return np.asarray(extremes(p)[1])


def finish(p: OctaveBands, values: Array, *, segments: Segments) -> Array:
    """The valleys in decibels."""
    return power_to_db(values, segments, TOP_DB)


FAMILY = Family(
    name="spectral_valley",
    parameters=OctaveBands,
    descriptors=descriptors,
    compute=compute,
    finish=finish,
    from_indices=octaves_named,
    undefined_in_silence=True,
    measures_level=True,
    oracles=(
        Oracle(
            name="an impulse at the middle of a Hann window has magnitude 1 in every bin: 0 dB",
            signal=lambda sr: signals.impulse(sr, duration=2 * 512 * 20 / sr),
            expected={f"spectral_valley_{band}": 0.0 for band in range(7)},
            tolerance=1e-3,
            parameters={},
        ),
    ),
)
