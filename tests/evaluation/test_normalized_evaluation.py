"""Evaluation of a model that normalises columns within groups on other datasets."""

import numpy as np
import pytest
from learning import speakers

import featkit
from featkit.errors import ModelError, TableError

FEATURES = ["pitch", "a", "b", "c"]


@pytest.fixture(scope="module")
def result():
    how = {"group": "speaker", "folds": 5, "normalize_by": "speaker"}
    return featkit.train(speakers(), model="logistic", **how)


def evaluate(model, data, **options):
    return featkit.evaluate({"m": model}, {"d": data}, **options)


def test_rows_of_a_dataset_are_normalised_by_their_own_groups(result):
    data = speakers(seed=3)
    evaluated = evaluate(result.model, data)
    expected = result.model.predict(data).data
    np.testing.assert_allclose(evaluated.predictions["p_loud"], expected["p_loud"], rtol=1e-12)
    assert evaluated.scores["evaluations"][0]["scores"]["accuracy"]["value"] > 0.85
    assert any("5 speakers by column 'speaker'" in text for text in evaluated.warnings)


def test_rows_that_are_not_scored_count_for_their_group(result):
    data = speakers(seed=3)
    expected = result.model.predict(data).data["p_loud"]
    known = np.arange(len(data)) % 5 > 0
    other = data.copy()
    other.loc[~known, "label"] = "other"
    evaluated = evaluate(result.model, other)
    np.testing.assert_allclose(evaluated.predictions["p_loud"], expected[known], rtol=1e-12)


def test_training_rows_are_predicted_as_in_training(result):
    evaluated = evaluate(result.model, speakers())
    np.testing.assert_allclose(
        evaluated.predictions["p_loud"], result.predictions["p_loud"], rtol=1e-12
    )


def test_the_shift_is_that_of_the_values_in_their_own_units(result):
    data = speakers(seed=3)
    data["a"] += 100
    evaluated = evaluate(result.model, data, training_table=speakers())
    (own,) = evaluated.scores["evaluations"]
    columns = {column["column"]: column for column in own["shift"]["columns"]}
    assert columns["a"]["median"] > 80
    assert own["importances"] is not None


def test_groups_may_have_another_name(result):
    data = speakers(seed=3)
    other = data.rename(columns={"speaker": "who"})
    with pytest.raises(ModelError, match="--group-from"):
        evaluate(result.model, other)
    one = evaluate(result.model, data).predictions["p_loud"]
    two = evaluate(result.model, other, group_from="who").predictions["p_loud"]
    np.testing.assert_array_equal(one, two)


def test_a_row_without_a_group_is_an_error(result):
    data = speakers(seed=3)
    data.loc[4, "speaker"] = ""
    with pytest.raises(TableError, match="every row must be in a group"):
        evaluate(result.model, data)


def test_models_with_and_without_normalisation_are_compared(result):
    plain = featkit.train(speakers(), model="logistic", group="speaker", folds=5).model
    models = {"normalised": result.model, "plain": plain}
    evaluated = featkit.evaluate(models, {"d": speakers(seed=3)}, group_from="speaker")
    one, two = (own["scores"]["accuracy"]["value"] for own in evaluated.scores["evaluations"])
    assert one > two
