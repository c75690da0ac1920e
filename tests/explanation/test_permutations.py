"""Sampled SHAP values: equal to theory within their standard error, the same by any walk."""

import numpy as np
import pytest
from learning import tones
from shapley import exact_values

from featkit.explanation import _shap_values
from featkit.explanation._permutations import any_walk, estimate, kernel_walk
from featkit.models import pipeline
from featkit.models.estimator import ESTIMATORS
from featkit.models.kernel_machine import side_by_side
from featkit.models.regressor import REGRESSORS
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION, TASKS
from featkit.models.training_sample import background_rows

NAMES = ["pitch", "a", "b", "c"]


def fitted_pipeline(task, name):
    """A small fitted pipeline of a task, its rows, and the function that is explained."""
    data = tones(rows=60, spread=2.0)
    data.loc[::7, "a"] = np.nan
    X, y = data[NAMES].to_numpy(), data["label"].to_numpy(str)
    if task == REGRESSION:
        y = np.where(y == "high", 3.0, 1.0) + X[:, 2] * X[:, 3]
    if task == MULTILABEL:
        y = np.where(X[:, 2] > 0.5, np.char.add(y, ";loud"), y)
    fitted = pipeline(name, estimators=TASKS[task].estimators).fit(X, y)
    if task == REGRESSION:
        return fitted, X, lambda rows: fitted.predict(rows)[:, None]
    return fitted, X, fitted.predict_proba


CASES = [
    (CLASSIFICATION, "svm"),
    (MULTILABEL, "svm"),
    *[(REGRESSION, name) for name in REGRESSORS if REGRESSORS[name].kernel],
]


@pytest.mark.parametrize(("task", "name"), CASES)
def test_values_equal_those_of_theory_within_their_standard_error(task, name):
    fitted, X, predict = fitted_pipeline(task, name)
    background = background_rows(X, seed=0)
    rows = X[:8]
    contributions, error = _shap_values.sampled(fitted, name, rows, background, seed=3, task=task)
    expected = np.stack([exact_values(predict, x, background) for x in rows])
    distance = (contributions.values - expected) / np.maximum(error, 1e-12)
    assert 0.5 < np.sqrt(np.mean(distance**2)) < 1.5
    total = contributions.base + contributions.values.sum(axis=1)
    np.testing.assert_allclose(total, predict(rows), atol=1e-9)
    np.testing.assert_allclose(contributions.output, predict(rows), atol=1e-12)


@pytest.mark.parametrize(("task", "name"), CASES)
def test_a_kernel_machine_has_the_outputs_of_its_estimator(task, name):
    fitted, X, predict = fitted_pipeline(task, name)
    Z = fitted[:-1].transform(X)
    machine = TASKS[task].estimators[name].kernel(fitted[-1])
    outputs = machine.link(machine.margins(machine.exponents(Z)))
    np.testing.assert_allclose(outputs, predict(X), atol=1e-9)


def test_changing_distances_gives_the_values_of_whole_predictions():
    fitted, X, _ = fitted_pipeline(CLASSIFICATION, "svm")
    Z = fitted[:-1].transform(X)
    group = np.array([0, 1, 2, 3, 1])  # the last is the indicator of the second
    machine = ESTIMATORS["svm"].kernel(fitted[-1])
    for z in (Z[0], Z[1], Z[2] + 1e6):
        one, other = (
            estimate(walk, z, Z[10:30], group, seed=0)
            for walk in (kernel_walk(machine), any_walk(fitted[-1].predict_proba))
        )
        np.testing.assert_allclose(one.values, other.values, atol=1e-9)
        np.testing.assert_allclose(one.error, other.error, atol=1e-9)
        assert np.isfinite(one.values).all()


def test_machines_side_by_side_have_the_outputs_of_each():
    fitted, X, predict = fitted_pipeline(CLASSIFICATION, "svm")
    Z = fitted[:-1].transform(X)
    machine = ESTIMATORS["svm"].kernel(fitted[-1])
    both = side_by_side([machine, machine], lambda P: P[:, 1:])
    P = predict(X)[:, 1:]
    outputs = both.link(both.margins(both.exponents(Z)))
    np.testing.assert_allclose(outputs, np.hstack([P, P]), atol=1e-9)


def test_a_column_that_equals_the_background_contributes_nothing():
    fitted, X, _ = fitted_pipeline(CLASSIFICATION, "svm")
    background = background_rows(X, seed=0)
    background[:, 2] = X[0, 2]
    contributions, error = _shap_values.sampled(fitted, "svm", X[:1], background, seed=0)
    assert not contributions.values[0, 2].any()
    assert not error[0, 2].any()
    assert contributions.values[0, 0].any()


def test_the_same_seed_gives_the_same_bits_and_another_one_does_not():
    fitted, X, _ = fitted_pipeline(CLASSIFICATION, "svm")
    background = background_rows(X, seed=0)
    one, same, other = (
        _shap_values.sampled(fitted, "svm", X[:2], background, seed=seed).contributions.values
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_memory_does_not_grow_with_the_square_of_the_columns(monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 800))
    y = np.where(X[:, 0] > 0, "p", "q")
    fitted = pipeline("svm").fit(X, y)
    sizes = []
    concatenate = np.concatenate

    def measured(arrays, *args, **options):
        joined = concatenate(arrays, *args, **options)
        sizes.append(joined.nbytes)
        return joined

    monkeypatch.setattr(np, "concatenate", measured)
    _shap_values.sampled(fitted, "svm", X[:1], X[:30], seed=0)
    assert max(sizes) <= 16e6  # all masked rows at once would have 1.2 GB
