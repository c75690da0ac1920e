"""What several families share, computed once: frames, spectra and what follows from them.

The letters are librosa's: ``y`` samples, ``sr`` their rate in Hz, ``S`` a magnitude spectrogram of
shape ``(bins, frames)``, bin ``k`` at ``k * sr / n_fft`` Hz. Frames are centred: frame ``t`` looks
at the ``n_fft`` samples around sample ``t * hop_length``, with padding at both ends, so that a clip
of ``n`` samples has ``1 + n // hop_length`` frames.

A `Stack` is a list of clips laid out as one row of frames. It is walked in a `Block` of some frames
at a time, few enough to stay in the processor's cache. A quantity is an attribute of one of three
scopes, and a family asks for it by its name:

setting
    The same for all: ``sr``, ``n_fft``, ``hop_length``, ``frequencies``.
block
    Of a few frames, and gone with them: ``power``, ``S``, ``total``, ``centroid``, ``mel`` …
stack
    Of whole clips: ``signal``, ``clips``, ``segments``, ``log_mel``, ``tuning`` …

Each frame is computed by the same operations in the same order wherever it stands, so that a clip
has the same numbers alone and among others, to the bit. That rules out BLAS, whose sums depend on
a column's position; filter banks are sparse matrices instead, which for these narrow filters are
faster, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view

from featkit.errors import ParameterError
from featkit.filters import fft_window, frequencies, mel_filters, piece_middles, piece_moments
from featkit.parameters import Parameters, parameter
from featkit.segments import Array, Segments
from featkit.tuning import Tuning


def _keep_freed_memory() -> None:
    """Let the C library keep memory that is freed, for the next array.

    glibc hands it back to the system and fetches it again page by page, which costs a third of an
    analysis, until an array as large as those in use has once been freed.
    """
    np.empty(24 * 2**20, dtype=np.uint8)


_keep_freed_memory()

BLOCK_FRAMES = 512
"""Frames in a block: its spectrum takes 4 MB at ``n_fft=2048``, of which the last-level cache holds
several, and for which NumPy asks for huge pages. Fewer lose more to Python than they gain."""

KEPT_BYTES = 64 * 2**20
"""Up to this size the power spectra of a stack are kept for a second walk, not computed again."""

BLURRED = 1e5
"""How far the strongest bin, spread over all bins, may outweigh a frame's own spread: measured, it
keeps the error that single precision makes in the bandwidth below 1e-5."""

MIN_POWER = 1e-10
"""Power below which decibels are not told apart (-100 dB), librosa's ``amin``."""


class SpectraParameters(Parameters):
    """How samples are cut into frames and turned into spectra."""

    n_fft: int = parameter(2048, "samples in a frame", at_least=16, at_most=2**20)
    hop_length: int = parameter(512, "samples from one frame to the next", at_least=1)
    window: str = parameter(
        "hann", "shape of the (periodic) window", choices=("hann", "hamming", "blackman", "boxcar")
    )
    pad_mode: str = parameter(
        "constant",
        "what stands beyond the ends of a clip: zeros, or the clip mirrored (librosa before 0.9)",
        choices=("constant", "reflect"),
    )
    n_mels: int = parameter(128, "mel bands", at_least=1, at_most=4096)
    fmin: float = parameter(0.0, "lower edge of the lowest mel band, in Hz", at_least=0)
    fmax: float | None = parameter(
        None, "upper edge of the highest mel band, in Hz; left out, half the sample rate", above=0
    )
    top_db: float = parameter(
        80.0, "decibels below a clip's loudest value at which quieter ones are cut off", above=0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_fft % 2:
            raise ParameterError(f"n_fft must be even, got {self.n_fft}")
        if self.fmax is not None and self.fmax <= self.fmin:
            raise ParameterError(f"fmax must be above fmin ({self.fmin:g} Hz), got {self.fmax:g}")


class Stack:
    """Clips at one rate, laid out side by side as one row of frames.

    Parameters
    ----------
    clips : sequence of arrays, shape ``(samples,)``, float32
        At least one clip, each of at least one sample.
    sr : float
        Their sample rate in Hz.
    parameters : SpectraParameters
        How they are cut into frames.
    """

    def __init__(self, clips: Sequence[Array], sr: float, parameters: SpectraParameters) -> None:
        self.clips = tuple(clips)
        self.sr = sr
        self.parameters = parameters
        self.n_fft = parameters.n_fft
        self.hop_length = parameters.hop_length
        self.frequencies = frequencies(sr, parameters.n_fft)
        self.segments = Segments([1 + len(clip) // self.hop_length for clip in self.clips])
        self.signal = Signal(self.clips, self.segments, parameters)
        self._gathered: dict[str, Array] = {}
        self._kept: dict[int, Array] = {}

    def blocks(self, *, gather: Iterable[str] = (), again: bool = False) -> Iterator[Block]:
        """Walk the frames from first to last.

        Parameters
        ----------
        gather : iterable of str
            Quantities of the blocks to be collected on the way, for `gathered`.
        again : bool
            Whether there will be another walk, for which the power spectra are worth keeping.
        """
        again = again and self.segments.total * len(self.frequencies) * 4 <= KEPT_BYTES
        collected: dict[str, list[Array]] = {name: [] for name in gather}
        for start in range(0, self.segments.total, BLOCK_FRAMES):
            block = Block(self, slice(start, min(start + BLOCK_FRAMES, self.segments.total)))
            if start in self._kept:
                block.power = self._kept[start]
            yield block
            for name, parts in collected.items():
                parts.append(getattr(block, name))
            if again:
                self._kept[start] = block.power
        for name, parts in collected.items():
            self._gathered[name] = np.concatenate(parts, axis=-1)

    def gathered(self, name: str) -> Array:
        """A quantity of the blocks over the whole stack, walked for if no walk collected it."""
        if name not in self._gathered:
            for _ in self.blocks(gather=[name]):
                pass
        return self._gathered[name]

    @cached_property
    def log_mel(self) -> Array:
        """Mel spectrogram in dB, cut `top_db` below the loudest value of each clip."""
        return power_to_db(self.gathered("mel"), self.segments, self.parameters.top_db)

    @cached_property
    def onset_strength(self) -> Array:
        """Mean rise of the mel bands since the frame before, in dB, shape ``(frames,)``.

        The spectral flux of Böck and Widmer ("Maximum filter vibrato suppression for onset
        detection", DAFx 2013) without the maximum filter; late by half a frame, so that a value
        stands where the sound begins rather than where a frame first touches it.
        """
        flux = np.zeros(self.segments.total, dtype=np.float32)
        rise = self.log_mel[:, 1:] - self.log_mel[:, :-1]
        flux[1:] = column_sums(np.maximum(rise, 0, out=rise)) / np.float32(len(rise))
        flux[self.segments.starts] = 0
        late = self.n_fft // (2 * self.hop_length)
        strength = np.zeros_like(flux)
        for clip in self.segments:
            strength[clip][late:] = flux[clip][: max(0, clip.stop - clip.start - late)]
        return strength

    @cached_property
    def tuning(self) -> Tuning:
        """How far from A4 = 440 Hz each clip is tuned."""
        return Tuning(self.gathered("peaks"), self.segments)

    @cached_property
    def sounding(self) -> Array:
        """Whether a frame holds any sound, ``(frames,)``; digital silence does not."""
        return self.gathered("loudest") > 0


class Block:
    """A few frames of a stack, and their spectra."""

    def __init__(self, stack: Stack, frames: slice) -> None:
        self.stack = stack
        self.frames = frames
        self.sr = stack.sr
        self.n_fft = stack.n_fft
        self.hop_length = stack.hop_length
        self.frequencies = stack.frequencies

    @cached_property
    def magnitude(self) -> Array:
        """Magnitude spectrogram as the transform in single precision gives it, float32."""
        frames = self.stack.signal.frames(self.frames)
        window = fft_window(self.stack.parameters.window, self.n_fft)
        magnitude: Array = np.abs(scipy.fft.rfft(np.multiply(frames, window).T, axis=0))
        return magnitude

    @cached_property
    def power(self) -> Array:
        """Power spectrogram, ``(bins, frames)``, float32."""
        return np.square(self.magnitude)

    @cached_property
    def loudest(self) -> Array:
        """Magnitude of the strongest bin of each frame, ``(frames,)``."""
        return column_max(self.magnitude)

    @cached_property
    def spectrum(self) -> Spectrum:
        """Magnitudes and their moments.

        Single precision leaves a floor of noise under a spectrum, some 150 dB below its strongest
        bin. It counts for nothing in music, but spreads a pure tone by a fifth: frames in which
        it could be seen are transformed again in double precision.
        """
        spectrum = Spectrum.of(self.magnitude, self.sr, self.n_fft)
        widest = len(self.frequencies) * (self.sr / 2) ** 2
        blurred = self.loudest * widest > BLURRED * spectrum.spread * spectrum.total
        if not blurred.any():
            return spectrum
        S = self.magnitude.copy()
        frames = np.flatnonzero(blurred) + self.frames.start
        S[:, blurred] = self.stack.signal.precise_S(frames)
        return Spectrum.of(S, self.sr, self.n_fft)

    @cached_property
    def S(self) -> Array:
        """Magnitude spectrogram, ``(bins, frames)``."""
        return self.spectrum.S

    @cached_property
    def pieces(self) -> Array:
        """Sums of the magnitudes over pieces of `PIECE` bins, ``(pieces, frames)``."""
        return self.spectrum.pieces

    @cached_property
    def total(self) -> Array:
        """Sum of the magnitudes of each frame, ``(frames,)``; the least float32 in silence."""
        return self.spectrum.total

    @cached_property
    def centroid(self) -> Array:
        """Mean frequency of each frame in Hz, weighted by magnitude, ``(frames,)``."""
        return self.spectrum.centroid

    @cached_property
    def spread(self) -> Array:
        """Mean square distance from the centroid in Hz², weighted by magnitude, ``(frames,)``."""
        return self.spectrum.spread

    @cached_property
    def precise_S(self) -> Array:
        """The same, transformed in double precision: for what depends on the weakest bins.

        In the stop band of a resampler there is less than the noise of single precision.
        """
        return self.stack.signal.precise_S(self.frames)

    @cached_property
    def mel(self) -> Array:
        """Power in mel bands, ``(n_mels, frames)``."""
        p = self.stack.parameters
        bank = mel_filters(self.sr, p.n_fft, p.n_mels, p.fmin, p.fmax)
        return np.asarray(bank @ self.power)

    @cached_property
    def tuning(self) -> Tuning:
        """The stack's tuning, for the frames of this block."""
        return self.stack.tuning.of(self.frames)

    @cached_property
    def peaks(self) -> Array:
        """Spectral peaks between 150 and 4000 Hz: frame, pitch in Hz, magnitude; ``(3, peaks)``.

        Peaks of the power spectrum at least a tenth as high as the frame's highest bin, refined by
        a parabola through three bins (Smith, "Spectral audio signal processing", 2011: QIFFT).
        """
        power, width = self.power, self.power.shape[1]
        low, high = np.searchsorted(self.frequencies, [150.0, min(4000.0, self.sr / 2)])
        low, high = max(int(low), 1), min(int(high), len(power) - 1)
        middle = power[low:high]
        peak = middle > np.float32(0.1) * np.square(self.loudest)
        peak &= middle > power[low - 1 : high - 1]
        peak &= middle >= power[low + 1 : high + 1]
        place = np.flatnonzero(peak) + low * width
        before, at, after = (power.take(place + k).astype(np.float64) for k in (-width, 0, width))
        bins, frames = np.divmod(place, width)
        curvature = after + before - 2 * at
        slope = (after - before) / 2
        inside = np.abs(slope) < np.abs(curvature)
        shift = np.where(inside, -slope / np.where(inside, curvature, 1), 0)
        pitch = (bins + shift) * self.sr / self.n_fft
        return np.stack([frames + self.frames.start, pitch, at + 0.5 * slope * shift])


class Spectrum(NamedTuple):
    """Magnitudes of some frames, their sums over pieces of bins, and the moments of their shape."""

    S: Array
    pieces: Array
    total: Array
    centroid: Array
    spread: Array

    @classmethod
    def of(cls, S: Array, sr: float, n_fft: int) -> Spectrum:
        middle = piece_middles(sr, n_fft)[:, None]
        moments: Array = piece_moments(sr, n_fft) @ S
        sums, first, second = moments.reshape(3, len(middle), -1)
        total = np.maximum(column_sums(sums), np.finfo(np.float32).tiny)
        centroid = column_sums(middle * sums + first) / total
        offset = middle - centroid
        spread = column_sums(second + offset * (2 * first + offset * sums)) / total
        return cls(S, sums, total, centroid, np.maximum(spread, 0))


class Signal:
    """The samples of a stack on a grid of hops.

    Each clip begins on a multiple of the hop, padded by half a frame at both ends, so that a frame
    of any clip is a frame of the grid.
    """

    def __init__(
        self, clips: Sequence[Array], segments: Segments, parameters: SpectraParameters
    ) -> None:
        self.n_fft, self.hop_length = parameters.n_fft, parameters.hop_length
        self.window = parameters.window
        half = self.n_fft // 2
        hops = [-(-(len(clip) + self.n_fft) // self.hop_length) for clip in clips]
        first_hop = np.cumsum([0, *hops])
        self.y: Array = np.zeros(int(first_hop[-1]) * self.hop_length, dtype=np.float32)
        self.begins: Array = first_hop[:-1] * self.hop_length + half
        self.ends: Array = self.begins + [len(clip) for clip in clips]
        for begin, clip in zip(self.begins.tolist(), clips, strict=True):
            if parameters.pad_mode == "constant":
                self.y[begin : begin + len(clip)] = clip
            else:
                self.y[begin - half : begin + len(clip) + half] = np.pad(clip, half, mode="reflect")
        self.grid: Array = sliding_window_view(self.y, self.n_fft)[:: self.hop_length]
        within = np.arange(segments.total) - segments.spread(segments.starts)
        self.hop_of_frame: Array = within + segments.spread(first_hop[:-1])

    def frames(self, frames: slice | Array) -> Array:
        """The samples of some frames, by slice or by number: ``(frames, n_fft)``."""
        hops = self.hop_of_frame[frames]
        if isinstance(frames, slice) and hops[-1] - hops[0] == len(hops) - 1:
            return self.grid[hops[0] : hops[-1] + 1]
        return self.grid[hops]

    def precise_S(self, frames: slice | Array) -> Array:
        """Magnitudes by a double-precision transform, rounded: ``(bins, frames)``, float32."""
        window = fft_window(self.window, self.n_fft, np.float64)
        spectrum = scipy.fft.rfft(np.multiply(self.frames(frames), window).T, axis=0)
        S: Array = np.abs(spectrum.astype(np.complex64))  # rounded here, as librosa does
        return S

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
        starts = range(0, len(self.hop_of_frame), BLOCK_FRAMES)
        blocks = (self.hop_of_frame[start : start + BLOCK_FRAMES] for start in starts)
        return np.concatenate([np.add.reduce(frames[block], axis=1) for block in blocks])


def power_to_db(power: Array, segments: Segments, top_db: float) -> Array:
    """Power in decibels, cut off `top_db` below the greatest of each clip; shaped as `power`."""
    db = np.log10(np.maximum(power, power.dtype.type(MIN_POWER)))
    db *= 10
    loudest = segments.max(np.fmax.reduce(db, axis=0))
    np.maximum(db, segments.spread(loudest - db.dtype.type(top_db)), out=db)
    return np.asarray(db)


def column_sums(x: Array) -> Array:
    """Sum over rows, one after the other: ``(rows, frames)`` to ``(frames,)``.

    NumPy would sum a lone column in another order than the same column among others.
    """
    columns = x.shape[1]
    sums: Array = np.add.reduce(np.repeat(x, 2, axis=1) if columns == 1 else x, axis=0)
    return sums[:columns]


def column_max(x: Array) -> Array:
    """Maximum over the first axis, by halves: faster than row by row."""
    while len(x) > 1:
        half = -(-len(x) // 2)
        x = np.maximum(x[:half], x[-half:])
    first: Array = x[0]
    return first


def _scopes() -> dict[str, frozenset[str]]:
    def public(cls: type[Any]) -> set[str]:
        return {name for name, value in vars(cls).items() if isinstance(value, cached_property)}

    setting = {"sr", "n_fft", "hop_length", "frequencies"}
    stack = {"signal", "clips", "segments"} | public(Stack)
    return {
        "setting": frozenset(setting),
        "stack": frozenset(stack),
        "block": frozenset(public(Block) - stack),
    }


SCOPES = _scopes()
"""The names of the quantities that a family can ask for, by scope."""

GATHERED = {
    "log_mel": "mel",
    "onset_strength": "mel",
    "tuning": "peaks",
    "sounding": "loudest",
}
"""Quantities of the stack, and the quantity of the blocks that each is made from."""
