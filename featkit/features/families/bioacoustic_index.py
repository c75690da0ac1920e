"""Bioacoustic index: the area under the mean spectrum in dB, above its least value.

The definition is that of scikit-maad for compatibility with soundecology: the amplitudes are
averaged over time, then expressed in dB, and the sum over the bins is divided by their distance in
Hz. The limits of 2 and 8 kHz are those of Boelman et al. and of soundecology; scikit-maad's default
for the upper one is 15 kHz. With ``definition = "area"``, the sum is multiplied by the distance in
kHz, as in the paper; it hardly depends on the number of bins then.

References
----------
Boelman, N. T., Asner, G. P., Hart, P. J. and Martin, R. E. "Multi-trophic invasion resistance in
Hawaii: bioacoustics, field surveys, and airborne remote sensing", Ecological Applications 17, 2007.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.soundscape import SoundscapeSpectra, bin_range
from featkit.errors import ParameterError
from featkit.features.family import Descriptor, Family, ReferenceCase


class BioacousticIndexParameters(Parameters):
    """Frequencies and unit."""

    fmin: float = parameter(2000.0, "lower limit in Hz", at_least=0, at_most=96000)
    fmax: float = parameter(8000.0, "upper limit in Hz", above=0, at_most=96000)
    definition: str = parameter(
        "soundecology",
        "whether the sum in dB is divided by the distance of bins in Hz, as in soundecology and"
        " scikit-maad, or multiplied by it in kHz: the area",
        choices=("soundecology", "area"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fmin >= self.fmax:
            raise ParameterError(f"fmax must be above fmin ({self.fmin:g}), got {self.fmax:g}")


def _descriptors(p: BioacousticIndexParameters) -> list[Descriptor]:
    area = p.definition == "area"
    return [
        Descriptor(
            name="bioacoustic_index",
            unit="dB kHz" if area else "dB/Hz",
            low=0.0,
            definition=f"sum over bins from {p.fmin:g} to {p.fmax:g} Hz of L - min L, L = 20 log10"
            " of the mean amplitude over time,"
            f" {'times their distance in kHz' if area else 'over their distance in Hz'}",
            reference="Boelman et al. 2007; scikit-maad bioacoustics_index",
            undefined="in silence, in a clip shorter than a frame of 1024 samples, below a sample"
            f" rate of {2 * p.fmax:g} Hz, and if a bin between the limits is silent",
        )
    ]


def _compute(p: BioacousticIndexParameters, *, soundscape_spectra: SoundscapeSpectra) -> Array:
    """Index of each clip: ``(1, clips)``."""
    spectra = soundscape_spectra
    if spectra.sr < 2 * p.fmax:
        return np.full((1, len(spectra.frames)), np.nan)
    distance = float(spectra.frequencies[1])
    amplitude = spectra.mean_amplitude[:, bin_range(distance, p.fmin, p.fmax)]
    level = 20 * np.log10(np.where(amplitude > 0, amplitude, np.nan))
    factor = distance / 1000 if p.definition == "area" else 1 / distance
    areas = np.add.reduce(level - np.min(level, axis=1, keepdims=True), axis=1)
    return np.asarray(areas * factor)[None]


def _sloping(sr: float) -> Array:
    """Impulses through a filter of one zero, whose response is known."""
    y = signals.impulse(sr, 1.0)
    return np.asarray(y + np.float32(0.9) * np.roll(y, 1), dtype=np.float32)


def _sloping_area(sr: float = 22050.0) -> float:
    """Area in dB kHz of the response of the filter of `_sloping` above its least value."""
    f = np.linspace(2000, 8000, 60001)
    level = 20 * np.log10(np.abs(1 + 0.9 * np.exp(-2j * np.pi * f / sr)))
    return float(np.mean(level - level[-1]) * 6)


FAMILY = Family(
    name="bioacoustic_index",
    parameters=BioacousticIndexParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    reference_cases=(
        ReferenceCase(
            name="an impulse has a flat spectrum, and no area above its least value",
            signal=signals.impulse,
            expected={"bioacoustic_index": 0.0},
            tolerance=1e-3,
        ),
        ReferenceCase(
            name="a filtered impulse has the area of the filter's response in dB",
            signal=_sloping,
            expected={"bioacoustic_index": _sloping_area()},
            tolerance=0.3,  # limits are rounded to bins, which are 0.02 kHz apart
            parameters={"definition": "area"},
        ),
    ),
)
