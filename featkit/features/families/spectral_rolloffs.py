"""Spectral roll-offs: below which frequencies a quarter, half, most and nearly all of it lies.

Four roll-offs by one look at the spectrum. `spectral_rolloff_85` is what `spectral_rolloff` is by
default; `spectral_rolloff_50` is the median of the spectrum.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.framing import Signal
from featkit.dsp.rolloff import rolloff_bins
from featkit.features.family import Descriptor, Family, NoParameters, Oracle

PERCENT = (25, 50, 85, 95)


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    return [
        Descriptor(
            name=f"spectral_rolloff_{percent}",
            unit="Hz",
            low=0.0,
            high=np.inf,
            definition=f"lowest bin at or below which {percent} % of the magnitude lies:"
            f" min f with sum(S up to f) >= {percent / 100:g} sum(S)",
            reference="Scheirer and Slaney 1997; librosa.feature.spectral_rolloff",
            undefined="in a frame of silence",
        )
        for percent in PERCENT
    ]


def compute(
    p: NoParameters,
    *,
    S: Array,
    piece_sums: Array,
    signal: Signal,
    loudest: Array,
    frequencies: Array,
) -> Array:
    """Roll-off frequencies: ``(4, frames)``."""
    shares = [percent / 100 for percent in PERCENT]
    hz = frequencies[rolloff_bins(shares, S=S, piece_sums=piece_sums, signal=signal)]
    return np.where(loudest > 0, hz, np.float32(np.nan))


FAMILY = Family(
    name="spectral_rolloffs",
    descriptors=descriptors,
    compute=compute,
    oracles=(
        Oracle(
            name="a flat spectrum has its roll-offs at these shares of its width",
            signal=signals.impulse,
            expected={
                f"spectral_rolloff_{percent}": percent / 100 * 22050 / 2 for percent in PERCENT
            },
            tolerance=12.0,
            parameters={},
        ),
        Oracle(
            name="a sine has all of them at its frequency, to a bin",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={f"spectral_rolloff_{percent}": 22050 / 8 for percent in PERCENT},
            tolerance=11.0,
            parameters={},
        ),
    ),
)
