"""A synthetic vowel has the resonances, the pulses and the slope that its parameters say."""

import numpy as np
import pytest

from featkit import signals

SR = 16000


def gain_db(y):
    return np.fft.rfftfreq(len(y), 1 / SR), 20 * np.log10(np.abs(np.fft.rfft(y)) + 1e-30)


@pytest.mark.parametrize(
    ("frequency", "bandwidth"), [(500.0, 60.0), (1500.0, 90.0), (3000.0, 200.0)]
)
def test_a_resonator_has_its_frequency_and_bandwidth(frequency, bandwidth):
    impulse = signals.impulse(SR, 4.0)
    hz, response = gain_db(signals.vowel([frequency], [bandwidth], SR, source=impulse))
    response = response - gain_db(signals.vowel([], [], SR, source=impulse))[1]
    top = np.argmax(response)
    assert hz[top] == pytest.approx(frequency, abs=bandwidth / 10)
    above = hz[response > response[top] - 20 * np.log10(np.sqrt(2))]
    assert above[-1] - above[0] == pytest.approx(bandwidth, rel=0.03)


def test_the_source_falls_by_6_db_per_octave():
    hz, response = gain_db(signals.vowel([], [], SR, source=signals.impulse(SR, 1.0)))
    levels = np.interp([500, 1000, 2000], hz, response)
    np.testing.assert_allclose(np.diff(levels), -6, atol=0.7)


@pytest.mark.parametrize("f0", [80.0, 123.4])
def test_pulses_repeat_with_the_fundamental_frequency(f0):
    y = signals.vowel([500.0], [60.0], SR, 2.0, f0)
    assert y.dtype == np.float32
    assert len(y) == 2 * SR
    assert np.abs(y).max() == pytest.approx(0.5)
    hz, response = gain_db(y * np.hanning(len(y)))
    below = hz < 1.5 * f0
    assert hz[below][10:][np.argmax(response[below][10:])] == pytest.approx(f0, abs=0.6)


def test_a_silent_source_gives_silence():
    assert not signals.vowel([500.0], [60.0], SR, source=np.zeros(100)).any()
