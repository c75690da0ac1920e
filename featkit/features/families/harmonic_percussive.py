"""Harmonic and percussive shares: how much of a frame's energy goes on, and how much is a blow.

The energies of the two spectrograms that `librosa.decompose.hpss` gives, each over that of the
whole. Where both parts share a bin, its energy is not the sum of theirs: what is lacking from 1 is
what neither has to itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.separation import Separation, SeparationParameters
from featkit.features.family import Descriptor, Family, Oracle


def descriptors(p: SeparationParameters) -> Sequence[Descriptor]:
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


def compute(p: SeparationParameters, *, separation: Separation) -> Array:
    """Shares of the energy of each frame: ``(2, frames)``."""
    whole, *parts = separation.energies(p)
    return np.stack(parts) / np.where(whole > 0, whole, np.float32(np.nan))


FAMILY = Family(
    name="harmonic_percussive",
    parameters=SeparationParameters,
    descriptors=descriptors,
    compute=compute,
    undefined_in_silence=True,
    oracles=(
        Oracle(
            name="a steady sine is harmonic",
            signal=lambda sr: signals.sine(1000.0, sr, duration=2.0),
            expected={"harmonic_share": 1.0, "percussive_share": 0.0},
            tolerance=1e-3,
            parameters={},
        ),
        Oracle(
            name="an impulse is percussive, with a margin, too",
            signal=signals.impulse,
            expected={"harmonic_share": 0.0, "percussive_share": 1.0},
            tolerance=1e-6,
            parameters={"margin": 2.0},
        ),
        Oracle(
            name="clicks are percussive",
            signal=lambda sr: signals.clicks(120.0, sr),
            expected={"harmonic_share": 0.0, "percussive_share": 1.0},
            tolerance=1e-3,
            parameters={},
        ),
    ),
)
