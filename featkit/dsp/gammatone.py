"""Gammatone filters: how the ear's places share out a spectrum.

The impulse response ``t**3 exp(-2 pi b t) cos(2 pi f t)`` of Patterson and others ("Complex sounds
and auditory images", 1992), with ``b = 1.019 ERB(f)`` and the equivalent rectangular bandwidths of
Glasberg and Moore ("Derivation of auditory filter shapes from notched-noise data", Hearing Research
47, 1990). A bank weights the bins of a power spectrum by the squared magnitude of the response, as
Ellis does ("Gammatone-like spectrograms", 2009), which is far less work than filtering the samples.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ParameterError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ORDER = 4

BANDWIDTH = 1.019
"""Bandwidth ``b`` of a filter of order 4 in ERB: with it, the filter's own is 1 ERB."""

SKIRTS = 1e-6
"""Share of its greatest weight below which a filter's weight counts as 0, so that the bank is
sparse. What is cut off is less than a hundred-thousandth of the filter's area."""


def erb(hz: Array) -> Array:
    """Equivalent rectangular bandwidth at a frequency, both in Hz."""
    return 24.7 * (4.37e-3 * hz + 1)


def erb_frequencies(n: int, fmin: float, fmax: float) -> Array:
    """`n` frequencies in Hz, evenly spaced on the ERB-rate scale, from `fmin` to below `fmax`.

    They are those that divide the range into `n` steps, without its upper end, as in Slaney's
    `ERBSpace`.
    """
    low, high = np.log(4.37e-3 * np.array([fmin, fmax]) + 1)
    steps = np.linspace(low, high, n, endpoint=False)
    return np.asarray((np.exp(steps) - 1) / 4.37e-3)


@lru_cache(maxsize=32)
def gammatone_filters(sr: float, n_fft: int, n_bands: int, fmin: float) -> csr_array:
    """Squared magnitudes of the filters' responses, ``(n_bands, bins)``, float32.

    Centres are `erb_frequencies` from `fmin` to half the sample rate; there the response is 1.

    Raises
    ------
    ParameterError
        If the bands begin at or above half the sample rate.
    """
    from scipy.sparse import csr_array

    if fmin >= sr / 2:
        raise ParameterError(
            f"fmin must be below half the sample rate ({sr / 2:g} Hz), got {fmin:g}"
        )
    centre = erb_frequencies(n_bands, fmin, sr / 2)[:, None]
    weights = np.square(np.abs(response(np.fft.rfftfreq(n_fft, 1 / sr), centre)))
    weights /= np.square(np.abs(response(centre, centre)))
    return csr_array(np.where(weights < SKIRTS, 0, weights).astype(np.float32))


def response(hz: Array, centre: Array) -> Array:
    """The filter's complex response, up to a factor: the transform of its impulse response."""
    b = BANDWIDTH * erb(centre)
    above, below = (1 + 1j * (hz - centre) / b, 1 + 1j * (hz + centre) / b)
    return np.asarray(above**-ORDER + below**-ORDER)
