"""Mel bands: the level in each band, as in a mel spectrogram.

`librosa.power_to_db` of `librosa.feature.melspectrogram`, with fewer bands than for MFCC, so that
each band can be interpreted. Bands are numbered from the lowest, 1, to the highest. With another
number of bands than 40, a band's name contains it: ``3of20``.

References
----------
Slaney, M. "Auditory Toolbox, version 2", Interval Research Corporation, 1998.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.decibels import power_to_db
from featkit.dsp.empty_bands import check_bands_have_bins, empty_mel_bands
from featkit.dsp.filters import mel_filters
from featkit.dsp.segments import Segments
from featkit.features._components import numbered, total_from_names
from featkit.features.family import Descriptor, Family, ReferenceCase
from featkit.features.spectra.parameters import SpectraParameters


class MelBandsParameters(Parameters):
    """Number of bands, and dynamic range."""

    n_bands: int = parameter(
        40, "number of mel bands from 0 Hz to half the sample rate", at_least=1, at_most=4096
    )
    top_db: float = parameter(80.0, "range in dB below the clip's loudest band", above=0)


def _descriptors(p: MelBandsParameters) -> list[Descriptor]:
    band = Descriptor(
        name="mel_band",
        unit="dB",
        low=-100.0,
        definition=f"power in one of {p.n_bands} mel bands in dB, cut off {p.top_db:g} dB below the"
        " clip's loudest",
        reference="Slaney 1998; librosa.feature.melspectrogram, librosa.power_to_db",
        undefined="in a band that touches no bin; power below 1e-10 counts as 1e-10 (-100 dB)",
        indices=numbered(range(1, p.n_bands + 1), p.n_bands, default=MelBandsParameters.n_bands),
        index_titles=tuple(
            f"{k} of {p.n_bands} from 0 Hz to half the sample rate" for k in range(1, p.n_bands + 1)
        ),
    )
    return [band]


def _compute(p: MelBandsParameters, *, power: Array, sr: float, n_fft: int) -> Array:
    """Power in the bands: ``(n_bands, frames)``."""
    bands = np.asarray(mel_filters(sr, n_fft, p.n_bands, 0.0, None) @ power)
    bands[empty_mel_bands(sr, n_fft, p.n_bands, 0.0, None)] = np.nan
    return bands


def _finish(p: MelBandsParameters, values: Array, *, segments: Segments) -> Array:
    """The bands in dB."""
    return power_to_db(values, segments, p.top_db)


def _check(p: MelBandsParameters, spectra: SpectraParameters, sr: float | None) -> None:
    """Check that each band contains a bin."""
    if sr is not None:
        check_bands_have_bins(
            lambda n_fft, n: empty_mel_bands(sr, n_fft, n, 0.0, None),
            sr=sr,
            n_fft=spectra.n_fft,
            n_bands=p.n_bands,
            name="n_bands",
        )


def _from_indices(indices: Sequence[str]) -> dict[str, Any]:
    return {"n_bands": total_from_names(indices, default=MelBandsParameters.n_bands)}


_PEAK = 1000 * np.exp((27 * np.log(11.025) / np.log(6.4) - 15) / 2 / 27 * np.log(6.4))
"""Centre between 0 and 11,025 Hz on the mel scale, in Hz, for the reference case."""


FAMILY = Family(
    name="mel_bands",
    parameters=MelBandsParameters,
    descriptors=_descriptors,
    compute=_compute,
    finish=_finish,
    check=_check,
    from_indices=_from_indices,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="silence is -100 dB in every band",
            signal=lambda sr: signals.constant(sr, value=0),
            expected={"mel_band_1": -100.0, "mel_band_40": -100.0},
            tolerance=1e-4,
        ),
        ReferenceCase(
            name="a sine at the peak of the only band has, by Parseval, the window's energy times a"
            " quarter of the squared amplitude, times the peak weight of 2 over the width",
            signal=lambda sr: signals.sine(_PEAK, sr),
            expected={"mel_band_1of1": 10 * np.log10(2 / 11025 * 2048 * 768 * 0.5**2 / 4)},
            tolerance=0.05,
            parameters={"n_bands": 1},
        ),
    ),
)
