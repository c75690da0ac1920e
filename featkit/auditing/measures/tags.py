"""Tags of a recording, such as artist and album: names and texts."""

from __future__ import annotations

import numpy as np

from featkit.audio.decoding.metadata import read_tags
from featkit.auditing.measure import Measure, Piece, Values


def _compute(piece: Piece) -> Values:
    tags = read_tags(piece.file) if piece.first == 0 else {}
    return {
        "name": np.array([*tags], dtype=np.str_),
        "text": np.array([*tags.values()], dtype=np.str_),
    }


MEASURE = Measure(name="tags", version=1, compute=_compute)
