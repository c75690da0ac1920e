"""Acoustic complexity index: how much the amplitude of each bin changes from frame to frame.

It follows scikit-maad. As in seewave, the whole clip is one cluster by default, so that the index
hardly depends on the duration. soundecology divides a recording into clusters of 5 s and adds their
values, so that its index grows with the duration; so does this one with ``cluster = 5``. The
spectrogram is that of scikit-maad in all cases: Hann windows of 1024 samples, half of which
overlap. seewave and soundecology have windows of 512 samples that do not overlap by default.

The value also depends on the number of bins, of which there are 512 at any sample rate: compare
recordings of one rate only.

References
----------
Pieretti, N., Farina, A. and Morri, D. "A new methodology to infer the singing activity of an avian
community: the Acoustic Complexity Index (ACI)", Ecological Indicators 11(3), 2011.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.soundscape import BINS, FRAME, SoundscapeSpectra
from featkit.features.family import Descriptor, Family, ReferenceCase

IMPULSE = 171
"""Position of impulses in even frames of a reference case."""


class AcousticComplexityParameters(Parameters):
    """Clusters of frames."""

    cluster: float | None = parameter(
        None,
        "seconds of clusters of frames, whose values are added; by default, the clip is one",
        above=0,
        at_most=60,
    )


def _descriptors(p: AcousticComplexityParameters) -> list[Descriptor]:
    clusters = f", summed over clusters of {p.cluster:g} s" if p.cluster else ""
    return [
        Descriptor(
            name="acoustic_complexity",
            unit="1",
            low=0.0,
            definition="sum over 512 bins of sum_t |A(t + 1) - A(t)| / sum_t A(t), with the"
            f" amplitudes A of frames of 1024 samples every 512{clusters}",
            reference="Pieretti et al. 2011; scikit-maad acoustic_complexity_index",
            undefined="in silence, and in a clip shorter than two frames, 1536 samples, or than a"
            " cluster",
        )
    ]


def _compute(p: AcousticComplexityParameters, *, soundscape_spectra: SoundscapeSpectra) -> Array:
    """Index of each clip: ``(1, clips)``."""
    return soundscape_spectra.complexity(p.cluster)[None]


def _alternating(sr: float) -> Array:
    """An impulse in every second hop, at the sample `IMPULSE` of even frames, of which 40 begin."""
    y = np.zeros(FRAME * 40, dtype=np.float32)
    y[IMPULSE::FRAME] = 1
    return y


def _alternating_index() -> float:
    """Index of `_alternating`: a frame has the spectrum of its impulse, less that of its mean.

    The amplitude of an impulse in all bins is that of the window at its position, `w` in 40 even
    frames and ``1 - w`` in 39 odd ones. The mean 1 / 1024 adds half the sum of the window to bin 0
    and, with the other sign, a quarter to bin 1.
    """
    w, turn = np.sin(np.pi * IMPULSE / FRAME) ** 2, np.exp(-2j * np.pi * IMPULSE / FRAME)
    pairs = [(w, 1 - w)] * (BINS - 2)
    pairs += [(abs(w - 0.5), abs(0.5 - w)), (abs(w * turn + 0.25), abs(0.25 - (1 - w) * turn))]
    return float(sum(78 * abs(odd - even) / (40 * even + 39 * odd) for even, odd in pairs))


FAMILY = Family(
    name="acoustic_complexity",
    parameters=AcousticComplexityParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    reference_cases=(
        ReferenceCase(
            name="a steady tone of a whole number of periods per hop does not change",
            signal=lambda sr: np.resize([0.5, 0.5, -0.5, -0.5], 100 * FRAME).astype(np.float32),
            expected={"acoustic_complexity": 0.0},
            tolerance=1e-9,
        ),
        ReferenceCase(
            name="impulses at two positions of a frame in turn have amplitudes in a known ratio",
            signal=_alternating,
            expected={"acoustic_complexity": _alternating_index()},
            tolerance=0.01,
        ),
    ),
)
