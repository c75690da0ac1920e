"""Bandwidth of a recording: the frequency up to which there is sound, whatever its sample rate.

A low-pass filter leaves only noise above its cutoff. Codecs of low bit rates, telephones and
resampling from a lower rate have such a filter, and its trace remains when the result is stored in
another format. In most files, the noise is that of rounding to 16 bits; in others, such as decoded
MP3 files, it is far weaker. Sound is what exceeds the noise of 16 bits by 10 dB (`THRESHOLD`), in
all formats alike:

- The spectrum is that of frames of `N_FFT` samples at a fixed spacing, from the first sample on,
  averaged over channels and in `N_BANDS` bands of equal width.
- Frames more than `LOUDNESS_RANGE` below the loudest one are ignored, because the background of a
  short event may be digital silence.
- A band has sound if the 90th percentile of its power density over the other frames exceeds the
  threshold. A few frames with a click or clipped samples, whose spectrum has no limit, do not
  count.
- The bandwidth is the upper edge of the highest band with sound.

The model output variable BandwidthRef of PEAQ is also the highest frequency that exceeds the noise
by 10 dB. There, the noise is measured above 21.6 kHz, where many recordings have sound.

Notes
-----
Observed on 80 recordings of ESC-10, 20 of EmoDB, 12 of a tropical soundscape and 3 of music:

- resampled to 8 kHz and back to 44.1 kHz: 3.8 to 4.1 kHz in all recordings;
- limited to 300-3400 Hz by a steep filter: 3.5 to 4.1 kHz in all recordings but one, which is then
  silence of 16 bits;
- ESC-10 (mono) as MP3 of 32 and 128 kbit/s: at most 9.0 and 20.3 kHz, median 8.6 and 16.5 kHz;
  the same after conversion back to WAV;
- unchanged: ESC-10 from 9 to 22.05 kHz, with steps at 16.2 and 20 kHz, which are the limits of
  codecs; EmoDB 7.9 kHz, at a sample rate of 22.05 kHz; the soundscape 10.7 kHz of 11 kHz;
- 20 dB quieter: a change of more than 10 % in 9 of the 115 recordings, whose highest frequencies
  then have less than the noise of 16 bits.

Other definitions vary with content: the highest frequency within 50 dB of the loudest one is 1.2 to
22.05 kHz in ESC-10. Means and maxima over frames depend on single clipped frames, and medians miss
short events. A filter of 12 dB per octave has no edge, and is not seen. Samples of 8 bits have
noise above the threshold, which counts as sound.

References
----------
Recommendation ITU-R BS.1387-2, "Method for objective measurements of perceived audio quality",
2023, annex 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import fft

N_FFT = 2048
"""Samples of a frame."""

SPACING = 0.25
"""Seconds from the beginning of one frame to that of the next in recordings of up to 8 s.

It is doubled where there would be more than `MANY_FRAMES`, but only twice: to 1 s.
"""

MANY_FRAMES = 32

MAX_FRAMES = 1024
"""Largest number of frames; in recordings of more than 17 minutes, the spacing is doubled again."""

N_BANDS = 64
"""Number of bands from 0 Hz to half of the sample rate."""

LOUDNESS_RANGE = 40.0
"""Level of the loudest frame over that of the quietest that is used, in dB."""

NOISE = 2.0**-30 / 12
"""Power density of the noise of rounding to 16 bits, in the unit in which that of white noise is
its variance: 1/12 of the squared step, -101 dBFS."""

THRESHOLD = 10 * NOISE
"""Power density above which there is sound: -91 dBFS."""

TRANSFORMED = 64
"""Number of frames per transform."""


class BandwidthMeter:
    """Measures the bandwidth of samples that arrive in blocks; the size of blocks does not matter.

    Parameters
    ----------
    rate : float
        Sample rate in Hz.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._spacing = _spacing(rate)
        self._wide_spacing = 4 * self._spacing
        self._spectra: list[Array] = []
        self._pending: Array | None = None  # samples of the next frame
        self._start = 0  # position of the first pending sample

    def add(self, samples: Array) -> None:
        """Measure the next block.

        Parameters
        ----------
        samples : array, shape ``(frames,)`` or ``(frames, channels)``
            int16 or floating point.
        """
        pending = samples[:0] if self._pending is None else self._pending
        earlier, length = len(pending), len(pending) + len(samples)
        # Only the frames that begin in an earlier block are copied.
        first = np.concatenate([pending, samples[:N_FFT]]) if earlier else samples

        def frame(start: int) -> Array:
            if start < earlier:
                return first[start : start + N_FFT]
            return samples[start - earlier : start - earlier + N_FFT]

        self._drop_frames(self._start + length)
        starts = range(self._next - self._start, length - N_FFT + 1, self._spacing)
        for k in range(0, len(starts), TRANSFORMED):
            frames = [frame(start) for start in starts[k : k + TRANSFORMED]]
            self._spectra.extend(_spectra(frames))
        used = min(self._next - self._start, length)
        if used < earlier:
            self._pending = np.concatenate([pending[used:], samples])
        else:
            self._pending = samples[used - earlier :].copy()
        self._start += used

    def _drop_frames(self, length: int) -> None:
        """Double the spacing until a recording of this length does not have too many frames."""
        while (length - N_FFT) // self._spacing >= self._most_frames:
            self._spectra = self._spectra[::2]
            self._spacing *= 2

    @property
    def _most_frames(self) -> int:
        return MANY_FRAMES if self._spacing < self._wide_spacing else MAX_FRAMES

    @property
    def _next(self) -> int:
        """Position of the next frame."""
        return len(self._spectra) * self._spacing

    def bandwidth(self) -> float:
        """Return the bandwidth of all blocks.

        Returns
        -------
        float
            Hz; NaN if no band has sound.
        """
        spectra = self._spectra
        if not spectra and self._pending is not None:  # less than a frame
            spectra = list(_spectra([self._pending]))
        return float(_bandwidths(np.array(spectra)[None], self._rate)[0])


def has_all_frames(length: int, rate: float) -> bool:
    """Return whether a recording is short enough for frames at the smallest spacing.

    Parameters
    ----------
    length : int
        Number of frames of the recording, in samples.
    rate : float
        Sample rate in Hz.

    Returns
    -------
    bool
    """
    return _n_frames(length, _spacing(rate)) <= MANY_FRAMES


def bandwidths_of_clips(clips: Sequence[Array], rate: float) -> list[float]:
    """Measure the bandwidth of clips together, as `BandwidthMeter` measures each of them.

    Parameters
    ----------
    clips : sequence of array, shape ``(frames,)`` or ``(frames, channels)``
        Of one type and number of channels, and so short that `has_all_frames`.
    rate : float
        Sample rate in Hz.

    Returns
    -------
    list of float
        Hz; NaN if no band has sound.
    """
    spacing = _spacing(rate)
    counts = np.array([_n_frames(len(clip), spacing) for clip in clips])
    frames = [
        clip[start : start + N_FFT]
        for clip, count in zip(clips, counts.tolist(), strict=True)
        for start in range(0, count * spacing, spacing)
    ]
    parts = [_spectra(frames[k : k + TRANSFORMED]) for k in range(0, len(frames), TRANSFORMED)]
    spectra = np.concatenate([np.empty((0, N_BANDS), np.float32), *parts])
    bandwidths = np.empty(len(clips))
    first = np.cumsum(counts) - counts
    for count in np.unique(counts):
        same = np.flatnonzero(counts == count)
        if count:
            powers = spectra[first[same][:, None] + np.arange(count)]
        else:  # less than a frame
            powers = np.stack([_spectra([clips[k]]) for k in same.tolist()])
        bandwidths[same] = _bandwidths(powers, rate)
    return bandwidths.tolist()


def _spacing(rate: float) -> int:
    return max(1, round(SPACING * rate))


def _n_frames(length: int, spacing: int) -> int:
    """Number of whole frames of a recording at some spacing."""
    return max(0, (length - N_FFT) // spacing + 1)


def _bandwidths(powers: Array, rate: float) -> Array:
    """Bandwidths of clips in Hz, from spectra of shape ``(clips, frames, bands)``."""
    levels = powers.sum(axis=2)
    range_of_levels = np.float32(10 ** (-LOUDNESS_RANGE / 10))
    loud = levels >= levels.max(axis=1, keepdims=True) * range_of_levels
    n_loud = loud.sum(axis=1)
    ordered = np.sort(np.where(loud[..., None], powers, -np.inf), axis=1)
    rank = powers.shape[1] - n_loud + 9 * (n_loud - 1) // 10
    percentile = np.take_along_axis(ordered, rank[:, None, None], axis=1)[:, 0]
    with_sound = percentile > THRESHOLD
    highest = N_BANDS - np.argmax(with_sound[:, ::-1], axis=1)
    return np.where(with_sound.any(axis=1), highest / N_BANDS * rate / 2, np.nan)


def _spectra(frames: Sequence[Array]) -> Array:
    """Power density of frames of equal length in bands: ``(frames, bands)``, float32."""
    samples = np.array(frames)
    samples = samples.reshape(len(frames), samples.shape[1], -1).transpose(0, 2, 1)
    window = _window(samples.shape[-1], 2.0**-15 if samples.dtype == np.int16 else 1.0)
    windowed = np.multiply(samples, window, dtype=np.float32, casting="same_kind", order="C")
    # Real and imaginary parts of all frequencies but 0, by band.
    parts = fft.rfft(windowed, n=N_FFT).view(np.float32)[..., 2:]
    parts = parts.reshape(*parts.shape[:2], N_BANDS, -1)
    bands = np.einsum("...i,...i->...", parts, parts)
    density: Array = bands.sum(axis=1) / (bands.shape[1] * parts.shape[-1] / 2)
    return density


@lru_cache(4)
def _window(length: int, unit: float) -> Array:
    """A Hann window without zeros, with an energy of 1, so that white noise keeps its power.

    It converts samples to full scale, too: `unit` is the value of a sample of 1.
    """
    window: Array = np.hanning(length + 2)[1:-1]
    window /= np.sqrt(np.square(window).sum())
    return window.astype(np.float32) * np.float32(unit)
