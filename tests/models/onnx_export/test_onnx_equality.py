"""Exported models give the numbers of featkit; a new estimator inherits these tests."""

import dataclasses

import numpy as np
import pytest
from onnx_exports import CLASSES, expected, fitted, strange_rows

from featkit.models.calibration import Calibrator, Isotonic, Sigmoid
from featkit.models.costs import CostMatrix
from featkit.models.decisions import decide
from featkit.models.estimator import ESTIMATORS as CLASSIFIERS
from featkit.models.onnx_export.checking import open_session
from featkit.models.onnx_export.model_graph import onnx_model
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION, TASKS

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

ESTIMATORS = [(task, name) for task in TASKS for name in TASKS[task].estimators]
EXPORTED = [(task, name) for task, name in ESTIMATORS if TASKS[task].estimators[name].to_onnx]

WITHOUT_PREDICTION = slice(500, 530)
"""Rows of `strange_rows` without any value, or with infinite ones."""


@pytest.fixture(scope="module")
def X():
    return strange_rows()


def run(model, X):
    """The outputs of onnxruntime by name."""
    session = open_session(onnx_model(model))
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"features": X}), strict=True))


def assert_equal(actual, wanted):
    assert np.isnan(wanted[WITHOUT_PREDICTION]).all()
    assert np.isfinite(wanted).mean() > 0.9
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(wanted))
    scale = np.maximum(1.0, np.abs(wanted))
    assert np.nanmax(np.abs(actual - wanted) / scale) <= 1e-6


@pytest.mark.parametrize(("task", "name"), ESTIMATORS)
def test_an_estimator_is_exported_or_says_why_not(task, name):
    estimator = TASKS[task].estimators[name]
    assert (estimator.to_onnx is None) == (len(estimator.not_exported) > 40)
    assert (estimator.to_onnx is None) == (estimator.inputs == "sequences")


@pytest.mark.parametrize(("task", "name"), EXPORTED)
def test_a_thousand_rows_with_missing_values_are_equal(task, name, X):
    model = fitted(task, name)
    outputs = run(model, X)
    P = expected(model, X)
    if task == REGRESSION:
        assert_equal(outputs["prediction"], P[:, 0])
        return
    assert_equal(outputs["probabilities"], P)
    if task == MULTILABEL:
        np.testing.assert_array_equal(outputs["present"], model.decision.labels(P))
        return
    usable = np.isfinite(P).all(axis=1)
    assert outputs["label"][~usable].tolist() == [""] * int((~usable).sum())
    same = outputs["label"][usable] == np.array(CLASSES, object)[decide(P[usable])]
    top = np.sort(P[usable], axis=1)
    assert same[top[:, -1] - top[:, -2] > 1e-9].all()
    assert len(set(outputs["label"].tolist())) == 5


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_few_classes_and_selected_columns_are_equal(name, n_classes, X):
    model = fitted(CLASSIFICATION, name, n_classes=n_classes, select=4)
    assert_equal(run(model, X)["probabilities"], expected(model, X))


SIGMOIDS = [Sigmoid(slope=-9.0, intercept=4.0), Sigmoid(slope=-800.0, intercept=500.0), None]
STEP = Isotonic(thresholds=[0.1, 0.25, 0.26, 0.9], values=[0.0, 0.1, 0.8, 1.0])
ONE_POINT = Isotonic(thresholds=[0.4], values=[0.3])
ZERO = Isotonic(thresholds=[0.0, 0.99], values=[0.0, 0.0])

CALIBRATORS = {
    "temperature": Calibrator(method="temperature", temperature=2.5),
    "low temperature": Calibrator(method="temperature", temperature=1e-3),
    "absent class": Calibrator(method="temperature", temperature=0.5, absent=[1]),
    "sigmoid": Calibrator(method="sigmoid", sigmoids=[*SIGMOIDS, SIGMOIDS[0]], prior=[0.25] * 4),
    "isotonic": Calibrator(
        method="isotonic", isotonic=[STEP, ONE_POINT, ZERO, None], prior=[0.25] * 4
    ),
    "isotonic zeros": Calibrator(method="isotonic", isotonic=[ZERO] * 4, prior=[0.25] * 4),
}


@pytest.mark.parametrize("kind", CALIBRATORS)
@pytest.mark.parametrize("name", ["logistic", "xgboost"])
def test_calibration_is_equal(kind, name, X):
    model = dataclasses.replace(fitted(CLASSIFICATION, name), calibrator=CALIBRATORS[kind])
    assert_equal(run(model, X)["probabilities"], expected(model, X))


@pytest.mark.parametrize("curve", [SIGMOIDS[0], STEP, None])
def test_calibration_of_two_classes_is_equal(curve, X):
    own = {"isotonic": [curve]} if isinstance(curve, Isotonic) else {"sigmoids": [curve]}
    calibrator = Calibrator(method="sigmoid", prior=[0.5, 0.5], **own)
    model = dataclasses.replace(fitted(CLASSIFICATION, "svm", n_classes=2), calibrator=calibrator)
    assert_equal(run(model, X)["probabilities"], expected(model, X))


def test_costs_decide_the_label(X):
    model = fitted(CLASSIFICATION, "logistic")
    cost = 1.0 - np.eye(4)
    cost[3] *= 40
    matrix = CostMatrix(classes=CLASSES, cost=cost.tolist())
    vars(model := dataclasses.replace(model))["costs"] = matrix.of(CLASSES)
    labels, P = run(model, X)["label"], expected(model, X)
    usable = np.isfinite(P).all(axis=1)
    chosen = np.array(CLASSES, object)[decide(P[usable], model.costs)]
    assert (labels[usable] == chosen).mean() > 0.99  # others are ties
    assert (chosen != np.array(CLASSES, object)[decide(P[usable])]).mean() > 0.1


def test_rows_alone_equal_rows_together(X):
    model = fitted(CLASSIFICATION, "ensemble")
    session = open_session(onnx_model(model))
    (together,) = session.run(["probabilities"], {"features": X[490:505]})
    for row, alone in zip(X[490:505], together, strict=True):
        (own,) = session.run(["probabilities"], {"features": row[None]})
        np.testing.assert_allclose(own[0], alone, rtol=0, atol=1e-12)


def test_trees_of_one_leaf_are_exported(X):
    model = fitted(CLASSIFICATION, "random_forest")
    stump = fitted.__wrapped__(CLASSIFICATION, "xgboost", n_classes=2)
    stump.pipeline.set_params(model__n_estimators=2, model__max_depth=1, model__learning_rate=1e-4)
    y = np.where(np.arange(80) % 2, "1", CLASSES[1])
    stump.pipeline.fit(np.zeros((80, model.pipeline.n_features_in_)), y)
    assert_equal(run(stump, X)["probabilities"], expected(stump, X))


def test_equal_models_give_equal_files():
    name = "ensemble"
    one, other = (fitted.__wrapped__(CLASSIFICATION, name) for _ in range(2))
    assert onnx_model(one) == onnx_model(other)
