"""Harmonic and percussive waveforms: mean and variance of their samples.

The waveforms are those of `librosa.effects.hpss`. The means differ from 0 if the recording has an
offset. The variances are the powers of the two parts.

References
----------
Fitzgerald, D. "Harmonic/percussive separation using median filtering", DAFx 2010.

Driedger, J., Müller, M. and Disch, S. "Extending harmonic-percussive separation of audio signals",
ISMIR 2014.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.segments import Segments
from featkit.dsp.separation import Separation, SeparationParameters
from featkit.errors import ParameterError
from featkit.features.family import Descriptor, Family, ReferenceCase
from featkit.features.spectra.parameters import SpectraParameters


def _descriptors(p: SeparationParameters) -> list[Descriptor]:
    def of_samples(part: str, statistic: str, text: str, unit: str, low: float) -> Descriptor:
        return Descriptor(
            name=f"{part}_waveform_{statistic}",
            unit=unit,
            low=low,
            definition=f"{text} over the samples of the {part} part,"
            f" parted by medians of {p.kernel_size}",
            reference="Fitzgerald 2010; Driedger, Müller and Disch 2014; librosa.effects.hpss",
            undefined="never: silence has two silent parts",
        )

    return [
        descriptor
        for part in ("harmonic", "percussive")
        for descriptor in (
            of_samples(part, "mean", "mean", "full scale", -np.inf),
            of_samples(part, "var", "variance (ddof 0)", "(full scale)²", 0.0),
        )
    ]


def _compute(p: SeparationParameters, *, separation: Separation) -> Array:
    """Sums of the samples of each hop and of their squares, by waveform: ``(4, frames)``."""
    waveforms = separation.waveforms(p)
    sums = np.add.reduce(waveforms, axis=2, dtype=np.float64)
    squares = np.einsum("ijk,ijk->ij", waveforms, waveforms, dtype=np.float64)
    return np.stack([sums, squares], axis=1).reshape(4, -1)


def _finish(
    p: SeparationParameters, values: Array, *, clips: Sequence[Array], segments: Segments
) -> Array:
    """Mean and variance of the samples of each clip, by waveform: ``(4, clips)``."""
    moments = segments.sum(values) / [len(clip) for clip in clips]
    means = moments[0::2]
    moments[1::2] = np.maximum(moments[1::2] - np.square(means), 0)
    return moments


def _check(p: SeparationParameters, spectra: SpectraParameters, sr: float | None) -> None:
    """Check that a hop is at most half a frame."""
    if 2 * spectra.hop_length > spectra.n_fft:
        raise ParameterError(
            f"hop_length must be at most half of n_fft ({spectra.n_fft}), got {spectra.hop_length}:"
            " the samples between frames that do not overlap enough cannot be restored"
        )


FAMILY = Family(
    name="separated_waveforms",
    parameters=SeparationParameters,
    descriptors=_descriptors,
    compute=_compute,
    finish=_finish,
    per="clip",
    check=_check,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a steady sine is harmonic, with a variance of half its squared amplitude",
            signal=lambda sr: signals.sine(1000.0, sr, duration=4.0, amplitude=0.5),
            expected={
                "harmonic_waveform_mean": 0.0,
                "harmonic_waveform_var": 0.125,
                "percussive_waveform_mean": 0.0,
                "percussive_waveform_var": 0.0,
            },
            tolerance=1e-3,
        ),
        ReferenceCase(
            name="an impulse is percussive, one sample at full scale among all others",
            signal=signals.impulse,
            expected={
                "harmonic_waveform_mean": 0.0,
                "harmonic_waveform_var": 0.0,
                "percussive_waveform_mean": 1 / 22050,
                "percussive_waveform_var": 1 / 22050 - 1 / 22050**2,
            },
            tolerance=1e-9,
        ),
    ),
)
