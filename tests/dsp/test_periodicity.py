"""Periodicity: correlations against their definitions, and peaks between lags."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit import signals
from featkit.dsp.periodicity import (
    analysis_window,
    autocorrelations,
    correlation_peaks,
    even_length,
    forward_correlations,
)
from featkit.dsp.short_frames import ShortFrames
from featkit.dsp.voice_harmonicity import harmonicity_ac, harmonicity_cc

SR = 16000.0
SETTINGS = {"pitch_floor": 75.0, "silence_threshold": 0.1}


def test_windows_are_symmetric_and_0_just_outside():
    for name in ("hann", "gaussian"):
        window = analysis_window(name, 400)
        np.testing.assert_array_equal(window, window[::-1])
        assert 0 < window[0] < 1e-3
        assert window.max() == pytest.approx(1, abs=1e-3)
    # Half of the height of exp(-48 u²) is at u = sqrt(log(2) / 48) of the length.
    wide = analysis_window("gaussian", 4001) >= 0.5
    assert wide.sum() / 4002 == pytest.approx(2 * np.sqrt(np.log(2) / 48), rel=1e-3)


@pytest.mark.parametrize("window", ["hann", "gaussian"])
def test_the_autocorrelation_of_a_periodic_frame_is_1_at_its_period(window):
    y = signals.sine(200.0, SR, 0.06)[None] * analysis_window(window, 960)
    correlation = autocorrelations(y, window, 240)
    np.testing.assert_allclose(correlation[0, [0, 80, 160]], 1, atol=3e-3)
    np.testing.assert_allclose(correlation[0, [40, 120]], -1, atol=3e-3)
    assert not autocorrelations(0 * y, window, 240).any()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(20, 200), st.integers(1, 150))
def test_forward_correlations_equal_their_definition(seed, length, lags):
    x = np.random.default_rng(seed).standard_normal((2, length + lags)).astype(np.float32)
    values = forward_correlations(x, length, lags)
    x = x.astype(np.float64)
    for lag in {0, 1, lags // 2, lags}:
        a, b = x[:, :length], x[:, lag : lag + length]
        expected = np.sum(a * b, axis=1) / np.sqrt(np.sum(a**2, axis=1) * np.sum(b**2, axis=1))
        np.testing.assert_allclose(values[:, lag], expected, atol=2e-6)


def test_forward_correlations_beyond_the_frame_use_the_samples_that_remain():
    x = signals.sine(100.0, SR, 0.03)[None]  # 480 samples, period 160
    values = forward_correlations(x, 200, 320)
    np.testing.assert_allclose(values[0, [160, 320]], 1, atol=1e-6)
    assert not forward_correlations(0 * x, 200, 320).any()


@settings(max_examples=40, deadline=None)
@given(st.floats(30.0, 150.0), st.floats(0.2, 0.99))
def test_a_peak_between_lags_is_found_with_its_place_and_height(lag, height):
    # Half the bandwidth: the sinc is that of a sound without its highest octave.
    curve = height * np.sinc((np.arange(220) - lag) / 2)
    peaks = correlation_peaks(curve[None].astype(np.float32), 10, 190, below_best=0.1)
    (k,) = np.flatnonzero(np.abs(peaks.lag - lag) < 1)
    assert peaks.lag[k] == pytest.approx(lag, abs=2e-3)
    assert peaks.height[k] == pytest.approx(height, abs=1e-3 * height)


def test_heights_above_1_are_replaced_by_their_reciprocal():
    curve = 1.02 * np.sinc((np.arange(220) - 100) / 2)
    peaks = correlation_peaks(curve[None].astype(np.float32), 10, 190, below_best=0.1)
    assert peaks.height == pytest.approx([1 / 1.02], abs=1e-3)


def test_even_length_lies_within_the_duration():
    for seconds, sr in ((0.04, 22050.0), (0.12, 16000.0), (1e-5, 8000.0)):
        length = even_length(seconds, sr)
        assert length % 2 == 0
        assert 0 <= length <= max(0, seconds * sr)
    assert even_length(0.04, 22050.0) == 880


def noisy(ratio, seed=0):
    """A tone of 160 Hz with ten harmonics, and white noise that is lower by a ratio in dB."""
    time = signals.time(SR, 4.0)
    y = sum(np.cos(2 * np.pi * 160 * h * time + h**2) for h in range(1, 11))
    noise = np.random.default_rng(seed).standard_normal(len(time))
    return (y + noise * np.sqrt(5 / 10 ** (ratio / 10))).astype(np.float32)


@pytest.mark.parametrize("ratio", [0.0, 10.0, 20.0, 30.0])
def test_harmonicity_is_the_ratio_of_the_powers(ratio):
    frames = ShortFrames([noisy(ratio)], SR, length=400, hop=0.01, placement="middle")
    ac = harmonicity_ac(frames, periods=4.5, **SETTINGS)
    cc = harmonicity_cc(frames, periods=1.0, **SETTINGS)
    # The highest of several peaks is somewhat above 0 dB; at 30 dB the window limits precision.
    assert np.nanmean(ac) == pytest.approx(ratio, abs=0.5 if ratio < 30 else 1.5)
    assert np.nanmean(cc) == pytest.approx(ratio, abs=0.8)


def test_silent_frames_and_edges_have_no_harmonicity():
    y = np.concatenate([noisy(20.0), np.zeros(int(SR), np.float32)])
    frames = ShortFrames([y], SR, length=400, hop=0.01, placement="middle")
    values = harmonicity_ac(frames, periods=4.5, **SETTINGS)
    assert np.isnan(values[:4]).all()
    assert np.isnan(values[-80:]).all()
    assert np.isfinite(values[10:380]).all()
