"""File formats by decoder: extensions, and the first bytes of the formats that PyAV decodes."""

from __future__ import annotations

MPEG_FORMATS = frozenset({"mp3", "mp2", "mp1", "mpga", "mpa"})
"""Extensions of files of MPEG audio."""

MPEG_IN_WAV = (0x50, 0x55)
"""Numbers of the WAV codecs for MPEG audio: layers 1 and 2, layer 3."""

EXTENSIBLE = 0xFFFE
"""Codec number of a WAV file whose codec is stated in a later field of the header."""

SNDFILE_FORMATS = MPEG_FORMATS | frozenset(
    {"wav", "wave", "w64", "rf64", "flac", "ogg", "oga", "opus"}
    | {"aif", "aiff", "aifc", "au", "snd", "caf"}
    | {"bwf", "nist", "sph", "voc", "paf"}
)
"""Extensions of files that libsndfile decodes."""

AV_FORMATS = frozenset(
    {"m4a", "m4b", "mp4", "m4v", "mov", "3gp", "aac", "ac3", "eac3", "dts", "amr", "wma", "wmv"}
    | {"asf", "mka", "mkv", "webm", "wv", "ape", "tta", "spx", "ogv", "avi", "flv", "mpg", "mpeg"}
    | {"weba", "m4r", "f4a", "f4v", "3gpp", "3g2", "adts", "ec3", "awb", "vob"}
)
"""Extensions of files that PyAV decodes, including videos."""

FORMATS = SNDFILE_FORMATS | AV_FORMATS
"""Extensions of audio files. A search of a folder finds all of them, so that none is skipped
silently.
"""

AV_SIGNATURES = (
    ("MP4", 4, b"ftyp"),
    ("Matroska or WebM", 0, b"\x1aE\xdf\xa3"),
    ("ASF", 0, b"0&\xb2u\x8ef\xcf\x11"),
    ("WavPack", 0, b"wvpk"),
    ("Monkey's Audio", 0, b"MAC "),
    ("TTA", 0, b"TTA1"),
    ("AMR", 0, b"#!AMR"),
    ("FLV", 0, b"FLV\x01"),
    ("AVI", 8, b"AVI LIST"),
    ("MPEG program stream", 0, b"\x00\x00\x01\xba"),
    ("DTS", 0, b"\x7f\xfe\x80\x01"),
    ("DTS", 0, b"\xfe\x7f\x01\x80"),
    ("AC-3", 0, b"\x0bw"),
    ("Speex", 28, b"Speex   "),
)
"""Formats that libsndfile does not decode: name, position of the signature, and signature."""


def av_format(head: bytes) -> str | None:
    """Detect a format that only PyAV decodes.

    Parameters
    ----------
    head : bytes
        The first bytes of a file.

    Returns
    -------
    str or None
        Name of the format; None for other formats.
    """
    body = head.removeprefix(b"ID3")
    if body[:1] == b"\xff" and body[1:2] and body[1] & 0xF6 == 0xF0:  # not a layer of MPEG audio
        return "AAC"
    names = (name for name, at, signature in AV_SIGNATURES if body.startswith(signature, at))
    return next(names, None)


def may_be_mpeg(head: bytes, extension: str) -> bool:
    """Whether a file may be MPEG audio, alone or in a WAV file.

    Parameters
    ----------
    head : bytes
        Its first bytes; if it begins with tags, ``ID3`` and the bytes after the tags.
    extension : str
        Its extension in lower case, without the dot.

    Returns
    -------
    bool
    """
    return extension in MPEG_FORMATS or head.startswith((b"\xff", b"ID3")) or _may_be_in_wav(head)


def _may_be_in_wav(head: bytes) -> bool:
    if not head.startswith(b"RIFF"):
        return False
    at = head.find(b"fmt ") + 8
    codec = int.from_bytes(head[at : at + 2], "little")
    return head.startswith(b"RMP3", 8) or codec in (*MPEG_IN_WAV, EXTENSIBLE)
