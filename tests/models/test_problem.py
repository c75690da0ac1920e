"""Classification problems: data that cannot be learnt from is an error or left out."""

import numpy as np
import pandas as pd
import pytest
from learning import copies, tones

import featkit
from featkit.errors import ParameterError, TableError
from featkit.models.score_types import RANKED_BY


def test_one_class_is_an_error():
    with pytest.raises(ParameterError, match="column 'label' has one class, 'low'"):
        featkit.train(tones().assign(label="low"))


def test_a_class_of_one_row_is_an_error_that_names_it():
    data = tones()
    data.loc[0, "label"] = "rare"
    with pytest.raises(ParameterError, match="class 'rare' has 1 row, "):
        featkit.train(data, model="svm")


def test_a_missing_label_column_is_an_error_with_a_suggestion():
    with pytest.raises(ParameterError, match="did you mean 'label'"):
        featkit.train(tones(), label="lable")
    with pytest.raises(ParameterError, match="no row has a class"):
        featkit.train(tones().assign(label=""))


def test_rows_without_a_label_are_left_out_with_a_warning():
    data = tones()
    data.loc[[3, 7], "label"] = None
    result = featkit.train(data, model="logistic")
    assert len(result.predictions) == 58
    assert result.warnings == ["2 of 60 rows have no 'label': excluded"]


def test_columns_without_a_value_are_left_out_with_a_warning():
    result = featkit.train(tones().assign(none=np.nan), model="logistic")
    assert result.warnings == ["columns without any value are excluded: none"]
    assert "none" not in result.model.columns


@pytest.mark.parametrize("model", ["logistic", "xgboost"])
def test_a_column_may_be_empty_in_some_folds(model):
    data = tones().assign(some=np.nan, fold=np.arange(60) // 3 % 4)
    data.loc[data["fold"] == 0, "some"] = 1.0
    result = featkit.train(data, fold="fold", model=model)
    assert "some" in result.model.columns
    assert np.isfinite(result.predictions["probability"]).all()


def test_an_infinite_value_is_an_error_that_names_file_and_column():
    data = tones()
    data.loc[5, "a"] = np.inf
    with pytest.raises(TableError, match=r"005\.wav: column 'a' is infinite"):
        featkit.train(data)
    featkit.train(data, exclude=["a"], model="logistic")


def test_a_value_beyond_single_precision_is_an_error():
    data = tones()
    data.loc[5, "a"] = 1e39
    with pytest.raises(TableError, match=r"005\.wav: column 'a' is infinite \(or beyond 3.4e38"):
        featkit.train(data)


def test_duplicate_paths_are_segments_of_one_recording_with_a_warning():
    data = tones()
    data.loc[3, "path"] = "000.wav"
    result = featkit.train(data, model="logistic")
    assert "duplicate paths: 1 (000.wav)" in result.warnings[0]
    assert result.scores["groups"] == 59
    assert result.scores["recordings"] is not None


def test_a_table_without_paths_is_a_warning():
    result = featkit.train(tones().drop(columns="path"), model="logistic")
    assert "no column 'path'" in result.warnings[0]
    assert result.scores["unit"] == "row"


def test_a_group_of_one_value_is_an_error():
    with pytest.raises(ParameterError, match="'artist' has one value, 'ann': all rows would stay"):
        featkit.train(tones().assign(artist="ann"), group="artist", model="logistic")


def test_a_group_that_is_the_class_is_an_error():
    data = tones()
    with pytest.raises(ParameterError, match="the group 'genre' is the class under another name"):
        featkit.train(data.assign(genre=data["label"].str.upper()), group="genre")
    with pytest.raises(ParameterError, match="is the class under another name"):
        featkit.train(data, group="label")


def test_a_recording_in_two_groups_and_a_row_in_none_are_errors():
    data = copies(segments=2).assign(artist=["x", "y"] * 40)
    with pytest.raises(TableError, match=r"song000\.wav is in two groups, 'x' and 'y'"):
        featkit.train(data, group="artist")
    with pytest.raises(TableError, match="60 rows have no 'artist'"):
        featkit.train(tones().assign(artist=""), group="artist")


def test_no_columns_and_unknown_names_are_errors():
    with pytest.raises(ParameterError, match="no numeric column"):
        featkit.train(tones()[["path", "label"]].assign(x=np.nan))
    with pytest.raises(ParameterError, match=r"unknown model 'smv'.*did you mean 'svm'"):
        featkit.train(tones(), model="smv")
    with pytest.raises(ParameterError, match="select must be from 1 to the number of columns, 4"):
        featkit.train(tones(), select=5)
    with pytest.raises(ParameterError, match="unknown column 'filename'"):
        featkit.train(tones(), exclude=["filename"], model="svm")


def test_labels_may_be_numbers():
    data = tones().assign(label=np.arange(60) % 3)
    result = featkit.train(data, model="svm")
    assert result.model.classes == ["0", "1", "2"]
    assert "label" not in result.model.columns
    assert RANKED_BY in result.leaderboard


def test_a_file_gives_the_same_predictions_as_its_table(tmp_path):
    tones().assign(take=7).to_csv(tmp_path / "t.csv", index=False)
    from_file = featkit.train(tmp_path / "t.csv", model="logistic", exclude=["take"])
    from_table = featkit.train(tones(), model="logistic")
    pd.testing.assert_frame_equal(from_file.predictions, from_table.predictions, check_exact=True)
