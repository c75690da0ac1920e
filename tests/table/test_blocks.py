"""Tables in blocks of rows: together the table that is read at once."""

import hypothesis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st
from partitioned import NEW, OLD, made_table, shrink_parts
from table_examples import assert_same

from featkit.errors import ParameterError, TableError
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import read_blocks, row_count


def joined(blocks):
    return FeatureTable.of(
        pd.concat([block.data for block in blocks], ignore_index=True), blocks[0].provenance
    )


@pytest.mark.parametrize("name", ["features/", "one.parquet"])
@hypothesis.given(rows=st.integers(0, 30), size=st.integers(1, 40))
@hypothesis.settings(max_examples=10)
def test_blocks_are_the_table_in_pieces(tmp_path_factory, name, rows, size):
    path = f"{tmp_path_factory.mktemp('blocks')}/{name}"
    with pytest.MonkeyPatch.context() as patch:
        shrink_parts(patch.setattr)
        made_table(rows).write(path)
    blocks = list(read_blocks(path, rows=size))
    assert [len(block) for block in blocks[:-1]] == [size] * (len(blocks) - 1)
    assert sum(map(len, blocks)) == rows == row_count(path)
    assert blocks[0].provenance == made_table(0).provenance
    numbers = np.concatenate([block.row_numbers for block in blocks])
    assert numbers.tolist() == list(range(1, rows + 1))
    assert_same(joined(blocks), FeatureTable.read(path))


def test_only_the_selected_features_are_read(tmp_path):
    made_table(20).write(tmp_path / "a.parquet")
    for block in read_blocks(tmp_path / "a.parquet", ["rms_mean"], features=["tempo"], rows=7):
        assert block.feature_names == ["tempo"]
        assert [*block.keys] == ["path", "start", "end", "label", "rms_mean"]


def test_the_first_block_decides_on_columns_of_other_programs(tmp_path):
    data = pd.DataFrame(
        {
            "row": range(1, 11),
            "size": [1, None] * 5,
            "digits": [f"{k}.5" for k in range(10)],
            "word": list("abcdefghij"),
            "flag": [True, False] * 5,
        }
    )
    data.to_parquet(tmp_path / "a.parquet")
    whole = FeatureTable.read(tmp_path / "a.parquet")
    blocks = list(read_blocks(tmp_path / "a.parquet", rows=4))
    for block in blocks:
        assert block.feature_names == whole.feature_names
        assert [*block.keys] == [*whole.keys]
    values = np.concatenate([block.values for block in blocks])
    np.testing.assert_array_equal(values, whole.values)
    for key in whole.keys:
        cells = np.concatenate([block.column(key) for block in blocks])
        assert cells.tolist() == whole.column(key).tolist()
    assert [bool(block.notes) for block in blocks] == [bool(whole.notes), False, False]


def test_a_later_cell_that_is_no_number_is_named_by_its_row(tmp_path):
    cells = ["1.5", "2.5", "3.5", "4.5", "5.5", "loud"]
    pq.write_table(pa.table({"x": cells}), tmp_path / "a.parquet")
    with pytest.raises(TableError, match=r"a\.parquet: row 6: x: 'loud' is not a number"):
        list(read_blocks(tmp_path / "a.parquet", rows=4))


def test_faults_are_those_of_reading_at_once(tmp_path):
    pq.write_table(pa.table({"path": ["a", "b"]}), tmp_path / "a.parquet")
    with pytest.raises(TableError, match="not a table of features"):
        list(read_blocks(tmp_path / "a.parquet"))
    with pytest.raises(ParameterError, match="unknown column 'label'"):
        list(read_blocks(tmp_path / "a.parquet", ["label"]))
    with pytest.raises(TableError, match="no such file"):
        list(read_blocks(tmp_path / "none.parquet"))
    with pytest.raises(TableError, match="no such folder"):
        list(read_blocks(f"{tmp_path}/none/"))


def test_csv_is_one_block_and_does_not_know_its_rows(tmp_path):
    made_table(9).write(tmp_path / "a.csv")
    (block,) = read_blocks(tmp_path / "a.csv", rows=4)
    assert len(block) == 9
    with pytest.raises(ParameterError, match="the number of rows is known for Parquet only"):
        row_count(tmp_path / "a.csv")


def test_a_table_that_is_replaced_between_blocks_is_an_error(tmp_path, monkeypatch):
    shrink_parts(monkeypatch.setattr)
    OLD.write(f"{tmp_path}/features/")
    blocks = read_blocks(f"{tmp_path}/features/", rows=4)
    next(blocks)
    NEW.write(f"{tmp_path}/features/")
    with pytest.raises(TableError, match="features/: was replaced while it was read"):
        list(blocks)
