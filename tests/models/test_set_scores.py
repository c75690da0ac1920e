"""Scores of prediction sets and of abstention, compared with counts by hand."""

import numpy as np
import pytest

from featkit.models.prediction_sets import PredictionSets, Thresholds
from featkit.models.set_scores import estimates, score_sets

CLASSES = ["a", "b", "c"]


def thresholds(least, answer):
    """Thresholds with one step, so that all coverages and accuracies have the same."""
    return Thresholds(
        rows=9,
        groups=3,
        effective=3.0,
        coverages=(0.99,),
        set_probabilities=(least,),
        accuracies=(0.9,),
        answer_probabilities=(answer,),
    )


def made():
    P = np.array(
        [
            [0.8, 0.1, 0.1],  # one class
            [0.5, 0.4, 0.1],  # two classes
            [0.2, 0.7, 0.1],
            [0.34, 0.33, 0.33],  # fold 2: none, as all are below 0.6
            [0.1, 0.1, 0.8],
        ]
    )
    y = np.array(["a", "b", "a", "a", "c"])
    groups, folds = np.array(["x", "x", "y", "z", "z"]), np.array(["1", "1", "1", "2", "2"])
    sets = {
        "1": PredictionSets(rows=thresholds(0.3, 0.75)),
        "2": PredictionSets(rows=thresholds(0.6, 0.75)),
    }
    return score_sets(y, P, CLASSES, groups, folds, sets, per="segment")


def test_coverage_and_sizes_equal_counts_by_hand():
    scores = made()
    assert (scores.rows, scores.groups) == (5, 3)
    one = scores.coverages[1]
    assert one.nominal == 0.9
    assert one.coverage.value == pytest.approx(3 / 5)
    assert one.group_mean == pytest.approx((1 + 0 + 0.5) / 3)
    assert one.group_std == pytest.approx(np.std([1, 0, 0.5], ddof=1))
    assert one.size.value == pytest.approx((1 + 2 + 1 + 0 + 1) / 5)
    assert one.answered.value == pytest.approx(3 / 5)
    assert one.accuracy.value == pytest.approx(2 / 3)
    assert (one.empty, one.full) == (1 / 5, 0)
    assert [(c.name, c.rows, c.coverage, c.size) for c in one.classes] == [
        ("a", 3, pytest.approx(1 / 3), pytest.approx(2 / 3)),
        ("b", 1, 1.0, 2.0),
        ("c", 1, 1.0, 1.0),
    ]


def test_rows_below_the_threshold_of_their_fold_abstain():
    by_wanted = {own.wanted: own for own in made().answers}
    assert by_wanted[0.8].answered.value == pytest.approx(2 / 5)
    assert by_wanted[0.8].accuracy.value == 1
    assert by_wanted[0.95].unreachable == 2
    assert by_wanted[0.95].answered.value == 0
    assert by_wanted[0.95].accuracy is None


def test_the_risk_coverage_curve_ends_with_all_rows():
    curve = made().curve
    assert curve[-1].answered == 1
    assert curve[-1].accuracy == pytest.approx(3 / 5)
    assert (curve[0].answered, curve[0].accuracy) == (2 / 5, 1)  # two rows of 0.8 are tied
    assert curve[0].probability == 0.8


def test_intervals_draw_groups_and_are_exact_at_the_ends():
    values, group = np.ones(30, dtype=bool), np.repeat(np.arange(10), 3)
    all_right, half, none = estimates(
        [(values, None), (np.arange(30) < 15, None), (values, ~values)], group
    )
    assert (all_right.value, all_right.high) == (1, 1)
    assert all_right.low == pytest.approx(0.025 ** (1 / 10))
    assert half.low < 0.3
    assert half.high > 0.7
    assert none is None
