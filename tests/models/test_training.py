"""Training: leakage-free scores, and a final model of all training rows."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from learning import SMALL_FORESTS, accuracy, copies, few_trees, tones
from progress_steps import into
from sklearn.model_selection import cross_validate

import featkit
from featkit.models import compared_models, pipeline
from featkit.models.estimator import ESTIMATORS, candidates
from featkit.models.estimators import logistic
from featkit.table.feature_table import FeatureTable


@pytest.mark.parametrize("model", ["svm", "random_forest"])
def test_near_copies_inflate_scores_in_a_row_wise_split_only(model, monkeypatch):
    few_trees(monkeypatch)
    grouped = featkit.train(copies(), model=model)
    assert 0.3 < accuracy(grouped, model) < 0.7
    assert grouped.scores["by_row"]["scores"]["accuracy"] > 0.98
    assert grouped.scores["by_row"]["difference"]["low"] > 0.2
    assert grouped.scores["by_row"]["honest"]["accuracy"] == accuracy(grouped, model)
    by_row = featkit.train(copies(), model=model, split_by_row=True)
    assert accuracy(by_row, model) > 0.98
    assert "split by row" in by_row.warnings[0]
    assert by_row.scores["by_row"] is None
    assert not grouped.warnings


def test_groups_are_not_divided():
    data = copies()
    data["song"] = data["path"]
    data["path"] = [f"{k}.wav" for k in range(len(data))]
    without = featkit.train(data.drop(columns="song"), model="svm")
    grouped = featkit.train(data, group="song", model="svm")
    assert accuracy(without, "svm") > 0.98
    assert accuracy(grouped, "svm") < 0.7
    assert grouped.scores["unit"] == "song"


def test_nothing_is_fitted_on_test_rows():
    """A scaler fitted on all rows would let wild values in fold two change its own predictions."""
    columns = ["pitch", "a", "b", "c"]
    data = tones(rows=60).assign(fold=["one", "two"] * 30)
    two = data["fold"] == "two"
    data.loc[two, columns] *= 1e6
    predictions = featkit.train(data, fold="fold", model="svm").predictions
    fitted_on_one = pipeline("svm")
    fitted_on_one.fit(data.loc[~two, columns].to_numpy(), data.loc[~two, "label"].to_numpy(str))
    np.testing.assert_allclose(
        predictions.loc[two, ["p_high", "p_low", "p_mid"]],
        fitted_on_one.predict_proba(data.loc[two, columns].to_numpy()),
        rtol=1e-12,
    )


def test_without_leakage_the_difference_of_splits_may_be_0():
    """Without near copies, the interval of the difference contains 0."""
    contains_0 = []
    for seed in range(4):
        data = tones(seed=seed, spread=3.0)
        data.loc[3, "path"] = "000.wav"
        interval = featkit.train(data, model="logistic").scores["by_row"]["difference"]
        contains_0.append(interval["low"] <= 0 <= interval["high"])
    assert all(contains_0)


def test_auto_is_one_of_the_compared_candidates(monkeypatch):
    few_trees(monkeypatch, 10)
    monkeypatch.setattr(compared_models, "candidates", lambda name, _: candidates(name)[:2])
    data = tones(rows=45)
    calls = []
    result = featkit.train(
        data,
        folds=2,
        ensemble=False,
        progress=into(calls),
    )
    board = result.leaderboard
    assert set(board.index) == {"auto", "baseline", *ESTIMATORS} - {"ensemble"}
    assert list(board["balanced_accuracy"]) == sorted(board["balanced_accuracy"], reverse=True)
    possible = {str(candidate) for name in ESTIMATORS for candidate in candidates(name)}
    assert set(result.scores["chosen"].values()) <= possible
    assert result.model.training["candidate"] in possible
    total = calls[0][1]
    assert [done for done, _, _ in calls] == list(range(1, total + 1))
    assert {step for _, _, step in calls} == {"selecting", "scoring", "fitting"}
    json.dumps(result.scores, allow_nan=False)


@pytest.mark.parametrize("model", ESTIMATORS)
def test_any_number_of_workers_gives_the_same_scores(model, in_workers):
    data = tones(rows=45, spread=3.0)
    data.loc[4, "b"] = np.nan
    options = {"folds": 2, "model": model, "parameters": SMALL_FORESTS.get(model)}
    one, two = (featkit.train(data, **options, n_jobs=jobs) for jobs in (1, 2))
    assert one.scores == two.scores
    pd.testing.assert_frame_equal(one.predictions, two.predictions, check_exact=True)


@pytest.mark.parametrize("model", ESTIMATORS)
def test_the_final_model_is_fitted_on_all_rows(model, monkeypatch):
    few_trees(monkeypatch)
    data = tones(rows=60)
    result = featkit.train(data, folds=3, model=model)
    table = FeatureTable.of(data)
    by_hand = pipeline(model, seed=0)
    groups = {"model__groups": data["path"].to_numpy(str)} if model == "svm" else {}
    by_hand.fit(table.values, data["label"].to_numpy(str), **groups)
    np.testing.assert_allclose(
        result.model.probabilities(table), by_hand.predict_proba(table.values), rtol=0, atol=1e-6
    )
    assert list(result.model.predict_table(table)["predicted"]) == list(
        by_hand.predict(table.values)
    )


@pytest.mark.parametrize("model", ESTIMATORS)
def test_pipelines_work_in_scikit_learns_cross_validation(model, monkeypatch):
    few_trees(monkeypatch)
    data = tones(rows=60)
    X, y = data[["pitch", "a", "b", "c"]].to_numpy(), data["label"].to_numpy(str)
    X[3, 2] = np.nan
    validated = cross_validate(pipeline(model, select=2), X, y, cv=3)
    assert validated["test_score"].mean() > 0.8


@pytest.mark.parametrize("model", ["logistic", "sgd", "svm", "xgboost"])
def test_rare_classes_have_equal_weight(model):
    """Except in a forest, since weights hardly change trees that are grown to pure leaves."""
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": np.r_[rng.normal(0, 1, 270), rng.normal(2, 1, 30)]})
    data["label"] = ["common"] * 270 + ["rare"] * 30
    _, rare = featkit.train(data, model=model).scores["per_class"]
    assert rare["recall"] > 0.35


def test_a_fit_that_does_not_converge_is_a_warning(monkeypatch):
    build = logistic.ESTIMATOR.build
    one_iteration = dataclasses.replace(
        logistic.ESTIMATOR, build=lambda seed: build(seed).set_params(max_iter=1)
    )
    monkeypatch.setattr(logistic, "ESTIMATOR", one_iteration)
    ESTIMATORS.clear()
    result = featkit.train(tones(), folds=3, model="logistic")
    ESTIMATORS.clear()
    assert result.warnings == ["logistic did not converge (4 fits)"]


def test_parameters_of_the_estimator_are_used_and_stored(tmp_path):
    result = featkit.train(tones(), model="random_forest", parameters={"n_estimators": 7})
    assert len(result.model.pipeline.named_steps["model"].estimators_) == 7
    assert result.scores["chosen"]["1"] == "random_forest (n_estimators=7)"
    result.model.save(tmp_path / "m.fk")
    loaded = featkit.load_model(tmp_path / "m.fk")
    assert loaded.training["settings"]["parameters"] == {"n_estimators": 7}
    explanation = featkit.explain(loaded, tones())  # fits the folds again
    assert (explanation.folds != "").all()


def test_parameters_need_a_named_model():
    with pytest.raises(featkit.ParameterError, match="name a model"):
        featkit.train(tones(), parameters={"n_estimators": 7})
