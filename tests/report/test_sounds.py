"""Sounds and spectrograms of the page."""

import base64
import io
import os

import numpy as np
import pytest
import soundfile
from PIL import Image

from featkit import signals
from featkit.audio.loading import load
from featkit.datasets.files import as_text
from featkit.report._sounds import coloured, load_sound, spectrogram


def test_a_sound_is_the_input_of_the_model(tmp_path):
    soundfile.write(tmp_path / "a.wav", signals.sine(440.0, 44100, 9.0), 44100)
    sound = load_sound(tmp_path, "a.wav", start=1.0, end=9.0, sample_rate=16000.0)
    file = tmp_path / "sound.flac"
    file.write_bytes(base64.b64decode(sound.audio.partition(",")[2]))
    y, sr = soundfile.read(file)
    assert (sr, len(y)) == (16000, 5 * 16000)
    expected, _ = load(tmp_path / "a.wav", sr=16000.0, offset=1.0, duration=5.0)
    np.testing.assert_allclose(y, expected, atol=1 / 32768)


@pytest.mark.parametrize("path", ["../a.wav", "/etc/passwd", "a\0.wav", "", "x" * 5000])
def test_no_path_leaves_the_folder_of_recordings(tmp_path, path):
    soundfile.write(tmp_path / "a.wav", np.zeros(2000), 22050)
    (tmp_path / "sounds").mkdir()
    sound = load_sound(tmp_path / "sounds", path)
    assert sound.error
    assert not sound.audio


def test_silence_is_dark():
    assert spectrogram(np.zeros(22050, np.float32), 22050.0).max() == 0
    picture = np.asarray(coloured(spectrogram(signals.sine(440.0, 22050), 22050.0)))
    assert picture.max() == 255
    assert np.median(picture) == 0
    assert 70 <= picture.sum(axis=1).argmax() <= 85  # low frequencies are at the bottom of 96 bands


def test_louder_frames_are_brighter(tmp_path):
    sweep = signals.sine(440.0, 22050, 3.0) * np.linspace(0, 1, 3 * 22050, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", sweep, 22050)
    sound = load_sound(tmp_path, "a.wav")
    data = base64.b64decode(sound.picture.partition(",")[2])
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (sound.width, sound.height)
        assert 400 < sound.width < 440
        bright = np.asarray(picture.convert("L"), int).max(axis=0)
    assert (np.diff(bright[5:-5]) >= -2).all()
    assert bright[-5] > bright[5] + 100


def test_sounds_are_found_by_escaped_names(tmp_path):
    name = os.fsdecode(b"caf\xe9 \\x41.wav")
    try:
        soundfile.write(os.fsencode(tmp_path / name), signals.sine(440.0, 22050), 22050)
    except OSError:
        pytest.skip("this file system knows no such names")
    assert load_sound(tmp_path, as_text(name)).audio


def test_links_in_the_folder_of_recordings_are_followed(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "corpus").mkdir()
    soundfile.write(tmp_path / "disk" / "a.wav", signals.sine(440.0, 22050), 22050)
    (tmp_path / "corpus" / "b.wav").symlink_to(tmp_path / "disk" / "a.wav")
    assert load_sound(tmp_path / "corpus", "b.wav").audio
    assert "outside" in load_sound(tmp_path / "corpus", "../disk/a.wav").error
