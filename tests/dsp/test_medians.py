"""Running medians are those of SciPy, for any size, shape and memory layout."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import median_filter

from featkit.dsp import medians
from featkit.dsp.medians import mirrored_index, running_median

SIZES = st.integers(1, 70)
FEW = st.sampled_from([0.0, 1.0, 1.5, 2.0, 2.0**-140, 2.0**127])
ANY = st.floats(0, 2.0**100, width=32)


def mirrored(x, size):
    return x[mirrored_index(np.arange(-(size // 2), len(x) + (size - 1) // 2), len(x))]


def rows_and_columns(values):
    shapes = st.tuples(st.integers(1, 90), st.integers(1, 5))
    return shapes.flatmap(lambda shape: arrays(np.float32, shape, elements=values))


def by_sorting(x, size):
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=0)
    return np.sort(windows, axis=-1)[..., size // 2]


@given(rows_and_columns(FEW) | rows_and_columns(ANY), SIZES)
@example(np.zeros((40, 2), np.float32), 31)
@example(np.arange(47, dtype=np.float32)[:, None], 31)
def test_a_median_is_the_middle_value_of_its_window(x, size):
    around = mirrored(x, size)
    np.testing.assert_array_equal(running_median(around, size), by_sorting(around, size))


@given(rows_and_columns(FEW) | rows_and_columns(ANY), SIZES)
def test_medians_are_those_of_scipy(x, size):
    if size > 2 * len(x):
        return  # SciPy reads beyond its buffer where windows exceed two mirror images
    expected = median_filter(x, size=(size, 1), mode="reflect")
    np.testing.assert_array_equal(running_median(mirrored(x, size), size), expected)


@pytest.mark.parametrize("size", [2, 31])
def test_every_layout_gives_the_same_and_is_kept(size):
    x = np.random.default_rng(0).random((200, 60), dtype=np.float32)
    expected = running_median(x, size)
    turned = running_median(np.asfortranarray(x), size)
    assert turned.flags.f_contiguous
    np.testing.assert_array_equal(turned, expected)
    np.testing.assert_array_equal(running_median(x[::2, ::3], size), by_sorting(x[::2, ::3], size))


def test_columns_taken_a_few_at_a_time_are_the_same(monkeypatch):
    x = np.random.default_rng(1).random((100, 37), dtype=np.float32)
    expected = running_median(x, 31)
    monkeypatch.setattr(medians, "WORKSPACE", 1)
    np.testing.assert_array_equal(running_median(x, 31), expected)


def test_neighbouring_windows_share_comparisons():
    network = medians.median_network(31)
    assert len(network.steps) / network.windows < 33


@given(st.integers(1, 20), st.integers(-100, 100))
def test_a_mirrored_index_is_that_of_numpy(length, place):
    padded = np.pad(np.arange(length), 100, mode="symmetric")
    assert mirrored_index(np.array([place]), length)[0] == padded[100 + place] or place >= length
