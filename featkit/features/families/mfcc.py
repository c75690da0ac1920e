"""Mel-frequency cepstral coefficients (MFCC).

An orthonormal discrete cosine transform (type II) of the mel spectrogram in dB, with the mel scale
and filters of Slaney's Auditory Toolbox and without liftering: `librosa.feature.mfcc` with its
defaults. ``mfcc_1`` is row 0 of librosa, the mean level.

References
----------
Davis, S. and Mermelstein, P. "Comparison of parametric representations for monosyllabic word
recognition in continuously spoken sentences", IEEE Transactions on Acoustics, Speech, and Signal
Processing 28(4), 1980.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.cepstrum import Cepstrum
from featkit.features._cepstra import CepstrumParameters, check_bands, coefficients_from_names
from featkit.features.family import Descriptor, Family, ReferenceCase


def _descriptors(p: CepstrumParameters) -> list[Descriptor]:
    coefficient = Descriptor(
        name="mfcc",
        unit="dB",
        definition="mel-frequency cepstral coefficient: orthonormal DCT-II of the mel bands in dB,"
        " cut off below the clip's loudest band by top_db of the spectra, 80 dB by default",
        reference="Davis and Mermelstein 1980; librosa.feature.mfcc",
        undefined="where a mel band touches no bin; power below 1e-10 counts as 1e-10 (-100 dB)",
        indices=tuple(str(k + 1) for k in range(p.n_mfcc)),
    )
    return [coefficient]


def _compute(p: CepstrumParameters, *, cepstrum: Cepstrum) -> Array:
    """DCT of the mel bands: ``(n_mfcc, frames)``."""
    return cepstrum(p.n_mfcc)


FAMILY = Family(
    name="mfcc",
    parameters=CepstrumParameters,
    descriptors=_descriptors,
    compute=_compute,
    check=check_bands,
    from_indices=coefficients_from_names,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="silence, -100 dB in 128 bands, has sqrt(128) times that and no other coefficient",
            signal=lambda sr: signals.constant(sr, value=0),
            expected={"mfcc_1": -100 * np.sqrt(128), "mfcc_2": 0.0, "mfcc_20": 0.0},
            tolerance=1e-3,
        ),
    ),
)
