"""Statistics of the compiled core equal those of NumPy, for any values and any instruction set."""

import numpy as np
import pytest
from compiled_core import assert_same_bits_everywhere, needs_core, without_core
from hypothesis import given
from hypothesis import strategies as st

from featkit.dsp import _compiled
from featkit.dsp.row_statistics import row_statistics
from featkit.dsp.segments import Segments
from featkit.features.statistics import STATISTICS, summarise

ALL = [*STATISTICS, "p0", "p1", "p10", "p75", "p100"]


@given(
    lengths=st.lists(st.integers(1, 150), min_size=1, max_size=4),
    single=st.booleans(),
    scale=st.sampled_from([1e-30, 1.0, 1e30]),
    levels=st.sampled_from([0, 1, 3]),
    undefined=st.sampled_from([0.0, 0.1, 0.9]),
    seed=st.integers(0, 999),
)
def test_statistics_equal_those_of_numpy(lengths, single, scale, levels, undefined, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(0.5, 1, (2, sum(lengths)))
    values = np.round(values * levels) if levels else values  # values that occur often
    values[rng.random(values.shape) < undefined] = np.nan
    values = (scale * values).astype(np.float32 if single else np.float64)
    segments = Segments(lengths)
    ours = assert_same_bits_everywhere(lambda: summarise(values, segments, ALL))
    with without_core():
        theirs = summarise(values, segments, ALL)
    for name, own, other in zip(ALL, ours, theirs, strict=True):
        slack = scale ** {"var": 2, "skew": 0, "kurtosis": 0}.get(name, 1)
        np.testing.assert_allclose(own, other, rtol=1e-9, atol=1e-9 * slack, err_msg=name)


@given(st.floats(-(2.0**100), 2.0**100, width=32), st.integers(2, 200))
def test_a_constant_has_no_deviation_and_no_shape(value, count):
    values = np.full((1, count), value)
    std, skew, kurtosis = summarise(values, Segments([count]), ["std", "skew", "kurtosis"])[:, 0, 0]
    assert std == pytest.approx(0, abs=1e-12 * abs(value))
    assert np.isnan(skew)
    assert np.isnan(kurtosis)


def test_percentiles_of_both_signs_and_of_zeros_equal_numpys():
    x = np.array([-0.0, 0.0, 1e-45, -1e-45, 3e38, -3e38, *np.linspace(-2, 2, 96)], dtype=np.float32)
    for count in (6, 40, 41, len(x)):
        ours = summarise(x[None, :count], Segments([count]), [f"p{q}" for q in range(101)])
        expected = np.percentile(x[:count].astype(np.float64), np.arange(101))
        np.testing.assert_allclose(ours[:, 0, 0], expected, rtol=1e-12)


@needs_core
def test_clips_without_values_are_undefined():
    """There may be none, as for the peaks of a silent clip."""
    values, segments = np.ones((1, 3), dtype=np.float32), Segments([0, 3, 0])
    summary = row_statistics(values, segments, [("mean", 0), ("percentile", 50), ("diff_std", 0)])
    np.testing.assert_array_equal(summary[:, 0], [[np.nan, x, np.nan] for x in (1, 1, 0)])


@needs_core
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"values": np.zeros(5)}, "6 elements"),
        ({"values": np.zeros(6, np.float32)}, "kind 'd'"),
        ({"values": np.zeros(12)[::2]}, "contiguous"),
        ({"rows": -1}, "negative"),
        ({"edges": np.array([1, 3])}, "begin with 0"),
        ({"edges": np.array([], dtype=np.int64)}, "begin with 0"),
        ({"edges": np.array([0, 5, 3])}, "ascend"),
        ({"kinds": np.array([10], dtype=np.int32)}, "out of range"),
        ({"kinds": np.array([-1], dtype=np.int32)}, "out of range"),
        ({"percents": np.array([100.1])}, "out of range"),
        ({"percents": np.array([np.nan])}, "out of range"),
        ({"percents": np.zeros(2)}, "1 elements"),
        ({"out": np.zeros(3)}, "2 elements"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, error):
    arguments = {
        "values": np.zeros(6),
        "single": False,
        "rows": 2,
        "edges": np.array([0, 3]),
        "kinds": np.zeros(1, dtype=np.int32),
        "percents": np.zeros(1),
        "out": np.zeros(2),
    }
    with pytest.raises((ValueError, TypeError, BufferError), match=error):
        _compiled.core.statistics(*(arguments | change).values())
