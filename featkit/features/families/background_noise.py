"""Background noise: its level, the ratio of signal to noise, and the activity above it.

The background is the median of the envelope, the greatest absolute value in windows of 512 samples,
as in scikit-maad. (Towsey takes the mode of a smoothed histogram of levels.) The median needs the
whole envelope, which is held: 155,000 values for an hour at 22,050 Hz.

`median_envelope` is scikit-maad's `temporal_median`. The index M of Depraetere et al. is the median
of the envelope by Hilbert's transform, which is lower, since it has a value for each sample.

References
----------
Towsey, M. "Noise removal from waveforms and spectrograms derived from natural recordings of the
environment", Queensland University of Technology, 2013.

Towsey, M. "The calculation of acoustic indices derived from long-duration recordings of the
natural environment", Queensland University of Technology, 2017.

Depraetere, M., Pavoine, S., Jiguet, F., Gasc, A., Duvail, S. and Sueur, J. "Monitoring animal
diversity using acoustic indices: implementation in a temperate woodland", Ecological Indicators 13,
2012.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.peak_envelopes import WINDOW, Envelopes
from featkit.features.family import Descriptor, Family, ReferenceCase


class BackgroundNoiseParameters(Parameters):
    """Threshold of activity."""

    threshold: float = parameter(3.0, "level above the background in dB", above=0, at_most=120)


def _descriptors(p: BackgroundNoiseParameters) -> list[Descriptor]:
    undefined = (
        "in a clip shorter than a window of 512 samples, and if more than half of the windows are"
        " silent"
    )
    towsey = "Towsey 2013; scikit-maad"
    activity = f"windows whose level is more than {p.threshold:g} dB above the background noise"
    return [
        Descriptor(
            name="background_noise",
            unit="dBFS",
            definition="20 log10 of the median envelope, the greatest absolute value in windows of"
            " 512 samples less the clip's mean",
            reference=f"{towsey} temporal_snr (BGNt)",
            undefined=undefined,
        ),
        Descriptor(
            name="signal_to_noise_ratio",
            unit="dB",
            definition="10 log10 of the mean of the squared envelope, less the background noise",
            reference=f"{towsey} temporal_snr (SNRt)",
            undefined=undefined,
        ),
        Descriptor(
            name="median_envelope",
            unit="full scale",
            low=0.0,
            definition="median of the envelope, the greatest absolute value in windows of 512"
            " samples less the clip's mean",
            reference="Depraetere et al. 2012; scikit-maad temporal_median (MED)",
            undefined=undefined,
        ),
        Descriptor(
            name="acoustic_activity",
            unit="1",
            low=0.0,
            high=1.0,
            definition=f"share of {activity}",
            reference=f"{towsey} temporal_activity (ACTtFraction)",
            undefined=undefined,
        ),
        Descriptor(
            name="acoustic_activity_level",
            unit="dB",
            low=0.0,
            definition="10 log10 of the mean of the squared envelope over that of the background,"
            f" in {activity}",
            reference=f"{towsey} temporal_activity (ACTtMean)",
            undefined=f"{undefined}; and without such windows",
        ),
    ]


def _compute(p: BackgroundNoiseParameters, *, peak_envelopes: Envelopes) -> Array:
    """Noise, ratio, median and activity of each clip: ``(5, clips)``."""
    segments, medians = peak_envelopes.segments, peak_envelopes.medians
    relative = peak_envelopes.relative
    power = np.square(relative)
    active = relative > 10 ** (p.threshold / 20)
    count = segments.sum(active.astype(np.float64))
    active_power = segments.sum(np.where(active, power, 0))
    undefined = np.isnan(medians)
    return np.stack(
        [
            20 * np.log10(medians),
            10 * np.log10(segments.sum(power) / segments.lengths),
            medians,
            np.where(undefined, np.nan, count / segments.lengths),
            10 * np.log10(active_power / np.where(count > 0, count, np.nan)),
        ]
    )


def _loud_tenth(sr: float) -> Array:
    """A magnitude of 0.05, and of 0.5 in one of ten windows."""
    loud = np.arange(1000 * WINDOW) // WINDOW % 10 == 5
    y = np.resize([0.05, -0.05], 1000 * WINDOW)
    return np.asarray(y * np.where(loud, 10, 1), dtype=np.float32)


FAMILY = Family(
    name="background_noise",
    parameters=BackgroundNoiseParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a magnitude of 0.05, and ten times as much in a tenth of the time",
            signal=_loud_tenth,
            expected={
                "background_noise": 20 * np.log10(0.05),
                "signal_to_noise_ratio": 10 * np.log10(0.9 + 10),
                "median_envelope": 0.05,
                "acoustic_activity": 0.1,
                "acoustic_activity_level": 20.0,
            },
            tolerance=1e-3,
        ),
        ReferenceCase(
            name="the median of the greatest of 512 Gaussian values is 3.2 standard deviations",
            signal=lambda sr: signals.noise(sr, 60.0, amplitude=0.01),
            expected={"median_envelope": 0.03207},
            tolerance=2e-4,
        ),
    ),
)
