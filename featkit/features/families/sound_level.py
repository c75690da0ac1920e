"""Sound level: equivalent levels, and levels exceeded for a share of the time.

The levels are those of a sound level meter if the parameters give the calibration of the recorder.
Frequencies above half the sample rate are missing. The mean of the samples, a constant offset that
some recorders add, is no sound: it counts in ``leq`` only. Percentiles are those of the A-weighted
level with time weighting F (125 ms), sampled every 10 ms. Before the clip, the meter hears its
mirror image for a second.

References
----------
IEC 61672-1, "Electroacoustics - Sound level meters - Part 1: Specifications", 2013.

ISO 1996-1, "Acoustics - Description, measurement and assessment of environmental noise - Part 1:
Basic quantities and assessment procedures", 2016.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.offsets import mean_square, offset
from featkit.dsp.weighting import LOWEST_RATE, STEPS_PER_SECOND, SoundLevel
from featkit.features.calibration import LEVEL_UNIT, CalibrationParameters
from featkit.features.family import Descriptor, Family, ReferenceCase

EXCEEDED = (10, 50, 90)
"""Shares of the time in per cent, for which the level is exceeded."""


def _descriptors(p: CalibrationParameters) -> list[Descriptor]:
    low_rate = f"below a sample rate of {LOWEST_RATE:g} Hz"
    short = f"in a clip shorter than {1000 / STEPS_PER_SECOND:g} ms"
    constant = "where all samples are equal, as in digital silence"
    fast = f"A-weighted level with time weighting F, every {1000 / STEPS_PER_SECOND:g} ms"

    def level(name: str, definition: str, reference: str, undefined: str) -> Descriptor:
        return Descriptor(
            name=name,
            unit=LEVEL_UNIT,
            definition=f"{definition}; {p.text}",
            reference=reference,
            undefined=undefined,
        )

    return [
        level(
            "laeq",
            "A-weighted equivalent continuous level: 10 log10 of the mean square of the A-weighted"
            " pressure over (20 µPa)²",
            "IEC 61672-1; ISO 1996-1, 3.1.8",
            f"{constant}; {low_rate}",
        ),
        level(
            "lceq",
            "C-weighted equivalent continuous level",
            "IEC 61672-1",
            f"{constant}; {low_rate}",
        ),
        level(
            "lzeq",
            "unweighted equivalent continuous level of the samples without their mean",
            "IEC 61672-1, Z-weighting",
            constant,
        ),
        level(
            "leq",
            "unweighted equivalent continuous level of the samples, with their mean: 10 log10 of"
            " the mean square of the pressure over (20 µPa)²",
            "ISO 1996-1; scikit-maad wav2leq with dBref 93.98",
            "in digital silence",
        ),
        level(
            "la_max",
            f"maximum of the {fast}",
            "IEC 61672-1; ISO 1996-1",
            f"{constant}; {short}; {low_rate}",
        ),
        *(
            level(
                f"la{share}",
                f"{fast}, that is exceeded for {share} % of the time",
                "ISO 1996-1, N percentage exceedance level",
                f"{constant}; {short}; {low_rate}",
            )
            for share in EXCEEDED
        ),
    ]


def _compute(p: CalibrationParameters, *, clips: Sequence[Clip], sr: float) -> Array:
    """Levels of each clip: ``(8, clips)``."""
    return p.levels(np.array([_powers(clip, sr) for clip in clips]).T)


def _powers(clip: Clip, sr: float) -> list[float]:
    """Mean squares by weighting (A, C, none without and with offset); maximum and percentiles."""
    plain = [mean_square(clip, offset(clip)), mean_square(clip)]
    if sr < LOWEST_RATE:
        return [np.nan, np.nan, *plain, *(1 + len(EXCEEDED)) * [np.nan]]
    a, c = SoundLevel(clip, sr, "A"), SoundLevel(clip, sr, "C")
    shares = [100, *(100 - share for share in EXCEEDED)]
    exceeded = np.percentile(a.fast, shares, method="nearest") if len(a.fast) else [np.nan] * 4
    return [a.mean, c.mean, *plain, *exceeded]


def _calibrator(sr: float) -> Array:
    """A tone of 1 kHz with a root mean square of 0.1."""
    return signals.sine(1000.0, sr, duration=5.0, amplitude=0.1 * np.sqrt(2))


def _loud_for_a_fifth(sr: float) -> Array:
    """A tone of 1 kHz, 20 dB louder in the last two of ten seconds."""
    loud = np.where(signals.time(sr, 10.0) < 8, 0.1, 1).astype(np.float32)
    return signals.sine(1000.0, sr, duration=10.0, amplitude=0.1 * np.sqrt(2)) * loud


FAMILY = Family(
    name="sound_level",
    parameters=CalibrationParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a tone of 1 kHz and 1 Pa has 94 dB by all weightings",
            signal=_calibrator,
            expected=dict.fromkeys(["laeq", "lceq", "leq", "la10", "la50", "la90"], 93.98),
            tolerance=0.05,
            parameters={"sensitivity": -40.0, "gain": 20.0},
        ),
        ReferenceCase(
            name="a tone of 1 Pa has 93.98 dB, and is 20 dB louder for a fifth of the time",
            signal=_loud_for_a_fifth,
            expected={
                "leq": 73.98 + 10 * np.log10(0.2 + 0.8 * 0.01),
                "la_max": 73.98,
                "la10": 73.98,
                "la50": 53.98,
                "la90": 53.98,
            },
            tolerance=0.05,
        ),
    ),
)
