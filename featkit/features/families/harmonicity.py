"""Harmonicity: the distribution of a voiced frame's power over harmonics and noise.

The noise is the part that does not repeat after a period. Noise and positions of harmonics are
computed from the interpolated period of `featkit.dsp.pitch`, which is more precise than the f0 of
the family `pitch`. Its errors limit the values: the ratio for a tone without noise may be as low as
some 40 dB, or 30 dB if its partials are equally strong up to half the sample rate, and the
inharmonicity of an exactly harmonic tone is up to some 0.005.

The other descriptors use peaks of the spectrum. Harmonic h is the strongest bin within 0.2 f0 of
h f0 (in whole bins, at least one) if it is a peak, refined by a parabola through the logarithms of
three bins; without a peak its amplitude is 0. (Essentia's `HarmonicPeaks` has this tolerance, but
selects the nearest peak; its `OddToEvenHarmonicEnergyRatio` counts harmonics from 0 and is
therefore the reciprocal.) Only voiced frames are analysed, see the family `pitch`, and only those
with harmonics at least three bins apart, because closer ones cannot be separated.

References
----------
Boersma, P. "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise
ratio of a sampled sound", IFA Proceedings 17, 1993.

Peeters, G. "A large set of audio features for sound description (similarity and classification) in
the CUIDADO project", 2004.

Pollard, H. F. and Jansson, E. V. "A tristimulus method for the specification of musical timbre",
Acustica 51, 1982.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.parameters import parameter
from featkit._utils.typing import Array
from featkit.dsp.harmonics import harmonic_shares
from featkit.dsp.pitch import Pitches, PitchParameters
from featkit.features.family import Descriptor, Family, ReferenceCase

MIN_SPACING = 3.0
"""Smallest distance of harmonics in bins; the main lobe of a Hann window has two on each side."""

LEAST_SHARE = 1e-6
"""Lower limit of shares of power (-60 dB): single precision does not distinguish lower ones."""


class HarmonicityParameters(PitchParameters):
    """Range of the pitch, and number of harmonics."""

    n_harmonics: int = parameter(
        20, "number of harmonics; those above half the sample rate are 0", at_least=5
    )


def _descriptors(p: HarmonicityParameters) -> list[Descriptor]:
    unvoiced = "in unvoiced frames, and so in silence"
    close = f"{unvoiced}; and where harmonics are less than three bins apart"
    first = f"the first {p.n_harmonics} harmonics"
    return [
        Descriptor(
            name="harmonic_to_noise_ratio",
            unit="dB",
            low=-60.0,
            high=60.0,
            definition="10 log10(r / (1 - r)) of the normalised autocorrelation r at the period,"
            " interpolated between samples, which is 1 - 2 aperiodicity",
            reference="Boersma 1993; de Cheveigné and Kawahara 2002",
            undefined=unvoiced,
        ),
        Descriptor(
            name="inharmonicity",
            unit="1",
            low=0.0,
            high=1.0,
            definition="2 / f0 times the mean distance of harmonics from their place,"
            f" sum(|f[h] - h f0| a[h]²) / sum(a[h]²), over {first}, with f0 by the interpolated"
            " autocorrelation",
            reference="Peeters 2004, 6.2.3; Essentia Inharmonicity",
            undefined=close,
        ),
        Descriptor(
            name="odd_to_even_ratio",
            unit="dB",
            low=-60.0,
            high=60.0,
            definition="10 log10 of the power of odd harmonics over that of even ones,"
            f" sum(a[h]²) of each, over {first}; a share below 1e-6 counts as that",
            reference="Peeters 2004, 6.2.4 (there no logarithm)",
            undefined=close,
        ),
        Descriptor(
            name="tristimulus",
            unit="1",
            low=0.0,
            high=1.0,
            definition=f"share in sum(a[h]) over {first}: 1, of the first; 2, of the second to the"
            " fourth; 3, of the fifth and all above",
            reference="Pollard and Jansson 1982; Peeters 2004, 6.2.5",
            undefined=close,
            indices=("1", "2", "3"),
        ),
    ]


def _compute(p: HarmonicityParameters, *, pitches: Pitches, power: Array, n_fft: int) -> Array:
    """Descriptors of each frame: ``(6, frames)``."""
    pitch = pitches(p)
    values = np.full((6, len(pitch.f0)), np.nan)
    noise = np.maximum(2 * pitch.aperiodicity, LEAST_SHARE)
    harmonic = np.maximum(1 - noise, LEAST_SHARE)
    values[0] = np.where(pitch.voiced, 10 * np.log10(harmonic / noise), np.nan)
    spacing = n_fft / pitch.period
    frames = np.flatnonzero(pitch.voiced & (spacing >= MIN_SPACING))
    if len(frames):
        deviation, odd, even, *tristimulus = harmonic_shares(
            power, frames, spacing[frames], p.n_harmonics
        )
        ratio = 10 * np.log10(np.maximum(odd, LEAST_SHARE) / np.maximum(even, LEAST_SHARE))
        values[1:, frames] = np.stack([np.minimum(2 * deviation, 1), ratio, *tristimulus])
    return values


def _sine_in_noise(sr: float) -> Array:
    """A sine with noise of a hundredth of its power."""
    noise = signals.noise(sr, amplitude=0.5 / np.sqrt(200))
    return np.asarray(signals.sine(441.0, sr) + noise)


def _rich(sr: float) -> Array:
    """Harmonics of equal amplitude up to 10 kHz; the period is not a whole number of samples."""
    return np.asarray(sum(signals.sine(h * 329.6, sr, amplitude=0.03) for h in range(1, 31)))


def _rich_in_noise(sr: float) -> Array:
    """The tone of `_rich` with noise of a hundredth of its power."""
    noise = signals.noise(sr, amplitude=0.03 * np.sqrt(30 / 200))
    return np.asarray(_rich(sr) + noise)


def _first_and_fifth(sr: float) -> Array:
    """A fundamental and its fifth harmonic with a quarter of its amplitude."""
    return np.asarray(
        signals.sine(300.0, sr, amplitude=0.4) + signals.sine(1500.0, sr, amplitude=0.1)
    )


def _first_and_second(sr: float) -> Array:
    """A fundamental and its octave with half its amplitude."""
    return np.asarray(
        signals.sine(300.0, sr, amplitude=0.4) + signals.sine(600.0, sr, amplitude=0.2)
    )


FAMILY = Family(
    name="harmonicity",
    parameters=HarmonicityParameters,
    descriptors=_descriptors,
    compute=_compute,
    reference_cases=(
        ReferenceCase(
            name="noise of a hundredth of a sine's power is 20 dB below it",
            signal=_sine_in_noise,
            expected={"harmonic_to_noise_ratio": 20.0},
            tolerance=0.5,
        ),
        ReferenceCase(
            name="a tone of many partials with a period between samples is 20 dB above its noise",
            signal=_rich_in_noise,
            expected={"harmonic_to_noise_ratio": 20.0},
            tolerance=0.5,
        ),
        ReferenceCase(
            name="a tone with many partials and a period between samples is harmonic",
            signal=_rich,
            expected={"inharmonicity": 0.0},
            tolerance=0.002,
        ),
        ReferenceCase(
            name="harmonics 1 and 5 are odd and exact, in the tristimulus values 1 and 3",
            signal=_first_and_fifth,
            expected={
                "inharmonicity": 0.0,
                "odd_to_even_ratio": 60.0,
                "tristimulus_1": 0.8,
                "tristimulus_2": 0.0,
                "tristimulus_3": 0.2,
            },
            tolerance=0.005,
        ),
        ReferenceCase(
            name="an octave of half the amplitude is 6 dB below the fundamental",
            signal=_first_and_second,
            expected={"odd_to_even_ratio": 10 * np.log10(4.0)},
            tolerance=0.1,
        ),
        ReferenceCase(
            name="an octave of half the amplitude has a third of the sum, the tristimulus value 2",
            signal=_first_and_second,
            expected={
                "inharmonicity": 0.0,
                "tristimulus_1": 2 / 3,
                "tristimulus_2": 1 / 3,
                "tristimulus_3": 0.0,
            },
            tolerance=0.01,
        ),
    ),
)
