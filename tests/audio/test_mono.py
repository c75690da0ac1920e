"""Channels are mixed to their mean, quickly."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from featkit.audio.native import mono


def quickest(function: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times)


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 8, 24])
def test_the_mix_is_the_mean_of_the_channels(channels):
    y = np.random.default_rng(channels).normal(size=(1000, channels)).astype(np.float32)
    before = y.copy()
    mixed = mono(y)
    assert mixed.dtype == np.float32
    assert mixed.shape == (1000,)
    np.testing.assert_allclose(mixed, np.mean(y, axis=1, dtype=np.float64), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(y, before)


def test_one_channel_is_given_back_as_it_is():
    y = np.linspace(-1, 1, 7, dtype=np.float32)
    assert mono(y) is y


def test_mixing_thirty_seconds_of_stereo_takes_about_as_long_as_one_sum():
    y = np.random.default_rng(0).normal(size=(1_323_000, 2)).astype(np.float32)
    one_sum = quickest(lambda: (y[:, 0] + y[:, 1]) * np.float32(0.5))
    assert quickest(lambda: mono(y)) < 6 * one_sum  # a mean over the short axis takes 30 times
