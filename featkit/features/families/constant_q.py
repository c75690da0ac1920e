"""Constant-Q: chroma, CENS and tonnetz from the constant-Q transform.

librosa computes the transform, see `featkit.dsp.constant_q`. It takes about 0.1 s for 30 s of sound
with 12 bins per octave, and 0.2 s with 36, where a cheap family takes a few milliseconds. The first
clip of a process takes some seconds longer, because librosa is loaded. All descriptors share one
transform.

References
----------
Schörkhuber, C. and Klapuri, A. "Constant-Q transform toolbox for music processing", SMC 2010.

Müller, M. and Ewert, S. "Chroma toolbox: MATLAB implementations for extracting variants of
chroma-based audio features", ISMIR 2011.

Harte, C., Sandler, M. and Gasser, M. "Detecting harmonic change in musical audio", ACM workshop on
Audio and Music Computing Multimedia, 2006.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.chroma import PITCH_CLASSES, TONNETZ, tonal_centroid
from featkit.dsp.constant_q import ConstantQ, cens, strongest_to_one
from featkit.dsp.segments import Segments
from featkit.errors import ParameterError
from featkit.features.family import Descriptor, Family, ReferenceCase
from featkit.features.titles import PITCH_CLASS_TITLES, TONNETZ_TITLES


class ConstantQParameters(Parameters):
    """Resolution of the transform."""

    bins_per_octave: int = parameter(
        36,
        "filters per octave, a multiple of 12: 36 in librosa, 12 in FMA",
        at_least=12,
        at_most=96,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bins_per_octave % 12:
            raise ParameterError(
                f"bins_per_octave must be a multiple of 12, got {self.bins_per_octave}"
            )


def _descriptors(p: ConstantQParameters) -> list[Descriptor]:
    undefined = (
        "in a clip of silence; a silent frame of another clip counts as 0. An error at a sample"
        " rate of which half is below the highest filter's edge, some 8.4 kHz"
    )
    transform = f"the constant-Q transform, {p.bins_per_octave} filters an octave from C1 to B7"
    harte = "Harte, Sandler and Gasser 2006; librosa.feature.tonnetz"
    return [
        Descriptor(
            name="chroma_cqt",
            unit="1",
            low=0.0,
            high=1.0,
            definition="magnitude of the pitch class over that of the frame's strongest class, by"
            f" {transform}, in the clip's own tuning",
            reference="Schörkhuber and Klapuri 2010; librosa.feature.chroma_cqt",
            undefined=undefined,
            indices=PITCH_CLASSES,
            index_titles=PITCH_CLASS_TITLES,
        ),
        Descriptor(
            name="chroma_cens",
            unit="1",
            low=0.0,
            high=1.0,
            definition="share of the pitch class in the frame's sum, in steps at 0.05, 0.1, 0.2 and"
            " 0.4, smoothed over 41 frames, over the norm of all classes; by the constant-Q"
            " transform",
            reference="Müller and Ewert 2011; librosa.feature.chroma_cens",
            undefined=undefined,
            indices=PITCH_CLASSES,
            index_titles=PITCH_CLASS_TITLES,
        ),
        Descriptor(
            name="tonnetz_cqt",
            unit="1",
            low=-1.0,
            high=1.0,
            definition="tonal centroid, as tonnetz, of chroma_cqt",
            reference=harte,
            undefined=undefined,
            indices=TONNETZ,
            index_titles=TONNETZ_TITLES,
        ),
        Descriptor(
            name="tonnetz_cens",
            unit="1",
            low=-1.0,
            high=1.0,
            definition="tonal centroid, as tonnetz, of chroma_cens",
            reference=f"{harte}, as the features of FMA have it",
            undefined=undefined,
            indices=TONNETZ,
            index_titles=TONNETZ_TITLES,
        ),
    ]


def _compute(p: ConstantQParameters, *, constant_q: ConstantQ, segments: Segments) -> Array:
    """Descriptors of each frame: ``(36, frames)``."""
    folded = constant_q(p.bins_per_octave)
    chroma, smoothed = strongest_to_one(folded), cens(folded, segments)
    return np.concatenate([chroma, smoothed, tonal_centroid(chroma), tonal_centroid(smoothed)])


FAMILY = Family(
    name="constant_q",
    parameters=ConstantQParameters,
    descriptors=_descriptors,
    compute=_compute,
    undefined_in_silence=True,
    packages=("librosa",),
    reference_cases=(
        ReferenceCase(
            name="a sine at 440 Hz has the pitch class A and its place on the circles",
            signal=lambda sr: signals.sine(440.0, sr, duration=3.0),
            expected={
                "chroma_cqt_a": 1.0,
                "chroma_cqt_ds": 0.0,
                "chroma_cens_a": 1.0,
                "chroma_cens_e": 0.0,
                "tonnetz_cens_fifthx": np.sin(np.pi * 7 / 6 * 9),
                "tonnetz_cens_fifthy": np.cos(np.pi * 7 / 6 * 9),
                "tonnetz_cens_majorx": 0.5 * np.sin(np.pi * 2 / 3 * 9),
                "tonnetz_cens_majory": 0.5 * np.cos(np.pi * 2 / 3 * 9),
            },
            tolerance=0.01,
        ),
    ),
)
