"""Rate of speech: syllables and pauses of a clip, without a transcription.

A syllable has a nucleus: a voiced peak of the level, which rises before it and falls after it by at
least 2 dB, and is at most 25 dB below the loudest peaks. A pause is a stretch of at least 0.3 s
whose level is lower than that. Level and voicing are those of the frames of `speech_pitch`.

References
----------
de Jong, N. H. and Wempe, T. "Praat script to detect syllable nuclei and measure speech rate
automatically", Behavior Research Methods 41(2), 2009.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.contours import turning_points
from featkit.dsp.speech_pitch import HOP, SpeechPitch
from featkit.features.family import Descriptor, Family, ReferenceCase

REFERENCE = "de Jong and Wempe 2009"

LOUDEST = 0.99
"""Share of the frames that are not louder than the level that thresholds refer to."""

FLOOR = 1e-10
"""Lower limit of the energy, relative to the greatest: a digital pause has a level, too."""


class SpeechRateParameters(Parameters):
    """Thresholds of syllables and pauses."""

    least_dip: float = parameter(
        2.0, "rise before and fall after the peak of a syllable, in dB", at_least=0
    )
    silence: float = parameter(
        -25.0, "level of silence relative to the loudest peaks, in dB", below=0
    )
    shortest_pause: float = parameter(0.3, "shortest pause in seconds", above=0)


def _descriptors(p: SpeechRateParameters) -> list[Descriptor]:
    silent = "in digital silence, and in clips shorter than 60 ms"
    syllables = f"voiced peaks of the level between dips of {p.least_dip:g} dB"
    pauses = f"stretches of at least {p.shortest_pause:g} s below {p.silence:g} dB of the loudest"
    return [
        Descriptor(
            name="syllable_rate",
            unit="1/s",
            low=0.0,
            high=50.0,
            definition=f"syllable nuclei ({syllables}) over the duration of the clip",
            reference=REFERENCE,
            undefined=silent,
        ),
        Descriptor(
            name="articulation_rate",
            unit="1/s",
            low=0.0,
            high=50.0,
            definition="syllable nuclei over the duration without pauses",
            reference=REFERENCE,
            undefined=silent,
        ),
        Descriptor(
            name="pauses_per_second",
            unit="1/s",
            low=0.0,
            definition=f"number of pauses ({pauses}) over the duration of the clip",
            reference=REFERENCE,
            undefined=silent,
        ),
        Descriptor(
            name="pause_mean",
            unit="s",
            low=0.0,
            definition="mean duration of the pauses; 0 if there is none",
            reference=REFERENCE,
            undefined=silent,
        ),
        Descriptor(
            name="pause_share",
            unit="1",
            low=0.0,
            high=1.0,
            definition="share of the duration that is pauses",
            reference=REFERENCE,
            undefined=silent,
        ),
    ]


def _compute(p: SpeechRateParameters, *, speech_pitch: SpeechPitch) -> Array:
    """Descriptors of each clip: ``(5, clips)``."""
    energy, voiced = speech_pitch.energy, speech_pitch.voiced
    columns = [_rates(p, energy[own], voiced[own]) for own in speech_pitch.segments]
    return np.array(columns).T


def _rates(p: SpeechRateParameters, energy: Array, voiced: Array) -> list[float]:
    if not np.max(energy) > 0:  # also if it is NaN
        return [np.nan] * 5
    level = 10 * np.log10(np.maximum(energy / np.max(energy), FLOOR))
    threshold = float(np.quantile(level, LOUDEST)) + p.silence
    syllables = _syllables(level, voiced & (level >= threshold), p.least_dip)
    pauses = HOP * _run_lengths(level < threshold)
    pauses = pauses[pauses > p.shortest_pause - HOP / 2]
    duration, paused = HOP * len(level), float(np.sum(pauses))
    return [
        syllables / duration,
        syllables / (duration - paused),  # the loudest frame is in no pause
        len(pauses) / duration,
        float(np.mean(pauses)) if len(pauses) else 0.0,
        paused / duration,
    ]


def _syllables(level: Array, allowed: Array, least_dip: float) -> int:
    """Number of peaks in allowed frames, which the ends of the clip are not."""
    points = turning_points(level, least_dip)
    heights = level[points]
    peaks = (heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])
    return int(np.count_nonzero(peaks & allowed[points[1:-1]]))


def _run_lengths(inside: Array) -> Array:
    """Lengths in frames of the runs of True."""
    borders = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]])))
    return np.asarray(borders[1::2] - borders[::2])


def _babble(sr: float) -> Array:
    """Four syllables per second for two seconds, a pause of a second, and again."""
    t = signals.time(sr, 5.0)
    buzz = np.sum([np.cos(2 * np.pi * 120 * k * t) for k in range(1, 11)], axis=0)
    syllables = np.sin(np.pi * 4 * t) ** 2 * (np.abs(t - 2.5) > 0.5)
    return np.asarray(0.05 * buzz * syllables, dtype=np.float32)


FAMILY = Family(
    name="speech_rate",
    parameters=SpeechRateParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    reference_cases=(
        ReferenceCase(
            name="sixteen syllables in five seconds, of which one and a bit is a pause",
            signal=_babble,
            expected={
                "syllable_rate": 16 / 4.95,
                "articulation_rate": 16 / 3.95,
                "pauses_per_second": 1 / 4.95,
                "pause_mean": 1.0,
                "pause_share": 1.0 / 4.95,
            },
            tolerance=0.15,
        ),
        ReferenceCase(
            name="a steady tone has neither syllables nor pauses",
            signal=lambda sr: signals.sine(150.0, sr, 2.0),
            expected={"syllable_rate": 0.0, "pauses_per_second": 0.0, "pause_share": 0.0},
            tolerance=1e-9,
        ),
    ),
)
