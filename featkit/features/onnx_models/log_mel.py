"""Log-mel patches: the input of many networks, by parameters that their authors state.

A frame is ``win_length`` samples times a periodic Hann window, padded with zeros to ``n_fft``. Its
magnitudes, or their squares, are weighted by triangles on a mel scale. With the default parameters
the result is the input of VGGish [1]_. All steps are in double precision, and sums over bins are
sparse products, so that a frame has the same value in any batch.

References
----------
.. [1] Hershey, S. et al. "CNN architectures for large-scale audio classification", ICASSP 2017;
   the parameters and the order of the steps are those of the authors' program,
   github.com/tensorflow/models/tree/master/research/audioset/vggish.
.. [2] O'Shaughnessy, D. "Speech communication: human and machine", 1987, for the HTK scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import fft
from featkit.dsp.filters import fft_window, mel_frequencies

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LOGARITHMS = {"ln": 1.0, "log10": 1 / np.log(10), "db": 10 / np.log(10)}
"""Multiples of the natural logarithm, by name; ``db`` is ten times the decimal one."""


@dataclass(frozen=True, kw_only=True)
class LogMel:
    """Parameters of log-mel frames.

    Attributes
    ----------
    sample_rate : float
        Hz.
    n_fft, win_length, hop_length : int
        Samples of the transform, of the window, and from frame to frame.
    n_mels : int
        Number of bands.
    fmin, fmax : float
        Lower edge of the first band and upper edge of the last, in Hz.
    mel_scale : {"htk", "slaney"}
        Scale on which the edges are evenly spaced.
    mel_triangles : {"mel", "hz"}
        Scale on which the triangles have straight sides; ``"mel"`` is that of HTK.
    mel_norm : {"none", "slaney"}
        Triangles of height 1, or of area 1 in Hz.
    mel_power : {1, 2}
        Power of the magnitudes that are summed.
    log : {"ln", "log10", "db"}
        Logarithm.
    log_offset : float
        Added before the logarithm.
    log_floor : float
        Smaller values are replaced by this before the logarithm, after the addition.
    """

    sample_rate: float
    n_fft: int
    win_length: int
    hop_length: int
    n_mels: int
    fmin: float
    fmax: float
    mel_scale: str
    mel_triangles: str
    mel_norm: str
    mel_power: int
    log: str
    log_offset: float
    log_floor: float

    def __call__(self, windows: Array) -> Array:
        """Compute the frames of windows of equal length.

        Parameters
        ----------
        windows : array of float32, shape ``(windows, samples)``
            Each of at least `win_length` samples.

        Returns
        -------
        array of float32, shape ``(windows, frames, n_mels)``
        """
        frames = np.lib.stride_tricks.sliding_window_view(windows, self.win_length, axis=1)
        frames = frames[:, :: self.hop_length].astype(np.float64)
        shape = frames.shape[:2]
        frames = frames.reshape(-1, self.win_length)
        frames *= fft_window("hann", self.win_length, np.float64)
        S = np.abs(fft.rfft(frames, self.n_fft, axis=1))
        mel = (mel_bank(self) @ S.T**self.mel_power).T
        log_mel = np.log(np.maximum(mel + self.log_offset, self.log_floor))
        scaled: Array = (log_mel * LOGARITHMS[self.log]).astype(np.float32)
        return scaled.reshape(*shape, self.n_mels)


@lru_cache(maxsize=8)
def mel_bank(p: LogMel) -> csr_array:
    """Compute triangles on a mel scale.

    Parameters
    ----------
    p : LogMel

    Returns
    -------
    sparse array of float64, shape ``(n_mels, n_fft // 2 + 1)``
    """
    from scipy.sparse import csr_array

    hz = np.arange(p.n_fft // 2 + 1) * (p.sample_rate / p.n_fft)
    if p.mel_scale == "htk":
        edges = htk_hz(np.linspace(htk_mel(p.fmin), htk_mel(p.fmax), p.n_mels + 2))
    else:
        edges = mel_frequencies(p.n_mels + 2, p.fmin, p.fmax)
    x, corners = (htk_mel(hz), htk_mel(edges)) if p.mel_triangles == "mel" else (hz, edges)
    lower, centre, upper = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    weights = np.maximum(
        0.0, np.minimum((x - lower) / (centre - lower), (upper - x) / (upper - centre))
    )
    if p.mel_norm == "slaney":
        weights *= 2 / (edges[2:] - edges[:-2])[:, None]
    return csr_array(weights)


def htk_mel(hz: Array | float) -> Array:
    """Convert frequencies to the mel scale of HTK.

    Parameters
    ----------
    hz : array or float
        Frequencies.

    Returns
    -------
    array
        ``1127 ln(1 + hz / 700)``.
    """
    return np.asarray(1127.0 * np.log1p(np.asarray(hz) / 700.0))


def htk_hz(mel: Array) -> Array:
    """Convert the mel scale of HTK to frequencies.

    Parameters
    ----------
    mel : array

    Returns
    -------
    array
        Hz.
    """
    return np.asarray(700.0 * np.expm1(mel / 1127.0))
