"""Which part of a recording is analysed, and in which segments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featkit._utils.parameters import is_number
from featkit.audio import loading
from featkit.errors import ParameterError

TAILS = ("drop", "keep", "pad")


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """Which part of each recording is analysed, and in which segments; seconds."""

    offset: float = 0.0
    duration: float | None = None
    pad: bool = False
    segment: float | None = None
    segment_hop: float | None = None
    segment_tail: str = "drop"

    def __post_init__(self) -> None:
        loading.check_excerpt(offset=self.offset, duration=self.duration, pad=self.pad)
        if self.segment is None and self.segment_hop is not None:
            raise ParameterError("segment_hop is the step between segments: give segment, too")
        for name in ("segment", "segment_hop"):
            value = getattr(self, name)
            if value is not None and not (is_number(value) and 0 < value < np.inf):
                raise ParameterError(f"{name} must be above 0 seconds, got {value!r}")
        if self.segment is None and self.segment_tail != "drop":
            raise ParameterError("segment_tail is for segments: give segment, too")
        if self.segment is not None and self.pad:
            raise ParameterError("pad is for whole recordings: for segments, segment_tail='pad'")
        if self.segment_tail not in TAILS:
            raise ParameterError(
                f"segment_tail must be one of {', '.join(TAILS)}, got {self.segment_tail!r}"
            )
        # In normal form, to which what is finished is held: a step that is left out is a segment's
        # length, and numbers are Python's own, which JSON can hold.
        if self.segment_hop is None:
            object.__setattr__(self, "segment_hop", self.segment)
        for name in ("offset", "duration", "segment", "segment_hop"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else float(value))
