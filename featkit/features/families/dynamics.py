"""Dynamics: how much the level varies within a clip.

Crest factor and low-energy fraction do not depend on the level of the clip. Dynamic complexity does
if levels come near -90 dB, as in pauses: lower levels count as -90 dB, and are removed as silence
at both ends.

Dynamic complexity follows Essentia, with the filter designed for the clip's sample rate, and
without the silence at both ends, as in Essentia's documentation. (The code of Essentia 2.1-beta6
removes no silence: it limits levels at -90 dB, but its threshold of silence is -100 dB.)

References
----------
Streich, S. "Music complexity: a multi-faceted description of audio content", PhD thesis,
Universitat Pompeu Fabra, 2007.

Tzanetakis, G. and Cook, P. "Musical genre classification of audio signals", IEEE Transactions on
Speech and Audio Processing 10(5), 2002.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip, pieces
from featkit.dsp.intervals import interval_means, interval_sums
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

WINDOWS_PER_SECOND = 40
"""Windows of 25 ms for the low-energy fraction."""

BELOW = 1 - 1e-9
"""A window is low if its level is below this multiple of the mean. It is slightly less than 1, so
that rounding does not make a window at the mean low."""

FRAME, DECAY = 0.2, 0.035
"""Seconds between the levels for dynamic complexity, and time constant of their smoothing."""

POLE = 0.9719 ** (44100 / 1000)
"""Decay per millisecond of the high-pass that models the ear. Its corner is at 200 Hz; at 44.1 kHz
its coefficients are those of Essentia."""

QUIETEST = 1e-9
"""Lower limit of the mean square: -90 dB."""


CREST = Descriptor(
    name="crest_factor",
    unit="dB",
    low=0.0,
    definition="greatest absolute sample over the root mean square: 20 log10(max |y| / rms)",
    reference="IEC 60268-1 for the term",
    undefined="in digital silence",
)
COMPLEXITY = Descriptor(
    name="dynamic_complexity",
    unit="dB",
    low=0.0,
    definition="mean distance of the levels L, 0.2 s apart, from their mean with weights"
    " 0.9^-L; levels of the sound above 200 Hz, smeared by 35 ms; lower ones count as -90 dB,"
    " and those at both ends not at all, so that in a clip with pauses it matters how loud it"
    " is",
    reference="Streich 2007; Essentia DynamicComplexity",
    undefined="in a clip shorter than 0.2 s, where no level is above -90 dB, as in silence, and"
    " below a sample rate of 5 Hz",
)
LOW_ENERGY = Descriptor(
    name="low_energy_fraction",
    unit="1",
    low=0.0,
    high=1.0,
    definition="share of windows of 25 ms whose root mean square is below the mean of theirs",
    reference="Tzanetakis and Cook 2002, II.A.1 (low energy), of the whole clip",
    undefined="in a clip shorter than 25 ms, in digital silence, and below a sample rate of"
    f" {WINDOWS_PER_SECOND} Hz",
)


def _compute(p: NoParameters, *, clips: Sequence[Clip], sr: float) -> Array:
    """Dynamics of each clip: ``(3, clips)``."""
    functions = (crest_factor, dynamic_complexity, low_energy_fraction)
    return np.array([[function(clip, sr) for clip in clips] for function in functions])


def crest_factor(clip: Clip, sr: float) -> float:
    """Compute the ratio of peak to root mean square.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
        Samples.
    sr : float
        Sample rate in Hz; not used.

    Returns
    -------
    float
        In dB; NaN in digital silence.
    """
    peak, energy = 0.0, 0.0
    for piece in pieces(clip):
        peak = max(peak, float(np.max(piece)), -float(np.min(piece)))
        energy += float(np.sum(np.square(piece, dtype=np.float64)))
    return float(20 * np.log10(peak / np.sqrt(energy / len(clip)))) if peak else np.nan


def dynamic_complexity(clip: Clip, sr: float) -> float:
    """Compute the mean distance of levels from their weighted mean.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
        Samples.
    sr : float
        Sample rate in Hz.

    Returns
    -------
    float
        In dB; NaN without any level above -90 dB.
    """
    if sr * FRAME < 1:
        return np.nan
    level = 10 * np.log10(np.maximum(_smoothed(clip, sr), QUIETEST))
    sounding = np.flatnonzero(level > 10 * np.log10(QUIETEST))
    if not len(sounding):
        return np.nan
    level = level[sounding[0] : sounding[-1] + 1]
    weights = 0.9 ** (np.max(level) - level)
    return float(np.mean(np.abs(level - np.sum(weights * level) / np.sum(weights))))


def _smoothed(clip: Clip, sr: float) -> Array:
    """Mean square of the filtered sound, smoothed over `DECAY`, at the end of each `FRAME`."""
    from scipy.signal import lfilter

    frame = int(FRAME * sr)
    kept = np.exp(-1 / (DECAY * sr))
    weights = kept ** np.arange(frame - 1, -1, -1)
    pole = POLE ** (1000 / sr)
    gain = (1 + pole) / 2

    def weighted() -> Iterator[Array]:
        state, begin = np.zeros(1), 0
        for piece in pieces(clip):
            filtered, state = lfilter([gain, -gain], [1, -pole], piece, zi=state)
            yield np.square(filtered) * np.resize(np.roll(weights, -begin), len(piece))
            begin = (begin + len(piece)) % frame

    sums = interval_sums(weighted(), frame)
    return np.asarray(lfilter([1 - kept], [1, -(kept**frame)], sums))


def low_energy_fraction(clip: Clip, sr: float) -> float:
    """Compute the share of windows with a root mean square below the mean of all windows.

    Parameters
    ----------
    clip : array or DiskArray of float32, shape ``(samples,)``
        Samples.
    sr : float
        Sample rate in Hz.

    Returns
    -------
    float
        0 to 1; NaN in digital silence.
    """
    if sr < WINDOWS_PER_SECOND:
        return np.nan
    squares = (np.square(piece, dtype=np.float64) for piece in pieces(clip))
    level = np.sqrt(interval_means(squares, sr / WINDOWS_PER_SECOND))
    return float(np.mean(level < BELOW * np.mean(level))) if level.any() else np.nan


FAMILY = Family(
    name="dynamics",
    descriptors=lambda p: [CREST, COMPLEXITY, LOW_ENERGY],
    compute=_compute,
    per="clip",
    reference_cases=(
        ReferenceCase(
            name="a sine has a crest factor of 3.01 dB",
            signal=lambda sr: signals.sine(1000.0, sr, duration=2.0),
            expected={"crest_factor": 20 * np.log10(np.sqrt(2))},
            tolerance=1e-3,
        ),
        ReferenceCase(
            name="one second at full level and three at a tenth have a low-energy fraction of 3/4",
            signal=lambda sr: (
                signals.square(100.0, sr, duration=4.0)
                * np.where(signals.time(sr, 4.0) < 1, 1, 0.1).astype(np.float32)
            ),
            expected={
                "low_energy_fraction": 0.75,
                "crest_factor": -10 * np.log10((1 + 3 * 0.01) / 4),
            },
            tolerance=1e-3,
        ),
        ReferenceCase(
            name="a constant has no window below the mean",
            signal=lambda sr: signals.constant(sr, duration=10.0, value=0.3),
            expected={"low_energy_fraction": 0.0, "crest_factor": 0.0},
            tolerance=1e-6,
        ),
        ReferenceCase(
            name="in two halves 20 dB apart, the loud one has 0.9^-20 times the weight",
            signal=lambda sr: (
                signals.sine(1000.0, sr, duration=100.0)
                * np.where(signals.time(sr, 100.0) < 50, 1, 0.1).astype(np.float32)
            ),
            expected={"dynamic_complexity": 10.0},
            tolerance=0.1,
        ),
    ),
)
