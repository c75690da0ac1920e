"""Positions of the frames of MPEG audio (layers 1 to 3) in a file, without decoding them.

A file of MPEG audio is a sequence of frames. The header of a frame, of four bytes, gives its size.
No field reliably states the number of frames, so they are counted here. Tags around and between
frames are skipped; after damaged bytes, the scan searches for the next frame.

Positions are bytes from the beginning of the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import BinaryIO

from featkit.audio.decoding._tags import BufferedFile, end_of_tags, tag_size, trailing_tags_start
from featkit.audio.decoding.mpeg_headers import HEADER, Format, Tag, parse_header, parse_tag

MIN_FRAME = 24
"""Smallest number of bytes of a frame: header, checksum and side information."""

MAX_FRAME = 4096
"""Largest number of bytes of a frame."""

MAX_SEARCH = 2**24
"""Largest number of bytes to search for the next frame."""

MAX_CANDIDATES = 2**16
"""Largest number of candidates to examine in one search, which bounds the time per file."""

CONFIRMED = 3
"""Number of consecutive frames that confirm a header; a single match may be chance."""

_CANDIDATE = re.compile(rb"\xff[\xe2-\xe7\xf2-\xff][\x00-\xef][^\x02]|ID3[\x02-\x04]", re.DOTALL)
"""Bytes that may be the header of a frame, or begin a tag."""

_NOT_ZERO = re.compile(rb"[^\0]")


@dataclass
class Run:
    """Frames of one format that a decoder can decode one after the other.

    Attributes
    ----------
    format : Format
    frames : int
        Number of frames.
    silent : int
        Number of frames at the beginning that hold a tag instead of samples: 0 or 1.
    parts : list of (int, int)
        Extents of the other frames, without tags between them: first byte, and the one after the
        last.
    """

    format: Format
    frames: int = 0
    silent: int = 0
    parts: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Scan:
    """The frames in a file of MPEG audio.

    Attributes
    ----------
    runs : list of Run
        A run ends where the format changes or the file is damaged.
    tag : Tag or None
        Tag of the first frame, which is not in `runs` unless the tag is `silent`.
    start : int
        Position of the first frame, including one with a tag.
    damaged : bool
        Whether there are other bytes between the frames.
    other_bytes : int
        Number of bytes before or after the frames, whichever is larger, without tags and zeros.
    partial : bool
        Whether the file ends within a frame, which is not in `runs`.
    """

    runs: list[Run] = field(default_factory=list)
    tag: Tag | None = None
    start: int = 0
    damaged: bool = False
    other_bytes: int = 0
    partial: bool = False

    @property
    def frames(self) -> int:
        """Number of frames in all runs."""
        return sum(run.frames for run in self.runs)


def scan(stream: BinaryIO, start: int, stop: int, *, tagged: bool = True) -> Scan:
    """Find all frames in a range of a seekable file.

    In a WAV file, a tag in the first frame is ignored (`tagged` is False).
    """
    return _Scanner(BufferedFile(stream, stop)).scan(start, tagged=tagged)


def begins(stream: BinaryIO, start: int, stop: int) -> bool:
    """Whether frames of MPEG audio begin at a position."""
    return _Scanner(BufferedFile(stream, stop)).is_confirmed(start)


class _FrameSizes(dict[bytes, int]):
    """Sizes of frames of one format by their headers; 0 for other bytes."""

    def __init__(self, form: Format, free: int) -> None:
        super().__init__()
        self._format, self._free = form, free

    def __missing__(self, four: bytes) -> int:
        header = parse_header(four)
        valid = header is not None and header.format == self._format
        valid = valid and (self._free > 0 or not self._format.free)
        self[four] = size = header.size + self._free if header is not None and valid else 0
        return size


class _Scanner:
    """Follows the frames of a file from one to the next."""

    def __init__(self, file: BufferedFile) -> None:
        self._file = file
        self._sizes: dict[Format, _FrameSizes] = {}

    def scan(self, start: int, *, tagged: bool) -> Scan:
        file, result = self._file, Scan()
        file.stop = trailing_tags_start(file, start)
        begin = end_of_tags(file, start)
        at = self._first(begin)
        if at is None:  # the size of the tag before it may be wrong
            at = self._first(start)
        if at is None:
            return result
        result.start = at
        result.other_bytes = max(0, at - self._after_zeros(begin))
        result.tag = parse_tag(file.read(at, MAX_FRAME)) if tagged else None
        self._walk(at, result, skip_first=result.tag is not None and not result.tag.silent)
        return result

    def _first(self, begin: int) -> int | None:
        """The first frame from a position on."""
        if self.is_confirmed(begin):
            return begin
        at = self._search(begin, None)
        if at is None:
            return None
        # Damage may follow the very first frame.
        first, confirmed = (parse_header(self._file.read(k, HEADER)) for k in (begin, at))
        same = first is not None and confirmed is not None and first.format == confirmed.format
        return begin if same else at

    def is_confirmed(self, at: int, more: int = CONFIRMED - 1) -> bool:
        """Whether a frame begins there and `more` of its format follow, or fewer up to the end."""
        header, stop = parse_header(self._file.read(at, HEADER)), self._file.stop
        if header is None:
            return False
        sizes = self._sizes_of(at, header.format)
        for count in range(more + 1):
            size = sizes[self._file.read(at, HEADER)]
            if not size:
                return count > 1 and (at > stop - HEADER or self._is_end(at))
            at += size
            if at >= stop:
                return at == stop or count > 0
        return True

    def _walk(self, begin: int, result: Scan, *, skip_first: bool) -> None:
        """Record all frames from the one at `begin` on."""
        run: Run | None = None
        at: int | None = begin
        skipped = skip_first
        while at is not None:
            header = parse_header(self._file.read(at, HEADER))
            if header is None:  # the file became shorter
                return
            count, last, end = self._follow(at, header.format, only_one=skipped)
            result.partial = end > self._file.stop
            ahead, broken = None, False
            if not result.partial:
                ahead, broken = self._next(last, end, header.format)
            if result.partial or (ahead is not None and ahead < end):
                count, end = count - 1, last
            if count and not skipped:
                if run is None or run.format != header.format:
                    run = Run(header.format)
                    result.runs.append(run)
                    at = self._after_tag(run, at)
                run.frames += count
                run.parts.append((at, end))
            if broken and ahead is not None:
                result.damaged, run = True, None
            elif broken:
                after = self._after_zeros(end_of_tags(self._file, end))
                result.other_bytes = max(result.other_bytes, self._file.stop - after)
            at, skipped = ahead, not broken and ahead is not None and self._is_joined(end, ahead)

    def _is_joined(self, end: int, ahead: int) -> bool:
        """Whether tags of another file follow, and then its first frame, which holds a tag."""
        return ahead > end and parse_tag(self._file.read(ahead, MAX_FRAME)) is not None

    def _after_tag(self, run: Run, at: int) -> int:
        """The position of the first frame of a run with samples."""
        frame = self._file.read(at, MAX_FRAME)
        if parse_tag(frame) is None:
            return at
        run.silent = 1
        return at + self._sizes_of(at, run.format)[frame[:HEADER]]

    def _follow(self, at: int, form: Format, *, only_one: bool) -> tuple[int, int, int]:
        """Frames of a format in a row: their number, and the extent of the last one."""
        sizes = self._sizes_of(at, form)
        if only_one:
            return 1, at, at + sizes[self._file.read(at, HEADER)]
        count, last = 0, at
        while at + HEADER <= self._file.stop:
            data, index = self._file.block(at, MAX_FRAME)
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
        """The next frame after the last one, and whether other bytes lie between."""
        ahead = end_of_tags(self._file, end)
        if ahead >= self._file.stop:
            return None, False
        header = parse_header(self._file.read(ahead, HEADER))
        if header is not None and (header.format == form or self.is_confirmed(ahead)):
            return ahead, False
        # The search begins within the last frame: if its header is damaged, so is its size.
        return self._search(last + HEADER, form), True

    def _search(self, at: int, form: Format | None) -> int | None:
        """The next frame that two others follow, or one if it has the expected format."""
        limit, candidates = min(self._file.stop, at + MAX_SEARCH), 0
        while at + HEADER <= limit:
            data, index = self._file.block(at, MAX_FRAME)
            base = at - index
            for match in _CANDIDATE.finditer(data, index, min(len(data), limit - base)):
                start, candidates = base + match.start(), candidates + 1
                if candidates > MAX_CANDIDATES:
                    return None
                start += tag_size(self._file, start)
                header = parse_header(self._file.read(start, HEADER))
                if header is None:
                    continue
                if self.is_confirmed(start, 1 if header.format == form else CONFIRMED - 1):
                    return start
            at = max(at + 1, base + len(data) - HEADER + 1)
        return None

    def _sizes_of(self, at: int, form: Format) -> _FrameSizes:
        if form.free:
            return _FrameSizes(form, self._free_size(at, form))
        return self._sizes.setdefault(form, _FrameSizes(form, 0))

    def _free_size(self, at: int, form: Format) -> int:
        """Bytes of a frame with a free bit rate, without padding, found from the next two
        frames."""
        data = self._file.read(at, 2 * MAX_FRAME)
        whole = at + len(data) == self._file.stop
        padding = _padding(data, 0, form)
        for match in _CANDIDATE.finditer(data, MIN_FRAME, MAX_FRAME):
            second = match.start()
            added = _padding(data, second, form)
            if padding is None or added is None:
                continue
            third = 2 * second - padding + added
            if _padding(data, third, form) is not None or (whole and third == len(data)):
                return second - padding
        return 0

    def _is_end(self, at: int) -> bool:
        """Whether a tag or zeros follow, as after the last frame."""
        return not any(self._file.read(at, HEADER)) or tag_size(self._file, at) > 0

    def _after_zeros(self, at: int) -> int:
        while at < self._file.stop:
            data, index = self._file.block(at, HEADER)
            if match := _NOT_ZERO.search(data, index):
                return min(at - index + match.start(), self._file.stop)
            at += max(1, len(data) - index)
        return self._file.stop


def _padding(data: bytes, at: int, form: Format) -> int | None:
    """Bytes of padding of a frame with a free bit rate; None if no such frame begins there."""
    header = parse_header(data[at : at + HEADER])
    return header.size if header is not None and header.format == form else None
