"""Stated and decoded frames of complete, truncated and damaged files, by decoder."""

import struct

import numpy as np
import pytest
import soundfile
from audio_helpers import decode_with_ffmpeg

from featkit import signals
from featkit.audio import loading
from featkit.audio.decoding import formats, libsndfile
from featkit.audio.excerpt import Excerpt

SR = 44100

WRITTEN = [
    ("wav", "WAV", "PCM_16"),
    ("wav", "WAV", "FLOAT"),
    ("wav", "WAVEX", "PCM_24"),
    ("wav", "WAV", "IMA_ADPCM"),
    ("w64", "W64", "PCM_16"),
    ("rf64", "RF64", "PCM_16"),
    ("aiff", "AIFF", "PCM_16"),
    ("aif", "AIFF", "FLOAT"),
    ("au", "AU", "PCM_16"),
    ("flac", "FLAC", "PCM_16"),
    ("flac", "FLAC", "PCM_24"),
    ("mp3", "MP3", "MPEG_LAYER_III"),
    ("ogg", "OGG", "VORBIS"),
    ("opus", "OGG", "OPUS"),
]


def write(folder, ending, form, subtype, seconds=4.0):
    sr = 48000 if subtype == "OPUS" else SR
    path = folder / f"a.{ending}"
    soundfile.write(path, signals.noise(sr, seconds), sr, format=form, subtype=subtype)
    return path


@pytest.mark.parametrize(("ending", "form", "subtype"), WRITTEN)
def test_a_complete_file_has_the_stated_frames(tmp_path, ending, form, subtype):
    source = loading.read(write(tmp_path, ending, form, subtype)).source
    assert source.stated_frames == source.decoded_frames
    assert not source.truncated
    assert source.decoder == "libsndfile"


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
@pytest.mark.parametrize(("ending", "form", "subtype"), WRITTEN)
def test_a_truncated_file_gives_the_remaining_samples(tmp_path, ending, form, subtype, share):
    path = write(tmp_path, ending, form, subtype)
    whole = loading.read(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    cut = loading.read(path)
    assert cut.source.truncated
    assert cut.quality().truncated
    if subtype != "IMA_ADPCM" and form != "OGG":  # those consist of blocks and pages
        assert len(cut.y) / len(whole.y) == pytest.approx(share, abs=0.1)
        assert cut.source.stated_frames == pytest.approx(whole.source.stated_frames, rel=1e-3)
    # The last frame of an MP3 overlaps with the one that is missing.
    same = len(cut.y) - (2304 if ending == "mp3" else 4096 if subtype == "IMA_ADPCM" else 0)
    np.testing.assert_array_equal(cut.y[:same], whole.y[:same])


def test_truncation_after_an_excerpt_is_reported_only_if_the_header_shows_it(tmp_path):
    for ending, stated in (("wav", True), ("flac", False)):
        path = write(tmp_path, ending, ending.upper(), "PCM_16")
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])
        assert loading.read(path, excerpt=Excerpt(duration=0.5)).source.truncated is stated
        assert loading.read(path, excerpt=Excerpt(offset=1.0)).source.truncated


@pytest.mark.parametrize("length", [0x7FFFFFFF, 0xFFFFFFFF])
def test_a_length_left_open_by_a_pipe_states_no_frames(tmp_path, length):
    path = write(tmp_path, "wav", "WAV", "PCM_16")
    data = bytearray(path.read_bytes())
    at = data.index(b"data")
    data[at + 4 : at + 8] = struct.pack("<I", length)
    path.write_bytes(data)
    source = loading.read(path).source
    assert source.decoded_frames == 4 * SR
    assert not source.truncated


def test_an_mp3_without_a_length_states_the_frames_that_it_has(tmp_path):
    path = write(tmp_path, "mp3", "MP3", "MPEG_LAYER_III")
    data = path.read_bytes()
    for tag in (b"Xing", b"Info"):
        data = data.replace(tag, bytes(4))
    path.write_bytes(data[: len(data) // 2])
    cut = loading.read(path)
    assert cut.source.stated_frames == len(cut.y)
    assert len(cut.y) == pytest.approx(2 * SR, rel=0.05)
    # It ends within a frame, which is detected.
    assert cut.source.truncated


def test_an_mp3_with_damage_in_the_middle_keeps_its_beginning(tmp_path):
    path = write(tmp_path, "mp3", "MP3", "MPEG_LAYER_III")
    whole = loading.load(path)[0]
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle:middle] = bytes(4000)
    path.write_bytes(data)
    y = loading.load(path)[0]
    same = int(0.4 * len(whole))
    np.testing.assert_array_equal(y[:same], whole[:same])


def test_an_ogg_file_without_its_last_page_is_truncated(tmp_path):
    path = write(tmp_path, "ogg", "OGG", "VORBIS")
    data = bytearray(path.read_bytes())
    assert not loading.read(path).source.truncated
    path.write_bytes(data[: data.rindex(b"OggS")])
    assert loading.read(path).source.truncated
    path.write_bytes(data[:-1])
    assert loading.read(path).source.truncated


FLAC_SKIPS_DAMAGE = pytest.mark.skipif(
    not libsndfile.FLAC_SKIPS_DAMAGE, reason="this libsndfile does not continue after damaged FLAC"
)


@FLAC_SKIPS_DAMAGE
def test_flac_continues_after_damage_without_the_lost_frames(tmp_path):
    path = write(tmp_path, "flac", "FLAC", "PCM_16")
    whole = loading.load(path)[0]
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20000] = bytes(20000)
    path.write_bytes(data)
    damaged = loading.read(path)
    assert damaged.source.truncated
    assert 0.8 * len(whole) < len(damaged.y) < len(whole)
    same = int(np.argmin(damaged.y == whole[: len(damaged.y)]))
    assert 0.3 * len(whole) < same < 0.6 * len(whole)
    np.testing.assert_array_equal(damaged.y[same:], whole[same - len(damaged.y) :])
    with loading.stream(path) as recording:
        np.testing.assert_array_equal(np.concatenate(list(recording.blocks())), damaged.y)


@FLAC_SKIPS_DAMAGE
@pytest.mark.parametrize("bits", ["PCM_16", "PCM_24"])
@pytest.mark.parametrize("holes", [(0.3,), (0.2, 0.5, 0.8)])
def test_damaged_flac_is_decoded_as_by_ffmpeg(tmp_path, bits, holes):
    pytest.importorskip("av")
    path = write(tmp_path, "flac", "FLAC", bits)
    data = bytearray(path.read_bytes())
    for share in holes:
        at = round(share * len(data))
        data[at : at + 100] = bytes(100)
    path.write_bytes(data)
    expected = decode_with_ffmpeg(path).mean(axis=1)
    damaged = loading.read(path)
    assert damaged.source.truncated
    full = 2.0**15 if bits == "PCM_16" else 2.0**31
    np.testing.assert_allclose(damaged.y, expected / full, atol=1e-6)


def test_a_header_of_many_channels_takes_no_memory_for_them(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros((10, 1000)), SR, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    at = data.index(b"data")
    data[at + 4 : at + 8] = struct.pack("<I", 0x7FFE0000)
    path.write_bytes(data)
    assert loading.read(path).source.decoded_frames == 10


def test_every_extension_belongs_to_one_decoder():
    assert not formats.SNDFILE_FORMATS & formats.AV_FORMATS
    assert formats.FORMATS == formats.SNDFILE_FORMATS | formats.AV_FORMATS


@FLAC_SKIPS_DAMAGE
def test_flac_with_a_damaged_first_frame_is_read_from_the_next_one(tmp_path):
    path = write(tmp_path, "flac", "FLAC", "PCM_16")
    whole = loading.read(path).y
    data = bytearray(path.read_bytes())
    first = data.index(b"\xff\xf8", 42)
    data[first + 500 : first + 700] = bytes(200)
    path.write_bytes(data)
    damaged = loading.read(path)
    assert damaged.source.truncated
    assert 0.9 * len(whole) < len(damaged.y) < len(whole)
    np.testing.assert_array_equal(damaged.y, whole[-len(damaged.y) :])
