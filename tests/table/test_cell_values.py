"""Columns that number the rows or have no name are not features."""

import numpy as np
import pandas as pd
import pytest

import featkit
from featkit.table.feature_table import FeatureTable


@pytest.mark.parametrize(
    "name",
    [
        *("", "Unnamed: 0", "Unnamed: 0.1", "Unnamed: 0.1.1", "Unnamed: 0_x", "Unnamed: 0_level_0"),
        *("__index_level_0__", "...1", "index", "index.1", "level_0", "X", "X.1", "rownames"),
        *("row_names", "row.names", "Row", "row_id", "rowid", "S.No."),
    ],
)
@pytest.mark.parametrize("first", [0, 1])
def test_row_numbers_of_other_programs_are_not_features(tmp_path, name, first):
    data = pd.DataFrame({name: np.arange(first, first + 6), "x": np.arange(6) / 3})
    data.to_csv(tmp_path / "t.csv", index=False)
    data.to_parquet(tmp_path / "t.parquet")
    files = [FeatureTable.read(tmp_path / f"t.{ending}") for ending in ("csv", "parquet")]
    for table in (FeatureTable.of(data), *files):
        assert table.feature_names == ["x"]
        assert table.column(name).tolist() == [str(first + k) for k in range(6)]
        assert table.notes == [
            "columns that number the rows or have no name are not used as features:"
            f" {name!r}; to use one, rename it"
        ]


def test_an_index_that_was_saved_repeatedly_is_not_a_feature(tmp_path):
    data = pd.DataFrame({"x": np.arange(6) / 3})
    for _ in range(4):
        data.to_csv(tmp_path / "t.csv")
        data = pd.read_csv(tmp_path / "t.csv")
    assert len(data.columns) > 3
    assert FeatureTable.read(tmp_path / "t.csv").feature_names == ["x"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("index", [3, 1, 2, 6, 5, 4]),
        ("index", [0.5, 1, 2, 3, 4, 5]),
        ("X", [1, 2, 3, 4, 5, 7]),
        ("row", [2, 3, 4, 5, 6, 7]),
        ("x", [1, 2, 3, 4, 5, 6]),
    ],
)
def test_columns_whose_values_do_not_number_rows_are_features(name, values):
    table = FeatureTable.of(pd.DataFrame({name: values}))
    assert table.feature_names == [name]
    assert table.notes == []


def test_an_index_with_gaps_is_not_a_feature():
    data = pd.DataFrame({"x": np.arange(12) / 3})[::2].reset_index()
    assert FeatureTable.of(data).feature_names == ["x"]


def test_a_selected_column_is_a_feature_although_it_numbers_rows():
    data = pd.DataFrame({"index": range(6), "Unnamed: 0.1": range(6)})
    assert FeatureTable.of(data, features=data.columns).feature_names == list(data.columns)


def test_columns_are_named_in_one_warning_only():
    data = pd.DataFrame(
        {"x": np.sqrt(np.arange(40)), "Unnamed: 0.1": range(40), "label": ["a", "b"] * 20}
    )
    data["pitch"] = ["1.5", "high"] * 20
    warnings = featkit.train(data, model="logistic").warnings
    for name in ("Unnamed: 0.1", "pitch"):
        assert sum(name in text for text in warnings) == 1, warnings


def test_notes_are_the_first_warnings_of_training_and_inspection(tmp_path):
    rng = np.random.default_rng(0)
    data = pd.DataFrame(rng.normal(size=(40, 2)), columns=["a", "b"])
    data["label"] = np.repeat(["x", "y"], 20)
    data.to_csv(tmp_path / "t.csv")
    first = featkit.train(tmp_path / "t.csv", model="logistic", folds=2).warnings[0]
    assert first.startswith("columns that number the rows or have no name are not used")
    assert featkit.inspect(tmp_path / "t.csv").warnings == [first]
