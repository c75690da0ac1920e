"""Octave bands of the periodised wavelet transform: level, deviation, and ratio to the next band.

The descriptors are the mean of the absolute values of the coefficients in each of twelve bands,
their standard deviation, and the ratios of the means of neighbouring bands. Tzanetakis and others
used windows of 3 s; here the whole clip is transformed, periodically extended. Their wavelet with
four coefficients is ``db2`` in PyWavelets.

A clip needs ``(filter length - 1) * 2**level`` samples, 6,144 for ``db2`` and 11 levels, 0.28 s at
22,050 Hz. For a shorter one all descriptors are NaN.

References
----------
Tzanetakis, G., Essl, G. and Cook, P. "Audio analysis using the discrete wavelet transform", WSES
AMTA 2001.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.band_moments import BandMoments, band_moments
from featkit.dsp.disk_array import Clip, pieces
from featkit.dsp.dwt import DAUBECHIES, bands, max_level, periodized_dwt
from featkit.features._components import band_names, level_from_names
from featkit.features.family import Descriptor, Family, ReferenceCase
from featkit.features.titles import wavelet_band_titles


class PeriodisedParameters(Parameters):
    """Wavelet and levels."""

    wavelet: str = parameter("db2", "Daubechies wavelet", choices=DAUBECHIES)
    level: int = parameter(11, "levels, one octave each", at_least=1, below=21)


def _descriptors(p: PeriodisedParameters) -> list[Descriptor]:
    short = f"in a clip too short for {p.level} levels"
    names = band_names(p.level)
    descriptor = partial(
        Descriptor,
        low=0.0,
        reference="Tzanetakis, Essl and Cook 2001; PyWavelets wavedec",
        undefined=short,
        indices=names,
        index_titles=wavelet_band_titles(names),
    )
    return [
        descriptor(
            name="dwt_periodised_mean_abs",
            unit="full scale",
            definition=f"mean(|c|) of the band, {p.wavelet}, periodised",
        ),
        descriptor(
            name="dwt_periodised_std",
            unit="full scale",
            definition=f"standard deviation of c (ddof 0) of the band, {p.wavelet}, periodised",
        ),
        descriptor(
            name="dwt_periodised_ratio",
            unit="1",
            definition="mean(|c|) of the band over that of the next higher one,"
            f" {p.wavelet}, periodised",
            undefined=f"{short}, and where the next band is silent",
            indices=names[:-1],
            index_titles=wavelet_band_titles(names[:-1]),
        ),
    ]


def _compute(p: PeriodisedParameters, *, clips: Sequence[Clip]) -> Array:
    """Descriptors of each clip: ``(3 * level + 2, clips)``."""
    return np.stack([_clip_values(p, clip) for clip in clips], axis=1)


def _clip_values(p: PeriodisedParameters, clip: Clip) -> Array:
    if max_level(len(clip), p.wavelet) < p.level:
        return np.full(3 * p.level + 2, np.nan)
    levels = periodized_dwt(p.wavelet, p.level, len(clip))
    moments = BandMoments(band_moments(bands(pieces(clip), levels), p.level + 1))
    mean_abs = moments.mean_abs
    ratio = mean_abs[:-1] / np.where(mean_abs[1:] > 0, mean_abs[1:], np.nan)
    return np.concatenate([mean_abs, moments.std, ratio])


def _from_indices(indices: Sequence[str]) -> dict[str, Any]:
    return {"level": level_from_names(indices, default=PeriodisedParameters.level)}


def _square(sr: float) -> Array:
    """A square wave with a period of four samples."""
    return np.tile(np.array([0.5, 0.5, -0.5, -0.5], dtype=np.float32), 2**12)


FAMILY = Family(
    name="dwt_periodised",
    parameters=PeriodisedParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    from_indices=_from_indices,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="a constant has an approximation only, without effects of its ends",
            signal=lambda sr: signals.constant(sr, value=0.25),
            expected={
                "dwt_periodised_mean_abs_a11": 0.25 * np.sqrt(2.0) ** 11,
                "dwt_periodised_std_a11": 0.0,
                "dwt_periodised_mean_abs_d1": 0.0,
                "dwt_periodised_std_d11": 0.0,
            },
            tolerance=1e-9,
        ),
        ReferenceCase(
            name="pairs of equal samples have no Haar detail at level 1; pairs of opposite sign"
            " have detail only at level 2",
            signal=_square,
            expected={
                "dwt_periodised_mean_abs_d1": 0.0,
                "dwt_periodised_mean_abs_d2": 1.0,
                "dwt_periodised_std_d2": 0.0,
                "dwt_periodised_mean_abs_a2": 0.0,
                "dwt_periodised_ratio_a2": 0.0,
            },
            tolerance=1e-9,
            parameters={"wavelet": "haar", "level": 2},
        ),
        ReferenceCase(
            name="white noise has its standard deviation in every band, and a mean of |c| of"
            " sqrt(2 / pi) of it",
            signal=lambda sr: signals.noise(sr, duration=20.0, amplitude=0.1),
            expected={
                **{f"dwt_periodised_std_d{k}": 0.1 for k in range(1, 8)},
                **{f"dwt_periodised_mean_abs_d{k}": 0.1 * np.sqrt(2 / np.pi) for k in range(1, 8)},
            },
            tolerance=0.005,
        ),
    ),
)
