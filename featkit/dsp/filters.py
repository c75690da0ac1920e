"""Windows and filter banks, computed once for each sample rate."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.banks import Bank
from featkit.errors import ParameterError


@lru_cache(maxsize=32)
def frequencies(sr: float, n_fft: int) -> Array:
    """Return the centre frequencies of the bins.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples per frame.

    Returns
    -------
    array of float32, shape ``(n_fft // 2 + 1,)``
        Hz; read-only.
    """
    return read_only(np.fft.rfftfreq(n_fft, 1 / sr).astype(np.float32))


@lru_cache(maxsize=32)
def fft_window(name: str, n_fft: int, dtype: type[np.floating[Any]] = np.float32) -> Array:
    """Return a periodic window, a sum of cosines.

    It equals `scipy.signal.get_window`, whose import takes half a second.

    Parameters
    ----------
    name : {"boxcar", "hann", "hamming", "blackman"}
    n_fft : int
        Length in samples.
    dtype : type
        Floating-point type of the result.

    Returns
    -------
    array, shape ``(n_fft,)``
        Read-only.

    References
    ----------
    F. J. Harris, "On the use of windows for harmonic analysis with the discrete Fourier
    transform", Proceedings of the IEEE 66(1), 1978.
    """
    terms = {
        "boxcar": [1.0],
        "hann": [0.5, -0.5],
        "hamming": [0.54, -0.46],
        "blackman": [0.42, -0.5, 0.08],
    }[name]
    phase = 2 * np.pi * np.arange(n_fft) / n_fft
    window = sum(term * np.cos(k * phase) for k, term in enumerate(terms))
    return read_only(np.asarray(window, dtype=dtype))


@lru_cache(maxsize=32)
def gaussian_window(length: int) -> Array:
    """Return a symmetric Gaussian window that reaches 0 just beyond its ends.

    It is exp(-48 u²) for u from -1/2 to 1/2, lowered to 0 at these ends and divided by its greatest
    value. Its effective length is half of its length [1]_.

    Parameters
    ----------
    length : int
        Number of samples.

    Returns
    -------
    array of float64, shape ``(length,)``
        Read-only.

    References
    ----------
    .. [1] P. Boersma, "Accurate short-term analysis of the fundamental frequency and the
       harmonics-to-noise ratio of a sampled sound", Proceedings of the Institute of Phonetic
       Sciences 17, University of Amsterdam, 1993.
    """
    u = (np.arange(length) - (length - 1) / 2) / (length + 1)
    edge = np.exp(-12.0)
    return read_only((np.exp(-48 * u * u) - edge) / (1 - edge))


def mel_frequencies(n: int, fmin: float, fmax: float) -> Array:
    """Return frequencies evenly spaced on Slaney's mel scale: linear to 1 kHz, then logarithmic.

    Parameters
    ----------
    n : int
        Number of frequencies.
    fmin, fmax : float
        First and last frequency in Hz.

    Returns
    -------
    array of float64, shape ``(n,)``
        Hz.

    References
    ----------
    M. Slaney, "Auditory toolbox, version 2", Interval Research technical report 1998-010, 1998.
    """
    step, knee = 200 / 3, 1000.0
    log_step = np.log(6.4) / 27

    def to_mel(hz: float) -> float:
        if hz < knee:
            return hz / step
        return float(knee / step + np.log(hz / knee) / log_step)

    mels = np.linspace(to_mel(fmin), to_mel(fmax), n)
    above = mels - knee / step
    return np.where(above < 0, mels * step, knee * np.exp(log_step * np.maximum(above, 0)))


@lru_cache(maxsize=32)
def mel_filters(sr: float, n_fft: int, n_mels: int, fmin: float, fmax: float | None) -> Bank:
    """Return triangular filters of unit area on the mel scale.

    A filter that is too narrow to contain a bin is empty: see `featkit.dsp.empty_bands`.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples per frame.
    n_mels : int
        Number of filters.
    fmin, fmax : float
        Lowest and highest edge in Hz; None is half the sample rate.

    Returns
    -------
    Bank, shape ``(n_mels, n_fft // 2 + 1)``

    Raises
    ------
    ParameterError
        If `fmin` is not below half the sample rate.
    """
    top = sr / 2 if fmax is None else fmax
    check_fmin(fmin, sr)
    edges = mel_frequencies(n_mels + 2, fmin, top)
    widths = np.diff(edges)
    distance = edges[:, None] - np.fft.rfftfreq(n_fft, 1 / sr)
    rising = -distance[:-2] / widths[:-1, None]
    falling = distance[2:] / widths[1:, None]
    weights = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    weights *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return Bank(weights)


@lru_cache(maxsize=32)
def linear_filters(sr: float, n_fft: int, n_bands: int) -> Bank:
    """Return triangular filters of equal width from 0 Hz to half the sample rate.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples per frame.
    n_bands : int
        Number of filters; each overlaps half of its neighbours.

    Returns
    -------
    Bank, shape ``(n_bands, n_fft // 2 + 1)``
        1 at the centre of a filter.
    """
    width = sr / 2 / (n_bands + 1)
    centres = width * np.arange(1, n_bands + 1)[:, None]
    distance = np.abs(np.fft.rfftfreq(n_fft, 1 / sr) - centres)
    return Bank(np.maximum(0, 1 - distance / width).astype(np.float32))


@lru_cache(maxsize=16)
def roots_of_unity(n: int) -> Array:
    """Return the factors of a transform by the compiled core.

    Parameters
    ----------
    n : int
        Number of real numbers that are transformed.

    Returns
    -------
    array of float32, shape ``(2 * n,)``
        Powers of exp(-2 pi i / n): real and imaginary parts in turn; read-only.
    """
    roots = np.exp(-2j * np.pi / n * np.arange(n))
    return read_only(np.stack([roots.real, roots.imag], axis=1).ravel().astype(np.float32))


def check_fmin(fmin: float, sr: float) -> None:
    """Check the lowest frequency of a filter bank.

    Parameters
    ----------
    fmin, sr : float
        Lowest frequency and sample rate in Hz.

    Raises
    ------
    ParameterError
        If `fmin` is not below half the sample rate.
    """
    if fmin >= sr / 2:
        raise ParameterError(
            f"fmin must be below half the sample rate ({sr / 2:g} Hz), got {fmin:g}"
        )


def read_only(x: Array) -> Array:
    """Make an array read-only, so that a cached result cannot be changed.

    Parameters
    ----------
    x : array

    Returns
    -------
    array
        The same array.
    """
    x.setflags(write=False)
    return x
