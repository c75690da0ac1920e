"""The tuning of recordings within a group: one that is out of tune was perhaps played too fast.

The deviation of a spectral peak from the nearest semitone is an angle. The mean direction of the
peaks of a recording, weighted by magnitude, is its tuning. The length of the mean is their
agreement: 1 if all peaks have the same deviation, 0 in noise. A speed that is off by whole
semitones is not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array

LEAST_PEAKS = 200
"""Fewest peaks of a recording."""

LEAST_AGREEMENT = 0.4
"""Least length of the mean direction of the peaks; by measurement above 0.5 in tonal music."""

LEAST_SIZE = 8
"""Fewest tuned recordings of a group."""

LARGEST_SPREAD = 10.0
"""Largest robust standard deviation of the tunings of a group in cents."""

LEAST_DEVIATION = 20.0
"""Least deviation from the group in cents: a factor of 1.012."""

DEVIATIONS = 5.0
"""Least deviation in robust standard deviations of the group."""

LEAST_SPREAD = 3.0
"""Standard deviation in cents with which a tuning is known."""


class Detuned(NamedTuple):
    """A recording whose tuning is unlike that of its group.

    Attributes
    ----------
    name : str
        The recording.
    cents : float
        Deviation from the group, from -50 to 50; whole semitones are not seen.
    group_cents : float
        Tuning of the group relative to A4 = 440 Hz, from -50 to 50.
    spread : float
        Robust standard deviation of the group in cents, at least `LEAST_SPREAD`.
    size : int
        Number of tuned recordings in the group.
    agreement : float
        How well the peaks of the recording agree, from 0 to 1.
    """

    name: str
    cents: float
    group_cents: float
    spread: float
    size: int
    agreement: float


def find_detuned(tuning: Mapping[str, Array], groups: Mapping[str, str]) -> list[Detuned]:
    """Find recordings whose tuning is unlike that of their group.

    Parameters
    ----------
    tuning : mapping of str to array, shape ``(pieces, 4)``
        By recording: sums over the peaks of magnitude times cosine and sine of the deviation, of
        the magnitude, and the number of peaks.
    groups : mapping of str to str
        Group of each recording.

    Returns
    -------
    list of Detuned
    """
    sums = {name: np.sum(values, axis=0) for name, values in tuning.items() if len(values)}
    mean = {
        name: complex(x, y) / total
        for name, (x, y, total, count) in sums.items()
        if count >= LEAST_PEAKS and total > 0
    }
    by_group: dict[str, list[str]] = {}
    for name, direction in mean.items():
        if abs(direction) >= LEAST_AGREEMENT:
            by_group.setdefault(groups[name], []).append(name)
    return [one for names in by_group.values() for one in _outliers(names, mean)]


def _outliers(names: list[str], mean: Mapping[str, complex]) -> list[Detuned]:
    if len(names) < LEAST_SIZE:
        return []
    directions = np.array([mean[name] / abs(mean[name]) for name in names])
    centre = directions.mean()
    for _ in range(3):  # the median direction: the mean turns towards outliers
        deviation = _cents(directions / centre)
        centre *= np.exp(2j * np.pi * np.median(deviation) / 100)
    deviation = _cents(directions / centre)
    spread = max(LEAST_SPREAD, 1.4826 * float(np.median(np.abs(deviation))))
    if spread > LARGEST_SPREAD:
        return []
    limit = max(LEAST_DEVIATION, DEVIATIONS * spread)
    group_cents = float(_cents(centre))
    return [
        Detuned(name, cents, group_cents, spread, len(names), abs(mean[name]))
        for name, cents in zip(names, deviation.tolist(), strict=True)
        if abs(cents) >= limit
    ]


def _cents(direction: Array) -> Array:
    return np.asarray(np.angle(direction) * 100 / (2 * np.pi))
