"""Correlation of two channels, whatever the difference of their delays."""

from __future__ import annotations

import numpy as np
import scipy.fft

from featkit._utils.typing import Array


def lagged_correlations(left: Array, right: Array, lags: int) -> Array:
    """Correlate two channels at several lags.

    Parameters
    ----------
    left, right : array of float, shape ``(windows, size)``
        Two channels, each window correlated alone. Their ends are joined to a circle, so that a
        window should be much longer than the lags.
    lags : int
        Largest lag in frames; less than half of the size.

    Returns
    -------
    array of float, shape ``(windows, 2 * lags + 1)``
        From -1 to 1; 0 for windows in which a channel is constant.
    """
    spectra = []
    for channel in (left, right):
        centred = channel - channel.mean(axis=1, keepdims=True)
        norms = np.sqrt(np.einsum("ij,ij->i", centred, centred))[:, None]
        spectra.append(scipy.fft.rfft(centred / np.where(norms > 0, norms, 1), axis=1))
    products = scipy.fft.irfft(spectra[0] * spectra[1].conj(), n=left.shape[1], axis=1)
    correlations: Array = np.concatenate([products[:, -lags:], products[:, : lags + 1]], axis=1)
    return correlations


def in_blocks(windows: Array, rate: float, lowest: float) -> tuple[Array, float]:
    """Reduce the sample rate by averaging samples, which is enough to compare channels.

    Parameters
    ----------
    windows : array of float, shape ``(windows, size, channels)``
    rate : float
        Sample rate in Hz.
    lowest : float
        Lowest sample rate of the result in Hz.

    Returns
    -------
    array, shape ``(windows, blocks, channels)``
    float
        Sample rate of the blocks in Hz.
    """
    count, size, channels = windows.shape
    width = max(1, int(rate // lowest))
    if size < width:
        return windows, rate
    blocks = windows[:, : size // width * width].reshape(count, size // width, width, channels)
    return blocks.mean(axis=2), rate / width
