"""Clicks: single wrong samples, and jumps where samples are missing.

The third difference of the samples weakens sound, which has little energy at the highest
frequencies, and leaves a click. That of a single wrong sample is in proportion to 1, -3, 3, -1, and
that of a jump to 1, -2, 1. Sounds that begin with a click, such as a tick or a crackle, come from a
microphone and have another shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.defect import Defect, Finding
from featkit.auditing.measure import Piece
from featkit.auditing.signal.windows import by_channel, unit_of

WINDOW = 0.005
"""Seconds on either side whose differences are compared."""

LOWEST = 0.01
"""Smallest third difference of a click, over 3: -40 dBFS."""

RATIO, PEAK_RATIO = 8.0, 1.5
"""Smallest difference of a click relative to the mean and to the peak of those on either side."""

SHAPES = ((1.0, -3.0, 3.0, -1.0), (1.0, -2.0, 1.0))
"""Third differences of a wrong sample and of a jump."""

MATCH = 0.92
"""Smallest share of the energy of the differences around a click that has one of the shapes."""

CONTEXT = 5
"""Differences on either side of the largest one that are compared with the shapes."""

STEP = 3e-5
"""Added to the means: a step of 16 bits."""


def _find(piece: Piece) -> Iterator[Finding]:
    channels = by_channel(piece.samples)
    for number, channel in enumerate(channels):
        place = number if len(channels) > 1 else -1
        for at, height, ratio in _clicks(channel, max(16, round(WINDOW * piece.rate))):
            start, stop = piece.start + (at - 1) / piece.rate, piece.start + (at + 3) / piece.rate
            yield Finding(max(0.0, start), stop, 20 * np.log10(height), ratio / RATIO, place)


def _clicks(y: Array, size: int) -> Iterator[tuple[int, float, float]]:
    """Position of each click, its height, and its ratio to the mean difference around it."""
    if len(y) < 4 * size:
        return
    differences = np.diff(y.astype(np.float32), 3)
    differences *= np.float32(unit_of(y) / 3)
    sizes = np.abs(differences)
    windows = sizes[: len(sizes) // size * size].reshape(-1, size)
    means, peaks = windows.mean(axis=1), windows.max(axis=1)
    likely = np.flatnonzero((peaks >= LOWEST) & (peaks >= RATIO * means))
    places = likely * size + windows[likely].argmax(axis=1)
    places = places[(places >= CONTEXT + 1) & (places < len(sizes) - CONTEXT - 1)]
    for at in places[_matches(differences, places) >= MATCH].tolist():
        before, after = sizes[max(0, at - size) : at - CONTEXT], sizes[at + CONTEXT + 1 : at + size]
        height = float(sizes[at])
        ratio = height / (max(float(before.mean()), float(after.mean())) + STEP)
        isolated = height >= PEAK_RATIO * max(float(before.max()), float(after.max()))
        if ratio >= RATIO and isolated:
            yield at, height, ratio


def _matches(differences: Array, places: Array) -> Array:
    """Largest share of the energy around each place that has the shape of a click."""
    around = np.arange(-CONTEXT, CONTEXT + 1)
    parts = differences[places[:, None] + around].astype(np.float64)
    energies = np.square(np.einsum("ij,kj->ik", parts, _shifted_shapes())).max(axis=1, initial=0)
    matches: Array = energies / np.maximum(np.square(parts).sum(axis=1), 1e-30)
    return matches


@lru_cache
def _shifted_shapes() -> Array:
    """The shapes at all places of a context, with an energy of 1."""
    size = 2 * CONTEXT + 1
    rows = [
        np.roll(np.pad(shape, (0, size - len(shape))), shift) / np.linalg.norm(shape)
        for shape in SHAPES
        for shift in range(size - len(shape) + 1)
    ]
    return np.array(rows)


def _message(height: float) -> str:
    return f"a click of {height:.0f} dBFS, where a sample is wrong or samples are missing"


def _severity(share: float, height: float) -> str:
    return "low"


DEFECT = Defect(
    name="clicks",
    title="clicks",
    description="Third differences of the samples with the shape of a single wrong sample or of a"
    " jump, at least -40 dBFS and eight times the mean of those in the 5 ms on either side. The"
    " value is their level.",
    unit="dBFS",
    find=_find,
    message=_message,
    remedy="repair the samples, copy the file again, or leave the recording out",
    severity=_severity,
    picture="samples",
)
