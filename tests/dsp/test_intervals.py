"""Sums, means and energy over intervals, of a clip in any pieces."""

from itertools import pairwise

import numpy as np
from compiled_core import assert_same_bits_everywhere, without_core
from hypothesis import given
from hypothesis import strategies as st

from featkit.dsp.intervals import interval_energy, interval_means, interval_sums


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=12),
    st.floats(1, 50),
)
def test_interval_sums_do_not_depend_on_the_pieces(lengths, step):
    x = np.random.default_rng(0).standard_normal(sum(lengths))
    parts = np.split(x, np.cumsum(lengths)[:-1])
    edges = np.rint(np.arange(len(x) + 2) * step).astype(int)
    expected = [x[a:b].sum() for a, b in pairwise(edges) if b <= len(x)]
    np.testing.assert_allclose(interval_sums(parts, step), expected, atol=1e-9)
    means = [x[a:b].mean() for a, b in pairwise(edges) if b <= len(x)]
    np.testing.assert_allclose(interval_means(parts, step), means, atol=1e-9)


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=12),
    st.floats(1, 50),
)
def test_interval_energy_does_not_depend_on_the_pieces(lengths, step):
    x = np.random.default_rng(0).standard_normal(sum(lengths)).astype(np.float32)
    parts = np.split(x, np.cumsum(lengths)[:-1])
    edges = np.rint(np.arange(len(x) + 2) * step).astype(int)
    expected = [np.sum(x[a:b].astype(float) ** 2) for a, b in pairwise(edges) if b <= len(x)]
    ours = assert_same_bits_everywhere(lambda: interval_energy(parts, step))
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(interval_energy([x], step), ours)
    with without_core():
        np.testing.assert_allclose(interval_energy(parts, step), expected, rtol=1e-12, atol=1e-15)
