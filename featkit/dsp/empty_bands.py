"""Bands of a filter bank that contain no bin, and therefore have no level.

librosa assigns the minimum level to such a band, and warns. Here its level is undefined (NaN), and
a feature set with such a band is rejected if its sample rate is known.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.filters import mel_frequencies, read_only
from featkit.dsp.gammatone import gammatone_filters
from featkit.errors import ParameterError

MAX_N_FFT = 2**20
"""Longest frame in samples that an error message suggests."""

CLOSE = 24.0
"""Bins at most this many Hz apart leave no gammatone band empty: an ERB is at least 24.7 Hz."""


@lru_cache(maxsize=32)
def empty_mel_bands(sr: float, n_fft: int, n_mels: int, fmin: float, fmax: float | None) -> Array:
    """Find the empty filters of `featkit.dsp.filters.mel_filters`.

    A filter is above 0 between the centres of its neighbours, but not at these centres.

    Parameters
    ----------
    sr, n_fft, n_mels, fmin, fmax
        As in `featkit.dsp.filters.mel_filters`.

    Returns
    -------
    array of bool, shape ``(n_mels,)``
        True for filters that contain no bin; read-only.
    """
    edges = mel_frequencies(n_mels + 2, fmin, sr / 2 if fmax is None else fmax)
    bins = np.fft.rfftfreq(n_fft, 1 / sr)
    first = np.searchsorted(bins, edges[:-2], side="right")
    return read_only(np.searchsorted(bins, edges[2:], side="left") <= first)


def empty_gammatone_bands(sr: float, n_fft: int, n_bands: int, fmin: float) -> Array:
    """Find the empty filters of `featkit.dsp.gammatone.gammatone_filters`.

    Parameters
    ----------
    sr, n_fft, n_bands, fmin
        As in `featkit.dsp.gammatone.gammatone_filters`.

    Returns
    -------
    array of bool, shape ``(n_bands,)``
        True for filters that contain no bin.
    """
    if sr / n_fft < CLOSE:
        return np.zeros(n_bands, dtype=bool)
    return gammatone_filters(sr, n_fft, n_bands, fmin).empty


def check_bands_have_bins(
    empty: Callable[[int, int], Array], *, sr: float, n_fft: int, n_bands: int, name: str
) -> None:
    """Check that every band contains a bin.

    Parameters
    ----------
    empty : callable
        ``empty(n_fft, n_bands)`` returns whether each band is empty.
    sr : float
        Sample rate in Hz.
    n_fft, n_bands : int
        Samples per frame, and number of bands.
    name : str
        Name of the parameter for the number of bands.

    Raises
    ------
    ParameterError
        If a band is empty. The message gives the number of empty bands, and the nearest parameters
        without empty bands.
    """
    count = int(empty(n_fft, n_bands).sum())
    if not count:
        return
    longer = n_fft
    while longer < MAX_N_FFT and empty(longer, n_bands).any():
        longer *= 2
    fewer, many = 0, n_bands
    while many - fewer > 1:
        middle = (fewer + many) // 2
        fewer, many = (fewer, middle) if empty(n_fft, middle).any() else (middle, many)
    advice = [f"n_fft = {longer}"] if not empty(longer, n_bands).any() else []
    advice += [f"{name} = {fewer}"] if fewer else []
    raise ParameterError(
        f"{count} of the {n_bands} bands contain no bin at {sr:g} Hz with n_fft = {n_fft},"
        f" and would have no level: use {' or '.join(advice) or 'longer frames'}"
    )
