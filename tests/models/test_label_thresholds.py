"""Thresholds of labels maximise F1."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_recall_curve

from featkit.models.label_thresholds import DEFAULT, f1_thresholds

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=30)


@given(ROWS)
def test_no_threshold_has_a_higher_f1(rows):
    present = np.array([own for own, _ in rows])
    p = np.array([value / 8 for _, value in rows])
    (threshold,) = f1_thresholds(present[:, None], p[:, None])
    if not present.any():
        assert threshold == DEFAULT
        return
    precision, recall, _ = precision_recall_curve(present, p)
    total = precision + recall
    best = np.max(2 * precision * recall / np.where(total > 0, total, 1))
    assert f1_score(present, p >= threshold) == pytest.approx(best)


def test_a_threshold_is_halfway_between_the_rows_that_it_separates():
    Y = np.array([[True], [True], [False], [False]])
    P = np.array([[0.9], [0.6], [0.2], [0.1]])
    assert f1_thresholds(Y, P).tolist() == [pytest.approx(0.4)]


def test_rows_of_models_that_do_not_know_the_label_are_left_out():
    Y = np.array([[True], [True], [False]])
    P = np.array([[np.nan], [0.6], [0.2]])
    assert f1_thresholds(Y, P).tolist() == [pytest.approx(0.4)]


def test_if_all_rows_are_predicted_the_threshold_is_below_all():
    assert f1_thresholds(np.array([[True], [True]]), np.array([[0.5], [0.3]])).tolist() == [0.15]
