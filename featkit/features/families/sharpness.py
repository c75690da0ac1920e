"""Sharpness: the balance of high and low critical-band rates in the specific loudness, in acum.

It is computed from the specific loudness by ISO 532-1, see the family `zwicker_loudness`, for each
frame of 2 ms or for the mean spectrum. A frame's own specific loudness is used, before the temporal
weighting of the loudness, so that silence after a sound does not change it.

References
----------
DIN 45692:2009, "Messtechnische Simulation der Hörempfindung Schärfe".

von Bismarck, G. "Sharpness as an attribute of the timbre of steady sounds", Acustica 30, 1974.

Aures, W. "Berechnungsverfahren für den sensorischen Wohlklang beliebiger Schallsignale", Acustica
59, 1985.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.parameters import parameter
from featkit._utils.typing import Array
from featkit.dsp.calibrated_signals import band_noise
from featkit.dsp.zwicker_time import LOWEST_RATE, ZwickerLoudness
from featkit.features._zwicker import ZwickerParameters
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase

FACTOR = 0.11
"""Factor of DIN 45692 by which narrow-band noise of 1 kHz and 60 dB has 1 acum."""

SOFTEST = 0.1
"""Least loudness in sone of a frame with a sharpness."""

ROW = {"din": 2, "bismarck": 3, "aures": 4}
"""Rows of the weighted integrals in `ZwickerLoudness.values`."""

FORMULA = {
    "din": "g = 1 to 15.8 Bark, 0.15 exp(0.42 (z - 15.8)) + 0.85 above",
    "bismarck": "g = 1 to 15 Bark, 0.2 exp(0.308 (z - 15)) + 0.8 above",
    "aures": "g = 0.078 exp(0.171 z) / z N / ln(0.05 N + 1)",
}
REFERENCE = {
    "din": "DIN 45692:2009",
    "bismarck": "von Bismarck 1974; DIN 45692:2009, annex B",
    "aures": "Aures 1985; DIN 45692:2009, annex B",
}


class SharpnessParameters(ZwickerParameters):
    """Weighting of the critical-band rates, and parameters of the loudness."""

    weighting: str = parameter(
        "din", "weighting of high critical-band rates", choices=("din", "bismarck", "aures")
    )


def _descriptors(p: SharpnessParameters) -> list[Descriptor]:
    sharpness = Descriptor(
        name="sharpness",
        unit="acum",
        low=0.0,
        definition=f"{FACTOR} times the integral of N'(z) g(z) z over N, with specific loudness N',"
        f" critical-band rate z, loudness N and {FORMULA[p.weighting]}",
        reference=REFERENCE[p.weighting],
        undefined=f"in silence and where the loudness is below {SOFTEST} sone; below a sample rate"
        f" of {LOWEST_RATE:g} Hz",
    )
    return [sharpness]


def _compute(p: SharpnessParameters, *, zwicker: ZwickerLoudness) -> OwnFrames:
    """Sharpness over time, or one of each clip: ``(1, frames)``."""
    values, segments = zwicker.values(
        p.method, p.full_scale_level, diffuse=p.sound_field == "diffuse"
    )
    loudness = np.where(values[1] >= SOFTEST, values[1], np.nan)
    divisor: Array = np.log(0.05 * loudness + 1) if p.weighting == "aures" else loudness
    return OwnFrames((FACTOR * values[ROW[p.weighting]] / divisor)[None], segments)


def _narrow_band(sr: float) -> Array:
    """Noise of a critical band around 1 kHz at 60 dB, if a sample of full scale has 1 Pa."""
    return band_noise(920.0, 1080.0, 60.0, sr, 4.0)


FAMILY = Family(
    name="sharpness",
    parameters=SharpnessParameters,
    descriptors=_descriptors,
    compute=_compute,
    own_frames=True,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="noise of a critical band at 1 kHz and 60 dB has 1 acum",
            signal=_narrow_band,
            expected={"sharpness": 1.0},
            tolerance=0.02,
            parameters={"method": "stationary"},
        ),
        ReferenceCase(
            name="so it has with the weighting of von Bismarck, which differs above 15 Bark only",
            signal=_narrow_band,
            expected={"sharpness": 1.0},
            tolerance=0.02,
            parameters={"method": "stationary", "weighting": "bismarck"},
        ),
    ),
)
