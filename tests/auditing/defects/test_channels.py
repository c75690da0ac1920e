"""DC offset, dead channels, and inverted channels."""

import numpy as np
import pytest
from defective import SR, findings, only_finding, voice


def pair(delay=5, seed=1):
    """Two microphones that hear the same, a little later and quieter, with own noise."""
    y = voice(4.0)
    noise = 0.002 * np.random.default_rng(seed).standard_normal((len(y), 2))
    return np.stack([y, 0.8 * np.roll(y, delay)], axis=1) + noise


@pytest.mark.parametrize("offset", [0.01, -0.03])
@pytest.mark.parametrize(("begin", "end"), [(0, 3.0), (1.0, 2.5)])
def test_an_offset_is_found_at_its_place(offset, begin, end):
    y = voice()
    y[round(begin * SR) : round(end * SR)] += offset
    finding = only_finding("dc_offset", y)
    assert (finding.start, finding.end) == pytest.approx((begin, end), abs=0.25)
    assert finding.value == pytest.approx(100 * offset, rel=0.15)


def test_a_small_offset_counts_in_quiet_recordings_only():
    assert not findings("dc_offset", voice() + 0.002)
    assert only_finding("dc_offset", 0.02 * voice() + 0.002)


def test_slow_waves_are_no_offset():
    assert not findings("dc_offset", 0.2 * np.sin(2 * np.pi * 0.8 * np.arange(4 * SR) / SR))


@pytest.mark.parametrize("channel", [0, 1])
@pytest.mark.parametrize("level", [0.0, 2e-5])
def test_a_dead_channel_is_found(channel, level):
    y = pair()
    y[:, channel] = level * np.random.default_rng(0).standard_normal(len(y))
    finding = only_finding("dead_channel", y)
    assert (finding.start, finding.end, finding.channel) == (0, 4, channel)
    assert finding.value >= 60


def test_a_channel_that_dies_is_found_from_there_on():
    y = pair()
    y[2 * SR :, 1] = 0
    finding = only_finding("dead_channel", y)
    assert (finding.start, finding.end, finding.channel) == (pytest.approx(2, abs=0.15), 4, 1)


def test_a_quiet_channel_is_not_dead():
    y = pair()
    y[:, 1] *= 0.01
    assert not findings("dead_channel", y)


def test_an_instrument_that_pauses_on_one_side_is_not_dead():
    y = np.stack([voice(4.0, seed=1), voice(4.0, seed=2)[::-1]], axis=1)
    y[: 2 * SR, 1] = 0
    assert not findings("dead_channel", y)


def test_unused_channels_of_surround_sound_are_not_dead():
    y = np.zeros((2 * SR, 6))
    y[:, 0] = y[:, 1] = voice(2.0)
    assert not findings("dead_channel", y)


@pytest.mark.parametrize("delay", [0, 1, 10])
def test_an_inverted_channel_is_found(delay):
    y = pair(delay)
    assert not findings("inverted_channels", y)
    y[:, 1] *= -1
    finding = only_finding("inverted_channels", y)
    assert (finding.start, finding.end) == (0, 4)


def test_the_value_is_the_loss_of_the_mean():
    y = voice()
    finding = only_finding("inverted_channels", np.stack([y, -0.5 * y], axis=1))
    assert finding.value == pytest.approx(10 * np.log10((1 + 0.25) / 2 / 0.0625), abs=0.1)


def test_equal_and_unlike_channels_are_not_inverted():
    y = voice(4.0)
    assert not findings("inverted_channels", np.stack([y, y], axis=1))
    assert not findings("inverted_channels", np.stack([y, voice(4.0, seed=3)[::-1]], axis=1))
