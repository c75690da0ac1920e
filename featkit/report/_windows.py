"""The parts of recordings that pictures show and players play.

Times are in seconds from the beginning of the recording. A window may begin before the recording
or end after it, so that the pictures of two copies have the same scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from featkit.report._sounds import MAX_SECONDS

MAX_PICTURE = 30.0
"""Longest part that a picture shows."""

MIN_PICTURE = 0.1
"""Shortest part that a picture shows, unless it shows single samples."""

MARGIN = 5.0
"""Largest part that a picture shows before the marked part, and after the common part of copies."""

CONTEXT = 0.5
"""Time before a marked part that is played, too."""

MIN_ZOOM, MAX_ZOOM = 0.01, 0.2
"""Shortest and longest part in which a picture shows single samples."""

PEAK_ZOOM = 0.02
"""Part in which a picture shows single samples around the peak of a long range."""


class Window(NamedTuple):
    """A part of a recording in seconds."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        """Seconds from start to end."""
        return self.end - self.start


def longest(ranges: Sequence[Window]) -> Window:
    """The first of the longest ranges."""
    return max(ranges, key=lambda one: one.duration)


def picture_window(ranges: Sequence[Window], duration: float) -> Window:
    """The whole recording, or the part from shortly before the longest range."""
    end = max([duration, MIN_PICTURE, *(one.end for one in ranges)])
    if end <= MAX_PICTURE:
        return Window(0.0, end)
    marked = longest(ranges).start if ranges else 0.0
    start = min(max(0.0, marked - MARGIN), end - MAX_PICTURE)
    return Window(start, start + MAX_PICTURE)


def zoomed_window(marked: Window, peak: float) -> Window:
    """The surroundings of a range, or those of its peak if it is long."""
    if marked.duration > MAX_ZOOM / 2:
        start = max(0.0, peak - PEAK_ZOOM / 2)
        return Window(start, start + PEAK_ZOOM)
    width = max(2 * marked.duration, MIN_ZOOM)
    start = max(0.0, marked.start - width / 4)
    return Window(start, start + width)


def aligned_windows(ranges: Sequence[Window], durations: Sequence[float]) -> list[Window]:
    """Windows of equal length in which the common part has the same place."""
    common = min(MAX_PICTURE - 2 * MARGIN, max(one.duration for one in ranges))
    rest = [length - one.start - common for one, length in zip(ranges, durations, strict=True)]
    before = min(MARGIN, max(one.start for one in ranges))
    after = min(MARGIN, max(0.0, *rest))
    after = max(after, MIN_PICTURE - before - common)
    return [Window(one.start - before, one.start + common + after) for one in ranges]


def played_part(ranges: Sequence[Window], duration: float) -> Window:
    """At most `MAX_SECONDS` from shortly before the longest range."""
    start = longest(ranges).start - CONTEXT if ranges else 0.0
    start = max(0.0, min(start, duration - MAX_SECONDS))
    return Window(start, min(start + MAX_SECONDS, duration))


def played_common_part(common: Window, duration: float) -> Window:
    """The first `MAX_SECONDS` of the common part of two copies."""
    return Window(common.start, min(common.end, common.start + MAX_SECONDS, duration))
