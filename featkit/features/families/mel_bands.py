"""Mel bands: the level in each, as a spectrogram for people shows it.

`librosa.power_to_db` of `librosa.feature.melspectrogram` with fewer bands than MFCC are made from,
so that each is a descriptor that can be read: from the lowest, 1, to the highest. Of another number
of bands than 40, a band's name tells it: ``3of20``.
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
from featkit.features._components import numbered, total_named
from featkit.features.family import Descriptor, Family, Oracle
from featkit.features.spectra import SpectraParameters


class MelBandsParameters(Parameters):
    """How many bands, and how far down they are told apart."""

    n_bands: int = parameter(
        40, "mel bands from 0 Hz to half the sample rate", at_least=1, at_most=4096
    )
    top_db: float = parameter(
        80.0, "decibels below the clip's loudest band at which quieter ones are cut off", above=0
    )


def descriptors(p: MelBandsParameters) -> Sequence[Descriptor]:
    band = Descriptor(
        name="mel_band",
        unit="dB",
        low=-100.0,
        high=np.inf,
        definition=f"power in one of {p.n_bands} mel bands in dB, cut off {p.top_db:g} dB below the"
        " clip's loudest",
        reference="Slaney 1998; librosa.feature.melspectrogram, librosa.power_to_db",
        undefined="in a band that touches no bin; power below 1e-10 counts as 1e-10 (-100 dB)",
        indices=numbered(range(1, p.n_bands + 1), p.n_bands, usual=MelBandsParameters.n_bands),
    )
    return [band]


def compute(p: MelBandsParameters, *, power: Array, sr: float, n_fft: int) -> Array:
    """Power in the bands: ``(n_bands, frames)``."""
    bands = np.asarray(mel_filters(sr, n_fft, p.n_bands, 0.0, None) @ power)
    bands[empty_mel_bands(sr, n_fft, p.n_bands, 0.0, None)] = np.nan
    return bands


def finish(p: MelBandsParameters, values: Array, *, segments: Segments) -> Array:
    """The bands in decibels."""
    return power_to_db(values, segments, p.top_db)


def check(p: MelBandsParameters, spectra: SpectraParameters, sr: float | None) -> None:
    """Refuse bands without bins."""
    if sr is not None:
        check_bands_have_bins(
            lambda n_fft, n: empty_mel_bands(sr, n_fft, n, 0.0, None),
            sr=sr,
            n_fft=spectra.n_fft,
            n_bands=p.n_bands,
            name="n_bands",
        )


def from_indices(indices: Sequence[str]) -> dict[str, Any]:
    return {"n_bands": total_named(indices, usual=MelBandsParameters.n_bands)}


_PEAK = 1000 * np.exp((27 * np.log(11.025) / np.log(6.4) - 15) / 2 / 27 * np.log(6.4))
"""Half of the way to 11,025 Hz on the mel scale, in Hz, for the oracle."""


FAMILY = Family(
    name="mel_bands",
    parameters=MelBandsParameters,
    descriptors=descriptors,
    compute=compute,
    finish=finish,
    check=check,
    from_indices=from_indices,
    measures_level=True,
    oracles=(
        Oracle(
            name="silence is -100 dB in every band",
            signal=lambda sr: signals.constant(sr, value=0),
            expected={"mel_band_1": -100.0, "mel_band_40": -100.0},
            tolerance=1e-4,
            parameters={},
        ),
        Oracle(
            name="a sine at the peak of a lone band, 2 over its width in Hz: by Parseval, the"
            " window's energy times a quarter of the square of the amplitude",
            signal=lambda sr: signals.sine(_PEAK, sr),
            expected={"mel_band_1of1": 10 * np.log10(2 / 11025 * 2048 * 768 * 0.5**2 / 4)},
            tolerance=0.05,
            parameters={"n_bands": 1},
        ),
    ),
)
