import numpy as np
import scipy.fft
from hypothesis import given
from hypothesis import strategies as st

from featkit.dsp import fft

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40))


def equal(x, y):
    return x.dtype == y.dtype and np.array_equal(x, y)


@given(SHAPES, st.sampled_from([np.float32, np.float64]), st.integers(0, 1), st.integers(1, 60))
def test_transforms_are_those_of_scipy(shape, dtype, axis, n):
    x = np.random.default_rng(n).normal(size=shape).astype(dtype)
    X = fft.rfft(x, axis=axis)
    assert equal(fft.rfft(x, 64), scipy.fft.rfft(x, 64))  # by the compiled core, if there is one
    assert equal(X, scipy.fft.rfft(x, axis=axis))
    assert equal(fft.rfft(x, n, axis - 2), scipy.fft.rfft(x, n, axis - 2))
    assert equal(fft.irfft(X, n, axis), scipy.fft.irfft(X, n, axis))
    assert fft.next_fast_len(n * shape[0]) == scipy.fft.next_fast_len(n * shape[0], real=True)
