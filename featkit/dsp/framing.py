"""Frames: samples cut into overlapping parts of equal length.

Frames are centred: frame ``t`` contains the ``n_fft`` samples around sample ``t * hop_length``,
with padding at both ends of a clip. A `Grid` holds the positions of all frames of a stack of clips;
a `Signal` holds the samples of some of these frames.
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
"""Number of frames per transform, few enough for the cache of a core."""


class Grid:
    """The positions of clips, side by side, on a grid of hops.

    Each clip begins at a multiple of the hop, padded by half a frame at both ends, so that a frame
    of any clip is a frame of the grid.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
    segments : Segments
        Number of frames of each clip.
    n_fft, hop_length : int
        Samples per frame, and from one frame to the next.
    window : str
        Name of the window, see `featkit.dsp.filters.fft_window`.
    pad_mode : {"constant", "reflect"}
        Padding at the ends of a clip: zeros, or the clip mirrored.

    Attributes
    ----------
    hop_of_frame : array of int, shape ``(frames,)``
        Position of each frame in hops.
    begins, ends : array of int, shape ``(clips,)``
        Position of the first sample of each clip, and of the one after its last.
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
        frame_of_clip = np.arange(segments.total) - segments.to_frames(segments.starts)
        self.hop_of_frame: Array = frame_of_clip + segments.to_frames(first_hop)
        self.begins: Array = first_hop * hop_length + half
        self.ends: Array = self.begins + lengths
        self._parts: list[tuple[int, Clip]] = []  # position, and samples
        for begin, end, clip in zip(self.begins.tolist(), self.ends.tolist(), clips, strict=True):
            if pad_mode == "reflect":
                before, after = _mirrored_ends(clip, half)
                self._parts += [(begin - half, before), (begin, clip), (end, after)]
            else:
                self._parts.append((begin, clip))

    def signal(self, frames: slice) -> Signal:
        """Return the samples of some frames.

        Parameters
        ----------
        frames : slice

        Returns
        -------
        Signal
        """
        hops = self.hop_of_frame[frames]
        start = int(hops[0]) * self.hop_length
        stop = int(hops[-1]) * self.hop_length + self.n_fft
        clips = (self.ends > start) & (self.begins < stop)
        begins, ends = self.begins[clips] - start, self.ends[clips] - start
        return Signal(self, self._samples(start, stop), hops - hops[0], begins, ends)

    def _samples(self, start: int, stop: int) -> Array:
        first = max(0, bisect_right(self._parts, start, key=_position) - 1)
        begin, samples = self._parts[first]
        if begin <= start and stop <= begin + len(samples):
            return samples[start - begin : stop - begin]
        y: Array = np.zeros(stop - start, dtype=np.float32)
        for begin, samples in takewhile(lambda part: part[0] < stop, self._parts[first:]):
            overlap = samples[max(0, start - begin) : max(0, stop - begin)]
            y[max(0, begin - start) :][: len(overlap)] = overlap
        return y


def _position(part: tuple[int, Clip]) -> int:
    return part[0]


def _mirrored_ends(clip: Clip, half: int) -> tuple[Array, Array]:
    """The padding before and after a clip that is mirrored at its ends."""
    if len(clip) <= half:
        padded = np.pad(clip[:], half, mode="reflect")
        return padded[:half], padded[-half:]
    return clip[1 : half + 1][::-1], clip[len(clip) - half - 1 : len(clip) - 1][::-1]


class Signal:
    """The samples of some frames of a grid.

    Parameters
    ----------
    grid : Grid
    y : array of float32, shape ``(samples,)``
        From the first sample of the first frame to the last one of the last frame, including the
        padding between clips.
    hop_of_frame : array of int, shape ``(frames,)``
        Position of each frame in `y`, in hops.
    begins, ends : array of int, shape ``(clips,)``
        Positions in `y` where clips begin and end; they may be outside of `y`.

    Attributes
    ----------
    y, hop_of_frame, begins, ends
        The parameters.
    grid : array, shape ``(hops, n_fft)``
        All frames of `y`, including those that contain padding between clips.
    """

    def __init__(
        self, grid: Grid, y: Array, hop_of_frame: Array, begins: Array, ends: Array
    ) -> None:
        self.n_fft, self.hop_length, self.window = grid.n_fft, grid.hop_length, grid.window
        self.y, self.hop_of_frame, self.begins, self.ends = y, hop_of_frame, begins, ends
        self.grid: Array = sliding_window_view(y, self.n_fft)[:: self.hop_length]

    def frames(self, frames: slice | Array) -> Array:
        """Return the samples of some frames.

        Parameters
        ----------
        frames : slice or array of int

        Returns
        -------
        array of float32, shape ``(frames, n_fft)``
        """
        hops = self.hop_of_frame[frames]
        if isinstance(frames, slice) and hops[-1] - hops[0] == len(hops) - 1:
            return self.grid[hops[0] : hops[-1] + 1]
        return self.grid[hops]

    def precise_S(self, frames: slice | Array) -> Array:
        """Compute magnitudes with a transform in double precision.

        Parameters
        ----------
        frames : slice or array of int

        Returns
        -------
        array of float32, shape ``(bins, frames)``
        """
        return self.magnitudes(frames, fft_window(self.window, self.n_fft, np.float64))

    def S(self, frames: slice | Array) -> Array:
        """Compute magnitudes with a transform in single precision.

        Parameters
        ----------
        frames : slice or array of int

        Returns
        -------
        array of float32, shape ``(bins, frames)``
        """
        return self.magnitudes(frames, fft_window(self.window, self.n_fft))

    def magnitudes(self, frames: slice | Array, window: Array) -> Array:
        """Compute magnitudes with a transform in the precision of the window.

        Parameters
        ----------
        frames : slice or array of int
        window : array, shape ``(n_fft,)``

        Returns
        -------
        array of float32, shape ``(bins, frames)``
        """
        samples = self.frames(frames)
        magnitudes: Array = np.empty((self.n_fft // 2 + 1, len(samples)), dtype=np.float32)
        for start in range(0, len(samples), TRANSFORMED):
            part = slice(start, start + TRANSFORMED)
            spectrum = scipy.fft.rfft(np.multiply(samples[part], window).T, axis=0)
            # Rounded before the magnitude is taken, as in librosa.
            np.abs(spectrum.astype(np.complex64, copy=False), out=magnitudes[:, part])
        return magnitudes

    def spectra(self, frames: slice) -> Array:
        """Compute complex spectra in single precision.

        Parameters
        ----------
        frames : slice

        Returns
        -------
        array of complex64, shape ``(frames, bins)``
        """
        samples, window = self.frames(frames), fft_window(self.window, self.n_fft)
        spectra: Array = np.empty((len(samples), self.n_fft // 2 + 1), dtype=np.complex64)
        for start in range(0, len(samples), TRANSFORMED):
            part = slice(start, start + TRANSFORMED)
            spectra[part] = scipy.fft.rfft(np.multiply(samples[part], window), axis=1)
        return spectra

    def frame_counts(self, true: Array) -> Array:
        """Count the true samples of each frame.

        Parameters
        ----------
        true : array of bool, shape ``(samples,)``
            One value for each sample of `y`.

        Returns
        -------
        array of int, shape ``(frames,)``
        """
        return self._frame_sums(np.add.reduce(self._pieces(true), axis=1, dtype=np.int32))

    def frame_energy(self) -> Array:
        """Sum the squared samples of each frame.

        Returns
        -------
        array of float32, shape ``(frames,)``
        """
        pieces = self._pieces(self.y)
        return self._frame_sums(np.einsum("ij,ij->i", pieces, pieces))

    def _pieces(self, x: Array) -> Array:
        """Values of samples, cut into the longest pieces that divide both frames and hops."""
        return x.reshape(-1, math.gcd(self.n_fft, self.hop_length))

    def _frame_sums(self, pieces: Array) -> Array:
        """Sums of frames, which overlap, from the sums of the pieces that they share."""
        piece = math.gcd(self.n_fft, self.hop_length)
        frames = sliding_window_view(pieces, self.n_fft // piece)[:: self.hop_length // piece]
        return np.asarray(np.add.reduce(frames[self.hop_of_frame], axis=1))
