"""Harmonic and percussive parts of a recording, by medians of its spectrogram.

Harmonic sounds continue in time, percussive ones cover many frequencies. A median over neighbouring
frames keeps the former, a median over neighbouring bins the latter [1]_; soft masks divide the
spectrum between them. With a margin above 1, a part must exceed the other by this factor to count,
and the remainder belongs to neither [2]_. The numbers are those of `librosa.decompose.hpss` and
`librosa.effects.hpss` with their defaults.

Arrays have the shape ``(frames, bins)``, as inverse transforms need. At the ends of a clip, the
spectrogram is mirrored. Frames around those of interest are transformed again, so that a long
recording can be separated some frames at a time.

References
----------
.. [1] D. Fitzgerald, "Harmonic/percussive separation using median filtering", DAFx 2010.
.. [2] J. Driedger, M. Müller and S. Disch, "Extending harmonic-percussive separation of audio
   signals", ISMIR 2014.
.. [3] D. W. Griffin and J. S. Lim, "Signal estimation from modified short-time Fourier transform",
   IEEE Trans. ASSP 32(2), 1984.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp import fft
from featkit.dsp.medians import mirrored_index, running_median
from featkit.dsp.segments import Segments

BLOCK = 440
"""Number of frames per block: their spectra and masks take about 10 MB, mostly in caches."""

TRANSFORMED = 128
"""Number of frames per transform, few enough for the cache of a core."""


class SeparationParameters(Parameters):
    """Parameters of the medians and the masks."""

    kernel_size: int = parameter(
        31, "length of both medians, in frames and in bins", at_least=1, at_most=511
    )
    power: float = parameter(2.0, "exponent of the soft masks", above=0, at_most=100)
    margin: float = parameter(
        1.0, "factor by which a part must exceed the other to count", at_least=1, at_most=1000
    )


@dataclass(frozen=True, kw_only=True)
class Framing:
    """The frames of a stack of clips, and their transform.

    Attributes
    ----------
    segments : Segments
        Number of frames of each clip.
    samples : array of int, shape ``(clips,)``
        Number of samples of each clip.
    window : array of float32, shape ``(n_fft,)``
        Window of a frame.
    hop_length : int
        Samples from one frame to the next.
    transform : callable
        ``transform(frames)`` returns the complex spectra of a slice of frames, of shape
        ``(frames, bins)``, complex64.
    """

    segments: Segments
    samples: Array
    window: Array
    hop_length: int
    transform: Callable[[slice], Array]

    @property
    def lead(self) -> int:
        """Number of zeros before a frame that move its middle to the beginning of a hop."""
        return -(len(self.window) // 2) % self.hop_length

    @property
    def hops(self) -> int:
        """Number of hops that contain samples of a frame."""
        return -(-(self.lead + len(self.window)) // self.hop_length)

    @property
    def middle(self) -> int:
        """Number of the hop that begins with the middle of the frame."""
        return (self.lead + len(self.window) // 2) // self.hop_length


class Separation:
    """Harmonic and percussive parts of some frames.

    Parameters
    ----------
    frames : slice
    framing : Framing
    """

    def __init__(self, frames: slice, framing: Framing) -> None:
        starts = range(frames.start, frames.stop, BLOCK)
        self._blocks = [
            SeparatedBlock(slice(start, min(start + BLOCK, frames.stop)), framing)
            for start in starts
        ]

    def energies(self, p: SeparationParameters) -> Array:
        """Compute the energy of each frame and of its parts.

        Parameters
        ----------
        p : SeparationParameters

        Returns
        -------
        array of float32, shape ``(3, frames)``
            Sums over bins of S², (S H)² and (S P)², with magnitudes S and masks H and P.
        """
        return np.concatenate([block.energies(p) for block in self._blocks], axis=1)

    def waveforms(self, p: SeparationParameters) -> Array:
        """Compute the samples of both parts, from the middle of each frame to that of the next.

        Frames overlap: a sample is their mean, weighted by the window [3]_ (see the module).

        Parameters
        ----------
        p : SeparationParameters

        Returns
        -------
        array of float32, shape ``(2, frames, hop_length)``
            Harmonic and percussive part; 0 beyond the end of a clip.
        """
        return np.concatenate([block.waveforms(p) for block in self._blocks], axis=1)


class MaskedSpectra(NamedTuple):
    """Spectra of some frames, and the masks of their parts.

    Attributes
    ----------
    spectra : array of complex64, shape ``(frames, bins)``
    harmonic, percussive : array of float32, shape ``(frames, bins)``
        Masks, 0 to 1.
    """

    spectra: Array
    harmonic: Array
    percussive: Array


class SeparatedBlock:
    """A `Separation` of so few frames that they stay in the caches.

    Parameters
    ----------
    frames : slice
    framing : Framing
    """

    def __init__(self, frames: slice, framing: Framing) -> None:
        self.frames = frames
        self.framing = framing
        self.segments = framing.segments
        # Also the frames of the same clips whose samples overlap with those of the block.
        clips = [clip for clip, _ in self.segments.clips_in(frames)]
        earliest = frames.start + framing.middle - framing.hops + 1
        self.wide = slice(
            max(earliest, int(self.segments.starts[clips[0]])),
            min(frames.stop + framing.middle, int(self.segments.ends[clips[-1]])),
        )
        self._computed: dict[SeparationParameters, MaskedSpectra] = {}

    def energies(self, p: SeparationParameters) -> Array:
        """Compute energies; see `Separation.energies`.

        Parameters
        ----------
        p : SeparationParameters

        Returns
        -------
        array of float32, shape ``(3, frames)``
        """
        masked = self.masked_spectra(p)
        own = self._in_wide(self.frames)
        S = np.abs(masked.spectra[own])
        rows = (S, S * masked.harmonic[own], S * masked.percussive[own])
        return np.stack([np.einsum("ij,ij->i", row, row) for row in rows])

    def waveforms(self, p: SeparationParameters) -> Array:
        """Compute waveforms; see `Separation.waveforms`.

        Parameters
        ----------
        p : SeparationParameters

        Returns
        -------
        array of float32, shape ``(2, frames, hop_length)``
        """
        framing, hop_length = self.framing, self.framing.hop_length
        pieces = self._pieces(self.masked_spectra(p))
        weight = np.zeros((framing.hops, hop_length), dtype=np.float32)
        weight.ravel()[framing.lead : framing.lead + len(framing.window)] = framing.window**2
        first, stop = self.frames.start, self.frames.stop
        waveforms = np.zeros((2, stop - first, hop_length), dtype=np.float32)
        total = np.zeros((stop - first, hop_length), dtype=np.float32)
        for clip, wide in self.segments.clips_in(self.wide):
            for hop in range(framing.hops):
                # This hop of a frame follows the middle of the frame `delay` frames later.
                delay = hop - framing.middle
                begin = max(wide.start, wide.start + delay, first)
                end = min(wide.stop, wide.stop + delay, stop)
                if begin < end:
                    target = slice(begin - first, end - first)
                    origin = self._in_wide(slice(begin - delay, end - delay))
                    waveforms[:, target] += pieces[:, origin, hop]
                    total[target] += weight[hop]
            last = int(self.segments.ends[clip]) - 1
            if first <= last < stop:
                waveforms[:, last - first, int(framing.samples[clip]) % hop_length :] = 0
        covered = total > np.finfo(np.float32).tiny
        return np.divide(waveforms, total, out=waveforms, where=covered)

    def _pieces(self, masked: MaskedSpectra) -> Array:
        """The samples of both parts of each frame, by hops: ``(2, frames, hops, hop_length)``."""
        framing, count = self.framing, len(masked.spectra)
        n_fft, lead = len(framing.window), framing.lead
        pieces: Array = np.zeros((2, count, framing.hops * framing.hop_length), dtype=np.float32)
        for start in range(0, count, TRANSFORMED):
            part = slice(start, start + TRANSFORMED)
            for piece, mask in zip(pieces, (masked.harmonic, masked.percussive), strict=True):
                samples = fft.irfft(masked.spectra[part] * mask[part], n=n_fft, axis=1)
                np.multiply(samples, framing.window, out=piece[part, lead : lead + n_fft])
        return pieces.reshape(2, count, framing.hops, framing.hop_length)

    def masked_spectra(self, p: SeparationParameters) -> MaskedSpectra:
        """Compute the masks of the frames `wide`; each set of parameters is computed once.

        Parameters
        ----------
        p : SeparationParameters

        Returns
        -------
        MaskedSpectra
        """
        if p not in self._computed:
            self._computed[p] = self._separate(p)
        return self._computed[p]

    def _separate(self, p: SeparationParameters) -> MaskedSpectra:
        before, after = p.kernel_size // 2, (p.kernel_size - 1) // 2
        around, inside = self._around(before, after)
        first = int(around.min())
        spectra = self.framing.transform(slice(first, int(around.max()) + 1))
        S = np.abs(spectra)
        across_frames = running_median(S[around - first], p.kernel_size)[inside]
        own = slice(self.wide.start - first, self.wide.stop - first)
        padded = np.pad(S[own], ((0, 0), (before, after)), mode="symmetric")
        across_bins = running_median(padded.T, p.kernel_size).T
        return MaskedSpectra(spectra[own], *masks(across_frames, across_bins, p))

    def _around(self, before: int, after: int) -> tuple[Array, Array]:
        """The frames around those of each clip, and the windows that are within one clip."""
        around, inside, count = [], [], 0
        for clip, own in self.segments.clips_in(self.wide):
            start = int(self.segments.starts[clip])
            places = np.arange(own.start - before, own.stop + after) - start
            around.append(start + mirrored_index(places, int(self.segments.lengths[clip])))
            inside.append(count + np.arange(own.stop - own.start))
            count += len(places)
        return np.concatenate(around), np.concatenate(inside)

    def _in_wide(self, frames: slice) -> slice:
        return slice(frames.start - self.wide.start, frames.stop - self.wide.start)


def masks(across_frames: Array, across_bins: Array, p: SeparationParameters) -> tuple[Array, Array]:
    """Compute the masks of both parts.

    Parameters
    ----------
    across_frames, across_bins : array of float32, shape ``(frames, bins)``
        Medians of the magnitudes over neighbouring frames, and over neighbouring bins.
    p : SeparationParameters

    Returns
    -------
    harmonic, percussive : array of float32, shape ``(frames, bins)``
        Shares of each bin, 0 to 1.
    """
    harmonic = softmask(across_frames, across_bins * p.margin, p)
    if p.margin == 1:
        return harmonic, 1 - harmonic
    return harmonic, softmask(across_bins, across_frames * p.margin, p)


def softmask(x: Array, other: Array, p: SeparationParameters) -> Array:
    """Compute the soft mask x^power / (x^power + other^power).

    Parameters
    ----------
    x, other : array of float32, any shape
        Magnitudes.
    p : SeparationParameters

    Returns
    -------
    array of float32, shaped as `x`
        0 to 1. Where both are 0: one half, or 0 with a margin.
    """
    greater = np.maximum(x, other)
    silent = greater < np.finfo(np.float32).tiny
    greater[silent] = 1
    mask = (x / greater) ** p.power
    rest = (other / greater) ** p.power
    mask[silent] = 1 if p.margin == 1 else 0
    rest[silent] = 1
    mask /= mask + rest
    return np.asarray(mask)
