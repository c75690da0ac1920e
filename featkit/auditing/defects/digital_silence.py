"""Digital silence: samples that do not change, at the ends or within the sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from featkit._utils.formatting import duration
from featkit._utils.typing import Array
from featkit.auditing.defect import Defect, Finding
from featkit.auditing.measure import Piece
from featkit.auditing.signal.constant_runs import runs_of_channels
from featkit.auditing.signal.windows import true_runs

SHORTEST = 0.1
"""Shortest silence in seconds. Shorter ones within sound are dropouts if their edges are abrupt."""


def _find(piece: Piece) -> Iterator[Finding]:
    frames = len(piece.samples)
    shortest = min(frames, round(SHORTEST * piece.rate))
    for begin, end in _common_runs(piece.shared(runs_of_channels), frames):
        if end - begin < shortest:
            continue
        seconds = (end - begin) / piece.rate
        start = piece.start + begin / piece.rate
        yield Finding(start, start + seconds, seconds, max(1.0, seconds / SHORTEST))


def _common_runs(channels: Sequence[Array], frames: int) -> list[tuple[int, int]]:
    """Runs in which no channel changes."""
    if len(channels) == 1:
        return [(begin, end) for begin, end in channels[0].tolist()]
    still = np.ones(frames, dtype=bool)
    for runs in channels:
        own = np.zeros(frames, dtype=bool)
        for begin, end in runs.tolist():
            own[begin:end] = True
        still &= own
    return true_runs(still)


def _message(seconds: float) -> str:
    return f"digital silence of up to {duration(seconds)}"


def _severity(share: float, seconds: float) -> str:
    if share > 0.99:
        return "high"
    return "medium" if share > 0.5 else "low"


DEFECT = Defect(
    name="digital_silence",
    title="digital silence",
    description="Samples of all channels that do not change for at least 0.1 s, which no microphone"
    " records: padding, muted parts or lost data. Shorter recordings count if they do not change at"
    " all. The value is the longest silence.",
    unit="s",
    find=_find,
    message=_message,
    remedy="cut the silence off, and give all recordings the same treatment, since its duration may"
    " give the label away",
    severity=_severity,
    removes=True,
    picture="waveform",
)
