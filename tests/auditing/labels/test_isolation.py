"""Distances in feature space, and thresholds of their tail."""

import numpy as np
import pytest
from scipy import stats

from featkit.auditing.labels.isolation import (
    N_NEIGHBOURS,
    class_space,
    neighbour_distances,
    strangeness,
    tail_threshold,
)


def test_the_spread_within_classes_is_one_in_all_directions():
    rng = np.random.default_rng(0)
    y = np.arange(600) % 3
    X = rng.normal(size=(600, 5)) @ rng.normal(size=(5, 5)) + 3 * y[:, None]
    space = class_space(X, y)
    within = space - np.array([space[y == k].mean(axis=0) for k in range(3)])[y]
    np.testing.assert_allclose(np.cov(within.T), np.eye(5), atol=0.25)  # shrunken


def test_units_of_columns_and_missing_values_do_not_matter():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 6)), np.zeros(80)
    first = class_space(X, y)
    second = class_space(np.exp(X) * [1, 10, 1e6, 1e-6, 3, 2], y)
    np.testing.assert_allclose(first @ first.T, second @ second.T, atol=1e-8)
    X[3, 2], X[:, 4] = np.nan, 7
    assert np.isfinite(class_space(X, y)).all()


def test_distances_are_to_the_nearest_rows_of_other_groups():
    space = np.array([[0.0], [1], [2], [10], [11], [30]])
    y, groups = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 2, 3, 3])
    of_classes, of_all = neighbour_distances(space, y, groups)
    assert of_classes[0].tolist() == [2, (10 + 11 + 30) / 3]
    assert of_classes[3].tolist() == [9, (1 + 20) / 2]
    assert of_all[0] == np.mean([2, 10, 11, 30])
    assert len(space) - 1 >= N_NEIGHBOURS


def test_a_class_of_one_group_has_no_neighbours():
    space = np.arange(6.0)[:, None]
    y = np.array([0, 0, 0, 1, 1, 1])
    of_classes, _ = neighbour_distances(space, y, np.array([0, 0, 0, 1, 2, 3]))
    assert np.isinf(of_classes[:3, 0]).all()
    assert np.isfinite(of_classes[:, 1]).all()


@pytest.mark.parametrize(
    ("law", "low", "high"),
    [(stats.expon, 0.7, 1.4), (stats.norm, 0.0, 0.5), (stats.uniform, 0.0, 0.01)],
)
def test_the_expected_number_of_rows_exceeds_a_threshold_at_most(law, low, high):
    counts = []
    for seed in range(300):
        values = law.rvs(size=400, random_state=seed)
        counts.append(np.sum(values > tail_threshold(values, 1.0)))
    assert low <= np.mean(counts) <= high


def test_a_few_outliers_do_not_move_the_threshold_much():
    values = stats.expon.rvs(size=400, random_state=0)
    limit = tail_threshold(values, 1.0)
    values[:8] = 50
    assert limit < tail_threshold(values, 1.0) < 1.3 * limit


def test_the_strangeness_of_normal_distances_is_in_standard_deviations():
    logs = stats.norm.rvs(size=20_000, random_state=0)
    y = np.arange(20_000) % 2
    distances = np.exp(logs * (1 + 2 * y) + 5 * y)
    np.testing.assert_allclose(np.std(strangeness(distances, distances, y)), 1, atol=0.03)


def test_a_row_that_is_nearer_to_other_classes_is_stranger():
    distances = np.exp(stats.norm.rvs(size=100, random_state=0))
    y, of_all = np.zeros(100), distances.copy()
    of_all[7] /= 3
    plain, near = strangeness(distances, distances, y), strangeness(distances, of_all, y)
    assert np.flatnonzero(near > plain).tolist() == [7]
