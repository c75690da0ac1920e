"""Models that share fits: what is fitted, and how it is put together again."""

import numpy as np
import pytest
from learning import tones

from featkit.executors.opening import local_executor
from featkit.models.ensemble_fits import distinct_fits, fit_members
from featkit.models.estimator import Candidate, pipeline
from featkit.models.fit_summary import FitSummary
from featkit.models.fitting import Fits
from featkit.models.preparation import prepare_problem
from featkit.models.settings import Settings

WEAK = {"C": 0.01}
ENSEMBLE = Candidate(
    "ensemble", {"members": [("logistic", WEAK, 0.25), ("sgd", {"alpha": 0.1}, 0.75)]}
)
MODELS = {
    "logistic": Candidate("logistic", WEAK),
    "sgd": Candidate("sgd", {"alpha": 0.01}),
    "auto": ENSEMBLE,
}


def workers(steps):
    settings = Settings()
    problem = prepare_problem(tones(rows=45, spread=3.0), settings)
    return Fits(problem, settings, executor=local_executor(), fitted=steps.append), problem


def test_each_candidate_is_fitted_once():
    own = distinct_fits(MODELS)
    assert own.candidates == [
        Candidate("logistic", WEAK),
        Candidate("sgd", {"alpha": 0.01}),
        Candidate("sgd", {"alpha": 0.1}),
    ]
    assert own.parts["auto"] == [(0, 0.25), (2, 0.75)]
    assert own.counts == [1, 1, 1]
    same = distinct_fits({"svm": Candidate("svm"), "auto": Candidate("svm")})
    assert (same.candidates, same.counts) == ([Candidate("svm")], [2])


def test_an_ensemble_with_default_members_is_one_candidate():
    assert distinct_fits({"ensemble": Candidate("ensemble")}).candidates == [Candidate("ensemble")]


def test_predictions_of_the_members_give_those_of_the_ensemble():
    _, problem = workers([])
    X, y = problem.X, problem.y
    own = distinct_fits(MODELS)
    P = [pipeline(one.name, **one.parameters).fit(X, y).predict_proba(X) for one in own.candidates]
    expected = pipeline("ensemble", **ENSEMBLE.parameters).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(own.predictions("auto", P), expected, rtol=1e-12)
    assert own.predictions("sgd", P) is P[1]


def test_the_effort_of_an_ensemble_is_that_of_its_members():
    own = distinct_fits(MODELS)
    summaries = [
        FitSummary("", seconds=value, processor_seconds=2 * value, model_bytes=value)
        for value in (1, 10, 100)
    ]
    total = own.summary("auto", summaries)
    assert (total.seconds, total.processor_seconds, total.model_bytes) == (101, 202, 101)


@pytest.mark.parametrize("candidate", [ENSEMBLE, MODELS["sgd"]])
def test_members_that_are_fitted_apart_are_the_ensemble_to_the_bit(candidate):
    steps = []
    fits, problem = workers(steps)
    rows = np.arange(len(problem))
    fitted = fit_members(fits, candidate, rows, Settings())
    expected = pipeline(candidate.name, **candidate.parameters).fit(problem.X, problem.y)
    np.testing.assert_array_equal(
        fitted.predict_proba(problem.X), expected.predict_proba(problem.X)
    )
    assert fitted.classes_.tolist() == expected.classes_.tolist()
    assert vars(fitted[-1]).keys() == vars(expected[-1]).keys()
    assert steps == ["fitting"]
