"""Folders of Parquet files that other programs wrote."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from partitioned import made_table

from featkit.errors import ParameterError, TableError
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import check_table_target, column_names, is_table, row_count


def write(folder, **parts):
    folder.mkdir()
    for name, columns in parts.items():
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    return folder


def test_parts_are_in_the_order_of_pyarrow(tmp_path):
    folder = tmp_path / "features"
    folder.mkdir()
    for k in (10, 2, 1):
        pq.write_table(pa.table({"x": [k + 0.5]}), folder / f"part.{k}.parquet")
    table = FeatureTable.read(folder)
    assert table.values[:, 0].tolist() == ds.dataset(folder).to_table()["x"].to_pylist()
    assert table.values[:, 0].tolist() == [1.5, 10.5, 2.5]
    assert row_count(folder) == 3
    assert column_names(folder) == ["x"]


def test_a_folder_of_pandas_is_read_as_one_table(tmp_path):
    data = made_table(20).data
    folder = tmp_path / "features"
    folder.mkdir()
    for k, rows in enumerate(np.array_split(np.arange(20), 3)):
        data.iloc[rows].to_parquet(folder / f"{k}.parquet", index=False)
    (folder / "_SUCCESS").touch()
    pd.testing.assert_frame_equal(FeatureTable.read(folder).data, data)


def test_columns_may_differ_in_order_and_in_types_that_depend_on_content(tmp_path):
    folder = write(
        tmp_path / "features",
        a={"x": [1, 2], "label": ["cat", None]},
        b={"label": pa.nulls(2), "x": [0.5, None]},
    )
    table = FeatureTable.read(folder)
    np.testing.assert_array_equal(table.values[:, 0], [1, 2, 0.5, np.nan])
    assert table.column("label").tolist() == ["cat", "", "", ""]


def test_other_columns_are_an_error_that_names_the_file(tmp_path):
    folder = write(tmp_path / "features", a={"x": [1.0], "y": [1.0]}, b={"x": [1.0], "z": [1.0]})
    with pytest.raises(TableError, match=r"b\.parquet: .* it lacks 'y' and has also 'z'"):
        FeatureTable.read(folder)
    folder = write(tmp_path / "types", a={"x": [1.0]}, b={"x": ["one"]})
    with pytest.raises(TableError, match=r"b\.parquet: its columns differ in type"):
        FeatureTable.read(folder)


def test_a_part_that_is_not_parquet_is_named(tmp_path):
    folder = write(tmp_path / "features", a={"x": [1.0]})
    (folder / "b.parquet").write_text("x\n1\n")
    with pytest.raises(TableError, match=r"b\.parquet: not a table"):
        FeatureTable.read(folder)


def test_a_folder_of_recordings_is_no_table_even_with_a_table_in_it(tmp_path):
    folder = write(tmp_path / "features", a={"x": [1.0]})
    assert is_table(folder)
    (folder / "song.wav").touch()
    assert not is_table(folder)
    assert not is_table(tmp_path)
    with pytest.raises(TableError, match=r"not a table: a folder without \.parquet"):
        FeatureTable.read(tmp_path)


def test_a_folder_of_another_program_is_not_replaced(tmp_path):
    folder = write(tmp_path / "features", a={"x": [1.0]})
    with pytest.raises(ParameterError, match="is a folder that featkit did not write"):
        check_table_target(f"{folder}/")
