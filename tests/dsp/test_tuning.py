"""Tuning: medians of values that come in parts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from featkit.dsp.tuning import median_of_parts


@given(
    numbers=st.lists(st.floats(0, 2.0**100, width=32), max_size=50),
    cut=st.integers(0, 50),
)
def test_a_median_in_parts_is_the_median(numbers, cut):
    x = np.array(numbers, dtype=np.float32)
    expected = np.median(x) if len(x) else 0
    assert median_of_parts(lambda: np.split(x, [cut])) == expected
