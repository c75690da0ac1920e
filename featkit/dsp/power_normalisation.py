"""Power-normalised cepstral coefficients (PNCC): suppression of noise and reverberation.

The power in gammatone bands is smoothed over five frames. From it, a lower envelope that rises
slowly and falls fast is subtracted, as an estimate of stationary noise; values below a decaying
peak, as in reverberation, are reduced. The ratio of the result to the smoothed power, smoothed over
bands, is the gain of each frame and band. A power of 1/15 models the rate of auditory nerves [1]_.

References
----------
.. [1] C. Kim and R. M. Stern, "Power-normalized cepstral coefficients (PNCC) for robust speech
   recognition", IEEE/ACM Transactions on Audio, Speech, and Language Processing 24(7), 2016.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.autocorrelation import SILENT
from featkit.dsp.bins import sums_over_bins
from featkit.dsp.cepstrum import cepstrum
from featkit.dsp.disk_array import Clip
from featkit.dsp.gammatone import gammatone_filters
from featkit.dsp.segments import Segments
from featkit.dsp.short_frames import ShortFrames
from featkit.dsp.short_spectra import power_spectra, spectrum_size, speech_frames

LENGTH = 0.0256
"""Seconds in a frame."""

PRE_EMPHASIS = 0.97

FMIN, FMAX = 200.0, 8000.0
"""Range of the centres of the bands in Hz."""

NEGLIGIBLE = 0.005**2
"""Power below which the response of a filter is 0, relative to its maximum."""

REACH = 2
"""Frames on either side over which power is smoothed, M in the paper."""

BAND_REACH = 4
"""Bands on either side over which gains are smoothed, N in the paper."""

RISE, FALL = 0.999, 0.5
"""Share of the lower envelope that stays in a frame where power is above, or below it."""

START = 0.9
"""Share of the power of the first frame at which an envelope starts."""

EXCITED = 2.0
"""Multiple of the lower envelope from which a frame counts as speech, c in the paper."""

DECAY, MASKED = 0.85, 0.2
"""Factor per frame of the peak; share of it that replaces what is below."""

FORGETTING = 0.999
"""Factor per frame of the weights in the mean power."""

EXPONENT = 1 / 15


def power_normalised_cepstra(
    clips: Sequence[Clip], sr: float, n_bands: int, count: int
) -> tuple[Array, Segments]:
    """Compute PNCC of frames of 25.6 ms every 10 ms.

    Parameters
    ----------
    clips : sequence of array or DiskArray of float32, shape ``(samples,)``
    sr : float
        Sample rate in Hz.
    n_bands : int
        Number of gammatone bands, from `FMIN` to `FMAX` or half the sample rate.
    count : int
        Number of coefficients, at most that of bands.

    Returns
    -------
    cepstra : array of float32, shape ``(count, frames)``
        Orthonormal DCT-II of the normalised bands; NaN in clips of silence.
    segments : Segments
        Frames of each clip.

    Raises
    ------
    ParameterError
        If half the sample rate is not above `FMIN`.
    """
    frames = speech_frames(clips, sr, LENGTH)
    cepstra: Array = np.full((count, frames.segments.total), np.nan, dtype=np.float32)
    for clip, own in enumerate(frames.segments):
        normalisation = PowerNormalisation(_gammatone_power(frames, clip, n_bands), n_bands)
        start = own.start
        for normalised in normalisation:
            columns = slice(start, start + normalised.shape[1])
            cepstra[:, columns] = cepstrum(normalised.astype(np.float32), count)
            start = columns.stop
        if not normalisation.loudest > SILENT:
            cepstra[:, own] = np.nan
    return cepstra, frames.segments


def _gammatone_power(frames: ShortFrames, clip: int, n_bands: int) -> Iterator[Array]:
    """Power in bands of equal area, ``(bands, frames)``, float64.

    Transforms are twice as long as frames, so that bins are closer together than half a band.
    """
    n_fft = 2 * spectrum_size(frames.length)
    bank = gammatone_filters(frames.sr, n_fft, n_bands, FMIN, FMAX, NEGLIGIBLE)
    areas = bank.toarray().sum(axis=1, dtype=np.float64)[:, None]
    for _, power in power_spectra(frames, clip, n_fft, PRE_EMPHASIS):
        yield (bank @ power) / areas


class PowerNormalisation:
    """The processing of the bands of a clip, from its first to its last frame.

    All gains are relative, so that the result does not depend on the level. The paper starts the
    mean power from that of a training set; here it is the mean, with weights, of the frames so far.

    Parameters
    ----------
    batches : iterable of array, shape ``(bands, frames)``
        Power in the bands of consecutive frames.
    bands : int
        Number of bands.

    Attributes
    ----------
    loudest : float
        Greatest power so far in a band.
    """

    def __init__(self, batches: Iterable[Array], bands: int) -> None:
        self._batches, self._bands = batches, bands
        self.loudest = 0.0
        self._lower = self._floor = self._peak = np.zeros(bands)
        self._begun = False
        self._sums = [np.zeros(1), np.zeros(1)]

    def __iter__(self) -> Iterator[Array]:
        """Iterate over the normalised power, raised to the power of 1/15.

        Yields
        ------
        array of float64, shape ``(bands, frames)``
            In all, as many frames as in the batches; 0 where there is no power.
        """
        for power, smoothed in self._smoothed():
            self.loudest = max(self.loudest, float(np.max(power)))
            gain = self._gain(smoothed)
            yield self._normalised(power * gain) ** EXPONENT

    def _smoothed(self) -> Iterator[tuple[Array, Array]]:
        """Power, and its mean over the frames around each, as far as the clip has them."""
        silence = np.zeros((self._bands + 1, REACH))  # the last row counts frames
        joined = silence
        counted = (np.vstack([x, np.ones((1, x.shape[1]))]) for x in self._batches)
        for batch in chain(counted, [silence]):
            joined = np.hstack([joined, batch])
            frames = joined.shape[1] - 2 * REACH
            if frames > 0:
                sums = joined[:, :frames].copy()
                for k in range(1, 2 * REACH + 1):
                    sums += joined[:, k : k + frames]
                yield joined[:-1, REACH:-REACH], sums[:-1] / sums[-1]
                joined = joined[:, -2 * REACH :]

    def _gain(self, smoothed: Array) -> Array:
        """Ratio of what is kept to the smoothed power, smoothed over bands, ``(bands, frames)``."""
        rows = np.ascontiguousarray(smoothed.T)
        lower, self._lower = lower_envelope(rows, self._lower if self._begun else START * rows[0])
        risen = np.maximum(rows - lower, 0)
        floor, self._floor = lower_envelope(risen, self._floor if self._begun else START * risen[0])
        self._begun = True
        decayed, self._peak = _decayed_peaks(risen, self._peak)
        unmasked = np.where(risen >= decayed, risen, MASKED / DECAY * decayed)
        kept = np.where(rows >= EXCITED * lower, np.maximum(unmasked, floor), floor)
        ratio = np.divide(kept, rows, out=np.zeros_like(rows), where=rows > 0)
        return mean_over_neighbours(np.ascontiguousarray(ratio.T), BAND_REACH)

    def _normalised(self, power: Array) -> Array:
        """Power over its mean so far, over all bands, with weights that decay; 0 where it is 0."""
        from scipy.signal import lfilter

        total = sums_over_bins(power) / self._bands
        sums = []
        for k, x in enumerate((total, np.ones_like(total))):
            y, self._sums[k] = lfilter([1.0], [1, -FORGETTING], x, zi=self._sums[k])
            sums.append(y)
        mean = sums[0] / sums[1]
        quotient: Array = np.divide(power, mean, out=np.zeros_like(power), where=mean > 0)
        return quotient


def lower_envelope(rows: Array, start: Array) -> tuple[Array, Array]:
    """Follow power from below: slowly where it is above the envelope, fast where it is below.

    Of the two linear filters, the one with the lower output is the one that applies.

    Parameters
    ----------
    rows : array of float64, shape ``(frames, bands)``
        Power.
    start : array of float64, shape ``(bands,)``
        Envelope before the first frame.

    Returns
    -------
    envelope : array of float64, shape ``(frames, bands)``
    last : array of float64, shape ``(bands,)``
        Envelope in the last frame, the `start` of those that follow.
    """
    kept = np.array([[RISE], [FALL]])
    inputs = (1 - kept) * rows[:, None]
    envelope = np.empty_like(rows)
    both = np.empty_like(inputs[0])
    slow, fast = both
    state = start
    for added, lower in zip(inputs, envelope, strict=True):
        np.multiply(state, kept, out=both)
        np.add(both, added, out=both)
        state = np.minimum(slow, fast, out=lower)
    return envelope, state.copy()


def _decayed_peaks(rows: Array, start: Array) -> tuple[Array, Array]:
    """The peak before each frame, decayed by a frame, and the one before the frame that follows."""
    decayed: Array = np.empty((len(rows) + 1, rows.shape[1]))
    decayed[0] = start
    state = decayed[0]
    for row, peak in zip(rows, decayed[1:], strict=True):
        np.maximum(state, row, out=peak)
        state = np.multiply(peak, DECAY, out=peak)
    return decayed[:-1], decayed[-1].copy()


def mean_over_neighbours(x: Array, reach: int) -> Array:
    """Average each row with those around it, as far as the array has them.

    Parameters
    ----------
    x : array, shape ``(rows, frames)``
    reach : int
        Number of rows on either side.

    Returns
    -------
    array, shape ``(rows, frames)``
    """
    means = np.empty_like(x)
    for k in range(len(x)):
        part = x[max(0, k - reach) : k + reach + 1]
        means[k] = sums_over_bins(part) / len(part)
    return means
