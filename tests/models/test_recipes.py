"""Calibration in a training: fitted on inner folds, scored on outer ones, stored in the model."""

from functools import cache

import numpy as np
import pytest
from learning import copies, noise, tones
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import log_loss

import featkit
from featkit.errors import ParameterError
from featkit.evaluation.fold_predictions import predict_by_fold
from featkit.executors.opening import local_executor
from featkit.models import compared_models
from featkit.models.calibration import METHODS
from featkit.models.estimator import Candidate, pipeline
from featkit.models.fold_models import training_rows
from featkit.models.outer_folds import plan_splits
from featkit.models.preparation import prepare_problem
from featkit.models.reliability import calibration
from featkit.models.scores import metric_values
from featkit.table.feature_table import FeatureTable


class Probabilities(ClassifierMixin, BaseEstimator):
    """An estimator of featkit of which scikit-learn sees probabilities only."""

    def predict(self, X):
        return self.pipeline_.predict(X)

    def __init__(self, name):
        self.name = name

    def fit(self, X, y):
        self.pipeline_ = pipeline(self.name, seed=0).fit(X, y)
        self.classes_ = self.pipeline_.classes_
        return self

    def predict_proba(self, X):
        return self.pipeline_.predict_proba(X)


def speakers(rows=150):
    """Recordings of three overlapping classes, by speakers; one class is common."""
    data = tones(rows, classes=("high", "low", "mid", "low"), spread=4.0)
    data["speaker"] = [f"speaker {k % 15:02d}" for k in range(rows)]
    return data


@cache
def calibrated(method):
    """Return the result of a training with a method of calibration."""
    return featkit.train(speakers(), group="speaker", folds=3, model="logistic", calibrate=method)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_the_log_loss_equals_that_of_scikit_learn_on_the_same_splits(method):
    data = speakers()
    result = calibrated(method)
    settings = result.model.trained.settings
    table = FeatureTable.of(data, keys=settings.key_columns)
    problem = prepare_problem(table, settings)
    parts = []
    for fold in plan_splits(problem, settings).outer:
        place = {row: k for k, row in enumerate(fold.train.tolist())}
        inner = [[[place[row] for row in rows] for rows in split] for split in fold.inner]
        reference = CalibratedClassifierCV(
            Probabilities("logistic"), method=method, ensemble=False, cv=inner
        )
        reference.fit(problem.X[fold.train], problem.y[fold.train])
        parts.append((fold.test, reference.predict_proba(problem.X[fold.test])))
    rows = np.concatenate([test for test, _ in parts])
    expected = log_loss(problem.y[rows], np.concatenate([P for _, P in parts]))
    assert result.evaluation.kept.log_loss.value == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("method", [*METHODS, "auto"])
def test_scores_before_calibration_are_those_of_a_training_without(method):
    plain = calibrated(None)
    result = calibrated(method)
    before = result.evaluation.uncalibrated
    assert before.calibration == plain.evaluation.calibration
    kept = plain.evaluation.kept
    assert before.metrics.log_loss == kept.log_loss.value
    assert before.metrics.accuracy == kept.accuracy.value
    assert plain.evaluation.uncalibrated is None
    assert plain.evaluation.calibrations == {}
    assert plain.model.calibrator is None
    methods = set(result.evaluation.calibrations.values())
    assert list(result.evaluation.calibrations) == ["1", "2", "3"]
    assert methods <= {"none", *METHODS} if method == "auto" else methods == {method}


def test_scores_after_calibration_are_those_of_the_predictions():
    result = featkit.train(
        speakers(), group="speaker", folds=3, model="logistic", calibrate="sigmoid"
    )
    data, evaluation = result.predictions, result.evaluation
    P = data[[f"p_{name}" for name in evaluation.classes]].to_numpy()
    y = data["label"].to_numpy(str)
    own = metric_values(y, P, evaluation.classes)
    assert evaluation.kept.log_loss.value == pytest.approx(own.log_loss)
    expected = calibration(y, P, evaluation.classes).expected_error
    assert evaluation.calibration.expected_error == pytest.approx(expected)


def test_all_models_are_calibrated(monkeypatch):
    grid = {name: [Candidate(name)] for name in ("logistic", "sgd")}
    monkeypatch.setattr(compared_models, "_auto_grid", lambda *_: grid)
    data = tones(60, spread=3.0)
    plain = featkit.train(data, calibrate=None)
    result = featkit.train(data, calibrate="temperature")
    for name, scores in plain.evaluation.models.items():
        own = result.evaluation.models[name]
        if name == "baseline":
            assert own == scores
        else:
            assert own.log_loss.value != scores.log_loss.value
            assert own.accuracy == scores.accuracy


@pytest.mark.parametrize("method", METHODS)
def test_a_saved_model_predicts_calibrated_probabilities(method, tmp_path):
    data = speakers()
    model = calibrated(method).model
    model.save(tmp_path / "m.fk")
    loaded = featkit.load_model(tmp_path / "m.fk")
    expected = model.predict(data).data
    assert loaded.predict(data).data.equals(expected)
    X = FeatureTable.of(data).matrix(model.columns)
    output = model.pipeline.predict_proba(X)
    own = model.calibrator.apply(output)
    np.testing.assert_allclose(model.row_probabilities(X), own, rtol=1e-9)
    assert np.abs(own - output).max() > 0.01


def test_segments_are_combined_after_calibration():
    data = copies(30, 4)
    result = featkit.train(data, model="logistic", calibrate="temperature")
    model, evaluation = result.model, result.evaluation
    rows = model.predict(data, per="segment").data
    logs = np.log(rows[["p_jazz", "p_rock"]].to_numpy()).reshape(30, 4, 2).mean(axis=1)
    joint = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    whole = model.predict(data).data[["p_jazz", "p_rock"]].to_numpy()
    np.testing.assert_allclose(whole, joint)
    assert evaluation.uncalibrated.recordings.log_loss != evaluation.recordings.log_loss.value
    assert evaluation.uncalibrated.recording_calibration != evaluation.recording_calibration


def test_fold_models_give_the_calibrated_probabilities_of_the_training():
    data = speakers()
    result = calibrated("auto")
    model = result.model
    table = FeatureTable.of(data, keys=model.trained.settings.key_columns)
    found = training_rows(model, table)
    folds = np.empty(len(data), dtype=int)
    outer = plan_splits(found.problem, model.trained.settings).outer
    for k, fold in enumerate(outer):
        folds[found.positions[fold.test]] = k
    X = table.matrix(model.columns)
    P, _ = predict_by_fold(
        model,
        found.problem,
        lambda _: X,
        model.row_probabilities(X),
        folds,
        executor=local_executor(),
    )
    expected = result.predictions[[f"p_{name}" for name in model.classes]].to_numpy()
    np.testing.assert_allclose(P, expected, rtol=1e-9)


def test_a_class_of_one_group_cannot_be_calibrated():
    data = tones(60)
    data.loc[:3, "label"] = "rare"
    data["speaker"] = np.arange(60) // 2
    with pytest.raises(ParameterError, match=r"'rare' has too few groups .* without calibration"):
        featkit.train(data, group="speaker", folds=2, model="logistic", calibrate="sigmoid")


def test_validation_rows_calibrate_a_holdout_model():
    data = noise(90).assign(label=["x", "y"] * 45)
    result = featkit.train(data, shares=(50, 25, 25), model="logistic", calibrate="sigmoid")
    assert result.evaluation.calibrations == {"test": "sigmoid"}
    assert result.model.calibrator.method == "sigmoid"
