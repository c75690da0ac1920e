"""Dynamics: how unevenly the level of a clip is spread over its time.

Crest factor and low-energy fraction do not depend on how loud the clip is. Dynamic complexity does
where levels come near -90 dB, as in pauses: there it no longer tells them apart, and how much of
both ends is silence is decided there, too.

The dynamic complexity of Streich ("Music complexity: a multi-faceted description of audio content",
2007) is Essentia's, with its filter at the clip's own rate, and without the silence at both ends,
as Essentia says. (Its version 2.1-beta6 looks for levels of -90 dB, and calls silence -100: it
leaves out none.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip, pieces
from featkit.dsp.steps import step_means, step_sums
from featkit.features.family import Descriptor, Family, NoParameters, Oracle

WINDOWS_PER_SECOND = 40
"""Of the low-energy fraction: 25 ms."""

BELOW = 1 - 1e-9
"""What share of the mean counts as below it: a window of the mean level is not, however rounding
falls out."""

FRAME, SMEAR = 0.2, 0.035
"""Of the dynamic complexity: seconds between levels, and within which a level decays to 1/e."""

POLE = 0.9719 ** (44100 / 1000)
"""After a millisecond, what is left in the high-pass that stands for the ear: its corner is at
200 Hz, and at 44.1 kHz it has Essentia's coefficients."""

QUIETEST = 1e-9
"""Mean square, -90 dB, that nothing is told apart below."""


def descriptors(p: NoParameters) -> Sequence[Descriptor]:
    crest = Descriptor(
        name="crest_factor",
        unit="dB",
        low=0.0,
        high=np.inf,
        definition="greatest absolute sample over the root mean square: 20 log10(max |y| / rms)",
        reference="IEC 60268-1 for the term",
        undefined="in digital silence",
    )
    complexity = Descriptor(
        name="dynamic_complexity",
        unit="dB",
        low=0.0,
        high=np.inf,
        definition="mean distance of the levels L, 0.2 s apart, from their mean with weights"
        " 0.9^-L; levels of the sound above 200 Hz, smeared by 35 ms; lower ones count as -90 dB,"
        " and those at both ends not at all, so that in a clip with pauses it matters how loud it"
        " is",
        reference="Streich 2007; Essentia DynamicComplexity",
        undefined="in a clip shorter than 0.2 s, where no level is above -90 dB, as in silence, and"
        " below a sample rate of 5 Hz",
    )
    low_energy = Descriptor(
        name="low_energy_fraction",
        unit="1",
        low=0.0,
        high=1.0,
        definition="share of windows of 25 ms whose root mean square is below the mean of theirs",
        reference="Tzanetakis and Cook 2002, II.A.1 (low energy), of the whole clip",
        undefined="in a clip shorter than 25 ms, in digital silence, and below a sample rate of"
        f" {WINDOWS_PER_SECOND} Hz",
    )
    return [crest, complexity, low_energy]


def compute(p: NoParameters, *, clips: Sequence[Clip], sr: float) -> Array:
    """Dynamics of each clip: ``(3, clips)``."""
    functions = (crest_factor, dynamic_complexity, low_energy_fraction)
    return np.array([[function(clip, sr) for clip in clips] for function in functions])


def crest_factor(clip: Clip, sr: float) -> float:
    """The peak over the root mean square, in dB."""
    peak, energy = 0.0, 0.0
    for piece in pieces(clip):
        peak = max(peak, float(np.max(piece)), -float(np.min(piece)))
        energy += float(np.sum(np.square(piece, dtype=np.float64)))
    return float(20 * np.log10(peak / np.sqrt(energy / len(clip)))) if peak else np.nan


def dynamic_complexity(clip: Clip, sr: float) -> float:
    """The mean distance of levels from their mean, in dB."""
    if sr * FRAME < 1:
        return np.nan
    level = 10 * np.log10(np.maximum(smeared(clip, sr), QUIETEST))
    heard = np.flatnonzero(level > 10 * np.log10(QUIETEST))
    if not len(heard):
        return np.nan
    level = level[heard[0] : heard[-1] + 1]
    weights = 0.9 ** (np.max(level) - level)
    return float(np.mean(np.abs(level - np.sum(weights * level) / np.sum(weights))))


def smeared(clip: Clip, sr: float) -> Array:
    """Mean square of the filtered sound, smeared by `SMEAR`, at the end of each `FRAME`."""
    from scipy.signal import lfilter

    frame = int(FRAME * sr)
    kept = np.exp(-1 / (SMEAR * sr))
    weights = kept ** np.arange(frame - 1, -1, -1)
    pole = POLE ** (1000 / sr)
    gain = (1 + pole) / 2

    def weighted() -> Iterator[Array]:
        state, begin = np.zeros(1), 0
        for piece in pieces(clip):
            filtered, state = lfilter([gain, -gain], [1, -pole], piece, zi=state)
            yield np.square(filtered) * np.resize(np.roll(weights, -begin), len(piece))
            begin = (begin + len(piece)) % frame

    sums = step_sums(weighted(), frame)
    return np.asarray(lfilter([1 - kept], [1, -(kept**frame)], sums))


def low_energy_fraction(clip: Clip, sr: float) -> float:
    """The share of windows below the mean root mean square."""
    if sr < WINDOWS_PER_SECOND:
        return np.nan
    squares = (np.square(piece, dtype=np.float64) for piece in pieces(clip))
    level = np.sqrt(step_means(squares, sr / WINDOWS_PER_SECOND))
    return float(np.mean(level < BELOW * np.mean(level))) if level.any() else np.nan


FAMILY = Family(
    name="dynamics",
    descriptors=descriptors,
    compute=compute,
    per="clip",
    oracles=(
        Oracle(
            name="a sine has a crest factor of 3.01 dB",
            signal=lambda sr: signals.sine(1000.0, sr, duration=2.0),
            expected={"crest_factor": 20 * np.log10(np.sqrt(2))},
            tolerance=1e-3,
            parameters={},
        ),
        Oracle(
            name="of a second at full and three at a tenth of the level, three quarters are low",
            signal=lambda sr: (
                signals.square(100.0, sr, duration=4.0)
                * np.where(signals.time(sr, 4.0) < 1, 1, 0.1).astype(np.float32)
            ),
            expected={
                "low_energy_fraction": 0.75,
                "crest_factor": -10 * np.log10((1 + 3 * 0.01) / 4),
            },
            tolerance=1e-3,
            parameters={},
        ),
        Oracle(
            name="in a constant no window is below the mean",
            signal=lambda sr: signals.constant(sr, duration=10.0, value=0.3),
            expected={"low_energy_fraction": 0.0, "crest_factor": 0.0},
            tolerance=1e-6,
            parameters={},
        ),
        Oracle(
            name="of two halves 20 dB apart, the loud one weighs 0.9^-20 times as much",
            signal=lambda sr: (
                signals.sine(1000.0, sr, duration=100.0)
                * np.where(signals.time(sr, 100.0) < 50, 1, 0.1).astype(np.float32)
            ),
            expected={"dynamic_complexity": 10.0},
            tolerance=0.1,
            parameters={},
        ),
    ),
)
