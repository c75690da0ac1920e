"""Derivatives equal those of Savitzky and Golay's filter, clip by clip."""

import numpy as np
import pytest
import scipy.signal
from compiled_core import assert_same_bits_everywhere, needs_core, without_core
from hypothesis import given
from hypothesis import strategies as st

from featkit.dsp import _compiled
from featkit.dsp.derivatives import derivatives
from featkit.dsp.segments import Segments


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    half=st.integers(1, 6),
    seed=st.integers(0, 99),
)
def test_derivatives_equal_scipys_and_numpys(lengths, half, seed):
    width, segments = 2 * half + 1, Segments(lengths)
    values = np.random.default_rng(seed).standard_normal((3, sum(lengths))).astype(np.float32)
    ours = assert_same_bits_everywhere(lambda: derivatives(values, segments, width))
    with without_core():
        np.testing.assert_array_equal(derivatives(values, segments, width), ours)
    for clip, length in zip(segments, lengths, strict=True):
        own = values[:, clip]
        if length < width:
            assert np.isnan(ours[:, :, clip]).all()
            continue
        for order, result in ((1, ours[0]), (2, ours[1])):
            theirs = scipy.signal.savgol_filter(
                own, width, polyorder=order, deriv=order, axis=-1, mode="interp"
            )
            np.testing.assert_allclose(result[:, clip], theirs, atol=1e-5)


@needs_core
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"values": np.zeros(9, np.float32)}, "10 elements"),
        ({"values": np.zeros(10)}, "kind 'f'"),
        ({"edges": np.array([0, 6, 5])}, "ascend"),
        ({"edges": np.array([2, 5])}, "ascend"),
        ({"rows": -1}, "negative"),
        ({"slope": np.zeros(0, np.float32), "curvature": np.zeros(0, np.float32)}, "ascend"),
        ({"curvature": np.zeros(3, np.float32)}, "2 elements"),
        ({"out": np.zeros(10, np.float32)}, "20 elements"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, error):
    arguments = {
        "values": np.zeros(10, dtype=np.float32),
        "rows": 2,
        "edges": np.array([0, 2, 5]),
        "slope": np.zeros(2, dtype=np.float32),
        "curvature": np.zeros(2, dtype=np.float32),
        "out": np.zeros(20, dtype=np.float32),
    }
    with pytest.raises((ValueError, TypeError), match=error):
        _compiled.core.deltas(*(arguments | change).values())
