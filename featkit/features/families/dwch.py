"""Wavelet histograms (DWCH): the distribution of the wavelet coefficients in each octave band.

The clip is transformed with ``db8`` and seven levels. The descriptors of a band are the first three
moments of the histogram of its coefficients, and the mean of their absolute values. The histogram
has 64 bins of equal width, four standard deviations to both sides of the mean; coefficients beyond
are not counted, so that single impulses have no effect. Each coefficient counts as the centre of
its bin. The paper does not specify bins and range.

A clip needs ``(filter length - 1) * 2**level`` samples, 1,920 for ``db8`` and 7 levels. For a
shorter one all descriptors are NaN.

References
----------
Li, T., Ogihara, M. and Li, Q. "A comparative study on content-based music genre classification",
SIGIR 2003.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.band_moments import BandMoments, band_moments
from featkit.dsp.disk_array import Clip, DiskArray, pieces
from featkit.dsp.dwt import DAUBECHIES, bands, max_level, symmetric_dwt
from featkit.features._components import band_names, level_from_names
from featkit.features.family import Descriptor, Family, ReferenceCase
from featkit.features.titles import wavelet_band_titles

ROUNDING = 1e-13
"""A band with a smaller ratio of its standard deviation to the root mean square of the strongest
band contains only rounding errors."""


class DwchParameters(Parameters):
    """Wavelet, levels and histograms."""

    wavelet: str = parameter("db8", "Daubechies wavelet", choices=DAUBECHIES)
    level: int = parameter(7, "levels, one octave each", at_least=1, below=21)
    n_bins: int = parameter(64, "bins of a histogram", at_least=2, at_most=65536)
    deviations: float = parameter(
        4.0, "half the range of the histogram, in standard deviations", at_least=1
    )


def _descriptors(p: DwchParameters) -> list[Descriptor]:
    short = f"in a clip too short for {p.level} levels"
    constant = f"{short}, in silence, and where a band's coefficients are all the same"
    histogram = f"histogram of the band's coefficients, {p.n_bins} bins over {p.deviations:g}"
    histogram += f" standard deviations to both sides of their mean, {p.wavelet}"
    descriptor = partial(
        Descriptor,
        reference="Li, Ogihara and Li 2003; PyWavelets wavedec",
        undefined=short,
        indices=band_names(p.level),
        index_titles=wavelet_band_titles(band_names(p.level)),
    )
    return [
        descriptor(name="dwch_mean", unit="full scale", definition=f"mean of the {histogram}"),
        descriptor(
            name="dwch_variance",
            unit="(full scale)²",
            low=0.0,
            definition=f"variance of the {histogram}",
        ),
        descriptor(
            name="dwch_skewness",
            unit="1",
            definition=f"skewness of the {histogram}",
            undefined=constant,
        ),
        descriptor(
            name="dwch_mean_abs",
            unit="full scale",
            low=0.0,
            definition=f"mean(|c|) of the band, {p.wavelet}",
        ),
    ]


def _compute(p: DwchParameters, *, clips: Sequence[Clip]) -> Array:
    """Descriptors of each clip: ``(4 * (level + 1), clips)``."""
    return np.stack([_clip_values(p, clip) for clip in clips], axis=1)


def _clip_values(p: DwchParameters, clip: Clip) -> Array:
    count = p.level + 1
    if max_level(len(clip), p.wavelet) < p.level:
        return np.full(4 * count, np.nan)

    def coefficients() -> Iterable[tuple[int, Array]]:
        return bands(pieces(clip), symmetric_dwt(p.wavelet, p.level))

    # The coefficients are needed twice; for a clip on disk they are computed again, to save memory.
    kept = None if isinstance(clip, DiskArray) else list(coefficients())
    moments = BandMoments(band_moments(kept or coefficients(), count))
    widths = 2 * p.deviations * moments.std / p.n_bins
    begins = moments.mean - p.deviations * moments.std
    histograms = np.zeros((count, p.n_bins))
    for band, c in kept or coefficients():
        if widths[band]:  # otherwise all coefficients are equal
            histograms[band] += _counts(p, c, begins[band], widths[band])
    mean, variance, skewness = _histogram_moments(p, histograms, moments)
    return np.concatenate([mean, variance, skewness, moments.mean_abs])


def _counts(p: DwchParameters, c: Array, begin: float, width: float) -> Array:
    """Number of coefficients in each bin."""
    place = c - begin
    place /= width
    np.clip(place, -1, p.n_bins, out=place)
    np.floor(place, out=place)
    return np.bincount(place.astype(np.intp) + 1, minlength=p.n_bins + 2)[1:-1]


def _histogram_moments(
    p: DwchParameters, histograms: Array, moments: BandMoments
) -> tuple[Array, Array, Array]:
    """Mean, variance and skewness of the histogram of each band."""
    middles = p.deviations * ((2 * np.arange(p.n_bins) + 1) / p.n_bins - 1)
    share = histograms / np.maximum(histograms.sum(axis=1), 1)[:, None]
    mean = np.sum(share * middles, axis=1)
    centred = middles - mean[:, None]
    variance = np.sum(share * centred**2, axis=1)
    third = np.sum(share * centred**3, axis=1)
    std = moments.std
    loudest = np.sqrt(moments.mean_square.max())
    varies = (std > ROUNDING * loudest) & (variance > 0)
    skewness = third / np.where(varies, variance, np.nan) ** 1.5
    return moments.mean + std * mean, std**2 * variance, skewness


def _from_indices(indices: Sequence[str]) -> dict[str, Any]:
    return {"level": level_from_names(indices, default=DwchParameters.level)}


def _steps(sr: float) -> Array:
    """Three samples of 0.1 and one of -0.3 in turn, each repeated once."""
    return np.repeat(np.tile(np.array([0.1, 0.1, 0.1, -0.3], dtype=np.float32), 2**12), 2)


FAMILY = Family(
    name="dwch",
    parameters=DwchParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    from_indices=_from_indices,
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="Gaussian noise has mean 0, skewness 0, its variance, and a mean of |c| of"
            " sqrt(2 / pi) standard deviations",
            signal=lambda sr: signals.noise(sr, duration=20.0, amplitude=1.0),
            expected={
                "dwch_mean_d1": 0.0,
                "dwch_variance_d1": 1.0,
                "dwch_skewness_d1": 0.0,
                "dwch_mean_abs_d1": np.sqrt(2 / np.pi),
                "dwch_variance_d3": 1.0,
            },
            tolerance=0.02,
        ),
        ReferenceCase(
            name="pairs of equal samples have no Haar detail; values at a ratio of 3 to 1 have a"
            " skewness of -2 / sqrt(3)",
            signal=_steps,
            expected={
                "dwch_skewness_a1": -2 / np.sqrt(3),
                "dwch_mean_abs_a1": 0.15 * np.sqrt(2),
                "dwch_mean_abs_d1": 0.0,
            },
            tolerance=1e-6,
            parameters={"wavelet": "haar", "level": 1},
        ),
        ReferenceCase(
            name="a constant has no variance and no details",
            signal=lambda sr: signals.constant(sr, value=0.25),
            expected={
                "dwch_mean_a7": 0.25 * np.sqrt(2.0) ** 7,
                "dwch_variance_a7": 0.0,
                "dwch_mean_abs_d1": 0.0,
            },
            tolerance=1e-9,
        ),
    ),
)
