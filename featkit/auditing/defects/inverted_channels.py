"""Inverted channels: one of two channels has the wrong sign, so that their mean cancels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.defect import Defect, Finding
from featkit.auditing.measure import Piece
from featkit.auditing.signal.cross_correlation import in_blocks, lagged_correlations
from featkit.auditing.signal.windows import in_windows, window_ranges

WINDOW = 0.5
"""Seconds whose channels are correlated."""

INVERTED = -0.8
"""Largest correlation of inverted channels: their mean is 10 dB weaker than they are."""

WIDE = 0.5
"""Largest correlation of channels that may be inverted at another lag."""

DELAYED, POSITIVE = -0.5, 0.7
"""Largest correlation of inverted channels at any lag, and the most that a positive one may be,
relative to it."""

LAG = 0.002
"""Largest lag in seconds: microphones 0.7 m apart."""

LOWEST_RATE = 8000.0
"""Sample rate in Hz at which lags are compared."""

ALIVE = 1e-3
"""Level from which on a window counts: -60 dBFS."""

MOSTLY = 0.5
"""Share of the windows with sound from which on channels are inverted throughout."""

SHORTEST, STRICT = 1.0, -0.9
"""Seconds and largest correlation of a part, which may also be an effect."""


def _find(piece: Piece) -> Iterator[Finding]:
    if piece.samples.ndim == 1 or piece.samples.shape[1] != 2:
        return
    windows = in_windows(piece.channels, max(2, round(WINDOW * piece.rate)))
    sums = _sums(windows)
    correlations = _correlations(sums)
    with_sound = sums[:, :2].max(axis=1) >= ALIVE**2 * windows.shape[1]
    flags = with_sound & (correlations <= INVERTED)
    unsure = np.flatnonzero(with_sound & (correlations <= WIDE) & ~flags)
    flags[unsure] = _inverted_at_a_lag(windows[unsure], piece.rate)
    if not flags.any():
        return
    throughout = np.count_nonzero(flags) >= MOSTLY * np.count_nonzero(with_sound)
    flags = np.full(len(flags), True) if throughout else with_sound & (correlations <= STRICT)
    ranges = window_ranges(flags, windows.shape[1], len(piece.samples), piece.rate, piece.start)
    for begin, end, start, stop in ranges:
        if throughout or end - begin >= SHORTEST / WINDOW:
            part = sums[begin:end].sum(axis=0)
            strength = float(_correlations(part[None])[0]) / INVERTED
            yield Finding(start, stop, _loss(part), max(1.0, strength))


def _sums(windows: Array) -> Array:
    """Energies of both channels, and their product: ``(windows, 3)``."""
    left, right = windows[..., 0], windows[..., 1]
    pairs = ((left, left), (right, right), (left, right))
    return np.stack([np.einsum("ij,ij->i", *pair) for pair in pairs], axis=1).astype(np.float64)


def _correlations(sums: Array) -> Array:
    energy = np.sqrt(sums[:, 0] * sums[:, 1])
    correlations: Array = np.divide(sums[:, 2], energy, out=np.zeros(len(sums)), where=energy > 0)
    return correlations


def _inverted_at_a_lag(windows: Array, rate: float) -> Array:
    """Whether the strongest correlation of each window at any lag is negative."""
    blocks, rate = in_blocks(windows, rate, LOWEST_RATE)
    lags = min(round(LAG * rate), blocks.shape[1] // 2 - 1)
    if lags < 1:
        return np.zeros(len(windows), dtype=bool)
    correlations = lagged_correlations(blocks[..., 0], blocks[..., 1], lags)
    lowest, highest = correlations.min(axis=1), correlations.max(axis=1)
    inverted: Array = (lowest <= DELAYED) & (highest <= POSITIVE * -lowest)
    return inverted


def _loss(sums: Array) -> float:
    """Level of the channels over that of their mean in dB, at most 100."""
    channels = (sums[0] + sums[1]) / 2
    mean = (sums[0] + sums[1] + 2 * sums[2]) / 4
    return float(-10 * np.log10(max(mean / channels, 1e-10)))


def _message(loss: float) -> str:
    return f"one channel is inverted: the mean of both is {loss:.0f} dB weaker than they are"


def _severity(share: float, loss: float) -> str:
    return "high" if share > 0.5 and loss >= 10 else "medium"


DEFECT = Defect(
    name="inverted_channels",
    title="inverted channels",
    description="The strongest correlation of two channels is negative: at most -0.8, or at most"
    " -0.5 with one of them up to 2 ms later and no positive correlation of similar strength, in"
    " most windows of 0.5 s; or at most -0.9 for at least a second. The value is how much weaker"
    " the mean of the channels is.",
    unit="dB",
    find=_find,
    message=_message,
    remedy="change the sign of one channel: features are computed from the mean of the channels",
    severity=_severity,
    gap=0.6,
    picture="samples",
)
