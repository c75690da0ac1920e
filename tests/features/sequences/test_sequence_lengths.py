"""Rules of length: cutting, padding and resampling, for any length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from featkit.features.sequences import _lengths
from featkit.features.sequences._lengths import padded, resampled

VALUES = st_numpy.arrays(
    np.float32,
    st.tuples(st.integers(1, 3), st.integers(1, 40)),
    elements=st.floats(-1e4, 1e4, width=32),
)


@given(values=VALUES, frames=st.integers(1, 60))
def test_cutting_and_padding_keep_the_begin_exactly(values, frames):
    padding = np.arange(len(values), dtype=np.float32) - 100
    result = padded(values, frames, padding)
    length = min(frames, values.shape[1])
    assert result.shape == (len(values), frames)
    np.testing.assert_array_equal(result[:, :length], values[:, :length])
    np.testing.assert_array_equal(result[:, length:].T, np.tile(padding, (frames - length, 1)))


@given(values=VALUES, frames=st.integers(1, 60))
def test_resampling_keeps_the_mean_and_the_range(values, frames):
    result = resampled(values, frames)
    assert result.shape == (len(values), frames)
    values = values.astype(np.float64)
    np.testing.assert_allclose(result.mean(axis=1), values.mean(axis=1), atol=1e-8)
    assert (result <= values.max(axis=1, keepdims=True) + 1e-9).all()
    assert (result >= values.min(axis=1, keepdims=True) - 1e-9).all()


@given(values=VALUES)
def test_resampling_to_the_same_length_changes_nothing(values):
    np.testing.assert_array_equal(resampled(values, values.shape[1]), values)


@given(values=VALUES, factor=st.integers(1, 5))
def test_a_multiple_of_the_frames_is_a_block_mean(values, factor):
    length = values.shape[1]
    np.testing.assert_allclose(resampled(np.repeat(values, factor, axis=1), length), values)
    repeated = resampled(values, factor * length)
    np.testing.assert_allclose(repeated, np.repeat(values, factor, axis=1))


@given(
    length=st.integers(1, 40),
    frames=st.integers(1, 40),
    undefined=st.lists(st.integers(0, 39), max_size=5),
    seed=st.integers(0, 99),
)
def test_resampling_is_the_mean_of_a_fine_grid_without_undefined_frames(
    length, frames, undefined, seed
):
    values = np.random.default_rng(seed).standard_normal((2, length))
    values[0, [k for k in undefined if k < length]] = np.nan
    fine = np.repeat(values, frames, axis=1).reshape(2, frames, length)
    defined = ~np.isnan(fine)
    count = defined.sum(axis=2)
    sums = np.where(defined, fine, 0).sum(axis=2)
    expected = np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0)
    np.testing.assert_allclose(resampled(values, frames), expected, atol=1e-12)


def test_5_seconds_have_means_over_one_and_two_thirds_frames():
    ramp = np.arange(216.0)[None]
    width = 216 / 128
    assert resampled(ramp, 128)[0, 0] == pytest.approx((0 * 1 + 1 * (width - 1)) / width)


def test_channels_of_long_sequences_are_resampled_a_few_at_a_time(monkeypatch):
    values = np.random.default_rng(0).standard_normal((5, 1000))
    together = resampled(values, 7)
    monkeypatch.setattr(_lengths, "VALUES_AT_ONCE", 1)
    np.testing.assert_array_equal(resampled(values, 7), together)
