"""Pages of calibrated models: scores before and after, and what contributions describe."""

import dataclasses
from functools import cache

import pandas as pd
import pytest
from command_line import run
from learning import copies, tones
from reporting import plain_text

import featkit
from featkit.evaluation.evaluate import evaluate
from featkit.explanation import explain
from featkit.models.calibration_scores import methods_text
from featkit.report._before_calibration import before_calibration
from featkit.report._csv_files import write_files
from featkit.report.evaluation_page import evaluation_page
from featkit.report.formatting import fixed
from featkit.report.page import page
from featkit.table.feature_table import FeatureTable

NOTE = "Contributions describe the output of the model before calibration."


@cache
def result():
    """Return a training with calibration of three overlapping classes."""
    return featkit.train(tones(90, spread=3.0), folds=3, model="logistic", calibrate="temperature")


def test_the_page_shows_scores_before_and_after():
    model = result().model
    before, after = model.evaluation.uncalibrated, model.evaluation
    text = plain_text(page(model=model))
    assert "The probabilities are calibrated (temperature)." in text
    assert "Before calibration" in text
    assert "After calibration" in text
    for old, new in (
        (before.calibration.expected_error, after.calibration.expected_error),
        (before.metrics.log_loss, after.kept.log_loss.value),
    ):
        assert fixed(old) in text
        assert fixed(new) in text


def test_the_page_of_a_model_without_calibration_is_as_before():
    model = featkit.train(tones(60), folds=2, model="logistic").model
    assert before_calibration(model.evaluation) is None
    assert "Before calibration" not in plain_text(page(model=model))


def test_files_hold_the_scores_and_the_reliability_before_calibration(tmp_path):
    evaluation = result().evaluation
    write_files(tmp_path, [evaluation], None)
    scores = pd.read_csv(tmp_path / "scores.csv").set_index(["model", "score"])["value"]
    before = evaluation.uncalibrated
    name = "logistic, before calibration"
    assert scores[name, "log_loss"] == pytest.approx(before.metrics.log_loss)
    bins = pd.read_csv(tmp_path / "reliability_uncalibrated.csv")
    expected = [one.confidence for one in before.calibration.reliability]
    assert bins["confidence"].tolist() == pytest.approx(expected)


def test_segments_have_scores_by_recording_too():
    data = copies(20, 3)
    evaluation = featkit.train(data, folds=2, model="logistic", calibrate="sigmoid").evaluation
    comparison = before_calibration(evaluation)
    captions = [caption for caption, _ in comparison.measures]
    assert captions == ["Before and after calibration, by row", "The same by recording"]
    by_recording = comparison.measures[1][1]
    losses = {name: (old, new) for name, old, new in by_recording}
    before = evaluation.uncalibrated
    expected = fixed(before.recordings.log_loss), fixed(evaluation.recordings.log_loss.value)
    assert losses["Log loss (lower is better)"] == expected


def test_folds_with_several_methods_are_listed():
    methods = {"1": "sigmoid", "2": "none", "3": "sigmoid"}
    evaluation = dataclasses.replace(result().evaluation, calibrations=methods)
    comparison = before_calibration(evaluation)
    assert list(comparison.folds) == list(methods.items())
    assert "sigmoid in 2 of 3 folds, none in 1" in comparison.lead
    assert methods_text({"1": "isotonic"}) == "isotonic"


def test_explanations_have_calibrated_probabilities_and_say_what_they_describe():
    data, model = tones(90, spread=3.0), result().model
    explanation = explain(model, data)
    columns = [f"p_{name}" for name in model.classes]
    expected = result().predictions[columns].to_numpy()
    assert explanation.probabilities == pytest.approx(expected)
    assert any(NOTE in note for note in explanation.notes)
    text = plain_text(page(model=model, explanation=explanation, table=FeatureTable.of(data)))
    assert NOTE in text


def test_explanations_of_new_rows_have_calibrated_probabilities():
    data, model = tones(30, spread=3.0, seed=5), result().model
    explanation = explain(model, data)
    expected = model.row_probabilities(FeatureTable.of(data).matrix(model.columns))
    assert explanation.probabilities == pytest.approx(expected)
    assert any(NOTE in note for note in explanation.notes)


def test_explanations_without_calibration_have_no_such_note():
    data = tones(60)
    model = featkit.train(data, folds=2, model="logistic").model
    assert not any("calibrat" in note for note in explain(model, data).notes)


def test_other_datasets_are_scored_with_calibrated_probabilities():
    data, model = tones(60, spread=3.0, seed=7), result().model
    (scored,) = evaluate(model, data).evaluation.evaluations
    P = model.predict(data).data[[f"p_{name}" for name in model.classes]].to_numpy()
    confidence = sum(own.rows * own.confidence for own in scored.calibration.reliability) / 60
    assert confidence == pytest.approx(P.max(axis=1).mean())


def test_other_datasets_are_scored_for_other_shares_of_the_classes():
    data, model = tones(60, spread=3.0, seed=7), result().model
    shares = {"high": 0.1, "low": 0.2, "mid": 0.7}
    scored = evaluate(model, data, class_prior=shares)
    (own,) = scored.evaluation.evaluations
    assert list(own.class_prior) == ["class prior: given: high 0.1, low 0.2, mid 0.7"]
    text = evaluation_page(scored.evaluation)
    assert "Probabilities are for other shares of the classes (class prior: given: high" in text
    columns = [f"p_{name}" for name in model.classes]
    expected = model.predict(data, class_prior=shares).data[columns].to_numpy()
    assert scored.predictions[columns].to_numpy() == pytest.approx(expected)


def test_training_rows_are_scored_for_other_shares_by_the_models_of_folds():
    data, model = tones(90, spread=3.0), result().model
    shares = {"high": 0.1, "low": 0.2, "mid": 0.7}
    columns = [f"p_{name}" for name in model.classes]
    weighted = result().predictions[columns].to_numpy() * [0.1, 0.2, 0.7]
    expected = weighted / weighted.sum(axis=1, keepdims=True)
    scored = evaluate(model, data, class_prior=shares)
    assert scored.predictions[columns].to_numpy() == pytest.approx(expected)


@pytest.fixture
def corpus(tmp_path):
    """The file of a table, in a folder of its own."""
    tones(60, spread=3.0).to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


def test_commands_calibrate_and_predict_for_other_shares(corpus, tmp_path):
    model, scores = tmp_path / "m.fk", tmp_path / "s.json"
    how = ("--model", "logistic", "--folds", "2", "--calibrate", "temperature", "--jobs", "1")
    done = run("train", corpus, *how, "-o", model, "--scores", scores)
    assert "calibrated (temperature): expected calibration error" in done.stdout
    assert '"calibrations"' in scores.read_text("utf-8")
    shares = tmp_path / "shares.toml"
    shares.write_text("high = 10\nlow = 20\nmid = 70\n", "utf-8")
    output = tmp_path / "p.csv"
    done = run("predict", model, corpus, "--class-prior", shares, "-o", output)
    assert "shares.toml: high 0.1, low 0.2, mid 0.7" in done.stderr
    assert "the shares sum to 100, and are scaled to 1" in done.stderr
    assert output.exists()
    done = run("evaluate", model, corpus, "--class-prior", "balanced")
    assert "class prior: balanced: high 0.333" in done.stdout
    failed = run("predict", model, corpus, "--class-prior", "rare", status=2)
    assert "must be balanced, training, or a file" in failed.stderr
