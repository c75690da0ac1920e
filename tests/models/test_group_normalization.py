"""Normalisation within groups: statistics, missing and constant values, properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import median_abs_deviation, norm

from featkit.errors import ModelError
from featkit.models.group_normalization import (
    IQR_OF_NORMAL,
    LIMIT,
    GroupNormalization,
    fit_normalization,
    normalized_rows,
    rows_of_groups,
)
from featkit.models.settings import Settings
from featkit.models.training_options import METHODS


def made(X, groups, train=None, method="standard", min_rows=3):
    how = Settings(normalize_by="g", normalization=method, normalize_min_rows=min_rows)
    train = np.arange(len(X)) if train is None else train
    return fit_normalization(X, np.asarray(groups), train, how)


def two_groups(rows=20, columns=3, seed=0):
    X = np.random.default_rng(seed).normal(5, 2, size=(2 * rows, columns))
    return X, np.repeat(["a", "b"], rows)


def test_standard_normalisation_is_that_of_scikit_learn_for_each_group():
    from sklearn.preprocessing import StandardScaler

    X, groups = two_groups()
    Z = made(X, groups).apply(X, groups)
    for name in "ab":
        own = groups == name
        np.testing.assert_allclose(Z[own], StandardScaler().fit_transform(X[own]), atol=1e-12)


def test_robust_normalisation_is_that_of_numpy_percentiles():
    X, groups = two_groups(rows=21)
    X[3, 1] = np.nan
    Z = made(X, groups, method="robust").apply(X, groups)
    own = X[groups == "a"]
    low, median, high = np.nanpercentile(own, [25, 50, 75], axis=0)
    expected = (own - median) / ((high - low) / IQR_OF_NORMAL)
    np.testing.assert_allclose(Z[groups == "a"], expected, atol=1e-12)


def test_the_scale_of_normal_values_is_their_standard_deviation_in_both_ways():
    assert pytest.approx(2 * norm.ppf(0.75), abs=1e-3) == IQR_OF_NORMAL
    x = norm.ppf((np.arange(1, 1000) - 0.5) / 999)[:, None]
    Z = made(x, ["a"] * 999, method="robust").apply(x, np.repeat("a", 999))
    assert np.std(Z) == pytest.approx(np.std(x), rel=0.01)
    assert median_abs_deviation(Z[:, 0], scale="normal") == pytest.approx(1, rel=0.01)


def test_missing_values_stay_missing_and_have_no_influence():
    X, groups = two_groups()
    holes = X.copy()
    holes[2, 0] = np.nan
    Z = made(X, groups).apply(holes, groups)
    assert np.isnan(Z[2, 0])
    assert np.isnan(Z).sum() == 1
    rest = np.delete(np.arange(20), 2)
    expected = (X[rest, 0] - X[rest, 0].mean()) / X[rest, 0].std()
    np.testing.assert_allclose(Z[rest, 0], expected, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0.0, 0.1, -7e30, 1e-40])
def test_a_constant_column_is_zero(method, value):
    X, groups = two_groups()
    X[groups == "a", 0] = value
    Z = made(X, groups, method=method).apply(X, groups)
    assert (Z[groups == "a", 0] == 0).all()
    assert np.isfinite(Z).all()


def test_differences_by_rounding_are_not_enlarged():
    X, groups = two_groups()
    X[groups == "a", 0] = 0.1 * 3 + np.array([0, 5.6e-17] * 10)
    assert (made(X, groups).apply(X, groups)[groups == "a", 0] == 0).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("factor", [1e-300, 1e-42, 1e30])
def test_tiny_and_huge_ranges_give_the_same_values(method, factor):
    X, groups = two_groups()
    expected = made(X, groups, method=method).apply(X, groups)
    scaled = X * factor
    Z = made(scaled, groups, method=method).apply(scaled, groups)
    np.testing.assert_allclose(Z, expected, atol=1e-9)


def test_the_standard_deviation_replaces_an_interquartile_range_of_zero():
    x = np.array([0.0] * 18 + [1.0, 1.0])[:, None]
    Z = made(x, ["a"] * 20, method="robust").apply(x, np.repeat("a", 20))
    np.testing.assert_allclose(np.unique(Z), [0, 1 / np.std(x)])


def test_a_small_group_gets_the_statistics_of_the_training_rows():
    X, groups = two_groups()
    normalization = made(X, groups, min_rows=5)
    new, names = X[:6] + 3, np.array(["x"] * 4 + ["y"] * 2)
    expected = (new - X.mean(axis=0)) / X.std(axis=0)
    np.testing.assert_allclose(normalization.apply(new, names), expected, atol=1e-12)


def test_rows_of_unknown_groups_get_the_statistics_of_the_training_rows():
    X, groups = two_groups()
    Z = made(X, groups).apply(X, np.repeat("", 40))
    np.testing.assert_allclose(Z, (X - X.mean(axis=0)) / X.std(axis=0), atol=1e-12)


def test_the_number_of_values_counts_for_each_column():
    X, groups = two_groups()
    normalization = made(X, groups, min_rows=5)
    holes = X[:10].copy()
    holes[4:, 1] = np.nan
    Z = normalization.apply(holes, groups[:10])
    training = (X[:4, 1] - X[:, 1].mean()) / X[:, 1].std()
    np.testing.assert_allclose(Z[:4, 1], training, atol=1e-12)
    own = (X[:10, 0] - X[:10, 0].mean()) / X[:10, 0].std()
    np.testing.assert_allclose(Z[:, 0], own, atol=1e-12)


def test_values_far_from_the_training_rows_are_limited():
    X, groups = two_groups()
    X[:, 0] = 1e-30 * X[:, 0]
    Z = made(X, groups).apply(np.full((1, 3), 3e38), np.array(["new"]))
    assert (np.abs(Z) <= LIMIT).all()


def test_infinite_values_count_as_missing():
    X, groups = two_groups()
    X[0, 0] = np.inf
    X[1, 0] = 1e39
    Z = made(X[2:], groups[2:]).apply(X, groups)
    assert np.isnan(Z[:2, 0]).all()
    assert np.isfinite(Z[2:]).all()


def test_no_rows_and_no_normalisation_are_possible():
    X, groups = two_groups()
    assert made(X, groups).apply(X[:0], groups[:0]).shape == (0, 3)
    assert fit_normalization(X, None, np.arange(4), Settings()) is None
    assert (normalized_rows(None, X, None, np.array([2, 1])) == X[[2, 1]]).all()


def test_rows_of_groups_are_listed_without_the_unknown_group():
    rows = rows_of_groups(np.array(["b", "", "a", "b"]))
    assert [own.tolist() for own in rows] == [[2], [0, 3]]


def test_the_median_size_of_the_training_groups_is_kept():
    X, _ = two_groups()
    normalization = made(X, ["a"] * 5 + ["b"] * 10 + ["c"] * 25, train=np.arange(40))
    assert normalization.median_rows == 10


@pytest.mark.parametrize(
    "change",
    [
        {"centre": (0.0,)},
        {"scale": (1.0, 0.0)},
        {"scale": (1.0, -1.0)},
        {"centre": (0.0, float("inf"))},
        {"scale": (1.0, float("nan"))},
        {"method": "other"},
        {"min_rows": 1},
        {"median_rows": 0.0},
    ],
    ids=str,
)
def test_statistics_that_do_not_fit_a_model_are_refused(change):
    fine = {
        "by": "g",
        "method": "standard",
        "min_rows": 2,
        "median_rows": 4.0,
        "centre": (0.0, 1.0),
        "scale": (1.0, 2.0),
    }
    GroupNormalization(**fine).check(2)
    with pytest.raises(ModelError, match="normalisation"):
        GroupNormalization(**fine | change).check(2)


# Properties

values = st.floats(-100, 100).map(lambda x: round(x, 3)) | st.just(np.nan)
tables = st.integers(1, 30).flatmap(
    lambda n: st.tuples(
        arrays(np.float64, (n, 2), elements=values),
        arrays("U1", (n,), elements=st.sampled_from(["a", "b", "c", ""])),
    )
)
methods = st.sampled_from(METHODS)
few = settings(max_examples=40)


@few
@given(tables, methods, st.integers(0, 2**31))
def test_the_order_of_rows_does_not_matter_to_the_bit(table, method, seed):
    X, groups = table
    order = np.random.default_rng(seed).permutation(len(X))
    Z = made(X, groups, method=method).apply(X, groups)
    other = made(X[order], groups[order], method=method).apply(X[order], groups[order])
    np.testing.assert_array_equal(other, Z[order])


@few
@given(tables, methods, st.floats(0.1, 10), st.floats(-50, 50))
def test_affine_maps_of_the_columns_of_a_group_do_not_matter(table, method, factor, offset):
    X, groups = table
    enough = np.array([np.sum(~np.isnan(X[groups == "a"]), axis=0)]).min(initial=0) >= 3
    own = groups == "a"
    mapped = X.copy()
    if enough:
        mapped[own] = factor * X[own] + offset
    training, names = two_groups(columns=2)  # the statistics for small groups stay the same
    normalization = made(training, names, method=method)
    Z = normalization.apply(X, groups)
    np.testing.assert_allclose(normalization.apply(mapped, groups), Z, atol=1e-6, rtol=1e-6)


@few
@given(tables, tables, methods)
def test_no_test_row_influences_the_training_rows(train, test, method):
    (X, groups), (other_X, other_groups) = train, test
    both, names = np.concatenate([X, other_X]), np.concatenate([groups, other_groups])
    rows = np.arange(len(X))
    alone = made(X, groups, method=method)
    joint = made(both, names, train=rows, method=method)
    assert alone == joint
    np.testing.assert_array_equal(normalized_rows(joint, both, names, rows), alone.apply(X, groups))


@few
@given(tables, methods)
def test_results_are_finite_where_values_are(table, method):
    X, groups = table
    normalization = made(X, groups, method=method)
    normalization.check(2)
    assert (np.isfinite(normalization.apply(X, groups)) == ~np.isnan(X)).all()
