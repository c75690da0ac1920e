"""The weighted mean of several models."""

import numpy as np
import pytest
from learning import few_trees, noise, tones

import featkit
from featkit.errors import ModelError, ParameterError
from featkit.models import compared_models
from featkit.models.estimator import Candidate, candidates, check_candidate, pipeline
from featkit.models.outer_folds import plan_splits
from featkit.models.preparation import prepare_problem

MEMBERS = [("logistic", {"C": 1.0}, 0.25), ("svm", {}, 0.75)]


def two_of_each(monkeypatch):
    """Let auto compare two candidates of each estimator, with small forests."""
    few_trees(monkeypatch, 10)
    monkeypatch.setattr(compared_models, "candidates", lambda name, _: candidates(name)[:2])


def test_probabilities_are_the_weighted_mean_of_those_of_its_members():
    data = tones(rows=45)
    X, y = data[["pitch", "a", "b", "c"]].to_numpy(), data["label"].to_numpy(str)
    ensemble = pipeline("ensemble", members=MEMBERS).fit(X, y)
    own = [pipeline(name, **parameters).fit(X, y) for name, parameters, _ in MEMBERS]
    expected = 0.25 * own[0].predict_proba(X) + 0.75 * own[1].predict_proba(X)
    np.testing.assert_allclose(ensemble.predict_proba(X), expected, rtol=1e-12)
    assert (ensemble.predict(X) == ensemble.classes_[expected.argmax(axis=1)]).all()


def test_each_member_keeps_the_selected_columns():
    data = tones(rows=45)
    X, y = data[["pitch", "a", "b", "c"]].to_numpy(), data["label"].to_numpy(str)
    ensemble = pipeline("ensemble", select=2, members=MEMBERS).fit(X, y)
    assert [own.named_steps["select"].k for own in ensemble[-1].pipelines_] == [2, 2]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("forest", {}, 1.0)], "member"),
        ([("ensemble", {}, 1.0)], "member"),
        ([("svm", {"C": -1.0}, 1.0)], "C of svm"),
        ([("svm", {}, 0.5), ("sgd", {}, 0.4)], "sum to 1"),
        ([("svm", {}, float("nan"))], "weight of svm"),
        ([("svm", 1.0)], "each member must be"),
        ([("svm", ["C"], 1.0)], "must be a dictionary"),
        ([], "1 to 50 members"),
        ("svm", "1 to 50 members"),
    ],
)
def test_members_are_checked(members, message):
    with pytest.raises(ParameterError, match=message):
        check_candidate(Candidate("ensemble", {"members": members}))


def test_the_name_of_an_ensemble_lists_its_members():
    assert str(Candidate("ensemble", {"members": MEMBERS})) == (
        "ensemble (0.25 logistic (C=1.0) + 0.75 svm)"
    )


def test_auto_scores_its_ensemble_on_rows_that_took_no_part(monkeypatch):
    two_of_each(monkeypatch)
    data = tones(rows=60, spread=3.0)
    result = featkit.train(data, folds=2)
    chosen = result.model.training_metadata.chosen
    assert any(candidate.name == "ensemble" for candidate in chosen.values())
    problem = prepare_problem(data, result.model.trained.settings)
    plan = plan_splits(problem, result.model.trained.settings)
    P = np.zeros((len(problem), 3))
    for fold in plan.outer:
        candidate = chosen[fold.name]
        own = pipeline(candidate.name, **candidate.parameters)
        own.fit(problem.X[fold.train], problem.y[fold.train])
        if candidate.name == "ensemble":  # the svm calibrates by recording
            own = pipeline(candidate.name, **candidate.parameters)
            own.fit(
                problem.X[fold.train],
                problem.y[fold.train],
                model__groups=problem.groups[fold.train],
            )
        P[fold.test] = own.predict_proba(problem.X[fold.test])
    columns = [f"p_{name}" for name in problem.classes]
    np.testing.assert_allclose(result.predictions[columns].to_numpy(), P, atol=1e-6)


def test_without_ensembles_auto_answers_with_one_candidate(monkeypatch):
    two_of_each(monkeypatch)
    result = featkit.train(tones(rows=45, spread=3.0), folds=2, ensemble=False)
    assert result.model.name != "ensemble"


def test_any_number_of_workers_gives_the_same_ensemble(monkeypatch, in_workers):
    few_trees(monkeypatch, 10)
    data = tones(rows=45, spread=3.0)
    members = {"members": MEMBERS}
    one, two = (
        featkit.train(data, folds=2, model="ensemble", parameters=members, n_jobs=jobs)
        for jobs in (1, 2)
    )
    assert one.predictions.equals(two.predictions)
    table = one.model.read(data)
    assert (one.model.probabilities(table) == two.model.probabilities(table)).all()


def test_a_saved_ensemble_gives_the_same_probabilities(tmp_path):
    data = tones(rows=45)
    data.loc[3, "pitch"] = np.nan
    model = featkit.train(data, model="ensemble", folds=3, parameters={"members": MEMBERS}).model
    model.save(tmp_path / "m.fk")
    loaded = featkit.load_model(tmp_path / "m.fk")
    table = model.read(data)
    assert (loaded.probabilities(table) == model.probabilities(table)).all()
    assert loaded.trained.candidate == "ensemble (0.25 logistic (C=1.0) + 0.75 svm)"


@pytest.mark.parametrize("change", ["weight", "fewer", "other", "nested"])
def test_an_altered_ensemble_is_refused(monkeypatch, tmp_path, change):
    few_trees(monkeypatch, 10)
    model = featkit.train(tones(rows=45), model="ensemble", folds=3).model
    mean = model.pipeline.steps[-1][1]
    if change == "weight":
        mean.members = [("random_forest", {}, 0.9), ("svm", {}, 0.9)]
    if change == "fewer":
        mean.pipelines_ = mean.pipelines_[:1]
    if change == "other":
        mean.pipelines_ = mean.pipelines_[::-1]
    if change == "nested":
        mean.members = [("ensemble", {}, 0.5), ("svm", {}, 0.5)]
        mean.pipelines_ = [model.pipeline, mean.pipelines_[1]]
    try:
        model.save(tmp_path / "m.fk")
    except RecursionError:
        return
    with pytest.raises(ModelError):
        featkit.load_model(tmp_path / "m.fk")


def test_noise_gives_an_ensemble_no_better_than_chance(monkeypatch):
    two_of_each(monkeypatch)
    data = noise(rows=60, columns="abcd")
    data["label"] = ["x", "y"] * 30
    scores = featkit.train(data, folds=2).scores["models"]["auto"]
    assert scores["accuracy"]["low"] < 0.5
