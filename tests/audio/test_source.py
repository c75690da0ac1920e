"""Samples of arrays: types, scales, channels and rates; and the mix to mono."""

import time
from collections.abc import Callable

import numpy as np
import pytest
from audio_helpers import integers_in_range, loading_error

from featkit import signals
from featkit.audio import loading
from featkit.audio.source import mono

SR = 22050


@pytest.mark.parametrize(
    ("dtype", "bits", "middle"),
    [
        (np.int8, 8, 0),
        (np.int16, 16, 0),
        (np.int32, 32, 0),
        (np.uint8, 8, 2**7),
        (np.uint16, 16, 2**15),
        (np.dtype(">i2"), 16, 0),
    ],
)
def test_integers_of_an_array_are_scaled_by_their_type(dtype, bits, middle):
    values = integers_in_range(bits)
    y, sr = loading.load(((values + middle).astype(dtype), SR))
    assert sr == SR
    assert y.dtype == np.float32
    assert y.dtype.isnative
    np.testing.assert_array_equal(y, (values / 2 ** (bits - 1)).astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_of_an_array_are_kept(dtype):
    expected = signals.sine(440, SR, 0.1).astype(dtype)
    y, _ = loading.load((expected, SR))
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, expected.astype(np.float32))


def test_the_input_array_is_not_changed():
    given_samples = np.stack([signals.noise(SR, 0.1), signals.sine(440, SR, 0.1)])
    before = given_samples.copy()
    loading.load((given_samples, SR), sr=16000, duration=0.05)
    np.testing.assert_array_equal(given_samples, before)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_array_without_finite_samples_is_refused(value):
    error = loading_error((np.full(10, value), SR))
    assert error.stage == "samples"
    assert error.cause.startswith(f"sample 0 is {value}")


def test_one_infinity_in_silence_is_not_taken_for_integers():
    y = np.zeros(100)
    y[3] = np.inf
    assert loading_error((y, SR)).cause.startswith("sample 3 is inf")


def test_a_number_too_great_for_a_sample_is_named():
    y = signals.noise(SR, 0.1).astype(np.float64)
    y[9] = 1e300
    assert loading_error((y, SR)).cause.startswith("sample 9 is")


@pytest.mark.parametrize("source", [np.zeros(10), [0.0, 0.1], None, (np.zeros(10), SR, 1)])
def test_an_array_without_its_rate_is_refused(source):
    error = loading_error(source)
    assert error.stage == "open"
    assert "an array needs a sample rate" in error.cause


def test_channels_of_different_lengths_are_refused():
    assert "its channels differ in length" in loading_error(([[0.0, 0.1], [0.0]], SR)).cause


@pytest.mark.parametrize("dtype", [np.int8, np.int16])
def test_quiet_noise_in_few_integers_is_accepted(dtype):
    y = np.random.default_rng(0).integers(-1, 2, 1000).astype(dtype)
    loaded, _ = loading.load((y, SR))
    np.testing.assert_array_equal(loaded, y.astype(np.float32) / -float(np.iinfo(dtype).min))


@pytest.mark.parametrize("sr", [0, -1, np.nan, np.inf, "22050", None, True])
def test_an_array_with_an_invalid_rate_is_refused(sr):
    error = loading_error((signals.noise(SR, 0.1), sr))
    assert error.stage == "open"
    assert "the rate must be a positive number of Hz" in error.cause
    assert "array of shape (2205,)" in str(error)


@pytest.mark.parametrize(
    "y",
    [
        np.zeros(10, dtype=bool),
        np.zeros(10, dtype=complex),
        np.array(["a"]),
        np.float32(0.5),
        np.zeros((1, 1, 10)),
    ],
)
def test_an_array_of_other_values_or_shapes_is_refused(y):
    error = loading_error((y, SR))
    assert error.stage == "open"
    assert "(samples,) or (channels, samples)" in error.cause


@pytest.mark.parametrize("shape", [(0,), (1, 0), (2, 0), (0, 5)])
def test_an_empty_array_is_refused(shape):
    error = loading_error((np.zeros(shape), SR))
    assert "no samples" in error.cause or "no channels" in error.cause


def test_floats_that_were_cast_to_integers_are_refused():
    y = np.sign(signals.sine(440, SR, 0.1)).astype(np.int16)
    error = loading_error((y, SR))
    assert error.stage == "samples"
    assert "int16 samples of at most 1" in error.cause
    assert "give them as floats" in error.cause


def test_silence_as_integers_is_silence():
    y, _ = loading.load((np.zeros(100, dtype=np.int16), SR))
    assert not y.any()


def test_integers_that_were_cast_to_floats_are_refused():
    y = np.rint(signals.sine(440, SR, 0.1) * 2**15)
    error = loading_error((y, SR))
    assert error.stage == "samples"
    assert "floats that hold integers" in error.cause
    assert "y / 32768" in error.cause


def test_loud_floats_are_kept():
    expected = signals.noise(SR, 0.1, amplitude=300.0)
    np.testing.assert_array_equal(loading.load((expected, SR))[0], expected)


def test_channels_on_the_last_axis_are_refused():
    error = loading_error((np.zeros((2205, 2)), SR))
    assert error.stage == "open"
    assert "if the array is (samples, channels), transpose it: y.T" in error.cause


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


def test_a_single_channel_is_not_copied():
    y = np.linspace(-1, 1, 7, dtype=np.float32)
    assert mono(y) is y


def test_mixing_thirty_seconds_of_stereo_takes_about_as_long_as_one_sum():
    y = np.random.default_rng(0).normal(size=(1_323_000, 2)).astype(np.float32)
    one_sum = quickest(lambda: (y[:, 0] + y[:, 1]) * np.float32(0.5))
    assert quickest(lambda: mono(y)) < 6 * one_sum  # a mean over the short axis takes 30 times
