"""Scores: those of scikit-learn, with intervals over groups."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learning import accuracy, copies, tones
from sklearn import metrics as reference

import featkit
from featkit.models import bootstrap
from featkit.models.bootstrap import draws
from featkit.models.reliability import calibration
from featkit.models.score_types import METRICS
from featkit.models.scores import (
    class_scores,
    confidence_intervals,
    metric_values,
    metrics_of_confusions,
    model_scores,
)
from featkit.report.sections.performance import performance


@pytest.fixture(scope="module")
def result():
    data = tones(rows=90, spread=4.0)
    return featkit.train(data, folds=3, model="random_forest")


def test_scores_are_scikit_learns_on_the_same_predictions(result):
    predictions = result.predictions
    P = predictions[["p_high", "p_low", "p_mid"]].to_numpy()
    y, answer = predictions["label"], predictions["predicted"]
    scores = result.scores["models"]["random_forest"]
    expected = {
        "accuracy": reference.accuracy_score(y, answer),
        "balanced_accuracy": reference.balanced_accuracy_score(y, answer),
        "macro_f1": reference.f1_score(y, answer, average="macro"),
        "log_loss": reference.log_loss(y, P),
    }
    assert 0.4 < expected["accuracy"] < 1
    for name, value in expected.items():
        assert scores[name]["value"] == pytest.approx(value, rel=1e-14)
        assert scores[name]["low"] < value < scores[name]["high"]
        assert len(scores[name]["folds"]) == 3
    np.testing.assert_array_equal(result.scores["confusion"], reference.confusion_matrix(y, answer))
    report = reference.classification_report(y, answer, output_dict=True)
    for own_scores in result.scores["per_class"]:
        for ours, theirs in (("precision",) * 2, ("recall",) * 2, ("f1", "f1-score")):
            assert own_scores[ours] == report[own_scores["class"]][theirs]
        assert own_scores["support"] == report[own_scores["class"]]["support"]
    one_hot = np.eye(3)[np.searchsorted(["high", "low", "mid"], y)]
    brier = np.mean(np.sum((P - one_hot) ** 2, axis=1))
    assert result.scores["calibration"]["brier"] == pytest.approx(brier, rel=1e-12)


def test_the_reliability_holds_every_row_once(result):
    bins = result.scores["calibration"]["reliability"]
    assert sum(b["rows"] for b in bins) == 90
    hits = sum(b["rows"] * b["accuracy"] for b in bins)
    assert hits / 90 == pytest.approx(accuracy(result, "random_forest"))
    assert all(b["from"] <= b["confidence"] <= b["to"] for b in bins)


def test_the_baseline_predicts_the_commonest_class():
    data = tones(rows=60)
    data.loc[data.index[:30], "label"] = "low"
    found = featkit.train(data, model="logistic").scores["models"]["baseline"]
    assert found["accuracy"]["value"] == pytest.approx((data["label"] == "low").mean())
    assert found["balanced_accuracy"]["value"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(("rows", "classes", "folds"), [(24, 2, 5), (60, 3, 8), (50, 2, 7)])
def test_the_baseline_is_no_worse_than_chance(rows, classes, folds):
    """The commonest of equal classes in training would be the rarest in the test rows."""
    data = tones(rows=rows, classes=("high", "low", "mid")[:classes])
    found = featkit.train(data, model="logistic", folds=folds).scores["models"]["baseline"]
    assert found["accuracy"]["value"] == pytest.approx(1 / classes)
    assert found["balanced_accuracy"]["value"] == pytest.approx(1 / classes)


def test_probabilities_as_of_equally_common_classes_are_a_warning():
    """Class weights find rare classes, at the price of probabilities that are too high."""
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.normal(size=(400, 4)), columns=list("abcd"))
    data["label"] = np.where(np.arange(400) < 20, "rare", "common")
    result = featkit.train(data, model="logistic")
    common, rare = result.scores["calibration"]["classes"]
    assert (common["share"], rare["share"]) == (0.95, 0.05)
    assert rare["probability"] == pytest.approx(result.predictions["p_rare"].mean())
    assert rare["expected_error"] > 0.2
    assert rare["brier"] + common["brier"] == pytest.approx(result.scores["calibration"]["brier"])
    (warning,) = (text for text in result.warnings if "equally common" in text)
    assert f"'rare' is {rare['probability']:.3f}, and its share of the rows is 0.050" in warning
    calibration_text = performance(result.evaluation).calibration
    assert "neither overconfident" not in calibration_text
    assert "mean probability of “rare” is" in calibration_text
    balanced = featkit.train(tones(spread=4.0), model="logistic")
    assert not any("equally common" in text for text in balanced.warnings)
    assert "On the whole, the model is" in performance(balanced.evaluation).calibration


@given(
    st.integers(2, 4).flatmap(
        lambda k: st.lists(
            st.tuples(st.integers(0, k - 1), st.lists(st.floats(0.01, 1), min_size=k, max_size=k)),
            min_size=1,
            max_size=40,
        ).map(lambda drawn: (k, drawn))
    )
)
def test_errors_of_calibration_are_shares(drawn):
    k, rows = drawn
    classes = [f"c{n}" for n in range(k)]
    P = np.array([row for _, row in rows])
    P /= P.sum(axis=1, keepdims=True)
    found = calibration(np.array([classes[true] for true, _ in rows]), P, classes)
    assert 0 <= found.expected_error <= 1
    for of in found.classes:
        # What is off on the whole is off in the bins, at least.
        assert abs(of.probability - of.share) <= of.expected_error + 1e-9 <= 1 + 1e-9
    assert sum(of.brier for of in found.classes) == pytest.approx(found.brier)
    assert sum(of.share for of in found.classes) == pytest.approx(1)


def test_a_spread_that_there_is_not_is_none_and_no_interval_has_no_width():
    result = featkit.train(tones(rows=75, spread=0.1), model="logistic", shares=(80, 20))
    found = result.scores["models"]["logistic"]["accuracy"]
    assert (found["value"], found["std"]) == (1.0, None)
    assert found["low"] == pytest.approx(0.025 ** (1 / 15))
    assert found["high"] == 1
    json.dumps(result.scores, allow_nan=False)
    low, high = confidence_intervals(
        np.array(["a", "a", "b", "b"]),
        np.array([[0.1, 0.9], [0.1, 0.9], [0.9, 0.1], [0.9, 0.1]]),
        ["a", "b"],
        np.array([1, 1, 2, 2]),
    )
    assert low["accuracy"] == 0
    assert high["accuracy"] == pytest.approx(1 - 0.025**0.5)


def test_what_has_nothing_to_share_is_none():
    y, said = np.array(["a", "a", "b"]), np.array(["a", "d", "a"])
    a, b, c, d = class_scores(y, said, ["a", "b", "c", "d"])
    assert (a.precision, a.recall, a.f1) == (0.5, 0.5, 0.5)
    assert (b.precision, b.recall, b.f1) == (None, 0, 0)
    assert (c.precision, c.recall, c.f1) == (None, None, None)
    assert (d.precision, d.recall, d.f1) == (0, None, None)
    P = np.eye(4)[[0, 3, 0]] * 0.9 + 0.025
    of_rows = metric_values(y, P, ["a", "b", "c", "d"])
    there = [each for each in (a, b, c, d) if each.recall is not None]
    recall, f1 = (np.mean([getattr(each, name) for each in there]) for name in ("recall", "f1"))
    assert of_rows["balanced_accuracy"] == pytest.approx(recall)
    assert of_rows["macro_f1"] == pytest.approx(f1)


@given(
    st.integers(2, 4).flatmap(
        lambda k: st.lists(
            st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)), min_size=8, max_size=40
        ).map(lambda pairs: (k, pairs))
    )
)
def test_scores_of_a_confusion_are_those_of_the_rows(drawn):
    k, pairs = drawn
    true, said = np.array(pairs).T
    confusion = np.zeros((k, k))
    np.add.at(confusion, (true, said), 1)
    classes = [f"c{n}" for n in range(k)]
    P = np.full((len(true), k), 0.1 / k)
    P[np.arange(len(true)), said] += 0.9
    expected = metric_values(np.array(classes)[true], P, classes)
    for name, value in metrics_of_confusions(confusion).items():
        assert value == pytest.approx(expected[name], abs=1e-12), name


def test_intervals_are_wider_where_rows_come_in_groups():
    data = copies(recordings=30, segments=20)
    rng = np.random.default_rng(0)
    right = np.repeat(rng.random(30) < 0.7, 20)
    y = data["label"].to_numpy(str)
    classes = ["jazz", "rock"]
    says_jazz = (y == "jazz") == right
    P = np.where(says_jazz[:, None], [[0.8, 0.2]], [[0.2, 0.8]])
    (low, high), (low_rows, high_rows) = (
        [end["accuracy"] for end in confidence_intervals(y, P, classes, groups)]
        for groups in (data["path"].to_numpy(str), np.arange(600))
    )
    mean = right.mean()
    spread = 1.96 * np.sqrt(mean * (1 - mean) / 30)  # of thirty songs that are right or wrong
    assert high - low == pytest.approx(2 * spread, rel=0.15)
    assert high_rows - low_rows < (high - low) / 3


def made_predictions(rows, groups, classes=("a", "b", "c"), seed=0):
    rng = np.random.default_rng(seed)
    y = np.array(classes)[rng.integers(len(classes), size=rows)]
    P = rng.dirichlet(np.ones(len(classes)), size=rows)
    return y, P, list(classes), rng.integers(groups, size=rows).astype(str)


def test_intervals_are_the_same_however_the_confusions_are_added(monkeypatch):
    predictions = made_predictions(500, 60)
    dense = confidence_intervals(*predictions)
    monkeypatch.setattr(bootstrap, "DENSE_COUNTS", 0)
    assert confidence_intervals(*predictions) == dense


@pytest.mark.parametrize("groups", [40, bootstrap.MANY_GROUPS])
def test_draws_are_the_same_however_many_are_in_one_array(groups):
    one, two = (np.concatenate(list(draws(groups, 4, at_once=k))) for k in (1, 4))
    np.testing.assert_array_equal(one, two)
    assert (one.sum(axis=1) == groups).all()


def test_intervals_of_many_groups_are_those_of_a_binomial():
    n = 2 * bootstrap.MANY_GROUPS
    y, P, classes, _ = made_predictions(n, 1)
    low, high = confidence_intervals(y, P, classes, np.arange(n))
    mean = np.mean(np.array(classes)[P.argmax(axis=1)] == y)
    spread = 1.96 * np.sqrt(mean * (1 - mean) / n)
    assert low["accuracy"] == pytest.approx(mean - spread, abs=0.1 * spread)
    assert high["accuracy"] == pytest.approx(mean + spread, abs=0.1 * spread)


def test_scores_without_folds_have_no_spread():
    y, P, classes, groups = made_predictions(60, 20)
    score = model_scores(y, P, classes, groups, None).accuracy
    assert score.value == np.mean(np.array(classes)[P.argmax(axis=1)] == y)
    assert score.std is None
    assert score.folds == {}


def test_intervals_are_of_groups_also_where_these_are_divided():
    by_row = featkit.train(copies(), model="logistic", split_by_row=True).scores["models"]
    honest = featkit.train(copies(), model="logistic").scores["models"]
    width, expected = (
        of["baseline"]["accuracy"]["high"] - of["baseline"]["accuracy"]["low"]
        for of in (by_row, honest)
    )
    assert width == pytest.approx(expected, rel=0.2)


def test_a_class_that_is_in_no_test_row_leaves_no_nan():
    y = np.array(["a", "b", "a", "b"])
    P = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.2, 0.6, 0.2], [0.1, 0.1, 0.8]])
    found = model_scores(y, P, ["a", "b", "c"], np.arange(4), np.array([1, 1, 2, 2]))
    assert found.balanced_accuracy.value == 0.5
    assert np.isfinite([found[name].low for name in METRICS]).all()


def test_segments_are_put_together_by_recording():
    data = copies(recordings=40, segments=5)
    shift = np.where(data["label"] == "rock", 0.6, -0.6)
    data["x0"] += shift + np.random.default_rng(1).normal(scale=1.5, size=len(data))
    result = featkit.train(data, model="logistic")
    together = result.scores["recordings"]["accuracy"]["value"]
    said = result.predictions
    logs = np.log(said[["p_jazz", "p_rock"]]).groupby(said["path"]).mean()
    answer = logs.idxmax(axis=1).str.removeprefix("p_")
    true = said.groupby("path")["label"].first()
    assert together == pytest.approx((answer == true).mean())
