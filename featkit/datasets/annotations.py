"""Annotations: labelled intervals of a recording, each of which becomes a row of a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Annotation:
    """An interval of a recording with its label.

    Annotations are not checked when they are read: an interval that cannot be analysed becomes a
    failure of its own, and all others are analysed.

    Attributes
    ----------
    start, end : float
        Seconds from the beginning of the recording; an infinite end is the end of the recording.
    low_hz, high_hz : float
        Frequency band in Hz; NaN if there is none.
    fields : mapping of str to str
        Label and other metadata of the interval, as text; "" if missing.
    location : str
        File and line, for error messages, such as ``"birds.txt: line 3"``.
    """

    start: float
    end: float
    low_hz: float = math.nan
    high_hz: float = math.nan
    fields: Mapping[str, str] = field(default_factory=dict)
    location: str = ""
