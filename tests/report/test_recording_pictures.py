"""Spectrograms, waveforms, marks and players of parts of recordings."""

import base64
import io
import re

import numpy as np
import pytest
import soundfile
from PIL import Image

from featkit import signals
from featkit.auditing.defect import PICTURES
from featkit.report._recording_pictures import (
    draw,
    marks,
    peak_time,
    playable,
    played_bar,
    waveform,
)
from featkit.report._windows import Window

SR = 22050


def decoded(address):
    return io.BytesIO(base64.b64decode(address.partition(",")[2]))


def pixels(picture):
    """Brightness of the spectrogram, and where it is transparent."""
    with Image.open(decoded(picture.address)) as image:
        rgba = np.asarray(image.convert("RGBA")).astype(int)
    return rgba[..., :3].sum(axis=2), rgba[..., 3] == 0


def heights(svg):
    """Vertical coordinates of the waveform."""
    path = re.search(r'class="wave[^"]*" d="M([^"Z]*)', svg)[1]
    return np.array([float(point.split(" ")[1]) for point in path.split("L")])


@pytest.fixture
def file(tmp_path):
    """Silence for one second, then a tone for one."""
    y = np.concatenate([np.zeros(SR, np.float32), signals.sine(3000.0, SR, 1.0)])
    soundfile.write(tmp_path / "a.wav", y, SR)
    return str(tmp_path / "a.wav")


@pytest.mark.parametrize("kind", PICTURES)
def test_every_kind_of_picture_can_be_drawn(file, kind):
    picture = draw(file, Window(0.0, 2.0), kind)
    assert bool(picture.address) != bool(picture.waveforms)
    assert 0 < picture.size < 40_000
    assert picture.axis


def test_time_is_from_left_to_right_and_frequency_from_bottom_to_top(file):
    bright, blank = pixels(draw(file, Window(0.0, 2.0), "all frequencies"))
    assert not blank.any()
    rows, columns = bright.shape
    assert abs(bright.sum(axis=1).argmax() - rows * (1 - 3000 / 11025)) < 2
    loud = bright.sum(axis=0) > bright.sum(axis=0).mean()
    assert abs(np.flatnonzero(loud)[0] - columns / 2) < 8


def test_what_is_outside_of_the_recording_is_transparent(file):
    _, blank = pixels(draw(file, Window(-1.0, 3.0), "spectrogram"))
    columns = blank.all(axis=0)
    assert (blank.any(axis=0) == columns).all()
    width = len(columns)
    assert columns[: width // 4 - 1].all()
    assert not columns[width // 4 + 2 : 3 * width // 4 - 2].any()
    assert columns[3 * width // 4 + 2 :].all()


def test_low_frequencies_show_a_hum_at_its_height(tmp_path):
    y = signals.sine(100.0, 8000, 4.0, 0.01) + signals.noise(8000, 4.0, 0.02)
    soundfile.write(tmp_path / "hum.wav", y, 8000)
    bright, _ = pixels(draw(str(tmp_path / "hum.wav"), Window(0.0, 4.0), "low frequencies"))
    assert abs(bright.sum(axis=1).argmax() - len(bright) * (1 - 100 / 500)) < 2


def test_each_channel_has_a_waveform(tmp_path):
    y = np.stack([signals.sine(50.0, SR, 0.1, 0.9), np.zeros(SR // 10)], axis=1)
    soundfile.write(tmp_path / "stereo.wav", y, SR)
    first, second = draw(str(tmp_path / "stereo.wav"), Window(0.0, 0.1), "channels").waveforms
    assert np.ptp(heights(first)) > 80
    assert np.ptp(heights(second)) < 0.2
    (mixed,) = draw(str(tmp_path / "stereo.wav"), Window(0.0, 0.1), "waveform").waveforms
    assert 35 < np.ptp(heights(mixed)) < 50


def test_a_waveform_touches_full_scale_where_it_is_clipped():
    clipped = np.clip(signals.sine(5.0, 1000, 0.5, 2.0), -1, 1)
    top, bottom = 3.0, 97.0
    points = heights(waveform(clipped, 1.0, 1.0))
    assert (points.min(), points.max()) == (top, bottom)
    assert np.mean(points == top) > 0.2
    assert 'class="rule full"' in waveform(clipped, 1.0, 1.0)


def test_long_waveforms_show_the_extremes_of_each_column():
    y = np.zeros(100_000, np.float32)
    y[50_000], y[70_000] = 1.0, -1.0
    svg = waveform(y, 1.0, 1.0)
    points = heights(svg)
    assert (points.min(), points.max()) == (3.0, 97.0)
    assert len(svg) < 8000


def test_quiet_waveforms_are_magnified(tmp_path):
    soundfile.write(tmp_path / "quiet.wav", signals.sine(50.0, SR, 0.1, 0.01), SR)
    picture = draw(str(tmp_path / "quiet.wav"), Window(0.0, 0.1), "samples")
    assert picture.axis == "±0.01 of full scale"
    assert np.ptp(heights(picture.waveforms[0])) > 90


def test_the_peak_of_a_part_is_located(file, tmp_path):
    y = np.zeros((SR, 2))
    y[SR // 2, 1] = -0.7
    soundfile.write(tmp_path / "peak.wav", y, SR)
    assert peak_time(str(tmp_path / "peak.wav"), Window(0.25, 1.0)) == pytest.approx(0.5, abs=1e-4)


def test_marks_are_at_the_ranges_within_the_window():
    svg = marks([Window(1.0, 2.0), Window(9.0, 10.0)], Window(0.0, 4.0))
    assert re.findall(r"M(\d+) 1h(\d+)", svg) == [("250", "250")] * 2
    assert marks([Window(0.0, 4.0)], Window(0.0, 4.0)) is None
    assert marks([], Window(0.0, 4.0)) is None
    assert marks([Window(9.0, 10.0)], Window(0.0, 4.0)) is None


def test_the_bar_is_at_the_part_that_is_played():
    svg = played_bar(Window(1.0, 2.0), Window(0.0, 4.0))
    assert re.search(r'x="(\d+)".* width="(\d+)"', svg).groups() == ("250", "250")


def test_a_player_plays_the_given_part(file):
    address = playable(file, Window(0.5, 1.5))
    assert len(address) < 30_000
    y, sr = soundfile.read(decoded(address))
    assert len(y) / sr == pytest.approx(1.0, abs=0.1)
    level = np.abs(y).reshape(-1, 10).mean(axis=1) if not len(y) % 10 else np.abs(y)
    assert level[: len(level) // 3].mean() < 0.01 < level[2 * len(level) // 3 :].mean()


def test_sounds_are_flac_without_mp3(file, monkeypatch):
    monkeypatch.setattr(soundfile, "available_formats", lambda: {"FLAC": ""})
    address = playable(file, Window(0.5, 1.5))
    assert address.startswith("data:audio/flac")
    assert soundfile.read(decoded(address))[1] == SR


@pytest.mark.parametrize("samples", [1, 7, 300])
def test_very_short_recordings_have_pictures_and_players(tmp_path, samples):
    soundfile.write(tmp_path / "short.wav", np.full(samples, 0.5), SR)
    for kind in PICTURES:
        assert draw(str(tmp_path / "short.wav"), Window(0.0, 0.1), kind).size
    assert playable(str(tmp_path / "short.wav"), Window(0.0, samples / SR)).startswith("data:")
