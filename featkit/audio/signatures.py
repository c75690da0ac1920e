"""Detection of audio files by their first bytes, for files without a known extension.

Only formats that featkit decodes are detected. To exclude text, images and tables, a four-letter
signature is checked together with the field after it, and a frame of a raw stream together with the
frames that follow. Containers that may also hold images are recognised by their brand.
"""

from __future__ import annotations

import os
import re
import stat
from itertools import pairwise

from featkit.audio.decoding.mpeg_headers import HEADER, parse_header
from featkit.audio.decoding.truncation import ac3_frame_size

HEAD = 8192
"""Number of bytes to read: at least three frames of MPEG audio, or two of AC-3."""

SIGNATURES = re.compile(
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
"""The first bytes of audio files."""


def is_audio(path: str) -> bool:
    """Return whether a file begins like an audio file.

    Parameters
    ----------
    path : str

    Returns
    -------
    bool
        False for a file that is empty, cannot be read or is not a regular file.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            return False
        with open(path, "rb", buffering=0) as stream:
            head = stream.read(HEAD)
    except OSError:
        return False
    return (
        SIGNATURES.match(head) is not None
        or _is_htk(head, status.st_size)
        or _has_frames(head, status.st_size)
    )


def _is_htk(head: bytes, size: int) -> bool:
    """Whether it is an HTK waveform, whose header has no signature but states all sizes."""
    samples, width = int.from_bytes(head[:4]), head[8:10]
    return head[10:12] == b"\0\0" and width == b"\0\2" and size == 12 + 2 * samples > 12


def _has_frames(head: bytes, size: int) -> bool:
    """Whether it begins with three frames of MPEG audio, or two of AAC or AC-3, in a row."""
    for frame_size, count in ((mpeg_frame_size, 3), (_adts_frame_size, 2), (ac3_frame_size, 2)):
        starts = [0]
        while len(starts) <= count and (length := frame_size(head[starts[-1] : starts[-1] + 8])):
            starts.append(starts[-1] + length)
        whole = starts[-1] == size and len(starts) > 1  # a file of one or two frames
        if (len(starts) > count or whole) and all(
            head[start : start + 2] == head[following : following + 2] or following == size
            for start, following in pairwise(starts[:count])
        ):
            return True
    return False


def mpeg_frame_size(head: bytes) -> int:
    """Return the size of a frame of MPEG audio.

    Parameters
    ----------
    head : bytes
        The first bytes of the frame.

    Returns
    -------
    int
        Bytes; 0 if it is not such a frame, or has a free bit rate.
    """
    header = parse_header(head[:HEADER])
    return 0 if header is None or header.format.free else header.size


def _adts_frame_size(header: bytes) -> int:
    """Bytes of a frame of AAC with an ADTS header; 0 if it is not such a frame."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0 or header[2] & 0x3C > 0x30:
        return 0
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return length if length > 7 else 0
