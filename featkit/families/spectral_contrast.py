"""Spectral contrast: how far peaks stand above valleys, octave by octave.

The mean of the strongest bins of each band over that of the weakest, in decibels (Jiang, Lu, Zhang,
Tao and Cai, "Music type classification by spectral contrast feature", ICME 2002), as
`librosa.feature.spectral_contrast` has it: of magnitudes, taken for power by the conversion to
decibels, and both sides cut off 80 dB below their loudest value in the clip.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from featkit import signals
from featkit.families import Descriptor, Family, Oracle
from featkit.parameters import Parameters, parameter
from featkit.segments import Array, Segments
from featkit.spectra import column_sums, power_to_db

TOP_DB = 80.0
"""Decibels below the clip's loudest peak, and loudest valley, at which others are cut off."""


class ContrastParameters(Parameters):
    """The bands, and what counts as a peak."""

    fmin: float = parameter(200.0, "upper edge of the lowest band, in Hz", above=0)
    n_bands: int = parameter(6, "octave bands above the lowest", at_least=1, at_most=24)
    quantile: float = parameter(0.02, "share of a band's bins taken for peak", above=0, below=0.5)


def descriptors(p: ContrastParameters) -> Sequence[Descriptor]:
    contrast = Descriptor(
        name="spectral_contrast",
        unit="dB",
        low=-np.inf,
        high=np.inf,
        definition=f"strongest over weakest {p.quantile:.4g} of the magnitudes of an octave band,"
        f" in dB of power; band 0 ends at {p.fmin:g} Hz, the last at half the sample rate",
        reference="Jiang et al. 2002; librosa.feature.spectral_contrast",
        undefined="in a clip of silence; in a band without bins, or above half the sample rate",
        indices=tuple(str(k) for k in range(p.n_bands + 1)),
    )
    return [contrast]


def compute(p: ContrastParameters, *, precise_S: Array, frequencies: Array) -> Array:
    """Peaks of all bands, then their valleys: ``(2 * (n_bands + 1), frames)``."""
    peaks, valleys = np.full((2, p.n_bands + 1, precise_S.shape[1]), np.nan, dtype=np.float32)
    for k, bins, n in _bands(p, frequencies):
        ordered = np.sort(precise_S[bins], axis=0)
        peaks[k] = column_sums(ordered[-n:]) / np.float32(n)
        valleys[k] = column_sums(ordered[:n]) / np.float32(n)
    return np.concatenate([peaks, valleys])


def _bands(p: ContrastParameters, frequencies: Array) -> Iterator[tuple[int, slice, int]]:
    """Number and bins of each band that has some, and how many of them are its peak.

    As in librosa, a band begins a bin below its lower edge and, but for the last, leaves out its
    highest bin, which the share is counted from all the same.
    """
    tops = p.fmin * 2.0 ** np.arange(p.n_bands + 1)
    for k, top in enumerate(tops):
        if k and tops[k - 1] >= frequencies[-1]:
            return
        highest = k == p.n_bands
        first = int(np.searchsorted(frequencies, tops[k - 1])) - 1 if k else 0
        end = len(frequencies) if highest else int(np.searchsorted(frequencies, top, side="right"))
        bins = slice(first, end if highest else end - 1)
        if bins.stop > bins.start:
            yield k, bins, max(1, int(np.rint(p.quantile * (end - first))))


def finish(p: ContrastParameters, values: Array, *, segments: Segments) -> Array:
    """The difference in decibels: ``(n_bands + 1, frames)``."""
    peaks, valleys = np.split(values, 2)
    return power_to_db(peaks, segments, TOP_DB) - power_to_db(valleys, segments, TOP_DB)


FAMILY = Family(
    name="spectral_contrast",
    parameters=ContrastParameters,
    descriptors=descriptors,
    compute=compute,
    finish=finish,
    undefined_in_silence=True,
    oracles=(
        Oracle(
            name="a flat spectrum has no contrast",
            signal=signals.impulse,
            expected={f"spectral_contrast_{band}": 0.0 for band in range(7)},
            tolerance=1e-3,
            parameters={},
        ),
    ),
)
