"""Text tags of audio files, such as artist, album, date and recorder.

libsndfile reads RIFF INFO, ID3, Vorbis comments and the tags of AIFF and CAF. The originator of a
broadcast wave file (EBU Tech 3285) is the name of its recorder; it is read here, as libsndfile
does not pass it on. PyAV reads the tags of the files that only it decodes.

Tags are text of unknown origin: control characters are removed, and long ones are cut.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Mapping
from pathlib import Path

import soundfile

from featkit.audio.decoding._chunks import RIFF, chunks
from featkit.audio.decoding._soundfile import SILENCED_STDERR
from featkit.audio.decoding._spliced_file import read_at

TAGS = (
    *("title", "artist", "album", "date", "genre", "comment", "software"),
    *("originator", "language"),
)
"""Names of the tags."""

SYNONYMS = {"album_artist": "artist", "encoder": "software", "encoded_by": "software"}
"""Other names in PyAV; they count if the tag itself is missing."""

MAX_LENGTH = 200
"""Characters of a tag that are kept."""

BEXT = struct.Struct("256s32s32s10s8s")
"""First fields of a bext chunk: description, originator, its reference, date and time."""


def read_tags(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read the tags of an audio file.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    dict of str to str
        Those of `TAGS` that the file has; empty if its tags cannot be read.
    """
    path = Path(path)
    with contextlib.suppress(OSError, RuntimeError, TypeError, ValueError):
        with SILENCED_STDERR, soundfile.SoundFile(path) as sound:
            tags = dict(sound.copy_metadata())
        return _cleaned(_broadcast_tags(path) | tags)
    return _cleaned(_av_tags(path))


def clean_tag(text: str) -> str:
    """Return a tag without control characters, surrounding blanks and what exceeds `MAX_LENGTH`.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> clean_tag(" Ann\\x00\\n  Lee ")
    'Ann Lee'
    """
    printable = "".join(mark if mark.isprintable() else " " for mark in text[: 4 * MAX_LENGTH])
    return " ".join(printable.split())[:MAX_LENGTH].rstrip()


def _cleaned(tags: Mapping[str, str]) -> dict[str, str]:
    named = {name.lower(): clean_tag(text) for name, text in tags.items()}
    for other, name in SYNONYMS.items():
        named[name] = named.get(name) or named.get(other, "")
    return {name: named[name] for name in TAGS if named.get(name)}


def _broadcast_tags(path: Path) -> dict[str, str]:
    """Originator and date of a broadcast wave file."""
    with path.open("rb") as stream:
        head = read_at(stream, 0, 12)
        if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
            return {}
        for chunk in chunks(stream, 12, path.stat().st_size, RIFF):
            if chunk.name == b"bext":
                content = read_at(stream, chunk.body, BEXT.size).ljust(BEXT.size, b"\0")
                _, originator, _, date, _ = BEXT.unpack(content)
                return {"originator": _text(originator), "date": _text(date)}
    return {}


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("utf-8", "replace")


def _av_tags(path: Path) -> dict[str, str]:
    """Tags of a file that only PyAV decodes; none without it."""
    try:
        from featkit.audio.decoding.pyav import PyAVDecoder
    except ModuleNotFoundError as error:
        if error.name != "av":
            raise
        return {}
    unreadable = contextlib.suppress(OSError, RuntimeError, TypeError, ValueError)
    with unreadable, contextlib.ExitStack() as resources:
        return PyAVDecoder(path, resources).metadata
    return {}
