"""Prepared pipelines: the bits of the fitted ones, for one row and for many."""

import threading

import numpy as np
import pytest

from featkit.models.estimator import ENSEMBLE, ESTIMATORS, pipeline
from featkit.models.one_vs_rest import LabelEstimators
from featkit.models.prepared_pipeline import FEW_ROWS, PreparedPipeline
from featkit.models.regressor import REGRESSORS

SMALL = {"random_forest": {"n_estimators": 20}, "xgboost": {"n_estimators": 10}}
MEMBERS = [("random_forest", {"n_estimators": 5}, 0.25), ("logistic", {}, 0.75)]
SIZES = [1, 2, FEW_ROWS, FEW_ROWS + 1]


def rows(count, seed=0):
    """Random features; some are missing, and one differs by less than a tree resolves."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, 6))
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, 3] = 1 + 1e-9 * X[:, 3]
    return X


def fitted(name, y, estimators=ESTIMATORS, **options):
    parameters = {"members": MEMBERS} if name == ENSEMBLE else SMALL.get(name, {})
    return pipeline(name, estimators=estimators, **parameters, **options).fit(rows(len(y)), y)


def classes(count, names="abc"):
    return np.array([names[k % len(names)] for k in range(count)])


@pytest.mark.parametrize("select", [None, 3])
@pytest.mark.parametrize("names", ["ab", "abc"])
@pytest.mark.parametrize("name", list(ESTIMATORS))
def test_probabilities_have_the_bits_of_the_fitted_pipeline(name, names, select):
    own = fitted(name, classes(60, names), select=select)
    prepared = PreparedPipeline(own)
    assert list(prepared.classes_) == list(own.classes_)
    for size in SIZES:
        X = rows(size, seed=size)
        np.testing.assert_array_equal(prepared.predict_proba(X), own.predict_proba(X))


@pytest.mark.parametrize("name", list(REGRESSORS))
def test_numbers_have_the_bits_of_the_fitted_pipeline(name):
    y = np.random.default_rng(1).normal(-5, 3, size=60)
    own = fitted(name, y, REGRESSORS)
    for size in SIZES:
        X = rows(size, seed=size)
        np.testing.assert_array_equal(PreparedPipeline(own).predict(X), own.predict(X))


@pytest.mark.parametrize("name", ["logistic", "random_forest", "xgboost"])
def test_labels_have_the_bits_of_the_fitted_pipeline(name):
    y = np.array(["a", "b", "a;b"] * 20)
    own = fitted(name, y, LabelEstimators())
    for size in SIZES:
        X = rows(size, seed=size)
        np.testing.assert_array_equal(PreparedPipeline(own).predict_proba(X), own.predict_proba(X))


def test_a_prepared_pipeline_does_not_change_the_fitted_one():
    own = fitted(ENSEMBLE, classes(60))
    before = own.predict_proba(rows(5))
    members = own.named_steps["model"].pipelines_
    PreparedPipeline(own).predict_proba(rows(5))
    assert own.named_steps["model"].pipelines_ is members
    np.testing.assert_array_equal(own.predict_proba(rows(5)), before)


def test_each_thread_reads_boosted_trees_once():
    own = fitted("xgboost", classes(60))
    model, readings = own.named_steps["model"], []
    read = type(model).booster

    def counting(self):
        readings.append(threading.get_ident())
        return read(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(model), "booster", counting)
        prepared = PreparedPipeline(own)
        threads = [
            threading.Thread(target=lambda: [prepared.predict_proba(rows(1)) for _ in range(3)])
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
            thread.join()
    assert len(readings) == 2
