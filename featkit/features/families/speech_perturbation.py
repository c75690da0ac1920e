"""Perturbation of the voice: jitter, shimmer and harmonics-to-noise ratio, frame by frame.

They are those of the Geneva minimalistic acoustic parameter set (GeMAPS), in the frames of
`speech_pitch`, 60 ms long and 10 ms apart. Periods are measured by the correlation of the waveform
with itself one period later; those that end in the first 10 ms of a frame belong to it. A frame
without periods has the jitter and the shimmer of the frame before. See `featkit.dsp.voice_periods`
and `featkit.dsp.speech_hnr`.

References
----------
Eyben, F., Scherer, K. R., Schuller, B. W. et al. "The Geneva Minimalistic Acoustic Parameter Set
(GeMAPS) for Voice Research and Affective Computing", IEEE Transactions on Affective Computing 7(2),
2016.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.smoothing import smoothed
from featkit.dsp.speech_hnr import speech_hnr
from featkit.dsp.speech_pitch import HOP, SpeechPitch
from featkit.dsp.voice_periods import local_perturbation
from featkit.features.family import Descriptor, Family, NoParameters, OwnFrames, ReferenceCase

REFERENCE = "Eyben et al. 2016 (GeMAPS)"
SMOOTHED = ", averaged over a voiced frame and its voiced neighbours"
UNVOICED = "in unvoiced frames, and so in silence, and in clips shorter than 60 ms"
PERIODS = "; in voiced parts, before the first periods that correlate by 0.5"

JITTER = Descriptor(
    name="local_jitter",
    unit="1",
    low=0.0,
    definition="mean absolute difference of the lengths of successive periods of a frame over"
    f" their mean length{SMOOTHED}",
    reference=REFERENCE,
    undefined=UNVOICED + PERIODS,
)
SHIMMER = Descriptor(
    name="local_shimmer_db",
    unit="dB",
    low=0.0,
    high=20 * np.log10(2),
    definition="20 log10(1 + d), where d is the mean absolute difference of the amplitudes"
    " (greatest less least sample) of successive periods of a frame over their mean amplitude,"
    f" at most 1{SMOOTHED}",
    reference=REFERENCE,
    undefined=UNVOICED + PERIODS,
)
HNR = Descriptor(
    name="speech_hnr",
    unit="dB",
    low=-20.0,
    high=90.0,
    definition="10 log10(r / (1 - r)), where r is the autocorrelation of a frame with a Gaussian"
    f" window after a period, relative to that at lag 0, at least 0.01{SMOOTHED}; a perfectly"
    " periodic voice of 100 Hz has 7 dB, and one of 200 Hz 13 dB",
    reference=REFERENCE,
    undefined=UNVOICED,
)


def _compute(
    p: NoParameters, *, clips: Sequence[Clip], sr: float, speech_pitch: SpeechPitch
) -> OwnFrames:
    """Descriptors of each frame: ``(3, frames)``."""
    values = np.full((3, len(speech_pitch.f0)), np.nan)
    frames, voiced = speech_pitch.frames, speech_pitch.voiced
    for k, own in enumerate(speech_pitch.segments):
        if voiced[own].any():
            starts = frames.starts(k)
            values[:2, own] = local_perturbation(clips[k], sr, speech_pitch.f0[own], starts, HOP)
    values[2] = speech_hnr(speech_pitch)
    defined = ~np.isnan(values) & voiced
    return OwnFrames(smoothed(values, speech_pitch.segments, defined), speech_pitch.segments)


def _buzz(phase: Array) -> Array:
    """Eight harmonics of a voice with this phase in periods."""
    harmonics = [np.cos(2 * np.pi * k * phase) for k in range(1, 9)]
    return np.asarray(0.02 * np.sum(harmonics, axis=0))


def _growing(sr: float) -> Array:
    """A buzz of 100 Hz that grows by 50 dB per second, 0.5 dB per period."""
    t = signals.time(sr, 1.0)
    return (_buzz(100 * t) * 10 ** (50 * (t - 0.5) / 20)).astype(np.float32)


def _slowing(sr: float) -> Array:
    """A buzz whose period grows from 5 ms by 5 ms per second, 0.5 % from one to the next."""
    return _buzz(np.log1p(signals.time(sr, 1.0)) / 0.005).astype(np.float32)


def _sine_in_noise(sr: float) -> Array:
    """A sine of 200 Hz and white noise of a tenth of its power."""
    noise = signals.noise(sr, 1.0, amplitude=0.5 / np.sqrt(20))
    return signals.sine(200.0, sr) + noise


def _decibels(r: float) -> float:
    return float(10 * np.log10(r / (1 - r)))


CLEAN = float(np.exp(-((5 / 24) ** 2)))
"""Autocorrelation of the Gaussian window after 5 ms."""

FAMILY = Family(
    name="speech_perturbation",
    descriptors=lambda p: [JITTER, SHIMMER, HNR],
    compute=_compute,
    own_frames=True,
    reference_cases=(
        ReferenceCase(
            name="a sine of 200 Hz has no jitter, no shimmer, and the ratio of the window",
            signal=lambda sr: signals.sine(200.0, sr),
            expected={"local_jitter": 0.0, "local_shimmer_db": 0.0, "speech_hnr": _decibels(CLEAN)},
            tolerance=0.1,
        ),
        ReferenceCase(
            name="a voice that grows by 0.5 dB per period has this shimmer",
            signal=_growing,
            expected={"local_shimmer_db": 0.5},
            tolerance=0.05,
        ),
        ReferenceCase(
            name="a voice whose periods grow by 0.5 % from one to the next has this jitter",
            signal=_slowing,
            expected={"local_jitter": 0.005},
            tolerance=5e-4,
        ),
        ReferenceCase(
            name="noise of a tenth of the power divides the autocorrelation by 1.1",
            signal=_sine_in_noise,
            expected={"speech_hnr": _decibels(CLEAN / 1.1)},
            tolerance=0.7,
        ),
    ),
)
