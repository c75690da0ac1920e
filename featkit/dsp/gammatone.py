"""Gammatone filter banks, a model of the frequency resolution of the ear.

The impulse response of a filter is ``t**3 exp(-2 pi b t) cos(2 pi f t)`` [1]_ with
``b = 1.019 ERB(f)`` and the equivalent rectangular bandwidth ERB of [2]_. A filter bank weights the
bins of a power spectrum by the squared magnitude of the response [3]_, which needs much less
computation than filtering the samples.

References
----------
.. [1] R. D. Patterson et al., "Complex sounds and auditory images", in Auditory Physiology and
   Perception, 1992.
.. [2] B. R. Glasberg and B. C. J. Moore, "Derivation of auditory filter shapes from notched-noise
   data", Hearing Research 47, 1990.
.. [3] D. P. W. Ellis, "Gammatone-like spectrograms", 2009.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.banks import Bank
from featkit.dsp.filters import check_fmin

ORDER = 4

BANDWIDTH = 1.019
"""Parameter ``b`` in ERB: with it, the bandwidth of a filter of order 4 is 1 ERB."""

NEGLIGIBLE = 1e-6
"""Weights below this share of the maximum of a filter are 0 by default, so that the bank is sparse.
Less than a hundred-thousandth of the area of a filter is lost."""


def erb(hz: Array) -> Array:
    """Return the equivalent rectangular bandwidth at a frequency.

    Parameters
    ----------
    hz : array, any shape
        Frequency in Hz.

    Returns
    -------
    array, shaped as `hz`
        Bandwidth in Hz.
    """
    return 24.7 * (4.37e-3 * hz + 1)


def erb_frequencies(n: int, fmin: float, fmax: float) -> Array:
    """Return frequencies evenly spaced on the ERB-rate scale, as in Slaney's ``ERBSpace``.

    Parameters
    ----------
    n : int
        Number of frequencies.
    fmin, fmax : float
        First frequency in Hz, and the end of the range, which is not included.

    Returns
    -------
    array of float64, shape ``(n,)``
        Hz.
    """
    low, high = np.log(4.37e-3 * np.array([fmin, fmax]) + 1)
    steps = np.linspace(low, high, n, endpoint=False)
    return np.asarray((np.exp(steps) - 1) / 4.37e-3)


@lru_cache(maxsize=32)
def gammatone_filters(
    sr: float,
    n_fft: int,
    n_bands: int,
    fmin: float,
    fmax: float | None = None,
    negligible: float = NEGLIGIBLE,
) -> Bank:
    """Return the squared magnitude responses of the filters.

    Parameters
    ----------
    sr : float
        Sample rate in Hz.
    n_fft : int
        Samples per frame.
    n_bands : int
        Number of filters, with centres at `erb_frequencies` from `fmin` to `fmax`.
    fmin : float
        Centre of the lowest filter in Hz.
    fmax : float, optional
        End of the range of centres in Hz; by default, and at most, half the sample rate.
    negligible : float
        Share of the maximum of a filter below which weights are 0.

    Returns
    -------
    Bank, shape ``(n_bands, n_fft // 2 + 1)``
        1 at the centre of a filter.

    Raises
    ------
    ParameterError
        If `fmin` is not below half the sample rate.
    """
    check_fmin(fmin, sr)
    top = sr / 2 if fmax is None else min(fmax, sr / 2)
    centre = erb_frequencies(n_bands, fmin, top)[:, None]
    weights = np.square(np.abs(response(np.fft.rfftfreq(n_fft, 1 / sr), centre)))
    weights /= np.square(np.abs(response(centre, centre)))
    return Bank(np.where(weights < negligible, 0, weights).astype(np.float32))


def response(hz: Array, centre: Array) -> Array:
    """Return the complex frequency response of filters, up to a constant factor.

    Parameters
    ----------
    hz, centre : array
        Frequency, and centre of the filter, in Hz; of shapes that broadcast.

    Returns
    -------
    array of complex128
    """
    b = BANDWIDTH * erb(centre)
    above, below = (1 + 1j * (hz - centre) / b, 1 + 1j * (hz + centre) / b)
    return np.asarray(above**-ORDER + below**-ORDER)
