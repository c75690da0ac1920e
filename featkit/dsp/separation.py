"""Harmonic and percussive parts of a sound, by medians of its spectrogram.

What is harmonic goes on in time, what is percussive spreads over frequencies. A median over the
frames around a bin keeps the one, a median over its neighbouring bins the other (Fitzgerald,
"Harmonic/percussive separation using median filtering", DAFx 2010); soft masks share the spectrum
between them. With a margin above 1, each has to be so many times the stronger to count, and what is
neither is left over (Driedger, Müller and Disch, "Extending harmonic-percussive separation of
audio", ISMIR 2014). `librosa.decompose.hpss` and `librosa.effects.hpss`, with their defaults.

Arrays here are ``(frames, bins)``, as the transforms back to samples want them. At the ends of a
clip the spectrogram is mirrored. What lies around the frames is transformed once more, so that a
long recording can be separated a few frames at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.fft

from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.medians import reflected, running_median
from featkit.dsp.segments import Segments

STRETCH = 440
"""Frames separated at once: their spectra and masks take some 10 MB, of which caches hold most."""

TRANSFORMED = 128
"""Frames transformed at once, few enough for a core's own cache."""


class SeparationParameters(Parameters):
    """What counts as harmonic, and as percussive."""

    kernel_size: int = parameter(
        31, "frames, and bins, of which a median is taken", at_least=1, at_most=511
    )
    power: float = parameter(2.0, "exponent of the soft masks", above=0, at_most=100)
    margin: float = parameter(
        1.0, "how many times the stronger a part must be to count", at_least=1, at_most=1000
    )


@dataclass(frozen=True, kw_only=True)
class Framing:
    """How the clips of a stack are cut into frames, and what becomes of these.

    Attributes
    ----------
    segments : Segments
        The frames of each clip.
    samples : array of int, shape ``(clips,)``
        How long each clip is.
    window : array, shape ``(n_fft,)``, float32
        What each frame is multiplied by.
    hop_length : int
        Samples from one frame to the next.
    transform : callable
        The complex spectra of some frames, by slice: ``(frames, bins)``, complex64.
    """

    segments: Segments
    samples: Array
    window: Array
    hop_length: int
    transform: Callable[[slice], Array]

    @property
    def lead(self) -> int:
        """Zeros to put before a frame, so that its middle begins one of its hops."""
        return -(len(self.window) // 2) % self.hop_length

    @property
    def hops(self) -> int:
        """In how many hops there are samples of a frame."""
        return -(-(self.lead + len(self.window)) // self.hop_length)

    @property
    def middle(self) -> int:
        """Which of them its middle begins."""
        return (self.lead + len(self.window) // 2) // self.hop_length


class Separation:
    """Harmonic and percussive parts of some frames."""

    def __init__(self, frames: slice, framing: Framing) -> None:
        starts = range(frames.start, frames.stop, STRETCH)
        self._stretches = [
            Stretch(slice(start, min(start + STRETCH, frames.stop)), framing) for start in starts
        ]

    def energies(self, p: SeparationParameters) -> Array:
        """Energy of each frame and of its parts, ``(3, frames)``: sums of S², (S H)², (S P)²."""
        return np.concatenate([each.energies(p) for each in self._stretches], axis=1)

    def waveforms(self, p: SeparationParameters) -> Array:
        """The samples of both parts, from the middle of each frame to that of the next.

        Frames overlap: a sample is their mean, weighted by the window (Griffin and Lim, "Signal
        estimation from modified short-time Fourier transform", IEEE Trans. ASSP 32(2), 1984).

        Returns
        -------
        array of float32, shape ``(2, frames, hop_length)``
            Harmonic and percussive. 0 beyond the end of a clip.
        """
        return np.concatenate([each.waveforms(p) for each in self._stretches], axis=1)


class Parts(NamedTuple):
    """Spectra of some frames, and the masks that part them; all ``(frames, bins)``."""

    spectra: Array
    harmonic: Array
    percussive: Array


class Stretch:
    """What a `Separation` does, for so few frames that they stay in the caches."""

    def __init__(self, frames: slice, framing: Framing) -> None:
        self.frames = frames
        self.framing = framing
        self.segments = framing.segments
        # With the frames of the same clips that overlap with samples of ours.
        clips = [clip for clip, _ in self.segments.within(frames)]
        earliest = frames.start + framing.middle - framing.hops + 1
        self.wide = slice(
            max(earliest, int(self.segments.starts[clips[0]])),
            min(frames.stop + framing.middle, int(self.segments.ends[clips[-1]])),
        )
        self._known: dict[SeparationParameters, Parts] = {}

    def energies(self, p: SeparationParameters) -> Array:
        """Of each frame and its parts: ``(3, frames)``."""
        parts = self.parts(p)
        own = self._in_wide(self.frames)
        S = np.abs(parts.spectra[own])
        rows = (S, S * parts.harmonic[own], S * parts.percussive[own])
        return np.stack([np.einsum("ij,ij->i", row, row) for row in rows])

    def waveforms(self, p: SeparationParameters) -> Array:
        """Both parts: ``(2, frames, hop_length)``."""
        framing, hop_length = self.framing, self.framing.hop_length
        pieces = self._pieces(self.parts(p))
        weight = np.zeros((framing.hops, hop_length), dtype=np.float32)
        weight.ravel()[framing.lead : framing.lead + len(framing.window)] = framing.window**2
        first, stop = self.frames.start, self.frames.stop
        waveforms = np.zeros((2, stop - first, hop_length), dtype=np.float32)
        total = np.zeros((stop - first, hop_length), dtype=np.float32)
        for clip, wide in self.segments.within(self.wide):
            for hop in range(framing.hops):
                # This hop of a frame follows the middle of the frame that is so much later.
                late = hop - framing.middle
                begin = max(wide.start, wide.start + late, first)
                end = min(wide.stop, wide.stop + late, stop)
                if begin < end:
                    here = slice(begin - first, end - first)
                    there = self._in_wide(slice(begin - late, end - late))
                    waveforms[:, here] += pieces[:, there, hop]
                    total[here] += weight[hop]
            last = int(self.segments.ends[clip]) - 1
            if first <= last < stop:
                waveforms[:, last - first, int(framing.samples[clip]) % hop_length :] = 0
        heard = total > np.finfo(np.float32).tiny
        return np.divide(waveforms, total, out=waveforms, where=heard)

    def _pieces(self, parts: Parts) -> Array:
        """The samples of both parts in each frame, by hops: ``(2, frames, hops, hop_length)``."""
        framing, count = self.framing, len(parts.spectra)
        n_fft, lead = len(framing.window), framing.lead
        pieces: Array = np.zeros((2, count, framing.hops * framing.hop_length), dtype=np.float32)
        for start in range(0, count, TRANSFORMED):
            few = slice(start, start + TRANSFORMED)
            for piece, mask in zip(pieces, (parts.harmonic, parts.percussive), strict=True):
                samples = scipy.fft.irfft(parts.spectra[few] * mask[few], n=n_fft, axis=1)
                np.multiply(samples, framing.window, out=piece[few, lead : lead + n_fft])
        return pieces.reshape(2, count, framing.hops, framing.hop_length)

    def parts(self, p: SeparationParameters) -> Parts:
        """Spectra and masks of the frames `wide`."""
        if p not in self._known:
            self._known[p] = self._separated(p)
        return self._known[p]

    def _separated(self, p: SeparationParameters) -> Parts:
        before, after = p.kernel_size // 2, (p.kernel_size - 1) // 2
        around, inside = self._around(before, after)
        first = int(around.min())
        spectra = self.framing.transform(slice(first, int(around.max()) + 1))
        S = np.abs(spectra)
        lasting = running_median(S[around - first], p.kernel_size)[inside]
        own = slice(self.wide.start - first, self.wide.stop - first)
        beside = np.pad(S[own], ((0, 0), (before, after)), mode="symmetric")
        broad = running_median(beside.T, p.kernel_size).T
        return Parts(spectra[own], *masks(lasting, broad, p))

    def _around(self, before: int, after: int) -> tuple[Array, Array]:
        """The frames around those of each clip, and which windows of them are of one clip."""
        around, inside, count = [], [], 0
        for clip, own in self.segments.within(self.wide):
            start = int(self.segments.starts[clip])
            places = np.arange(own.start - before, own.stop + after) - start
            around.append(start + reflected(places, int(self.segments.lengths[clip])))
            inside.append(count + np.arange(own.stop - own.start))
            count += len(places)
        return np.concatenate(around), np.concatenate(inside)

    def _in_wide(self, frames: slice) -> slice:
        return slice(frames.start - self.wide.start, frames.stop - self.wide.start)


def masks(lasting: Array, broad: Array, p: SeparationParameters) -> tuple[Array, Array]:
    """Which share of each bin is harmonic, and which percussive."""
    harmonic = softmask(lasting, broad * p.margin, p)
    if p.margin == 1:
        return harmonic, 1 - harmonic
    return harmonic, softmask(broad, lasting * p.margin, p)


def softmask(x: Array, other: Array, p: SeparationParameters) -> Array:
    """x^power / (x^power + other^power); where there is neither, half, or with a margin nothing."""
    greater = np.maximum(x, other)
    nothing = greater < np.finfo(np.float32).tiny
    greater[nothing] = 1
    mask = (x / greater) ** p.power
    rest = (other / greater) ** p.power
    mask[nothing] = 1 if p.margin == 1 else 0
    rest[nothing] = 1
    mask /= mask + rest
    return np.asarray(mask)
