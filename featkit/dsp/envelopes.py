"""Shape of the envelope of a sound: attack, centroid, duration and decay.

The envelope is the root of the energy in windows of a few hops. Times are in hops, from the
beginning of the clip.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.typing import Array
from featkit.dsp import _compiled

STEPS = 5
"""Hops per window."""

LOW, HIGH = 0.2, 0.9
"""Fractions of the maximum between which attack and decay are measured, as in Essentia."""

PRESENT = 0.4
"""Fraction of the maximum above which the sound counts as present, as in Essentia."""


def envelope_shapes(energy: Sequence[Array]) -> Array:
    """Measure the shape of the envelope of each clip.

    Parameters
    ----------
    energy : sequence of array of float64, shape ``(hops,)``
        Energy of each hop of each clip, as from `featkit.dsp.intervals.interval_energy`.

    Returns
    -------
    array of float64, shape ``(4, clips)``
        In hops: the attack, from where the envelope first reaches `LOW` of its greatest value to
        where it first reaches `HIGH`; its centroid; the time for which it is at least `PRESENT`;
        and the decay, from where it last is at `HIGH` to where it then first is below `LOW`. NaN in
        silence.
    """
    if _compiled.core is None:
        return np.array([_shape(_envelope(sums)) for sums in energy]).T
    edges = np.cumsum([0, *map(len, energy)], dtype=np.int64)
    shapes: Array = np.empty((4, len(energy)))
    _compiled.core.envelopes(np.concatenate(energy), edges, STEPS, LOW, HIGH, PRESENT, shapes)
    return shapes


def _envelope(energy: Array) -> Array:
    """Root of the energy in windows of `STEPS` hops, with silence around the clip.

    Window ``k`` ends ``k`` hops after the clip's beginning, so that the first and the last are 0.
    """
    sums = np.pad(energy, STEPS)
    return np.asarray(np.sqrt(np.add.reduce(sliding_window_view(sums, STEPS), axis=1)))


def _shape(e: Array) -> list[float]:
    if not e.any():
        return [np.nan] * 4
    e = e / np.max(e)
    middle = np.arange(len(e)) - STEPS / 2
    end = e[np.flatnonzero(e >= HIGH)[-1] :]
    return [
        _crossing(e >= HIGH, e, HIGH) - _crossing(e >= LOW, e, LOW),
        float(np.sum(middle * e) / np.sum(e)),
        float(np.count_nonzero(e >= PRESENT)),
        _crossing(end < LOW, end, LOW) - _crossing(end < HIGH, end, HIGH),
    ]


def _crossing(beyond: Array, e: Array, threshold: float) -> float:
    """Position at which an envelope first crosses a threshold, by linear interpolation.

    `beyond` is true where the envelope is beyond the threshold, but not at its first value.
    """
    k = int(np.argmax(beyond))
    return float(k - 1 + (threshold - e[k - 1]) / (e[k] - e[k - 1]))
