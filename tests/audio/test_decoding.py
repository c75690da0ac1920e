"""What a file promises and what it holds: cut and damaged files, decoder by decoder."""

import contextlib
import struct

import numpy as np
import pytest
import soundfile

from featkit import signals
from featkit.audio import loading
from featkit.audio.decoding import libsndfile, reader

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
def test_a_whole_file_holds_what_it_promises(tmp_path, ending, form, subtype):
    native = loading.read(write(tmp_path, ending, form, subtype)).native
    assert native.promised == native.decoded
    assert not native.truncated
    assert native.decoder == "libsndfile"


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
@pytest.mark.parametrize(("ending", "form", "subtype"), WRITTEN)
def test_a_cut_file_gives_what_is_left_and_is_truncated(tmp_path, ending, form, subtype, share):
    path = write(tmp_path, ending, form, subtype)
    whole = loading.read(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    cut = loading.read(path)
    assert cut.native.truncated
    assert cut.quality().truncated
    if subtype != "IMA_ADPCM" and form != "OGG":  # those come in blocks and pages
        assert len(cut.y) / len(whole.y) == pytest.approx(share, abs=0.1)
        assert cut.native.promised == pytest.approx(whole.native.promised, rel=1e-3)
    # The last frame of an MP3 is heard with what would have followed it.
    same = len(cut.y) - (2304 if ending == "mp3" else 4096 if subtype == "IMA_ADPCM" else 0)
    np.testing.assert_array_equal(cut.y[:same], whole.y[:same])


def test_an_excerpt_before_the_cut_is_not_called_truncated_unless_the_file_is_known_to_be(tmp_path):
    for ending, known in (("wav", True), ("flac", False)):
        path = write(tmp_path, ending, ending.upper(), "PCM_16")
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])
        assert loading.read(path, duration=0.5).native.truncated is known
        assert loading.read(path, offset=1.0).native.truncated


@pytest.mark.parametrize("length", [0x7FFFFFFF, 0xFFFFFFFF])
def test_a_length_that_a_pipe_leaves_open_promises_nothing(tmp_path, length):
    path = write(tmp_path, "wav", "WAV", "PCM_16")
    data = bytearray(path.read_bytes())
    at = data.index(b"data")
    data[at + 4 : at + 8] = struct.pack("<I", length)
    path.write_bytes(data)
    native = loading.read(path).native
    assert native.decoded == 4 * SR
    assert not native.truncated


def test_an_mp3_without_a_length_promises_the_frames_that_it_has(tmp_path):
    path = write(tmp_path, "mp3", "MP3", "MPEG_LAYER_III")
    data = path.read_bytes()
    for tag in (b"Xing", b"Info"):
        data = data.replace(tag, bytes(4))
    path.write_bytes(data[: len(data) // 2])
    cut = loading.read(path)
    assert cut.native.promised == len(cut.y)
    assert len(cut.y) == pytest.approx(2 * SR, rel=0.05)
    # It ends within a frame, and that is seen all the same.
    assert cut.native.truncated


def test_an_mp3_that_is_damaged_on_the_way_keeps_its_beginning(tmp_path):
    path = write(tmp_path, "mp3", "MP3", "MPEG_LAYER_III")
    whole = loading.load(path)[0]
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle:middle] = bytes(4000)
    path.write_bytes(data)
    y = loading.load(path)[0]
    same = int(0.4 * len(whole))
    np.testing.assert_array_equal(y[:same], whole[:same])


def test_an_ogg_file_whose_last_page_says_so_has_an_end(tmp_path):
    path = write(tmp_path, "ogg", "OGG", "VORBIS")
    data = bytearray(path.read_bytes())
    assert not loading.read(path).native.truncated
    path.write_bytes(data[: data.rindex(b"OggS")])
    assert loading.read(path).native.truncated
    path.write_bytes(data[:-1])
    assert loading.read(path).native.truncated


READS_ON = pytest.mark.skipif(
    not libsndfile.READS_ON, reason="this libsndfile does not read FLAC on behind damage"
)


@READS_ON
def test_flac_goes_on_behind_damage_without_the_frames_that_are_lost(tmp_path):
    path = write(tmp_path, "flac", "FLAC", "PCM_16")
    whole = loading.load(path)[0]
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20000] = bytes(20000)
    path.write_bytes(data)
    damaged = loading.read(path)
    assert damaged.native.truncated
    assert 0.8 * len(whole) < len(damaged.y) < len(whole)
    same = int(np.argmin(damaged.y == whole[: len(damaged.y)]))
    assert 0.3 * len(whole) < same < 0.6 * len(whole)
    np.testing.assert_array_equal(damaged.y[same:], whole[same - len(damaged.y) :])
    with loading.stream(path) as recording:
        np.testing.assert_array_equal(np.concatenate(list(recording.blocks())), damaged.y)


@READS_ON
@pytest.mark.parametrize("bits", ["PCM_16", "PCM_24"])
@pytest.mark.parametrize("holes", [(0.3,), (0.2, 0.5, 0.8)])
def test_damaged_flac_is_what_ffmpeg_decodes(tmp_path, bits, holes):
    av = pytest.importorskip("av")
    path = write(tmp_path, "flac", "FLAC", bits)
    data = bytearray(path.read_bytes())
    for share in holes:
        at = round(share * len(data))
        data[at : at + 100] = bytes(100)
    path.write_bytes(data)
    arrays = []
    with av.open(str(path)) as container:
        for packet in container.demux(audio=0):
            with contextlib.suppress(av.InvalidDataError):
                arrays += [frame.to_ndarray() for frame in packet.decode()]
    channels = loading.read(path).native.channels
    expected = np.concatenate([array.reshape(-1, channels) for array in arrays]).mean(axis=1)
    damaged = loading.read(path)
    assert damaged.native.truncated
    full = 2.0**15 if bits == "PCM_16" else 2.0**31
    np.testing.assert_allclose(damaged.y, expected / full, atol=1e-6)


def test_a_header_of_many_channels_takes_no_memory_for_them(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros((10, 1000)), SR, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    at = data.index(b"data")
    data[at + 4 : at + 8] = struct.pack("<I", 0x7FFE0000)
    path.write_bytes(data)
    assert loading.read(path).native.decoded == 10


def test_every_ending_is_of_one_decoder():
    assert not reader.SNDFILE_FORMATS & reader.AV_FORMATS
    assert reader.FORMATS == reader.SNDFILE_FORMATS | reader.AV_FORMATS


@READS_ON
def test_flac_whose_first_frame_is_damaged_is_read_from_the_next_one_on(tmp_path):
    path = write(tmp_path, "flac", "FLAC", "PCM_16")
    whole = loading.read(path).y
    data = bytearray(path.read_bytes())
    first = data.index(b"\xff\xf8", 42)
    data[first + 500 : first + 700] = bytes(200)
    path.write_bytes(data)
    damaged = loading.read(path)
    assert damaged.native.truncated
    assert 0.9 * len(whole) < len(damaged.y) < len(whole)
    np.testing.assert_array_equal(damaged.y, whole[-len(damaged.y) :])
