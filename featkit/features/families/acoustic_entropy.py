"""Acoustic entropy: how evenly the power is distributed over time and over frequency.

The index H of Sueur et al. is the product of the entropy of the envelope, Ht, and that of the mean
spectrum, Hf, each over its greatest possible value. It is near 1 for noise, and small for a pure
tone or a single short sound. Definitions, windows and spectra are those of scikit-maad. By default
(its compatibility "QUT"), both are entropies of power: of the squared envelope, and of the mean
power spectrum. With ``quantity = "amplitude"`` ("seewave"), they are those of the envelope and of
the root of the mean power spectrum. seewave itself has an envelope by Hilbert's transform, with a
value for each sample.

References
----------
Sueur, J., Pavoine, S., Hamerlynck, O. and Duvail, S. "Rapid acoustic survey for biodiversity
appraisal", PLoS ONE 3(12), 2008.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.peak_envelopes import Envelopes
from featkit.dsp.segments import Segments
from featkit.dsp.soundscape import BINS, SoundscapeSpectra
from featkit.features.family import Descriptor, Family, ReferenceCase

LEAST = 1e-300
"""Least share whose logarithm is taken; smaller ones contribute nothing to an entropy."""


class AcousticEntropyParameters(Parameters):
    """Quantity that is distributed over time and frequency."""

    quantity: str = parameter(
        "power", "power, as at QUT, or amplitude, as in seewave", choices=("power", "amplitude")
    )


def _descriptors(p: AcousticEntropyParameters) -> list[Descriptor]:
    amplitude = p.quantity == "amplitude"
    short = "in silence, and in a clip shorter than"
    envelope = "envelope" if amplitude else "squared envelope"
    spectrum = "root of the mean power spectrum" if amplitude else "mean power spectrum"
    return [
        Descriptor(
            name="acoustic_entropy",
            unit="1",
            low=0.0,
            high=1.0,
            definition="product H = Ht Hf of envelope_entropy and mean_spectrum_entropy",
            reference="Sueur et al. 2008",
            undefined=f"{short} a frame of 1024 samples",
        ),
        Descriptor(
            name="envelope_entropy",
            unit="1",
            low=0.0,
            high=1.0,
            definition=f"Ht: entropy of the shares of the {envelope}, the greatest absolute value"
            " in n windows of 512 samples less the clip's mean, over ln n",
            reference="Sueur et al. 2008; scikit-maad temporal_entropy",
            undefined=f"{short} two windows of 512 samples",
        ),
        Descriptor(
            name="mean_spectrum_entropy",
            unit="1",
            low=0.0,
            high=1.0,
            definition=f"Hf: entropy of the shares of the {spectrum}, of {BINS} bins, over"
            f" ln {BINS}",
            reference="Sueur et al. 2008; scikit-maad frequency_entropy",
            undefined=f"{short} a frame of 1024 samples",
        ),
    ]


def _compute(
    p: AcousticEntropyParameters,
    *,
    soundscape_spectra: SoundscapeSpectra,
    peak_envelopes: Envelopes,
) -> Array:
    """Entropies of each clip: ``(3, clips)``."""
    amplitude = p.quantity == "amplitude"
    power, envelope = soundscape_spectra.mean_power, peak_envelopes.values
    power = np.ravel(power)
    bins = Segments([BINS] * len(peak_envelopes))
    over_frequency = _evenness(np.sqrt(power) if amplitude else power, bins)
    x = envelope if amplitude else np.square(envelope)
    over_time = _evenness(x, peak_envelopes.segments)
    return np.stack([over_time * over_frequency, over_time, over_frequency])


def _evenness(x: Array, segments: Segments) -> Array:
    """Entropy of the shares of each segment over its greatest possible value, ``(segments,)``."""
    total = segments.sum(x)
    total = np.where(total > 0, total, np.nan)
    q = x / segments.to_frames(total)
    entropy = -segments.sum(q * np.log(np.maximum(q, LEAST)))
    greatest = np.log(segments.lengths)
    greatest[segments.lengths < 2] = np.nan
    return np.asarray(np.minimum(np.maximum(entropy, 0) / greatest, 1))


def _sounding_quarter(sr: float) -> Array:
    """A constant magnitude in the first quarter of the windows, and then silence."""
    y = np.zeros(512 * 400, dtype=np.float32)
    y[: 512 * 100] = signals.square(sr / 64, sr, 512 * 100 / sr)
    return y


FAMILY = Family(
    name="acoustic_entropy",
    parameters=AcousticEntropyParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    reference_cases=(
        ReferenceCase(
            name="white noise has an entropy near 1",
            signal=lambda sr: signals.noise(sr, 20.0),
            expected={"acoustic_entropy": 1.0, "mean_spectrum_entropy": 1.0},
            tolerance=0.01,
        ),
        ReferenceCase(
            name="a tone has the entropy of three bins of the window, 1/6, 2/3, 1/6, over ln 512",
            signal=lambda sr: signals.sine(sr / 8, sr, 5.0),
            expected={
                "envelope_entropy": 1.0,
                "mean_spectrum_entropy": (np.log(6) / 3 + np.log(1.5) * 2 / 3) / np.log(512),
            },
            tolerance=1e-4,
        ),
        ReferenceCase(
            name="sound in a quarter of the windows has the entropy of a quarter of them",
            signal=_sounding_quarter,
            expected={"envelope_entropy": np.log(100) / np.log(400)},
            tolerance=1e-6,
        ),
    ),
)
