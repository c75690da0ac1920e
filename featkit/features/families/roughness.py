"""Roughness: fast modulation of the sound, most of all at 70 Hz, by Daniel and Weber, in asper.

A tone of 1 kHz and 60 dB that is modulated completely by 70 Hz has 1 asper. The sound pressure
follows from the calibration; without one, a sample of full scale has 1 Pa. Frames are the 200 ms of
the model, 100 ms apart.

References
----------
Daniel, P. and Weber, R. "Psychoacoustical roughness: implementation of an optimized model",
Acustica 83, 1997.

Fastl, H. and Zwicker, E. "Psychoacoustics: facts and models", 3rd edition, 2007, chapter 11.
"""

from __future__ import annotations

from collections.abc import Sequence

from featkit._utils.typing import Array
from featkit.dsp.calibrated_signals import modulated_tone, tone
from featkit.dsp.disk_array import Clip
from featkit.dsp.excitation import LOWEST_RATE
from featkit.dsp.roughness import roughness
from featkit.features._modulation import modulation_values
from featkit.features.calibration import CalibrationParameters
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase

WINDOW, HOP = 0.2, 0.1
"""Seconds of a frame, and from one to the next."""

AT_ONCE = 32
"""Frames computed together: the spectra of their channels fit into the cache."""

ROUGHNESS = Descriptor(
    name="roughness",
    unit="asper",
    low=0.0,
    definition="0.1985 times the sum over 47 channels, half a Bark apart, of (g m k)^2: weight g of"
    " the channel, depth m of the modulation of its excitation by 15 to 300 Hz, at most 1, and"
    " correlation k of the modulation with that of the channels a Bark away",
    reference="Daniel and Weber 1997",
    undefined=f"in a clip shorter than 200 ms; below a sample rate of {LOWEST_RATE:g} Hz",
)


def _compute(p: CalibrationParameters, *, clips: Sequence[Clip], sr: float) -> OwnFrames:
    """Roughness every 100 ms: ``(1, frames)``."""
    return modulation_values(roughness, p, clips, sr, window=WINDOW, hop=HOP, at_once=AT_ONCE)


def _reference(sr: float) -> Array:
    return modulated_tone(1000.0, 70.0, 60.0, sr, 1.0)


FAMILY = Family(
    name="roughness",
    parameters=CalibrationParameters,
    descriptors=lambda p: [ROUGHNESS],
    compute=_compute,
    own_frames=True,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a tone of 1 kHz and 60 dB that is modulated by 70 Hz has 1 asper",
            signal=_reference,
            expected={"roughness": 1.0},
            tolerance=0.05,
        ),
        ReferenceCase(
            name="a steady tone has none",
            signal=lambda sr: tone(1000.0, 60.0, sr, 1.0),
            expected={"roughness": 0.0},
            tolerance=0.02,
        ),
    ),
)
