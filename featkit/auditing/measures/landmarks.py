"""Landmarks of a recording, by which near copies are found."""

from __future__ import annotations

import numpy as np

from featkit.auditing.measure import Measure, Piece, Values
from featkit.dsp import landmarks


def _compute(piece: Piece) -> Values:
    """Hashes, the ticks of `featkit.dsp.landmarks.TICK` seconds at which they begin, the rate."""
    hashes, times = landmarks.landmarks(piece.at(landmarks.SR))
    ticks = np.rint((piece.start + times) / landmarks.TICK)
    return {"hash": hashes, "tick": ticks.astype(np.uint32), "rate": np.array([piece.rate])}


MEASURE = Measure(name="landmarks", version=1, compute=_compute)
