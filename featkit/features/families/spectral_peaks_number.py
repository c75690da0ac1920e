"""Number of peaks of the mean spectrum.

The mean over time of the power is expressed in dB. Of peaks closer than 200 Hz, the higher
remains; those that remain count if they rise at least 1 dB above the valleys around them (their
prominence). This is scikit-maad's `number_of_peaks` of an amplitude spectrogram with its default
parameters, which averages the power, too. Gasc et al. take seewave's `fpeaks`, on an amplitude
scale from 0 to 1 instead of dB.

References
----------
Gasc, A., Sueur, J., Pavoine, S., Pellens, R. and Grandcolas, P. "Biodiversity sampling using a
global acoustic approach: contrasting sites with microendemics in New Caledonia", PLoS ONE 8(5),
2013.
"""

from __future__ import annotations

import math

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.soundscape import SoundscapeSpectra, count_peaks
from featkit.features.family import Descriptor, Family, ReferenceCase

LOWEST = 1e-30
"""Least power relative to the greatest, far below the rounding noise of a transform, so that a
bin without any power has a level."""


DECIBELS = 10 / math.log(10)
"""Decibels in a neper of power; NumPy computes natural logarithms much faster."""


class SpectralPeaksNumberParameters(Parameters):
    """Distance and height of peaks."""

    min_distance: float = parameter(200.0, "least distance of peaks in Hz", above=0, at_most=96000)
    min_rise: float = parameter(
        1.0, "least height above the valleys around a peak in dB", at_least=0, at_most=120
    )


def _descriptors(p: SpectralPeaksNumberParameters) -> list[Descriptor]:
    return [
        Descriptor(
            name="spectral_peaks_number",
            unit="1",
            low=0.0,
            definition="number of peaks of the mean power over time in dB, at least"
            f" {p.min_distance:g} Hz apart and {p.min_rise:g} dB above the valleys around them",
            reference="Gasc et al. 2013; scikit-maad number_of_peaks",
            undefined="in silence, and in a clip shorter than a frame of 1024 samples",
        )
    ]


def _compute(p: SpectralPeaksNumberParameters, *, soundscape_spectra: SoundscapeSpectra) -> Array:
    """Number of each clip: ``(1, clips)``."""
    power = soundscape_spectra.mean_power
    greatest = np.maximum.reduce(power, axis=1)
    sounding = greatest > 0  # and not NaN
    relative = power / np.where(sounding, greatest, np.nan)[:, None]
    levels = DECIBELS * np.log(np.maximum(relative, LOWEST))
    distance = math.ceil(p.min_distance / float(soundscape_spectra.frequencies[1]))
    counts: Array = np.full(len(levels), np.nan)
    counts[sounding] = count_peaks(levels[sounding], distance, p.min_rise)
    return counts[None]


def _tones(sr: float) -> Array:
    """Tones at 1, 2, 3 and 3.1 kHz in noise; the last is the weakest."""
    tones = [(1000.0, 0.2), (2000.0, 0.2), (3000.0, 0.2), (3100.0, 0.1)]
    return np.asarray(sum(signals.sine(f, sr, 5.0, a) for f, a in tones), dtype=np.float32)


FAMILY = Family(
    name="spectral_peaks_number",
    parameters=SpectralPeaksNumberParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    reference_cases=(
        ReferenceCase(
            name="of four tones, two of which are closer than 200 Hz, three are counted",
            signal=lambda sr: _tones(sr) + signals.noise(sr, 5.0, amplitude=0.01),
            expected={"spectral_peaks_number": 3},
            tolerance=1e-9,
            parameters={"min_rise": 6.0},
        ),
        ReferenceCase(
            name="all of them are counted with a distance of 50 Hz",
            signal=lambda sr: _tones(sr) + signals.noise(sr, 5.0, amplitude=0.01),
            expected={"spectral_peaks_number": 4},
            tolerance=1e-9,
            parameters={"min_rise": 6.0, "min_distance": 50.0},
        ),
    ),
)
