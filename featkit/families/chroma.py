"""Chroma: how the power of a frame is shared among the pitch classes.

Each bin counts for the pitch classes near it by a Gaussian, most around the fifth octave; the
filters follow the clip's own tuning, estimated from all its peaks; each frame is divided by its
strongest class (Ellis, "Chroma feature analysis and synthesis", 2007):
`librosa.feature.chroma_stft` with its defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit import signals
from featkit.errors import ParameterError
from featkit.families import Descriptor, Family, Oracle
from featkit.parameters import Parameters, parameter
from featkit.segments import Array
from featkit.spectra import column_max
from featkit.tuning import Tuning

if TYPE_CHECKING:
    from scipy.sparse import csr_array

PITCH_CLASSES = ("c", "cs", "d", "ds", "e", "f", "fs", "g", "gs", "a", "as", "b")

CENTRE_OCTAVE, OCTAVE_WIDTH = 5.0, 2.0
"""Where the filters are strongest, in octaves above 27.5 Hz (that is 880 Hz), and their spread."""

NEGLIGIBLE = 1e-8
"""Weights below this share of a filter's greatest are left out; float32 sums do not see them."""


class ChromaParameters(Parameters):
    """How finely the octave is cut."""

    n_chroma: int = parameter(
        12, "pitch classes in an octave, from C upwards", at_least=12, at_most=1200
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_chroma % 12:
            raise ParameterError(f"n_chroma must be a multiple of 12, got {self.n_chroma}")


def descriptors(p: ChromaParameters) -> Sequence[Descriptor]:
    n = p.n_chroma
    numbered = tuple(f"{k + 1}of{n}" for k in range(n))
    pitch_class = Descriptor(
        name="chroma",
        unit="1",
        low=0.0,
        high=1.0,
        definition="power of the pitch class over that of the frame's strongest class, by Gaussian"
        " filters in the clip's own tuning",
        reference="Ellis 2007; librosa.feature.chroma_stft",
        undefined="in a clip of silence",
        indices=PITCH_CLASSES if n == 12 else numbered,
    )
    return [pitch_class]


def compute(p: ChromaParameters, *, power: Array, tuning: Tuning, sr: float, n_fft: int) -> Array:
    """Normalised chroma: ``(n_chroma, frames)``."""
    deviation = tuning(p.n_chroma)
    chroma = np.empty((p.n_chroma, power.shape[1]), dtype=np.float32)
    changes = np.flatnonzero(np.diff(deviation)) + 1
    for start, end in pairwise([0, *changes.tolist(), len(deviation)]):
        filters = chroma_filters(sr, n_fft, p.n_chroma, float(deviation[start]))
        chroma[:, start:end] = filters @ power[:, start:end]
    strongest = column_max(chroma)
    return chroma / np.where(strongest < np.finfo(np.float32).tiny, np.float32(1), strongest)


@lru_cache(maxsize=128)
def chroma_filters(sr: float, n_fft: int, n_chroma: int, tuning: float) -> csr_array:
    """A filter for each pitch class, ``(n_chroma, bins)``, float32.

    Parameters
    ----------
    tuning : float
        Deviation from A4 = 440 Hz, as a fraction of a pitch class.
    """
    from scipy.sparse import csr_array

    a0 = 440.0 * 2 ** (tuning / n_chroma) / 16
    octave = np.log2(np.arange(1, n_fft) * (sr / n_fft) / a0)
    octave = np.concatenate(([octave[0] - 1.5], octave))
    width = np.append(np.maximum(np.diff(octave) * n_chroma, 1), 1)
    distance = octave * n_chroma - np.arange(n_chroma)[:, None]
    half = np.round(n_chroma / 2)
    distance = np.remainder(distance + half + 10 * n_chroma, n_chroma) - half
    weights = np.exp(-0.5 * (2 * distance / width) ** 2)
    weights /= np.sqrt(np.sum(weights**2, axis=0))
    weights *= np.exp(-0.5 * ((octave - CENTRE_OCTAVE) / OCTAVE_WIDTH) ** 2)
    from_c = np.roll(weights, -3 * (n_chroma // 12), axis=0)[:, : n_fft // 2 + 1]
    from_c[from_c < NEGLIGIBLE * from_c.max()] = 0
    return csr_array(from_c.astype(np.float32))


def from_indices(indices: Sequence[str]) -> dict[str, Any]:
    totals = [index.partition("of")[2] for index in indices]
    sizes = {int(total) if total.isdecimal() else 12 for total in totals}
    if len(sizes) > 1:
        raise ParameterError(f"chroma columns of different resolutions: {sorted(sizes)} classes")
    return {"n_chroma": sizes.pop()}


FAMILY = Family(
    name="chroma",
    parameters=ChromaParameters,
    descriptors=descriptors,
    compute=compute,
    undefined_in_silence=True,
    from_indices=from_indices,
    oracles=(
        Oracle(
            name="of a sine at 440 Hz the pitch class is A, and C is far",
            signal=lambda sr: signals.sine(440.0, sr),
            expected={"chroma_a": 1.0, "chroma_ds": 0.0},
            tolerance=1e-3,
            parameters={},
        ),
        Oracle(
            name="half a semitone above A4 is the second of two bins of A",
            signal=lambda sr: signals.sine(440.0 * 2 ** (1 / 24), sr),
            expected={"chroma_20of24": 1.0, "chroma_1of24": 0.0},
            tolerance=1e-3,
            parameters={"n_chroma": 24},
        ),
    ),
)
