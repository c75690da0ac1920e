"""Daubechies wavelet coefficient histograms: how the coefficients of each octave are distributed.

Of each band of a transform by ``db8`` with seven levels a histogram is made, and its first three
moments are taken, and the mean absolute value of the coefficients (Li, Ogihara and Li, "A
comparative study on content-based music genre classification", SIGIR 2003). The histogram has 64
bins of equal width over four standard deviations to both sides of the mean; what lies beyond is in
none, so that single blows do not count. A bin stands for its middle. The paper leaves bins and
range open.

A clip needs ``(filter length - 1) * 2**level`` samples, 1,920 for ``db8`` and 7 levels. For a
shorter one every descriptor of the family is NaN.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip, OnDisk, pieces
from featkit.dsp.dwt import DAUBECHIES, Moments, bands, levels_of, mirrored, moments
from featkit.features._components import band_names, level_named
from featkit.features.family import Descriptor, Family, Oracle

ROUNDING = 1e-13
"""A band whose deviation is a smaller share of the strongest band's root mean square holds nothing
but the rounding of its sums."""


class DwchParameters(Parameters):
    """Which wavelet, how deep, and what the histograms are made of."""

    wavelet: str = parameter("db8", "Daubechies wavelet", choices=DAUBECHIES)
    level: int = parameter(7, "levels, each an octave", at_least=1, below=21)
    n_bins: int = parameter(64, "bins of a histogram", at_least=2, at_most=65536)
    deviations: float = parameter(
        4.0, "reach of the histogram to both sides of the mean, in standard deviations", at_least=1
    )


def descriptors(p: DwchParameters) -> Sequence[Descriptor]:
    short = f"in a clip too short for {p.level} levels"
    constant = f"{short}, in silence, and where a band's coefficients are all the same"
    histogram = f"histogram of the band's coefficients, {p.n_bins} bins over {p.deviations:g}"
    histogram += f" standard deviations to both sides of their mean, {p.wavelet}"
    of_band = partial(
        Descriptor,
        low=-np.inf,
        high=np.inf,
        reference="Li, Ogihara and Li 2003; PyWavelets wavedec",
        undefined=short,
        indices=band_names(p.level),
    )
    return [
        of_band(name="dwch_mean", unit="full scale", definition=f"mean of the {histogram}"),
        of_band(
            name="dwch_variance",
            unit="(full scale)²",
            low=0.0,
            definition=f"variance of the {histogram}",
        ),
        of_band(
            name="dwch_skewness",
            unit="1",
            definition=f"skewness of the {histogram}",
            undefined=constant,
        ),
        of_band(
            name="dwch_mean_abs",
            unit="full scale",
            low=0.0,
            definition=f"mean(|c|) of the band, {p.wavelet}",
        ),
    ]


def compute(p: DwchParameters, *, clips: Sequence[Clip]) -> Array:
    """The descriptors of each clip: ``(4 * (level + 1), clips)``."""
    return np.stack([_of_clip(p, clip) for clip in clips], axis=1)


def _of_clip(p: DwchParameters, clip: Clip) -> Array:
    count = p.level + 1
    if levels_of(len(clip), p.wavelet) < p.level:
        return np.full(4 * count, np.nan)

    def coefficients() -> Iterable[tuple[int, Array]]:
        return bands(pieces(clip), mirrored(p.wavelet, p.level))

    # Of a clip in memory they are, too; of one in a file they are computed twice.
    kept = None if isinstance(clip, OnDisk) else list(coefficients())
    of_band = moments(kept or coefficients(), count)
    histograms = np.zeros((count, p.n_bins))
    for band, c in kept or coefficients():
        histograms[band] += _counts(p, c, of_band[band])
    mean, variance, skewness = _histogram_moments(p, histograms, of_band)
    return np.concatenate([mean, variance, skewness, [m.mean_abs for m in of_band]])


def _counts(p: DwchParameters, c: Array, of_band: Moments) -> Array:
    """How many coefficients lie in each bin; all the same lie in none."""
    width = 2 * p.deviations * of_band.std / p.n_bins
    if not width:
        return np.zeros(p.n_bins)
    place = c - (of_band.mean - p.deviations * of_band.std)
    place /= width
    np.clip(place, -1, p.n_bins, out=place)
    np.floor(place, out=place)
    return np.bincount(place.astype(np.intp) + 1, minlength=p.n_bins + 2)[1:-1]


def _histogram_moments(
    p: DwchParameters, histograms: Array, of_band: Sequence[Moments]
) -> tuple[Array, Array, Array]:
    """Mean, variance and skewness of the histogram of each band."""
    middles = p.deviations * ((2 * np.arange(p.n_bins) + 1) / p.n_bins - 1)
    share = histograms / np.maximum(histograms.sum(axis=1), 1)[:, None]
    mean = np.sum(share * middles, axis=1)
    centred = middles - mean[:, None]
    variance = np.sum(share * centred**2, axis=1)
    third = np.sum(share * centred**3, axis=1)
    std = np.array([m.std for m in of_band])
    loudest = np.sqrt(max(m.energy / m.count for m in of_band))
    varies = (std > ROUNDING * loudest) & (variance > 0)
    skewness = third / np.where(varies, variance, np.nan) ** 1.5
    return np.array([m.mean for m in of_band]) + std * mean, std**2 * variance, skewness


def from_indices(indices: Sequence[str]) -> dict[str, Any]:
    return {"level": level_named(indices, DwchParameters.level)}


def _steps(sr: float) -> Array:
    """0.1 three times for each -0.3, every sample twice."""
    return np.repeat(np.tile(np.array([0.1, 0.1, 0.1, -0.3], dtype=np.float32), 2**12), 2)


FAMILY = Family(
    name="dwch",
    parameters=DwchParameters,
    descriptors=descriptors,
    compute=compute,
    per="clip",
    from_indices=from_indices,
    measures_level=True,
    oracles=(
        Oracle(
            name="noise is Gaussian: no mean, no skewness, the variance that it has within four"
            " deviations, and a mean of |c| that is sqrt(2 / pi) of one",
            signal=lambda sr: signals.noise(sr, duration=20.0, amplitude=1.0),
            expected={
                "dwch_mean_d1": 0.0,
                "dwch_variance_d1": 1.0,
                "dwch_skewness_d1": 0.0,
                "dwch_mean_abs_d1": np.sqrt(2 / np.pi),
                "dwch_variance_d3": 1.0,
            },
            tolerance=0.02,
            parameters={},
        ),
        Oracle(
            name="pairs of one value, after Haar: the value times sqrt(2), and no detail; of three"
            " above the mean for each below it the skewness is -2 / sqrt(3)",
            signal=_steps,
            expected={
                "dwch_skewness_a1": -2 / np.sqrt(3),
                "dwch_mean_abs_a1": 0.15 * np.sqrt(2),
                "dwch_mean_abs_d1": 0.0,
            },
            tolerance=1e-6,
            parameters={"wavelet": "haar", "level": 1},
        ),
        Oracle(
            name="a constant does not vary",
            signal=lambda sr: signals.constant(sr, value=0.25),
            expected={
                "dwch_mean_a7": 0.25 * np.sqrt(2.0) ** 7,
                "dwch_variance_a7": 0.0,
                "dwch_mean_abs_d1": 0.0,
            },
            tolerance=1e-9,
            parameters={},
        ),
    ),
)
