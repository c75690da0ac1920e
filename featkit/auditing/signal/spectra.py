"""Spectra of frames that several defects share."""

from __future__ import annotations

import numpy as np
import scipy.fft

from featkit._utils.typing import Array
from featkit.auditing.measure import Piece

FRAME = 0.0464
"""Approximate duration of a frame in seconds: 2048 samples at 44.1 kHz."""


def spectra(piece: Piece) -> Array:
    """Compute the spectra of all whole frames of a piece; for `Piece.shared`.

    Frames do not overlap. The energy of their Hann window is 1, so that the power of white noise in
    each bin is its power.

    Parameters
    ----------
    piece : Piece
        All channels are mixed.

    Returns
    -------
    array of complex64, shape ``(frames, frame_size(piece.rate) // 2 + 1)``
    """
    size = frame_size(piece.rate)
    window = np.hanning(size + 2)[1:-1]
    window /= np.sqrt(np.square(window).sum())
    frames = piece.y[: len(piece.y) // size * size].reshape(-1, size)
    result: Array = scipy.fft.rfft(frames * window.astype(np.float32))
    return result


def frame_size(rate: float) -> int:
    """Return the number of samples of a frame.

    Parameters
    ----------
    rate : float
        Sample rate in Hz.

    Returns
    -------
    int
        The power of 2 closest to `FRAME` seconds, at least 16.
    """
    return int(2 ** max(4, round(np.log2(FRAME * rate))))
