"""Common classes: merged probabilities, and the scores at home in them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learning import tones, trained
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

import featkit
from featkit.evaluation.common_classes import CommonClasses, common_classes, home_scores
from featkit.table.label_map import LabelMap

MAP = LabelMap.from_plain({"labels": {"tonal": ["high", "mid"]}, "drop": ["noise"]})


def test_without_a_map_the_classes_are_those_of_the_model():
    classes = common_classes("m", ["b", "a"], None)
    assert classes.common == ["b", "a"]
    assert not classes.merged


def test_classes_with_one_target_are_merged_and_others_stay():
    classes = common_classes("m", ["high", "low", "mid", "noise"], MAP)
    assert classes.common == ["tonal", "low", "tonal", "noise"]
    assert classes.names == ["low", "noise", "tonal"]
    assert classes.merged


def test_rules_for_a_dataset_with_the_name_of_the_model_hold_for_its_classes():
    plain = {"labels": {"x": ["z"]}, "datasets": {"genre": {"labels": {"y": ["high"]}}}}
    label_map = LabelMap.from_plain(plain)
    assert common_classes("genre", ["high", "low"], label_map).common == ["y", "low"]
    assert common_classes("other", ["high", "low"], label_map).common == ["high", "low"]


def test_a_map_that_leaves_one_class_is_refused():
    label_map = LabelMap.from_plain({"labels": {"x": ["high", "low"]}})
    with pytest.raises(featkit.ParameterError, match="all classes of the model 'm' to 'x'"):
        common_classes("m", ["high", "low"], label_map)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), st.integers(0, 9))
def test_probabilities_of_merged_classes_are_added(common, seed):
    classes = CommonClasses([f"own{k}" for k in range(len(common))], common)
    P = np.random.default_rng(seed).dirichlet(np.ones(len(common)), size=5)
    merged = classes.merge(P)
    for position, name in enumerate(classes.names):
        own = [k for k, other in enumerate(common) if other == name]
        np.testing.assert_allclose(merged[:, position], P[:, own].sum(axis=1))
    np.testing.assert_allclose(merged.sum(axis=1), 1)


@pytest.fixture(scope="module")
def result():
    return trained(tones(90), "logistic")[0]


def test_the_scores_at_home_are_those_of_the_training(result):
    home = home_scores(result.evaluation, common_classes("m", result.model.classes, None), {"low"})
    kept = result.evaluation.kept
    assert home.metrics["accuracy"].value == kept.accuracy.value
    assert home.metrics["log_loss"].low == kept.log_loss.low
    assert list(home.per_class) == list(result.evaluation.per_class)
    assert home.calibration == result.evaluation.calibration
    recall = {own.name: own.recall for own in home.per_class}
    assert home.same_classes_balanced_accuracy == recall["low"]
    assert not home.merged


def test_merged_scores_at_home_are_those_of_the_merged_labels(result):
    classes = common_classes("m", result.model.classes, MAP)
    home = home_scores(result.evaluation, classes, {"low", "tonal"})
    data = result.predictions
    y, answer = (classes.of_labels(data[name].to_numpy(str)) for name in ("label", "predicted"))
    assert home.merged
    assert home.metrics["accuracy"].value == pytest.approx(accuracy_score(y, answer))
    balanced = balanced_accuracy_score(y, answer)
    assert home.metrics["balanced_accuracy"].value == pytest.approx(balanced)
    assert home.metrics["macro_f1"].value == pytest.approx(f1_score(y, answer, average="macro"))
    assert home.metrics["accuracy"].low is None
    assert "log_loss" not in home.metrics
    assert home.calibration is None
    assert home.same_classes_balanced_accuracy == pytest.approx(balanced)


def test_renamed_classes_keep_all_scores_at_home(result):
    renaming = LabelMap.from_plain({"labels": {"zz": ["high"]}})
    classes = common_classes("m", result.model.classes, renaming)
    home = home_scores(result.evaluation, classes, {"zz"})
    assert [own.name for own in home.per_class] == ["low", "mid", "zz"]
    assert [own.name for own in home.calibration.classes] == ["low", "mid", "zz"]
    assert home.metrics["log_loss"].value == result.evaluation.kept.log_loss.value
    own = {one.name: one for one in result.evaluation.per_class}
    assert home.per_class[-1].recall == own["high"].recall


def test_a_model_without_scores_has_none_at_home():
    assert home_scores(None, CommonClasses(["a"], ["a"]), {"a"}) is None
