"""Fourier transforms, by the compiled core or by SciPy.

``import scipy.fft`` takes longer than the analysis of a recording. The core computes transforms
of rows in single precision, whose length is a power of two, with the bits of SciPy; others import
SciPy when the first one is computed.

Arrays are float32, float64, or complex of the same precision, and results have this precision.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import _compiled
from featkit.dsp.filters import roots_of_unity


def rfft(x: Array, n: int | None = None, axis: int = -1) -> Array:
    """Fourier transform of real samples, as by `scipy.fft.rfft`.

    Parameters
    ----------
    x : array of float
        Samples along `axis`.
    n : int, optional
        Length of the transform; by default that of `x`, which is padded with zeros or cut to it.
    axis : int
        Axis to transform.

    Returns
    -------
    array of complex
        With ``n // 2 + 1`` values along `axis`.
    """
    size = x.shape[axis] if n is None else n
    if _is_for_core(x, size, axis):
        return _rows_by_core(x, size)
    import scipy.fft

    spectrum: Array = scipy.fft.rfft(x, n, axis)
    return spectrum


def irfft(x: Array, n: int, axis: int = -1) -> Array:
    """Real samples from their Fourier transform, as by `scipy.fft.irfft`.

    Parameters
    ----------
    x : array of complex or float
        Transform with ``n // 2 + 1`` values along `axis`; it is padded with zeros or cut to them.
    n : int
        Number of samples.
    axis : int
        Axis to transform.

    Returns
    -------
    array of float
        With `n` values along `axis`.
    """
    import scipy.fft

    samples: Array = scipy.fft.irfft(x, n, axis)
    return samples


def next_fast_len(n: int) -> int:
    """Least length of a fast transform of real samples, as by `scipy.fft.next_fast_len`.

    Parameters
    ----------
    n : int
        Number of samples.

    Returns
    -------
    int
        At least `n`; a product of powers of 2, 3 and 5.
    """
    import scipy.fft

    return int(scipy.fft.next_fast_len(n, real=True))


def _is_for_core(x: Array, size: int, axis: int) -> bool:
    return (
        _compiled.transforms(size)
        and x.dtype == np.float32
        and axis in (-1, x.ndim - 1)
        and x.size > 0
        and x.shape[-1] <= size
    )


def _rows_by_core(x: Array, size: int) -> Array:
    assert _compiled.core is not None
    rows = np.ascontiguousarray(x)
    spectra: Array = np.empty((*x.shape[:-1], size // 2 + 1), dtype=np.complex64)
    n_rows = x.size // x.shape[-1]
    parts = spectra.view(np.float32)
    _compiled.core.transforms(rows, n_rows, roots_of_unity(size), parts)
    return spectra
