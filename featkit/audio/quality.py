"""Quality measures of a recording: thirteen values per row, in columns of their own.

They are measured on the samples of the source, before mixing and resampling, which hide defects.
Every measure has a value for every row, except that the level and the bandwidth of digital silence
are NaN. `featkit.schema.MEASURED_QUALITY` defines them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.bandwidth import BandwidthMeter
from featkit.schema import CLIPPED_RUN, SHORT_DURATION, SILENCE_LEVEL, SILENCE_WINDOW

CACHED = 2**17
"""Number of samples whose squares fit in the cache."""


class Quality(NamedTuple):
    """The quality of one row, in the order of `featkit.schema.MEASURED_QUALITY`.

    Attributes
    ----------
    duration : float
        Seconds.
    sample_rate : float
        Sample rate of the source in Hz.
    channels : int
        Number of channels of the source.
    peak : float
        Largest absolute sample; full scale is 1.
    clipped_share : float
        Share of the samples, of all channels, in clipped runs, 0 to 1.
    silence_share : float
        Share of the time in silent windows, 0 to 1.
    silent : bool
        Whether `silence_share` is 1.
    clipped : bool
        Whether `clipped_share` is above 0.
    short : bool
        Whether `duration` is below `featkit.schema.SHORT_DURATION`.
    truncated : bool
        Whether the file has fewer samples than it states.
    mono_as_stereo : bool
        Whether several channels are all equal.
    level : float
        Root mean square of all samples in dB of full scale; NaN if all are 0.
    bandwidth : float
        Hz; NaN if all samples are 0.
    """

    duration: float
    sample_rate: float
    channels: int
    peak: float
    clipped_share: float
    silence_share: float
    silent: bool
    clipped: bool
    short: bool
    truncated: bool
    mono_as_stereo: bool
    level: float
    bandwidth: float


class QualityMeter:
    """Measures the quality of samples that arrive in blocks; the size of blocks does not matter.

    Parameters
    ----------
    rate : float
        Sample rate in Hz.
    channels : int
        Number of channels.
    full_scale : float
        The largest code of the sample format; full scale is 1.
    """

    def __init__(self, rate: float, channels: int, full_scale: float) -> None:
        self._rate, self._channels, self._full_scale = rate, channels, full_scale
        self._window = max(1, round(SILENCE_WINDOW * rate))
        self._frames = self._silent = self._clipped = 0
        self._peak = self._energy = 0.0
        self._equal = channels > 1
        self._bandwidth = BandwidthMeter(rate)
        self._pending: Array | None = None  # frames of the last, incomplete windows
        # Whether each sample of the last frames is at full scale.
        self._loud = np.zeros((2 * CLIPPED_RUN - 2, channels), dtype=bool)

    def add(self, samples: Array) -> None:
        """Measure the next block.

        Parameters
        ----------
        samples : array, shape ``(frames,)`` or ``(frames, channels)``
            int16 or floating point.
        """
        self._frames += len(samples)
        self._equal = self._equal and equal_channels(samples)
        self._bandwidth.add(samples)
        if self._pending is not None and len(self._pending):
            # Only the windows that begin in an earlier block are copied.
            missing = -len(self._pending) % self._window
            first = np.concatenate([self._pending, samples[:missing]])
            samples = samples[missing:]
            if len(samples) < 2 * self._window:
                samples = np.concatenate([first, samples])
            else:
                self._add_windows(first, self._window)
        # The remainder joins the last whole window: by itself it would be too short to measure.
        whole = max(0, len(samples) // self._window - 1) * self._window
        self._pending = samples[whole:].copy()
        if whole:
            self._add_windows(samples[:whole], self._window)

    def quality(self, *, truncated: bool) -> Quality:
        """Return the quality of all blocks, at least one frame; no block can be added afterwards.

        Parameters
        ----------
        truncated : bool
            Whether the file has fewer samples than it states.

        Returns
        -------
        Quality
        """
        if self._pending is not None and len(self._pending):
            self._add_windows(self._pending, len(self._pending))
        self._count_runs(np.zeros((CLIPPED_RUN - 1, self._channels), dtype=bool))
        duration = self._frames / self._rate
        return Quality(
            duration=duration,
            sample_rate=float(self._rate),
            channels=self._channels,
            peak=self._peak,
            clipped_share=self._clipped / (self._frames * self._channels),
            silence_share=self._silent / self._frames,
            silent=self._silent == self._frames,
            clipped=self._clipped > 0,
            short=duration < SHORT_DURATION,
            truncated=truncated,
            mono_as_stereo=self._equal,
            level=self._level(),
            bandwidth=self._bandwidth.bandwidth(),
        )

    def _level(self) -> float:
        """Root mean square of all samples in dB of full scale; NaN for digital silence."""
        if not self._energy:
            return np.nan
        return 10 * math.log10(self._energy / (self._frames * self._channels))

    def _add_windows(self, samples: Array, window: int) -> None:
        """Measure some whole windows."""
        unit = 2.0**-15 if samples.dtype == np.int16 else 1.0
        windows = samples.reshape(len(samples) // window, -1)
        lowest, highest = windows.min(axis=1) * unit, windows.max(axis=1) * unit
        self._silent += window * int(np.count_nonzero((highest - lowest) / 2 < SILENCE_LEVEL))
        peak = max(float(highest.max()), -float(lowest.min()))
        self._peak = max(self._peak, peak)
        self._add_energy(windows, unit)
        if peak >= self._full_scale or self._loud.any():
            code = self._full_scale / unit
            loud = (samples >= code) | (samples <= -code)
            self._count_runs(loud.reshape(-1, self._channels))

    def _add_energy(self, windows: Array, unit: float) -> None:
        """Add the energies of windows, in order, so that the size of blocks does not matter."""
        step = max(1, CACHED // windows.shape[1])
        energies = np.empty(len(windows) + 1)
        energies[0] = self._energy
        for k in range(0, len(windows), step):
            energies[k + 1 : k + 1 + step] = window_energies(windows[k : k + step])
        energies[1:] *= unit**2
        self._energy = float(np.cumsum(energies)[-1])

    def _count_runs(self, loud: Array) -> None:
        """Count clipped samples, except in the last frames, whose runs may not have ended yet."""
        loud = np.concatenate([self._loud, loud])
        begins = np.logical_and.reduce(_shifted(loud, CLIPPED_RUN))
        self._clipped += int(np.count_nonzero(np.logical_or.reduce(_shifted(begins, CLIPPED_RUN))))
        self._loud = loud[len(loud) - len(self._loud) :]


def measure_quality(
    samples: Array, rate: float, *, full_scale: float = 32767 / 32768, truncated: bool = False
) -> Quality:
    """Measure the quality of samples that are in memory.

    Parameters
    ----------
    samples : array, shape ``(frames,)`` or ``(frames, channels)``
        int16 or floating point; at least one frame.
    rate : float
        Sample rate in Hz.
    full_scale : float
        The largest code of the sample format; full scale is 1.
    truncated : bool
        Whether the file has fewer samples than it states.

    Returns
    -------
    Quality
    """
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    meter = QualityMeter(rate, channels, full_scale)
    meter.add(samples)
    return meter.quality(truncated=truncated)


def window_energies(windows: Array) -> Array:
    """Return the sum of the squared samples of each window.

    Parameters
    ----------
    windows : array, shape ``(windows, samples)``

    Returns
    -------
    array of float32, shape ``(windows,)``
        It does not depend on the other windows.
    """
    part = windows.astype(np.float32, copy=False)
    # Not by BLAS, whose sum of a window may depend on its position.
    energies: Array = np.einsum("ij,ij->i", part, part)
    return energies


def equal_channels(samples: Array) -> bool:
    """Return whether all channels are equal.

    Parameters
    ----------
    samples : array, shape ``(frames, channels)``

    Returns
    -------
    bool
    """
    # Channels of most recordings differ within the first samples; then the rest is not compared.
    parts = (samples[:1024], samples[1024:])
    return all(bool((part[:, 1:] == part[:, :1]).all()) for part in parts)


def _shifted(rows: Array, count: int) -> list[Array]:
    """`count` views of the rows, each beginning one row later, all of one length."""
    return [rows[k : len(rows) - count + 1 + k] for k in range(count)]
