"""Splits: no group is ever in both training and test rows."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate

from featkit.errors import ParameterError
from featkit.models.splits import (
    GroupFolds,
    GroupHoldout,
    assign_parts,
    groups_per_class,
    min_groups_per_class,
    natural_order,
    split_by_fold,
    split_by_part,
)


@st.composite
def problems(draw, parts=5):
    """Draw rows of groups of any size, in one class or several, with enough groups per class."""
    groups, y = [], []
    for name in range(draw(st.integers(2, 4))):
        for group in range(draw(st.integers(parts, 12))):
            size = draw(st.integers(1, 9))
            groups += [f"{name}-{group}"] * size
            y += [f"class {name}"] * size
    if draw(st.booleans()):  # a group of all classes, such as an artist with several genres
        groups += ["mixed"] * 3
        y += ["class 0", "class 1", "class 1"]
    order = draw(st.permutations(range(len(y))))
    return np.array(y)[list(order)], np.array(groups)[list(order)]


def splitters():
    return st.one_of(
        st.builds(GroupFolds, st.integers(2, 5), seed=st.integers(0, 3)),
        st.builds(
            GroupHoldout,
            st.sampled_from([(60, 20, 20), (70, 15, 15), (80, 10, 10), (0.75, 0.25), (1, 1, 8)]),
            seed=st.integers(0, 3),
        ),
    )


@given(problems(), splitters())
def test_no_group_is_ever_on_both_sides(problem, splitter):
    y, groups = problem
    for train, test in splitter.split(y, y, groups):
        assert not set(groups[train]) & set(groups[test])
        assert sorted([*train, *test]) == list(range(len(y)))
        assert set(y[train]) == set(y[test]) == set(y)


@given(problems(), st.integers(2, 5), st.integers(0, 3))
def test_every_row_is_a_test_row_once(problem, n_splits, seed):
    y, groups = problem
    tests = [test for _, test in GroupFolds(n_splits, seed=seed).split(y, y, groups)]
    assert len(tests) == n_splits
    assert sorted(np.concatenate(tests)) == list(range(len(y)))


@given(problems(), st.integers(0, 3))
def test_the_parts_of_a_holdout_keep_groups_together(problem, seed):
    y, groups = problem
    parts = GroupHoldout((60, 20, 20), seed=seed).parts(y, groups)
    assert all(len(set(parts[groups == group])) == 1 for group in set(groups))
    assert set(parts) == {"train", "validation", "test"}


@pytest.mark.parametrize(
    ("shares", "counts"),
    [
        ((60, 20, 20), (60, 20, 20)),
        ((70, 15, 15), (70, 15, 15)),
        ((80, 10, 10), (80, 10, 10)),
        ((0.8, 0.2), (80, 0, 20)),
    ],
)
def test_parts_have_exactly_their_shares_of_single_rows(shares, counts):
    y = np.repeat(["a", "b", "c"], 100)
    parts = GroupHoldout(shares).parts(y)
    for name in "abc":
        sizes = Counter(parts[y == name].tolist())
        assert (sizes["train"], sizes["validation"], sizes["test"]) == counts


def test_folds_have_their_share_of_every_class_and_of_all():
    y = np.array(["a"] * 26 + ["b"] * 51 + ["c"] * 13)
    sizes = []
    for _, test in GroupFolds(5).split(y, y):
        counts = Counter(y[test].tolist())
        assert counts["a"] in (5, 6)
        assert counts["b"] in (10, 11)
        assert counts["c"] in (2, 3)
        sizes.append(len(test))
    assert max(sizes) - min(sizes) <= 1


def test_a_large_group_leaves_room_for_the_small():
    y = np.repeat("a", 40)
    groups = np.array([0] * 20 + list(range(1, 21)))
    sizes = [len(test) for _, test in GroupFolds(2).split(None, y, groups)]
    assert sizes == [20, 20]


def test_the_seed_decides_and_nothing_else():
    y, rows, shares = np.repeat(["a", "b"], 20), np.arange(40), [0.5, 0.5]
    one, same, other = (assign_parts(y, rows, shares, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_a_class_with_too_few_groups_is_named():
    y = ["a"] * 6 + ["rare"] * 2
    with pytest.raises(
        ParameterError, match=r"'rare' has 2 rows, and each of 3 parts needs one: choose.*class$"
    ):
        list(GroupFolds(3).split(y, y))
    with pytest.raises(ParameterError, match=r"'rare' has 2 groups, .* choose at most 2 folds"):
        list(GroupFolds(3).split(y, y, [0, 0, 1, 1, 2, 2, 3, 4]))
    with pytest.raises(ParameterError, match=r"'rare' has 1 group, .* needs one: remove the rows"):
        GroupHoldout((1, 1)).parts(y, [*range(6), 7, 7])


def test_classes_that_are_measured_numbers_may_be_a_target():
    y = ["0.25", "-1.5e-05", "3.0"]
    with pytest.raises(ParameterError, match=r"to predict numbers, use --target"):
        list(GroupFolds(2).split(y, y))


@pytest.mark.parametrize("n_splits", [1, 0, -3, 2.0, "5"])
def test_folds_are_a_number_from_two(n_splits):
    with pytest.raises(ParameterError, match="folds must be a whole number from 2"):
        GroupFolds(n_splits)


@pytest.mark.parametrize(
    "shares", ["80/20", (1,), (60, 20, 10, 10), (60, 0, 40), (1, -1), (1, np.inf)]
)
def test_shares_are_two_or_three_positive_numbers(shares):
    with pytest.raises(ParameterError, match="shares must be"):
        GroupHoldout(shares)


def test_published_folds_and_parts():
    folds = np.array(["10", "2", "1", "2", "b"])
    assert natural_order(folds) == ["1", "2", "10", "b"]
    assert [test.tolist() for _, test in split_by_fold(folds)] == [[2], [1, 3], [0], [4]]
    parts = np.array(["train", "test", "validation", "train"])
    ((train, test),) = split_by_part(parts)
    assert train.tolist() == [0, 2, 3]
    assert test.tolist() == [1]


def test_splitters_work_in_scikit_learns_cross_validation():
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b"], 30)
    X = rng.normal(size=(60, 3)) + (y == "a")[:, None]
    groups = np.arange(60) // 3
    for splitter, n_splits in ((GroupFolds(4), 4), (GroupHoldout((80, 20)), 1)):
        validated = cross_validate(LogisticRegression(), X, y, groups=groups, cv=splitter)
        assert len(validated["test_score"]) == n_splits == splitter.get_n_splits()


def test_groups_are_counted_by_class():
    assert min_groups_per_class(["a", "a", "a", "b"], [1, 1, 2, 1]) == 1
    assert groups_per_class(["a", "a", "a", "b"], [1, 1, 2, 1]) == {"a": 2, "b": 1}
    assert min_groups_per_class(["a", "a", "b", "b"], [1, 2, 1, 2]) == 2
