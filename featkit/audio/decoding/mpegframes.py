"""Frames of MPEG audio (layers 1 to 3): where they lie in a file, counted without decoding them.

A file of MPEG audio is a sequence of frames, each with a header of four bytes that tells its size
(ISO 11172-3, 2.4.2.3; ISO 13818-3 for the low rates; "MPEG 2.5" for those below 16 kHz). Nothing
states reliably how many there are, so they are counted here: tags around and between them are
skipped, and damaged bytes are searched for the next frame.

Positions are bytes from the beginning of the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO, NamedTuple

CHUNK = 2**20
"""Bytes of a file that are read at a time."""

HEADER = 4

LEAST = 24
"""Bytes that every frame has: a header, a checksum, and what it says of its samples."""

LARGEST = 4096
"""Bytes that no frame exceeds; as many of foreign bytes before or behind all frames are no loss."""

SEARCHED = 2**24
"""Bytes that are searched for the next frame at most."""

TRIED = 2**16
"""Places that are looked at more closely in one search, so that no file takes for ever."""

CONFIRMED = 3
"""Frames in a row that tell sound of a format from bytes that happen to look like a header."""

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""In Hz, by the version's two bits: MPEG-1, MPEG-2, MPEG 2.5."""

_BITRATES = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""In kbit/s, by whether it is MPEG-1, and by layer."""

_CANDIDATE = re.compile(rb"\xff[\xe2-\xe7\xf2-\xff][\x00-\xef][^\x02]|ID3[\x02-\x04]", re.DOTALL)
"""What may be a frame's header, or begin a tag."""

_NOT_ZERO = re.compile(rb"[^\0]")


class Format(NamedTuple):
    """What all frames of a recording have in common.

    Attributes
    ----------
    version : int
        The version's two bits: 3 is MPEG-1, 2 is MPEG-2, 0 is MPEG 2.5.
    layer : int
        1 to 3.
    rate : int
        In Hz.
    channels : int
    free : bool
        Whether the headers state no bit rate, so that the size of a frame is found by the next one.
    """

    version: int
    layer: int
    rate: int
    channels: int
    free: bool = False

    @property
    def samples(self) -> int:
        """Samples of a frame, in each channel."""
        if self.layer == 1:
            return 384
        return 576 if self.layer == 3 and self.version != 3 else 1152


class Header(NamedTuple):
    """A header of a frame; in free format, `size` is what its padding adds."""

    format: Format
    size: int


@lru_cache(2**14)
def header(four: bytes) -> Header | None:
    """What four bytes say as a frame's header; None if they are none."""
    if len(four) < HEADER or four[0] != 0xFF or four[1] < 0xE0:
        return None
    version, layer = four[1] >> 3 & 3, 4 - (four[1] >> 1 & 3)
    bitrate, rate, padding = four[2] >> 4, four[2] >> 2 & 3, four[2] >> 1 & 1
    if version == 1 or layer == 4 or bitrate == 15 or rate == 3 or four[3] & 3 == 2:
        return None
    hertz = _RATES[version][rate]
    slot = 4 if layer == 1 else 1
    form = Format(version, layer, hertz, 1 if four[3] >> 6 == 3 else 2, not bitrate)
    if not bitrate:
        return Header(form, padding * slot)
    bits = 1000 * _BITRATES[version == 3, layer][bitrate - 1]
    return Header(form, (form.samples // 8 * bits // hertz // slot + padding) * slot)


class Tag(NamedTuple):
    """What the first frame says of the others: a Xing, Info or VBRI header.

    Attributes
    ----------
    frames : int
        How many follow; 0 if it does not say.
    silent : bool
        Whether it says neither how many frames nor how many bytes follow. FFmpeg takes such a frame
        for one of silence.
    delay, padding : int
        Samples that the encoder put before the sound and behind it, in each channel; -1 if it does
        not say.
    """

    frames: int
    silent: bool = False
    delay: int = -1
    padding: int = -1


def tag(frame: bytes) -> Tag | None:
    """The tag in a frame of layer 3, at its place there; None if there is none."""
    head = header(frame[:HEADER])
    if head is None or head.format.layer != 3:
        return None
    if frame[36:42] == b"VBRI\0\1":
        return Tag(int.from_bytes(frame[50:54], "big"))
    low, mono = head.format.version != 3, head.format.channels == 1
    at = HEADER + ((9 if mono else 17) if low else (17 if mono else 32))
    if not frame[1] & 1 and frame[at : at + 4] not in (b"Xing", b"Info"):
        at += 2  # behind a checksum
    if frame[at : at + 4] not in (b"Xing", b"Info"):
        return None
    flags, at = frame[at + 7 : at + 8] or b"\0", at + 8
    numbers = {}
    for flag, size in ((1, 4), (2, 4), (4, 100), (8, 4)):
        if flags[0] & flag:
            numbers[flag] = int.from_bytes(frame[at : at + 4], "big")
            at += size
    frames, silent = numbers.get(1, 0), not (numbers.get(1) or numbers.get(2))
    if frame[at : at + 4] not in (b"LAME", b"Lavf", b"Lavc") or len(frame) < at + 24:
        return Tag(frames, silent)
    both = int.from_bytes(frame[at + 21 : at + 24], "big")
    return Tag(frames, silent, both >> 12, both & 0xFFF)


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
    foreign : bool
        Whether many foreign bytes lie before or behind them.
    partial : bool
        Whether the file ends within a frame, which is not in `runs`.
    """

    runs: list[Run] = field(default_factory=list)
    tag: Tag | None = None
    start: int = 0
    damaged: bool = False
    foreign: bool = False
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
    return _Scanner(_Window(stream, stop)).scan(start, tagged=tagged)


def begins(stream: BinaryIO, start: int, stop: int) -> bool:
    """Whether frames of MPEG audio begin at a byte."""
    return _Scanner(_Window(stream, stop)).confirmed(start)


def behind_tags(stream: BinaryIO, start: int, stop: int) -> int:
    """The first byte behind the tags that begin at `start`, and behind zeros that follow those."""
    window = _Window(stream, stop)
    at = _behind_tags(window, start)
    if at > start:
        padding = window.take(at, CHUNK)
        at += len(padding) - len(padding.lstrip(b"\0"))
    return min(at, stop)


class _Window:
    """Bytes of a file, read in chunks."""

    def __init__(self, stream: BinaryIO, stop: int) -> None:
        self.stop = stop
        self._stream = stream
        self._data, self._base = b"", 0

    def at(self, position: int, least: int = LARGEST) -> tuple[bytes, int]:
        """A chunk and the index in it of a position: `least` bytes follow, unless the end does."""
        index = position - self._base
        if not 0 <= index <= len(self._data) - least and position < self.stop:
            self._stream.seek(position)
            self._base = position
            self._data = self._read(min(max(CHUNK, least), self.stop - position))
            if len(self._data) < min(least, self.stop - position):  # it became shorter
                self.stop = position + len(self._data)
            index = 0
        return self._data, index

    def take(self, position: int, count: int) -> bytes:
        """So many bytes, or fewer at the end."""
        if not 0 <= position < self.stop:
            return b""
        data, index = self.at(position, count)
        return data[index : index + min(count, self.stop - position)]

    def _read(self, count: int) -> bytes:
        parts = []
        while count > 0 and (part := self._stream.read(count)):
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


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

    def __init__(self, window: _Window) -> None:
        self._window = window
        self._sizes: dict[Format, _Sizes] = {}

    def scan(self, start: int, *, tagged: bool) -> Scan:
        window, found = self._window, Scan()
        window.stop = _end_of_sound(window, start)
        begin = _behind_tags(window, start)
        at = self._first(begin)
        if at is None:  # the size of the tag before it may be wrong
            at = self._first(start)
        if at is None:
            return found
        found.start = at
        found.foreign = at - self._behind_zeros(begin) > LARGEST
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
                return count > 1 and self._is_end(at)
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
                behind = self._behind_zeros(_behind_tags(self._window, end))
                found.foreign |= self._window.stop - behind > LARGEST
            at, skipped = ahead, False

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
            data, index = self._window.at(at)
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
        ahead = _behind_tags(self._window, end)
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
            data, index = self._window.at(at)
            base = at - index
            for match in _CANDIDATE.finditer(data, index, min(len(data), limit - base)):
                place, tries = base + match.start(), tries + 1
                if tries > TRIED:
                    return None
                behind = place + _tag_size(self._window, place)
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
        return not any(self._window.take(at, HEADER)) or _tag_size(self._window, at) > 0

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


def _behind_tags(window: _Window, at: int) -> int:
    while size := _tag_size(window, at):
        at += size
    return at


def _tag_size(window: _Window, at: int) -> int:
    """Bytes of the tag that begins there; 0 if none does."""
    head = window.take(at, 32)
    if head.startswith(b"ID3") and len(head) > 9 and max(head[6:10]) < 128 and head[3] < 255:
        return 10 + _seven_bits(head[6:10]) + (10 if head[5] & 0x10 else 0)  # and a footer
    if head.startswith(b"TAG+"):
        return 227
    if head.startswith(b"TAG"):
        return 128
    if head.startswith(b"APETAGEX") and len(head) == 32:
        return 32 + (int.from_bytes(head[12:16], "little") if head[23] & 0x20 else 0)
    if head.startswith(b"LYRICSBEGIN"):
        text = window.take(at, CHUNK)
        ends = (text.find(end) for end in (b"LYRICS200", b"LYRICSEND"))
        return min((end + 9 for end in ends if end > 0), default=0)
    return 0


def _end_of_sound(window: _Window, start: int) -> int:
    """Where the tags at the end begin."""
    stop = window.stop
    while (size := _size_of_last_tag(window, stop)) and stop - size >= start:
        stop -= size
    return stop


def _size_of_last_tag(window: _Window, stop: int) -> int:
    """Bytes of the tag that ends there; 0 if none does."""
    tail = window.take(max(0, stop - 128), min(128, stop))
    if tail.startswith(b"TAG") and len(tail) == 128:
        extended = window.take(stop - 355, 4) == b"TAG+"
        return 128 + (227 if extended else 0)
    footer = tail[-32:]
    if footer.startswith(b"APETAGEX"):
        return int.from_bytes(footer[12:16], "little") + (32 if footer[23] & 0x80 else 0)
    if tail[-10:-7] == b"3DI":
        return 20 + _seven_bits(tail[-4:])
    if tail.endswith(b"LYRICS200") and tail[-15:-9].isdigit():
        return int(tail[-15:-9]) + 15
    if tail.endswith(b"LYRICSEND"):
        text = window.take(max(0, stop - 5120), 5120)
        at = text.rfind(b"LYRICSBEGIN")
        return len(text) - at if at >= 0 else 0
    return 0


def _seven_bits(four: bytes) -> int:
    """A number of which each byte has seven bits, as in ID3v2."""
    return four[0] << 21 | four[1] << 14 | four[2] << 7 | four[3]
