"""Linear prediction of the frames of a stack's clips, for any order; each is computed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.filters import fft_window
from featkit.dsp.levinson import levinson, windowed_autocorrelation
from featkit.dsp.segments import Segments
from featkit.dsp.short_spectra import (
    LENGTH,
    TOGETHER,
    frame_samples,
    pre_emphasised,
    speech_frames,
)
from featkit.errors import ParameterError

CORRECTION = 1e-9
"""White noise that is added to the autocorrelation, in shares of the power: -90 dB, about that of
quantisation to 16 bits. Without it, the coefficients of a tone are those of rounding errors."""

SOLVED = 4096
"""Frames whose normal equations are solved together."""


class Prediction(NamedTuple):
    """Predictors of all frames of a stack.

    Attributes
    ----------
    coefficients : array of float64, shape ``(order + 1, frames)``
        From ``a[0]`` = 1; NaN in silence.
    error : array of float64, shape ``(frames,)``
        Energy of the prediction error.
    energy : array of float64, shape ``(frames,)``
        Energy of the windowed frame.
    segments : Segments
        Frames of each clip.
    """

    coefficients: Array
    error: Array
    energy: Array
    segments: Segments


class Predictors:
    """Linear prediction in Hamming windows of 25 ms every 10 ms, by the autocorrelation method.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz.
    """

    def __init__(self, clips: Sequence[Clip], sr: float) -> None:
        self._frames = speech_frames(clips, sr)
        self._computed: dict[tuple[int, float], Prediction] = {}

    def __call__(self, order: int, pre_emphasis: float) -> Prediction:
        """Return the predictors of an order.

        Parameters
        ----------
        order : int
            Number of samples from which the next is predicted.
        pre_emphasis : float
            Factor of the sample before that is subtracted first; 0 changes nothing.

        Returns
        -------
        Prediction

        Raises
        ------
        ParameterError
            If a frame is too short for the order.
        """
        key = order, pre_emphasis
        if key not in self._computed:
            check_order(order, self._frames.sr)
            self._computed[key] = self._predict(order, pre_emphasis)
        return self._computed[key]

    def _predict(self, order: int, pre_emphasis: float) -> Prediction:
        correlation = self._correlation(order, pre_emphasis)
        correlation[0] *= 1 + CORRECTION
        energy = np.where(correlation[0] > 0, correlation[0], np.nan)
        error = np.empty_like(energy)
        coefficients = correlation  # replaced part by part, to save memory
        for start in range(0, len(error), SOLVED):
            part = slice(start, start + SOLVED)
            coefficients[:, part], error[part] = levinson(correlation[:, part], order)
        return Prediction(coefficients, error, energy, self._frames.segments)

    def _correlation(self, order: int, pre_emphasis: float) -> Array:
        """Autocorrelation of all frames, ``(order + 1, frames)``."""
        frames = self._frames
        window = fft_window("hamming", frames.length, np.float64)
        correlation: Array = np.zeros((order + 1, frames.segments.total))
        for clip, own in enumerate(frames.segments):
            for part, samples in frames.batches(clip, TOGETHER):
                emphasised = pre_emphasised(samples, pre_emphasis)
                columns = slice(own.start + part.start, own.start + part.stop)
                correlation[:, columns] = windowed_autocorrelation(emphasised, window, order)
        return correlation


def check_order(order: int, sr: float) -> None:
    """Check that a frame is longer than the order of prediction.

    Parameters
    ----------
    order : int
        Number of samples from which the next is predicted.
    sr : float
        Sample rate in Hz.

    Raises
    ------
    ParameterError
        If it is not; the message gives the highest order.
    """
    samples = frame_samples(sr)
    if order >= samples:
        raise ParameterError(
            f"order must be below the {samples} samples in {1000 * LENGTH:g} ms at {sr:g} Hz, got"
            f" {order}"
        )
