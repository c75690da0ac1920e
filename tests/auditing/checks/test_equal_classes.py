"""The check of classes that are one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled_tables import audited, labelled, predict_labels_fast
from sklearn.metrics import roc_auc_score

from featkit.auditing.checks import equal_classes
from featkit.auditing.checks.equal_classes import CHECK, pair_area


@pytest.fixture(autouse=True)
def fast_estimators(monkeypatch):
    predict_labels_fast(monkeypatch)


def split_class(data, name, parts, seed=0):
    """Give the recordings of a class labels at random."""
    rows = np.flatnonzero(data["label"] == name)
    data.loc[rows, "label"] = np.random.default_rng(seed).permutation(np.resize(parts, len(rows)))
    return data


@pytest.mark.parametrize("seed", range(3))
def test_a_class_with_two_names_is_reported_and_no_other(seed):
    data = split_class(labelled(600, seed=seed), "dog", ["dog", "hound"], seed)
    (issue,) = CHECK.run(audited(data))
    assert issue.evidence["classes"] == ["dog", "hound"]
    assert issue.severity == "medium"
    assert issue.evidence["low"][0] <= 0.5
    assert issue.evidence["high"][0] < 0.65
    assert issue.message.startswith("'dog' and 'hound' cannot be told apart")


def test_each_class_is_compared_with_the_most_similar_ones(monkeypatch):
    monkeypatch.setattr(equal_classes, "N_COMPARED", 1)
    data = split_class(labelled(600), "dog", ["dog", "hound"])
    (issue,) = CHECK.run(audited(data))
    assert issue.evidence["classes"] == ["dog", "hound"]


def test_three_names_of_a_class_are_one_issue():
    data = split_class(labelled(900), "dog", ["dog", "hound", "pup"])
    (issue,) = CHECK.run(audited(data))
    assert issue.evidence["classes"] == ["dog", "hound", "pup"]
    assert len(issue.evidence["areas"]) >= 2


def test_a_name_within_another_has_a_remedy_of_its_own():
    data = split_class(labelled(600), "dog", ["dog", "Dog bark"])
    (issue,) = CHECK.run(audited(data))
    assert "one name contains the other" in issue.remedy


def test_classes_that_differ_give_no_issue():
    assert not list(CHECK.run(audited(labelled(150, distance=2))))


def test_classes_with_few_recordings_give_no_issue():
    data = split_class(labelled(45), "dog", ["dog", "hound"])
    assert not list(CHECK.run(audited(data)))


def test_labels_at_random_are_a_severe_issue():
    (issue,) = CHECK.run(audited(labelled(450, distance=0)))
    assert issue.severity == "high"
    assert "check that the labels belong" in issue.remedy


@given(st.integers(0, 10**6), st.integers(2, 30), st.integers(2, 30))
@settings(max_examples=40)
def test_the_area_equals_that_of_scikit_learn(seed, n_first, n_second):
    rng = np.random.default_rng(seed)
    is_first = np.arange(n_first + n_second) < n_first
    scores = np.round(rng.normal(size=len(is_first)) + is_first, 1)  # with ties
    area = pair_area(scores, is_first, np.arange(len(is_first)))
    assert area.value == pytest.approx(roc_auc_score(is_first, scores))
    assert area.low <= area.value <= area.high


def test_the_interval_covers_the_area_at_its_rate_with_groups():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        groups = np.repeat(np.arange(20), 6)
        is_first = rng.random(120) < 0.5
        scores = rng.normal(size=120) + rng.normal(size=20)[groups]
        area = pair_area(scores, is_first, groups)
        covered += area.low <= 0.5 <= area.high
    assert 0.91 <= covered / 300 <= 0.99
