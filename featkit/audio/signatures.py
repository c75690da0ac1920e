"""Whether a file is sound, by its first bytes: for files whose ending does not tell.

Only formats that featkit decodes count, and only what text, pictures or tables cannot be taken for:
a mark of four letters is held to the field behind it, and a frame of a bare stream to the frame
that follows. Containers that hold pictures, too, are known by their brand.
"""

from __future__ import annotations

import os
import re
import stat
from itertools import pairwise

from featkit.audio.decoding.mpeg_headers import HEADER, header
from featkit.audio.decoding.sizes import ac3_length

HEAD = 8192
"""Bytes that are read: three frames of MPEG audio or two of AC-3."""

MARKS = re.compile(
    rb"RI(?:FF|FX)....(?:WAVE|AVI )"
    rb"|(?:RF64|BW64)....WAVE"
    rb"|riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"  # W64
    rb"|FORM....(?:AIFF|AIFC|8SVX|16SV)"
    rb"|fLaC[\x00\x80]\x00"
    rb"|OggS\x00"
    rb"|ID3[\x02-\x04][\x00-\x0f].[\x00-\x7f]{4}"
    rb"|NIST_1A\n"
    rb"|\.snd\x00|dns\...\x00\x00"
    rb"|caff\x00[\x01\x02]"
    rb"|Creative Voice File\x1a"
    rb"| paf\x00{4}|fap \x00{4}"
    rb"|PVF[12]\n"
    rb"|2BIT.{8}(?:\x00\x00|\xff\xff)"  # AVR
    rb"|\x64\xa3[\x01-\x04]\x00|\x00[\x01-\x04]\xa3\x64"  # IRCAM
    rb"|ALawSoundFile\*\*"
    rb"|Extended Instrument: "
    rb"|\xf0\x7e[\x00-\x7f]\x01.{16}\xf7"  # SDS
    rb"|.{4}ftyp(?:M4A |M4B |M4P |M4V |mp4[12]|isom|iso[2-9]|avc1|dash|qt  |3g[pre2].|f4[av] |MSNV)"
    rb"|\x1aE\xdf\xa3.{0,48}?(?:webm|matroska)"
    rb"|0&\xb2u\x8ef\xcf\x11\xa6\xd9\x00\xaa\x00b\xcel"  # ASF
    rb"|wvpk.{5}\x04"
    rb"|MAC .[\x0c-\x10]"  # version 3072 to 4351
    rb"|TTA1[\x01-\x03]\x00"
    rb"|#!AMR(?:-WB)?\n"
    rb"|FLV\x01"
    rb"|\x00\x00\x01\xba"  # MPEG program stream
    rb"|\x7f\xfe\x80\x01|\xfe\x7f\x01\x80",  # DTS
    re.DOTALL,
)
"""How files of sound begin."""


def is_sound(path: str) -> bool:
    """Whether a file begins as one of a sound format does; what cannot be read does not."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            return False
        with open(path, "rb", buffering=0) as stream:
            head = stream.read(HEAD)
    except OSError:
        return False
    return (
        MARKS.match(head) is not None
        or _is_htk(head, status.st_size)
        or _has_frames(head, status.st_size)
    )


def _is_htk(head: bytes, size: int) -> bool:
    """Whether it is a waveform of HTK, whose header has no mark, but all sizes."""
    samples, width = int.from_bytes(head[:4]), head[8:10]
    return head[10:12] == b"\0\0" and width == b"\0\2" and size == 12 + 2 * samples > 12


def _has_frames(head: bytes, size: int) -> bool:
    """Whether two frames of one bare stream follow each other, or three of MPEG audio."""
    for length_of, count in ((mpeg_length, 3), (_adts_length, 2), (ac3_length, 2)):
        at = [0]
        while len(at) <= count and (length := length_of(head[at[-1] : at[-1] + 8])):
            at.append(at[-1] + length)
        whole = at[-1] == size and len(at) > 1  # a file of a frame or two
        if (len(at) > count or whole) and all(
            head[one : one + 2] == head[other : other + 2] or other == size
            for one, other in pairwise(at[:count])
        ):
            return True
    return False


def mpeg_length(head: bytes) -> int:
    """Bytes of a frame of MPEG audio by its header; 0 if it is none, or of a free bit rate."""
    found = header(head[:HEADER])
    return 0 if found is None or found.format.free else found.size


def _adts_length(header: bytes) -> int:
    """Bytes of a frame of AAC by its ADTS header; 0 if it is none."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0 or header[2] & 0x3C > 0x30:
        return 0
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return length if length > 7 else 0
