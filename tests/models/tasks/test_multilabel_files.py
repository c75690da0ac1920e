"""Model files of several labels: read as they were written, or refused."""

import copy
import functools
import json

import numpy as np
import pytest
from label_data import tagged
from model_files import attributes, outcome, pack, step, unpacked

from featkit.models.model_file import METADATA, SCHEMA, read_model, write_model
from featkit.models.one_vs_rest import LabelEstimators
from featkit.models.training import train

FEW_TREES = {"random_forest": {"n_estimators": 5}, "xgboost": {"n_estimators": 5}}


@functools.cache
def trained(name, select=None):
    parameters = FEW_TREES.get(name)
    result = train(
        tagged(60), multilabel="tags", model=name, folds=2, parameters=parameters, select=select
    )
    return result.model


@pytest.mark.parametrize(
    ("name", "select"), [*((name, None) for name in LabelEstimators()), ("svm", 3)]
)
def test_a_model_is_read_as_it_was_written(tmp_path, name, select):
    model = trained(name, select)
    write_model(model, tmp_path / "a.fk")
    back = read_model(tmp_path / "a.fk")
    X = np.random.default_rng(0).normal(size=(9, 5))
    np.testing.assert_array_equal(
        back.pipeline.predict_proba(X), model.pipeline.predict_proba(X), strict=True
    )
    assert back.task == "multilabel"
    assert back.decision == model.decision
    assert back.scores == model.scores


def crafted(tmp_path, part, change, name="logistic"):
    """A file with a changed part, and a correct hash."""
    write_model(trained(name), tmp_path / "a.fk")
    parts = unpacked(tmp_path / "a.fk")
    content = json.loads(parts[part])
    change(content)
    return pack(tmp_path / "b.fk", parts | {part: json.dumps(content)})


@pytest.mark.parametrize(
    "decision",
    [
        None,
        {"separator": ";", "thresholds": [0.5, 0.5]},
        {"separator": ";", "thresholds": [0.5, 0.5, 1.5]},
        {"separator": ";", "thresholds": [0.5, 0.5, float("nan")]},
        {"separator": ";", "thresholds": [0.5, 0.5, "0.5"]},
        {"separator": "", "thresholds": [0.5, 0.5, 0.5]},
        {"separator": ";", "thresholds": 0.5},
        {"thresholds": [0.5, 0.5, 0.5]},
    ],
)
def test_thresholds_that_do_not_fit_are_refused(tmp_path, decision):
    file = crafted(tmp_path, METADATA, lambda content: content.update(decision=decision))
    assert outcome(file) != "read"


@pytest.mark.parametrize(
    "change",
    [
        {"task": "classification"},
        {"task": "regression"},
        {"task": "other"},
        {"classes": ["drums", "guitar", "other"]},
        {"classes": ["drums", "guitar"]},
        {"name": "svm"},
        {"name": "ridge"},
    ],
)
def test_metadata_of_another_model_are_refused(tmp_path, change):
    assert outcome(crafted(tmp_path, METADATA, lambda content: content.update(change))) != "read"


def test_labels_in_another_order_are_refused(tmp_path):
    def reverse(content):
        content["classes"].reverse()
        content["scores"]["labels"].reverse()
        content["scores"]["per_label"].reverse()

    assert outcome(crafted(tmp_path, METADATA, reverse)) != "read"


def members(schema):
    """The list of the classifiers of the labels."""
    return attributes(step(schema, -1))["members_"]["content"]


def test_a_missing_classifier_is_refused(tmp_path):
    file = crafted(tmp_path, SCHEMA, lambda schema: members(schema).pop())
    assert "number of classifiers" in outcome(file)


def test_a_classifier_for_classes_of_another_name_is_refused(tmp_path):
    def change(schema):
        attributes(members(schema)[0])["classes_"] = attributes(step(schema, -1))["classes_"]

    assert "absent and present" in outcome(crafted(tmp_path, SCHEMA, change))


def test_a_classifier_of_other_columns_is_refused(tmp_path):
    def change(schema):
        own = attributes(members(schema)[0])
        own["coef_"] = own["intercept_"]

    assert "coefficients" in outcome(crafted(tmp_path, SCHEMA, change))


def test_a_classifier_that_holds_classifiers_is_refused(tmp_path):
    def change(schema):
        members(schema)[0] = copy.deepcopy(step(schema, -1))

    assert "expected a LogisticRegression" in outcome(crafted(tmp_path, SCHEMA, change))


def test_an_estimator_as_parameter_is_refused(tmp_path):
    def change(schema):
        attributes(attributes(step(schema, -1))["estimator"])["C"] = members(schema)[0]

    assert "not plain data" in outcome(crafted(tmp_path, SCHEMA, change))


def test_a_tree_with_a_child_outside_of_it_is_refused(tmp_path):
    write_model(trained("xgboost"), tmp_path / "a.fk")
    parts = unpacked(tmp_path / "a.fk")
    (name, content) = next(item for item in parts.items() if b"left_children" in item[1])
    at = content.index(b"left_children") + 40
    damaged = content[:at] + b"\x7f\xff" + content[at + 2 :]
    assert outcome(pack(tmp_path / "b.fk", parts | {name: damaged})) != "read"


def test_a_model_of_one_class_may_not_hold_the_type_of_several_labels(tmp_path):
    def change(content):
        content["task"] = "classification"
        content["decision"] = None
        content["training"]["settings"].update(multilabel=None, label="tags")
        content["scores"] = {}

    assert "type that no model uses" in outcome(crafted(tmp_path, METADATA, change))
