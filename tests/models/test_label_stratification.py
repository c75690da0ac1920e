"""Groups whose rows have several labels are divided into parts with equal shares of every label."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold

from featkit.errors import ParameterError
from featkit.models.splits import GroupFolds, assign_parts


def random_rows(seed, n=240, n_groups=60):
    rng = np.random.default_rng(seed)
    Y = rng.random((n, 6)) < [0.6, 0.3, 0.2, 0.1, 0.05, 0.9]
    return Y, rng.integers(0, n_groups, n)


def imbalance(Y, parts):
    """Largest distance of the share of a label in a part from that in the table."""
    shares = [Y[parts == part].mean(axis=0) for part in np.unique(parts)]
    return np.abs(np.array(shares) - Y.mean(axis=0)).max()


@given(st.integers(0, 1000))
def test_no_group_is_divided_and_every_row_is_in_a_part(seed):
    Y, groups = random_rows(seed)
    parts = assign_parts(Y, groups, np.full(5, 0.2), seed=seed)
    assert len(set(zip(groups.tolist(), parts.tolist(), strict=True))) == len(set(groups.tolist()))
    assert set(parts.tolist()) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("seed", range(5))
def test_labels_are_spread_more_evenly_than_without_stratification(seed):
    Y, groups = random_rows(seed)
    parts = assign_parts(Y, groups, np.full(5, 0.2), seed=0)
    unstratified = np.empty(len(Y), dtype=int)
    for k, (_, test) in enumerate(GroupKFold(5).split(Y, groups=groups)):
        unstratified[test] = k
    assert imbalance(Y, parts) < imbalance(Y, unstratified)
    assert np.bincount(parts).max() <= 1.2 * len(Y) / 5


def test_a_label_with_as_many_groups_as_parts_is_in_every_part():
    Y = np.zeros((20, 3), dtype=bool)
    Y[:5, 0], Y[3:8, 1], Y[:, 2] = True, True, True
    parts = assign_parts(Y, np.arange(20), np.full(5, 0.2), seed=0)
    assert set(parts[Y[:, 0]].tolist()) == set(parts[Y[:, 1]].tolist()) == {0, 1, 2, 3, 4}


def test_the_groups_of_a_rare_label_are_in_different_parts():
    Y, groups = random_rows(0)
    rare = np.isin(groups, [0, 1])
    parts = assign_parts(np.column_stack([Y, rare]), groups, np.full(5, 0.2), seed=0)
    assert len(set(parts[rare].tolist())) == 2


def test_rows_without_labels_are_shared_out_too():
    Y = np.zeros((40, 2), dtype=bool)
    Y[:10] = True
    parts = assign_parts(Y, np.arange(40), np.full(4, 0.25), seed=0)
    assert np.bincount(parts).tolist() == [10, 10, 10, 10]


def test_fewer_groups_than_parts_are_an_error():
    Y = np.ones((6, 2), dtype=bool)
    with pytest.raises(ParameterError, match="2 groups cannot be divided into 3 parts"):
        list(GroupFolds(3).split(Y, Y, [1, 1, 1, 2, 2, 2]))
