"""Distances of columns: independent references, false alarms and coverage of intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, norm
from two_datasets import dataset, rows

from featkit.evaluation._distances import distances, interval
from featkit.evaluation._pooled_rows import observed_weights, pool

REPETITIONS = 100
MOST_ALARMS = 10
"""With a probability of 5 %, more than 10 of 100 have a probability of 1 %."""


def measured(home, here, seed=0):
    pooled = pool(home, here, [np.arange(len(home)), np.arange(len(here))])
    return distances(np.concatenate([home.X, here.X]), pooled, seed=seed), pooled


def observed(a, b):
    """Distances of columns without classes."""
    sides = (
        rows(name, X, ["a"] * len(X), [f"{name}{k}" for k in range(len(X))])
        for name, X in (("home", a), ("here", b))
    )
    return measured(*sides)[0].columns.observed


def test_the_distance_is_that_of_scipy():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(83, 5)), rng.normal(0.3, 1.4, size=(61, 5))
    a[:, 3], b[:, 3] = np.round(a[:, 3]), np.round(b[:, 3])  # many ties
    a[:, 4], b[:, 4] = np.abs(a[:, 4]), -np.abs(b[:, 4])  # no overlap
    expected = [ks_2samp(a[:, k], b[:, k]).statistic for k in range(5)]
    np.testing.assert_allclose(observed(a, b), expected, atol=1e-12)


def test_the_distance_with_classes_is_that_of_the_weighted_distributions():
    home = dataset("home", seed=0, groups=30, segments=2, shares=(0.7, 0.3))
    here = dataset("here", seed=1, groups=25, segments=3, shares=(0.2, 0.8))
    own, pooled = measured(home, here)
    weights = np.abs(observed_weights(pooled))
    for k in range(3):
        x = np.concatenate([home.X[:, k], here.X[:, k]])
        by_value = [
            abs(
                weights[(x <= value) & ~pooled.here].sum()
                - weights[(x <= value) & pooled.here].sum()
            )
            for value in x
        ]
        assert own.columns.observed[k] == pytest.approx(max(by_value), abs=1e-12)


def test_undefined_values_are_smaller_than_all_others():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(40, 2)), rng.normal(size=(40, 2))
    a[:30, 0] = np.nan
    b[:, 1] = a[:, 1] = np.nan
    low_a, low_b = (np.where(np.isnan(x), -1e9, x) for x in (a, b))
    distance = observed(a, b)
    np.testing.assert_allclose(distance, observed(low_a, low_b), atol=1e-12)
    assert distance[0] >= 0.75
    assert distance[1] == 0


def test_constant_columns_do_not_differ():
    home, here = (rows(s, np.full((9, 2), 4.0), ["a"] * 9, list("123456789")) for s in "ab")
    own, pooled = measured(home, here)
    assert own.columns.observed.tolist() == [0, 0]
    assert not own.differs.any()
    exact = interval(own.columns, np.array([0]), pooled.fewest_groups)
    assert (exact.value, exact.low) == (0, 0)
    assert exact.high == pytest.approx(1 - 0.025 ** (1 / 9))


def test_the_distance_of_columns_that_do_not_overlap_has_an_exact_interval():
    home, here = (
        rows(name, np.full((12, 1), value), ["a"] * 12, [f"{name}{k}" for k in range(12)])
        for name, value in (("home", 0.0), ("here", 1.0))
    )
    own, pooled = measured(home, here)
    exact = interval(own.columns, np.array([0]), pooled.fewest_groups)
    assert (exact.value, exact.high) == (1, 1)
    assert exact.low == pytest.approx(0.025 ** (1 / 12))
    assert own.differs.all()


VALUES = st.one_of(st.integers(-4, 4).map(float), st.floats(-1e3, 1e3), st.just(np.nan))


@st.composite
def sides(draw):
    """Two datasets of one to three classes, of which one at least is on both sides."""
    made = []
    for name in ("home", "here"):
        count = draw(st.integers(2, 12))
        values = draw(st.lists(VALUES, min_size=count, max_size=count))
        labels = draw(st.lists(st.sampled_from("abc"), min_size=count - 1, max_size=count - 1))
        groups = draw(st.lists(st.sampled_from("1234"), min_size=count, max_size=count))
        made.append(rows(name, np.array(values)[:, None], ["a", *labels], groups))
    return made


@given(sides(), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_what_holds_for_any_rows(pair, random):
    home, here = pair
    own, pooled = measured(home, here)
    (distance,) = own.columns.observed
    assert 0 <= distance <= 1
    assert own.threshold >= 0
    bounds = interval(own.columns, np.array([0]), pooled.fewest_groups)
    if bounds.low is not None:
        assert 0 <= bounds.low <= bounds.value <= bounds.high <= 1
    assert measured(here, home)[0].columns.observed[0] == pytest.approx(distance, abs=1e-11)
    order = list(range(len(home)))
    random.shuffle(order)
    shuffled = rows("home", home.X[order], home.y[order], home.groups[order])
    again = measured(shuffled, here)[0]
    assert again.columns.observed[0] == pytest.approx(distance, abs=1e-11)
    assert again.threshold == pytest.approx(own.threshold, abs=1e-11)
    steep = [rows(s.name, np.round(s.X, 6) ** 3 + 7, s.y, s.groups) for s in pair]
    plain = [rows(s.name, np.round(s.X, 6), s.y, s.groups) for s in pair]
    assert measured(*steep)[0].columns.observed[0] == pytest.approx(
        measured(*plain)[0].columns.observed[0], abs=1e-11
    )


NOTHING_DIFFERS = {
    "rows": ({"groups": 20}, {"groups": 20}),
    "segments": ({"groups": 12, "segments": 4}, {"groups": 15, "segments": 4}),
    "class shares": ({"groups": 30, "shares": (0.8, 0.2)}, {"groups": 30, "shares": (0.2, 0.8)}),
    "many segments": (
        {"groups": 12, "between": 0.2},
        {"groups": 24, "segments": 6, "between": 0.2},
    ),
    "speakers": (
        {"groups": 8, "segments": 8, "mixed": True, "shares": (0.4, 0.6)},
        {"groups": 6, "segments": 8, "mixed": True, "shares": (0.7, 0.3)},
    ),
}
"""Pairs of datasets; `benchmarks/shift.py` has larger ones."""


@pytest.mark.parametrize("case", NOTHING_DIFFERS)
def test_false_alarms_are_rare(case):
    home, here = NOTHING_DIFFERS[case]
    alarms = sum(
        bool(
            measured(
                dataset("home", seed=2 * k, **home), dataset("here", seed=2 * k + 1, **here), seed=k
            )[0].differs.any()
        )
        for k in range(REPETITIONS)
    )
    assert alarms <= MOST_ALARMS


def test_columns_that_differ_do_not_hide_others():
    """The step-down procedure leaves out columns that differ, whose groups are all on one side."""
    rng = np.random.default_rng(0)
    home, here = (
        dataset(name, seed=k, groups=8, segments=40, between=0, shares=(1.0,), columns=4)
        for k, name in enumerate(("home", "here"))
    )
    here.X[:, 0] = rng.normal(9, 1, len(here))
    here.X[:, 1] += 0.5
    assert measured(home, here)[0].differs.tolist() == [True, True, False, False]


@pytest.mark.parametrize("shift", [0.0, 0.8])
def test_intervals_contain_the_true_distance_in_most_cases(shift):
    true = 2 * norm.cdf(shift / 2) - 1
    hits = []
    for k in range(REPETITIONS // 2):
        home, here = (
            dataset(name, seed=2 * k + side, groups=20, segments=2, shares=(1.0,), columns=2)
            for side, name in enumerate(("home", "here"))
        )
        here.X[:] += shift
        own, pooled = measured(home, here, seed=k)
        for members in (np.array([0]), np.array([1]), np.array([0, 1])):
            bounds = interval(own.columns, members, pooled.fewest_groups)
            hits.append(bounds.low <= true <= bounds.high)
    assert np.mean(hits) >= 0.9
