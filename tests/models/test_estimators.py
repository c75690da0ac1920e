"""The contract of all estimators; a new one inherits these tests."""

import sys

import numpy as np
import pandas as pd
import pytest
from learning import tones
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import featkit
from featkit.errors import ParameterError
from featkit.models import estimators, pipeline
from featkit.models.estimator import ENSEMBLE, ESTIMATORS, Candidate, candidates, check_candidate
from featkit.models.estimators import svm
from featkit.models.estimators.svm import Svm
from featkit.models.estimators.xgboost import XGBoost

EXPECTED = {
    "XGBoost": {
        "check_class_weight_classifiers": "no class_weight: classes always have equal weight",
    },
}


@parametrize_with_checks(
    [Svm(), XGBoost(n_estimators=20, subsample=1.0, colsample_bytree=1.0)],
    expected_failed_checks=lambda model: EXPECTED.get(type(model).__name__, {}),
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def problem(classes=3, rows=90, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % classes
    X = rng.normal(size=(rows, 5))
    X[np.arange(rows), y] += 4.0
    return X, np.array(["ash", "birch", "cedar", "fir"])[y]


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("classes", [2, 4])
def test_an_estimator_meets_the_contract(name, classes):
    X, y = problem(classes)
    X[::7, 4] = np.nan
    fitted = pipeline(name).fit(X[:60], y[:60])
    P = fitted.predict_proba(X[60:])
    assert P.shape == (30, classes)
    assert (P >= 0).all()
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-6)
    assert list(fitted.classes_) == sorted(set(y.tolist()))
    np.testing.assert_array_equal(fitted.predict(X[60:]), fitted.classes_[P.argmax(axis=1)])
    assert np.mean(fitted.predict(X[60:]) == y[60:]) > 0.7
    refitted = clone(fitted).fit(X[:60], y[:60])
    np.testing.assert_array_equal(refitted.predict_proba(X[60:]), P)


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name != ENSEMBLE])
def test_a_grid_has_existing_parameters_and_begins_with_the_defaults(name):
    default = ESTIMATORS[name].build(0).get_params()
    tried = candidates(name)
    assert 2 < len(tried) <= 12
    assert all(default[key] == value for key, value in tried[0].parameters.items())
    for candidate in tried:
        pipeline(name, **candidate.parameters)
    assert len({str(candidate) for candidate in tried}) == len(tried)
    assert ESTIMATORS[name].name == name


def test_unknown_parameters_and_models_are_errors():
    with pytest.raises(
        ParameterError, match="unknown parameter of svm 'c': available: C, gamma_scale"
    ):
        pipeline("svm", c=3.0)
    with pytest.raises(ParameterError, match="unknown model 'tree'"):
        pipeline("tree")


def test_feature_selection_keeps_the_columns_that_separate_classes():
    X, y = problem(classes=2)
    X[:, 1] = 7.0  # a constant column
    fitted = pipeline("logistic", select=1).fit(X, y)
    assert fitted.named_steps["select"].get_support().tolist() == [True, False, False, False, False]


def test_probabilities_of_the_svm_respect_groups():
    """Near copies make it overconfident, unless it knows their groups."""
    rng = np.random.default_rng(0)
    song = np.repeat(np.arange(30), 8)
    X = rng.normal(size=(30, 10))[song] + rng.normal(scale=0.01, size=(240, 10))
    y = np.where(song % 2, "a", "b")
    row_wise, grouped = Svm().fit(X, y), Svm().fit(X, y, groups=song)
    assert grouped.temperature_ < 0.3 * row_wise.temperature_
    np.testing.assert_array_equal(row_wise.predict(X), grouped.predict(X))


def test_an_svm_of_too_few_groups_has_a_default_temperature():
    X, y = problem(classes=2, rows=8)
    one_each = np.where(y == "ash", 0, 1)
    assert Svm().fit(X, y, groups=one_each).temperature_ == 1.0


def test_an_svm_without_errors_has_a_finite_temperature():
    X, y = problem(classes=3, rows=30)
    X[np.arange(30), np.arange(30) % 3] += 20.0
    fitted = Svm().fit(X, y)
    assert fitted.temperature_ < 20
    P = fitted.predict_proba(X)
    assert 0.9 < P.max(axis=1).mean() < 0.9999


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_margins_equal_those_of_libsvm(classes, monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 5)), np.array([f"c{k % classes}" for k in range(120)])
    fitted = pipeline("svm").fit(X, y)
    svc = fitted.named_steps["model"].svc_
    Z = fitted[:-1].transform(rng.normal(size=(50, 5)))
    expected = svc.decision_function(Z)
    expected = -expected[:, None] if classes == 2 else expected
    whole = svm._margins(svc, Z)  # predictions are the same for any margins that keep the sign
    np.testing.assert_allclose(whole, expected, rtol=0, atol=1e-9)
    monkeypatch.setattr(svm, "AT_ONCE", 300)  # a few rows at a time
    np.testing.assert_allclose(svm._margins(svc, Z), whole, rtol=0, atol=1e-12)
    assert svm._margins(svc, Z[:0]).shape == (0, classes * (classes - 1) // 2)


NAIVE_BAYES = """
from sklearn.naive_bayes import GaussianNB

from featkit.models._model_validation import check_parts
from featkit.models.estimator import Estimator


def build(seed):
    return GaussianNB()


def check(model, n_columns, n_classes):
    check_parts(model, GaussianNB)
    if model.theta_.shape != (n_classes, n_columns):
        raise ValueError("the shape of the means does not fit the columns and classes")


ESTIMATOR = Estimator(
    name="naive_bayes",
    title="Gaussian naive Bayes",
    build=build,
    grid={"var_smoothing": (1e-9, 1e-3, 0.1)},
    check=check,
    types=frozenset({"sklearn.naive_bayes.GaussianNB"}),
)
"""


@pytest.fixture
def extra_module(tmp_path, monkeypatch):
    """Write a module that the registry finds next to the estimators of the package."""
    monkeypatch.setattr(estimators, "__path__", [*estimators.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "featkit.models.estimators.naive_bayes", raising=False)
    ESTIMATORS.clear()
    yield lambda text: (tmp_path / "naive_bayes.py").write_text(text)
    ESTIMATORS.clear()
    sys.modules.pop("featkit.models.estimators.naive_bayes", None)


def test_an_estimator_is_added_by_one_file(extra_module, tmp_path):
    """It trains, is explained, and its model file is written and read."""
    extra_module(NAIVE_BAYES)
    assert "naive_bayes" in ESTIMATORS
    data = tones(rows=45)
    result = featkit.train(data, model="naive_bayes", shares=(60, 40))
    assert result.scores["models"]["naive_bayes"]["accuracy"]["value"] > 0.7
    result.model.save(tmp_path / "m.fk")
    model = featkit.load_model(tmp_path / "m.fk")
    pd.testing.assert_frame_equal(model.predict(data).data, result.model.predict(data).data)
    assert featkit.explain(model, data, rows=3, n_jobs=1).scale == "probability"


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_ranges_of_parameters_cover_grid_and_defaults(name):
    default = ESTIMATORS[name].build(0).get_params()
    assert set(ESTIMATORS[name].grid) <= set(ESTIMATORS[name].ranges) <= set(default)
    for candidate in candidates(name):
        check_candidate(candidate)
    for parameter, bounds in ESTIMATORS[name].ranges.items():
        for value in bounds:
            check_candidate(Candidate(name, {parameter: value}))
            pipeline(name, **{parameter: value})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"trees": 500}, "unknown parameter of random_forest 'trees'"),
        ({"n_estimators": 10**9}, "n_estimators of random_forest must be at most 2000"),
        ({"n_estimators": 0}, "n_estimators of random_forest must be at least 1"),
        ({"n_estimators": 5.5}, "must be a whole number"),
        ({"n_estimators": True}, "must be a whole number"),
        ({"max_features": "all"}, "max_features of random_forest must be a number"),
    ],
)
def test_parameters_out_of_range_are_errors(parameters, message):
    with pytest.raises(ParameterError, match=message):
        check_candidate(Candidate("random_forest", parameters))
