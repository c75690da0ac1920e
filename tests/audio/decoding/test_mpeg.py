"""MP3, MP2 and MP3 in WAV files: all that there is, as FFmpeg decodes it, or it is truncated."""

import contextlib
import math
import os
import sys

import mpeg
import numpy as np
import pytest
import soundfile
from audio_helpers import decode_with_ffmpeg

from featkit.audio import loading
from featkit.audio.decoding import mpeg as decoding
from featkit.audio.excerpt import Excerpt
from featkit.datasets import files
from featkit.errors import AudioError

SR = 44100
SOUND = mpeg.sound(1.0)
WHOLE = mpeg.mp3(SOUND)
VARIABLE = mpeg.mp3(
    SOUND * np.r_[np.ones(9000), 1e-3 * np.ones(SR - 9000)][:, None], mode="VARIABLE"
)
STEREO = mpeg.mp3(mpeg.sound(0.5, channels=2))
LOW = mpeg.mp3(mpeg.sound(0.5, 22050), 22050)
FRAMES = mpeg.frames(WHOLE)[1:]
BARE = b"".join(FRAMES)
COUNT = len(FRAMES)
DELAY = 576 + 529
"""Delay in samples: that of LAME, and that of every decoder."""


@pytest.fixture
def saved(tmp_path):
    def save(data, ending="mp3"):
        path = tmp_path / f"a.{ending}"
        path.write_bytes(data)
        return path

    return save


def decoded_by_ffmpeg(path):
    samples = decode_with_ffmpeg(path)
    return samples / 2**15 if samples.dtype == np.int16 else samples


def check_as_ffmpeg(path, atol=1e-4):
    loaded = loading.read(path)
    samples = loaded.samples.reshape(len(loaded.samples), -1)
    expected = decoded_by_ffmpeg(path)
    assert samples.shape == expected.shape
    np.testing.assert_allclose(samples, expected, rtol=0, atol=atol)
    assert not loaded.source.truncated
    assert loaded.source.stated_frames == loaded.source.decoded_frames == len(samples)
    return loaded


def check_parts(path):
    """Check that streams and excerpts are parts of the whole."""
    y = loading.read(path).y
    with loading.stream(path) as stream:
        np.testing.assert_array_equal(np.concatenate(list(stream.blocks())), y)
    for offset in (0.013, 0.25):
        np.testing.assert_array_equal(
            loading.read(path, excerpt=Excerpt(offset=offset)).y, y[math.ceil(offset * SR) :]
        )
    np.testing.assert_array_equal(
        loading.read(path, excerpt=Excerpt(offset=0.1, duration=0.2)).y, y[4410:13230]
    )


AS_FFMPEG = {
    "whole": WHOLE,
    "variable": VARIABLE,
    "stereo": STEREO,
    "no length": BARE,
    "a variable rate without a length": b"".join(mpeg.frames(VARIABLE)[1:]),
    "count 0": mpeg.with_count(WHOLE, 0),
    "count and size 0": mpeg.with_count(WHOLE, 0, 0),
    "joined": WHOLE + WHOLE,
    "joined without lengths": BARE + BARE,
    "VBRI": mpeg.vbri(COUNT) + BARE,
    "VBRI of too few": mpeg.vbri(3) + BARE,
    "ID3v1": BARE + mpeg.id3v1(),
    "APE": WHOLE + mpeg.ape() + mpeg.id3v1(),
    "APE without a header": BARE + mpeg.ape(header=False),
    "lyrics": BARE + mpeg.lyrics() + mpeg.id3v1(),
    "ID3v2": mpeg.id3v2() + WHOLE,
    "ID3v2 with a cover and a footer": mpeg.id3v2(mpeg.cover(), footer=True) + WHOLE,
    "several ID3v2": mpeg.id3v2(b"Information") + mpeg.id3v2(mpeg.cover()) + BARE,
    "ID3v2 at the end": BARE + mpeg.id3v2(),
    "zeros at the end": BARE + bytes(50_000),
    "some junk at the end": BARE + b"\xff\xfb junk" * 100,
    "some junk before": b"HTTP/1.0 200 OK\r\n" * 20 + BARE,
    "two frames": FRAMES[0] + FRAMES[1],
}


@pytest.mark.parametrize("name", AS_FFMPEG)
def test_samples_are_those_of_ffmpeg(saved, name, capfd):
    check_as_ffmpeg(saved(AS_FFMPEG[name]))
    assert capfd.readouterr() == ("", "")


def test_a_file_that_begins_within_a_frame_has_all_frames_after_it(saved):
    path = saved(BARE[100:])
    loaded, expected = loading.read(path), decoded_by_ffmpeg(path)[:, 0]
    assert len(loaded.y) == len(expected) == 1152 * (COUNT - 1)
    # The first frames need bytes of earlier ones, and are silent at first.
    np.testing.assert_allclose(loaded.y[5 * 1152 :], expected[5 * 1152 :], rtol=0, atol=1e-6)

    assert not loaded.source.truncated


@pytest.mark.parametrize("name", ["whole", "no length", "joined", "VBRI", "count 0"])
def test_excerpts_and_blocks_are_parts_of_the_whole(saved, name):
    check_parts(saved(AS_FFMPEG[name]))


@pytest.mark.parametrize("sr", [8000, 11025, 16000, 24000, 32000, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_version_of_mpeg_is_decoded(saved, sr, channels):
    data = mpeg.mp3(mpeg.sound(0.4, sr, channels), sr, mode="VARIABLE")
    loaded = check_as_ffmpeg(saved(data))
    assert (loaded.sr, loaded.source.channels, len(loaded.y)) == (sr, channels, round(0.4 * sr))


@pytest.mark.parametrize(("ending", "sr"), [("mp2", 44100), ("mpga", 22050), ("wav", 48000)])
def test_layer_2_is_decoded_as_by_ffmpeg(tmp_path, ending, sr):
    av = pytest.importorskip("av")
    path = tmp_path / f"a.{ending}"
    with av.open(str(path), "w", format="wav" if ending == "wav" else "mp2") as out:
        stream = out.add_stream("mp2", rate=sr, layout="mono")
        samples = np.rint(2**15 * mpeg.sound(0.5, sr).T).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts = sr, 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    loaded = check_as_ffmpeg(path)
    assert len(loaded.y) % 1152 == 0
    if ending != "wav":
        assert len(files.find([tmp_path])) == 1


def test_layer_1_is_decoded_as_by_ffmpeg(saved):
    # 288 kbit/s at 44.1 kHz is 312 bytes; no bits for any band is silence.
    loaded = check_as_ffmpeg(saved(9 * (b"\xff\xff\x90\xc4" + bytes(308)), "mp1"))
    assert (len(loaded.y), loaded.y.any()) == (9 * 384, False)


def test_encoder_padding_is_removed_where_the_tag_states_it(saved):
    loaded = loading.read(saved(WHOLE))
    assert len(loaded.y) == len(SOUND)
    bare = loading.read(saved(BARE)).y
    assert len(bare) == 1152 * COUNT
    np.testing.assert_array_equal(loaded.y, bare[DELAY:][: len(SOUND)])


def test_libsndfile_alone_and_all_frames_one_by_one_are_the_same_to_the_bit(saved, monkeypatch):
    for data in (WHOLE, VARIABLE, STEREO, mpeg.id3v2() + WHOLE):
        path = saved(data)
        expected = soundfile.read(path, dtype="float32")[0]
        np.testing.assert_array_equal(loading.read(path).samples, expected)
        with monkeypatch.context() as patch:
            patch.setattr(decoding, "_is_plain", lambda scan: False)
            np.testing.assert_array_equal(loading.read(path).samples, expected)


@pytest.mark.parametrize("count", [1, COUNT // 2, COUNT - 1])
def test_a_stated_count_that_is_too_small_hides_no_frames(saved, count):
    # FFmpeg removes padding in the middle, where the tag states the end; featkit does not.
    loaded = loading.read(saved(mpeg.with_count(WHOLE, count)))
    np.testing.assert_array_equal(loaded.y, loading.read(saved(BARE)).y[DELAY:])
    assert not loaded.source.truncated


def test_a_tag_may_count_its_own_frame(saved):
    assert not loading.read(saved(mpeg.vbri(COUNT + 1) + BARE)).source.truncated
    assert loading.read(saved(mpeg.vbri(COUNT + 2) + BARE)).source.truncated


def test_a_stated_count_that_is_too_large_means_truncation(saved):
    loaded = loading.read(saved(mpeg.with_count(WHOLE, 2 * COUNT)))
    assert len(loaded.y) == 1152 * COUNT - DELAY
    assert loaded.source.truncated


def test_tags_between_joined_files_are_skipped(saved):
    between = mpeg.id3v1() + mpeg.id3v2(mpeg.cover()) + mpeg.ape()
    joined = loading.read(saved(BARE + BARE)).y
    np.testing.assert_array_equal(loading.read(saved(BARE + between + BARE)).y, joined)


@pytest.mark.parametrize("ending", ["wav", "mp3"])
@pytest.mark.parametrize("fact", [None, 0, 1, 10**6])
def test_mp3_in_a_wav_file_is_decoded_as_by_ffmpeg(saved, ending, fact):
    for data in (BARE, b"".join(mpeg.frames(VARIABLE)[1:]), WHOLE):
        path = saved(mpeg.wav(data, fact=fact), ending)
        assert len(check_as_ffmpeg(path).y) == 1152 * len(mpeg.frames(data))
        check_parts(path)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_mp3_in_a_wav_file_of_unknown_size_is_decoded(saved, size):
    assert len(check_as_ffmpeg(saved(mpeg.wav(BARE, size=size), "wav")).y) == 1152 * COUNT


def test_mp3_in_a_wav_file_with_other_chunks_is_decoded(saved):
    data = mpeg.id3v2() + mpeg.wav(BARE + b"\0" * (len(BARE) % 2)) + b"LIST\4\0\0\0INFO"
    loaded = loading.read(saved(data, "wav"))
    np.testing.assert_array_equal(loaded.y, loading.read(saved(BARE)).y)
    assert not loaded.source.truncated


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("left", [3, 10.5, COUNT - 0.1])
def test_a_truncated_file_has_its_complete_frames(saved, wrapped, left):
    whole = int(left)
    cut = b"".join(FRAMES[:whole]) + FRAMES[whole][: int(len(FRAMES[0]) * (left % 1))]
    data = mpeg.wav(cut, size=len(BARE)) if wrapped else cut
    loaded = loading.read(saved(data, "wav" if wrapped else "mp3"))
    expected = loading.read(saved(BARE)).y[: 1152 * whole]
    np.testing.assert_array_equal(loaded.y, expected)
    # Without a stated length, a cut between two frames cannot be detected.
    assert loaded.source.truncated == (wrapped or left % 1 > 0)


def test_truncation_between_two_frames_is_detected_by_the_stated_length(saved):
    loaded = loading.read(saved(WHOLE[: WHOLE.index(FRAMES[20])]))
    assert loaded.source.truncated
    assert loaded.source.stated_frames == len(SOUND)
    assert len(loaded.y) == 20 * 1152 - DELAY


@pytest.mark.parametrize("whole", [WHOLE, BARE])
@pytest.mark.parametrize(
    "junk", [bytes(200), bytes(5000), b"\xff" * 3000, mpeg.cover()[3000:90_000]]
)
def test_decoding_continues_after_damage_and_reports_truncation(saved, whole, junk):
    begin = 0 if whole is BARE else DELAY
    expected = loading.read(saved(BARE)).y[begin:]
    at = whole.index(FRAMES[15])
    path = saved(whole[: at - 50] + junk + whole[at + 50 :])
    loaded = loading.read(path)
    assert loaded.source.truncated
    assert len(expected) - len(loaded.y) == 1152
    assert np.abs(loaded.y).max() < 1
    before = 14 * 1152 - begin
    np.testing.assert_array_equal(loaded.y[:before], expected[:before])
    # A few frames later, which no longer need missing bytes, the samples are the same.
    np.testing.assert_allclose(loaded.y[19 * 1152 :], expected[20 * 1152 :], rtol=0, atol=1e-6)
    check_parts(path)


def test_damage_anywhere_loses_no_frame_or_means_truncation(saved):
    for at in range(500, len(BARE) - 500, 1777):
        loaded = loading.read(saved(BARE[:at] + bytes(200) + BARE[at + 200 :]))
        missing = 1152 * COUNT - len(loaded.y)
        assert missing <= 2 * 1152
        assert loaded.source.truncated == (missing > 0)


def test_much_junk_at_the_end_means_truncation_unless_all_stated_frames_exist(saved):
    junk = np.random.default_rng(0).bytes(20_000)
    assert loading.read(saved(BARE + junk)).source.truncated
    for many, truncated in ((1, False), (5, True)):
        loaded = loading.read(saved(WHOLE + many * junk))
        assert (len(loaded.y), loaded.source.truncated) == (len(SOUND), truncated)


def test_audio_after_the_mp3_data_of_a_wav_file_means_truncation(saved):
    one = mpeg.wav(BARE + b"\0" * (len(BARE) % 2))
    for data in (mpeg.wav(BARE, size=len(BARE) // 2), one + one):
        assert loading.read(saved(data, "wav")).source.truncated


def power(y, sr, frequency):
    """The power around a frequency over the total power."""
    spectrum = np.abs(np.fft.rfft(y * np.hanning(len(y)))) ** 2
    near = np.abs(np.fft.rfftfreq(len(y), 1 / sr) - frequency) < 20
    return spectrum[near].sum() / spectrum.sum()


@pytest.mark.parametrize(("first", "second"), [(WHOLE, LOW), (LOW, WHOLE)])
def test_a_change_of_rate_is_converted_to_the_first_rate(saved, first, second):
    path = saved(first + second)
    loaded = loading.read(path)
    rates = [22050 if data is LOW else SR for data in (first, second)]
    lengths = [
        len(mpeg.sound(0.5 if data is LOW else 1.0, sr))
        for data, sr in zip((first, second), rates, strict=True)
    ]
    assert loaded.sr == rates[0]
    expected = lengths[0] / rates[0] + lengths[1] / rates[1]
    assert len(loaded.y) / loaded.sr == pytest.approx(expected, abs=0.15)
    assert not loaded.source.truncated
    assert power(loaded.y[: lengths[0]], loaded.sr, 440) > 0.95
    assert power(loaded.y[-len(loaded.y) // 4 :], loaded.sr, 440) > 0.95
    with loading.stream(path) as stream:
        np.testing.assert_array_equal(np.concatenate(list(stream.blocks())), loaded.y)


def test_a_change_of_channels_is_converted_to_the_first_channels(saved):
    mono, stereo = loading.read(saved(BARE)), loading.read(saved(STEREO))
    both = loading.read(saved(BARE + STEREO))
    assert both.source.channels == 1
    # The tag of the second file is a frame of silence, and its padding stays.
    assert len(both.y) == 1152 * (COUNT + len(mpeg.frames(STEREO)))
    np.testing.assert_array_equal(both.y[: len(mono.y)], mono.y)
    tail = both.y[len(mono.y) + 1152 + DELAY :][: len(stereo.y)]
    np.testing.assert_allclose(tail, stereo.y, rtol=0, atol=1e-6)
    both = loading.read(saved(STEREO + BARE))
    np.testing.assert_array_equal(both.samples[-len(mono.y) :].T, [mono.y, mono.y])


def test_frames_with_a_free_bit_rate_are_decoded(saved):
    # At 48 kHz all frames have one size; here their headers state no bit rate.
    data = b"".join(mpeg.frames(mpeg.mp3(mpeg.sound(0.5, 48000), 48000), 48000)[1:])
    free, size = bytearray(data), len(mpeg.frames(data, 48000)[0])
    for at in range(2, len(data), size):
        free[at] &= 0x0F
    np.testing.assert_array_equal(loading.read(saved(bytes(free))).y, loading.read(saved(data)).y)


def test_a_single_frame_is_decoded(saved):
    loaded = loading.read(saved(FRAMES[0]))
    np.testing.assert_array_equal(loaded.y, loading.read(saved(BARE)).y[:1152])
    assert not loaded.source.truncated


@pytest.mark.skipif(sys.platform == "win32", reason="there it is opened by its name")
def test_a_resource_fork_beside_it_is_not_read(saved, tmp_path):
    path = saved(BARE)
    double = bytes.fromhex("0005160700020000") + b"Mac OS X        \0\2"
    (tmp_path / "._a.mp3").write_bytes(double.ljust(5000, b"\0"))
    assert len(loading.read(path).y) == 1152 * COUNT


@pytest.mark.parametrize("data", [FRAMES[0][:300], b"text " * 500, mpeg.id3v2() + bytes(5000)])
def test_a_file_without_a_frame_is_a_failure(saved, data):
    with pytest.raises(AudioError, match=r"decode: .*no complete MPEG frame"):
        loading.read(saved(data))


def test_the_content_decides_and_not_the_extension(saved, capfd):
    for form, subtype in (
        ("WAV", "PCM_16"),
        ("FLAC", "PCM_16"),
        ("AIFF", "PCM_24"),
        ("OGG", "VORBIS"),
    ):
        path = saved(b"")
        soundfile.write(path, SOUND, SR, format=form, subtype=subtype)
        assert len(loading.read(path).y) == len(SOUND)
        # After a tag, the decoder of MPEG audio does not take it, either.
        path.write_bytes(mpeg.id3v2() + bytes(100) + path.read_bytes())
        assert decoding.open_mpeg(path, b"ID3", contextlib.ExitStack()) is None
    for ending in ("wav", "flac", "dat"):
        assert len(loading.read(saved(mpeg.id3v2() + BARE, ending)).y) == 1152 * COUNT
    assert capfd.readouterr() == ("", "")


def test_the_file_is_closed_after_reading(saved):
    path = saved(WHOLE + WHOLE)
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    loading.read(path)
    with pytest.raises(AudioError):
        loading.read(saved(b"text"))
    if sys.platform == "linux":
        assert len(os.listdir("/proc/self/fd")) == before
