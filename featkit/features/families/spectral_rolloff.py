"""Spectral roll-off: the frequency below which most of the spectrum lies.

A share of the magnitude, not of the power: `librosa.feature.spectral_rolloff`.

References
----------
Scheirer, E. and Slaney, M. "Construction and evaluation of a robust multifeature speech/music
discriminator", ICASSP 1997.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.rolloff import Rolloffs
from featkit.features.family import Descriptor, Family, ReferenceCase


class RolloffParameters(Parameters):
    """Share of the spectrum."""

    roll_percent: float = parameter(
        0.85, "share of the magnitude below the roll-off frequency", above=0, below=1
    )


def _descriptors(p: RolloffParameters) -> list[Descriptor]:
    rolloff = Descriptor(
        name="spectral_rolloff",
        unit="Hz",
        low=0.0,
        definition=f"lowest bin at or below which {p.roll_percent:.4g} of the magnitude lies:"
        f" min f with sum(S up to f) >= {p.roll_percent:.4g} sum(S)",
        reference="Scheirer and Slaney 1997; librosa.feature.spectral_rolloff",
        undefined="in a clip of silence; a silent frame of another clip counts as 0, as in librosa",
    )
    return [rolloff]


def _compute(p: RolloffParameters, *, rolloffs: Rolloffs, frequencies: Array) -> Array:
    """Roll-off frequency: ``(1, frames)``."""
    return np.asarray(frequencies[rolloffs([p.roll_percent])])


FAMILY = Family(
    name="spectral_rolloff",
    parameters=RolloffParameters,
    descriptors=_descriptors,
    compute=_compute,
    undefined_in_silence=True,
    reference_cases=(
        ReferenceCase(
            name="a flat spectrum has its roll-off at this share of its width",
            signal=signals.impulse,
            expected={"spectral_rolloff": 0.85 * 22050 / 2},
            tolerance=12.0,
        ),
        ReferenceCase(
            name="a sine has its roll-off at its frequency, within a bin",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={"spectral_rolloff": 22050 / 8},
            tolerance=11.0,
            parameters={"roll_percent": 0.5},
        ),
    ),
)
