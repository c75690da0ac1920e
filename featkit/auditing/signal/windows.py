"""Windows of samples, and time ranges of what windows have in common."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from featkit._utils.typing import Array


def by_channel(samples: Array) -> list[Array]:
    """Return the samples of each channel.

    Parameters
    ----------
    samples : array, shape ``(frames,)`` or ``(frames, channels)``

    Returns
    -------
    list of array, shape ``(frames,)``
        Contiguous.
    """
    if samples.ndim == 1:
        return [samples]
    return [np.ascontiguousarray(channel) for channel in samples.T]


def unit_of(samples: Array) -> float:
    """Return the value of a sample of 1, where full scale is 1.

    Parameters
    ----------
    samples : array of int16 or float32

    Returns
    -------
    float
    """
    return 2.0**-15 if samples.dtype == np.int16 else 1.0


def in_windows(samples: Array, size: int) -> Array:
    """Cut samples into whole windows; a shorter recording is one window.

    Parameters
    ----------
    samples : array, shape ``(frames,)`` or ``(frames, channels)``
        At least one frame. Frames after the last whole window are left out.
    size : int
        Frames of a window, at least 1.

    Returns
    -------
    array, shape ``(windows, size)`` or ``(windows, size, channels)``
        A view.
    """
    size = min(size, len(samples))
    count = len(samples) // size
    return samples[: count * size].reshape(count, size, *samples.shape[1:])


def true_runs(flags: Array) -> list[tuple[int, int]]:
    """Return where runs of true values begin, and where they end.

    Parameters
    ----------
    flags : array of bool, shape ``(n,)``

    Returns
    -------
    list of tuple of int
        The first true value of each run, and the one after the last.

    Examples
    --------
    >>> true_runs(np.array([True, False, True, True]))
    [(0, 1), (2, 4)]
    """
    padded = np.zeros(len(flags) + 2, dtype=bool)  # faster than np.diff with its padding
    padded[1:-1] = flags
    edges = np.flatnonzero(padded[1:] != padded[:-1]).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def window_ranges(
    flags: Array, size: int, frames: int, rate: float, start: float
) -> Iterator[tuple[int, int, float, float]]:
    """Yield the runs of windows that are true, with their time ranges.

    Parameters
    ----------
    flags : array of bool, shape ``(windows,)``
    size : int
        Frames of a window.
    frames : int
        Frames of the piece; those after the last window belong to it.
    rate : float
        Frames per second.
    start : float
        Time of the first window in seconds.

    Yields
    ------
    tuple of int, int, float, float
        First window, the one after the last, and the time range in seconds.
    """
    for begin, end in true_runs(flags):
        last = frames if end == len(flags) else end * size
        yield begin, end, start + begin * size / rate, start + last / rate
