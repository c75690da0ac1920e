"""Fluctuation strength: slow modulation of the sound, most of all at 4 Hz, in vacil.

A tone of 1 kHz and 60 dB that is modulated completely by 4 Hz has 1 vacil. The sound pressure
follows from the calibration; without one, a sample of full scale has 1 Pa. Frames have 2 s, and are
1 s apart. `featkit.dsp.fluctuation` describes the model.

References
----------
Fastl, H. and Zwicker, E. "Psychoacoustics: facts and models", 3rd edition, 2007, chapter 10.

Osses, A., García, R. and Kohlrausch, A. "Modelling the sensation of fluctuation strength",
Proceedings of Meetings on Acoustics 28, 2016.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.calibrated_signals import modulated_tone, tone
from featkit.dsp.disk_array import Clip
from featkit.dsp.excitation import LOWEST_RATE
from featkit.dsp.fluctuation import fluctuation_strength
from featkit.features._modulation import modulation_values
from featkit.features.calibration import CalibrationParameters
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase

WINDOW, HOP = 2.0, 1.0
"""Seconds of a frame, and from one to the next."""

AT_ONCE = 4
"""Frames computed together."""

FLUCTUATION = Descriptor(
    name="fluctuation_strength",
    unit="vacil",
    low=0.0,
    definition="0.24 times the sum over 47 channels, half a Bark apart, of (m |k|)^1.7: depth m of"
    " the modulation of the excitation, its frequencies f weighted by (2 / (f / 4 Hz + 4 Hz /"
    " f))^(1 / 1.7), at most 0.7, and correlation k of the modulation with that of the channels a"
    " Bark away",
    reference="after Osses et al. 2016; Fastl and Zwicker 2007, chapter 10, for the weight",
    undefined="in a frame of digital silence; in a clip shorter than 2 s; below a sample rate of"
    f" {LOWEST_RATE:g} Hz",
)


def _compute(p: CalibrationParameters, *, clips: Sequence[Clip], sr: float) -> OwnFrames:
    """Fluctuation strength every second: ``(1, frames)``."""
    return modulation_values(_measure, p, clips, sr, window=WINDOW, hop=HOP, at_once=AT_ONCE)


def _measure(samples: Array, sr: float, full_scale: float) -> Array:
    """Fluctuation strength of frames; NaN in digital silence."""
    strength = fluctuation_strength(samples, sr, full_scale)
    strength[~samples.any(axis=1)] = np.nan
    return strength


def _reference(sr: float) -> Array:
    return modulated_tone(1000.0, 4.0, 60.0, sr, 3.0)


FAMILY = Family(
    name="fluctuation_strength",
    parameters=CalibrationParameters,
    descriptors=lambda p: [FLUCTUATION],
    compute=_compute,
    own_frames=True,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a tone of 1 kHz and 60 dB that is modulated by 4 Hz has 1 vacil",
            signal=_reference,
            expected={"fluctuation_strength": 1.0},
            tolerance=0.02,
        ),
        ReferenceCase(
            name="a steady tone has none",
            signal=lambda sr: tone(1000.0, 60.0, sr, 3.0),
            expected={"fluctuation_strength": 0.0},
            tolerance=0.001,
        ),
    ),
)
