"""Converted copies of training recordings are predicted by models that did not see them."""

import numpy as np
import pandas as pd
import pytest
from learning import copies as segments
from learning import tones, trained

import featkit
from featkit.table.feature_table import FeatureTable

CHANGE = 1e-3


@pytest.fixture(scope="module")
def home():
    return trained(tones(90), "logistic")


def copies(data):
    """Other files of the same recordings, with slightly other numbers."""
    data = data.assign(path=data["path"].str.replace(".wav", ".mp3", regex=False))
    return data.assign(**{name: data[name] + CHANGE for name in ("pitch", "a", "b", "c")})


def test_copies_have_about_the_predictions_of_the_training(home):
    result, table = home
    evaluated = featkit.evaluate(result.model, copies(tones(90)), training_table=table)
    own, expected = evaluated.predictions, result.predictions
    columns = [f"p_{name}" for name in result.model.classes]
    np.testing.assert_allclose(own[columns], expected[columns], atol=0.01)
    final = result.model.probabilities(FeatureTable.of(copies(tones(90))))
    assert np.abs(own[columns] - final).to_numpy().max() > 0.02
    (one,) = evaluated.evaluation.evaluations
    assert any(
        "90 recordings have the name and the class of a training" in text for text in one.warnings
    )


def test_recordings_of_other_names_or_classes_are_predicted_by_the_model_itself(home):
    result, table = home
    data = copies(tones(90))
    data.loc[:44, "path"] = "far/" + data.loc[:44, "path"]
    data.loc[45:, "label"] = data.loc[45:, "label"].map({"low": "mid", "mid": "low", "high": "low"})
    evaluated = featkit.evaluate(result.model, data, training_table=table)
    own = evaluated.predictions[[f"p_{name}" for name in result.model.classes]]
    np.testing.assert_array_equal(own, result.model.probabilities(FeatureTable.of(data)))
    assert not any("have name and class" in text for text in evaluated.warnings)


def test_copies_of_rows_that_were_never_test_rows_are_warned_of():
    result, table = trained(tones(60), "logistic", shares=(80, 20))
    evaluated = featkit.evaluate(result.model, copies(tones(60)), training_table=table)
    texts = "\n".join(evaluated.warnings)
    assert (
        "12 recordings have the name and the class of a training recording and may be copies: each"
        in texts
    )
    assert (
        "48 recordings have the name and the class of a training recording: if they are copies"
        in texts
    )


def test_names_that_several_folds_have_say_nothing():
    one, two = tones(60, seed=1), tones(60, seed=2)
    model = featkit.train({"a": one, "b": two}, model="logistic", leave_one_dataset_out=True).model
    data = copies(tones(30, seed=3))
    evaluated = featkit.evaluate(model, data, training_table={"a": one, "b": two})
    own = evaluated.predictions[[f"p_{name}" for name in model.classes]]
    np.testing.assert_array_equal(own, model.probabilities(FeatureTable.of(data)))
    assert any("if they are copies, the scores are too high" in text for text in evaluated.warnings)


def test_other_segments_of_the_training_recordings_have_their_folds():
    data = segments(recordings=30, segments=2)
    result, _ = trained(data, "logistic")
    between = data.assign(start=data["start"] + 1.5, x0=data["x0"] + CHANGE)
    both = pd.concat([data, between], ignore_index=True)
    columns = [f"p_{name}" for name in result.model.classes]
    own = featkit.evaluate(result.model, both).predictions[columns].to_numpy()
    np.testing.assert_allclose(own[:60], result.predictions[columns], atol=1e-12)
    np.testing.assert_allclose(own[60:], result.predictions[columns], atol=0.02)
    final = result.model.probabilities(FeatureTable.of(between))
    assert np.abs(own[60:] - final).max() > 0.1


def test_other_recordings_of_the_training_groups_have_their_folds():
    data = tones(90).assign(speaker=[f"s{k // 9}" for k in range(90)])
    result, _ = trained(data, "logistic", group="speaker")
    others = copies(data)
    both = pd.concat([data, others], ignore_index=True)
    columns = [f"p_{name}" for name in result.model.classes]
    own = featkit.evaluate(result.model, both).predictions[columns].to_numpy()
    np.testing.assert_allclose(own[90:], result.predictions[columns], atol=0.01)


def test_copies_beside_the_training_recordings_have_their_folds(home):
    result, _ = home
    both = pd.concat([tones(90), copies(tones(90))], ignore_index=True)
    columns = [f"p_{name}" for name in result.model.classes]
    own = featkit.evaluate(result.model, both).predictions[columns].to_numpy()
    np.testing.assert_allclose(own[90:], result.predictions[columns], atol=0.01)


def test_numbers_at_the_end_of_names_are_no_suffixes():
    data = tones(60).assign(path=[f"{label}.{k:05d}" for k, label in enumerate(tones(60)["label"])])
    result, table = trained(data, "logistic")
    others = tones(30, seed=5)
    others["path"] = [f"{label}.{k + 100:05d}" for k, label in enumerate(others["label"])]
    evaluated = featkit.evaluate(result.model, others, training_table=table)
    assert not any("have name and class" in text for text in evaluated.warnings)


def test_training_groups_in_another_dataset_are_warned_of():
    data = tones(90).assign(speaker=[f"s{k // 9}" for k in range(90)])
    result, table = trained(data, "logistic", group="speaker")
    others = tones(30, seed=5).assign(speaker=["s0", "s1", "new"] * 10)
    others["path"] = "far/" + others["path"]
    evaluated = featkit.evaluate(result.model, others, training_table=table)
    assert any("2 speakers have the names of training speakers" in w for w in evaluated.warnings)
