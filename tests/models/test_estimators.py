"""What every estimator must do, whoever added it."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from featkit.errors import ParameterError
from featkit.models import pipeline
from featkit.models.estimator import candidates, estimator, names
from featkit.models.estimators import svm
from featkit.models.estimators.svm import Svm
from featkit.models.estimators.xgboost import XGBoost

EXPECTED = {
    "XGBoost": {
        "check_class_weight_classifiers": "it has no class_weight: classes always weigh the same",
    },
}


@parametrize_with_checks(
    [Svm(), XGBoost(n_estimators=20, subsample=1.0, colsample_bytree=1.0)],
    expected_failed_checks=lambda one: EXPECTED.get(type(one).__name__, {}),
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def problem(classes=3, rows=90, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % classes
    X = rng.normal(size=(rows, 5))
    X[np.arange(rows), y] += 4.0
    return X, np.array(["ash", "birch", "cedar", "fir"])[y]


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("classes", [2, 4])
def test_contract(name, classes):
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
    again = clone(fitted).fit(X[:60], y[:60])
    np.testing.assert_array_equal(again.predict_proba(X[60:]), P)


@pytest.mark.parametrize("name", names())
def test_a_grid_has_parameters_that_there_are_and_begins_with_the_default(name):
    default = estimator(name).build(0).get_params()
    tried = candidates(name)
    assert 2 < len(tried) <= 12
    assert all(default[key] == value for key, value in tried[0].parameters.items())
    for candidate in tried:
        pipeline(name, **candidate.parameters)
    assert len({str(candidate) for candidate in tried}) == len(tried)
    assert estimator(name).name == name


def test_an_unknown_parameter_is_an_error_that_helps():
    with pytest.raises(
        ParameterError, match="unknown parameter of svm 'c': known are C, gamma_scale"
    ):
        pipeline("svm", c=3.0)
    with pytest.raises(ParameterError, match="unknown model 'tree'"):
        pipeline("tree")


def test_selection_keeps_the_columns_that_tell():
    X, y = problem(classes=2)
    X[:, 1] = 7.0  # a column that never changes
    fitted = pipeline("logistic", select=1).fit(X, y)
    assert fitted.named_steps["select"].get_support().tolist() == [True, False, False, False, False]


def test_probabilities_of_the_svm_respect_groups():
    """Near copies make it too sure of itself, unless it knows that they belong together."""
    rng = np.random.default_rng(0)
    song = np.repeat(np.arange(30), 8)
    X = rng.normal(size=(30, 10))[song] + rng.normal(scale=0.01, size=(240, 10))
    y = np.where(song % 2, "a", "b")
    blind, told = Svm().fit(X, y), Svm().fit(X, y, groups=song)
    assert told.temperature_ < 0.3 * blind.temperature_
    np.testing.assert_array_equal(blind.predict(X), told.predict(X))


def test_an_svm_of_two_groups_a_class_has_probabilities_all_the_same():
    X, y = problem(classes=2, rows=8)
    one_each = np.where(y == "ash", 0, 1)
    assert Svm().fit(X, y, groups=one_each).temperature_ == 1.0


def test_an_svm_that_was_never_wrong_is_not_certain_without_end():
    X, y = problem(classes=3, rows=30)
    X[np.arange(30), np.arange(30) % 3] += 20.0
    fitted = Svm().fit(X, y)
    assert fitted.temperature_ < 20
    P = fitted.predict_proba(X)
    assert 0.9 < P.max(axis=1).mean() < 0.9999


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_the_margins_of_the_machine_are_libsvms(classes, monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 5)), np.array([f"c{k % classes}" for k in range(120)])
    fitted = pipeline("svm").fit(X, y)
    svc = fitted.named_steps["model"].svc_
    Z = fitted[:-1].transform(rng.normal(size=(50, 5)))
    expected = svc.decision_function(Z)
    expected = -expected[:, None] if classes == 2 else expected
    whole = svm._margins(svc, Z)
    np.testing.assert_allclose(whole, expected, rtol=0, atol=1e-9)
    monkeypatch.setattr(svm, "AT_ONCE", 300)  # a few rows at a time
    np.testing.assert_allclose(svm._margins(svc, Z), whole, rtol=0, atol=1e-12)
    assert svm._margins(svc, Z[:0]).shape == (0, classes * (classes - 1) // 2)
