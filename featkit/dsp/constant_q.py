"""The constant-Q transform, folded to pitch classes; librosa computes it, imported only then.

A bin is a pitch, and its filter as long as suits its frequency: 1.6 s for the lowest, C1, at 36
bins an octave (Brown, "Calculation of a constant Q spectral transform", J. Acoust. Soc. Am. 89(1),
1991; Schörkhuber and Klapuri, "Constant-Q transform toolbox for music processing", SMC 2010). Each
clip is analysed in its own tuning.

librosa wants the whole clip in memory. One of more than `LONG` samples, wherever they lie, is
analysed in pieces of that many, with `MARGIN` more on both sides, which is longer than any filter:
memory is bounded, at some 300 MB. Its frames are those of the whole but for some 1e-5, which the
filters of the resampling make.
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
"""Samples in a piece of a long clip, or a little less: 6 min at 22,050 Hz."""

MARGIN = 6.0
"""Seconds on either side of a piece, or a little more."""

ALIGNED = 2**OCTAVES
"""Pieces begin at a multiple of so many hops, to stay on the grid of every halved sample rate."""

QUANTISED = (0.4, 0.2, 0.1, 0.05)
"""Shares of a pitch class, each of which adds a quarter to its CENS if it is passed."""

SMOOTHED = 41
"""Frames over which CENS is smoothed, 0.95 s at the usual rate and hop."""


class ConstantQ:
    """Constant-Q chroma of clips, at any resolution; each computed once.

    Parameters
    ----------
    clips : sequence of arrays or files, shape ``(samples,)``
    segments : Segments
        How many frames each has.
    tuning : Tuning
        Of the clips, by the peaks of the magnitude spectrum, as `librosa.estimate_tuning` has it.
    sr : float
    hop_length : int
    pad_mode : {"constant", "reflect"}
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
        self._known: dict[int, Array] = {}

    def __call__(self, bins_per_octave: int) -> Array:
        """Sum of the magnitudes of each pitch class, ``(12, frames)``, float32.

        Raises
        ------
        ParameterError
            If the rate is too low for seven octaves from C1, or librosa is not there.
        """
        if bins_per_octave not in self._known:
            tuning = np.nan_to_num(self._tuning.of_clips(bins_per_octave)).tolist()
            parts = [
                self._of(clip, off, bins_per_octave)
                for clip, off in zip(self._clips, tuning, strict=True)
            ]
            frames = zip(parts, self._segments.lengths, strict=True)
            folded = np.concatenate([part[:, :n] for part, n in frames], axis=1)
            self._known[bins_per_octave] = np.ascontiguousarray(folded)
        return self._known[bins_per_octave]

    def _of(self, clip: Clip, tuning: float, bins_per_octave: int) -> Array:
        grid = ALIGNED * self._hop_length
        piece, margin = max(1, LONG // grid) * grid, math.ceil(MARGIN * self._sr / grid) * grid
        chroma = []
        for start in range(0, len(clip), piece):
            first, stop = max(0, start - margin), min(len(clip), start + piece)
            samples = np.concatenate([*pieces(clip, first, min(len(clip), stop + margin))])
            folded = folded_transform(
                samples, self._sr, self._hop_length, self._pad_mode, tuning, bins_per_octave
            )
            skipped = (start - first) // self._hop_length
            last = None if stop == len(clip) else skipped + piece // self._hop_length
            chroma.append(folded[:, skipped:last])
        return np.concatenate(chroma, axis=1)


def folded_transform(
    y: Array, sr: float, hop_length: int, pad_mode: str, tuning: float, bins_per_octave: int
) -> Array:
    """Magnitudes of the constant-Q transform, summed by pitch class: ``(12, frames)``.

    `tuning` is in parts of a bin.
    """
    librosa = _librosa()
    # librosa first divides a high rate by up to this, and refuses a clip of fewer samples.
    shortest = hop_length // 2 ** (OCTAVES - 1)
    y = np.pad(y, (0, max(0, shortest - len(y))))
    with warnings.catch_warnings():
        # Samples shorter than a filter are not wrong here.
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
                f"the constant-Q transform of {OCTAVES} octaves from C1 cannot be had at {sr:g} Hz"
                f" with a hop of {hop_length}: {error}"
            ) from None
    folded: Array = librosa.feature.chroma_cqt(
        C=np.abs(transform), bins_per_octave=bins_per_octave, norm=None
    )
    return folded


def _librosa() -> Any:
    try:
        import librosa
    except ImportError:
        raise ParameterError(
            "the constant-Q transform needs librosa: pip install 'featkit[constant-q]'"
        ) from None
    return librosa


def strongest_to_one(chroma: Array) -> Array:
    """Each frame over its strongest class; 0 in silence."""
    return chroma / _divisor(max_over_bins(chroma))


def cens(chroma: Array, segments: Segments) -> Array:
    """Chroma energy normalised statistics, ``(12, frames)``; 0 far from all sound.

    The shares of the classes in a frame, cut into steps of about the same ratio, smoothed over
    `SMOOTHED` frames, and divided by their norm (Müller and Ewert, "Chroma toolbox", ISMIR 2011):
    `librosa.feature.chroma_cens` with its defaults.
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
