"""Tags of audio files."""

import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from featkit.audio.decoding.metadata import BEXT, MAX_LENGTH, clean_tag, read_tags

SILENCE = np.zeros(4410, dtype=np.float32)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_artist_and_title_are_read_from_every_container(tmp_path, suffix):
    file = tmp_path / f"song.{suffix}"
    with soundfile.SoundFile(file, "w", 44100, 1) as sound:
        sound.artist, sound.title = "Ann Lee", "Rain"
        sound.write(SILENCE)
    tags = read_tags(file)
    assert (tags["artist"], tags["title"]) == ("Ann Lee", "Rain")


def test_the_originator_of_a_broadcast_wave_file_is_read(tmp_path):
    file = tmp_path / "field.wav"
    soundfile.write(file, SILENCE, 44100)
    content = BEXT.pack(b"birds", b"ZOOM H5", b"", b"2024-05-01", b"06:30:00").ljust(602, b"\0")
    data = file.read_bytes()
    chunk = b"bext" + struct.pack("<I", len(content)) + content
    size = struct.pack("<I", len(data) - 8 + len(chunk))
    file.write_bytes(data[:4] + size + data[8:12] + chunk + data[12:])
    assert read_tags(file) == {"originator": "ZOOM H5", "date": "2024-05-01"}


def test_files_that_only_pyav_decodes_have_tags(tmp_path):
    av = pytest.importorskip("av")
    file = tmp_path / "song.m4a"
    with av.open(str(file), "w") as container:
        container.metadata.update({"artist": "Ann Lee", "album": "Weather"})
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        frame.sample_rate = 44100
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    tags = read_tags(file)
    assert (tags["artist"], tags["album"]) == ("Ann Lee", "Weather")


@pytest.mark.parametrize("content", [b"", b"RIFF\xff\xff\xff\xffWAVEbext", b"\0" * 100])
def test_files_without_sound_have_no_tags(tmp_path, content):
    file = tmp_path / "broken.wav"
    file.write_bytes(content)
    assert read_tags(file) == {}


@given(st.text("aÄ \0\n\u200f\U0001f600", max_size=2 * MAX_LENGTH))
def test_cleaned_tags_are_short_and_printable(text):
    cleaned = clean_tag(text)
    assert len(cleaned) <= MAX_LENGTH
    assert cleaned.isprintable()
    assert cleaned == cleaned.strip()
