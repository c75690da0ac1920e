"""Frames of MPEG audio (layers 1 to 3): where they lie in a file, counted without decoding them.

A file of MPEG audio is a sequence of frames, each with a header of four bytes that tells its size.
Nothing states reliably how many there are, so they are counted here: tags around and between them
are skipped, and damaged bytes are searched for the next frame.

Positions are bytes from the beginning of the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import BinaryIO

from featkit.audio.decoding._tags import Chunks, end_of_sound, end_of_tags, tag_size
from featkit.audio.decoding.mpeg_headers import HEADER, Format, Tag, header, tag

LEAST = 24
"""Bytes that every frame has: header, checksum and side information."""

LARGEST = 4096
"""Bytes that no frame exceeds."""

SEARCHED = 2**24
"""Bytes that are searched for the next frame at most."""

TRIED = 2**16
"""Positions examined closely in one search, so that the time per file is bounded."""

CONFIRMED = 3
"""Frames in a row that tell sound of a format from bytes that happen to look like a header."""

_CANDIDATE = re.compile(rb"\xff[\xe2-\xe7\xf2-\xff][\x00-\xef][^\x02]|ID3[\x02-\x04]", re.DOTALL)
"""What may be a frame's header, or begin a tag."""

_NOT_ZERO = re.compile(rb"[^\0]")


@dataclass
class Run:
    """Frames of one format that belong together: a decoder can go from each to the next.

    Attributes
    ----------
    format : Format
    frames : int
    silent : int
        How many of these, at the beginning, hold a tag and no sound: 0 or 1.
    parts : list of (int, int)
        Where the others lie: from which byte to which one, tags between them left out.
    """

    format: Format
    frames: int = 0
    silent: int = 0
    parts: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Scan:
    """What there is in a file of MPEG audio.

    Attributes
    ----------
    runs : list of Run
        Of one format each; a run ends where the format changes or the file is damaged.
    tag : Tag or None
        Of the first frame, which is not in `runs` then unless the tag is `silent`.
    start : int
        The byte at which the first frame begins, the one with the tag included.
    damaged : bool
        Whether foreign bytes lie between the frames.
    foreign : int
        Foreign bytes before the frames or behind them, whichever are more; no tags, no zeros.
    partial : bool
        Whether the file ends within a frame, which is not in `runs`.
    """

    runs: list[Run] = field(default_factory=list)
    tag: Tag | None = None
    start: int = 0
    damaged: bool = False
    foreign: int = 0
    partial: bool = False

    @property
    def frames(self) -> int:
        return sum(run.frames for run in self.runs)


def scan(stream: BinaryIO, start: int, stop: int, *, tagged: bool = True) -> Scan:
    """Find all frames.

    Parameters
    ----------
    stream : binary file
        Seekable.
    start, stop : int
        The first byte to look at, and the one behind the last.
    tagged : bool
        Whether a tag in the first frame counts; in a WAV file it is a frame as any other.
    """
    return _Scanner(Chunks(stream, stop)).scan(start, tagged=tagged)


def begins(stream: BinaryIO, start: int, stop: int) -> bool:
    """Whether frames of MPEG audio begin at a byte."""
    return _Scanner(Chunks(stream, stop)).confirmed(start)


class _Sizes(dict[bytes, int]):
    """Sizes of frames by their headers; 0 for what is no header of the format."""

    def __init__(self, form: Format, free: int) -> None:
        super().__init__()
        self._format, self._free = form, free

    def __missing__(self, four: bytes) -> int:
        head = header(four)
        known = head is not None and head.format == self._format
        known = known and (self._free > 0 or not self._format.free)
        self[four] = size = head.size + self._free if head is not None and known else 0
        return size


class _Scanner:
    """Walks over a file from frame to frame."""

    def __init__(self, window: Chunks) -> None:
        self._window = window
        self._sizes: dict[Format, _Sizes] = {}

    def scan(self, start: int, *, tagged: bool) -> Scan:
        window, found = self._window, Scan()
        window.stop = end_of_sound(window, start)
        begin = end_of_tags(window, start)
        at = self._first(begin)
        if at is None:  # the size of the tag before it may be wrong
            at = self._first(start)
        if at is None:
            return found
        found.start = at
        found.foreign = max(0, at - self._behind_zeros(begin))
        found.tag = tag(window.take(at, LARGEST)) if tagged else None
        self._walk(at, found, skipped=found.tag is not None and not found.tag.silent)
        return found

    def _first(self, begin: int) -> int | None:
        """The first frame from a position on."""
        if self.confirmed(begin):
            return begin
        at = self._searched(begin, None)
        if at is None:
            return None
        # Damage may have followed the very first one.
        ahead, head = (header(self._window.take(place, HEADER)) for place in (begin, at))
        return begin if ahead is not None and head is not None and ahead[0] == head[0] else at

    def confirmed(self, at: int, more: int = CONFIRMED - 1) -> bool:
        """Whether a frame begins there that so many of its format follow, or all up to the end."""
        head, stop = header(self._window.take(at, HEADER)), self._window.stop
        if head is None:
            return False
        sizes = self._sizes_of(at, head.format)
        for count in range(more + 1):
            size = sizes[self._window.take(at, HEADER)]
            if not size:
                return count > 1 and (at > stop - HEADER or self._is_end(at))
            at += size
            if at >= stop:
                return at == stop or count > 0
        return True

    def _walk(self, begin: int, found: Scan, *, skipped: bool) -> None:
        """Note all frames from the one at `begin` on; the first may be skipped."""
        run: Run | None = None
        at: int | None = begin
        while at is not None:
            head = header(self._window.take(at, HEADER))
            if head is None:  # the file became shorter
                return
            count, last, end = self._follow(at, head.format, only_one=skipped)
            found.partial = end > self._window.stop
            ahead, broken = (None, False) if found.partial else self._next(last, end, head.format)
            if found.partial or (ahead is not None and ahead < end):
                count, end = count - 1, last
            if count and not skipped:
                if run is None or run.format != head.format:
                    run = Run(head.format)
                    found.runs.append(run)
                    at = self._begun(run, at)
                run.frames += count
                run.parts.append((at, end))
            if broken and ahead is not None:
                found.damaged, run = True, None
            elif broken:
                behind = self._behind_zeros(end_of_tags(self._window, end))
                found.foreign = max(found.foreign, self._window.stop - behind)
            at, skipped = ahead, not broken and ahead is not None and self._is_joined(end, ahead)

    def _is_joined(self, end: int, ahead: int) -> bool:
        """Whether tags of another file follow and then its header frame, which holds no sound."""
        return ahead > end and tag(self._window.take(ahead, LARGEST)) is not None

    def _begun(self, run: Run, at: int) -> int:
        """Where the sound of a run begins, the frame with a tag left out."""
        frame = self._window.take(at, LARGEST)
        if tag(frame) is None:
            return at
        run.silent = 1
        return at + self._sizes_of(at, run.format)[frame[:HEADER]]

    def _follow(self, at: int, form: Format, *, only_one: bool) -> tuple[int, int, int]:
        """Frames of a format in a row: how many, where the last begins, and where it ends."""
        sizes = self._sizes_of(at, form)
        if only_one:
            return 1, at, at + sizes[self._window.take(at, HEADER)]
        count, last = 0, at
        while at + HEADER <= self._window.stop:
            data, index = self._window.at(at, LARGEST)
            base, limit = at - index, len(data) - HEADER
            while index <= limit and (size := sizes[data[index : index + HEADER]]):
                last, index, count = index, index + size, count + 1
            if base + index == at:
                break
            last, at = base + last, base + index
            if index <= limit:
                break
        return count, last, at

    def _next(self, last: int, end: int, form: Format) -> tuple[int | None, bool]:
        """Where frames go on behind the last one, and whether foreign bytes lie between."""
        ahead = end_of_tags(self._window, end)
        if ahead >= self._window.stop:
            return None, False
        head = header(self._window.take(ahead, HEADER))
        if head is not None and (head.format == form or self.confirmed(ahead)):
            return ahead, False
        # From within the last frame on: if its header is damaged, so is the size in it.
        return self._searched(last + HEADER, form), True

    def _searched(self, at: int, form: Format | None) -> int | None:
        """The next frame that others follow; of a format that is expected, one other."""
        limit, tries = min(self._window.stop, at + SEARCHED), 0
        while at + HEADER <= limit:
            data, index = self._window.at(at, LARGEST)
            base = at - index
            for match in _CANDIDATE.finditer(data, index, min(len(data), limit - base)):
                place, tries = base + match.start(), tries + 1
                if tries > TRIED:
                    return None
                behind = place + tag_size(self._window, place)
                head = header(self._window.take(behind, HEADER))
                if head is None:
                    continue
                if self.confirmed(behind, 1 if head.format == form else CONFIRMED - 1):
                    return behind
            at = max(at + 1, base + len(data) - HEADER + 1)
        return None

    def _sizes_of(self, at: int, form: Format) -> _Sizes:
        if form.free:
            return _Sizes(form, self._free_size(at, form))
        return self._sizes.setdefault(form, _Sizes(form, 0))

    def _free_size(self, at: int, form: Format) -> int:
        """Bytes of a frame in free format without its padding: two of a size must follow it."""
        data = self._window.take(at, 2 * LARGEST)
        whole = at + len(data) == self._window.stop
        padding = _padding(data, 0, form)
        for match in _CANDIDATE.finditer(data, LEAST, LARGEST):
            second = match.start()
            added = _padding(data, second, form)
            if padding is None or added is None:
                continue
            third = 2 * second - padding + added
            if _padding(data, third, form) is not None or (whole and third == len(data)):
                return second - padding
        return 0

    def _is_end(self, at: int) -> bool:
        """Whether a tag or zeros follow, as they do behind the last frame."""
        return not any(self._window.take(at, HEADER)) or tag_size(self._window, at) > 0

    def _behind_zeros(self, at: int) -> int:
        while at < self._window.stop:
            data, index = self._window.at(at, HEADER)
            if match := _NOT_ZERO.search(data, index):
                return min(at - index + match.start(), self._window.stop)
            at += max(1, len(data) - index)
        return self._window.stop


def _padding(data: bytes, at: int, form: Format) -> int | None:
    """What padding adds to the frame of a format in free format that begins there, if one does."""
    head = header(data[at : at + HEADER])
    return head.size if head is not None and head.format == form else None
