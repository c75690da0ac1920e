"""The constant-Q transform by pitch class, computed by librosa, which is imported on first use.

A bin is a pitch, and the length of its filter is inversely proportional to its frequency: 1.6 s for
the lowest, C1, at 36 bins per octave [1]_ [2]_. Each clip is analysed in its own tuning.

librosa needs the whole clip in memory. A clip of more than `LONG` samples is analysed in pieces of
that length, with a margin on both sides that is longer than any filter. Memory is thus bounded, at
about 300 MB. The result differs from that of the whole clip by about 1e-5, because of the
resampling filters.

References
----------
.. [1] J. C. Brown, "Calculation of a constant Q spectral transform", J. Acoust. Soc. Am. 89(1),
   1991.
.. [2] C. Schörkhuber and A. Klapuri, "Constant-Q transform toolbox for music processing", SMC 2010.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.bins import max_over_bins, sums_over_bins
from featkit.dsp.disk_array import Clip, pieces
from featkit.dsp.segments import Segments
from featkit.dsp.tuning import Tuning
from featkit.errors import ParameterError

OCTAVES = 7

LONG = 2**23
"""Approximate number of samples in a piece of a long clip: 6 min at 22,050 Hz."""

MARGIN = 6.0
"""Least number of seconds on either side of a piece."""

ALIGNED = 2**OCTAVES
"""Pieces begin at multiples of this many hops: whole hops at every halved sample rate."""

QUANTISED = (0.4, 0.2, 0.1, 0.05)
"""Thresholds of the share of a pitch class; each one that is exceeded adds a quarter to CENS."""

SMOOTHED = 41
"""Frames over which CENS is smoothed, 0.95 s at 22,050 Hz with a hop of 512."""


class ConstantQ:
    """Constant-Q chroma of clips at any resolution; each resolution is computed once.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
    segments : Segments
        Number of frames of each clip.
    tuning : Tuning
        Tuning of the clips, estimated from peaks of magnitudes, as in `librosa.estimate_tuning`.
    sr : float
        Sample rate in Hz.
    hop_length : int
        Samples from one frame to the next.
    pad_mode : {"constant", "reflect"}
        Padding at the ends of a clip: zeros, or the clip mirrored.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        segments: Segments,
        tuning: Tuning,
        sr: float,
        hop_length: int,
        pad_mode: str,
    ) -> None:
        self._clips, self._segments, self._tuning = clips, segments, tuning
        self._sr, self._hop_length, self._pad_mode = sr, hop_length, pad_mode
        self._computed: dict[int, Array] = {}

    def __call__(self, bins_per_octave: int) -> Array:
        """Return the sum of the magnitudes of each pitch class.

        Parameters
        ----------
        bins_per_octave : int

        Returns
        -------
        array of float32, shape ``(12, frames)``

        Raises
        ------
        ParameterError
            If the sample rate is too low for seven octaves from C1, or librosa is not installed.
        """
        if bins_per_octave not in self._computed:
            tunings = np.nan_to_num(self._tuning.per_clip(bins_per_octave)).tolist()
            parts = [
                self._clip_chroma(clip, tuning, bins_per_octave)
                for clip, tuning in zip(self._clips, tunings, strict=True)
            ]
            frames = zip(parts, self._segments.lengths, strict=True)
            chroma = np.concatenate([part[:, :n] for part, n in frames], axis=1)
            self._computed[bins_per_octave] = np.ascontiguousarray(chroma)
        return self._computed[bins_per_octave]

    def _clip_chroma(self, clip: Clip, tuning: float, bins_per_octave: int) -> Array:
        grid = ALIGNED * self._hop_length
        piece, margin = max(1, LONG // grid) * grid, math.ceil(MARGIN * self._sr / grid) * grid
        chroma = []
        for start in range(0, len(clip), piece):
            first, stop = max(0, start - margin), min(len(clip), start + piece)
            samples = np.concatenate([*pieces(clip, first, min(len(clip), stop + margin))])
            part = constant_q_chroma(
                samples, self._sr, self._hop_length, self._pad_mode, tuning, bins_per_octave
            )
            skipped = (start - first) // self._hop_length
            last = None if stop == len(clip) else skipped + piece // self._hop_length
            chroma.append(part[:, skipped:last])
        return np.concatenate(chroma, axis=1)


def constant_q_chroma(
    y: Array, sr: float, hop_length: int, pad_mode: str, tuning: float, bins_per_octave: int
) -> Array:
    """Sum the magnitudes of the constant-Q transform of a clip by pitch class.

    Parameters
    ----------
    y : array of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz.
    hop_length : int
        Samples from one frame to the next.
    pad_mode : {"constant", "reflect"}
    tuning : float
        Deviation from A4 = 440 Hz as a fraction of a bin.
    bins_per_octave : int

    Returns
    -------
    array of float32, shape ``(12, frames)``

    Raises
    ------
    ParameterError
        If the sample rate is too low for seven octaves from C1, or librosa is not installed.
    """
    librosa = _librosa()
    # librosa first decimates a high rate by up to this factor, and rejects shorter clips.
    shortest = hop_length // 2 ** (OCTAVES - 1)
    y = np.pad(y, (0, max(0, shortest - len(y))))
    with warnings.catch_warnings():
        # librosa warns of clips shorter than a filter, which are valid here.
        warnings.simplefilter("ignore", UserWarning)
        try:
            transform = librosa.cqt(
                y,
                sr=sr,
                hop_length=hop_length,
                n_bins=OCTAVES * bins_per_octave,
                bins_per_octave=bins_per_octave,
                tuning=tuning,
                pad_mode=pad_mode,
            )
        except librosa.ParameterError as error:
            raise ParameterError(
                f"the constant-Q transform of {OCTAVES} octaves from C1 is not possible at"
                f" {sr:g} Hz with a hop of {hop_length}: {error}"
            ) from None
    chroma: Array = librosa.feature.chroma_cqt(
        C=np.abs(transform), bins_per_octave=bins_per_octave, norm=None
    )
    return chroma


def _librosa() -> Any:
    try:
        import librosa
    except ImportError:
        raise ParameterError(
            "the constant-Q transform needs librosa: pip install 'featkit[constant-q]'"
        ) from None
    return librosa


def strongest_to_one(chroma: Array) -> Array:
    """Divide each frame by its strongest pitch class.

    Parameters
    ----------
    chroma : array, shape ``(12, frames)``

    Returns
    -------
    array, shape ``(12, frames)``
        0 in silence.
    """
    return chroma / _divisor(max_over_bins(chroma))


def cens(chroma: Array, segments: Segments) -> Array:
    """Compute chroma energy normalised statistics (CENS).

    The shares of the pitch classes in a frame are quantised, smoothed over `SMOOTHED` frames, and
    divided by their norm, as in `librosa.feature.chroma_cens` with its defaults.

    Parameters
    ----------
    chroma : array, shape ``(12, frames)``
    segments : Segments
        The clips.

    Returns
    -------
    array of float64, shape ``(12, frames)``
        0 where the smoothed frames are silent.

    References
    ----------
    M. Müller and S. Ewert, "Chroma toolbox: MATLAB implementations for extracting variants of
    chroma-based audio features", ISMIR 2011.
    """
    from scipy.ndimage import convolve1d

    share = chroma / _divisor(sums_over_bins(chroma))
    steps = np.zeros(share.shape)
    for step in QUANTISED:
        steps += (share > step) * 0.25
    window = np.hanning(SMOOTHED + 2)
    for clip in segments:
        steps[:, clip] = convolve1d(steps[:, clip], window / window.sum(), mode="constant")
    return np.asarray(steps / _divisor(np.sqrt(sums_over_bins(np.square(steps)))))


def _divisor(size: Array) -> Array:
    return np.where(size < np.finfo(size.dtype).tiny, 1, size)
