"""Chroma: the relative power of the pitch classes in a frame.

References
----------
Ellis, D. P. W. "Chroma feature analysis and synthesis", 2007; `librosa.feature.chroma_stft`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.chroma import PITCH_CLASSES, Chroma
from featkit.errors import ParameterError
from featkit.features._components import numbered, total_from_names
from featkit.features.family import Descriptor, Family, ReferenceCase
from featkit.features.titles import PITCH_CLASS_TITLES


class ChromaParameters(Parameters):
    """Number of pitch classes."""

    n_chroma: int = parameter(
        12, "pitch classes per octave, from C upwards", at_least=12, at_most=1200
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_chroma % 12:
            raise ParameterError(f"n_chroma must be a multiple of 12, got {self.n_chroma}")


def _descriptors(p: ChromaParameters) -> list[Descriptor]:
    n = p.n_chroma
    numbers = numbered(range(1, n + 1), n, default=ChromaParameters.n_chroma)
    pitch_class = Descriptor(
        name="chroma",
        unit="1",
        low=0.0,
        high=1.0,
        definition="power sum(w S^2) of the pitch class over that of the frame's strongest class; a"
        " bin d classes away has w = exp(-2 d^2), or wider where bins are further apart than"
        " classes, over the norm of the bin's weights for all classes, times exp(-(o - 5)^2 / 8) at"
        " octave o above 27.5 Hz; in the clip's own tuning",
        reference="Ellis 2007; librosa.feature.chroma_stft",
        undefined="in a clip of silence",
        indices=PITCH_CLASSES if n == 12 else numbers,
        index_titles=PITCH_CLASS_TITLES if n == 12 else (),
    )
    return [pitch_class]


def _compute(p: ChromaParameters, *, chroma: Chroma) -> Array:
    """Normalised chroma: ``(n_chroma, frames)``."""
    return chroma(p.n_chroma)


def _from_indices(indices: Sequence[str]) -> dict[str, Any]:
    return {"n_chroma": total_from_names(indices, default=ChromaParameters.n_chroma)}


FAMILY = Family(
    name="chroma",
    parameters=ChromaParameters,
    descriptors=_descriptors,
    compute=_compute,
    undefined_in_silence=True,
    from_indices=_from_indices,
    reference_cases=(
        ReferenceCase(
            name="a sine at 440 Hz has the pitch class A and nothing at D sharp",
            signal=lambda sr: signals.sine(440.0, sr),
            expected={"chroma_a": 1.0, "chroma_ds": 0.0},
            tolerance=1e-3,
        ),
        ReferenceCase(
            name="a sine half a semitone above A4 is in the second of the two classes of A",
            signal=lambda sr: signals.sine(440.0 * 2 ** (1 / 24), sr),
            expected={"chroma_20of24": 1.0, "chroma_1of24": 0.0},
            tolerance=1e-3,
            parameters={"n_chroma": 24},
        ),
    ),
)
