"""Sums and means over intervals, of a clip in any pieces."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from featkit.dsp.intervals import interval_means, interval_sums


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
