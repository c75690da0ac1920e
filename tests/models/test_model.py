"""A model predicts and explains every kind of table that `train` takes."""

import numpy as np
import pandas as pd
import pytest
from learning import tones

import featkit
from featkit.errors import ParameterError, TableError
from featkit.table.feature_table import FeatureTable


@pytest.fixture(scope="module")
def model():
    return featkit.train(tones(), model="logistic", exclude=["c"], folds=2).model


@pytest.mark.parametrize("kind", ["csv", "parquet", "frame"])
def test_a_table_of_any_kind_has_the_same_predictions(kind, model, tmp_path):
    data = tones()
    expected = model.predict(FeatureTable.of(data)).data
    if kind != "frame":
        path = tmp_path / f"t.{kind}"
        data.to_csv(path, index=False) if kind == "csv" else data.to_parquet(path)
        data = path
    pd.testing.assert_frame_equal(model.predict(data).data, expected)


def test_a_frame_may_hold_anything_that_was_not_used_in_training(model):
    data = tones().assign(c="text", x=[[1]] * 60, label=np.nan, also=np.inf)
    pd.testing.assert_frame_equal(model.predict(data).data, model.predict(tones()).data)


def test_a_frame_whose_columns_are_numbers_is_predicted():
    data = pd.DataFrame(tones()[["pitch", "a"]].to_numpy()).assign(label=tones()["label"])
    model = featkit.train(data, model="logistic", folds=2).model
    assert len(model.predict(data).data) == 60


def test_a_frame_without_a_column_of_the_model_is_refused(model):
    with pytest.raises(TableError, match="lacks 1 of the model's 3 columns: pitch"):
        model.predict(tones().drop(columns="pitch"))


def test_a_frame_without_rows_has_no_predictions(model):
    assert len(model.predict(tones()[:0]).data) == 0


@pytest.mark.parametrize("wrong", [5, None, np.zeros((3, 2)), {"pitch": 1.0}.values()])
def test_other_inputs_are_refused_with_their_type(wrong, model):
    with pytest.raises(ParameterError, match="a FeatureTable, a DataFrame, a path, a pair"):
        model.predict(wrong)


def test_several_frames_are_refused(model):
    with pytest.raises(ParameterError, match="got a DataFrame"):
        model.predict([tones(), tones()])


def test_a_file_and_a_frame_have_the_same_explanation(model, tmp_path):
    tones().to_csv(tmp_path / "t.csv", index=False)
    one, other = (featkit.explain(model, table) for table in (tones(), tmp_path / "t.csv"))
    assert set(one.folds) == set(other.folds) == {"1", "2"}
    np.testing.assert_array_equal(one.values, other.values)
