"""Coverage of prediction sets on another dataset than that of the training."""

import json

import numpy as np
import pytest
from learning import tones

import featkit
from featkit.cli._evaluation import show_evaluation


@pytest.fixture(scope="module")
def model():
    data = tones(120, spread=2)
    return featkit.train(data, model="logistic", prediction_sets=True, folds=2).model


def test_coverage_elsewhere_is_that_of_the_predictions(model, capsys):
    data = tones(90, seed=1, spread=2)
    result = featkit.evaluate({"tones": model}, {"new": data})
    (one,) = result.evaluation.evaluations
    table = model.predict(data, coverage=0.9).data
    sets = [json.loads(text) for text in table["prediction_set"]]
    covered = [label in names for label, names in zip(data["label"], sets, strict=True)]
    scores = one.prediction_sets.coverages[1]
    assert (scores.nominal, one.prediction_sets.rows) == (0.9, 90)
    assert scores.coverage.value == pytest.approx(np.mean(covered))
    assert scores.size.value == pytest.approx(np.mean([len(names) for names in sets]))
    show_evaluation(result.evaluation)
    assert "tones, prediction sets of 90 recordings:" in capsys.readouterr().out


def test_merged_classes_have_no_sets(model):
    merged = {"labels": {"low": ["low", "mid"], "high": ["high"]}}
    data = tones(90, seed=1)
    result = featkit.evaluate({"tones": model}, {"new": data}, label_map=merged)
    (one,) = result.evaluation.evaluations
    assert one.prediction_sets is None
