"""Clips of one sample rate as one row of frames, and the quantities of whole clips.

The names are librosa's: ``y`` samples, ``sr`` their rate in Hz, ``S`` a magnitude spectrogram of
shape ``(bins, frames)`` with bin ``k`` at ``k * sr / n_fft`` Hz. Frames are centred: frame ``t``
covers the ``n_fft`` samples around sample ``t * hop_length``, with padding at both ends, so that a
clip of ``n`` samples has ``1 + n // hop_length`` frames.

A `Stack` is processed in blocks of frames that fit into the processor's cache. Only one block of a
clip on disk is in memory at a time. A quantity of whole clips is a cached property of `Stack`. If
it needs a quantity of the blocks over all frames, the decorator `gathers` names it.

Each frame is computed by the same operations in the same order wherever it lies in the stack, so
that a clip has the same values alone and among others, to the bit. This rules out BLAS, whose sums
depend on a column's position. Filter banks are sparse matrices instead, which are also faster for
these narrow filters.

References
----------
Böck, S. and Widmer, G. "Maximum filter vibrato suppression for onset detection", DAFx 2013.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.lazy import cached_property
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip, DiskArray, TemporaryDiskArray
from featkit.dsp.filters import frequencies
from featkit.dsp.framing import Grid
from featkit.dsp.segments import Segments
from featkit.dsp.tempogram import Tempograms
from featkit.dsp.tuning import Tuning
from featkit.features.spectra.block import Block
from featkit.features.spectra.dependencies import gathers
from featkit.features.spectra.parameters import SpectraParameters

if TYPE_CHECKING:
    from featkit.dsp.constant_q import ConstantQ
    from featkit.dsp.critical_bands import CriticalBands
    from featkit.dsp.glottal_pulses import GlottalPulses
    from featkit.dsp.peak_envelopes import Envelopes
    from featkit.dsp.predictors import Predictors
    from featkit.dsp.soundscape import SoundscapeSpectra
    from featkit.dsp.speech_pitch import SpeechPitch
    from featkit.dsp.speech_spectra import AuditoryLoudness, SpeechSpectra
    from featkit.dsp.voice_pitch import VoicePitches
    from featkit.dsp.voiced_spectra import VoicedSpectra
    from featkit.dsp.zwicker_time import ZwickerLoudness


def _keep_freed_memory() -> None:
    """Let the C library reuse freed memory for the next array.

    glibc returns it to the system and requests it again page by page, which costs a third of an
    analysis. It stops doing so once an array as large as those in use has been freed.
    """
    np.empty(24 * 2**20, dtype=np.uint8)


_keep_freed_memory()

BLOCK_FRAMES = 1300
"""Frames in a block: 30 s at the default rate and hop. Its spectrum takes 5 MB, and the last-level
cache holds several of these. Smaller blocks lose more to Python overhead than they gain. A power of
two is slower, because the rows of an array would share the same cache lines."""

KEPT_BYTES = 64 * 2**20
"""Quantities that a second pass needs are kept if the power spectra of the stack are no larger than
this; otherwise they are computed again."""

ON_DISK = ("peaks", "magnitude_peaks")
"""Quantities that are gathered in a temporary file if a clip is on disk: a frame of noise has a
hundred peaks."""


class Stack:
    """Clips of one sample rate, laid out side by side as one row of frames.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
        At least one clip, each of at least one sample.
    sr : float
        Sample rate in Hz.
    parameters : SpectraParameters
        Frames, window, padding and mel bands.
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
        self._kept: dict[int, dict[str, Any]] = {}

    def blocks(
        self,
        *,
        gather: Iterable[str] = (),
        keep: Iterable[str] = (),
        wanted: Iterable[str] = (),
    ) -> Iterator[Block]:
        """Iterate over the frames in blocks, from first to last.

        Parameters
        ----------
        gather : iterable of str
            Quantities of the blocks to collect over all frames, for `gathered`. They should have
            few rows, because they are held in memory.
        keep : iterable of str
            Quantities to keep for the blocks of the next pass, if they are small enough.
        wanted : iterable of str
            Other quantities that will be requested from the blocks.

        Yields
        ------
        Block
            At most `BLOCK_FRAMES` frames.
        """
        small = self.segments.total * len(self.frequencies) * 4 <= KEPT_BYTES
        keep = tuple(keep) if small else ()
        gather, wanted = tuple(gather), {*wanted, *gather, *keep}
        on_disk = ON_DISK if any(isinstance(clip, DiskArray) for clip in self.clips) else ()
        collected: dict[str, list[Array] | TemporaryDiskArray] = {
            name: TemporaryDiskArray() if name in on_disk else [] for name in gather
        }
        for start in range(0, self.segments.total, BLOCK_FRAMES):
            frames = slice(start, min(start + BLOCK_FRAMES, self.segments.total))
            block = Block(self, frames, self._kept.get(start), wanted)
            yield block
            for name, values in collected.items():
                values.append(getattr(block, name))
            if keep:
                self._kept[start] = {name: getattr(block, name) for name in keep}
        for name, values in collected.items():
            self._gathered[name] = (
                values if isinstance(values, TemporaryDiskArray) else np.concatenate(values, -1)
            )

    def gathered(self, name: str) -> Any:
        """Return a quantity of the blocks over the whole stack.

        If no pass has collected it yet, this starts one.

        Parameters
        ----------
        name : str
            Name of a quantity of `Block`.

        Returns
        -------
        array or TemporaryDiskArray
            The values side by side on the last axis. Quantities in `ON_DISK` are a
            `TemporaryDiskArray` if a clip is on disk.
        """
        if name not in self._gathered:
            for _ in self.blocks(gather=[name]):
                pass
        return self._gathered[name]

    @cached_property
    @gathers("max_magnitude")
    def sounding(self) -> Array:
        """Whether a frame contains any sound, ``(frames,)``, bool; False in digital silence."""
        return np.asarray(self.gathered("max_magnitude") > 0)

    @cached_property
    @gathers("max_mel_db")
    def min_mel_db(self) -> Array:
        """Lower limit of `log_mel`, the clip's maximum less `top_db`, in dB, ``(frames,)``."""
        maximum: Array = self.segments.max(self.gathered("max_mel_db"))
        return self.segments.to_frames(maximum - maximum.dtype.type(self.parameters.top_db))

    @cached_property
    @gathers("mel_flux")
    def onset_strength(self) -> Array:
        """Mean rise of the mel bands since the frame before, in dB, ``(frames,)``.

        The spectral flux of Böck and Widmer without the maximum filter. It is delayed by half a
        frame, so that a value lies at the time of the onset rather than where a frame first
        overlaps it.
        """
        return self._delayed(self.gathered("mel_flux"))

    @cached_property
    @gathers("mel_flux")
    def tempograms(self) -> Tempograms:
        """Mean tempogram of each clip, for any parameters."""
        return Tempograms(self.onset_strength, self.segments, self.sr, self.hop_length)

    @cached_property
    @gathers("median_mel_flux")
    def median_onset_strength(self) -> Array:
        """Median rise of the mel bands, in dB, ``(frames,)``; robust to a single loud band."""
        return self._delayed(self.gathered("median_mel_flux"))

    def _delayed(self, flux: Array) -> Array:
        """The flux delayed by half a frame; 0 at the first frame of a clip."""
        flux = flux.copy()
        flux[self.segments.starts] = 0
        delay = self.n_fft // (2 * self.hop_length)
        strength = np.zeros_like(flux)
        for clip in self.segments:
            strength[clip][delay:] = flux[clip][: max(0, clip.stop - clip.start - delay)]
        return strength

    @cached_property
    @gathers("peaks")
    def tuning(self) -> Tuning:
        """Deviation of each clip's tuning from A4 = 440 Hz."""
        return Tuning(self.gathered("peaks"), self.segments)

    @cached_property
    @gathers("peaks")
    def tuning_cents(self) -> Array:
        """Deviation of each clip's tuning in cents, ``(clips,)``; NaN without peaks."""
        return 100 * self.tuning.per_clip(12)

    @cached_property
    @gathers("chromagram")
    def mean_chroma(self) -> Array:
        """Mean over frames of the chroma of twelve pitch classes, ``(12, clips)``, float64."""
        chromagram = self.gathered("chromagram").astype(np.float64)
        return self.segments.sum(chromagram) / self.segments.lengths

    @cached_property
    def speech_pitch(self) -> SpeechPitch:
        """Fundamental frequency and voicing of speech, in frames of 60 ms, 10 ms apart."""
        from featkit.dsp.speech_pitch import speech_pitch

        return speech_pitch(self.clips, self.sr)

    @cached_property
    @gathers("magnitude_peaks")
    def constant_q(self) -> ConstantQ:
        """Chroma of the constant-Q transform, computed by librosa.

        Its tuning is estimated from the magnitude spectrum, as in librosa. It is slow.
        """
        tuning = Tuning(self.gathered("magnitude_peaks"), self.segments)
        p = self.parameters
        from featkit.dsp.constant_q import ConstantQ

        return ConstantQ(self.clips, self.segments, tuning, self.sr, p.hop_length, p.pad_mode)

    @cached_property
    def speech_spectra(self) -> SpeechSpectra:
        """Spectra in frames of 20 ms, 10 ms apart, with frames of their own."""
        from featkit.dsp.speech_spectra import SpeechSpectra

        return SpeechSpectra(self.clips, self.sr)

    @cached_property
    def auditory_loudness(self) -> AuditoryLoudness:
        """Loudness of each frame of 20 ms, with its own segments."""
        return self.speech_spectra.loudness

    @cached_property
    def voiced_spectra(self) -> VoicedSpectra:
        """Formants and harmonics of the voiced frames of `speech_pitch`."""
        from featkit.dsp.voiced_spectra import VoicedSpectra

        return VoicedSpectra(self.speech_spectra, self.speech_pitch)

    @cached_property
    def predictors(self) -> Predictors:
        """Linear prediction in frames of 25 ms every 10 ms, for any order."""
        from featkit.dsp.predictors import Predictors

        return Predictors(self.clips, self.sr)

    @cached_property
    def critical_bands(self) -> CriticalBands:
        """Power in critical bands, a Bark apart, in frames of 25 ms every 10 ms."""
        from featkit.dsp.critical_bands import CriticalBands

        return CriticalBands(self.clips, self.sr)

    @cached_property
    def voice_pitch(self) -> VoicePitches:
        """Pitch of a voice in frames of its own, for any parameters."""
        from featkit.dsp.voice_pitch import VoicePitches

        return VoicePitches(self.clips, self.sr)

    @cached_property
    def glottal_pulses(self) -> GlottalPulses:
        """Positions of the glottal pulses of each clip, for any parameters."""
        from featkit.dsp.glottal_pulses import GlottalPulses

        return GlottalPulses(self.clips, self.sr, self.voice_pitch)

    @cached_property
    def peak_envelopes(self) -> Envelopes:
        """Greatest absolute value in windows of 512 samples, of each clip less its mean."""
        from featkit.dsp.peak_envelopes import Envelopes

        return Envelopes(self.clips)

    @cached_property
    def soundscape_spectra(self) -> SoundscapeSpectra:
        """Sums over time of spectra with the parameters of scikit-maad, for acoustic indices."""
        from featkit.dsp.soundscape import SoundscapeSpectra

        return SoundscapeSpectra(self.clips, self.peak_envelopes, self.sr)

    @cached_property
    def zwicker(self) -> ZwickerLoudness:
        """Loudness by ISO 532-1 and integrals of the specific loudness, for any calibration."""
        from featkit.dsp.zwicker_time import ZwickerLoudness

        return ZwickerLoudness(self.clips, self.sr)
