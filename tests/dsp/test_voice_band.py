"""Clips limited to a band: an ideal low-pass, the same samples in any pieces, and pre-emphasis."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit import signals
from featkit.dsp.filters import gaussian_window
from featkit.dsp.voice_band import BandClip

FAR = 1e9
"""A frequency from which there is no pre-emphasis."""

RATES = [11025, 12000.5, 16000, 22050, 44100, 44101, 48000, 192000]


@pytest.mark.parametrize("sr", RATES)
def test_the_band_is_kept_and_the_rest_removed(sr):
    y = signals.sine(100.0, sr, 3.0, 0.2) + signals.sine(5450.0, sr, 3.0, 0.2)
    band = BandClip(y + signals.sine(min(5512.0, sr / 2 - 1), sr, 3.0, 0.2), sr, 5500.0, FAR)
    assert band.sr == pytest.approx(11000, rel=1e-8)
    assert len(band) == pytest.approx(33000, abs=1)
    t = (np.arange(len(band)) + 0.5) / band.sr - 0.5 / sr  # samples are middles of periods
    expected = 0.2 * np.cos(2 * np.pi * 100 * t) + 0.2 * np.cos(2 * np.pi * 5450 * t)
    middle = slice(9000, -9000)  # a tone begins and ends with all frequencies
    np.testing.assert_allclose(band[:][middle], expected[middle], atol=2e-5)


def test_a_clip_of_a_low_rate_is_not_resampled():
    y = signals.noise(8000, 0.1)
    band = BandClip(y, 8000, 5500.0, FAR)
    assert band.sr == 8000
    np.testing.assert_array_equal(band[:], y.astype(np.float64))


@given(
    sr=st.sampled_from([8000, 16000, 22050]),
    samples=st.integers(1, 60000),
    piece=st.integers(500, 30000),
)
@settings(max_examples=20)
def test_samples_have_the_same_bits_in_any_pieces(sr, samples, piece):
    y = np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
    whole = BandClip(y, sr, 5500.0, 50.0)
    band = BandClip(y, sr, 5500.0, 50.0)
    parts = [band[k : k + piece] for k in range(0, len(band), piece)]
    np.testing.assert_array_equal(np.concatenate(parts), whole[:])
    assert len(whole[:]) == len(whole)


def test_pre_emphasis_has_its_gain():
    sr, hz = 8000, np.array([50.0, 500.0, 3000.0])
    for frequency in hz:
        y = signals.sine(frequency, sr, 1.0)
        plain, raised = (BandClip(y, sr, 5500.0, start) for start in (FAR, 50.0))
        gain = 20 * np.log10(np.std(raised[100:7300]) / np.std(plain[100:7300]))
        np.testing.assert_allclose(raised.emphasis_db(frequency), gain, atol=0.01)
    band = BandClip(signals.noise(sr), sr, 5500.0, 50.0)
    doubled = band.emphasis_db(2000.0) - band.emphasis_db(1000.0)
    assert doubled == pytest.approx(6, abs=1)  # dB per octave, less near half the rate


@pytest.mark.parametrize("sr", [8000, 22050])
def test_frames_of_digital_silence_are_silent(sr):
    y = np.concatenate([np.zeros(sr), signals.noise(sr, 1.0), np.zeros(sr)]).astype(np.float32)
    band = BandClip(y, sr, 5500.0, 50.0)
    length = round(0.05 * band.sr)
    starts = np.arange(0, len(band) - length, round(0.01 * band.sr))
    sounding = band.sounding(starts, length)
    begins, ends = starts / band.sr, (starts + length) / band.sr
    assert sounding[(ends > 1.001) & (begins < 1.999)].all()
    assert not sounding[(ends < 0.999) | (begins > 2.001)].any()
    assert band.sounding(starts[:0], length).shape == (0,)


def test_the_window_is_a_gaussian_of_half_its_length():
    w = gaussian_window(551)
    assert np.argmax(w) == 275
    assert w[0] < 1e-5
    np.testing.assert_allclose(w, w[::-1], atol=1e-15)
    half = w[275 + 138]  # at the ends of the effective length
    assert half == pytest.approx(np.exp(-3), abs=0.002)
