"""Scores of new rows of the explained table."""

import numpy as np
import pandas as pd
import pytest
from learning import copies, tones
from reporting import plain_text

import featkit
from featkit.explanation import explain
from featkit.report._held_out import held_out_scores
from featkit.report.page import page
from featkit.table.feature_table import FeatureTable


def test_another_table_has_scores_of_its_own():
    model = featkit.train(tones(rows=60, spread=2.0), model="logistic", folds=3).model
    other = FeatureTable.of(tones(rows=30, seed=5, spread=2.0))
    explanation = explain(model, other)
    scores = held_out_scores(model.name, explanation)
    right = np.mean(model.predict_table(other)["predicted"] == other.labels)
    assert scores.models["logistic"].accuracy.value == pytest.approx(right)
    assert scores.models["baseline"].accuracy.value == pytest.approx(1 / 3)
    assert scores.scored_rows == 30
    text = plain_text(page(model=model, explanation=explanation, table=other))
    assert "The explained table" in text
    assert text.count(">Test rows of the training table<") == 3
    assert text.count(">New rows of the explained table<") == 3
    assert f"Of 30 recordings, {round(30 * right)} (" in text
    assert "Of 60 recordings," in text


def test_training_rows_and_new_rows_are_counted():
    whole = tones(rows=60, spread=2.0)
    model = featkit.train(whole, model="logistic", folds=3).model
    both = pd.concat([whole, tones(rows=10, seed=5).assign(path="x" + whole["path"][:10])])
    explanation = explain(model, both)
    text = plain_text(page(model=model, explanation=explanation, table=FeatureTable.of(both)))
    assert "60 rows of the training table and 10 new rows are explained" in text
    assert "Each tick is the mean in one fold." in text
    part = whole[:30]
    explanation = explain(model, part)
    text = plain_text(page(model=model, explanation=explanation, table=FeatureTable.of(part)))
    assert "30 rows of the training table and 0 new rows are explained" in text


def test_the_training_table_has_one_set_of_scores():
    data = tones(rows=60)
    model = featkit.train(data, model="logistic", folds=3).model
    explanation = explain(model, data)
    assert held_out_scores(model.name, explanation) is None
    text = page(model=model, explanation=explanation, table=FeatureTable.of(data))
    assert "Test rows of the training table" not in text


def test_segments_of_another_table_are_scored_by_recording():
    data = copies(recordings=20, segments=3)
    model = featkit.train(data, model="logistic", folds=4).model
    other = copies(recordings=12, segments=3, seed=9)
    scores = held_out_scores(model.name, explain(model, FeatureTable.of(other)))
    assert scores.groups == 12
    assert scores.scored_rows == 36
    predicted = model.predict_table(FeatureTable.of(other)).set_index("path")["predicted"]
    true = other.groupby("path")["label"].first()
    value = scores.recordings.accuracy.value
    assert value == pytest.approx((predicted[true.index] == true).mean())


def test_rows_of_unknown_class_are_not_scored():
    model = featkit.train(tones(rows=60), model="logistic", folds=3).model
    other = tones(rows=30, seed=5)
    other.loc[0, "label"] = "new"
    scores = held_out_scores(model.name, explain(model, other))
    assert scores.scored_rows == 29
    assert held_out_scores(model.name, explain(model, other.drop(columns="label"))) is None
