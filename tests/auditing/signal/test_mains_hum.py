"""Mains hum against synthetic hum, and against sounds that resemble it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spectral_defects import noise, piece, tones, voice

from featkit.auditing.defect import DEFECTS
from featkit.auditing.signal.mains_hum import mains_hum


def hum(f0, **options):
    return tones([f0 * k for k in (1, 2, 3, 4, 6)], **options)


def strongest(samples, sr=44100):
    return max(mains_hum(piece(samples, sr)), key=lambda one: one.power, default=None)


@pytest.mark.parametrize(("mains", "f0"), [(50, 50.0), (50, 49.87), (60, 60.0), (60, 60.11)])
def test_frequency_and_level_of_hum_are_measured(mains, f0):
    one = strongest(noise(level=-50) + hum(f0, level=-40))
    assert one.mains == mains
    assert one.frequency == pytest.approx(f0, abs=0.01)
    assert one.level == pytest.approx(-40, abs=0.5)
    assert one.lines == 5
    assert (one.start, one.end) == (0, pytest.approx(5, abs=0.1))


@pytest.mark.parametrize("sr", [8000, 22050, 96000])
def test_hum_is_found_at_any_sample_rate(sr):
    assert strongest(noise(sr=sr, level=-50) + hum(50, sr=sr), sr).mains == 50


def test_hum_is_found_below_speech():
    assert strongest(noise(level=-70) + voice(110) + hum(50, level=-45)).mains == 50


def test_the_limits_of_hum_in_a_part_are_correct_within_half_a_second():
    samples = noise(10, level=-50)
    samples[3 * 44100 : 8 * 44100] += hum(60, level=-40)
    hums = mains_hum(piece(samples))
    assert min(one.start for one in hums) == pytest.approx(3, abs=0.5)
    assert max(one.end for one in hums) == pytest.approx(8, abs=0.5)


@pytest.mark.parametrize(
    "sound",
    [
        noise(),
        np.zeros(44100 * 5),
        tones([100]),
        tones([49 * k for k in range(1, 9)]),
        tones([51.9 * k for k in range(1, 9)]),
        tones([110, 220, 330, 440, 165, 247, 494, 330]),
        voice(100),
        voice(120, depth=0.01),
        tones([12.5 * k for k in range(1, 60)]),
        tones([25 * k for k in range(1, 30)]),
    ],
    ids=[
        "noise",
        "silence",
        "tone of 100 Hz",
        "G1",
        "G#1",
        "organ",
        "voice of 100 Hz",
        "steady voice of 120 Hz",
        "engine of 12.5 Hz",
        "engine of 25 Hz",
    ],
)
def test_other_sounds_are_no_hum(sound):
    assert mains_hum(piece(sound + noise(level=-60, seed=1))) == []


def test_a_recording_that_is_too_short_has_no_hum():
    assert mains_hum(piece(hum(50, seconds=1.4))) == []


def test_hum_far_below_the_recording_is_not_reported():
    quiet = noise(level=-96) + hum(50, level=-90)
    loud = quiet.copy()
    loud[:20000] = noise(level=-3)[:20000]
    assert mains_hum(piece(quiet)) != []
    assert mains_hum(piece(loud)) == []


def test_a_finding_has_the_time_in_the_file():
    sound = noise(2, level=-50) + hum(50, seconds=2)
    first, *_ = DEFECTS["hum_50"].find(piece(sound, first=441000))
    assert first.start == pytest.approx(10)
    assert first.end == pytest.approx(12, abs=0.1)
    assert DEFECTS["hum_50"].message(first.value) == "mains hum at 50 Hz and harmonics, -40 dBFS"
    assert [*DEFECTS["hum_60"].find(piece(sound))] == []


@settings(max_examples=25, deadline=None)
@given(
    length=st.integers(1, 12000),
    channels=st.sampled_from([1, 2, 8]),
    sr=st.sampled_from([1000, 8000, 192000]),
    scale=st.sampled_from([0.0, 1e-9, 1.0, 1e9]),
    name=st.sampled_from(["hum_50", "hum_60", "bandwidth", "mp3_source"]),
)
def test_findings_lie_within_any_recording(length, channels, sr, scale, name):
    samples = scale * np.random.default_rng(length).standard_normal((length, channels))
    for one in DEFECTS[name].find(piece(samples, sr)):
        assert 0 <= one.start <= one.end <= length / sr + 1e-9
        assert one.strength >= 1
        assert np.isfinite(one.value)
