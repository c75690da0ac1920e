"""Formants: frequencies, bandwidths and levels of the resonances of the vocal tract.

The clip is resampled to twice the ceiling and pre-emphasised. Each frame is multiplied by a
Gaussian window and predicted by Burg's method; complex roots of the polynomial are formants.
Window, order and roots are those of the command "To Formant (burg)" of Praat. As there, formants
are measured in all frames by default. Those of voiceless frames have little meaning: with
``frames = "voiced"``, only frames are measured whose middle is voiced by the pitch of the family
`voice_pitch`.

The ceiling decides. It should be chosen so that the vocal tract has `n_formants` formants below it:
5500 Hz for most women, 5000 Hz for most men, up to 8000 Hz for a young child. At a sample rate
below twice the ceiling, half the rate is the ceiling and the order is reduced in proportion.

A harmonic attracts the formant that is near it, by up to a quarter of the fundamental frequency.

References
----------
Burg, J. P. "Maximum entropy spectral analysis", 1967; in Childers, D. G. (ed.), "Modern spectrum
analysis", IEEE Press, 1978.

Boersma, P. and Weenink, D. "Praat: doing phonetics by computer", manual, "Sound: To Formant
(burg)...".

Markel, J. D. and Gray, A. H. "Linear prediction of speech", Springer, 1976.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.filters import gaussian_window
from featkit.dsp.linear_prediction import burg, envelope_db, formant_candidates
from featkit.dsp.short_frames import ShortFrames
from featkit.dsp.voice_band import BandClip
from featkit.dsp.voice_pitch import VoicePitches, VoicePitchParameters
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase

COUNT = 4
"""Formants that are measured."""

PITCH = VoicePitchParameters.from_mapping({}, where="voice_pitch")
"""Pitch that decides which frames are voiced."""


class FormantParameters(Parameters):
    """Band, order and frames of the analysis."""

    frames: str = parameter(
        "all",
        "frames that are measured: all, or those in the voiced parts of a voice",
        choices=("all", "voiced"),
    )

    ceiling: float = parameter(
        5500.0, "highest frequency in Hz; 5000 for most men", at_least=1000, at_most=20000
    )
    n_formants: int = parameter(
        5,
        "formants below the ceiling; the predictor has two coefficients for each",
        at_least=1,
        at_most=15,
    )
    window: float = parameter(
        0.025,
        "effective length of a frame in seconds; frames have twice this length",
        at_least=0.005,
        at_most=0.5,
    )
    hop: float = parameter(0.01, "seconds from one frame to the next", at_least=0.001, at_most=1)
    emphasis_from: float = parameter(
        50.0, "frequency in Hz from which the spectrum is raised by 6 dB per octave", above=0
    )


def _descriptors(p: FormantParameters) -> list[Descriptor]:
    return [d for k in range(1, COUNT + 1) for d in _of_formant(p, k)]


def _of_formant(p: FormantParameters, k: int) -> list[Descriptor]:
    undefined = (
        f"in silence, in frames with fewer than {k} formants, in clips shorter than a frame, and in"
        " voiceless frames if only voiced ones are measured"
    )
    praat = "Praat, To Formant (burg)"
    root = f"of the root r that is number {k} from the lowest frequency"
    return [
        Descriptor(
            name=f"formant_{k}",
            unit="Hz",
            low=0.0,
            high=p.ceiling,
            definition=f"arg(r) sr / (2 pi) {root} between 50 Hz and {p.ceiling - 50:g} Hz, of the"
            f" prediction polynomial (Burg, order {2 * p.n_formants})",
            reference=praat,
            undefined=undefined,
        ),
        Descriptor(
            name=f"formant_bandwidth_{k}",
            unit="Hz",
            low=0.0,
            definition=f"-ln|r| sr / pi {root}",
            reference=praat,
            undefined=undefined,
        ),
        Descriptor(
            name=f"formant_level_{k}",
            unit="dB",
            definition=f"spectral envelope at formant {k}: 10 log10(E / |A|²), where A is the"
            " prediction polynomial at this frequency and E the mean square of the prediction"
            " error; without the pre-emphasis. White noise of variance 1 has 0 dB",
            reference="Markel and Gray 1976",
            undefined=undefined,
        ),
    ]


def _compute(
    p: FormantParameters, *, clips: Sequence[Clip], sr: float, voice_pitch: VoicePitches
) -> OwnFrames:
    """Descriptors of each frame: ``(3 * COUNT, frames)``."""
    bands = [BandClip(clip, sr, p.ceiling, p.emphasis_from) for clip in clips]
    rate = bands[0].sr
    order = 2 * max(1, round(p.n_formants * min(1.0, rate / (2 * p.ceiling))))
    length = max(round(2 * p.window * rate), order + 2)
    frames = ShortFrames(bands, rate, length=length, hop=p.hop, placement="middle")
    values = np.full((3 * COUNT, frames.segments.total), np.nan)
    window = gaussian_window(length)
    for k, (band, own) in enumerate(zip(bands, frames.segments, strict=True)):
        starts = frames.starts(k)
        for batch in frames.ranges(k):
            at = slice(own.start + batch.start, own.start + batch.stop)
            values[:, at] = _formants(band, starts[batch], window, order)
        if p.frames == "voiced" and frames.counts[k]:
            voiced = voice_pitch(PITCH).voiced_at(k, frames.times(k) * sr)
            values[:, own] = np.where(voiced, values[:, own], np.nan)
    return OwnFrames(values, frames.segments)


def _formants(band: BandClip, starts: Array, window: Array, order: int) -> Array:
    """Descriptors of a few frames of a clip: ``(3 * COUNT, frames)``."""
    begin = int(starts[0])
    y = band[begin : int(starts[-1]) + len(window)]
    coefficients, error = burg(y, starts - begin, window, order)
    candidates = formant_candidates(coefficients, band.sr)
    frequencies, bandwidths = (x[:, :COUNT].T for x in candidates)
    sounding = band.sounding(starts, len(window))
    values = np.full((COUNT, 3, len(starts)), np.nan)
    n = len(frequencies)
    error = error / np.mean(window * window)
    values[:n, 0] = frequencies
    values[:n, 1] = bandwidths
    values[:n, 2] = envelope_db(coefficients, error, frequencies, band.sr)
    values[:n, 2] -= band.emphasis_db(frequencies)
    values[:, :, ~sounding] = np.nan
    return values.reshape(3 * COUNT, -1)


def _vowel(name: str, formants: tuple[float, ...], *numbers: int) -> ReferenceCase:
    """A creaky vowel, whose dense harmonics sample the envelope well; some of its formants."""
    expected = {f"formant_{k}": formants[k - 1] for k in numbers}
    return ReferenceCase(
        name=f"[{name}] has formants {numbers} within 1 % of its resonators",
        signal=lambda sr: _creaky_vowel(formants, sr),
        expected=expected,
        tolerance=0.01 * min(expected.values()),
    )


def _creaky_vowel(formants: tuple[float, ...], sr: float) -> Array:
    """A vowel of 50 pulses per second, with a resonator per 1000 Hz above its formants."""
    higher = np.arange(6500.0, sr / 2 - 200, 1000.0)
    bandwidths = [60.0, 90.0, 120.0, 150.0, 200.0, *np.full(len(higher), 200.0)]
    return signals.vowel([*formants, *higher], bandwidths, sr, f0=50.0)


_VOWELS = {
    "a": (730.0, 1090.0, 2440.0, 3400.0, 4500.0),
    "i": (270.0, 2290.0, 3010.0, 3500.0, 4500.0),
    "u": (300.0, 870.0, 2240.0, 3400.0, 4500.0),
}

FAMILY = Family(
    name="formants",
    parameters=FormantParameters,
    descriptors=_descriptors,
    compute=_compute,
    own_frames=True,
    measures_level=True,
    reference_cases=tuple(
        _vowel(name, formants, *numbers)
        for name, formants in _VOWELS.items()
        for numbers in ((1,), (2,), (3, 4))
    ),
)
