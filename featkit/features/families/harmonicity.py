"""Harmonicity: how the power of a voiced frame stands on its harmonics, and beside them.

The noise is what does not repeat after a period (Boersma, "Accurate short-term analysis of the
fundamental frequency and the harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17,
1993). Both it and the places of harmonics depend on the period between samples, which is that of
`featkit.dsp.pitch`, more precise than the f0 of the family `pitch`. Even so a tone without noise
has some 40 dB at least, or 30 if its partials are equally strong up to half the rate, and one that
is exactly harmonic an inharmonicity of up to some 0.005.

The other descriptors look at peaks of the spectrum: harmonic h is the strongest bin within 0.2 f0
of h f0 (in whole bins, at least one), if it is a peak, refined by a parabola through the logarithms
of three bins; where there is no peak, the harmonic's amplitude is 0. (`HarmonicPeaks` of Essentia
has this tolerance, but takes the nearest peak; and its `OddToEvenHarmonicEnergyRatio` counts
harmonics from 0, so that it is one over this one.) Only voiced frames count, see the family
`pitch`, and only frames whose harmonics are at least three bins apart: closer ones are not told
apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from featkit import signals
from featkit._utils.parameters import parameter
from featkit._utils.typing import Array
from featkit.dsp.bins import parabola, sums_over_bins
from featkit.dsp.pitch import Pitches, PitchParameters
from featkit.features.family import Descriptor, Family, Oracle

TOLERANCE = 0.2
"""How far from its place a harmonic may lie, in parts of the fundamental frequency."""

APART = 3.0
"""How many bins apart harmonics must be: the main lobe of a Hann window is two to either side."""

LEAST_SHARE = 1e-6
"""Shares of power below this (-60 dB) count as it: single precision does not tell them apart."""


class HarmonicityParameters(PitchParameters):
    """Where the pitch is sought, and how many harmonics are looked at."""

    n_harmonics: int = parameter(
        20, "harmonics, from the fundamental; those above half the rate are 0", at_least=5
    )


def descriptors(p: HarmonicityParameters) -> Sequence[Descriptor]:
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


def compute(p: HarmonicityParameters, *, pitches: Pitches, magnitude: Array, n_fft: int) -> Array:
    """The descriptors of each frame: ``(6, frames)``."""
    pitch = pitches(p)
    values = np.full((6, len(pitch.f0)), np.nan)
    noise = np.maximum(2 * pitch.aperiodicity, LEAST_SHARE)
    harmonic = np.maximum(1 - noise, LEAST_SHARE)
    values[0] = np.where(pitch.voiced, 10 * np.log10(harmonic / noise), np.nan)
    spacing = n_fft / pitch.period
    falling = np.argsort(-spacing, kind="stable")
    frames = falling[(pitch.voiced & (spacing >= APART))[falling]]
    if len(frames):
        found = harmonics(magnitude, frames, spacing[frames], p.n_harmonics)
        values[1:, frames] = _shape(found)
    return values


class Harmonics(NamedTuple):
    """Harmonics of some frames, each of shape ``(n_harmonics, frames)``.

    Attributes
    ----------
    amplitude : float64
        0 where there is none.
    deviation : float64
        Distance from the place of an exact multiple, in parts of the fundamental frequency.
    """

    amplitude: Array
    deviation: Array


def harmonics(magnitude: Array, frames: Array, spacing: Array, count: int) -> Harmonics:
    """The harmonics of some frames.

    Parameters
    ----------
    magnitude : array, shape ``(bins, frames)``
    frames : array of int
        Which frames, the highest pitch first.
    spacing : array
        The fundamental frequency of each, in bins.
    count : int
        How many harmonics.
    """
    places = spacing[:, None] * np.arange(1, count + 1)
    reach = np.maximum(np.rint(TOLERANCE * spacing), 1).astype(np.intp)
    within = np.flatnonzero(places + reach[:, None] < len(magnitude) - 1.5)
    frame, place = within // count, places.ravel()[within]
    strongest = _strongest(magnitude, frames[frame], np.rint(place).astype(np.intp), reach[frame])
    around = np.stack([magnitude[strongest + k, frames[frame]] for k in (-1, 0, 1)])
    shift, least = parabola(-np.log(np.maximum(around, np.finfo(np.float32).tiny), dtype=float))
    peak = (around[1] > around[0]) & (around[1] >= around[2])
    amplitude, deviation = np.zeros(places.shape), np.zeros(places.shape)
    amplitude.flat[within] = np.where(peak, np.exp(-least), 0)
    deviation.flat[within] = np.abs(strongest + shift - place) / spacing[frame]
    # Laid out as rows, so that sums over harmonics run in one order for one frame and for many.
    return Harmonics(np.ascontiguousarray(amplitude.T), np.ascontiguousarray(deviation.T))


def _strongest(magnitude: Array, frames: Array, middle: Array, reach: Array) -> Array:
    """The strongest bin within some bins of the middle one; the widest reach comes first."""
    flat, step = magnitude.ravel(), magnitude.shape[1]
    at = (middle - reach) * step + frames
    greatest, offset = flat.take(at), np.zeros_like(at)
    wide = np.searchsorted(-2 * reach, -np.arange(1, 2 * reach[0] + 1), side="right")
    for k, some in enumerate(wide.tolist(), start=1):
        at[:some] += step
        here = flat.take(at[:some])
        above = here > greatest[:some]
        np.copyto(greatest[:some], here, where=above)
        np.copyto(offset[:some], k, where=above)
    return np.asarray(middle - reach + offset)


def _shape(found: Harmonics) -> Array:
    """What follows from the harmonics: ``(5, frames)``, NaN where none was found."""
    total = sums_over_bins(found.amplitude)
    total = np.where(total > 0, total, np.nan)
    power = np.square(found.amplitude / total)
    all_power = sums_over_bins(power)
    inharmonicity = 2 * sums_over_bins(found.deviation * power) / all_power
    odd, even = (np.maximum(sums_over_bins(power[k::2]) / all_power, LEAST_SHARE) for k in (0, 1))
    thirds = [sums_over_bins(part) / total for part in np.split(found.amplitude, [1, 4])]
    return np.stack([np.minimum(inharmonicity, 1), 10 * np.log10(odd / even), *thirds])


def _in_noise(sr: float) -> Array:
    """A sine with noise a hundredth of its power."""
    noise = signals.noise(sr, amplitude=0.5 / np.sqrt(200))
    return np.asarray(signals.sine(441.0, sr) + noise)


def _rich(sr: float) -> Array:
    """Harmonics of one amplitude up to 10 kHz, not a whole number of samples to a period."""
    return np.asarray(sum(signals.sine(h * 329.6, sr, amplitude=0.03) for h in range(1, 31)))


def _rich_in_noise(sr: float) -> Array:
    """Such a tone with noise a hundredth of its power."""
    noise = signals.noise(sr, amplitude=0.03 * np.sqrt(30 / 200))
    return np.asarray(_rich(sr) + noise)


def _two(sr: float) -> Array:
    """A fundamental and its fifth harmonic, a quarter of its amplitude."""
    return np.asarray(
        signals.sine(300.0, sr, amplitude=0.4) + signals.sine(1500.0, sr, amplitude=0.1)
    )


def _octave(sr: float) -> Array:
    """A fundamental and its octave, of half its amplitude."""
    return np.asarray(
        signals.sine(300.0, sr, amplitude=0.4) + signals.sine(600.0, sr, amplitude=0.2)
    )


FAMILY = Family(
    name="harmonicity",
    parameters=HarmonicityParameters,
    descriptors=descriptors,
    compute=compute,
    oracles=(
        Oracle(
            name="noise of a hundredth of a sine's power is 20 dB below it",
            signal=_in_noise,
            expected={"harmonic_to_noise_ratio": 20.0},
            tolerance=0.5,
            parameters={},
        ),
        Oracle(
            name="so it is of a tone with many partials and a period between samples",
            signal=_rich_in_noise,
            expected={"harmonic_to_noise_ratio": 20.0},
            tolerance=0.5,
            parameters={},
        ),
        Oracle(
            name="such a tone is harmonic",
            signal=_rich,
            expected={"inharmonicity": 0.0},
            tolerance=0.002,
            parameters={},
        ),
        Oracle(
            name="a fundamental and its fifth are odd, exact, and the first and the third stimulus",
            signal=_two,
            expected={
                "inharmonicity": 0.0,
                "odd_to_even_ratio": 60.0,
                "tristimulus_1": 0.8,
                "tristimulus_2": 0.0,
                "tristimulus_3": 0.2,
            },
            tolerance=0.005,
            parameters={},
        ),
        Oracle(
            name="an octave of half the amplitude is 6 dB below",
            signal=_octave,
            expected={"odd_to_even_ratio": 10 * np.log10(4.0)},
            tolerance=0.1,
            parameters={},
        ),
        Oracle(
            name="such an octave is a third of the amplitude, the second stimulus",
            signal=_octave,
            expected={
                "inharmonicity": 0.0,
                "tristimulus_1": 2 / 3,
                "tristimulus_2": 1 / 3,
                "tristimulus_3": 0.0,
            },
            tolerance=0.01,
            parameters={},
        ),
    ),
)
