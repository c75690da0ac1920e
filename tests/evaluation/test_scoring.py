"""Scores on a dataset: baselines, recordings and warnings."""

from itertools import product

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss

from featkit.evaluation.dataset_rows import DatasetRows
from featkit.evaluation.result import RowCounts
from featkit.evaluation.scoring import by_recording, chance_scores, majority_scores, score_warnings
from featkit.models.scores import class_scores
from featkit.table.feature_table import FeatureTable

CLASSES = ["a", "b", "c"]


@pytest.mark.parametrize("y", [list("aab"), list("abcc"), list("aaaab")])
def test_chance_scores_are_the_mean_over_all_possible_draws(y):
    y = np.array(y)
    draws = [np.array(draw) for draw in product(CLASSES, repeat=len(y))]
    present = sorted(set(y.tolist()))
    options = {"labels": present, "average": "macro", "zero_division": 0}
    chance = chance_scores(y, CLASSES)
    assert chance.macro_f1 == pytest.approx(np.mean([f1_score(y, d, **options) for d in draws]))
    assert chance.accuracy == pytest.approx(np.mean([accuracy_score(y, d) for d in draws]))
    assert chance.balanced_accuracy == pytest.approx(1 / 3)
    assert chance.log_loss == pytest.approx(np.log(3))


def test_the_majority_class_is_scored_with_the_class_frequencies():
    y = np.array(list("aaabbc"))
    scores = majority_scores(y, ["a", "b", "c", "d"])
    P = np.tile([3 / 6, 2 / 6, 1 / 6, 0], (6, 1))
    answer = np.full(6, "a")
    assert scores.accuracy == accuracy_score(y, answer)
    assert scores.balanced_accuracy == pytest.approx(balanced_accuracy_score(y, answer))
    expected = f1_score(y, answer, average="macro", zero_division=0)
    assert scores.macro_f1 == pytest.approx(expected)
    true = np.searchsorted(["a", "b", "c", "d"], y)
    assert scores.log_loss == pytest.approx(log_loss(true, P, labels=range(4)))


def rows_of(recordings, y, **others):
    n = len(y)
    table = FeatureTable(
        keys={"path": np.array(recordings)}, feature_names=["x"], values=np.zeros((n, 1))
    )
    recordings = np.array(recordings)
    groups = others.pop("groups", recordings)
    return DatasetRows("d", table, ["x"], table.values, np.array(y), recordings, groups, **others)


def test_segments_are_combined_by_the_mean_of_their_log_probabilities():
    P = np.array([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9], [0.5, 0.5]])
    rows = rows_of(list("xyxy"), list("abab"), secondary=np.array(["", "b", "", "b"]))
    arrays = by_recording(rows, P)
    assert arrays.names.tolist() == ["x", "y"]
    assert arrays.y.tolist() == ["a", "b"]
    assert arrays.first.tolist() == [0, 1]
    assert arrays.secondary.tolist() == ["", "b"]
    product_ = np.sqrt(P[0] * P[2])
    np.testing.assert_allclose(arrays.P[0], product_ / product_.sum())


def test_single_rows_keep_their_probabilities_to_the_bit():
    P = np.random.default_rng(0).dirichlet(np.ones(2), size=3)
    assert (by_recording(rows_of(list("zab"), list("aba")), P).P == P).all()


def warnings_of(y, answer, *, groups=50, **counts):
    per_class = class_scores(np.array(y), np.array(answer), CLASSES)
    numbers = {"rows": len(y), "recordings": len(y), "scored_rows": len(y)}
    about = RowCounts(**{**numbers, "scored_recordings": len(y), **counts})
    return list(score_warnings(about, per_class, "artist", groups))


def test_nothing_is_warned_of_when_all_is_well():
    assert warnings_of(list("abc") * 20, list("abc") * 20) == []


def test_a_class_that_is_predicted_too_often_is_named_with_its_counts():
    (warning,) = warnings_of(list("ab") * 20 + ["c"] * 4, list("ac") * 20 + ["c"] * 4)
    assert warning.startswith("predicted more than twice as often as it is true: c (24 times, true")


def test_few_groups_absent_classes_and_unknown_labels_are_warned_of():
    texts = "\n".join(warnings_of(list("ab") * 9, list("ab") * 9, groups=2, unknown={"x": 90}))
    assert "only 2 artists: the intervals are too narrow" in texts
    assert "of one artist: the" in "\n".join(warnings_of(list("abc"), list("abc"), groups=1))
    assert "1 class of the model does not occur: c" in texts
    assert "90 of 18 rows" in texts
    assert "one class, 'a'" in "\n".join(warnings_of(["a"] * 9, ["a"] * 9))
