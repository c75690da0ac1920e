"""What the page says of a table that the model was not trained on is computed from that table."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from learning import tones
from reporting import made
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, log_loss

import featkit
from featkit.report._held_out import held_out
from featkit.report.page import page


@pytest.fixture(scope="module")
def model():
    """Of classes that are equally common."""
    return featkit.train(tones(60), model="logistic", folds=3).model


def of_other(model, counts):
    """An explanation of rows that the model has not seen, so many of each class."""
    data = tones(300, seed=1).groupby("label", sort=False, group_keys=False)
    parts = [part.head(counts.get(name, 0)) for name, part in data]
    other = pd.concat(parts).reset_index(drop=True)
    other["path"] = [f"new{k}.wav" for k in range(len(other))]
    return featkit.explain(model, other), other


@pytest.mark.parametrize("counts", [{"high": 3, "low": 40, "mid": 7}, {"mid": 25}, {"high": 1}])
def test_the_baseline_is_that_of_the_table(model, counts):
    explanation, other = of_other(model, counts)
    found = held_out(model, explanation)["models"]["baseline"]
    dummy = DummyClassifier(strategy="prior").fit(other[["pitch"]], other["label"])
    answer = dummy.predict(other[["pitch"]])
    assert found["accuracy"]["value"] == accuracy_score(other["label"], answer)
    assert found["balanced_accuracy"]["value"] == pytest.approx(1 / len(counts))
    if len(counts) > 1:
        loss = log_loss(other["label"], dummy.predict_proba(other[["pitch"]]))
        assert found["log_loss"]["value"] == pytest.approx(loss)


def test_the_page_says_what_the_commonest_class_of_the_table_would_give(model):
    explanation, _ = of_other(model, {"high": 3, "low": 40, "mid": 7})
    text = page(model=model, explanation=explanation)
    trained, other = text.split("On rows that it was not trained on")[:2]
    assert "would give 33.3\u00a0%" in trained
    assert "would give 80.0\u00a0%" in other


def test_classes_that_the_model_does_not_know_are_no_part_of_the_baseline():
    model, explanation, _ = made(rows=30)
    y = np.array(["a"] * 5 + ["b"] * 15 + [""] * 10)
    other = dataclasses.replace(explanation, y=y, folds=np.full(30, ""))
    assert held_out(model, other)["models"]["baseline"]["accuracy"]["value"] == 0.75
