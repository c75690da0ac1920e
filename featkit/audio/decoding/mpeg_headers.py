"""Headers of frames of MPEG audio, and the tag in the first frame that describes the file.

References
----------
ISO/IEC 11172-3, 2.4.2.3 (MPEG-1).
ISO/IEC 13818-3 (MPEG-2, low sample rates). "MPEG 2.5" extends it to rates below 16 kHz.
LAME project, "Mp3 Info Tag rev 1 specifications".
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

HEADER = 4
"""Bytes of a header."""

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""Sample rates in Hz, by the two bits of the version: MPEG-1, MPEG-2, MPEG 2.5."""

_BITRATES = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates in kbit/s, by whether it is MPEG-1, and by layer."""


class Format(NamedTuple):
    """The format that all frames of a recording share.

    Attributes
    ----------
    version : int
        The two bits of the version: 3 is MPEG-1, 2 is MPEG-2, 0 is MPEG 2.5.
    layer : int
        1 to 3.
    rate : int
        Sample rate in Hz.
    channels : int
        1 or 2.
    free : bool
        Whether the bit rate is free: headers do not state the size of a frame; the position of the
        next one gives it.
    """

    version: int
    layer: int
    rate: int
    channels: int
    free: bool = False

    @property
    def samples(self) -> int:
        """Number of samples of a frame, per channel."""
        if self.layer == 1:
            return 384
        return 576 if self.layer == 3 and self.version != 3 else 1152


class Header(NamedTuple):
    """The header of a frame.

    Attributes
    ----------
    format : Format
    size : int
        Bytes of the frame; with a free bit rate, bytes of its padding.
    """

    format: Format
    size: int


@lru_cache(2**14)
def parse_header(four: bytes) -> Header | None:
    """Parse the header of a frame.

    Parameters
    ----------
    four : bytes
        The first four bytes of the frame.

    Returns
    -------
    Header or None
        None if they are not a header.
    """
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
    """The Xing, Info or VBRI tag in the first frame, which describes the file.

    Attributes
    ----------
    frames : int
        Number of frames that follow; 0 if not stated.
    silent : bool
        Whether neither the number of frames nor that of bytes is stated. FFmpeg decodes such a
        frame as silence.
    delay, padding : int
        Number of samples per channel that the encoder added before and after the recording; -1 if
        not stated.
    """

    frames: int
    silent: bool = False
    delay: int = -1
    padding: int = -1


def parse_tag(frame: bytes) -> Tag | None:
    """Parse the tag in a frame.

    Parameters
    ----------
    frame : bytes
        A frame, which may be followed by other bytes.

    Returns
    -------
    Tag or None
        None if the frame is not of layer 3, or has no tag.
    """
    header = parse_header(frame[:HEADER])
    if header is None or header.format.layer != 3:
        return None
    if frame[36:42] == b"VBRI\0\1":
        return Tag(int.from_bytes(frame[50:54], "big"))
    low, mono = header.format.version != 3, header.format.channels == 1
    at = HEADER + ((9 if mono else 17) if low else (17 if mono else 32))
    if not frame[1] & 1 and frame[at : at + 4] not in (b"Xing", b"Info"):
        at += 2  # after a checksum
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
