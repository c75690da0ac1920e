"""Prediction sets, abstention and novelty from training to predictions."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from learning import copies, people, tones

import featkit
from featkit.errors import ModelError, ParameterError
from featkit.models.prediction_sets import PredictionSets
from featkit.models.uncertainty import Uncertainty

NAMES = ('rock|"pop"', "jazz, [a]", "=folk")
"""Names of classes that separators of lists occur in."""


@pytest.fixture(scope="module")
def data():
    return tones(120, NAMES, spread=2.5)


@pytest.fixture(scope="module")
def result(data):
    return featkit.train(data, model="logistic", prediction_sets=True, folds=2)


@pytest.fixture(scope="module")
def model(result, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.fk"
    result.model.save(path)
    return featkit.load_model(path)


def test_sets_hold_the_classes_whose_probability_reaches_the_threshold(model, data):
    table = model.predict(data, coverage=0.9).data
    P = table[[f"p_{name}" for name in model.classes]].to_numpy()
    members = model.sets.rows.of_sets(0.9) <= P
    expected = [[n for n, m in zip(model.classes, row, strict=True) if m] for row in members]
    assert [json.loads(text) for text in table["prediction_set"]] == expected
    assert table["abstain"].tolist() == [len(names) != 1 for names in expected]
    assert 0 < table["abstain"].mean() < 1
    assert list(table)[:5] == ["path", "predicted", "probability", "prediction_set", "abstain"]


def test_without_a_request_predictions_are_as_before(model, data):
    names = [f"p_{name}" for name in model.classes]
    assert list(model.predict(data).data) == ["path", "predicted", "probability", *names]


def test_the_model_abstains_below_the_threshold_of_the_accuracy(model, data):
    table = model.predict(data, accuracy=0.9).data
    least = model.sets.rows.of_answers(0.9)
    assert (table["abstain"] == (table["probability"] < least)).all()
    assert "prediction_set" not in table
    assert table["abstain"].dtype == bool


def test_predictions_of_a_file_equal_those_in_memory(model, data, tmp_path):
    how = {"coverage": 0.8, "novelty": True}
    model.predict(data, output=tmp_path / "out.csv", **how)
    written = pd.read_csv(tmp_path / "out.csv", converters={"novelty": float})
    memory = model.predict(data, **how).data
    assert written["prediction_set"].tolist() == memory["prediction_set"].tolist()
    assert written["abstain"].dtype == bool
    assert written["abstain"].tolist() == memory["abstain"].tolist()
    assert written["novelty"].tolist() == memory["novelty"].tolist()


def test_novelty_tells_rows_unlike_the_training_rows(model, data):
    far = data.assign(pitch=data["pitch"] + 50)
    usual, unusual = (model.predict(table, novelty=True).data["novelty"] for table in (data, far))
    assert usual.mean() < 0.5
    assert (unusual == 1).all()


def test_empty_sets_abstain(model):
    P = np.full((1, 3), 1 / 3)
    how = {"accuracy": None, "novelty": False}
    sets = Uncertainty.of(model.sets, None, coverage=0.05, **how)
    columns = sets.columns(P, model.classes, None, "segment")
    assert columns["prediction_set"].tolist() == ["[]"]
    assert columns["abstain"].tolist() == [True]


def test_requests_that_a_model_cannot_meet_are_refused_with_the_remedy(data, result):
    plain = featkit.train(data, model="logistic", folds=2).model
    assert plain.sets is None
    assert plain.evaluation.prediction_sets is None
    for how in ({"coverage": 0.9}, {"accuracy": 0.9}):
        with pytest.raises(ModelError, match=r"train it again with prediction_sets=True \(--pred"):
            plain.predict(data, **how)
    with pytest.raises(ParameterError, match="choose one"):
        result.model.predict(data, coverage=0.9, accuracy=0.9)
    with pytest.raises(ParameterError, match="above 0 and below 1"):
        result.model.predict(data, coverage=90)
    with pytest.raises(ParameterError, match="leave class_prior out"):
        result.model.predict(data, coverage=0.9, class_prior="balanced")
    numbers = data.drop(columns="label").assign(number=np.arange(len(data)) % 7 + data["pitch"])
    ridge = featkit.train(numbers, target="number", model="ridge", folds=2).model
    with pytest.raises(ParameterError, match="need a model that predicts classes"):
        ridge.predict(numbers, coverage=0.9)
    assert ridge.predict(numbers, novelty=True).data["novelty"].between(0, 1).all()
    with pytest.raises(ModelError, match="no distance to its training data"):
        Uncertainty.of(None, None, coverage=None, accuracy=None, novelty=True)


def test_an_accuracy_that_was_never_reached_is_refused_with_the_highest(model):
    lower = dataclasses.replace(
        model.sets.rows, accuracies=(0.5, 0.8126), answer_probabilities=(0.3, 0.6)
    )
    how = {"coverage": None, "novelty": False}
    asked = Uncertainty.of(PredictionSets(rows=lower), None, accuracy=0.9, **how)
    with pytest.raises(ModelError, match=r"reached 0\.9 in training: ask for at most 0\.812"):
        asked.columns(np.full((1, 3), 1 / 3), model.classes, None, "segment")


def test_segments_are_combined_before_the_sets_of_recordings():
    data = copies(recordings=30, segments=4)[["path", "start", "end", "label", "x0", "x1"]]
    data["x0"] += 2 * (data["label"] == "rock")
    result = featkit.train(data, model="logistic", prediction_sets=True, folds=2)
    scores = result.evaluation
    assert scores.prediction_sets.rows == 120
    assert scores.recording_prediction_sets.rows == 30
    sets = result.model.sets
    assert (sets.rows.rows, sets.recordings.rows) == (120, 30)
    whole = result.model.predict(data, coverage=0.9, novelty=True).data
    assert len(whole) == 30
    P = whole[["p_jazz", "p_rock"]].to_numpy()
    counts = (sets.recordings.of_sets(0.9) <= P).sum(axis=1)
    assert [len(json.loads(text)) for text in whole["prediction_set"]] == counts.tolist()
    novelty, table = result.model.novelty, featkit.FeatureTable.of(data, keys=["path", "label"])
    distances = novelty.projection.distances(table.matrix(result.model.columns))
    means = distances.reshape(30, 4).mean(axis=1)
    assert whole["novelty"].tolist() == novelty.novelty(means, "recording").tolist()


def test_coverage_is_measured_with_thresholds_of_the_inner_folds():
    data, person, _ = people(count=60, takes=6, spread=1.0)
    data["v0"] += 1.5 * (data["label"] == "well")
    data["person"] = person.astype(str)
    result = featkit.train(data, model="logistic", group="person", prediction_sets=True, folds=3)
    scores = result.evaluation.prediction_sets
    assert scores.groups == 60
    assert result.model.sets.rows.groups == 60
    for one in scores.coverages:
        assert one.coverage.value == pytest.approx(one.nominal, abs=0.06)
        assert one.group_mean == pytest.approx(one.coverage.value)  # groups are of equal size


def test_calibrated_models_have_sets_of_cross_fitted_probabilities():
    data = tones(150, spread=3)
    result = featkit.train(data, model="logistic", calibrate="isotonic", folds=3)
    sets = result.model.sets
    assert sets is not None
    # With its own rows, an isotonic function would give most of them probabilities of 0 and 1.
    scores = {one.nominal: one.coverage for one in result.evaluation.prediction_sets.coverages}
    assert scores[0.9].value >= 0.85


def test_with_costs_abstention_is_about_the_predicted_class(data):
    first = data["label"].iloc[0]
    costs = {one: {two: 9 if two == first else 1 for two in NAMES if two != one} for one in NAMES}
    result = featkit.train(data, model="logistic", prediction_sets=True, folds=2, costs=costs)
    table = result.model.predict(data, accuracy=0.8).data
    P = table[[f"p_{name}" for name in result.model.classes]].to_numpy()
    assert (table["probability"] < P.max(axis=1)).any()
    least = result.model.sets.rows.of_answers(0.8)
    assert (table["abstain"] == (table["probability"] < least)).all()
    scores = result.scores["prediction_sets"]
    hits = (result.predictions["predicted"] == result.predictions["label"]).mean()
    assert scores["curve"][-1]["accuracy"] == pytest.approx(hits)
