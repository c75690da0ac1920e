"""Dropouts: short gaps with abrupt edges within sound, where samples are zero or held."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.defect import Defect, Finding
from featkit.auditing.measure import Piece
from featkit.auditing.signal.constant_runs import runs_of_channels
from featkit.auditing.signal.windows import by_channel, unit_of

LONGEST = 0.1
"""Longest gap in seconds, from `SHORTEST_GAP` on. Longer ones are digital silence."""

EDGE, AROUND = 0.002, 0.02
"""Seconds of sound on either side: next to the gap, and for comparison."""

LEVEL = 1e-3
"""Lowest level of the sound next to a gap: -60 dB of full scale."""

ABRUPT, SLOW = 0.25, 0.04
"""Lowest level next to the louder and the quieter end of a gap, relative to that around it: a fade
is quieter. -12 and -28 dB."""


def _find(piece: Piece) -> Iterator[Finding]:
    longest = LONGEST * piece.rate
    channels = by_channel(piece.samples)
    for number, runs in enumerate(piece.shared(runs_of_channels)):
        channel = channels[number]
        for begin, end in runs.tolist():
            strength = 0.0
            if end - begin < longest and begin > 0 and end < len(channel):
                strength = _abruptness(channel, begin, end, piece.rate)
            if strength >= 1:
                start, seconds = piece.start + begin / piece.rate, (end - begin) / piece.rate
                place = number if len(channels) > 1 else -1
                yield Finding(start, start + seconds, 1000 * seconds, strength, place)


def _abruptness(y: Array, begin: int, end: int, rate: float) -> float:
    """How far the sound on both sides is above the lowest level of a dropout; 1 is the limit."""
    edge, around = max(4, round(EDGE * rate)), round(AROUND * rate)
    before = _distances(y[max(0, begin - around) : begin], y[begin])
    after = _distances(y[end : end + around], y[begin])
    sides = np.concatenate([before, after])
    if sides.min() >= 0 or sides.max() <= 0:  # the top of a clipped or a slow wave
        return 0.0
    quieter, louder = sorted((_rms(before[-edge:]), _rms(after[:edge])))
    level = min(_rms(before), _rms(after))
    return min(quieter / max(LEVEL, SLOW * level), louder / max(LEVEL, ABRUPT * level))


def _distances(y: Array, value: float) -> Array:
    return (y.astype(np.float64) - value) * unit_of(y)


def _rms(y: Array) -> float:
    return float(np.sqrt(np.mean(np.square(y))))


def _message(milliseconds: float) -> str:
    return f"the sound drops out for up to {milliseconds:.3g} ms"


def _severity(share: float, milliseconds: float) -> str:
    return "high" if share > 0.05 else "medium"


DEFECT = Defect(
    name="dropouts",
    title="dropouts",
    description="Samples of a channel that do not change for 1 to 100 ms, with sound of at least"
    " -60 dBFS up to both edges. The value is the duration of the longest gap.",
    unit="ms",
    find=_find,
    message=_message,
    remedy="repair the gaps, record again, or leave the recording out",
    severity=_severity,
    picture="samples",
)
