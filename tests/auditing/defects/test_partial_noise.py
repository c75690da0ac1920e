"""Noise in a part of a recording; its ends are in pauses, where louder sound does not hide them."""

import numpy as np
import pytest
from defective import SR, findings, voice

from featkit.auditing.defect import join_findings

BACKGROUND = 0.0005


def recording(noise, begin=1.6, end=3.35, seconds=5.0):
    y = voice(seconds)
    part = slice(round(begin * SR), round(end * SR))
    t = np.arange(part.stop - part.start) / SR
    y[part] += noise(t)
    return y


NOISES = {
    "white": lambda t: 10 * BACKGROUND * np.random.default_rng(2).standard_normal(len(t)),
    "buzz": lambda t: 0.01 * sum(np.sin(2 * np.pi * 100 * k * t) / k for k in range(1, 20)),
    "tone": lambda t: 0.01 * np.sin(2 * np.pi * 5000 * t),
}


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
def test_noise_that_starts_and_stops_is_found(noise):
    (finding,) = join_findings(findings("partial_noise", recording(noise)))
    assert (finding.start, finding.end) == pytest.approx((1.6, 3.35), abs=0.1)
    assert finding.value > 6


@pytest.mark.parametrize(
    ("begin", "end"), [(0.0, 5.0), (0.0, 2.0), (3.0, 5.0), (2.0, 2.4)], ids=str
)
def test_noise_throughout_or_from_an_end_or_short_is_not_reported(begin, end):
    assert not findings("partial_noise", recording(NOISES["white"], begin, end))


def test_noise_that_changes_its_level_is_not_reported():
    fade = recording(lambda t: np.linspace(1, 0.05, len(t)) * 10 * NOISES["white"](t))
    assert not findings("partial_noise", fade)


def test_sound_between_digital_silence_is_not_reported():
    y = np.zeros(5 * SR)
    y[SR : 3 * SR] = 0.05 * np.random.default_rng(0).standard_normal(2 * SR)
    assert not findings("partial_noise", y)
