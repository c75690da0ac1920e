"""Excerpts: the part of each recording that is analysed, and its segments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featkit._utils.parameters import is_number
from featkit.audio.rates import samples_before
from featkit.errors import ParameterError

LONGEST = 1e9
"""Largest offset and duration in seconds; larger values are rejected as mistakes."""

SEGMENT_TAILS = ("drop", "keep", "pad")


# Not a `Parameters` class: those have no booleans, and their messages have no units.
@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """The part of each recording that is analysed, and its segments.

    An excerpt is validated once, when it is made. Numbers are stored as Python floats, which JSON
    can hold.

    Parameters
    ----------
    offset : float
        Seconds to skip at the beginning, 0 to 1e9.
    duration : float, optional
        Largest number of seconds to read, above 0; the rest of the recording by default.
    pad : bool
        Whether a shorter recording is padded with zeros to `duration`.
    segment : float, optional
        Length of a segment in seconds, above 0; by default the excerpt is analysed as a whole.
    segment_hop : float, optional
        Seconds from the beginning of one segment to the next; `segment` by default.
    segment_tail : {"drop", "keep", "pad"}
        Treatment of a shorter last segment: drop it, keep it, or pad it with zeros.

    Raises
    ------
    ParameterError
        If a value is out of range, or two values are incompatible.

    Examples
    --------
    >>> Excerpt(segment=3).segment_hop
    3.0
    """

    offset: float = 0.0
    duration: float | None = None
    pad: bool = False
    segment: float | None = None
    segment_hop: float | None = None
    segment_tail: str = "drop"

    def __post_init__(self) -> None:
        self._check_part()
        self._check_segments()
        if self.segment_hop is None:
            object.__setattr__(self, "segment_hop", self.segment)
        for name in ("offset", "duration", "segment", "segment_hop"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else float(value))

    def _check_part(self) -> None:
        offset, duration = self.offset, self.duration
        if not (is_number(offset) and 0 <= offset <= LONGEST):
            raise ParameterError(f"offset must be from 0 to {LONGEST:g} seconds, got {offset!r}")
        if duration is not None and not (is_number(duration) and 0 < duration <= LONGEST):
            raise ParameterError(
                f"duration must be above 0 and at most {LONGEST:g} seconds, got {duration!r}"
            )
        if self.pad and duration is None:
            raise ParameterError("pad requires a duration: give duration, too")

    def _check_segments(self) -> None:
        if self.segment is None and self.segment_hop is not None:
            raise ParameterError("segment_hop requires segment: give the length of a segment, too")
        for name in ("segment", "segment_hop"):
            value = getattr(self, name)
            if value is not None and not (is_number(value) and 0 < value < np.inf):
                raise ParameterError(f"{name} must be above 0 seconds, got {value!r}")
        if self.segment is None and self.segment_tail != "drop":
            raise ParameterError("segment_tail requires segment: give the length of a segment, too")
        if self.segment is not None and self.pad:
            raise ParameterError("pad does not apply to segments: use segment_tail='pad'")
        if self.segment_tail not in SEGMENT_TAILS:
            raise ParameterError(
                f"segment_tail must be one of {', '.join(SEGMENT_TAILS)}, got {self.segment_tail!r}"
            )

    def first_frame(self, rate: float) -> int:
        """Return the number of frames to skip at a sample rate.

        Parameters
        ----------
        rate : float
            Sample rate in Hz.

        Returns
        -------
        int
        """
        return samples_before(self.offset, rate)

    def max_frames(self, rate: float) -> int | None:
        """Return the largest number of frames to read at a sample rate.

        Parameters
        ----------
        rate : float
            Sample rate in Hz.

        Returns
        -------
        int or None
            None to read to the end.
        """
        return None if self.duration is None else samples_before(self.duration, rate)


WHOLE = Excerpt()
"""The whole recording, without segments."""
