"""Comments of FLAC and Ogg files with the words of an AudioMoth, and crafted ones."""

import io
import struct

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from featkit import signals
from featkit.datasets._vorbis_comments import read_tags
from featkit.datasets._wave_chunks import MAX_BYTES
from featkit.datasets.files import recording_at
from featkit.datasets.recorder import recorder_fields

COMMENT = (
    "Recorded at 19:17:30 10/12/2018 (UTC) by AudioMoth 24E144085F256CE6 at gain setting 2 while"
    " battery state was 4.2V and temperature was 20.1C."
)


def comments(*texts, count=None):
    parts = [struct.pack("<I", len(text)) + text for text in (b"encoder", *texts)]
    return b"".join(
        [parts[0], struct.pack("<I", len(texts) if count is None else count), *parts[1:]]
    )


def flac(content, *, before=b"", kind=4):
    head = bytes([kind | 0x80]) + len(content).to_bytes(3, "big")
    return io.BytesIO(b"fLaC" + before + head + content)


@pytest.mark.parametrize(
    ("suffix", "container", "codec"),
    [
        (".flac", "FLAC", "PCM_16"),
        (".ogg", "OGG", "VORBIS"),
        (".opus", "OGG", "OPUS"),
    ],
)
def test_tags_that_libsndfile_writes_are_read(tmp_path, suffix, container, codec):
    file = tmp_path / f"x{suffix}"
    with soundfile.SoundFile(file, "w", 8000, 1, codec, format=container) as sound:
        sound.comment, sound.artist = COMMENT, "AudioMoth"
        sound.write(signals.noise(8000, 0.1))
    (own,) = recorder_fields([recording_at(str(file), file.name)], "auto")
    assert (own["battery"], own["recorder_gain"]) == ("4.2", "2")
    assert own["recorded_at"] == "2018-12-10T19:17:30+00:00"


def test_blocks_before_the_comments_are_skipped_and_the_first_text_counts():
    stream = flac(comments(b"Comment=one", b"COMMENT=two", b"artist=\xff"), before=b"\0\0\0\5info:")
    assert read_tags(stream) == {"comment": "one", "artist": ""}


def test_the_description_that_ffmpeg_writes_is_the_comment(tmp_path):
    file = tmp_path / "x.flac"
    file.write_bytes(flac(comments(b"DESCRIPTION=" + COMMENT.encode())).getvalue())
    (own,) = recorder_fields([recording_at(str(file), file.name)], "auto")
    assert own["recorder_id"] == "24E144085F256CE6"


@pytest.mark.parametrize(
    "stream",
    [
        io.BytesIO(b"RIFFfLaC"),
        io.BytesIO(b"OggS" + b"\0" * (MAX_BYTES + 99) + b"\x03vorbis" + comments(b"comment=far")),
        flac(comments(b"comment=other block"), kind=5),
        flac(comments(b"comment=long")[:-1]),
        flac(comments(b"comment=none", count=0)),
        flac(struct.pack("<I", 2**32 - 1) + b"comment=x"),
    ],
)
def test_other_or_incomplete_content_has_no_tags(stream):
    assert not read_tags(stream)


@given(
    st.binary(max_size=200),
    st.sampled_from([b"fLaC", b"fLaC\x84\0\0\xff", b"OggS\x03vorbis", b"OggSOpusTags"]),
)
def test_any_content_is_read_without_an_error(content, start):
    tags = read_tags(io.BytesIO(start + content))
    assert all(value.isprintable() for value in tags.values())
