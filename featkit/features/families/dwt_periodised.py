"""Octave bands of the periodised wavelet transform: level, scatter, and the step to the next band.

The set of Tzanetakis, Essl and Cook ("Audio analysis using the discrete wavelet transform", WSES
AMTA 2001): the mean of the absolute values of the coefficients of each of twelve bands, their
standard deviation, and the ratios of the means of neighbours. They took windows of 3 s, and
Daubechies' wavelet of four coefficients, which PyWavelets calls ``db2``; here it is the whole clip,
which goes round: its end is followed by its beginning.

A clip needs ``(filter length - 1) * 2**level`` samples, 6,144 for ``db2`` and 11 levels, 0.28 s at
22,050 Hz. For a shorter one every descriptor of the family is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip, pieces
from featkit.dsp.dwt import DAUBECHIES, bands, levels_of, moments, periodic
from featkit.features._components import band_names, level_named
from featkit.features.family import Descriptor, Family, Oracle


class PeriodisedParameters(Parameters):
    """Which wavelet, and how deep."""

    wavelet: str = parameter("db2", "Daubechies wavelet", choices=DAUBECHIES)
    level: int = parameter(11, "levels, each an octave", at_least=1, below=21)


def descriptors(p: PeriodisedParameters) -> Sequence[Descriptor]:
    short = f"in a clip too short for {p.level} levels"
    names = band_names(p.level)
    of_band = partial(
        Descriptor,
        low=0.0,
        high=np.inf,
        reference="Tzanetakis, Essl and Cook 2001; PyWavelets wavedec",
        undefined=short,
        indices=names,
    )
    return [
        of_band(
            name="dwt_periodised_mean_abs",
            unit="full scale",
            definition=f"mean(|c|) of the band, {p.wavelet}, periodised",
        ),
        of_band(
            name="dwt_periodised_std",
            unit="full scale",
            definition=f"standard deviation of c (ddof 0) of the band, {p.wavelet}, periodised",
        ),
        of_band(
            name="dwt_periodised_ratio",
            unit="1",
            definition="mean(|c|) of the band over that of the next higher one,"
            f" {p.wavelet}, periodised",
            undefined=f"{short}, and where the next band is silent",
            indices=names[:-1],
        ),
    ]


def compute(p: PeriodisedParameters, *, clips: Sequence[Clip]) -> Array:
    """The descriptors of each clip: ``(3 * level + 2, clips)``."""
    return np.stack([_of_clip(p, clip) for clip in clips], axis=1)


def _of_clip(p: PeriodisedParameters, clip: Clip) -> Array:
    if levels_of(len(clip), p.wavelet) < p.level:
        return np.full(3 * p.level + 2, np.nan)
    levels = periodic(p.wavelet, p.level, len(clip))
    of_band = moments(bands(pieces(clip), levels), p.level + 1)
    mean_abs = np.array([m.mean_abs for m in of_band])
    ratio = mean_abs[:-1] / np.where(mean_abs[1:] > 0, mean_abs[1:], np.nan)
    return np.concatenate([mean_abs, [m.std for m in of_band], ratio])


def from_indices(indices: Sequence[str]) -> dict[str, Any]:
    return {"level": level_named(indices, PeriodisedParameters.level)}


def _rounds(sr: float) -> Array:
    """A square wave of four samples a period."""
    return np.tile(np.array([0.5, 0.5, -0.5, -0.5], dtype=np.float32), 2**12)


FAMILY = Family(
    name="dwt_periodised",
    parameters=PeriodisedParameters,
    descriptors=descriptors,
    compute=compute,
    per="clip",
    from_indices=from_indices,
    measures_level=True,
    oracles=(
        Oracle(
            name="a constant is all approximation, and has no ends",
            signal=lambda sr: signals.constant(sr, value=0.25),
            expected={
                "dwt_periodised_mean_abs_a11": 0.25 * np.sqrt(2.0) ** 11,
                "dwt_periodised_std_a11": 0.0,
                "dwt_periodised_mean_abs_d1": 0.0,
                "dwt_periodised_std_d11": 0.0,
            },
            tolerance=1e-9,
            parameters={},
        ),
        Oracle(
            name="pairs of one value, after Haar: the value times sqrt(2), and no detail; then"
            " pairs of opposite values: detail only",
            signal=_rounds,
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
        Oracle(
            name="white noise has its deviation in every band: the transform is orthogonal, and the"
            " mean of |c| is sqrt(2 / pi) of it",
            signal=lambda sr: signals.noise(sr, duration=20.0, amplitude=0.1),
            expected={
                **{f"dwt_periodised_std_d{k}": 0.1 for k in range(1, 8)},
                **{f"dwt_periodised_mean_abs_d{k}": 0.1 * np.sqrt(2 / np.pi) for k in range(1, 8)},
            },
            tolerance=0.005,
            parameters={},
        ),
    ),
)
