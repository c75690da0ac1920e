"""Spectral peaks and valleys: the strongest and the weakest bins of octave bands.

References
----------
Jiang, D.-N., Lu, L., Zhang, H.-J., Tao, J.-H. and Cai, L.-H. "Music type classification by spectral
contrast feature", ICME 2002; the bands as in librosa.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.features._components import numbered, total_from_names
from featkit.features.titles import plain_index


class OctaveBands(Parameters):
    """Octave bands, and the share of their bins that counts as peak and valley."""

    fmin: float = parameter(200.0, "upper edge of the lowest band, in Hz", above=0)
    n_bands: int = parameter(6, "octave bands above the lowest", at_least=1, at_most=24)
    quantile: float = parameter(
        0.02, "share of a band's bins in its peak, and in its valley", above=0, below=0.5
    )

    @property
    def indices(self) -> tuple[str, ...]:
        """Names of the bands, from the lowest; with another number than the default, ``0of4``.

        The last band extends to half the sample rate, so that its number alone does not define it.
        """
        return numbered(range(self.n_bands + 1), self.n_bands, default=OctaveBands.n_bands)

    @property
    def titles(self) -> tuple[str, ...]:
        """Number and edges of each band, from the lowest."""
        edges = [0.0, *(self.fmin * 2.0**k for k in range(self.n_bands))]
        ranges = [f"{low:g} to {high:g} Hz" for low, high in pairwise(edges)]
        ranges.append(f"{edges[-1]:g} Hz to half the sample rate")
        return tuple(
            f"band {plain_index(index)} ({text})"
            for index, text in zip(self.indices, ranges, strict=True)
        )

    @property
    def text(self) -> str:
        """Edges of the bands, for a definition."""
        return f"band 0 ends at {self.fmin:g} Hz, the last at half the sample rate"

    def bins(self, frequencies: Array) -> Iterator[tuple[int, slice, int]]:
        """Iterate over the bands that contain bins.

        As in librosa, a band begins one bin below its lower edge and, except for the last, leaves
        out its highest bin, which still counts in the share.

        Parameters
        ----------
        frequencies : array, shape ``(bins,)``
            Frequencies of the bins in Hz.

        Yields
        ------
        int, slice, int
            Number of the band, its bins, and the number of bins in its peak.
        """
        tops = self.fmin * 2.0 ** np.arange(self.n_bands + 1)
        for k, top in enumerate(tops):
            if k and tops[k - 1] >= frequencies[-1]:
                return
            first = int(np.searchsorted(frequencies, tops[k - 1])) - 1 if k else 0
            highest = k == self.n_bands
            above = int(np.searchsorted(frequencies, top, side="right"))
            end = len(frequencies) if highest else above
            bins = slice(first, end if highest else end - 1)
            if bins.stop > bins.start:
                yield k, bins, max(1, int(np.rint(self.quantile * (end - first))))


def octave_bands_from_names(names: Sequence[str]) -> dict[str, Any]:
    """Return the parameters with which bands have these names.

    Parameters
    ----------
    names : sequence of str
        Names of bands.

    Returns
    -------
    dict
        ``n_bands``.
    """
    return {"n_bands": total_from_names(names, default=OctaveBands.n_bands)}


class Extremes:
    """The strongest and the weakest bins of some frames, for any octave bands.

    Parameters
    ----------
    S : array, shape ``(bins, frames)``
        Magnitudes by a transform in double precision.
    frequencies : array, shape ``(bins,)``
        Frequencies of the bins in Hz.
    """

    def __init__(self, S: Array, frequencies: Array) -> None:
        self._S, self._frequencies = S, frequencies
        self._computed: dict[OctaveBands, Array] = {}

    def __call__(self, bands: OctaveBands) -> Array:
        """Return the mean magnitude of each band's peak and of its valley.

        The result is computed once for the same bands.

        Parameters
        ----------
        bands : OctaveBands
            The bands.

        Returns
        -------
        array, shape ``(2, n_bands + 1, frames)``
            NaN for a band without bins.
        """
        if bands not in self._computed:
            self._computed[bands] = self._peaks_and_valleys(bands)
        return self._computed[bands]

    def _peaks_and_valleys(self, bands: OctaveBands) -> Array:
        extremes = np.full((2, bands.n_bands + 1, self._S.shape[1]), np.nan, dtype=np.float32)
        for k, bins, n in bands.bins(self._frequencies):
            ordered = np.sort(self._S[bins], axis=0)
            extremes[0, k] = sums_over_bins(ordered[-n:]) / np.float32(n)
            extremes[1, k] = sums_over_bins(ordered[:n]) / np.float32(n)
        return extremes
