"""Truncated files: the header promises more sound than the file holds."""

from __future__ import annotations

from collections.abc import Iterator

from featkit.auditing.defect import Defect, Finding
from featkit.auditing.measure import Piece


def _find(piece: Piece) -> Iterator[Finding]:
    if not (piece.is_last and piece.source.truncated):
        return
    end = piece.source.decoded_frames / piece.rate
    stated = (piece.source.stated_frames or 0) / piece.rate
    missing = max(0.0, stated - end)
    yield Finding(end, end + missing, missing, 10.0)


def _message(missing: float) -> str:
    return f"the file ends {missing:.2f} s too early" if missing else "the file is incomplete"


def _severity(share: float, missing: float) -> str:
    return "high" if share > 0.5 else "medium"


DEFECT = Defect(
    name="truncated",
    title="truncation",
    description="The file holds fewer samples than its header states, or its decoding stops at"
    " damage. The value is the missing time; 0 if it is unknown.",
    unit="s",
    find=_find,
    message=_message,
    remedy="copy or download the file again",
    severity=_severity,
)
