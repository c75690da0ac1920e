"""The strongest and the weakest bins of octave bands: spectral peaks and valleys.

The bands of Jiang, Lu, Zhang, Tao and Cai ("Music type classification by spectral contrast
feature", ICME 2002), as librosa cuts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.features._components import numbered, total_named


class OctaveBands(Parameters):
    """The bands, and what counts as a peak or a valley."""

    fmin: float = parameter(200.0, "upper edge of the lowest band, in Hz", above=0)
    n_bands: int = parameter(6, "octave bands above the lowest", at_least=1, at_most=24)
    quantile: float = parameter(
        0.02, "share of a band's bins taken for peak, and for valley", above=0, below=0.5
    )

    @property
    def indices(self) -> tuple[str, ...]:
        """Names of the bands, from the lowest; of another number than usual, ``0of4``.

        The last band goes on to half the sample rate, so that its number says not all.
        """
        return numbered(range(self.n_bands + 1), self.n_bands, usual=OctaveBands.n_bands)

    @property
    def text(self) -> str:
        """Where the bands lie, for a definition."""
        return f"band 0 ends at {self.fmin:g} Hz, the last at half the sample rate"

    def places(self, frequencies: Array) -> Iterator[tuple[int, slice, int]]:
        """Number and bins of each band that has some, and how many of them are its peak.

        As in librosa, a band begins a bin below its lower edge and, but for the last, leaves out
        its highest bin, which the share is counted from all the same.
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


def octaves_named(indices: Sequence[str]) -> dict[str, Any]:
    """The parameters under which bands have these names."""
    return {"n_bands": total_named(indices, usual=OctaveBands.n_bands)}


class Extremes:
    """The strongest and the weakest bins of some frames, for any bands.

    Parameters
    ----------
    S : array, shape ``(bins, frames)``
        Magnitudes, precise in the weakest bins, too.
    frequencies : array, shape ``(bins,)``
        In Hz.
    """

    def __init__(self, S: Array, frequencies: Array) -> None:
        self._S, self._frequencies = S, frequencies
        self._known: dict[OctaveBands, Array] = {}

    def __call__(self, bands: OctaveBands) -> Array:
        """Mean magnitude of each band's peak and of its valley, ``(2, n_bands + 1, frames)``.

        NaN for a band without bins. Whoever asks for the same bands gets the same array.
        """
        if bands not in self._known:
            self._known[bands] = self._of(bands)
        return self._known[bands]

    def _of(self, bands: OctaveBands) -> Array:
        extremes = np.full((2, bands.n_bands + 1, self._S.shape[1]), np.nan, dtype=np.float32)
        for k, bins, n in bands.places(self._frequencies):
            ordered = np.sort(self._S[bins], axis=0)
            extremes[0, k] = sums_over_bins(ordered[-n:]) / np.float32(n)
            extremes[1, k] = sums_over_bins(ordered[:n]) / np.float32(n)
        return extremes
