"""Windows and filter banks: what is the same for every frame of a rate, made once.

Banks are sparse matrices. Their filters are narrow, and a sparse product computes each frame by the
same sums wherever it stands among others, which BLAS does not.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ParameterError

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@lru_cache(maxsize=32)
def frequencies(sr: float, n_fft: int) -> Array:
    """Centre frequency of each bin in Hz, float32."""
    return read_only(np.fft.rfftfreq(n_fft, 1 / sr).astype(np.float32))


@lru_cache(maxsize=32)
def fft_window(name: str, n_fft: int, dtype: type[np.floating[Any]] = np.float32) -> Array:
    """A periodic window: a sum of cosines, as in Harris, Proc. IEEE 66(1), 1978.

    What `scipy.signal.get_window` gives, whose import takes half a second.
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


def mel_frequencies(n: int, fmin: float, fmax: float) -> Array:
    """`n` frequencies in Hz, evenly spaced on Slaney's mel scale.

    Linear up to 1 kHz, logarithmic above (Slaney, "Auditory toolbox", Interval 1998-010).
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
def mel_filters(sr: float, n_fft: int, n_mels: int, fmin: float, fmax: float | None) -> csr_array:
    """Triangular filters of unit area on the mel scale, ``(n_mels, bins)``, float32.

    A filter too narrow to touch a bin is empty: see `featkit.dsp.empty_bands`.

    Raises
    ------
    ParameterError
        If the bands begin at or above half the sample rate.
    """
    from scipy.sparse import csr_array

    top = sr / 2 if fmax is None else fmax
    if fmin >= sr / 2:
        raise ParameterError(
            f"fmin must be below half the sample rate ({sr / 2:g} Hz), got {fmin:g}"
        )
    edges = mel_frequencies(n_mels + 2, fmin, top)
    widths = np.diff(edges)
    distance = edges[:, None] - np.fft.rfftfreq(n_fft, 1 / sr)
    rising = -distance[:-2] / widths[:-1, None]
    falling = distance[2:] / widths[1:, None]
    weights = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    weights *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return csr_array(weights)


def read_only(x: Array) -> Array:
    """The same array, which nobody can change by mistake."""
    x.setflags(write=False)
    return x
