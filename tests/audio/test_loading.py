"""Loading files and arrays: formats, mixing, resampling, excerpts, errors."""

import os
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

import librosa
import numpy as np
import pytest
import soundfile
from audio_helpers import integers_in_range, loading_error

from featkit import signals
from featkit.audio import loading
from featkit.errors import AudioError, FeatkitError, ParameterError

SR = 22050

INTEGERS = [
    ("wav", "WAV", "PCM_U8", 8),
    ("wav", "WAV", "PCM_16", 16),
    ("wav", "WAV", "PCM_24", 24),
    ("wav", "WAV", "PCM_32", 32),
    ("wav", "WAVEX", "PCM_16", 16),
    ("w64", "W64", "PCM_24", 24),
    ("rf64", "RF64", "PCM_16", 16),
    ("flac", "FLAC", "PCM_S8", 8),
    ("flac", "FLAC", "PCM_16", 16),
    ("flac", "FLAC", "PCM_24", 24),
    ("aiff", "AIFF", "PCM_S8", 8),
    ("aiff", "AIFF", "PCM_16", 16),
    ("aif", "AIFF", "PCM_24", 24),
    ("aiff", "AIFF", "PCM_32", 32),
    ("au", "AU", "PCM_16", 16),
    ("snd", "AU", "PCM_24", 24),
    ("au", "AU", "PCM_32", 32),
    ("caf", "CAF", "PCM_16", 16),
]

FLOATS = [
    ("wav", "WAV", "FLOAT"),
    ("wav", "WAV", "DOUBLE"),
    ("aiff", "AIFF", "FLOAT"),
    ("aiff", "AIFF", "DOUBLE"),
    ("au", "AU", "FLOAT"),
    ("au", "AU", "DOUBLE"),
]

LOSSY = [
    ("ogg", "OGG", "VORBIS"),
    ("opus", "OGG", "OPUS"),
    ("mp3", "MP3", "MPEG_LAYER_III"),
]


def write(path, y, sr=SR, **kwargs):
    soundfile.write(path, y, sr, **kwargs)
    return path


def chord(sr, duration):
    return sum(signals.sine(f, sr, duration, amplitude=0.2) for f in (220.0, 554.4, 1319.0))


# Formats


@pytest.mark.parametrize(("ending", "format_name", "subtype", "bits"), INTEGERS)
def test_integer_formats_are_exact(tmp_path, ending, format_name, subtype, bits):
    values = integers_in_range(bits)
    path = tmp_path / f"a.{ending}"
    stored = (values << (32 - bits)).astype(np.int32)
    write(path, stored, format=format_name, subtype=subtype)
    y, sr = loading.load(path)
    assert sr == SR
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, (values / 2 ** (bits - 1)).astype(np.float32))


@pytest.mark.parametrize(("ending", "format_name", "subtype"), FLOATS)
def test_float_formats_are_exact_beyond_full_scale_too(tmp_path, ending, format_name, subtype):
    expected = signals.noise(SR, 0.1, amplitude=1.0)
    path = write(tmp_path / f"a.{ending}", expected, format=format_name, subtype=subtype)
    y, _ = loading.load(path)
    assert y.dtype == np.float32
    assert np.abs(y).max() > 1
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize(("ending", "format_name", "subtype"), LOSSY)
def test_lossy_formats_keep_time_and_shape(tmp_path, ending, format_name, subtype):
    if format_name not in soundfile.available_formats():
        pytest.skip(f"this libsndfile does not write {format_name}")
    expected = chord(48000, 0.5)
    path = write(tmp_path / f"a.{ending}", expected, 48000, format=format_name, subtype=subtype)
    y, sr = loading.load(path)
    assert sr == 48000
    assert y.dtype == np.float32
    assert len(y) == len(expected)
    assert np.corrcoef(y, expected)[0, 1] > 0.99
    assert np.std(y) == pytest.approx(np.std(expected), rel=0.05)


def test_a_path_can_be_text(tmp_path):
    path = write(tmp_path / "a.wav", signals.sine(440, SR, 0.1))
    np.testing.assert_array_equal(loading.load(str(path))[0], loading.load(path)[0])


def test_the_content_decides_and_not_the_extension(tmp_path):
    path = write(tmp_path / "a.mp3", signals.sine(440, SR, 0.1), format="FLAC")
    assert len(loading.load(path)[0]) == 2205


def test_a_file_whose_name_is_not_utf8_is_decoded(tmp_path):
    good = write(tmp_path / "good.wav", signals.sine(440, SR, 0.1))
    bad = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav")
    try:
        os.replace(good, bad)
    except OSError:
        pytest.skip("this file system has no such names")
    assert len(loading.load(bad)[0]) == 2205


def test_a_truncated_mp3_gives_the_remaining_samples(tmp_path):
    whole = write(tmp_path / "whole.mp3", chord(SR, 3.0))
    cut = tmp_path / "cut.mp3"
    data = whole.read_bytes()
    cut.write_bytes(data[: len(data) // 2])
    expected, _ = loading.load(whole)
    y, _ = loading.load(cut)
    assert 0.3 * len(expected) < len(y) < 0.7 * len(expected)
    heard = y[: len(y) - 2304]
    assert np.corrcoef(heard, expected[: len(heard)])[0, 1] > 0.99


def test_standard_error_comes_back_after_threads_decode_at_once(tmp_path):
    path = write(tmp_path / "a.mp3", chord(SR, 0.2))
    before = os.fstat(2)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(loading.load, [path] * 200))
    after = os.fstat(2)
    assert (after.st_dev, after.st_ino) == (before.st_dev, before.st_ino)


def test_an_mp3_without_a_length_in_its_header_is_read_to_its_end(tmp_path):
    path = write(tmp_path / "a.mp3", chord(SR, 1.0))
    data = path.read_bytes()
    for tag in (b"Xing", b"Info"):
        data = data.replace(tag, bytes(4))
    path.write_bytes(data)
    y, _ = loading.load(path)
    assert SR <= len(y) < SR + 4 * 1152


# Arrays and files


@pytest.mark.parametrize("channels", [1, 2, 3, 8])
def test_channels_are_mixed_by_their_mean(tmp_path, channels):
    y = np.stack([signals.noise(SR, 0.1, seed=k) for k in range(channels)])
    expected = y.astype(np.float64).mean(axis=0)
    path = write(tmp_path / "a.wav", y.T, subtype="FLOAT")
    from_file, _ = loading.load(path)
    from_array, _ = loading.load((y, SR))
    assert from_file.dtype == np.float32
    np.testing.assert_allclose(from_file, expected, rtol=0, atol=1e-7)
    np.testing.assert_array_equal(from_array, from_file)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sr", [None, 16000])
@pytest.mark.parametrize(
    "excerpt", [{}, {"offset": 0.123}, {"offset": 0.1, "duration": 0.25, "pad": True}]
)
def test_a_file_and_its_samples_as_an_array_are_the_same(tmp_path, channels, sr, excerpt):
    y = np.stack([signals.noise(44100, 0.3, seed=k) for k in range(channels)])
    y = (y * 2**15).astype(np.int16)
    path = write(tmp_path / "a.wav", y.T, 44100, subtype="PCM_16")
    from_file, file_rate = loading.load(path, sr=sr, **excerpt)
    from_array, array_rate = loading.load((y, 44100), sr=sr, **excerpt)
    assert file_rate == array_rate == (sr or 44100)
    np.testing.assert_array_equal(from_file, from_array)


# Rates


@pytest.mark.parametrize(
    ("native", "sr"),
    [
        (44100, 22050),
        (48000, 22050),
        (8000, 22050),
        (192000, 22050),
        (22050, 44100),
        (11025, 16000),
        (22050, 22050),
    ],
)
@pytest.mark.parametrize("seconds", [0.5, 0.3333])
def test_resampling_is_that_of_librosa(native, sr, seconds):
    y = signals.noise(native, seconds)
    expected = librosa.resample(y, orig_sr=native, target_sr=sr, res_type="soxr_hq")
    resampled, rate = loading.load((y, native), sr=sr)
    assert rate == sr
    assert resampled.dtype == np.float32
    assert len(resampled) == np.ceil(len(y) * sr / native)
    np.testing.assert_allclose(resampled, expected, rtol=0, atol=1e-6)


# What librosa imports to load a file warns of modules that Python 3.13 leaves out.
@pytest.mark.filterwarnings("ignore:.*slated for removal in Python 3.13:DeprecationWarning")
@pytest.mark.parametrize("excerpt", [{}, {"offset": 0.1}, {"offset": 0.2, "duration": 0.25}])
def test_a_file_is_loaded_as_librosa_loads_it(tmp_path, excerpt):
    y = np.stack([signals.noise(44100, 0.6, seed=k) for k in range(2)])
    path = write(tmp_path / "a.wav", y.T, 44100, subtype="PCM_16")
    expected, _ = librosa.load(path, sr=22050, **excerpt)
    loaded, _ = loading.load(path, sr=22050, **excerpt)
    np.testing.assert_allclose(loaded, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("native", "length"), [(8000, 3), (22050, 1), (192000, 1)])
def test_one_sample_can_be_resampled(native, length):
    y, _ = loading.load((np.array([0.5]), native), sr=22050)
    assert len(y) == length


def test_a_rate_can_be_a_fraction():
    y, sr = loading.load((signals.noise(8000, 0.5), 8000.5))
    assert sr == 8000.5
    assert len(y) == 4000


# Excerpts


@pytest.mark.parametrize("kind", ["file", "array"])
@pytest.mark.parametrize(
    ("offset", "duration", "start", "stop"),
    [
        (0.0, None, 0, 8000),
        (0.25, None, 2000, 8000),
        (0.25, 0.5, 2000, 6000),
        (0.75, 0.5, 6000, 8000),
        (0.0, 1e9, 0, 8000),
        (0.999875, None, 7999, 8000),
    ],
)
def test_an_excerpt_has_exactly_its_samples(tmp_path, kind, offset, duration, start, stop):
    y = signals.noise(8000, 1.0)
    source = (y, 8000)
    if kind == "file":
        source = write(tmp_path / "a.wav", y, 8000, subtype="FLOAT")
    excerpt, _ = loading.load(source, offset=offset, duration=duration)
    np.testing.assert_array_equal(excerpt, y[start:stop])


@pytest.mark.parametrize("seconds", [2.01, 4.02])
def test_seconds_that_binary_fractions_miss_are_still_whole_samples(seconds):
    # 2.01 * 8000 is 16079.999999999998.
    y = signals.noise(8000, 5.0)
    samples = round(seconds * 8000)
    np.testing.assert_array_equal(loading.load((y, 8000), duration=seconds)[0], y[:samples])
    np.testing.assert_array_equal(loading.load((y, 8000), offset=seconds)[0], y[samples:])


@pytest.mark.parametrize("ending", ["ogg", "mp3", "flac"])
def test_an_excerpt_of_a_compressed_file_is_a_part_of_the_whole(tmp_path, ending):
    path = write(tmp_path / f"a.{ending}", chord(44100, 1.0), 44100)
    whole, _ = loading.load(path)
    excerpt, _ = loading.load(path, offset=0.5, duration=0.25)
    assert len(excerpt) == 11025
    np.testing.assert_allclose(excerpt, whole[22050:33075], rtol=0, atol=1e-4)


@pytest.mark.parametrize("native", [22050, 44100, 48000, 8000])
@pytest.mark.parametrize("seconds", [0.01, 2.7, 4.99995, 5.0, 6.3])
def test_padding_gives_every_clip_exactly_five_seconds(native, seconds):
    y = signals.noise(native, seconds) + 1
    clip, sr = loading.load((y, native), sr=22050, duration=5.0, pad=True)
    assert (len(clip), sr) == (110250, 22050)
    end = min(110250, len(y) * 22050 / native)
    assert np.all(clip[: int(end)] != 0)
    assert not np.any(clip[int(np.ceil(end)) :])


@pytest.mark.parametrize(
    ("native", "sr", "duration"), [(8000, 8000, 2.01), (8000, 22050, 0.1001), (48000, 48000, 4.02)]
)
def test_padding_adds_no_zero_to_a_recording_that_is_long_enough(native, sr, duration):
    y = signals.noise(native, 5.0) + 1
    clip, _ = loading.load((y, native), sr=sr, duration=duration, pad=True)
    assert len(clip) == round(duration * sr)
    assert np.all(clip != 0)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"offset": -0.1}, "offset must be from 0 to 1e\\+09 seconds, got -0.1"),
        ({"offset": np.nan}, "offset must be"),
        ({"offset": np.inf}, "offset must be"),
        ({"duration": 0.0}, "duration must be above 0 and at most 1e\\+09 seconds, got 0"),
        ({"duration": -1.0}, "duration must be"),
        ({"duration": np.nan}, "duration must be"),
        ({"duration": np.inf}, "duration must be"),
        ({"pad": True}, "pad requires a duration"),
        ({"sr": 0}, "sr must be a sample rate, 100 to 10,000,000 Hz, got 0"),
        ({"sr": 1e-300}, "sr must be a sample rate"),
        ({"sr": 10**400}, "sr must be a sample rate"),
        ({"sr": "22050"}, "sr must be a sample rate, .* got '22050'"),
        ({"offset": 1e300}, "offset must be from 0 to"),
        ({"duration": 1e300}, "duration must be above 0 and at most"),
        ({"sr": -22050}, "sr must be"),
        ({"sr": np.nan}, "sr must be"),
        ({"sr": np.inf}, "sr must be"),
    ],
)
def test_parameters_out_of_range_are_named(parameters, message):
    with pytest.raises(ParameterError, match=message):
        loading.load((signals.noise(SR, 0.1), SR), **parameters)


def test_a_duration_shorter_than_a_sample_gives_none(tmp_path):
    soundfile.write(tmp_path / "a.wav", signals.noise(SR, 0.1), SR)
    for source in (tmp_path / "a.wav", (signals.noise(SR, 0.1), SR)):
        with pytest.raises(AudioError, match="no samples"):
            loading.load(source, duration=1e-12)


# Errors


def test_a_missing_file_is_an_error(tmp_path):
    error = loading_error(tmp_path / "no.wav")
    assert (error.stage, error.cause) == ("open", "no such file")
    assert error.source == str(tmp_path / "no.wav")
    assert str(error) == f"{tmp_path / 'no.wav'}: open: no such file"
    assert isinstance(error, FeatkitError)
    assert isinstance(error, OSError)


def test_a_folder_is_an_error(tmp_path):
    error = loading_error(tmp_path)
    assert error.stage == "open"
    assert "is a folder, not a file" in error.cause


def test_an_empty_file_is_an_error(tmp_path):
    path = tmp_path / "empty.wav"
    path.touch()
    error = loading_error(path)
    assert error.stage == "open"
    assert "empty (0 bytes)" in error.cause


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3", "aiff", "au"])
def test_text_is_not_decoded_whatever_its_extension(tmp_path, ending):
    path = tmp_path / f"text.{ending}"
    path.write_text("these are not samples\n" * 20)
    error = loading_error(path)
    assert error.stage == "decode"
    assert error.cause.startswith("libsndfile cannot decode this file")
    assert str(path) in str(error)
    assert str(path) not in error.cause


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("song.M4A", b"\0\0\0\x20ftypM4A ", "MP4"),
        ("song.wav", b"\0\0\0\x20ftypM4A ", "MP4"),
        ("song.ac3", b"\x0b\x77", "AC-3"),
        ("song.wma", b"\x0b\x78", ".wma"),
        ("song.mp3", b"\xff\xf1\x50\x80", "AAC"),
    ],
)
def test_without_the_extra_a_failure_names_it(tmp_path, monkeypatch, name, content, what):
    monkeypatch.delitem(sys.modules, "featkit.audio.decoding.pyav", raising=False)
    monkeypatch.setitem(sys.modules, "av", None)
    path = tmp_path / name
    path.write_bytes(content + bytes(200))
    error = loading_error(path)
    assert error.stage == "decode"
    assert error.cause == f"libsndfile does not decode {what}: install featkit[av]"


@pytest.mark.parametrize("ending", ["wav", "aiff", "au", "caf"])
def test_a_header_without_samples_is_an_error(tmp_path, ending):
    path = write(tmp_path / f"header.{ending}", np.zeros(0))
    error = loading_error(path)
    assert (error.stage, error.cause) == ("samples", "no samples")


def test_a_truncated_mp3_is_not_reported_as_missing(tmp_path):
    path = write(tmp_path / "a.mp3", chord(SR, 1.0))
    path.write_bytes(path.read_bytes()[:100])
    error = loading_error(path)
    assert error.stage == "decode"
    assert "does not exist" not in error.cause


def test_a_header_with_a_rate_of_0_is_an_error(tmp_path):
    path = write(tmp_path / "a.wav", signals.sine(440, SR, 0.1))
    data = bytearray(path.read_bytes())
    data[24:28] = struct.pack("<I", 0)
    path.write_bytes(data)
    error = loading_error(path)
    assert error.stage == "decode"


@pytest.mark.parametrize("kind", ["file", "array"])
@pytest.mark.parametrize("offset", [0.1, 5.0, 1e9])
def test_an_offset_past_the_end_is_an_error(tmp_path, kind, offset):
    y = signals.sine(440, SR, 0.1)
    source = write(tmp_path / "a.wav", y) if kind == "file" else (y, SR)
    error = loading_error(source, offset=offset)
    assert error.stage == "samples"
    assert f"no samples after the offset of {offset:g} s" in error.cause


@pytest.mark.parametrize("kind", ["file", "array"])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_not_finite_is_named(tmp_path, kind, channels, value):
    y = np.stack([signals.noise(SR, 0.1, seed=k) for k in range(channels)])
    y[-1, 777] = value
    y[-1, 800] = np.nan
    source = (y, SR)
    if kind == "file":
        source = write(tmp_path / "a.wav", y.T, subtype="FLOAT")
    error = loading_error(source)
    assert error.stage == "samples"
    assert error.cause == f"sample 777 is {value}: every sample must be finite"


def test_infinities_that_cancel_out_in_the_mean_are_named(tmp_path):
    y = np.stack([signals.noise(SR, 0.1), signals.noise(SR, 0.1)])
    y[:, 5] = np.inf, -np.inf
    for source in ((y, SR), write(tmp_path / "a.wav", y.T, subtype="FLOAT")):
        error = loading_error(source)
        assert error.stage == "samples"
        assert error.cause.startswith("sample 5 is")


def test_only_the_excerpt_must_be_finite(tmp_path):
    y = signals.noise(SR, 0.2)
    y[4000] = np.nan
    path = write(tmp_path / "a.wav", y, subtype="FLOAT")
    assert len(loading.load(path, duration=0.1)[0]) == 2205


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "a.wav")
    assert "not a regular file" in loading_error(tmp_path / "a.wav").cause


@pytest.mark.parametrize("rate", [1, 2**31 - 1])
def test_a_rate_out_of_range_is_refused(tmp_path, rate):
    path = write(tmp_path / "a.wav", signals.noise(SR, 0.1), sr=rate)
    error = loading_error(path, sr=SR)
    assert error.stage == "open"
    assert error.cause == f"the sample rate is {rate:g} Hz, expected 100 to 10,000,000 Hz"


def test_an_mp3_under_another_name_is_decoded_quietly(tmp_path, capfd):
    data = write(tmp_path / "a.mp3", chord(SR, 1.0)).read_bytes()
    (tmp_path / "b.wav").write_bytes(data[: len(data) // 2])
    assert len(loading.load(tmp_path / "b.wav")[0]) > SR / 4
    assert capfd.readouterr() == ("", "")
