"""Confident learning: equal to cleanlab on any probabilities, and to values by hand."""

from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.auditing.labels.confident_learning import (
    BOTH,
    BY_CLASS,
    CONFIDENT,
    METHODS,
    NOISE_RATE,
    best_other,
    confident_classes,
    confident_joint,
    confident_thresholds,
    find_mislabelled,
    label_quality,
)

CLEANLAB = {
    NOISE_RATE: "prune_by_noise_rate",
    BY_CLASS: "prune_by_class",
    BOTH: "both",
    CONFIDENT: "confident_learning",
}
"""Names that cleanlab gives the ways to choose rows."""

needs_cleanlab = pytest.mark.skipif(
    find_spec("cleanlab") is None, reason="no cleanlab to compare with"
)


@st.composite
def predictions(draw):
    """Labels of which every class has two, and probabilities that favour them more or less."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_classes = draw(st.integers(2, 12))
    n_rows = draw(st.integers(2 * n_classes, 200))
    each = np.arange(n_classes)
    labels = np.concatenate([each, each, rng.integers(0, n_classes, n_rows - 2 * n_classes)])
    P = rng.dirichlet(np.full(n_classes, draw(st.floats(0.1, 2))), n_rows)
    P[np.arange(n_rows), labels] += draw(st.floats(0, 2)) * rng.random(n_rows)
    return labels, P / P.sum(axis=1, keepdims=True)


@needs_cleanlab
@given(predictions())
@settings(max_examples=25)
def test_results_equal_those_of_cleanlab(drawn):
    from cleanlab.count import compute_confident_joint, get_confident_thresholds
    from cleanlab.filter import find_label_issues

    labels, P = drawn
    joint = confident_joint(labels, P)
    np.testing.assert_array_equal(joint, compute_confident_joint(labels, P))
    np.testing.assert_allclose(confident_thresholds(labels, P), get_confident_thresholds(labels, P))
    for method in METHODS:
        chosen = find_label_issues(labels, P, filter_by=CLEANLAB[method], n_jobs=1)
        np.testing.assert_array_equal(find_mislabelled(labels, P, method), chosen, method)


@needs_cleanlab
@given(predictions())
@settings(max_examples=30)
def test_the_quality_of_labels_equals_that_of_cleanlab(drawn):
    from cleanlab.rank import get_label_quality_scores

    labels, P = drawn
    np.testing.assert_array_equal(label_quality(labels, P), get_label_quality_scores(labels, P))


@given(predictions())
@settings(max_examples=30)
def test_no_more_rows_are_chosen_than_the_joint_says_are_mislabelled(drawn):
    labels, P = drawn
    joint = confident_joint(labels, P)
    assert joint.sum(axis=1).tolist() == np.bincount(labels).tolist()
    chosen = find_mislabelled(labels, P, BOTH)
    for k in range(len(joint)):
        assert chosen[labels == k].sum() <= joint[k].sum() - joint[k, k]
    assert (P[chosen].max(axis=1) > label_quality(labels, P)[chosen]).all()


def test_counts_by_hand():
    labels = np.array([0, 0, 0, 1, 1, 1])
    first = np.array([0.9, 0.8, 0.1, 0.2, 0.3, 0.1])
    P = np.column_stack([first, 1 - first])
    # Thresholds: (0.9 + 0.8 + 0.1) / 3 and (0.8 + 0.7 + 0.9) / 3.
    np.testing.assert_allclose(confident_thresholds(labels, P), [0.6, 0.8])
    assert confident_classes(labels, P).tolist() == [0, 0, 1, 1, -1, 1]
    assert confident_joint(labels, P).tolist() == [[2, 1], [0, 3]]
    assert best_other(labels, P).tolist() == [1, 1, 1, 0, 0, 0]
    for method in METHODS:
        assert np.flatnonzero(find_mislabelled(labels, P, method)).tolist() == [2]


@pytest.mark.parametrize("method", METHODS)
def test_certain_and_correct_models_find_no_mislabels(method):
    labels = np.repeat(np.arange(4), 5)
    assert not find_mislabelled(labels, np.eye(4)[labels], method).any()
