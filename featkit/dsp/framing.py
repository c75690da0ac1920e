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
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.typing import Array
from featkit.dsp import _compiled, fft
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
            The complex numbers are rounded before the magnitude is taken, as in librosa.
        """
        window = fft_window(self.window, self.n_fft, np.float64)
        samples = self.frames(frames)
        magnitudes: Array = np.empty((self.n_fft // 2 + 1, len(samples)), dtype=np.float32)
        for start in range(0, len(samples), TRANSFORMED):
            part = slice(start, start + TRANSFORMED)
            spectra = np.fft.rfft(np.multiply(samples[part], window), axis=1)
            np.abs(spectra.astype(np.complex64), out=magnitudes[:, part].T)
        return magnitudes

    def power(self, frames: slice | Array) -> Array:
        """Compute power spectra in single precision.

        Parameters
        ----------
        frames : slice or array of int

        Returns
        -------
        array of float32, shape ``(bins, frames)``
        """
        window = fft_window(self.window, self.n_fft)
        samples = self.frames(frames)
        power: Array = np.empty((self.n_fft // 2 + 1, len(samples)), dtype=np.float32)
        for start in range(0, len(samples), TRANSFORMED):
            part = slice(start, start + TRANSFORMED)
            spectra = fft.rfft(np.multiply(samples[part], window).T, axis=0)
            squares = np.square(spectra.view(np.float32))  # of real and imaginary parts in turn
            np.add(squares[:, ::2], squares[:, 1::2], out=power[:, part])
        return power

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
            spectra[part] = fft.rfft(np.multiply(samples[part], window), axis=1)
        return spectra

    def frame_crossings(self, zero: float) -> Array:
        """Count the changes of sign in each frame, within its clip.

        Parameters
        ----------
        zero : float
            Samples of a smaller magnitude count as zero, and zero as positive.

        Returns
        -------
        array of int32, shape ``(frames,)``
            The first sample of a frame has no change.
        """
        if _compiled.core is not None:
            return self._compiled_sums(zero, np.int32)
        negative = self.y < np.float32(-zero)
        crossing = np.zeros(len(negative), dtype=bool)
        np.not_equal(negative[1:], negative[:-1], out=crossing[1:])
        for begin, end in zip(self.begins, self.ends, strict=True):
            crossing[max(0, begin - self.n_fft) : max(0, begin + 1)] = False
            crossing[max(0, end) : max(0, end + self.n_fft)] = False
        counts = np.add.reduce(self._pieces(crossing), axis=1, dtype=np.int32)
        return np.asarray(self._frame_sums(counts) - crossing[self.starts])

    def frame_energy(self) -> Array:
        """Sum the squared samples of each frame.

        Returns
        -------
        array of float32, shape ``(frames,)``
        """
        if _compiled.core is not None:
            return self._compiled_sums(0.0, np.float32)
        pieces = self._pieces(self.y)
        return self._frame_sums(np.einsum("ij,ij->i", pieces, pieces))

    @property
    def starts(self) -> Array:
        """First sample of each frame, int64."""
        return np.asarray(self.hop_of_frame * self.hop_length, dtype=np.int64)

    def _compiled_sums(self, zero: float, dtype: type) -> Array:
        """Energy of frames if the type is float32, crossings if it is int32."""
        assert _compiled.core is not None
        y, piece = np.ascontiguousarray(self.y), math.gcd(self.n_fft, self.hop_length)
        clips = [np.asarray(x, dtype=np.int64) for x in (self.begins, self.ends)]
        sums: Array = np.empty(len(self.hop_of_frame), dtype=dtype)
        of_energy = dtype is np.float32
        _compiled.core.frames(y, self.starts, self.n_fft, piece, *clips, zero, of_energy, sums)
        return sums

    def _pieces(self, x: Array) -> Array:
        """Values of samples, cut into the longest pieces that divide both frames and hops."""
        return x.reshape(-1, math.gcd(self.n_fft, self.hop_length))

    def _frame_sums(self, pieces: Array) -> Array:
        """Sums of frames, which overlap, from the sums of the pieces that they share."""
        piece = math.gcd(self.n_fft, self.hop_length)
        frames = sliding_window_view(pieces, self.n_fft // piece)[:: self.hop_length // piece]
        return np.asarray(np.add.reduce(frames[self.hop_of_frame], axis=1))
