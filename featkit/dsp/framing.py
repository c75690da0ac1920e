"""Samples cut into frames.

Frames are centred: frame ``t`` looks at the ``n_fft`` samples around sample ``t * hop_length``,
with padding at both ends. A `Grid` knows where all frames of a stack of clips lie, and holds no
more of their samples than it is given; a `Signal` is the samples under some of these frames.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import takewhile

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.filters import fft_window
from featkit.dsp.segments import Segments

TRANSFORMED = 128
"""Frames transformed at once, few enough for a core's own cache."""


class Grid:
    """Where clips, side by side, lie on a grid of hops.

    Each clip begins on a multiple of the hop, padded by half a frame at both ends, so that a frame
    of any clip is a frame of the grid.

    Parameters
    ----------
    clips : sequence of arrays or spools, shape ``(samples,)``, float32
    segments : Segments
        How many frames each clip has.
    n_fft, hop_length : int
        Samples in a frame, and from one to the next.
    window : str
        Name of the window, see `featkit.dsp.filters.fft_window`.
    pad_mode : {"constant", "reflect"}
        What stands beyond the ends of a clip: zeros, or the clip mirrored.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        segments: Segments,
        *,
        n_fft: int,
        hop_length: int,
        window: str,
        pad_mode: str,
    ) -> None:
        self.n_fft, self.hop_length, self.window = n_fft, hop_length, window
        half = n_fft // 2
        lengths = np.array([len(clip) for clip in clips])
        first_hop = np.cumsum([0, *(-(-(lengths + n_fft) // hop_length))])[:-1]
        within = np.arange(segments.total) - segments.spread(segments.starts)
        self.hop_of_frame: Array = within + segments.spread(first_hop)
        self.begins: Array = first_hop * hop_length + half
        self.ends: Array = self.begins + lengths
        self._lying: list[tuple[int, Clip]] = []
        for begin, end, clip in zip(self.begins.tolist(), self.ends.tolist(), clips, strict=True):
            if pad_mode == "reflect":
                before, behind = _mirrored_ends(clip, half)
                self._lying += [(begin - half, before), (begin, clip), (end, behind)]
            else:
                self._lying.append((begin, clip))

    def signal(self, frames: slice) -> Signal:
        """The samples under some frames."""
        hops = self.hop_of_frame[frames]
        start = int(hops[0]) * self.hop_length
        stop = int(hops[-1]) * self.hop_length + self.n_fft
        here = (self.ends > start) & (self.begins < stop)
        y = self._samples(start, stop)
        return Signal(self, y, hops - hops[0], self.begins[here] - start, self.ends[here] - start)

    def _samples(self, start: int, stop: int) -> Array:
        first = max(0, bisect_right(self._lying, start, key=_begin) - 1)
        begin, samples = self._lying[first]
        if begin <= start and stop <= begin + len(samples):
            return samples[start - begin : stop - begin]
        y: Array = np.zeros(stop - start, dtype=np.float32)
        for begin, samples in takewhile(lambda lies: lies[0] < stop, self._lying[first:]):
            part = samples[max(0, start - begin) : max(0, stop - begin)]
            y[max(0, begin - start) :][: len(part)] = part
        return y


def _begin(lies: tuple[int, Clip]) -> int:
    return lies[0]


def _mirrored_ends(clip: Clip, half: int) -> tuple[Array, Array]:
    """What stands before and behind a clip that is mirrored at its ends."""
    if len(clip) <= half:
        padded = np.pad(clip[:], half, mode="reflect")
        return padded[:half], padded[-half:]
    return clip[1 : half + 1][::-1], clip[len(clip) - half - 1 : len(clip) - 1][::-1]


class Signal:
    """The samples under some frames of a grid.

    Attributes
    ----------
    y : array, shape ``(samples,)``
        From the first sample of the first frame to the last of the last, with the padding of the
        clips between them.
    begins, ends : arrays, shape ``(clips,)``
        Where clips begin and end in `y`; before and behind it, if they do.
    """

    def __init__(
        self, grid: Grid, y: Array, hop_of_frame: Array, begins: Array, ends: Array
    ) -> None:
        self.n_fft, self.hop_length, self.window = grid.n_fft, grid.hop_length, grid.window
        self.y, self.hop_of_frame, self.begins, self.ends = y, hop_of_frame, begins, ends
        self.grid: Array = sliding_window_view(y, self.n_fft)[:: self.hop_length]

    def frames(self, frames: slice | Array) -> Array:
        """The samples of some frames, by slice or by number: ``(frames, n_fft)``."""
        hops = self.hop_of_frame[frames]
        if isinstance(frames, slice) and hops[-1] - hops[0] == len(hops) - 1:
            return self.grid[hops[0] : hops[-1] + 1]
        return self.grid[hops]

    def precise_S(self, frames: slice | Array) -> Array:
        """Magnitudes by a double-precision transform, rounded: ``(bins, frames)``, float32."""
        return self.magnitudes(frames, fft_window(self.window, self.n_fft, np.float64))

    def S(self, frames: slice | Array) -> Array:
        """Magnitudes by a single-precision transform: ``(bins, frames)``, float32."""
        return self.magnitudes(frames, fft_window(self.window, self.n_fft))

    def magnitudes(self, frames: slice | Array, window: Array) -> Array:
        """Magnitudes by a transform in the window's precision: ``(bins, frames)``, float32."""
        samples = self.frames(frames)
        magnitudes: Array = np.empty((self.n_fft // 2 + 1, len(samples)), dtype=np.float32)
        for start in range(0, len(samples), TRANSFORMED):
            few = slice(start, start + TRANSFORMED)
            spectrum = scipy.fft.rfft(np.multiply(samples[few], window).T, axis=0)
            # Rounded before the magnitude is taken, as librosa does.
            np.abs(spectrum.astype(np.complex64, copy=False), out=magnitudes[:, few])
        return magnitudes

    def spectra(self, frames: slice) -> Array:
        """Single-precision transforms: ``(frames, bins)``, complex64."""
        samples, window = self.frames(frames), fft_window(self.window, self.n_fft)
        spectra: Array = np.empty((len(samples), self.n_fft // 2 + 1), dtype=np.complex64)
        for start in range(0, len(samples), TRANSFORMED):
            few = slice(start, start + TRANSFORMED)
            spectra[few] = scipy.fft.rfft(np.multiply(samples[few], window), axis=1)
        return spectra

    def frame_counts(self, true: Array) -> Array:
        """How many samples of each frame are true, ``(frames,)``."""
        return self._frame_sums(np.add.reduce(self._pieces(true), axis=1, dtype=np.int32))

    def frame_energy(self) -> Array:
        """Sum of the squares of each frame, ``(frames,)``."""
        pieces = self._pieces(self.y)
        return self._frame_sums(np.einsum("ij,ij->i", pieces, pieces))

    def _pieces(self, x: Array) -> Array:
        """What stands on the samples, in the longest pieces that frames and hops consist of."""
        return x.reshape(-1, math.gcd(self.n_fft, self.hop_length))

    def _frame_sums(self, pieces: Array) -> Array:
        """Sums of frames, which overlap, from those of the pieces that they share."""
        piece = math.gcd(self.n_fft, self.hop_length)
        frames = sliding_window_view(pieces, self.n_fft // piece)[:: self.hop_length // piece]
        return np.asarray(np.add.reduce(frames[self.hop_of_frame], axis=1))
