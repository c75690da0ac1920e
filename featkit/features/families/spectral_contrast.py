"""Spectral contrast: how far peaks stand above valleys, octave by octave.

The mean of the strongest bins of each band over that of the weakest, in decibels (Jiang, Lu, Zhang,
Tao and Cai, "Music type classification by spectral contrast feature", ICME 2002), as
`librosa.feature.spectral_contrast` has it: of magnitudes, taken for power by the conversion to
decibels, and both sides cut off 80 dB below their loudest value in the clip.
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
"""Decibels below the clip's loudest peak, and loudest valley, at which others are cut off."""


def descriptors(p: OctaveBands) -> Sequence[Descriptor]:
    contrast = Descriptor(
        name="spectral_contrast",
        unit="dB",
        low=-np.inf,
        high=np.inf,
        definition=f"10 log10 of the mean of the strongest {p.quantile:.4g} of the magnitudes of an"
        f" octave band, less that of the weakest, each cut off {TOP_DB:g} dB below its loudest in"
        f" the clip; {p.text}",
        reference="Jiang et al. 2002; librosa.feature.spectral_contrast",
        undefined="in a clip of silence; in a band without bins, or above half the sample rate",
        indices=p.indices,
    )
    return [contrast]


def compute(p: OctaveBands, *, extremes: Extremes) -> Array:
    """Peaks of all bands, then their valleys: ``(2 * (n_bands + 1), frames)``."""
    return np.concatenate(extremes(p))


def finish(p: OctaveBands, values: Array, *, segments: Segments) -> Array:
    """The difference in decibels: ``(n_bands + 1, frames)``."""
    peaks, valleys = np.split(values, 2)
    return power_to_db(peaks, segments, TOP_DB) - power_to_db(valleys, segments, TOP_DB)


FAMILY = Family(
    name="spectral_contrast",
    parameters=OctaveBands,
    descriptors=descriptors,
    compute=compute,
    finish=finish,
    from_indices=octaves_named,
    undefined_in_silence=True,
    oracles=(
        Oracle(
            name="a flat spectrum has no contrast",
            signal=signals.impulse,
            expected={f"spectral_contrast_{band}": 0.0 for band in range(7)},
            tolerance=1e-3,
            parameters={},
        ),
    ),
)
