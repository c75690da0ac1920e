"""How sound a recording is: eleven facts beside the features of a row, and never among them.

They are measured on the samples as the file holds them, before channels are mixed and the rate is
changed, both of which hide what is wrong. Each has a value for every row that exists.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.schema import CLIPPED_RUN, SHORT, SILENCE, WINDOW


class Quality(NamedTuple):
    """The quality of one row, in the order of `COLUMNS`."""

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


class Meter:
    """Measures the quality of samples that come block by block; how they are cut is no matter.

    Parameters
    ----------
    rate : float
        Sample rate in Hz.
    channels : int
    full_scale : float
        The largest code of the sample format; full scale is 1.
    """

    def __init__(self, rate: float, channels: int, full_scale: float) -> None:
        self._rate, self._channels, self._full_scale = rate, channels, full_scale
        self._window = max(1, round(WINDOW * rate))
        self._frames = self._silent = self._clipped = 0
        self._peak = 0.0
        self._alike = channels > 1
        self._begun: Array | None = None  # what there is of the last window
        self._loud = np.zeros((2 * CLIPPED_RUN - 2, channels), dtype=bool)  # of the last frames

    def add(self, samples: Array) -> None:
        """The next ones: int16 or floating point, ``(frames,)`` or ``(frames, channels)``."""
        self._frames += len(samples)
        self._alike = self._alike and _equal_channels(samples)
        if self._begun is not None:
            samples = np.concatenate([self._begun, samples])
        # What is left behind the last whole window is judged with it: alone it would say little.
        whole = max(0, len(samples) // self._window - 1) * self._window
        self._begun = samples[whole:].copy()
        if whole:
            self._add_windows(samples[:whole], self._window)

    def quality(self, *, truncated: bool) -> Quality:
        """Of all that was added, which must be a frame at least; nothing can be added after it.

        Parameters
        ----------
        truncated : bool
            Whether the file that it is of holds less than it promises.
        """
        if self._begun is not None and len(self._begun):
            self._add_windows(self._begun, len(self._begun))
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
            short=duration < SHORT,
            truncated=truncated,
            mono_as_stereo=self._alike,
        )

    def _add_windows(self, samples: Array, window: int) -> None:
        """Samples of some whole windows."""
        unit = 2.0**-15 if samples.dtype == np.int16 else 1.0
        windows = samples.reshape(len(samples) // window, -1)
        lowest, highest = windows.min(axis=1) * unit, windows.max(axis=1) * unit
        self._silent += window * int(np.count_nonzero((highest - lowest) / 2 < SILENCE))
        peak = max(float(highest.max()), -float(lowest.min()))
        self._peak = max(self._peak, peak)
        if peak >= self._full_scale or self._loud.any():
            code = self._full_scale / unit
            loud = (samples >= code) | (samples <= -code)
            self._count_runs(loud.reshape(-1, self._channels))

    def _count_runs(self, loud: Array) -> None:
        """Count what is in a run of loud frames, as late as a run can be told: a run less one."""
        loud = np.concatenate([self._loud, loud])
        begins = np.logical_and.reduce(_shifted(loud, CLIPPED_RUN))
        self._clipped += int(np.count_nonzero(np.logical_or.reduce(_shifted(begins, CLIPPED_RUN))))
        self._loud = loud[len(loud) - len(self._loud) :]


def measure(
    samples: Array, rate: float, *, full_scale: float = 32767 / 32768, truncated: bool = False
) -> Quality:
    """The quality of samples that are there as a whole; see `Meter`."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    meter = Meter(rate, channels, full_scale)
    meter.add(samples)
    return meter.quality(truncated=truncated)


def _equal_channels(samples: Array) -> bool:
    # Most recordings differ at once, so that the rest need not be looked at.
    parts = (samples[:1024], samples[1024:])
    return all(bool((part[:, 1:] == part[:, :1]).all()) for part in parts)


def _shifted(rows: Array, count: int) -> list[Array]:
    """The rows from each of the first on, `count` times, all of one length."""
    return [rows[k : len(rows) - count + 1 + k] for k in range(count)]
