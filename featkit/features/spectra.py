"""What several families share, computed once: frames, spectra and what follows from them.

The letters are librosa's: ``y`` samples, ``sr`` their rate in Hz, ``S`` a magnitude spectrogram of
shape ``(bins, frames)``, bin ``k`` at ``k * sr / n_fft`` Hz. Frames are centred: frame ``t`` looks
at the ``n_fft`` samples around sample ``t * hop_length``, with padding at both ends, so that a clip
of ``n`` samples has ``1 + n // hop_length`` frames.

A `Stack` is a list of clips laid out as one row of frames. It is walked in a `Block` of some frames
at a time, few enough to stay in the processor's cache; of a clip that lies in a file, no more than
a block of samples is in memory. A quantity is an attribute of one of four scopes, and a family asks
for it by its name:

setting
    The same for all: ``sr``, ``n_fft``, ``hop_length``, ``frequencies``.
block
    Of a few frames, and gone with them: ``signal``, ``power``, ``S``, ``total``, ``centroid`` …
second
    Of a few frames, but known only when all have been walked once: ``log_mel``, which is cut below
    the clip's loudest value, ``chroma`` …
stack
    Of whole clips: ``clips``, ``segments``, ``onset_strength`` …

Each frame is computed by the same operations in the same order wherever it stands, so that a clip
has the same numbers alone and among others, to the bit. That rules out BLAS, whose sums depend on
a column's position; filter banks are sparse matrices instead, which for these narrow filters are
faster, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
import scipy.fft

from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.bins import max_over_bins, sums_over_bins
from featkit.dsp.chroma import Chroma
from featkit.dsp.constant_q import ConstantQ
from featkit.dsp.decibels import decibels
from featkit.dsp.disk_array import Clip, OnDisk, Spool
from featkit.dsp.empty_bands import empty_mel_bands
from featkit.dsp.filters import fft_window, frequencies, mel_filters
from featkit.dsp.framing import Grid, Signal
from featkit.dsp.moments import Spectrum
from featkit.dsp.peaks import spectral_peaks
from featkit.dsp.pitch import Pitches
from featkit.dsp.segments import Segments
from featkit.dsp.separation import Framing, Separation
from featkit.dsp.tuning import Tuning
from featkit.errors import ParameterError
from featkit.features._octave_bands import Extremes


def _keep_freed_memory() -> None:
    """Let the C library keep memory that is freed, for the next array.

    glibc hands it back to the system and fetches it again page by page, which costs a third of an
    analysis, until an array as large as those in use has once been freed.
    """
    np.empty(24 * 2**20, dtype=np.uint8)


_keep_freed_memory()

BLOCK_FRAMES = 1300
"""Frames in a block: 30 s at the usual rate and hop. Its spectrum takes 5 MB, of which the
last-level cache holds several. Fewer lose more to Python than they gain, and a power of two loses
to the caches, where the rows of an array would fall on the same lines."""

KEPT_BYTES = 64 * 2**20
"""Up to this size of its power spectra, what a second walk over a stack asks for is kept, and not
computed again."""

BLURRED = 1e5
"""How far the strongest bin, spread over all bins, may outweigh a frame's own spread: measured, it
keeps the error that single precision makes in the bandwidth below 1e-5."""


class SpectraParameters(Parameters):
    """How samples are cut into frames and turned into spectra."""

    n_fft: int = parameter(2048, "samples in a frame", at_least=16, at_most=2**20)
    hop_length: int = parameter(
        512, "samples from one frame to the next", at_least=1, at_most=2**24
    )
    window: str = parameter(
        "hann", "shape of the (periodic) window", choices=("hann", "hamming", "blackman", "boxcar")
    )
    pad_mode: str = parameter(
        "constant",
        "what stands beyond the ends of a clip: zeros, or, as in librosa before 0.9, its mirror",
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
    clips : sequence of arrays or files, shape ``(samples,)``, float32
        At least one clip, each of at least one sample.
    sr : float
        Their sample rate in Hz.
    parameters : SpectraParameters
        How they are cut into frames.
    """

    def __init__(self, clips: Sequence[Clip], sr: float, parameters: SpectraParameters) -> None:
        self.clips = tuple(clips)
        self.sr = sr
        self.parameters = parameters
        self.n_fft = parameters.n_fft
        self.hop_length = parameters.hop_length
        self.frequencies = frequencies(sr, parameters.n_fft)
        self.segments = Segments([1 + len(clip) // self.hop_length for clip in self.clips])
        self.grid = Grid(
            self.clips,
            self.segments,
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            window=parameters.window,
            pad_mode=parameters.pad_mode,
        )
        self._gathered: dict[str, Any] = {}
        self._kept: dict[int, dict[str, Array]] = {}

    def blocks(self, *, gather: Iterable[str] = (), keep: Iterable[str] = ()) -> Iterator[Block]:
        """Walk the frames from first to last.

        Parameters
        ----------
        gather : iterable of str
            Quantities of the blocks to be collected on the way, for `gathered`: of few rows, for
            they are held for all frames.
        keep : iterable of str
            Quantities that another walk asks for, to be kept for it if they are small enough.
        """
        small = self.segments.total * len(self.frequencies) * 4 <= KEPT_BYTES
        keep = tuple(keep) if small else ()
        in_files = any(isinstance(clip, OnDisk) for clip in self.clips)
        aside = PEAKS if in_files else ()  # noise has a hundred in a frame
        collected: dict[str, list[Array] | Spool] = {
            name: Spool() if name in aside else [] for name in gather
        }
        for start in range(0, self.segments.total, BLOCK_FRAMES):
            block = Block(self, slice(start, min(start + BLOCK_FRAMES, self.segments.total)))
            vars(block).update(self._kept.get(start, {}))
            yield block
            for name, parts in collected.items():
                parts.append(getattr(block, name))
            if keep:
                self._kept[start] = {name: getattr(block, name) for name in keep}
        for name, parts in collected.items():
            self._gathered[name] = parts if isinstance(parts, Spool) else np.concatenate(parts, -1)

    def gathered(self, name: str) -> Any:
        """A quantity of the blocks over the whole stack, walked for if no walk collected it.

        An array; but the peaks of a clip that lies in a file are put aside in one, too.
        """
        if name not in self._gathered:
            for _ in self.blocks(gather=[name]):
                pass
        return self._gathered[name]

    @cached_property
    def quietest(self) -> Array:
        """The level in dB, `top_db` below the loudest band of its clip, that a frame is cut at."""
        loudest: Array = self.segments.max(self.gathered("loudest_band"))
        return self.segments.spread(loudest - loudest.dtype.type(self.parameters.top_db))

    @cached_property
    def onset_strength(self) -> Array:
        """Mean rise of the mel bands since the frame before, in dB, shape ``(frames,)``.

        The spectral flux of Böck and Widmer ("Maximum filter vibrato suppression for onset
        detection", DAFx 2013) without the maximum filter; late by half a frame, so that a value
        stands where the sound begins rather than where a frame first touches it.
        """
        return self._late(self.gathered("flux"))

    @cached_property
    def median_onset_strength(self) -> Array:
        """Median rise of the mel bands, in dB, ``(frames,)``: a loud band alone does not count."""
        return self._late(self.gathered("median_flux"))

    def _late(self, flux: Array) -> Array:
        """The flux by half a frame later, and none where a clip begins."""
        flux = flux.copy()
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
    def detuning(self) -> Array:
        """Cents from A4 = 440 Hz that each clip is tuned, ``(clips,)``; NaN without peaks."""
        return 100 * self.tuning.of_clips(12)

    @cached_property
    def mean_chroma(self) -> Array:
        """Mean over frames of the chroma of twelve classes, ``(12, clips)``."""
        chromagram = self.gathered("chromagram").astype(np.float64)
        return self.segments.sum(chromagram) / self.segments.lengths

    @cached_property
    def constant_q(self) -> ConstantQ:
        """Chroma of the constant-Q transform, by librosa: not cheap.

        It has a tuning of its own, estimated as librosa does for it.
        """
        tuning = Tuning(self.gathered("magnitude_peaks"), self.segments)
        p = self.parameters
        return ConstantQ(self.clips, self.segments, tuning, self.sr, p.hop_length, p.pad_mode)

    @cached_property
    def sounding(self) -> Array:
        """Whether a frame holds any sound, ``(frames,)``; digital silence does not."""
        return np.asarray(self.gathered("loudest") > 0)


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
    def signal(self) -> Signal:
        """The samples under the frames."""
        return self.stack.grid.signal(self.frames)

    @cached_property
    def pitches(self) -> Pitches:
        """The pitch of each frame, by `featkit.dsp.pitch`."""
        return Pitches(self.signal, self.sr)

    @cached_property
    def magnitude(self) -> Array:
        """Magnitude spectrogram as the transform in single precision gives it, float32."""
        return self.signal.S(slice(None))

    @cached_property
    def power(self) -> Array:
        """Power spectrogram, ``(bins, frames)``, float32."""
        return np.square(self.magnitude)

    @cached_property
    def loudest(self) -> Array:
        """Magnitude of the strongest bin of each frame, ``(frames,)``."""
        return max_over_bins(self.magnitude)

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
        S[:, blurred] = self.signal.precise_S(np.flatnonzero(blurred))
        return Spectrum.of(S, self.sr, self.n_fft)

    @cached_property
    def S(self) -> Array:
        """Magnitude spectrogram, ``(bins, frames)``."""
        return self.spectrum.S

    @cached_property
    def piece_sums(self) -> Array:
        """Sums of the magnitudes over pieces of `PIECE` bins, ``(pieces, frames)``."""
        return np.asarray(self.spectrum.moments[0])

    @cached_property
    def shares(self) -> Array:
        """Magnitudes over their sum in the frame, ``(bins, frames)``; 0 in silence."""
        return np.asarray(self.S / self.total)

    def _frame_before(self) -> Block:
        """The frame before the first; of the very first, these."""
        start = self.frames.start
        return Block(self.stack, slice(start - 1, start)) if start else self

    @cached_property
    def shares_before(self) -> Array:
        """The `shares` of the frame before the first, ``(bins, 1)``; of the very first, its own."""
        return np.asarray(self._frame_before().shares[:, :1])

    @cached_property
    def first_of_clip(self) -> Array:
        """Whether a frame is the first of its clip, ``(frames,)``."""
        here = np.arange(self.frames.start, self.frames.stop)
        return np.isin(here, self.stack.segments.starts)

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
        """Magnitude spectrogram by a transform in double precision, ``(bins, frames)``.

        For what depends on the weakest bins: in the stop band of a resampler there is less than the
        noise of single precision.
        """
        return self.signal.precise_S(slice(None))

    @cached_property
    def extremes(self) -> Extremes:
        """The strongest and the weakest bins of octave bands."""
        return Extremes(self.precise_S, self.frequencies)

    @cached_property
    def mel(self) -> Array:
        """Power in mel bands, ``(n_mels, frames)``."""
        p = self.stack.parameters
        bank = mel_filters(self.sr, p.n_fft, p.n_mels, p.fmin, p.fmax)
        return np.asarray(bank @ self.power)

    @cached_property
    def mel_db(self) -> Array:
        """The mel bands in dB, ``(n_mels, frames)``."""
        return decibels(self.mel)

    @cached_property
    def loudest_band(self) -> Array:
        """The strongest mel band of each frame in dB, ``(frames,)``."""
        return np.asarray(np.fmax.reduce(self.mel_db, axis=0))

    @cached_property
    def separation(self) -> Separation:
        """Harmonic and percussive parts of the frames."""
        grid = self.stack.grid
        framing = Framing(
            segments=self.stack.segments,
            samples=grid.ends - grid.begins,
            window=fft_window(grid.window, self.n_fft),
            hop_length=self.hop_length,
            transform=lambda frames: grid.signal(frames).spectra(slice(None)),
        )
        return Separation(self.frames, framing)

    @cached_property
    def peaks(self) -> Array:
        """Peaks of the power spectrum, see `_peaks`."""
        return self._peaks(self.power, np.square(self.loudest))

    @cached_property
    def magnitude_peaks(self) -> Array:
        """Peaks of the magnitude spectrum: more of them, for a tenth of it is less."""
        return self._peaks(self.magnitude, self.loudest)

    def _peaks(self, S: Array, loudest: Array) -> Array:
        """Clip, frequency in Hz and height of each peak, ``(3 * peaks,)``; by `dsp.peaks`."""
        frames, hz, height = spectral_peaks(S, loudest, self.sr)
        clip = np.searchsorted(self.stack.segments.ends, frames + self.frames.start, side="right")
        return np.stack([clip, hz, height], axis=1, dtype=np.float32).ravel()

    @cached_property
    def chroma(self) -> Chroma:
        """Chroma in the tuning of each clip."""
        tuning = partial(self.stack.tuning.of_frames, self.frames)
        return Chroma(self.power, tuning, self.sr, self.n_fft)

    @cached_property
    def chromagram(self) -> Array:
        """Chroma of twelve pitch classes, ``(12, frames)``."""
        return self.chroma(12)

    @cached_property
    def log_mel(self) -> Array:
        """Mel spectrogram in dB, cut `top_db` below the loudest value of each clip."""
        return np.maximum(self.mel_db, self.stack.quietest[self.frames])

    @cached_property
    def cepstrum(self) -> Array:
        """Orthonormal DCT-II of `log_mel` over its bands, ``(n_mels, frames)``.

        NaN if a band touches no bin: it has no level, and each coefficient is made of all bands.
        """
        p = self.stack.parameters
        if empty_mel_bands(self.sr, p.n_fft, p.n_mels, p.fmin, p.fmax).any():
            return np.full_like(self.log_mel, np.nan)
        return np.asarray(scipy.fft.dct(self.log_mel, axis=0, norm="ortho"))

    @cached_property
    def flux(self) -> Array:
        """Mean rise of the mel bands since the frame before, in dB, ``(frames,)``.

        For a clip's first frame it compares with another clip, and says nothing.
        """
        return self._rise(lambda rise: sums_over_bins(rise) / np.float32(len(rise)))

    @cached_property
    def median_flux(self) -> Array:
        """Median rise of the mel bands since the frame before, in dB, ``(frames,)``."""
        return self._rise(lambda rise: np.median(rise, axis=0))

    def _rise(self, over_bands: Callable[[Array], Array]) -> Array:
        """How much the bands of each frame rise; what falls counts as 0."""
        log_mel = self.log_mel
        before = self._frame_before().log_mel[:, :1]
        flux = np.empty(log_mel.shape[1], dtype=np.float32)
        flux[:1] = over_bands(np.maximum(log_mel[:, :1] - before, 0))
        rise = log_mel[:, 1:] - log_mel[:, :-1]
        flux[1:] = over_bands(np.maximum(rise, 0, out=rise))
        return flux


SECOND = frozenset({"log_mel", "cepstrum", "chroma", "chromagram", "flux", "median_flux"})
"""Quantities of the blocks that want something to be known of whole clips first."""


def _scopes() -> dict[str, frozenset[str]]:
    def public(cls: type[Any]) -> set[str]:
        return {name for name, value in vars(cls).items() if isinstance(value, cached_property)}

    setting = {"sr", "n_fft", "hop_length", "frequencies"}
    stack = {"clips", "segments"} | public(Stack)
    return {
        "setting": frozenset(setting),
        "block": frozenset(public(Block) - SECOND),
        "second": SECOND,
        "stack": frozenset(stack - public(Block)),
    }


SCOPES = _scopes()
"""The names of the quantities that a family can ask for, by scope."""

PEAKS = ("peaks", "magnitude_peaks")
"""Quantities of which a frame may have many: those of a clip in a file are put aside in one."""

SOURCES = {
    "onset_strength": "flux",
    "median_onset_strength": "median_flux",
    "flux": "loudest_band",
    "median_flux": "loudest_band",
    "log_mel": "loudest_band",
    "cepstrum": "loudest_band",
    "tuning": "peaks",
    "chroma": "peaks",
    "chromagram": "peaks",
    "mean_chroma": "chromagram",
    "detuning": "peaks",
    "constant_q": "magnitude_peaks",
    "sounding": "loudest",
}
"""Quantities that are made of another over all frames: of which."""

MADE_FROM = {
    "flux": "mel_db",
    "median_flux": "mel_db",
    "log_mel": "mel_db",
    "cepstrum": "mel_db",
    "chroma": "power",
    "chromagram": "power",
}
"""Quantities of the second walk, and of which of the first they are made."""
