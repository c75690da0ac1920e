"""Pieces of recordings for measures and defects, without files."""

from __future__ import annotations

import numpy as np

from featkit.audio.source import SourceInfo
from featkit.auditing.measure import Piece


def piece_of(
    y: np.ndarray,
    sr: float,
    *,
    first: int = 0,
    is_last: bool = True,
    form: str = "",
    full_scale: float = 32767 / 32768,
    truncated: bool = False,
    stated: int | None = None,
) -> Piece:
    """Make a piece of a recording from samples; it is the last one by default."""
    source = SourceInfo(
        rate=float(sr),
        channels=1 if y.ndim == 1 else y.shape[1],
        full_scale=full_scale,
        decoder="",
        format=form,
        stated_frames=stated,
        decoded_frames=first + len(y),
        truncated=truncated,
    )
    return Piece("recording.wav", y, source, first, is_last)
