"""Power in decibels, with the numbers of `librosa.power_to_db`."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import _compiled
from featkit.dsp.logarithms import log10
from featkit.dsp.segments import Segments

MIN_POWER = 1e-10
"""Smallest power in decibels, -100 dB; librosa's ``amin``."""


def decibels(power: Array) -> Array:
    """Convert power to decibels.

    Parameters
    ----------
    power : array, any shape
        Values below `MIN_POWER` count as `MIN_POWER`.

    Returns
    -------
    array, shaped as `power`
        ``10 * log10(power)``.
    """
    if power.dtype != np.float32:
        return np.asarray(10 * np.log10(np.maximum(power, MIN_POWER)))
    if _compiled.core is None or not power.flags.c_contiguous:
        levels = np.float32(10) * log10(np.maximum(power, np.float32(MIN_POWER)))
        return np.where(np.isnan(power), power, levels)
    levels = np.empty_like(power)
    _compiled.core.decibels(power, MIN_POWER, levels)
    return levels


def power_to_db(power: Array, segments: Segments, top_db: float) -> Array:
    """Convert power to decibels, limited to a range below the maximum of each clip.

    Parameters
    ----------
    power : array, shape ``(bins, frames)``
    segments : Segments
        The clips.
    top_db : float
        Range in dB: lower values are raised to the maximum of the clip minus `top_db`.

    Returns
    -------
    array, shape ``(bins, frames)``
    """
    db = decibels(power)
    loudest = segments.max(np.fmax.reduce(db, axis=0))
    np.maximum(db, segments.to_frames(loudest - db.dtype.type(top_db)), out=db)
    return np.asarray(db)
