"""Candidates of one estimator that are fitted together, compared with fits alone."""

import numpy as np
import pytest
from label_data import tagged
from learning import few_trees, tones
from regression_data import features, voices

from featkit.models.candidate_fits import families, fitted_families
from featkit.models.estimator import ESTIMATORS, Candidate, candidates, pipeline
from featkit.models.one_vs_rest import LabelEstimators
from featkit.models.regressor import REGRESSORS

SIZES = [Candidate("xgboost", {"n_estimators": size, "max_depth": 3}) for size in (7, 3, 5)]


def rows(n=60):
    data = tones(rows=n, spread=4.0)
    X = data[["pitch", "a", "b", "c"]].to_numpy()
    X[::7, 2] = np.nan
    return X, data["label"].to_numpy(str)


def together(tried, X, y, estimators=ESTIMATORS, **options):
    """Return the fitted pipeline of each candidate, by its text, and the number of fits."""
    made, n_fits = {}, 0
    for family in fitted_families(tried, X, y, estimators=estimators, seed=1, **options):
        n_fits += 1
        for candidate, fitted in family:
            made[str(candidate)] = fitted.predict_proba(X) if y.dtype.kind == "U" else fitted
    return made, n_fits


def alone(candidate, X, y, estimators=ESTIMATORS, **options):
    own = pipeline(candidate.name, seed=1, estimators=estimators, **candidate.parameters, **options)
    return own.fit(X, y)


@pytest.mark.parametrize("name", ["random_forest", "sgd", "svm", "xgboost"])
def test_candidates_predict_what_they_predict_alone_to_the_bit(name, monkeypatch):
    few_trees(monkeypatch, 5)
    X, y = rows()
    tried = SIZES if name == "xgboost" else candidates(name)[:3]
    made, _ = together(tried, X, y)
    assert len(made) == 3
    for candidate in tried:
        expected = alone(candidate, X, y).predict_proba(X)
        np.testing.assert_array_equal(made[str(candidate)], expected)


def test_columns_are_selected_as_for_each_candidate_alone():
    X, y = rows()
    tried = candidates("sgd")
    made, _ = together(tried, X, y, select=2)
    expected = alone(tried[1], X, y, select=2).predict_proba(X)
    np.testing.assert_array_equal(made[str(tried[1])], expected)


def test_a_path_agrees_with_fits_alone_within_the_tolerance_of_the_solver():
    X, y = rows()
    tried = candidates("logistic")
    made, n_fits = together(tried, X, y)
    assert n_fits == len(tried) == len(made)
    for candidate in tried:
        expected = alone(candidate, X, y).predict_proba(X)
        np.testing.assert_allclose(made[str(candidate)], expected, atol=2e-3)


def test_candidates_that_differ_in_the_number_of_boosted_trees_take_one_fit():
    X, y = rows()
    deep = Candidate("xgboost", {"max_depth": 5, "n_estimators": 3})
    assert families([*SIZES, deep], ESTIMATORS["xgboost"]) == [tuple(SIZES), (deep,)]
    _, n_fits = together([*SIZES, deep], X, y)
    assert n_fits == 2


def test_the_first_trees_of_a_regressor_are_those_of_a_smaller_fit():
    X, y = features(voices()), voices()["valence"].to_numpy()
    made, n_fits = together(SIZES, X, y, REGRESSORS)
    assert n_fits == 1
    for candidate in SIZES:
        expected = alone(candidate, X, y, REGRESSORS).predict(X)
        np.testing.assert_array_equal(made[str(candidate)].predict(X), expected)


def test_the_first_trees_of_each_label_are_those_of_a_smaller_fit():
    data, estimators = tagged(40), LabelEstimators()
    X, y = data[["a", "b", "c"]].to_numpy(), data["tags"].to_numpy(str)
    made, _ = together(SIZES, X, y, estimators)
    for candidate in SIZES:
        expected = alone(candidate, X, y, estimators).predict_proba(X)
        np.testing.assert_array_equal(made[str(candidate)], expected)


def test_a_limit_of_trees_gives_the_models_of_so_many():
    X, y = rows()
    made, _ = together(SIZES, X, y, max_trees=4)
    expected = {7: 4, 3: 3, 5: 4}
    for candidate in SIZES:
        size = expected[candidate.parameters["n_estimators"]]
        own = alone(Candidate("xgboost", {"n_estimators": size}), X, y).predict_proba(X)
        np.testing.assert_array_equal(made[str(candidate)], own)
    ((_, forest),) = next(
        fitted_families(
            [Candidate("random_forest")], X, y, estimators=ESTIMATORS, seed=0, max_trees=4
        )
    )
    assert len(forest[-1].estimators_) == 4
