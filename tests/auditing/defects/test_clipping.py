"""Clipping at and below full scale."""

import numpy as np
import pytest
from defective import SR, findings, only_finding, voice

from featkit.auditing.defect import join_findings
from featkit.auditing.defects.clipping import DEFECT


def clipped(gain, begin=1.0, end=2.0):
    y = voice()
    part = slice(round(begin * SR), round(end * SR))
    y[part] = np.clip(4 * y[part], -0.9, 0.9)
    return gain * y


@pytest.mark.parametrize("gain", [1 / 0.9, 1.0, 0.5, 0.1])
def test_clipping_is_found_at_its_place_and_level(gain):
    places = join_findings(findings("clipping", clipped(gain)), DEFECT.gap)
    start, end = min(p.start for p in places), max(p.end for p in places)
    assert 1.0 <= start < 1.35
    assert 1.65 < end <= 2.0
    strongest = max(places, key=lambda place: place.strength)
    assert strongest.value == pytest.approx(20 * np.log10(0.9 * gain), abs=0.05)


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_three_samples_at_full_scale_are_clipping_and_two_are_not(dtype):
    full = 32767 if dtype == np.int16 else 1
    y = (0.1 * full * np.sin(np.arange(SR) / 7)).astype(dtype)
    y[500:502] = full
    assert not findings("clipping", y)
    y[500:503] = full
    finding = only_finding("clipping", y)
    assert (finding.start, finding.end) == pytest.approx((500 / SR, 503 / SR))


@pytest.mark.parametrize("frequency", [20, 50, 440, 3000])
def test_a_sine_wave_is_not_clipped(frequency):
    assert not findings("clipping", 0.7 * np.sin(2 * np.pi * frequency * np.arange(2 * SR) / SR))


def test_noise_is_not_clipped():
    assert not findings("clipping", 0.1 * np.random.default_rng(0).standard_normal(3 * SR))


def test_a_single_flat_wave_is_not_clipping():
    y = 0.05 * voice()
    y[SR : SR + 40] = 0.3
    assert not findings("clipping", y)


def test_a_channel_that_is_clipped_is_named():
    places = findings("clipping", np.stack([0.5 * voice(), clipped(0.5)], axis=1))
    assert {place.channel for place in places} == {1}


def test_long_clipping_is_severe():
    assert [DEFECT.severity(share, -6.0) for share in (0.001, 0.1, 0.9)] == [
        "low",
        "medium",
        "high",
    ]
