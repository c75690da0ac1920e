"""Quantities of a few frames: samples, spectra, mel bands, chroma and others.

Each quantity is a cached property of `Block`. A family requests it as a keyword argument of its
`compute`; no other quantity is computed. To add a quantity, add a property here. One that needs
whole clips first, such as their tuning, carries the decorator `gathers`; it is computed in a second
pass over the frames.

Arrays have shape ``(bins, frames)`` or ``(frames,)`` and are float32 unless stated otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.lazy import cached_property
from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.dsp.cepstrum import Cepstrum
from featkit.dsp.chroma import Chroma
from featkit.dsp.decibels import decibels
from featkit.dsp.empty_bands import empty_mel_bands
from featkit.dsp.filters import fft_window, mel_filters
from featkit.dsp.framing import Signal
from featkit.dsp.peaks import spectral_peaks
from featkit.dsp.rolloff import Rolloffs
from featkit.dsp.spectra import Spectra
from featkit.features.spectra.dependencies import gathers

if TYPE_CHECKING:
    from featkit.dsp.pitch import Pitches
    from featkit.dsp.separation import Separation
    from featkit.features._octave_bands import Extremes
    from featkit.features.spectra.stack import Stack


class Block:
    """A few consecutive frames of a stack, and the quantities computed from them.

    Parameters
    ----------
    stack : Stack
        The clips.
    frames : slice
        Range of frames within the stack.
    computed : mapping of str to array, optional
        Quantities that an earlier pass has already computed for these frames.
    wanted : iterable of str
        Names of quantities that will be requested: those of the spectra are computed together.
    """

    def __init__(
        self,
        stack: Stack,
        frames: slice,
        computed: Mapping[str, Any] | None = None,
        wanted: Iterable[str] = (),
    ) -> None:
        self.stack = stack
        self.frames = frames
        self.sr = stack.sr
        self.n_fft = stack.n_fft
        self.hop_length = stack.hop_length
        self.frequencies = stack.frequencies
        self._wanted = frozenset(wanted)
        for name, value in (computed or {}).items():
            setattr(self, name, value)  # replaces the cached property

    @cached_property
    def signal(self) -> Signal:
        """Samples of the frames."""
        return self.stack.grid.signal(self.frames)

    @cached_property
    def pitches(self) -> Pitches:
        """Pitch of each frame, see `featkit.dsp.pitch`."""
        from featkit.dsp.pitch import Pitches

        return Pitches(self.signal, self.sr)

    @cached_property
    def spectra(self) -> Spectra:
        """Spectra, and sums over their bins."""
        start = self.frames.start
        before = self.stack.grid.signal(slice(start - 1, start)) if start else None
        return Spectra(self.signal, self.sr, self._wanted, before)

    @cached_property
    def magnitude(self) -> Array:
        """Magnitude spectrogram, ``(bins, frames)``."""
        return np.sqrt(self.power)

    @cached_property
    def power(self) -> Array:
        """Power spectrogram, ``(bins, frames)``."""
        return self.spectra["power"]

    @cached_property
    def max_magnitude(self) -> Array:
        """Magnitude of the strongest bin of each frame, ``(frames,)``; 0 in digital silence."""
        return self.spectra["max_magnitude"]

    @cached_property
    def total(self) -> Array:
        """Sum of the magnitudes, ``(frames,)``; the smallest positive float32 in silence."""
        return self.spectra["total"]

    @cached_property
    def centroid(self) -> Array:
        """Mean frequency in Hz, weighted by magnitude, ``(frames,)``."""
        return self.spectra["centroid"]

    @cached_property
    def variance(self) -> Array:
        """Mean squared distance from the centroid in Hz², weighted by magnitude, ``(frames,)``."""
        return self.spectra["variance"]

    @cached_property
    def third_moment(self) -> Array:
        """Third central moment of the frequency in Hz³, weighted by magnitude, ``(frames,)``."""
        return self.spectra["third_moment"]

    @cached_property
    def fourth_moment(self) -> Array:
        """Fourth central moment of the frequency in Hz⁴, weighted by magnitude, ``(frames,)``."""
        return self.spectra["fourth_moment"]

    @cached_property
    def entropy(self) -> Array:
        """Entropy of the shares of power in bits, ``(frames,)``; 0 in silence."""
        return self.spectra["entropy"]

    @cached_property
    def lowest_magnitude(self) -> Array:
        """Magnitude of bin 0, ``(frames,)``."""
        return self.spectra["lowest_magnitude"]

    @cached_property
    def inverse_bin_sum(self) -> Array:
        """Sum of the magnitudes of bins from 1 over their number, ``(frames,)``."""
        return self.spectra["inverse_bin_sum"]

    @cached_property
    def rolloffs(self) -> Rolloffs:
        """Roll-offs, for any shares of the magnitude."""
        return Rolloffs(self.spectra, self.signal)

    @cached_property
    def flux(self) -> Array:
        """Squared distance from the frame before of the magnitudes over their sum, ``(frames,)``.

        NaN in a clip's first frame, in a frame of silence, and in the one after it.
        """
        sounding = self.max_magnitude > 0
        before = np.concatenate([self._previous_frame().max_magnitude[:1] > 0, sounding[:-1]])
        defined = sounding & before & ~self.first_of_clip
        return np.where(defined, self.spectra["flux"], np.float32(np.nan))

    @cached_property
    def first_of_clip(self) -> Array:
        """Whether a frame is the first of its clip, ``(frames,)``, bool."""
        numbers = np.arange(self.frames.start, self.frames.stop)
        return np.isin(numbers, self.stack.segments.starts)

    @cached_property
    def precise_S(self) -> Array:
        """Magnitude spectrogram by a transform in double precision, ``(bins, frames)``.

        For descriptors of the weakest bins: in the stop band of a resampler there is less power
        than the rounding noise of single precision.
        """
        return self.signal.precise_S(slice(None))

    @cached_property
    def extremes(self) -> Extremes:
        """Strongest and weakest bins of octave bands."""
        from featkit.features._octave_bands import Extremes

        return Extremes(self.precise_S, self.frequencies)

    @cached_property
    def mel(self) -> Array:
        """Power in mel bands, ``(n_mels, frames)``."""
        p = self.stack.parameters
        bank = mel_filters(self.sr, p.n_fft, p.n_mels, p.fmin, p.fmax)
        return np.asarray(bank @ self.power)

    @cached_property
    def mel_db(self) -> Array:
        """Power in mel bands in dB, ``(n_mels, frames)``."""
        return decibels(self.mel)

    @cached_property
    def max_mel_db(self) -> Array:
        """Level of the strongest mel band in dB, ``(frames,)``."""
        return np.asarray(np.fmax.reduce(self.mel_db, axis=0))

    @cached_property
    def separation(self) -> Separation:
        """Harmonic and percussive part of the frames."""
        from featkit.dsp.separation import Framing, Separation

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
        """Peaks of the power spectrum: clip, frequency in Hz and height of each, one after another.

        Shape ``(3 * peaks,)``.
        """
        return self._peaks(self.power, np.square(self.max_magnitude))

    @cached_property
    def magnitude_peaks(self) -> Array:
        """Peaks of the magnitude spectrum, laid out as `peaks`.

        There are more of them: the threshold, a tenth of the maximum, lies 20 dB below it instead
        of 10 dB.
        """
        return self._peaks(self.magnitude, self.max_magnitude)

    def _peaks(self, S: Array, maximum: Array) -> Array:
        frames, hz, height = spectral_peaks(S, maximum, self.sr)
        clip = np.searchsorted(self.stack.segments.ends, frames + self.frames.start, side="right")
        return np.stack([clip, hz, height], axis=1, dtype=np.float32).ravel()

    @cached_property
    @gathers("peaks", reuses="power")
    def chroma(self) -> Chroma:
        """Chroma in the tuning of each clip."""
        tuning = partial(self.stack.tuning.per_frame, self.frames)
        return Chroma(self.power, tuning, self.sr, self.n_fft)

    @cached_property
    @gathers("peaks", reuses="power")
    def chromagram(self) -> Array:
        """Chroma of twelve pitch classes, ``(12, frames)``."""
        return self.chroma(12)

    @cached_property
    @gathers("max_mel_db", reuses="mel_db")
    def log_mel(self) -> Array:
        """Power in mel bands in dB, at least the clip's maximum less `top_db`."""
        return np.maximum(self.mel_db, self.stack.min_mel_db[self.frames])

    @cached_property
    @gathers("max_mel_db", reuses="mel_db")
    def cepstrum(self) -> Cepstrum:
        """Orthonormal DCT-II of `log_mel` over the bands, for any number of coefficients.

        NaN if any band contains no bin: such a band has no level, and every coefficient depends on
        all bands.
        """
        p = self.stack.parameters
        if empty_mel_bands(self.sr, p.n_fft, p.n_mels, p.fmin, p.fmax).any():
            return Cepstrum(np.full_like(self.log_mel, np.nan))
        return Cepstrum(self.log_mel)

    @cached_property
    @gathers("max_mel_db", reuses="mel_db")
    def mel_flux(self) -> Array:
        """Mean rise of the mel bands since the frame before, in dB, ``(frames,)``.

        The value of a clip's first frame compares it with another clip and has no meaning.
        """
        return self._rise(lambda rise: sums_over_bins(rise) / np.float32(len(rise)))

    @cached_property
    @gathers("max_mel_db", reuses="mel_db")
    def median_mel_flux(self) -> Array:
        """Median rise of the mel bands since the frame before, in dB, ``(frames,)``."""
        return self._rise(lambda rise: np.median(rise, axis=0))

    def _rise(self, average: Callable[[Array], Array]) -> Array:
        """Average over bands of their rise; a fall counts as 0."""
        log_mel = self.log_mel
        previous = self._previous_frame().log_mel[:, :1]
        flux = np.empty(log_mel.shape[1], dtype=np.float32)
        flux[:1] = average(np.maximum(log_mel[:, :1] - previous, 0))
        rise = log_mel[:, 1:] - log_mel[:, :-1]
        flux[1:] = average(np.maximum(rise, 0, out=rise))
        return flux

    def _previous_frame(self) -> Block:
        """The frame before this block; at the beginning of the stack, this block."""
        start = self.frames.start
        return Block(self.stack, slice(start - 1, start)) if start else self
