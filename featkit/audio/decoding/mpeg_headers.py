"""Headers of frames of MPEG audio, and the tags in the first frame that tell of the others.

ISO 11172-3, 2.4.2.3; ISO 13818-3 for the low rates; "MPEG 2.5" for those below 16 kHz.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

HEADER = 4
"""Bytes of a header."""

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
    """The Xing, Info or VBRI header in the first frame, which describes the file.

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
