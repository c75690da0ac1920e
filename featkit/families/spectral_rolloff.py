"""Spectral roll-off: the frequency below which most of the spectrum lies.

Counted in magnitude, not power, as `librosa.feature.spectral_rolloff` has it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit.families import Descriptor, Family, Oracle
from featkit.filters import PIECE
from featkit.parameters import Parameters, parameter
from featkit.segments import Array
from featkit.spectra import Signal

CLOSE = 5e-9
"""Share of the sum, for each bin of it, within which float32 sums cannot tell two bins apart."""


class RolloffParameters(Parameters):
    """How much of the spectrum."""

    roll_percent: float = parameter(0.85, "share of the magnitude", above=0, below=1)


def descriptors(p: RolloffParameters) -> Sequence[Descriptor]:
    rolloff = Descriptor(
        name="spectral_rolloff",
        unit="Hz",
        low=0.0,
        high=np.inf,
        definition=f"lowest bin at or below which {p.roll_percent:.4g} of the magnitude lies:"
        f" min f with sum(S up to f) >= {p.roll_percent:.4g} sum(S)",
        reference="Scheirer and Slaney 1997; librosa.feature.spectral_rolloff",
        undefined="in a clip of silence; a silent frame of another clip counts as 0, as in librosa",
    )
    return [rolloff]


def compute(p: RolloffParameters, *, S: Array, pieces: Array, frequencies: Array) -> Array:
    """Roll-off frequency, and how near the next bin was, as a share of the sum: ``(2, frames)``.

    A cumulative sum over all bins is the slow way: pieces of bins are summed already, and only the
    one in which the threshold is crossed is looked into.
    """
    bins, frames = S.shape
    below = np.cumsum(pieces, axis=0)
    total = below[-1]
    threshold = np.float32(p.roll_percent) * total
    crossing = np.sum(below < threshold, axis=0)

    column = np.arange(frames)
    start = np.where(crossing > 0, below[crossing - 1, column], np.float32(0))
    bin_of = np.minimum(crossing * PIECE + np.arange(PIECE)[:, None], bins - 1)
    inside = np.cumsum(np.vstack([start, S[bin_of, column]]), axis=0)
    rolloff = crossing * PIECE + np.sum(inside[1:] < threshold, axis=0)
    margin = np.abs(inside - threshold).min(axis=0) / np.where(total > 0, total, np.float32(1))
    margin[total == 0] = 1
    return np.stack([frequencies[np.minimum(rolloff, bins - 1)], margin])


def finish(p: RolloffParameters, values: Array, *, signal: Signal, frequencies: Array) -> Array:
    """Close calls decided as the reference decides them: ``(1, frames)``.

    Where two bins are equally good to the rounding of a sum, librosa's answer is that of a
    double-precision spectrum whose float32 magnitudes are added one after the other.
    """
    rolloff, margin = values
    close = np.flatnonzero(margin < CLOSE * len(frequencies))
    if len(close):
        below = np.cumsum(signal.precise_S(close), axis=0)
        rolloff[close] = frequencies[np.sum(below < np.float32(p.roll_percent) * below[-1], axis=0)]
    return np.asarray(rolloff)[None]


FAMILY = Family(
    name="spectral_rolloff",
    parameters=RolloffParameters,
    descriptors=descriptors,
    compute=compute,
    finish=finish,
    undefined_in_silence=True,
    oracles=(
        Oracle(
            name="a flat spectrum has its roll-off at that share of its width",
            signal=signals.impulse,
            expected={"spectral_rolloff": 0.85 * 22050 / 2},
            tolerance=12.0,
            parameters={},
        ),
        Oracle(
            name="a sine has its roll-off at its frequency, to a bin",
            signal=lambda sr: signals.sine(sr / 8, sr),
            expected={"spectral_rolloff": 22050 / 8},
            tolerance=11.0,
            parameters={"roll_percent": 0.5},
        ),
    ),
)
