"""Weights that give each class the same share at home and here."""

import numpy as np
import pytest
from two_datasets import dataset, rows

from featkit.evaluation._pooled_rows import (
    drawn_weights,
    observed_weights,
    permuted_weights,
    pool,
    smallest_p_value,
)


def pooled(home, here):
    return pool(home, here, [np.arange(len(home)), np.arange(len(here))])


def unequal():
    home = dataset("home", seed=0, groups=30, segments=3, shares=(0.8, 0.1, 0.1))
    here = dataset("here", seed=1, groups=20, segments=2, shares=(0.2, 0.2, 0.6))
    return pooled(home, here)


def class_shares(own, weights):
    """Share of each class at home and here."""
    classes = np.eye(own.counts.shape[1])[own.label]
    return (np.abs(weights) * side @ classes for side in (~own.here, own.here))


def test_weights_are_those_computed_by_hand():
    home = rows("home", np.zeros((4, 1)), ["a", "a", "a", "b"], list("1234"))
    here = rows("here", np.zeros((3, 1)), ["a", "b", "b"], list("1234")[:3])
    # Class a: 3 rows and 1, b: 1 and 2. Overlap: 3 * 1 / 4 = 9 / 12, and 1 * 2 / 3 = 8 / 12.
    expected = np.array([3 / 17, 3 / 17, 3 / 17, 8 / 17, -9 / 17, -4 / 17, -4 / 17])
    np.testing.assert_allclose(observed_weights(pooled(home, here)), expected, rtol=1e-14)


@pytest.mark.parametrize("weights", [permuted_weights, drawn_weights])
def test_classes_have_the_same_share_on_both_sides_in_every_draw(weights):
    own = unequal()
    for drawn in weights(own, 20, np.random.default_rng(0)):
        assert drawn[drawn > 0].sum() == pytest.approx(1)
        assert drawn[drawn < 0].sum() == pytest.approx(-1)
        classes = np.eye(3)[own.label]
        home, here = (np.maximum(side, 0) @ classes for side in (drawn, -drawn))
        np.testing.assert_allclose(home, here, atol=1e-12)


def test_observed_weights_give_the_classes_equal_shares():
    own = unequal()
    home, here = class_shares(own, observed_weights(own))
    np.testing.assert_allclose(home, here, atol=1e-12)
    assert home.sum() == pytest.approx(1)


def test_groups_change_sides_as_a_whole_and_within_their_class():
    own = unequal()
    for drawn in permuted_weights(own, 20, np.random.default_rng(0)):
        here = drawn < 0
        for group in range(len(own.group_here)):
            assert len(set(here[own.group == group].tolist())) == 1
        for label in range(3):
            groups = set(own.group[here & (own.label == label)].tolist())
            observed = set(own.group[own.here & (own.label == label)].tolist())
            assert len(groups) == len(observed)


def test_groups_of_mixed_classes_can_change_sides_though_their_main_classes_differ():
    home = dataset("home", seed=0, groups=6, segments=20, shares=(0.8, 0.2), mixed=True)
    here = dataset("here", seed=1, groups=6, segments=20, shares=(0.2, 0.8), mixed=True)
    drawn = permuted_weights(pooled(home, here), 50, np.random.default_rng(0))
    assert len({tuple(side) for side in (drawn < 0).tolist()}) > 40


def test_a_draw_without_a_class_on_both_sides_has_no_weight():
    home = rows("home", np.zeros((2, 1)), ["a", "b"], list("12"))
    here = rows("here", np.zeros((2, 1)), ["a", "b"], list("12"))
    drawn = drawn_weights(pooled(home, here), 40, np.random.default_rng(0))
    assert np.isfinite(drawn).all()
    assert set(np.abs(drawn).sum(axis=1).tolist()) == {0.0, 2.0}


def test_equal_names_on_both_sides_are_different_groups():
    same = dataset("same", seed=0, groups=10)
    assert len(pooled(same, same).group_here) == 20


@pytest.mark.parametrize(
    ("home", "here", "p"),
    [(3, 3, 2 / 20), (3, 4, 1 / 35), (2, 2, 2 / 6), (5, 5, 2 / 252), (1, 9, 1 / 10)],
)
def test_the_smallest_p_value_counts_the_divisions(home, here, p):
    sides = (dataset(str(n), seed=0, groups=n, shares=(1.0,)) for n in (home, here))
    assert smallest_p_value(pooled(*sides)) == pytest.approx(p)
