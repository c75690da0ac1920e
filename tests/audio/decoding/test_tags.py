"""Tags (ID3, APE) before and after the samples, in any format."""

import struct

import numpy as np
import pytest
from audio_helpers import decode_with_ffmpeg
from damage import encode

from featkit import signals
from featkit.audio import loading

av = pytest.importorskip("av")

SR = 44100
ID3 = b"ID3\3\0\0\0\0\2\0" + bytes(256)
ID3V1 = b"TAG" + bytes(125)
APE = b"APETAGEX" + struct.pack("<IIII8x", 2000, 32, 0, 0)

KINDS = [("m4a", "aac"), ("mov", "pcm_s16be"), ("aac", "aac"), ("mka", "flac"), ("webm", "libopus")]
KINDS += [("wma", "wmav2"), ("wv", "wavpack"), ("tta", "tta"), ("avi", "pcm_s16le"), ("flv", "aac")]
KINDS += [("ac3", "ac3"), ("wav", "adpcm_g726")]


def encoded(tmp_path, ending, codec):
    path = tmp_path / f"whole.{ending}"
    rate = {"libopus": 48000, "adpcm_g726": 8000, "g726": 8000}.get(codec, SR)
    y = signals.sine(440.0, rate, 1.0, amplitude=0.3)
    try:
        encode(path, y[None], rate, codec)
    except Exception as error:
        pytest.skip(f"this FFmpeg does not write it: {error}")
    return path, path.read_bytes()


@pytest.mark.parametrize(("ending", "codec"), KINDS)
def test_an_id3_tag_before_the_samples_changes_none(tmp_path, ending, codec):
    path, data = encoded(tmp_path, ending, codec)
    whole = loading.read(path)
    path.write_bytes(ID3 + data)
    tagged = loading.read(path)
    np.testing.assert_array_equal(tagged.y, whole.y)
    assert not tagged.source.truncated


@pytest.mark.parametrize(("ending", "codec"), [("wv", "wavpack"), ("mka", "flac"), ("tta", "tta")])
@pytest.mark.parametrize("after", [ID3V1, APE, APE + ID3V1], ids=["id3v1", "ape", "both"])
def test_tags_after_the_samples_are_not_truncation(tmp_path, ending, codec, after):
    path, data = encoded(tmp_path, ending, codec)
    whole = loading.read(path)
    path.write_bytes(data + after)
    tagged = loading.read(path)
    np.testing.assert_array_equal(tagged.y, whole.y)
    assert not tagged.source.truncated


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_shortened_or_damaged_flv_file_is_truncated(tmp_path, share):
    path, data = encoded(tmp_path, "flv", "aac")
    assert not loading.read(path).source.truncated
    path.write_bytes(data[: int(share * len(data))])
    assert loading.read(path).source.truncated
    path.write_bytes(data[: int(share * len(data))] + data[int(share * len(data)) + 300 :])
    assert loading.read(path).source.truncated


def test_the_tag_frame_of_a_joined_mp3_file_is_skipped(tmp_path):
    path, data = encoded(tmp_path, "mp3", "libmp3lame")
    assert data.startswith(b"ID3")
    assert b"Info" in data
    path.write_bytes(data + data)
    expected = decode_with_ffmpeg(path)[:, 0]
    joined = loading.read(path)
    assert not joined.source.truncated
    assert len(joined.y) == len(expected)
    np.testing.assert_allclose(joined.y, expected, atol=1e-4)
