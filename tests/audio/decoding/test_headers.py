"""Wrong sizes in headers: never filled in, overflowed, too large, too small; and tags."""

import contextlib
import struct
import sys

import numpy as np
import pytest
import soundfile
from audio_helpers import file_bytes, read_bytes
from damage import state_size

from featkit.audio import loading
from featkit.audio.excerpt import Excerpt
from featkit.errors import AudioError

SR = 8000

Y = np.rint(9000 * np.sin(np.arange(4001) * 0.1)) / 2**15

ID3 = b"ID3\x04\0\0\0\0\x02\x00" + bytes(256)
"""An empty tag of 256 bytes (id3.org, ID3v2.4, 3.1)."""

LIST = b"LIST" + struct.pack("<I", 26) + b"INFOINAM" + struct.pack("<I", 14) + b"a song of ours"

FORMATS = [("WAV", "wav"), ("W64", "w64"), ("RF64", "rf64"), ("AIFF", "aiff"), ("AU", "au")]
FORMATS += [("CAF", "caf")]


def written(form, subtype="PCM_16", y=Y, **how):
    return bytearray(file_bytes(form, subtype, y, SR, **how))


def read(tmp_path, ending, data, **excerpt):
    return read_bytes(tmp_path / f"a.{ending}", data, **excerpt)


def with_size(form, size):
    return state_size(written(form), form, size)


@pytest.mark.parametrize("size", [0, -1])
@pytest.mark.parametrize(("form", "ending"), FORMATS)
def test_a_size_that_was_never_filled_in_means_to_the_end_of_the_file(tmp_path, form, ending, size):
    loaded = read(tmp_path, ending, with_size(form, size))
    np.testing.assert_array_equal(loaded.y, Y.astype(np.float32))
    assert not loaded.source.truncated
    part = read(tmp_path, ending, with_size(form, size), offset=0.25)
    np.testing.assert_array_equal(part.y, loaded.y[2000:])


@pytest.mark.parametrize(("form", "ending"), FORMATS)
def test_a_size_beyond_the_end_of_the_file_is_truncated(tmp_path, form, ending):
    loaded = read(tmp_path, ending, with_size(form, 9000))
    np.testing.assert_array_equal(loaded.y, Y.astype(np.float32))
    assert loaded.source.truncated
    assert loaded.source.stated_frames == pytest.approx(4500, abs=5)


@pytest.mark.parametrize(("form", "ending"), [pair for pair in FORMATS if pair[0] != "AU"])
def test_samples_beyond_the_stated_size_mean_truncation(tmp_path, form, ending):
    """FFmpeg also decodes only the stated samples, but all samples of AU."""
    loaded = read(tmp_path, ending, with_size(form, 2000))
    np.testing.assert_array_equal(loaded.y, Y[:1000].astype(np.float32))
    assert loaded.source.truncated


def test_an_au_file_is_read_to_its_end(tmp_path):
    loaded = read(tmp_path, "au", with_size("AU", 2000))
    np.testing.assert_array_equal(loaded.y, Y.astype(np.float32))
    assert not loaded.source.truncated


@pytest.mark.parametrize(("form", "ending"), [*FORMATS, ("FLAC", "flac")])
@pytest.mark.parametrize("before", [ID3, ID3 + ID3, ID3 + bytes(100)])
def test_all_samples_after_a_tag_are_decoded(tmp_path, form, ending, before):
    for name in (ending, "mp3"):
        loaded = read(tmp_path, name, before + written(form))
        np.testing.assert_array_equal(loaded.y, Y.astype(np.float32))
        assert not loaded.source.truncated
        part = read(tmp_path, name, before + written(form), offset=0.125)
        np.testing.assert_array_equal(part.y, loaded.y[1000:])
        if form != "FLAC":  # it consists of one frame
            cut = read(tmp_path, name, before + written(form)[:-2000])
            assert cut.source.truncated


@pytest.mark.parametrize("ending", ["wav", "mp3"])
@pytest.mark.parametrize("subtype", ["IMA_ADPCM", "MS_ADPCM", "GSM610", "ULAW", "PCM_U8"])
def test_other_codecs_after_a_tag_are_decoded(tmp_path, ending, subtype):
    data = written("WAV", subtype)
    whole = read(tmp_path, "wav", data)
    tagged = read(tmp_path, ending, ID3 + data)
    np.testing.assert_array_equal(tagged.y, whole.y)
    assert not tagged.source.truncated
    assert tagged.source.full_scale == whole.source.full_scale
    cut = read(tmp_path, ending, ID3 + data[: len(data) // 2])
    assert cut.source.truncated
    np.testing.assert_array_equal(cut.y, whole.y[: len(cut.y)])


@pytest.mark.parametrize(
    "after", [LIST, LIST + LIST, b"id3 " + struct.pack("<I", 128) + bytes(128)]
)
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "IMA_ADPCM"])
def test_chunks_after_the_sound_are_not_decoded(tmp_path, after, subtype):
    data = written("WAV", subtype)
    whole = read(tmp_path, "wav", data)
    padded = data + bytes(len(data) % 2) + after
    at = data.index(b"data") + 4
    for size in (None, 0, 0xFFFFFFFF):
        if size is not None:
            struct.pack_into("<I", padded, at, size)
        loaded = read(tmp_path, "wav", padded)
        np.testing.assert_array_equal(loaded.y[: len(whole.y)], whole.y)
        assert len(loaded.y) == len(whole.y)
        assert not loaded.source.truncated


def test_tags_and_zeros_after_the_samples_are_not_truncation(tmp_path):
    tags = (b"TAG" + bytes(125), bytes(5000), b"APETAGEX" + bytes(2000), b"junk")
    for after in (*tags, *(bytes(LIST) + tag for tag in tags)):
        loaded = read(tmp_path, "wav", written("WAV") + after)
        np.testing.assert_array_equal(loaded.y, Y.astype(np.float32))
        assert not loaded.source.truncated


@pytest.mark.parametrize("between", [b"", LIST, bytes(2)])
@pytest.mark.parametrize("second", ["WAV", "AIFF", "FLAC"])
def test_another_file_after_the_samples_means_truncation(tmp_path, between, second):
    loaded = read(tmp_path, "wav", written("WAV") + between + written(second))
    np.testing.assert_array_equal(loaded.y, Y.astype(np.float32))
    assert loaded.source.truncated


def test_a_wav_file_without_sound_has_no_samples(tmp_path):
    data = written("WAV", y=Y[:0]) + LIST
    with pytest.raises(AudioError, match="no samples"):
        read(tmp_path, "wav", data)


def test_several_data_chunks_are_concatenated(tmp_path):
    """FFmpeg concatenates them, too."""
    data, rest = written("WAV", y=Y[:1000]), Y[1000:]
    sound = np.rint(rest * 2**15).astype("<i2").tobytes()
    loaded = read(tmp_path, "wav", data + LIST + b"data" + struct.pack("<I", len(sound)) + sound)
    np.testing.assert_array_equal(loaded.y, Y.astype(np.float32))
    assert not loaded.source.truncated


@pytest.mark.parametrize("channels", [1, 3])
def test_an_odd_number_of_bytes_is_padded_and_the_pad_is_no_sample(tmp_path, channels):
    y = np.repeat(Y[:1001, None], channels, axis=1)
    data = written("WAV", "PCM_U8", y)
    assert len(read(tmp_path, "wav", data).y) == 1001
    assert len(read(tmp_path, "wav", data + LIST).y) == 1001
    struct.pack_into("<I", data, data.index(b"data") + 4, 0)
    assert len(read(tmp_path, "wav", data).y) in (1001, 1001 + (channels == 1))


def test_big_endian_and_extensible_wav_are_read_alike(tmp_path):
    for how in ({"endian": "BIG"}, {}):
        form = "WAV" if how else "WAVEX"
        data = written(form, **how)
        order = ">" if how else "<"
        assert data[:4] == (b"RIFX" if how else b"RIFF")
        for size in (0, 0xFFFFFFFF, 9000):
            struct.pack_into(order + "I", data, data.index(b"data") + 4, size)
            loaded = read(tmp_path, "wav", data)
            np.testing.assert_array_equal(loaded.y, Y.astype(np.float32))
            assert loaded.source.truncated is (size == 9000)


def sparse(path, form, bytes_of_sound, state):
    """Write a mono file of 16 bits that is silent except for its last half second."""
    header = written(form, y=Y[:0])
    if form == "WAV":
        struct.pack_into("<I", header, header.index(b"data") + 4, state)
    elif form == "AU":
        struct.pack_into(">I", header, 8, state)
    with path.open("wb") as file:
        file.write(header)
        file.seek(len(header) + bytes_of_sound - 2 * len(Y))
        order = ">" if form == "AU" else "<"
        file.write(np.rint(Y * 2**15).astype(order + "i2").tobytes())


@pytest.mark.parametrize("more", [100_000, 3 * 2**30])
@pytest.mark.parametrize("form", ["WAV", "AU"])
def test_beyond_4_gib_the_size_of_the_file_counts(tmp_path, form, more):
    size = 2**32 + more
    path = tmp_path / f"a.{form.lower()}"
    sparse(path, form, size, 0xFFFFFFFF if form == "AU" else more)
    end = loading.read(path, excerpt=Excerpt(offset=(size // 2 - len(Y)) / SR))
    np.testing.assert_array_equal(end.y, Y.astype(np.float32))
    assert end.source.stated_frames == end.source.decoded_frames == size // 2
    assert not end.source.truncated
    with path.open("ab") as file:
        file.truncate(size - 50_000)
    before_end = Excerpt(offset=(size // 2 - len(Y)) / SR - 10, duration=1)
    short = loading.read(path, excerpt=before_end)
    assert short.source.truncated is (form == "WAV")


@pytest.mark.parametrize("subtype", ["IMA_ADPCM", "MS_ADPCM"])
@pytest.mark.parametrize("channels", [1, 2])
def test_an_incomplete_block_gives_the_samples_that_it_holds(tmp_path, subtype, channels):
    av = pytest.importorskip("av")
    data = written("WAV", subtype, np.repeat(Y[:, None], channels, axis=1))
    whole = read(tmp_path, "wav", data)
    for cut in range(len(data) // 2, len(data) // 2 + 260, 13):
        loaded = read(tmp_path, "wav", data[:cut])
        assert loaded.source.truncated
        np.testing.assert_array_equal(loaded.y, whole.y[: len(loaded.y)])
        with (
            contextlib.suppress(av.InvalidDataError),  # FFmpeg 7 refuses such a block of IMA
            av.open(str(tmp_path / "a.wav")) as container,
        ):
            count = sum(frame.samples for frame in container.decode(audio=0))
            assert len(loaded.y) == count


@pytest.mark.parametrize(
    ("form", "subtype", "block", "frames"),
    [
        ("WAV", "GSM610", 65, 320),  # Microsoft's framing of ETSI GSM 06.10
        ("AIFF", "GSM610", 33, 160),
        ("AIFF", "IMA_ADPCM", 34, 64),  # Apple's IMA packets
        ("WAV", "NMS_ADPCM_24", 62, 160),
    ],
)
def test_only_complete_blocks_of_other_codecs_are_decoded(tmp_path, form, subtype, block, frames):
    if subtype not in soundfile.available_subtypes(form):
        pytest.skip("this libsndfile does not write it")
    data = written(form, subtype)
    whole = read(tmp_path, form.lower(), data)
    start = data.index(b"data") + 8 if form == "WAV" else data.index(b"SSND") + 16
    for count, rest in ((7, 0), (8, 1), (8, block // 2), (9, block - 1)):
        loaded = read(tmp_path, form.lower(), data[: start + count * block + rest])
        assert loaded.source.truncated
        assert len(loaded.y) == count * frames
        np.testing.assert_array_equal(loaded.y, whole.y[: count * frames])


def test_gsm_of_an_odd_number_of_blocks_has_no_invented_block(tmp_path):
    y = np.resize(Y, 13 * 320)
    assert len(read(tmp_path, "wav", written("WAV", "GSM610", y)).y) == 13 * 320


def test_a_codec_of_another_decoder_is_read_by_it_or_named(tmp_path, monkeypatch):
    av = pytest.importorskip("av")
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("adpcm_yamaha", rate=SR, layout="mono")
        samples = np.int16(np.resize(Y, (1, SR)) * 2**15)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts = SR, 0
        out.mux([*stream.encode(frame), *stream.encode(None)])
    loaded = loading.read(path)
    assert loaded.source.decoder == "PyAV"
    np.testing.assert_allclose(loaded.y[:4000], Y[:4000], atol=0.05)
    monkeypatch.delitem(sys.modules, "featkit.audio.decoding.pyav")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(AudioError, match=r"codec of this \.wav file: install featkit\[av\]"):
        loading.read(path)


@pytest.mark.parametrize("stated", [True, False], ids=["in 64 bits", "in 32 bits"])
def test_a_file_of_the_broadcast_wave_format_of_64_bits_is_read(tmp_path, stated):
    path = tmp_path / "a.wav"
    y = Y
    soundfile.write(path, y, SR, format="RF64", subtype="PCM_16")
    data = bytearray(b"BW64" + path.read_bytes()[4:])  # ITU-R BS.2088
    if not stated:
        at = data.index(b"data") + 4
        data[at : at + 4] = (2 * len(y)).to_bytes(4, "little")
    path.write_bytes(data)
    loaded = loading.read(path)
    np.testing.assert_allclose(loaded.y, y, atol=4e-5)
    assert not loaded.source.truncated
    path.write_bytes(data[: len(data) // 2])
    cut = loading.read(path)
    np.testing.assert_array_equal(cut.y, loaded.y[: len(cut.y)])
    assert cut.source.truncated
