"""Statistics equal those of NumPy and SciPy for the defined frames of each clip."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from featkit.dsp.segments import Segments
from featkit.errors import ParameterError
from featkit.features.statistics import STATISTICS, statistic, summarise

REFERENCE = {
    "mean": np.mean,
    "std": np.std,
    "var": np.var,
    "min": np.min,
    "max": np.max,
    "median": np.median,
    "skew": scipy.stats.skew,
    "kurtosis": scipy.stats.kurtosis,
    "p10": lambda x: np.percentile(x, 10),
    "p75": lambda x: np.percentile(x, 75),
    "cv": lambda x: np.std(x) / np.mean(x),
    "range_p20_p80": lambda x: np.percentile(x, 80) - np.percentile(x, 20),
    "diff_mean": lambda x: np.mean(np.diff(x)),
    "diff_std": lambda x: np.std(np.diff(x)),
}

lengths = st.lists(st.integers(3, 40), min_size=1, max_size=5)
seeds = st.integers(0, 2**32 - 1)


def random_values(lengths, seed, rows=3):
    rng = np.random.default_rng(seed)
    return rng.normal(5, 2, (rows, sum(lengths))), Segments(lengths)


def test_every_statistic_has_a_reference():
    assert set(STATISTICS) <= set(REFERENCE)


@pytest.mark.parametrize("name", REFERENCE)
@given(lengths=lengths, seed=seeds)
def test_a_statistic_equals_its_reference(name, lengths, seed):
    values, segments = random_values(lengths, seed)
    ours = summarise(values, segments, [name])[0]
    for k, clip in enumerate(segments):
        expected = [REFERENCE[name](row[clip]) for row in values]
        np.testing.assert_allclose(ours[:, k], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", [name for name in REFERENCE if not name.startswith("diff")])
@given(lengths=lengths, seed=seeds)
def test_undefined_frames_are_left_out(name, lengths, seed):
    values, segments = random_values(lengths, seed)
    holes = values.copy()
    holes[:, segments.starts] = np.nan
    ours = summarise(holes, segments, [name])[0]
    for k, clip in enumerate(segments):
        expected = [REFERENCE[name](row[clip][1:]) for row in values]
        np.testing.assert_allclose(ours[:, k], expected, rtol=1e-9, atol=1e-9)


@given(lengths=lengths, seed=seeds)
def test_a_clip_has_the_same_bits_alone_and_among_others(lengths, seed):
    values, segments = random_values(lengths, seed)
    together = summarise(values, segments, list(REFERENCE))
    for k, clip in enumerate(segments):
        alone = summarise(values[:, clip], Segments([lengths[k]]), list(REFERENCE))
        np.testing.assert_array_equal(alone[..., 0], together[..., k])


@pytest.mark.parametrize("name", REFERENCE)
def test_statistics_without_defined_frames_are_nan(name):
    assert np.isnan(summarise(np.full((1, 4), np.nan), Segments([4]), [name])).all()


def test_differences_of_one_frame_and_the_shape_of_a_constant_are_nan():
    one = summarise(np.array([[2.0]]), Segments([1]), ["mean", "std", "diff_mean", "diff_std"])
    np.testing.assert_array_equal(one[:, 0, 0], [2.0, 0.0, np.nan, np.nan])
    constant = summarise(np.full((1, 5), 0.1), Segments([5]), ["std", "skew", "kurtosis"])
    np.testing.assert_array_equal(np.round(constant[:, 0, 0], 12), [0.0, np.nan, np.nan])


@pytest.mark.parametrize("name", ["averge", "p101", "p-1", "p07", ""])
def test_an_unknown_statistic_is_refused(name):
    with pytest.raises(ParameterError, match="unknown statistic"):
        statistic(name)


@pytest.mark.parametrize("name", ["std", "cv"])
def test_the_coefficient_of_variation_has_the_sign_of_the_mean(name):
    values = np.array([[-1.0, -3.0, 1.0, 3.0, -1.0, 1.0]])
    (below, above, zero), segments = [-0.5, 0.5, np.nan], Segments([2, 2, 2])
    expected = {"std": [1.0, 1.0, 1.0], "cv": [below, above, zero]}[name]
    np.testing.assert_allclose(summarise(values, segments, [name])[0, 0], expected)


def test_statistics_are_in_the_order_in_which_they_are_asked_for():
    values, segments = random_values([7, 20], 0)
    names = ["cv", "p80", "range_p20_p80", "mean", "p20"]
    alone = np.concatenate([summarise(values, segments, [name]) for name in names])
    np.testing.assert_array_equal(summarise(values, segments, names), alone)
