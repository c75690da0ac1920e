"""Curves and areas are scikit-learn's; thresholds reach what they promise."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning import few_trees, people, tones
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_recall_curve,
    precision_score,
    recall_score,
    roc_auc_score,
    roc_curve,
)

import featkit
from featkit.models import curves
from featkit.models.curves import (
    LEVELS,
    MAX_POINTS,
    areas,
    count_thresholds,
    evaluate_curves,
    inner_threshold,
    operating_points,
)
from featkit.models.score_types import Evaluation
from featkit.models.serialization import from_dict, to_dict

CLASSES = ["a", "b", "c"]


def drawn_scores(rows=120, classes=3, seed=0, decimals=2):
    """Return classes and rounded probabilities, so that many are equal."""
    rng = np.random.default_rng(seed)
    y = np.array(CLASSES[:classes])[rng.integers(classes, size=rows)]
    P = rng.dirichlet(np.ones(classes), rows) + 0.4 * (y[:, None] == np.array(CLASSES[:classes]))
    P = np.round(P / P.sum(axis=1, keepdims=True), decimals)
    return y, P, CLASSES[:classes], rng.integers(20, size=rows)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 60), st.integers(1, 3))
def test_areas_are_those_of_scikit_learn(seed, rows, decimals):
    rng = np.random.default_rng(seed)
    positive = rng.random(rows) < 0.4
    positive[:2] = [True, False]
    probability = np.round(rng.random(rows), decimals)
    roc, average = areas(*count_thresholds(positive, probability)[1:])
    assert roc == pytest.approx(roc_auc_score(positive, probability))
    assert average == pytest.approx(average_precision_score(positive, probability))


def test_all_thresholds_are_those_of_scikit_learn():
    y, P, classes, groups = drawn_scores()
    (first, *_) = evaluate_curves(y, P, classes, groups).classes
    fpr, tpr, thresholds = roc_curve(y == "a", P[:, 0], drop_intermediate=False)
    np.testing.assert_array_equal(first.thresholds, thresholds[1:])
    np.testing.assert_allclose(first.false_positive_rate, fpr[1:])
    np.testing.assert_allclose(first.recall, tpr[1:])
    precision, recall, thresholds = precision_recall_curve(y == "a", P[:, 0])
    np.testing.assert_allclose(first.thresholds[::-1], thresholds)
    np.testing.assert_allclose(first.precision[::-1], precision[:-1])
    np.testing.assert_allclose(first.recall[::-1], recall[:-1])


def test_averages_over_classes_are_those_of_scikit_learn():
    y, P, classes, groups = drawn_scores(decimals=12)
    result = evaluate_curves(y, P, classes, groups)
    truth = y[:, None] == np.array(classes)
    for own, function in (
        ("roc_auc", roc_auc_score),
        ("average_precision", average_precision_score),
    ):
        macro = getattr(result, f"macro_{own}").value
        assert macro == pytest.approx(function(truth, P, average="macro"))
        assert getattr(result.micro, own).value == pytest.approx(
            function(truth, P, average="micro")
        )
        for curve in (*result.classes, result.micro):
            area = getattr(curve, own)
            assert area.low <= area.value <= area.high


def test_a_long_curve_is_thinned_but_exact_at_its_points():
    y, P, classes, groups = drawn_scores(2000, decimals=12)
    curve = evaluate_curves(y, P, classes, groups).classes[1]
    assert 100 < len(curve.thresholds) <= MAX_POINTS
    for threshold, tp, fp in list(
        zip(curve.thresholds, curve.true_positives, curve.false_positives, strict=True)
    )[::20]:
        predicted = P[:, 1] >= threshold
        assert (np.sum(predicted & (y == "b")), np.sum(predicted & (y != "b"))) == (tp, fp)
    assert curve.roc_auc.value == pytest.approx(roc_auc_score(y == "b", P[:, 1]))
    assert (curve.true_positives[-1], curve.false_positives[-1]) == (
        curve.positives,
        curve.negatives,
    )


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(5, 60))
def test_operating_points_reach_their_goals(seed, rows):
    rng = np.random.default_rng(seed)
    positive = rng.random(rows) < 0.5
    positive[:2] = [True, False]
    probability = np.round(rng.random(rows) + 0.3 * positive, 1)
    counts = count_thresholds(positive, probability)
    points = {point.goal: point for point in operating_points(counts)}
    every = [probability >= threshold for threshold in counts.thresholds]
    f1 = [f1_score(positive, predicted) for predicted in every]
    assert points["F1"].f1 == pytest.approx(max(f1))
    for point in points.values():
        predicted = probability >= point.threshold
        assert point.precision == pytest.approx(precision_score(positive, predicted))
        assert point.recall == pytest.approx(recall_score(positive, predicted))
        false = np.sum(predicted & ~positive) / np.sum(~positive)
        assert point.false_positive_rate == pytest.approx(false)
        assert point.predicted == predicted.sum()
    recalls = [recall_score(positive, predicted) for predicted in every]
    precisions = [precision_score(positive, predicted) for predicted in every]
    for level in LEVELS:
        reached = [t for t, r in zip(counts.thresholds, recalls, strict=True) if r >= level]
        assert points[f"recall {level:g}"].threshold == max(reached)
        precise = [t for t, p in zip(counts.thresholds, precisions, strict=True) if p >= level]
        assert (f"precision {level:g}" in points) == bool(precise)
        if precise:
            assert points[f"precision {level:g}"].threshold == min(precise)


def test_intervals_are_those_of_drawing_rows_of_groups():
    y, P, classes, groups = drawn_scores(90, classes=2)
    area = evaluate_curves(y, P, classes, groups).classes[0].roc_auc
    rng = np.random.default_rng(1)
    names, drawn = np.unique(groups), []
    positive = evaluate_curves(y, P, classes, groups).classes[0].name
    for _ in range(300):
        rows = np.concatenate([np.flatnonzero(groups == g) for g in rng.choice(names, len(names))])
        drawn.append(roc_auc_score(y[rows] == positive, P[rows, classes.index(positive)]))
    np.testing.assert_allclose([area.low, area.high], np.percentile(drawn, [2.5, 97.5]), atol=0.03)


def test_large_tables_draw_fewer_groups_of_the_same_kind(monkeypatch):
    y, P, classes, groups = drawn_scores()
    usual = evaluate_curves(y, P, classes, groups)
    monkeypatch.setattr(curves, "DRAWN_AT_ONCE", 1)
    assert evaluate_curves(y, P, classes, groups) == usual
    monkeypatch.setattr(curves, "MAX_DRAWN", 1)
    fewer = evaluate_curves(y, P, classes, groups)
    assert fewer.macro_roc_auc.low == pytest.approx(usual.macro_roc_auc.low, abs=0.03)


def test_intervals_of_fewer_thresholds_are_nearly_the_same(monkeypatch):
    y, P, classes, groups = drawn_scores(3000, decimals=12)
    usual = evaluate_curves(y, P, classes, groups)
    monkeypatch.setattr(curves, "MAX_DRAWN_THRESHOLDS", 300)
    fewer = evaluate_curves(y, P, classes, groups)
    for own, other in zip(
        [*usual.classes, usual.micro], [*fewer.classes, fewer.micro], strict=True
    ):
        for area in ("roc_auc", "average_precision"):
            expected, actual = getattr(own, area), getattr(other, area)
            assert actual.value == expected.value
            assert [actual.low, actual.high] == pytest.approx(
                [expected.low, expected.high], abs=3e-4
            )


def test_perfect_curves_have_an_interval():
    y = np.array(["a", "b"] * 10)
    P = np.where(y[:, None] == np.array(["a", "b"]), 1.0, 0.0)
    (curve,) = evaluate_curves(y, P, ["a", "b"], np.arange(20)).classes
    assert (curve.roc_auc.value, curve.average_precision.value) == (1.0, 1.0)
    assert curve.roc_auc.low == pytest.approx(0.025 ** (1 / 10))


def test_of_two_classes_the_rarer_one_is_positive():
    y, P, classes, groups = drawn_scores(90, classes=2)
    y[:60] = "b"
    result = evaluate_curves(y, P, classes, groups)
    assert [curve.name for curve in result.classes] == ["a"]
    assert result.micro is None
    named = evaluate_curves(y, P, classes, groups, positive="b").classes[0]
    assert named.name == "b"
    assert named.roc_auc.value == pytest.approx(roc_auc_score(y == "b", P[:, 1]))


def test_classes_without_positive_rows_and_unpredictable_ones_are_left_out():
    y, P, classes, groups = drawn_scores()
    wide = np.column_stack([P, np.zeros(len(P))])
    result = evaluate_curves(y, wide, [*classes, "never"], groups)
    assert [curve.name for curve in result.classes] == classes
    unpredictable = y == "c"
    result = evaluate_curves(y, P, classes, groups, unpredictable)
    assert [curve.name for curve in result.classes] == ["a", "b"]
    assert result.classes[0].negatives == np.sum(y != "a")
    assert result.micro.positives == np.sum(y != "c")
    assert evaluate_curves(y[:1], P[:1], classes, groups[:1]) is None


def test_an_inner_threshold_is_chosen_without_test_rows():
    y = np.array(["p", "n", "p", "n"])
    probability = np.array([0.4, 0.3, 0.8, 0.7])
    inner = [
        (np.array(["p", "n", "n"]), np.array([0.35, 0.2, 0.1])),
        (np.array(["p", "n"]), np.array([0.9, 0.5])),
    ]
    result = inner_threshold(y, probability, [np.array([0, 1]), np.array([2, 3])], inner, "p")
    assert result.thresholds == [0.35, 0.9]
    assert (result.precision, result.recall, result.accuracy) == (1.0, 0.5, 0.75)


def test_training_stores_curves_of_the_test_rows(monkeypatch, tmp_path):
    few_trees(monkeypatch, 5)
    result = featkit.train(tones(60, spread=2.0), model="logistic", folds=3)
    data = result.predictions
    for curve in result.evaluation.curves.classes:
        expected = roc_auc_score(data["label"] == curve.name, data[f"p_{curve.name}"])
        assert curve.roc_auc.value == pytest.approx(expected)
    assert result.evaluation.curves.inner_threshold is None
    again = from_dict(Evaluation, json.loads(json.dumps(result.scores, allow_nan=False)))
    assert to_dict(again) == result.scores
    again.check()


def test_two_classes_have_a_threshold_of_inner_folds(monkeypatch):
    few_trees(monkeypatch, 5)
    data, person, _ = people(20, spread=1.0)
    data["person"] = person.astype(str)
    result = featkit.train(data, group="person", prediction_sets=True, model="logistic", folds=3)
    chosen = result.evaluation.curves.inner_threshold
    assert len(chosen.thresholds) == 3
    predictions = result.predictions
    thresholds = dict(zip(["1", "2", "3"], chosen.thresholds, strict=True))
    positive = predictions[f"p_{chosen.name}"] >= predictions["fold"].map(thresholds)
    truth = predictions["label"] == chosen.name
    assert chosen.f1 == pytest.approx(f1_score(truth, positive))
    assert chosen.accuracy == pytest.approx(np.mean(truth == positive))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "other"}, "other classes"),
        ({"true_positives": [1]}, "different length"),
        ({"positives": 10**6}, "not those of its rows"),
        ({"thresholds": [float("nan")] * 60}, "not finite|different length"),
    ],
)
def test_impossible_curves_are_refused(change, message):
    y, P, classes, groups = drawn_scores()
    result = evaluate_curves(y, P, classes, groups)
    broken = dataclasses.replace(result.classes[0], **change)
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(result, classes=[broken]).check(classes)
