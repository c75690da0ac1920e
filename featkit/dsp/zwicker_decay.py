"""Loudness over time by ISO 532-1: decay of the core loudness, and its temporal weighting.

After the end of a sound, its core loudness decays the faster, the shorter it lasted: a network of
two capacitors, of which the second is charged slowly. Steps of 0.5 ms are exact for the voltages
at their beginning; the standard divides each into 24 with interpolated input.

The network is a sequence of steps. To work on many at once, the time is divided into seconds that
are computed side by side, each from silence 2 s before: the slowest time constant is 85 ms.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.zwicker_levels import LEVEL_RATE

SHORT, LONG, VARIABLE = 0.005, 0.015, 0.075
"""Time constants of the network in seconds."""

HISTORY = 2
"""Seconds before each second from which its decay is computed."""

WEIGHTS = ((0.0035, 0.47), (0.07, 0.53))
"""Time constants in seconds and weights of the low-passes of the loudness."""


class _Network(NamedTuple):
    """Factors of a step: voltages of the first and the second capacitor from those before."""

    first_by_first: float
    first_by_second: float
    second_by_first: float
    second_by_second: float
    together: float
    charging: float


@lru_cache(maxsize=1)
def _network() -> _Network:
    step = 1 / LEVEL_RATE
    half = (VARIABLE + LONG) / (VARIABLE * SHORT) / 2
    root = np.sqrt(half * half - 1 / (SHORT * VARIABLE))
    slow, fast = -half + root, -half - root
    difference = VARIABLE * (slow - fast)
    a, b = VARIABLE * slow + 1, VARIABLE * fast + 1
    exp_slow, exp_fast = np.exp(slow * step), np.exp(fast * step)
    return _Network(
        first_by_first=float((a * exp_slow - b * exp_fast) / difference),
        first_by_second=float(-a * b * (exp_slow - exp_fast) / difference),
        second_by_first=float((exp_slow - exp_fast) / difference),
        second_by_second=float((a * exp_fast - b * exp_slow) / difference),
        together=float(np.exp(-step / LONG)),
        charging=float(np.exp(-step / VARIABLE)),
    )


def decayed(core: Array, seconds: int) -> Array:
    """Let the core loudness decay after the end of a sound.

    Parameters
    ----------
    core : array, shape ``(rows, frames)``
        Core loudness, `LEVEL_RATE` times per second, for a whole number of seconds.
    seconds : int
        Seconds to return, the last ones. Those before, at least `HISTORY`, have an effect; silence
        is before them.

    Returns
    -------
    array of float64, shape ``(rows, seconds * LEVEL_RATE)``
    """
    rows = len(core)
    before = max(0, (HISTORY + seconds) * LEVEL_RATE - core.shape[1])
    padded = np.pad(core, ((0, 0), (before, 0)))[:, -(HISTORY + seconds) * LEVEL_RATE :]
    # (seconds, steps, rows): a step of all seconds is a slice.
    steps = np.ascontiguousarray(padded.reshape(rows, -1, LEVEL_RATE).transpose(1, 2, 0))
    state = np.zeros((2, seconds, rows))
    for before in range(HISTORY):
        own = steps[before : before + seconds]
        if own.any() or state.any():
            _run(own, state)
    last = steps[HISTORY:].copy()
    _run(last, state)
    return np.ascontiguousarray(last.reshape(-1, rows).T)


def _run(steps: Array, state: Array) -> None:
    """Run the network for a second and write the voltage of the first capacitor to `steps`."""
    net = _network()
    first, second = state[0].copy(), state[1].copy()
    lower, drained, other = (np.empty_like(first) for _ in range(3))
    for k in range(steps.shape[1]):
        source, after = steps[:, k], lower
        equal, falling = first <= second, source < first
        # Discharge of both capacitors, or of the first while both have the same voltage.
        np.multiply(first, net.second_by_first, out=drained)
        drained += np.multiply(second, net.second_by_second, out=other)
        np.multiply(first, net.first_by_first, out=lower)
        lower += np.multiply(second, net.first_by_second, out=other)
        np.copyto(lower, np.multiply(first, net.together, out=other), where=equal)
        np.maximum(source, lower, out=after)
        np.minimum(drained, after, out=drained)
        np.copyto(drained, after, where=equal)
        # Charge of the second capacitor.
        np.subtract(second, source, out=second)
        second *= net.charging
        second += source
        np.copyto(second, drained, where=falling)
        steps[:, k] = after
        first, lower = after, first
    state[0], state[1] = first, second


def temporally_weighted(loudness: Array) -> Array:
    """Apply the two low-passes of the standard to the loudness over time.

    Parameters
    ----------
    loudness : array, shape ``(frames,)``
        Sone, `LEVEL_RATE` times per second; 0 before.

    Returns
    -------
    array of float64, shape ``(frames,)``
    """
    from scipy.signal import lfilter

    weighted = np.zeros(len(loudness))
    for constant, weight in WEIGHTS:
        ratio = 1 / (constant * LEVEL_RATE)
        pole = np.exp(-ratio)
        # The response to straight lines between the values.
        new, old = 1 - (1 - pole) / ratio, (1 - pole) / ratio - pole
        weighted += weight * lfilter([new, old], [1, -pole], loudness)
    return np.maximum(weighted, 0)
