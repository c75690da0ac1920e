"""Auditory spectra: mel bands as in HTK, equal loudness and the power law of hearing.

References
----------
.. [1] H. Hermansky, "Perceptual linear predictive (PLP) analysis of speech", J. Acoust. Soc. Am.
   87(4), 1990.
.. [2] S. Young et al., "The HTK book (for HTK version 3.4)", 2006, 5.4.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.banks import Bank
from featkit.dsp.filters import read_only


def htk_mel_edges(n: int, fmin: float, fmax: float) -> Array:
    """Return the edges and centres of overlapping bands, evenly spaced in mel [2]_.

    Parameters
    ----------
    n : int
        Number of bands.
    fmin, fmax : float
        Lower edge of the first and upper edge of the last band in Hz.

    Returns
    -------
    array of float64, shape ``(n + 2,)``
        Hz. Band k rises from edge k to its centre, edge k + 1, and falls to edge k + 2.
    """
    low, high = (2595 * np.log10(1 + f / 700) for f in (fmin, fmax))
    edges: Array = 700 * (10 ** (np.linspace(low, high, n + 2) / 2595) - 1)
    return edges


@lru_cache(maxsize=16)
def htk_mel_filters(sr: float, n_fft: int, n: int, fmin: float, fmax: float) -> Bank:
    """Return filters that are triangles of height 1 on the mel scale [2]_.

    As in HTK, the first bin that counts is the one after that closest to `fmin`.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples per frame.
    n : int
        Number of filters.
    fmin, fmax : float
        Lowest and highest edge in Hz.

    Returns
    -------
    Bank, shape ``(n, n_fft // 2 + 1)``
    """
    edges = 2595 * np.log10(1 + htk_mel_edges(n, fmin, fmax) / 700)
    mels = 2595 * np.log10(1 + np.fft.rfftfreq(n_fft, 1 / sr) / 700)
    widths = np.diff(edges)[:, None]
    rising = (mels - edges[:-2, None]) / widths[:-1]
    falling = (edges[2:, None] - mels) / widths[1:]
    weights = np.maximum(0, np.minimum(rising, falling))
    weights[:, : int(fmin * n_fft / sr + 1.5)] = 0
    return Bank(weights)


@lru_cache(maxsize=16)
def equal_loudness(n: int, fmin: float, fmax: float) -> Array:
    """Return the sensitivity of hearing, at about 40 dB, in the centres of mel bands [1]_.

    Parameters
    ----------
    n : int
        Number of bands.
    fmin, fmax : float
        Lower edge of the first and upper edge of the last band in Hz.

    Returns
    -------
    array of float64, shape ``(n,)``
        Factors of power, at most about 1. Read-only.
    """
    square = (2 * np.pi * htk_mel_edges(n, fmin, fmax)[1:-1]) ** 2
    low = square**2 * (square + 56.8e6) / ((square + 6.3e6) ** 2 * (square + 0.38e9))
    return read_only(low / (1 + square**3 / 9.58e26))
