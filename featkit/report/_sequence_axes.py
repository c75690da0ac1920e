"""Ticks on the axes of sequences: frequencies, channels and times."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array

HERTZ = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)
"""Frequencies that an axis may name."""

MAX_TICKS = 5
"""Largest number of intervals on the time axis."""


def channel_ticks(channels: int, edges: Array | None) -> tuple[str, list[tuple[float, str]]]:
    """Name of the axis, and ticks from 0 to 1: frequencies of mel bands, or numbers of channels."""
    if edges is None:
        return "channel", [(0.5 / channels, "1"), (1 - 0.5 / channels, str(channels))]
    inside = [hertz for hertz in HERTZ if edges[0] < hertz < edges[-1]]
    return "Hz", [(_place(hertz, edges), _hertz_text(hertz)) for hertz in inside]


def _place(hertz: float, edges: Array) -> float:
    """Place of a frequency on an axis with equally high bands, from 0 to 1."""
    return float(np.interp(hertz, edges, np.linspace(0, 1, len(edges))))


def _hertz_text(hertz: float) -> str:
    return f"{hertz / 1000:g}k" if hertz >= 1000 else f"{hertz:g}"


def time_ticks(end: float) -> list[float]:
    """Round numbers from 0 to an end, at most `MAX_TICKS` intervals."""
    power = 10.0 ** np.floor(np.log10(end / MAX_TICKS))
    step = next(own * power for own in (1, 2, 5, 10) if own * power * MAX_TICKS >= end * (1 - 1e-9))
    return [round(k * float(step), 10) for k in range(int(end / step + 1e-9) + 1)]
