"""Power in decibels, as `librosa.power_to_db` has it."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp.segments import Segments

MIN_POWER = 1e-10
"""Power below which decibels are not told apart (-100 dB), librosa's ``amin``."""


def decibels(power: Array) -> Array:
    """Power in decibels, shaped as `power`."""
    db = np.log10(np.maximum(power, power.dtype.type(MIN_POWER)))
    db *= 10
    return np.asarray(db)


def power_to_db(power: Array, segments: Segments, top_db: float) -> Array:
    """Power in decibels, cut off `top_db` below the greatest of each clip; shaped as `power`."""
    db = decibels(power)
    loudest = segments.max(np.fmax.reduce(db, axis=0))
    np.maximum(db, segments.spread(loudest - db.dtype.type(top_db)), out=db)
    return np.asarray(db)
