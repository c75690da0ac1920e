"""Creative Voice files (VOC) and Paris Audio Files (PAF): their blocks, complete or not."""

import struct

import numpy as np
import pytest
from audio_helpers import file_bytes, read_bytes

from featkit.errors import AudioError

HEAD = b"Creative Voice File\x1a" + struct.pack("<HHH", 26, 0x010A, 0x1129)
SOUND = np.random.default_rng(3).integers(20, 235, 4000, dtype=np.uint8)


def block(kind, content):
    return bytes([kind]) + len(content).to_bytes(3, "little") + content


def first(data, rate=8000, codec=0):
    return block(1, bytes([256 - 1_000_000 // rate, codec]) + data)


def new(data, *, rate=16000, bits=8, channels=1, codec=0):
    return block(9, struct.pack("<IBBHI", rate, bits, channels, codec, 0) + data)


def read(tmp_path, data, ending="voc", **excerpt):
    return read_bytes(tmp_path / f"a.{ending}", data, **excerpt)


def scaled(samples):
    return (samples.astype(np.float32) - 128) / 128


def test_blocks_of_a_voc_file_follow_each_other(tmp_path):
    a, b, c = (SOUND[:1500].tobytes(), SOUND[1500:1700].tobytes(), SOUND[1700:].tobytes())
    text, silence = block(5, b"take 1\0"), block(3, struct.pack("<HB", 99, 131))
    for between in (b"", text, silence, block(6, b"\1\0"), block(4, b"\1\0")):
        for later in (block(2, b) + block(2, c), first(b) + first(c), block(2, b) + first(c)):
            data = HEAD + first(a) + between + later + b"\0"
            loaded = read(tmp_path, data)
            np.testing.assert_array_equal(loaded.y, scaled(SOUND))
            assert (loaded.sr, loaded.source.truncated) == (8000, False)
            part = read(tmp_path, data, offset=0.2, duration=0.1)
            np.testing.assert_array_equal(part.y, scaled(SOUND)[1600:2400])


@pytest.mark.parametrize("after", [block(2, SOUND[2000:].tobytes()), b""])
def test_a_truncated_voc_file_is_read_to_its_end(tmp_path, after):
    whole = HEAD + first(SOUND[:2000].tobytes()) + after
    count = 4000 if after else 2000
    for missing in (1, 700, 1999):
        loaded = read(tmp_path, whole[:-missing])
        np.testing.assert_array_equal(loaded.y, scaled(SOUND)[: count - missing])
        assert loaded.source.truncated
    assert not read(tmp_path, whole).source.truncated
    assert read(tmp_path, whole + b"\0" + whole).source.truncated


def test_all_formats_of_voc_blocks_are_decoded(tmp_path):
    wide = (SOUND.astype("<i2") - 128) * 200
    stereo = wide.reshape(-1, 2).mean(axis=1) / 32768
    loaded = read(tmp_path, HEAD + new(wide.tobytes(), bits=16, channels=2, codec=4) + b"\0")
    assert (loaded.sr, loaded.source.channels) == (16000, 2)
    np.testing.assert_allclose(loaded.y, stereo, atol=1e-7)
    extended = block(8, struct.pack("<HBB", 65536 - 256_000_000 // (2 * 8000), 0, 1))
    loaded = read(tmp_path, HEAD + extended + first(SOUND.tobytes()) + b"\0")
    assert (loaded.sr, loaded.source.channels) == (8000, 2)
    np.testing.assert_allclose(loaded.y, scaled(SOUND).reshape(-1, 2).mean(axis=1), atol=1e-7)
    codes = SOUND[SOUND != 0x7F].tobytes()  # it also means 0, which is written as 0xFF
    packed = read(tmp_path, HEAD + new(codes, codec=7) + b"\0").samples
    assert file_bytes("AU", "ULAW", packed, 16000)[-len(codes) :] == codes


def test_a_voc_file_of_two_rates_is_converted_to_the_first(tmp_path):
    other = new(np.repeat(SOUND, 2).tobytes())
    loaded = read(tmp_path, HEAD + first(SOUND.tobytes()) + other + b"\0")
    assert (len(loaded.y), loaded.sr) == (8000, 8000)
    np.testing.assert_array_equal(loaded.y[:4000], scaled(SOUND))


def test_a_voc_file_without_sound_is_an_error(tmp_path):
    for data in (HEAD + b"\0", HEAD + block(5, b"nothing\0") + b"\0", HEAD[:20], HEAD + first(b"")):
        with pytest.raises(AudioError):
            read(tmp_path, data)


@pytest.mark.parametrize(("subtype", "width"), [("PCM_S8", 1), ("PCM_16", 2), ("PCM_24", 3.2)])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("endian", ["LITTLE", "BIG"])
def test_a_truncated_or_joined_paf_file_has_no_invented_samples(
    tmp_path, subtype, width, channels, endian
):
    sound = np.random.default_rng(4).uniform(-0.5, 0.5, (2000, channels))
    whole = file_bytes("PAF", subtype, sound, 16000, endian=endian)
    expected = sound.mean(axis=1)
    loaded = read(tmp_path, whole, "paf")
    np.testing.assert_allclose(loaded.y, expected, atol=0.01)
    assert not loaded.source.truncated
    frame = 32 * channels if subtype == "PCM_24" else width * channels
    for missing in (1, 33, 1111):
        cut = read(tmp_path, whole[:-missing], "paf")
        count = (len(whole) - 2048 - missing) // frame * (10 if subtype == "PCM_24" else 1)
        np.testing.assert_allclose(cut.y, expected[:count], atol=0.01)
        assert cut.source.truncated == (missing % frame > 0)
    joined = read(tmp_path, whole + whole, "paf")
    np.testing.assert_array_equal(joined.y, loaded.y)
    assert joined.source.truncated
