"""Plain WAV files are read as libsndfile reads them; all others are left to it."""

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.audio import loading
from featkit.audio.decoding import reader
from featkit.audio.decoding._plain_wav import HEADER, plain_wav


def wav(samples, rate=8000, subtype="PCM_16", kind="WAV"):
    content = io.BytesIO()
    soundfile.write(content, samples, rate, subtype=subtype, format=kind)
    return content.getvalue()


def noise(n_frames=300, channels=1):
    y = np.random.default_rng(0).integers(-(2**15), 2**15, size=(n_frames, channels))
    return y.astype(np.int16)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("rate", [8000, 44100])
def test_the_samples_are_those_of_libsndfile(channels, rate):
    content = wav(noise(channels=channels), rate)
    decoder = plain_wav(content)
    expected, expected_rate = soundfile.read(io.BytesIO(content), dtype="int16")
    (samples,) = decoder.blocks(0, 1000)
    np.testing.assert_array_equal(samples, expected)
    assert (decoder.rate, decoder.channels) == (expected_rate, channels)
    np.testing.assert_array_equal(np.concatenate(list(decoder.blocks(7, 64))), expected[7:])
    np.testing.assert_array_equal(decoder.read(5, 9), expected[5:9])


def described(path):
    with loading.opening(path) as sound:
        return sound.y.tobytes(), sound.source, sound.quality()


def test_everything_about_a_file_is_as_with_libsndfile(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    path.write_bytes(wav(noise(channels=2)))
    plain = described(path)
    monkeypatch.setattr(reader, "plain_wav", lambda content: None)
    assert described(path) == plain


@pytest.mark.parametrize(
    "content",
    [
        b"",
        wav(noise(), subtype="PCM_24"),
        wav(noise(), subtype="ULAW"),
        wav(noise(), kind="AIFF"),
        wav(noise(), kind="WAVEX"),
        wav(noise())[:-1],
        wav(noise()) + b"more",
        wav(noise()[:0]),
    ],
)
def test_other_files_are_left_to_libsndfile(content):
    assert plain_wav(content) is None


@settings(max_examples=150, deadline=None)
@given(st.integers(0, HEADER.size - 1), st.integers(0, 255))
def test_a_changed_header_is_read_as_libsndfile_reads_it_or_left_to_it(place, value):
    content = bytearray(wav(noise(channels=2)))
    content[place] = value
    decoder = plain_wav(bytes(content))
    if decoder is not None:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            expected = file.read(dtype="int16")
            found = (file.samplerate, file.channels, file.format, file.subtype)
        (samples,) = decoder.blocks(0, 1000)
        np.testing.assert_array_equal(samples, expected)
        assert found == (decoder.rate, decoder.channels, *decoder.format.split())
