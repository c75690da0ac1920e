"""Framing of MP3, in samples that libsndfile encodes and decodes."""

import numpy as np
import pytest
import scipy.signal
from defective import SR, voice
from spectral_defects import decoded_from_mp3, noise, piece, rounded

from featkit.auditing.defect import DEFECTS
from featkit.auditing.signal.mp3_framing import CLEAR, GRANULE, find_framing


def sound(sr=44100, seed=0):
    """Noise with the slope of most recordings, which rises and falls."""
    y = scipy.signal.lfilter([1], [1, -0.9], noise(3, sr, level=-30, seed=seed))
    return rounded(y * (1 + 0.5 * np.sin(np.arange(len(y)) / 5000)))


def framing(y):
    return find_framing(np.asarray(y, dtype=np.float32))


@pytest.mark.parametrize("sr", [16000, 22050, 44100, 48000])
def test_the_framing_moves_with_the_samples(sr):
    y = decoded_from_mp3(sound(sr), sr, compression=0.8)
    whole, cut = framing(y), framing(y[1000:])
    assert min(whole.score, cut.score) > CLEAR
    assert (whole.offset - cut.offset) % GRANULE == 1000 % GRANULE


def test_gain_does_not_matter():
    y = decoded_from_mp3(sound(), 44100)
    assert framing(rounded(0.3 * y)).offset == framing(y).offset
    assert framing(rounded(0.3 * y)).score > CLEAR


@pytest.mark.parametrize("seed", range(5))
def test_sound_without_mp3_has_no_clear_framing(seed):
    assert framing(sound(seed=seed)).score < CLEAR


def test_short_and_silent_sound_has_no_framing():
    assert framing(np.ones(3000)) is None
    assert framing(np.zeros(44100)) is None


@pytest.mark.parametrize("period", [96, 288, 576, 1152])
def test_periodic_sound_has_no_clear_framing(period):
    cycle = np.random.default_rng(period).standard_normal(period) / 10
    framed = framing(np.tile(cycle, 200))
    assert framed is None or framed.score < CLEAR


def test_only_files_of_other_formats_are_reported():
    y = decoded_from_mp3(sound(), 44100)
    find = DEFECTS["mp3_source"].find
    (one,) = find(piece(y, first=44100))
    assert (one.start, one.end) == (1, pytest.approx(1 + len(y) / 44100))
    assert [*find(piece(y, form="MP3"))] == []
    assert [*find(piece(sound()))] == []


def test_stereo_is_found_with_channels_that_differ():
    both = np.stack([sound(seed=1), 0.2 * sound(seed=2)], axis=1)
    assert [*DEFECTS["mp3_source"].find(piece(decoded_from_mp3(both, 44100, compression=0.7)))]


def test_the_edge_of_silence_is_no_framing():
    t = np.arange(5 * SR) / SR
    for begin in (0.5, 1.0, 2.0, 3.1):
        assert framing(rounded(np.where(abs(t - begin) < 0.25, 0.0, voice(5.0)))).score < CLEAR
        assert framing(rounded(np.where(abs(t - begin - 0.25) < 0.25, 0, voice(5.0)))).score < CLEAR
