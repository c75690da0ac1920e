"""Bands of a filter bank that are too narrow to touch a bin: they have no level.

librosa gives such a band the least level there is, and warns. Here it is undefined, and a feature
set at a known sample rate that has one is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.filters import mel_frequencies, read_only
from featkit.dsp.gammatone import gammatone_filters
from featkit.errors import ParameterError

LONGEST = 2**20
"""Samples in the longest frame that is advised."""

CLOSE = 24.0
"""Bins this many Hz apart are closer than any gammatone filter is wide: its ERB is 24.7 or more."""


@lru_cache(maxsize=32)
def empty_mel_bands(sr: float, n_fft: int, n_mels: int, fmin: float, fmax: float | None) -> Array:
    """Which filters of `featkit.dsp.filters.mel_filters` are empty, ``(n_mels,)``, bool.

    A filter is above 0 between the centres of its neighbours, and at neither of them.
    """
    edges = mel_frequencies(n_mels + 2, fmin, sr / 2 if fmax is None else fmax)
    bins = np.fft.rfftfreq(n_fft, 1 / sr)
    first = np.searchsorted(bins, edges[:-2], side="right")
    return read_only(np.searchsorted(bins, edges[2:], side="left") <= first)


def empty_gammatone_bands(sr: float, n_fft: int, n_bands: int, fmin: float) -> Array:
    """Which filters of `featkit.dsp.gammatone` are empty, ``(n_bands,)``, bool."""
    if sr / n_fft < CLOSE:
        return np.zeros(n_bands, dtype=bool)
    return np.asarray(np.diff(gammatone_filters(sr, n_fft, n_bands, fmin).indptr) == 0)


def check_bands_have_bins(
    empty: Callable[[int, int], Array], *, sr: float, n_fft: int, n_bands: int, name: str
) -> None:
    """Refuse bands that touch no bin.

    Parameters
    ----------
    empty : callable
        ``empty(n_fft, n_bands)``: which bands are empty.
    sr : float
        Sample rate in Hz.
    n_fft, n_bands : int
        Samples in a frame, and the number of bands.
    name : str
        What the number of bands is called.

    Raises
    ------
    ParameterError
        That says how many bands are empty, and with which other parameters none is.
    """
    count = int(empty(n_fft, n_bands).sum())
    if not count:
        return
    longer = n_fft
    while longer < LONGEST and empty(longer, n_bands).any():
        longer *= 2
    fewer, many = 0, n_bands
    while many - fewer > 1:
        middle = (fewer + many) // 2
        fewer, many = (fewer, middle) if empty(n_fft, middle).any() else (middle, many)
    advice = [f"n_fft = {longer}"] if not empty(longer, n_bands).any() else []
    advice += [f"{name} = {fewer}"] if fewer else []
    raise ParameterError(
        f"{count} of the {n_bands} bands touch no bin of a frame at {sr:g} Hz with n_fft = {n_fft},"
        f" and would have no level: use {' or '.join(advice) or 'longer frames'}"
    )
