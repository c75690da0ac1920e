"""Alignment: the lag, the common part, score and gain of signals made for the purpose."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.dsp.alignment import align

SR = 8000


def noise(seconds, seed=0):
    y = np.random.default_rng(seed).standard_normal(round(seconds * SR))
    return y.astype(np.float32)


@settings(max_examples=25)
@given(lag=st.integers(-4000, 4000), error=st.integers(-200, 200), gain=st.floats(0.01, 100))
def test_lag_and_gain_of_a_shifted_copy(lag, error, gain):
    y = noise(3)
    x = y[max(0, lag) :]
    copy = np.float32(-gain) * y[max(0, -lag) :]
    found = align(x, copy, SR, lag + error, 256)
    assert found.lag == lag
    assert found.score > 0.99
    assert found.gain == pytest.approx(-gain, rel=0.05)
    assert found.share > 0.9


def test_the_common_part_is_found_within_a_window():
    x, y = noise(4, 1), noise(4, 2)
    y[SR : 2 * SR] = x[2 * SR : 3 * SR]
    found = align(x, y, SR, -SR, 100)
    assert (found.start / SR, found.end / SR) == pytest.approx((2, 3), abs=0.07)
    assert found.share == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize(("snr", "score"), [(10, 0.95), (0, 0.71)])
def test_noise_lowers_the_score_as_theory_says(snr, score):
    x = noise(5)
    y = x + 10 ** (-snr / 20) * noise(5, 3)
    assert align(x, y, SR, 0, 100).score == pytest.approx(score, abs=0.02)


def test_unrelated_noise_has_hardly_any_support():
    found = align(noise(5), noise(5, 4), SR, 0, 256)
    assert found.support < 0.2


def test_one_common_click_has_the_support_of_one_window():
    x, y = 1e-3 * noise(5, 1), 1e-3 * noise(5, 2)
    click = noise(0.02, 3)
    x[20000 : 20000 + len(click)] += click
    y[20000 : 20000 + len(click)] += click
    assert align(x, y, SR, 0, 100).support <= 0.08


def test_silence_at_the_ends_belongs_to_the_common_part():
    y = np.concatenate([np.zeros(SR), noise(1), np.zeros(2 * SR)]).astype(np.float32)
    found = align(y, y, SR, 0, 100)
    assert (found.start, found.end) == (0, len(y))


@pytest.mark.parametrize("length", [0, 1, 10, 499, 500])
def test_short_and_silent_signals_have_no_common_part(length):
    for lag in (-600, 0, 3, 600):
        found = align(np.zeros(length, np.float32), noise(1), SR, lag, 256)
        assert (found.score, found.support, found.share) == (0, 0, 0)
