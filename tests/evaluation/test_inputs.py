"""Names of models and datasets, and how their tables are read."""

import pandas as pd
import pytest
from learning import tones, trained

import featkit
from featkit.evaluation.inputs import SoundOptions, named_models, read_datasets
from featkit.evaluation.rows import DatasetColumns
from featkit.executors.opening import local_executor
from featkit.table.feature_table import FeatureTable


@pytest.fixture(scope="module")
def model():
    return trained(tones(60), "logistic")[0].model


def read(inputs, model, **sound):
    columns = DatasetColumns(label="style", by=("sex",), group="stem(name, 1)")
    return read_datasets(
        inputs, {"m": model}, columns, SoundOptions(**sound), executor=local_executor()
    )


def test_models_are_named_by_their_files_or_estimators(model, tmp_path):
    model.save(tmp_path / "genre.fk")
    load = featkit.load_model
    assert list(named_models(tmp_path / "genre.fk", load=load)) == ["genre"]
    assert named_models(model, load=load) == {"logistic": model}
    assert named_models({"mine": model}, load=load) == {"mine": model}
    assert list(named_models([str(tmp_path / "genre.fk"), model], load=load)) == [
        "genre",
        "logistic",
    ]


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([], "no model is given"),
        (["t.csv"], "t.csv: is a table, not a model"),
        ([3], "a model must be a Model or a path, got a int"),
    ],
)
def test_what_is_no_model_is_refused(models, message):
    with pytest.raises(featkit.ParameterError, match=message):
        named_models(models, load=featkit.load_model)


def test_two_models_of_one_name_are_refused(model):
    with pytest.raises(featkit.ParameterError, match="two models are named 'logistic'"):
        named_models([model, model], load=featkit.load_model)


def test_tables_are_named_by_their_files_or_numbers(model, tmp_path):
    data = tones(6)
    data.to_csv(tmp_path / "far.csv", index=False)
    table = FeatureTable.of(data)
    assert list(read([tmp_path / "far.csv", table, data], model)) == ["far", "table 2", "table 3"]
    assert list(read({"a": data, "b": tmp_path / "far.csv"}, model)) == ["a", "b"]
    assert list(read(data, model)) == ["table 1"]


def test_named_columns_are_kept_as_text_and_others_of_numbers_left_out(model, tmp_path):
    data = tones(6).assign(style=range(6), sex=1, name="ann_1", other=2.5)
    data.to_parquet(tmp_path / "far.parquet")
    (from_file,) = (one.table for one in read(tmp_path / "far.parquet", model).values())
    (from_frame,) = (one.table for one in read(data, model).values())
    for table in (from_file, from_frame):
        assert table.feature_names == model.columns
        assert table.column("style").tolist() == list("012345")
        assert table.column("sex").tolist() == ["1"] * 6
        assert "other" not in table.keys


def test_the_same_table_twice_is_refused(model, tmp_path):
    tones(6).to_csv(tmp_path / "far.csv", index=False)
    (tmp_path / "b").mkdir()
    tones(6).to_csv(tmp_path / "b" / "far.csv", index=False)
    with pytest.raises(featkit.ParameterError, match=r"far.csv: is given twice"):
        read([tmp_path / "far.csv", tmp_path / "b" / ".." / "far.csv"], model)
    with pytest.raises(featkit.ParameterError, match=r"two datasets are named 'far'.*rename"):
        read([tmp_path / "far.csv", tmp_path / "b" / "far.csv"], model)


def test_a_model_as_dataset_nothing_at_all_and_two_folders_of_sound_are_refused(model, tmp_path):
    with pytest.raises(featkit.ParameterError, match="a model is given as a dataset"):
        read([model], model)
    with pytest.raises(featkit.ParameterError, match="no dataset is given"):
        read([], model)
    with pytest.raises(featkit.ParameterError, match="a sequence of these is needed, got 5"):
        read(5, model)
    with pytest.raises(featkit.ParameterError, match="a DataFrame or a path, got a int"):
        read([5], model)
    for name in "ab":
        (tmp_path / name).mkdir()
    with pytest.raises(featkit.ParameterError, match="give one folder, or sound files"):
        read([tmp_path / "a", tmp_path / "b"], model)


def test_options_of_sound_cannot_be_used_with_tables(model):
    with pytest.raises(featkit.ParameterError, match="labels and extracted cannot be used with ta"):
        read(pd.DataFrame(tones(6)), model, labels="folder", output="x.parquet")
