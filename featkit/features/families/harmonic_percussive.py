"""Harmonic and percussive energy: the share of a frame's energy in sustained tones and in beats.

The energies of the two spectrograms of `librosa.decompose.hpss`, each divided by the energy of the
whole frame. If both parts have energy in the same bin, their energies do not add up to that of the
bin, and the shares add up to less than 1.

References
----------
Fitzgerald, D. "Harmonic/percussive separation using median filtering", DAFx 2010.

Driedger, J., Müller, M. and Disch, S. "Extending harmonic-percussive separation of audio signals",
ISMIR 2014.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.separation import Separation, SeparationParameters
from featkit.features.family import Descriptor, Family, ReferenceCase


def _descriptors(p: SeparationParameters) -> list[Descriptor]:
    def share(name: str, part: str, own: str, other: str) -> Descriptor:
        rival = other if p.margin == 1 else f"({p.margin:g} {other})"
        mask = f"{own}^{p.power:g} / ({own}^{p.power:g} + {rival}^{p.power:g})"
        return Descriptor(
            name=f"{name}_share",
            unit="1",
            low=0.0,
            high=1.0,
            definition=f"energy of the {name} part over that of the frame: sum({part}^2) /"
            f" sum(S^2), {part} = S {mask}, where h is the median of S over {p.kernel_size} frames"
            f" and p that over {p.kernel_size} bins",
            reference="Fitzgerald 2010; Driedger, Müller and Disch 2014; librosa.decompose.hpss",
            undefined="in a frame of silence",
        )

    return [share("harmonic", "H", "h", "p"), share("percussive", "P", "p", "h")]


def _compute(p: SeparationParameters, *, separation: Separation) -> Array:
    """Shares of the energy of each frame: ``(2, frames)``."""
    whole, *parts = separation.energies(p)
    return np.stack(parts) / np.where(whole > 0, whole, np.float32(np.nan))


FAMILY = Family(
    name="harmonic_percussive",
    parameters=SeparationParameters,
    descriptors=_descriptors,
    compute=_compute,
    undefined_in_silence=True,
    reference_cases=(
        ReferenceCase(
            name="a steady sine is harmonic",
            signal=lambda sr: signals.sine(1000.0, sr, duration=2.0),
            expected={"harmonic_share": 1.0, "percussive_share": 0.0},
            tolerance=1e-3,
        ),
        ReferenceCase(
            name="an impulse is percussive, also with a margin",
            signal=signals.impulse,
            expected={"harmonic_share": 0.0, "percussive_share": 1.0},
            tolerance=1e-6,
            parameters={"margin": 2.0},
        ),
        ReferenceCase(
            name="clicks are percussive",
            signal=lambda sr: signals.clicks(120.0, sr),
            expected={"harmonic_share": 0.0, "percussive_share": 1.0},
            tolerance=1e-3,
        ),
    ),
)
