"""Voice harmonicity: the harmonics-to-noise ratio of a voice, by two correlations.

A voice repeats after each period but for its noise. If its normalised correlation at the period is
r, the ratio of periodic power to noise is r / (1 - r). The autocorrelation (`harmonicity_ac`) uses
a Gaussian window with 4.5 periods of the lowest pitch, which makes it precise for steady voices.
The forward cross-correlation (`harmonicity_cc`) compares a part of one period with the next ones;
it is quicker to follow changes, and so is higher in running speech.

Both are measured around the same middles, 10 ms apart. Quiet frames, and those without any peak of
the correlation, have no value: statistics are over the others, as in Praat. Frames in which the
window of a measure reaches beyond the clip have none of it either: 60 ms at both ends for the
autocorrelation.

The family `harmonicity` measures a related ratio in the frames of the spectra, at the period of the
family `pitch`, and without a window.

References
----------
Boersma, P. "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise
ratio of a sampled sound", IFA Proceedings 17, 1993.

Boersma, P. and Weenink, D. "Praat: doing phonetics by computer", manual, "Sound: To Harmonicity
(ac)..." and "Sound: To Harmonicity (cc)...".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.short_frames import ShortFrames
from featkit.dsp.voice_harmonicity import harmonicity_ac, harmonicity_cc
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase


class VoiceHarmonicityParameters(Parameters):
    """Frames, threshold of silence, and lengths of the windows."""

    time_step: float = parameter(0.01, "seconds between frames", at_least=0.0005, at_most=1)
    pitch_floor: float = parameter(75.0, "lowest pitch in Hz", above=0)
    silence_threshold: float = parameter(
        0.1,
        "peak of a frame relative to that of the clip below which it is silent",
        at_least=0,
        at_most=1,
    )
    periods_ac: float = parameter(
        4.5,
        "effective length of the window of the autocorrelation, in periods of the lowest pitch",
        at_least=1,
        at_most=100,
    )
    periods_cc: float = parameter(
        1.0,
        "length of the parts that the cross-correlation compares, in periods of the lowest pitch",
        at_least=0.5,
        at_most=100,
    )


def _descriptors(p: VoiceHarmonicityParameters) -> list[Descriptor]:
    undefined = (
        f"in frames whose peak is below some {p.silence_threshold:g} of that of the clip, as in"
        " silence, without a peak of r, and where the window reaches beyond the clip"
    )
    return [
        Descriptor(
            name="harmonicity_ac",
            unit="dB",
            low=-60.0,
            high=60.0,
            definition="harmonics-to-noise ratio 10 log10(r / (1 - r)), where r is the highest"
            " peak of the autocorrelation, divided by that of the Gaussian window of"
            f" {p.periods_ac:g} periods",
            reference="Boersma 1993; Praat, Sound: To Harmonicity (ac)",
            undefined=undefined,
        ),
        Descriptor(
            name="harmonicity_cc",
            unit="dB",
            low=-60.0,
            high=60.0,
            definition="harmonics-to-noise ratio 10 log10(r / (1 - r)), where r is the highest"
            f" peak of the cross-correlation of {p.periods_cc:g} periods with those after them",
            reference="Praat, Sound: To Harmonicity (cc)",
            undefined=undefined,
        ),
    ]


def _compute(p: VoiceHarmonicityParameters, *, clips: Sequence[Clip], sr: float) -> OwnFrames:
    """Both ratios of each frame: ``(2, frames)``."""
    seconds = min(2 * p.periods_ac, p.periods_cc + 1) / p.pitch_floor
    length = max(1, int(seconds * sr))
    hop = max(p.time_step, 1 / sr)
    frames = ShortFrames(clips, sr, length=length, hop=hop, placement="middle")
    values: Array = np.stack(
        [
            measure(
                frames,
                pitch_floor=p.pitch_floor,
                silence_threshold=p.silence_threshold,
                periods=periods,
            )
            for measure, periods in ((harmonicity_ac, p.periods_ac), (harmonicity_cc, p.periods_cc))
        ]
    )
    return OwnFrames(values, frames.segments)


def _noisy_pulses(ratio: float) -> ReferenceCase:
    """Pulses, and white noise whose power is lower by a ratio in dB."""

    def signal(sr: float) -> Array:
        y = signals.pulses([1 / 150.0] * 450, sr)
        power = float(np.var(y))
        noise = signals.noise(sr, len(y) / sr, amplitude=np.sqrt(power / 10 ** (ratio / 10)))
        return y + noise

    return ReferenceCase(
        name=f"pulses {ratio:g} dB above white noise",
        signal=signal,
        expected={"harmonicity_ac": ratio},
        tolerance=1.5,
    )


FAMILY = Family(
    name="voice_harmonicity",
    parameters=VoiceHarmonicityParameters,
    descriptors=_descriptors,
    compute=_compute,
    own_frames=True,
    reference_cases=(
        _noisy_pulses(10.0),
        _noisy_pulses(20.0),
        ReferenceCase(
            name="a sine has no noise: at least 57 dB",
            signal=lambda sr: signals.sine(200.0, sr),
            expected={"harmonicity_ac": 60.0, "harmonicity_cc": 60.0},
            tolerance=3.0,
        ),
    ),
)
