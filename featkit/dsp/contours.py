"""Contours: the rising and falling parts of a curve over time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array


class Slopes(NamedTuple):
    """Slopes of the parts of a curve.

    Attributes
    ----------
    rising, falling : array of float64, shape ``(parts,)``
        Rise, or fall, divided by the time that it takes; both are positive.
    """

    rising: Array
    falling: Array


def part_slopes(curve: Array, hop: float, smallest: float) -> Slopes:
    """Return the slopes between the turning points of a curve.

    The first part begins with the curve: a peak or valley that differs from the first value by
    `smallest` or less does not end it.

    Parameters
    ----------
    curve : array, shape ``(values,)``
        Finite values.
    hop : float
        Seconds from one value to the next.
    smallest : float
        Smallest change of direction that counts, see `turning_points`.

    Returns
    -------
    Slopes
        In units of the curve per second.
    """
    points = turning_points(curve, smallest)
    if len(points) > 2 and abs(curve[points[1]] - curve[points[0]]) <= smallest:
        points = np.delete(points, 1)
    slopes = np.diff(curve[points]) / (np.diff(points) * hop)
    return Slopes(slopes[slopes > 0], -slopes[slopes < 0])


def opensmile_slopes(curve: Array, hop: float, smallest: float) -> tuple[Slopes, Slopes]:
    """Return the slopes of the parts of a curve as openSMILE counts them, found by experiments.

    Turning points are extremes within the curve that differ from the one before by more than
    `smallest`; of successive ones of the same kind the most extreme. The part after the last one is
    a falling part if that is a peak, and a rising one if it is a valley. It counts with its sign in
    the means, so that a fall is negative, and not in the deviations.

    Parameters
    ----------
    curve, hop, smallest
        As for `part_slopes`.

    Returns
    -------
    for_means, for_deviations : Slopes
    """
    extremes = _local_extremes(curve)[1:-1]
    points, kind = [0], 0
    before, own_kind = float(curve[0]), 1
    if len(extremes) and curve[extremes[0]] < before:
        own_kind = -1
    for k, value in zip(extremes.tolist(), curve[extremes].tolist(), strict=True):
        step = value - before
        if own_kind == kind:
            if step * kind > 0:
                points[-1], before = k, value
        elif abs(step) > smallest:
            points.append(k)
            before, kind = value, own_kind
        own_kind = -own_kind  # peaks and valleys alternate
    slopes = np.diff(curve[points]) / (np.diff(points) * hop)
    inner = Slopes(slopes[slopes > 0], -slopes[slopes < 0])
    duration = (len(curve) - 1 - points[-1]) * hop
    if not duration:
        return inner, inner
    last = (curve[-1] - curve[points[-1]]) / duration
    if kind == 0:
        return Slopes(*(np.array([last] if s * last > 0 else []) for s in (1, -1))), inner
    if kind > 0:
        return Slopes(inner.rising, np.append(inner.falling, last)), inner
    return Slopes(np.append(inner.rising, last), inner.falling), inner


def turning_points(curve: Array, smallest: float) -> Array:
    """Find the peaks and valleys of a curve that are high and deep enough.

    A peak is a turning point if the curve falls by more than `smallest` after it, and a valley if
    the curve rises by more. The first and the last value are turning points, too.

    Parameters
    ----------
    curve : array, shape ``(values,)``
        Finite values.
    smallest : float
        In units of the curve.

    Returns
    -------
    array of int, shape ``(points,)``
        Positions in ascending order; at least the first and the last, which may be the same.
    """
    extremes = _local_extremes(curve)
    points, low, high, direction = [0], 0, 0, 0
    for k, value in zip(extremes.tolist(), curve[extremes].tolist(), strict=True):
        if value > curve[high]:
            high = k
        if value < curve[low]:
            low = k
        if direction >= 0 and value < curve[high] - smallest:
            points.append(high)
            direction, low = -1, k
        elif direction <= 0 and value > curve[low] + smallest:
            points.append(low)
            direction, high = 1, k
    points += [high if direction > 0 else low, len(curve) - 1] if direction else [len(curve) - 1]
    return np.unique(points)


def _local_extremes(curve: Array) -> Array:
    """Positions at which the curve turns, and both ends; one of a run of equal values."""
    steps = np.flatnonzero(np.diff(curve))
    rises = curve[steps + 1] > curve[steps]
    turns = steps[1:][rises[1:] != rises[:-1]]
    return np.concatenate([[0], turns, [len(curve) - 1]]).astype(np.int64)
