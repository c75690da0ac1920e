"""Format of a recording: native sample rate, channels, container and codec."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit.auditing.measure import Measure, Piece, Values


def _compute(piece: Piece) -> Values:
    source = piece.source
    return {
        "sample_rate": np.array([source.rate]),
        "channels": np.array([source.channels]),
        "format": np.array([source.format]),
    }


def _first(pieces: Sequence[Values]) -> Values:
    return pieces[0]


MEASURE = Measure(name="file_format", version=1, compute=_compute, combine=_first)
