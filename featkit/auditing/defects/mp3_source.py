"""Samples that were decoded from MP3, in a file of another format."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from featkit.auditing.defect import Defect, Finding
from featkit.auditing.measure import Piece
from featkit.auditing.signal.mp3_framing import CLEAR, find_framing

MPEG = ("MP3", "MP2")
"""Formats that have such a framing anyway."""


def _find(piece: Piece) -> Iterator[Finding]:
    if any(word in MPEG for word in piece.source.format.split()):
        return
    framing = find_framing(piece.y)
    if piece.samples.ndim > 1 and (framing is None or framing.score < CLEAR):
        # Frames of stereo files have the sum and difference of the channels, or the channels.
        framing = find_framing(np.ascontiguousarray(piece.channels[:, 0]))
    if framing is not None and framing.score >= CLEAR:
        end = piece.start + len(piece.samples) / piece.rate
        yield Finding(piece.start, end, framing.score, framing.score / CLEAR)


DEFECT = Defect(
    name="mp3_source",
    title="sound decoded from MP3",
    description="The coefficients of the transform of MP3 are close to zero at one of the 576"
    f" possible framings far more than at the others: by {CLEAR:g} robust standard deviations.",
    unit="standard deviations",
    find=_find,
    message=lambda score: (
        f"decoded from MP3: its framing stands out by {score:.0f} standard deviations"
    ),
    remedy="use the original recordings, or check that no class or group has more of them than"
    " others",
    severity=lambda share, score: "low",
    picture="all frequencies",
)
