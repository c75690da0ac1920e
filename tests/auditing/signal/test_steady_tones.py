"""Steady tones that start and stop, among sounds whose frequency wanders."""

import numpy as np
import pytest
from defective import SR, piece_of, voice

from featkit.auditing.signal.steady_tones import steady_tones


def tone(frequency, begin, end, *, level=0.02, seconds=5.0, glide=0.0):
    t = np.arange(round(seconds * SR)) / SR
    phase = 2 * np.pi * (frequency * t + glide * t**2 / 2)
    return level * np.sin(phase) * ((t >= begin) & (t < end))


@pytest.mark.parametrize("frequency", [1000.0, 3210.7, 5000.0, 9000.0])
def test_a_beep_within_speech_is_found_at_its_place(frequency):
    (found,) = steady_tones(piece_of(voice(5.0) + tone(frequency, 1.5, 3.2)))
    assert (found.start, found.end) == pytest.approx((1.5, 3.2), abs=0.15)
    assert found.frequency == pytest.approx(frequency, abs=45)


def test_a_tone_that_louder_sound_hides_for_a_moment_is_one_tone():
    y = voice(5.0) + tone(2000.0, 1.0, 4.0)
    y[2 * SR : 2 * SR + SR // 5] += 0.3 * np.random.default_rng(0).standard_normal(SR // 5)
    (found,) = steady_tones(piece_of(y))
    assert (found.start, found.end) == pytest.approx((1.0, 4.0), abs=0.15)


@pytest.mark.parametrize(
    "sound",
    [
        tone(1000.0, 0.0, 5.0),
        tone(1000.0, 1.0, 1.5),
        tone(1000.0, 1.5, 3.2, glide=60.0),
        np.zeros(5 * SR),
    ],
    ids=["throughout", "short", "gliding", "none"],
)
def test_what_is_no_steady_tone_in_a_part_is_not_reported(sound):
    assert not steady_tones(piece_of(voice(5.0) + sound))


def test_a_melody_is_not_reported():
    notes = [440.0, 495.0, 550.0, 660.0]
    y = sum(tone(note, 0.5 + k, 1.4 + k) for k, note in enumerate(notes))
    assert not steady_tones(piece_of(voice(5.0) + y))


@pytest.mark.parametrize("size", [0, 1, 100, SR])
def test_short_recordings_have_none(size):
    assert not steady_tones(piece_of(np.zeros(size, dtype=np.int16)))


@pytest.mark.parametrize("sr", [1, 10, 100, 8000, 192000])
def test_any_sample_rate_is_accepted(sr):
    noise = np.random.default_rng(0).integers(-99, 99, 5 * sr).astype(np.int16)
    assert not steady_tones(piece_of(noise, sr))
