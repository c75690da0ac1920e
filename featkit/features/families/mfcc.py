"""Mel-frequency cepstral coefficients.

A type-II orthonormal discrete cosine transform of the mel spectrogram in decibels (Davis and
Mermelstein, IEEE Trans. ASSP 28(4), 1980), with the mel scale and filters of Slaney's Auditory
Toolbox and no liftering: `librosa.feature.mfcc` with its defaults. ``mfcc_1`` is librosa's row 0,
the mean level.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.features._cepstra import Coefficients, check_bands, coefficients_named
from featkit.features.family import Descriptor, Family, Oracle


def descriptors(p: Coefficients) -> Sequence[Descriptor]:
    coefficient = Descriptor(
        name="mfcc",
        unit="dB",
        low=-np.inf,
        high=np.inf,
        definition="mel-frequency cepstral coefficient: orthonormal DCT-II of the mel bands in dB,"
        " cut off below the clip's loudest band by top_db of the spectra, 80 dB by default",
        reference="Davis and Mermelstein 1980; librosa.feature.mfcc",
        undefined="where a mel band touches no bin; power below 1e-10 counts as 1e-10 (-100 dB)",
        indices=tuple(str(k + 1) for k in range(p.n_mfcc)),
    )
    return [coefficient]


def compute(p: Coefficients, *, cepstrum: Array) -> Array:
    """DCT of the mel bands: ``(n_mfcc, frames)``."""
    return cepstrum[: p.n_mfcc]


FAMILY = Family(
    name="mfcc",
    parameters=Coefficients,
    descriptors=descriptors,
    compute=compute,
    check=check_bands,
    from_indices=coefficients_named,
    measures_level=True,
    oracles=(
        Oracle(
            name="silence is -100 dB in all 128 bands: sqrt(128) times that, and no shape",
            signal=lambda sr: signals.constant(sr, value=0),
            expected={"mfcc_1": -100 * np.sqrt(128), "mfcc_2": 0.0, "mfcc_20": 0.0},
            tolerance=1e-3,
            parameters={},
        ),
    ),
)
