"""Explanations of a model that normalises columns within groups."""

import numpy as np
import pytest
from learning import speakers

import featkit
from featkit.errors import ModelError
from featkit.explanation import direction, explain
from featkit.explanation.explanation import NORMALIZED_UNIT

FEATURES = ["pitch", "a", "b", "c"]


@pytest.fixture(scope="module")
def result():
    how = {"group": "speaker", "folds": 5, "normalize_by": "speaker"}
    return featkit.train(speakers(), model="logistic", **how)


@pytest.fixture(scope="module")
def explanation(result):
    return explain(result.model, speakers(), n_jobs=1)


def standardised(data):
    groups = data.groupby("speaker")[FEATURES]
    return groups.transform(lambda x: (x - x.mean()) / x.std(ddof=0)).to_numpy()


def test_training_rows_are_explained_as_they_were_predicted_in_their_fold(result, explanation):
    assert explanation.flaw == ""
    expected = result.predictions[["p_calm", "p_loud"]].to_numpy()
    np.testing.assert_allclose(explanation.probabilities, expected, atol=1e-12)
    assert set(explanation.folds) == {"s0", "s1", "s2", "s3", "s4"}


def test_values_are_shown_in_their_own_units_beside_the_normalised_ones(explanation):
    data = speakers()
    np.testing.assert_array_equal(explanation.X, data[FEATURES])
    np.testing.assert_allclose(explanation.inputs, standardised(data), atol=1e-9)
    assert explanation.input_unit("pitch") == NORMALIZED_UNIT
    loud = data[data["label"] == "loud"]["pitch"]
    usual = explanation.usual[:, explanation.classes.index("loud"), 0]
    np.testing.assert_allclose(usual, np.percentile(loud, [25, 75]))


def test_directions_are_those_of_the_normalised_values(explanation):
    assert direction(explanation).loc["pitch", "loud"] > 0.95
    raw = np.corrcoef(explanation.X[:, 0], explanation.values[:, 0, 1])[0, 1]
    assert abs(raw) < 0.5


def test_the_background_is_normalised(result):
    Z = standardised(speakers())
    background = result.model.trained.sample.background
    assert all(np.isclose(Z, row, atol=1e-9).all(axis=1).any() for row in background)


def test_new_rows_are_explained_as_by_hand(result):
    data = speakers(seed=3)
    explanation = explain(result.model, data, n_jobs=1)
    Z = standardised(data)
    pipeline = result.model.pipeline
    scaled = pipeline[:-1].transform(Z)
    by_hand = scaled * pipeline[-1].coef_[0]  # the mean of the scaled training rows is 0
    np.testing.assert_allclose(explanation.values[:, :, 1], by_hand, atol=1e-9)
    np.testing.assert_allclose(
        explanation.probabilities[:, 1], pipeline.predict_proba(Z)[:, 1], atol=1e-9
    )
    assert explanation.flaw == ""
    assert any("are those of the normalised values" in note for note in explanation.notes)


def test_rows_of_unknown_groups_cannot_be_explained(result):
    other = speakers(seed=3).rename(columns={"speaker": "who"})
    with pytest.raises(ModelError, match="--group-from"):
        explain(result.model, other, n_jobs=1)
    expected = explain(result.model, speakers(seed=3), n_jobs=1)
    named = explain(result.model, other, group_from="who", n_jobs=1)
    np.testing.assert_array_equal(named.values, expected.values)


def test_sampled_values_use_normalised_rows_and_background():
    how = {"group": "speaker", "folds": 5, "normalize_by": "speaker"}
    model = featkit.train(speakers(), model="svm", **how).model
    explanation = explain(model, speakers(seed=3), rows=8, n_jobs=1)
    assert explanation.flaw == ""
    mean = model.pipeline.predict_proba(model.trained.sample.background).mean(axis=0)
    np.testing.assert_allclose(explanation.base, np.tile(mean, (8, 1)), atol=1e-12)


def test_the_mean_of_segments_keeps_both_values(explanation):
    mean = explanation.mean()
    np.testing.assert_allclose(mean.inputs[0], explanation.inputs.mean(axis=0))
    np.testing.assert_allclose(mean.X[0], explanation.X.mean(axis=0))


def test_selected_rows_keep_their_normalised_values(explanation):
    rows = np.array([3, 1])
    selected = explanation.of_rows(rows)
    np.testing.assert_array_equal(selected.inputs, explanation.inputs[rows])
    np.testing.assert_array_equal(selected.X, explanation.X[rows])
