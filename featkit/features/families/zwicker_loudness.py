"""Zwicker loudness: loudness in sone and loudness level in phon by ISO 532-1.

The sound pressure follows from the calibration; without one, a sample of full scale has 1 Pa, so
that a sine of full scale has 91 dB. The mono signal reaches both ears.

The time-varying method has a value every 2 ms. The standard reports the loudness that is exceeded
in 5 % of the time, N5: use the statistic `p95`. The stationary method has one value for each clip,
of the mean power of its third octaves; it is for steady sounds.

The filters are those of the standard at any sample rate; sound above half the sample rate is
missing. See `featkit.dsp.zwicker_levels`.

References
----------
ISO 532-1:2017, "Acoustics - Methods for calculating loudness - Part 1: Zwicker method".
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.calibrated_signals import tone
from featkit.dsp.zwicker_loudness import loudness_level
from featkit.dsp.zwicker_time import ZwickerLoudness
from featkit.features._zwicker import ZwickerParameters
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase

LOUDNESS = Descriptor(
    name="zwicker_loudness",
    unit="sone",
    low=0.0,
    definition="integral of the specific loudness over critical-band rate, 0 to 24 Bark; a tone of"
    " 1 kHz and 40 dB has 1",
    reference="ISO 532-1:2017, 5 (stationary), 6 (time-varying)",
    undefined="never in a clip of 8 kHz or more; NaN below that sample rate",
)
LEVEL = Descriptor(
    name="zwicker_loudness_level",
    unit="phon",
    low=3.0,
    definition="level of a tone of 1 kHz that is as loud: 40 + 10 log2 N from 1 sone,"
    " 40 (N + 0.0005)^0.35 below, at least 3",
    reference="ISO 532-1:2017, 5.7",
    undefined="never in a clip of 8 kHz or more; NaN below that sample rate",
)


def _compute(p: ZwickerParameters, *, zwicker: ZwickerLoudness) -> OwnFrames:
    """Loudness over time, or one of each clip: ``(2, frames)``."""
    values, segments = zwicker.values(
        p.method, p.full_scale_level, diffuse=p.sound_field == "diffuse"
    )
    loudness: Array = values[0]
    return OwnFrames(np.stack([loudness, loudness_level(loudness)]), segments)


FAMILY = Family(
    name="zwicker_loudness",
    parameters=ZwickerParameters,
    descriptors=lambda p: [LOUDNESS, LEVEL],
    compute=_compute,
    own_frames=True,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a tone of 1 kHz and 40 dB has 1 sone and 40 phon",
            signal=lambda sr: tone(1000.0, 40.0, sr),
            expected={"zwicker_loudness": 1.0, "zwicker_loudness_level": 40.0},
            tolerance=0.01,
        ),
        ReferenceCase(
            name="a tone of 1 kHz and 60 dB has 4.019 sone (ISO 532-1, annex B)",
            signal=lambda sr: tone(1000.0, 60.0, sr),
            expected={"zwicker_loudness": 4.019},
            tolerance=0.01,
        ),
        ReferenceCase(
            name="a tone of 250 Hz and 80 dB has 14.655 sone (ISO 532-1, annex B)",
            signal=lambda sr: tone(250.0, 80.0, sr),
            expected={"zwicker_loudness": 14.655},
            tolerance=0.03,
            parameters={"method": "stationary"},
        ),
        ReferenceCase(
            name="a tone of 4 kHz and 40 dB has 1.549 sone (ISO 532-1, annex B)",
            signal=lambda sr: tone(4000.0, 40.0, sr),
            expected={"zwicker_loudness": 1.549},
            tolerance=0.01,
            parameters={"method": "stationary"},
        ),
        ReferenceCase(
            name="a recorder of -26 dB re 1 V/Pa and a gain of 26 dB has 1 Pa at full scale",
            signal=lambda sr: tone(1000.0, 60.0, sr),
            expected={"zwicker_loudness": 4.019},
            tolerance=0.01,
            parameters={"sensitivity": -26.0, "gain": 26.0},
        ),
    ),
)
