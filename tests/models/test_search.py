"""The search for candidates: who goes on, on which rows, and how many fits that takes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learning import few_estimators, few_trees, noise, tones

import featkit
from featkit.executors.opening import local_executor
from featkit.models.estimator import ESTIMATORS, Candidate, candidates, pipeline
from featkit.models.fitting import Fits
from featkit.models.outer_folds import plan_splits
from featkit.models.preparation import prepare_problem
from featkit.models.recipes import make_recipes
from featkit.models.scores import balanced_log_loss
from featkit.models.search import _schedule, count_search_fits, search, search_cost
from featkit.models.settings import Settings


def searched(data, grid, folds=2, is_late=None):
    """Return the search in the outer folds of a table, its problem and plan, and the fits."""
    settings = Settings(folds=folds)
    problem = prepare_problem(data, settings)
    plan = plan_splits(problem, settings)
    steps = []
    fits = Fits(problem, settings, executor=local_executor(), fitted=steps.append)
    return search(fits, problem, plan.outer, grid, is_late), problem, plan, len(steps)


def loss_of(candidate, problem, split):
    train, validation = split
    own = pipeline(candidate.name, **candidate.parameters)
    own.fit(problem.X[train], problem.y[train])
    P = own.predict_proba(problem.X[validation])
    return balanced_log_loss(problem.y[validation], P, problem.classes)


@given(
    n_families=st.integers(1, 40),
    n_inner=st.integers(0, 9),
    name=st.sampled_from(["svm", "xgboost"]),
)
def test_each_survivor_is_scored_once_on_each_inner_fold(n_families, n_inner, name):
    """With few trees the first inner fold is scored again, with more."""
    rounds = _schedule(n_families, n_inner, ESTIMATORS[name])
    left = [one.n_left for one in rounds]
    assert left == sorted(left, reverse=True)
    assert left[0] == n_families
    assert min(left) >= 1
    scored = [k for one in rounds if not one.has_few_trees for k in range(one.first, one.last)]
    assert scored == list(range(n_inner))


def test_the_best_third_on_the_first_inner_fold_goes_on():
    data = tones(rows=54, spread=3.0)
    tried = candidates("sgd")
    (first, _), problem, plan, _ = searched(data, {"sgd": tried})
    losses = [loss_of(candidate, problem, plan.outer[0].inner[0]) for candidate in tried]
    (survivor,) = first.survivors["sgd"]
    assert survivor.candidate == tried[int(np.argmin(losses))]
    assert [len(P) for P in survivor.P] == [len(rows) for _, rows in plan.outer[0].inner]
    for split, P in zip(plan.outer[0].inner, survivor.P, strict=True):
        own = balanced_log_loss(problem.y[split[1]], P, problem.classes)
        assert own == pytest.approx(loss_of(survivor.candidate, problem, split))


def test_the_only_candidate_of_an_estimator_has_all_of_its_trees(monkeypatch):
    few_trees(monkeypatch, 60)  # more than a search grows
    data = tones(rows=36, spread=3.0)
    (first, _), problem, plan, _ = searched(data, {"random_forest": [Candidate("random_forest")]})
    train, validation = plan.outer[0].inner[1]
    forest = pipeline("random_forest").fit(problem.X[train], problem.y[train])
    (survivor,) = first.survivors["random_forest"]
    np.testing.assert_allclose(
        survivor.P[1], forest.predict_proba(problem.X[validation]), atol=1e-12
    )


def test_the_number_of_fits_is_known_beforehand(monkeypatch):
    few_trees(monkeypatch, 5)
    grid = {name: candidates(name) for name in ("logistic", "random_forest", "sgd", "xgboost")}
    grid["xgboost"] = [
        Candidate("xgboost", {"max_depth": depth, "n_estimators": size})
        for depth in (1, 2)
        for size in (4, 2)
    ]
    results, _, plan, n_fits = searched(tones(rows=36), grid)
    expected = [count_search_fits(own, ESTIMATORS[name], 3) for name, own in grid.items()]
    assert expected == [4 + 2 + 1, 4 + 2 + 1, 3 + 2, 2 + 3]
    assert n_fits == sum(expected) * len(plan.outer)
    assert len(results[0].fits) == sum(expected)
    assert len(results[0].survivors["xgboost"]) == 2  # both sizes are read from one fit


def test_no_test_row_takes_part(monkeypatch):
    few_estimators(monkeypatch, "logistic", "sgd", "ensemble")
    data = tones(rows=48, spread=4.0)
    settings = Settings(folds=2)
    problem = prepare_problem(data, settings)
    plan = plan_splits(problem, settings)
    grid = {name: candidates(name) for name in ("logistic", "sgd")}

    def recipe(X):
        own = prepare_problem(data.assign(**dict(zip("abc", X.T, strict=True))), settings)
        fits = Fits(own, settings, executor=local_executor(), fitted=lambda step: None)
        (selected,) = make_recipes(fits, own, plan.outer[:1], grid, settings, has_auto=True)
        return selected.recipes["auto"]

    X = data[["a", "b", "c"]].to_numpy()
    changed = X.copy()
    changed[plan.outer[0].test] += 100
    one, other = recipe(X), recipe(changed)
    assert one.candidate == other.candidate
    np.testing.assert_array_equal(one.out_of_fold.P, other.out_of_fold.P)
    changed[plan.outer[0].train[::2]] += 100
    assert not np.array_equal(one.out_of_fold.P, recipe(changed).out_of_fold.P)


def test_any_number_of_workers_selects_the_same(monkeypatch):
    few_estimators(monkeypatch, "logistic", "sgd", "ensemble")
    data = noise(48).assign(label=["x", "y"] * 24)
    one, two = (featkit.train(data, folds=2, n_jobs=jobs) for jobs in (1, 2))
    assert one.scores == two.scores
    assert one.model.training_metadata.chosen == two.model.training_metadata.chosen
    assert one.predictions.equals(two.predictions)


def test_when_time_is_over_the_best_candidates_so_far_go_on_in_all_folds():
    grid = {"logistic": candidates("logistic")}
    data = tones(rows=54, spread=3.0)
    full, *_ = searched(data, grid)
    late, _, plan, n_fits = searched(data, grid, is_late=lambda: True)
    assert n_fits == (4 + 2) * len(plan.outer)
    assert [own.last_compared for own in late] == [1, 1]
    assert [own.last_compared for own in full] == [None, None]
    for own in late:
        (survivor,) = own.survivors["logistic"]
        assert len(survivor.P) == 3


def test_the_cost_of_a_search_counts_trees():
    forest = ESTIMATORS["random_forest"]
    tried = candidates("random_forest")
    assert search_cost(tried[:1], forest, [3, 3]) == pytest.approx(6)
    assert search_cost(tried, forest, [3]) == pytest.approx((4 + 2 + 1) * 50 / 300)
    boosted = ESTIMATORS["xgboost"]
    tried = candidates("xgboost")
    assert search_cost(tried, boosted, [3]) == pytest.approx(2 * 50 / 200 + 3)
    assert search_cost(candidates("svm"), ESTIMATORS["svm"], [3]) == 9 + 3 + 1
