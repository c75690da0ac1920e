"""Partitioned tables: parts of fixed size, the same bytes, and damage that is named."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from partitioned import NEW, OLD, ROWS_PER_PART, made_table, shrink_parts
from table_examples import assert_same

import featkit
from featkit.errors import ParameterError, TableError, WriteError
from featkit.storage.urls import join_url
from featkit.storage.writing import COMMIT_FILE, check_no_input, check_outputs
from featkit.table import partitions
from featkit.table.commit_file import Commit, Part
from featkit.table.feature_table import FeatureTable
from featkit.table.partitions import rows_per_part
from featkit.table.provenance import METADATA_KEY
from featkit.table.table_files import (
    check_table_target,
    column_names,
    failures_file,
    is_table,
    row_count,
    rows_per_block,
    write_tables,
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a table of three parts of 8, 8 and 5 rows."""
    shrink_parts(monkeypatch.setattr)
    made_table(21).write(f"{tmp_path}/features/")
    return tmp_path / "features"


def parts_of(folder):
    return sorted(folder.glob("part-*.parquet"))


def content_of(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


# Parts


@pytest.mark.parametrize("n_features", [0, 1, 10, 75, 100, 1000, 6373, 50_000])
def test_a_part_has_whole_row_groups_and_at_most_134_mb(n_features):
    rows, block = rows_per_part(n_features), rows_per_block(n_features)
    assert rows % block == 0
    assert rows * n_features * 8 <= max(2**27, 256 * n_features * 8)
    assert rows <= 2**20
    if 16 <= n_features <= 6373:
        assert rows * n_features * 8 >= 100e6


def test_the_parts_have_the_rows_of_the_single_file_bit_for_bit(folder, tmp_path):
    made_table(21).write(tmp_path / "one.parquet")
    parts = [pq.read_table(file) for file in parts_of(folder)]
    assert [len(part) for part in parts] == [ROWS_PER_PART, ROWS_PER_PART, 5]
    whole = pq.read_table(tmp_path / "one.parquet")
    for part in parts:
        assert part.schema.equals(whole.schema, check_metadata=True)
    joined, one = pa.concat_tables(parts).to_pandas(), whole.to_pandas()
    pd.testing.assert_frame_equal(joined, one, check_exact=True)
    for name in ("tempo", "rms_mean", "start"):
        assert joined[name].to_numpy().tobytes() == one[name].to_numpy().tobytes()
    assert_same(FeatureTable.read(folder), FeatureTable.read(tmp_path / "one.parquet"))


def test_each_part_has_the_provenance(folder):
    for file in parts_of(folder):
        assert json.loads(pq.read_schema(file).metadata[METADATA_KEY]) == made_table(21).provenance
    assert FeatureTable.read(folder).provenance == made_table(21).provenance


def test_the_division_into_tables_does_not_change_the_bytes(folder, tmp_path):
    table = made_table(21)
    for k, sizes in enumerate([(21,), (1, 20), (7, 7, 7), (8, 8, 5), (0, 21), (3,) * 7]):
        ends = np.cumsum(sizes)
        pieces = [
            table.rows(np.arange(end - size, end)) for size, end in zip(sizes, ends, strict=True)
        ]
        write_tables(f"{tmp_path}/{k}/", iter(pieces))
        assert content_of(tmp_path / str(k)) == content_of(folder)
        write_tables(f"{tmp_path}/{k}.parquet", iter(pieces))
        assert (tmp_path / f"{k}.parquet").read_bytes() == (tmp_path / "0.parquet").read_bytes()


def test_a_full_last_part_and_an_empty_table(tmp_path, monkeypatch):
    shrink_parts(monkeypatch.setattr)
    for rows, count in ((16, 2), (8, 1), (1, 1), (0, 1)):
        made_table(rows).write(f"{tmp_path}/{rows}/")
        assert len(parts_of(tmp_path / str(rows))) == count
        assert_same(FeatureTable.read(tmp_path / str(rows)), made_table(rows))


def test_the_commit_file_lists_the_parts(folder):
    content = json.loads((folder / COMMIT_FILE).read_text())
    assert content["rows"] == 21
    for part, file in zip(content["parts"], parts_of(folder), strict=True):
        assert (part["name"], part["size"]) == (file.name, file.stat().st_size)
        digest = subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True)
        assert digest.stdout.split()[0] == part["sha256"]
        assert part["sha256"].startswith(file.stem.rpartition("-")[2])


def test_names_rows_and_files_next_to_the_folder_are_known_without_reading(folder):
    for name in (folder, f"{folder}/"):
        assert column_names(name) == [*made_table(1).data.columns]
        assert row_count(name) == 21
        assert is_table(name)
        assert failures_file(name) == folder.with_name("features.failures.csv")


# Other programs


def test_pandas_and_pyarrow_read_the_folder(folder):
    expected = made_table(21).data
    pd.testing.assert_frame_equal(pd.read_parquet(folder), expected)
    pd.testing.assert_frame_equal(ds.dataset(folder).to_table().to_pandas(), expected)


def test_dask_reads_the_folder_and_featkit_that_of_dask(folder, tmp_path):
    pytest.importorskip("dask")
    # dask.dataframe changes options of pandas: it is tried in a process of its own.
    code = (
        "import sys, warnings; warnings.simplefilter('ignore'); import dask.dataframe as dd;"
        "data = dd.read_parquet(sys.argv[1]); data.to_parquet(sys.argv[2]);"
        "print(data.npartitions, len(data), *data['path'].compute().tolist())"
    )
    command = [sys.executable, "-c", code, folder, tmp_path / "dask"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert shown == ["3", "21", *made_table(21).keys["path"]]
    table = FeatureTable.read(tmp_path / "dask")
    assert table.feature_names == ["tempo", "rms_mean"]
    np.testing.assert_array_equal(table.values, made_table(21).values)
    assert table.column("label").tolist() == made_table(21).column("label").tolist()


# Damage


def test_a_missing_part_is_named(folder):
    parts_of(folder)[1].unlink()
    with pytest.raises(TableError, match=r"part-000001-\w+\.parquet: is missing, with 8 rows"):
        FeatureTable.read(folder)


def test_a_truncated_part_is_named(folder):
    file = parts_of(folder)[2]
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(TableError, match=r"part-000002-\w+\.parquet: is damaged: it has [0-9,]+ b"):
        FeatureTable.read(folder)


def test_a_part_with_other_content_of_the_same_size_is_named(folder):
    file = parts_of(folder)[1]
    content = bytearray(file.read_bytes())
    content[10] ^= 1
    file.write_bytes(content)
    with pytest.raises(TableError, match=r"part-000001-\w+\.parquet: was changed after it was"):
        FeatureTable.read(folder)


def test_a_stray_part_is_named(folder):
    (folder / "part.0.parquet").write_bytes(parts_of(folder)[0].read_bytes())
    with pytest.raises(TableError, match=r"part\.0\.parquet: is not part of the table"):
        FeatureTable.read(folder)
    with pytest.raises(ParameterError, match=r"contains 'part\.0\.parquet'"):
        check_table_target(folder)


def test_hidden_files_do_not_matter(folder):
    for name in (".DS_Store", "_SUCCESS"):
        (folder / name).touch()
    assert len(FeatureTable.read(folder)) == 21


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is damaged"),
        (b"\xff", "is damaged"),
        (b"[]", "is damaged"),
        (b'{"format": "other", "version": 1}', "is damaged"),
        (b'{"format": "featkit partitioned table", "version": 2}', "version 2 .* update featkit"),
        (b'{"format": "featkit partitioned table", "version": 1, "rows": 1, "parts": []}', "damag"),
    ],
)
def test_a_damaged_commit_file_is_named(folder, content, message):
    (folder / COMMIT_FILE).write_bytes(content)
    with pytest.raises(TableError, match=rf"{COMMIT_FILE}: .*{message}"):
        FeatureTable.read(folder)


@pytest.mark.parametrize("name", ["../part-000000-0123456789abcdef.parquet", "a.parquet", 3])
def test_a_commit_file_names_only_parts(name):
    part = Part("part-000000-0123456789abcdef.parquet", 1, 1, "0123456789abcdef" * 4)
    content = json.loads(Commit((part,)).encode())
    assert Commit.decode(json.dumps(content).encode()).rows == 1
    content["parts"][0]["name"] = name
    with pytest.raises(TableError, match="list of parts is not consistent"):
        Commit.decode(json.dumps(content).encode())


def test_a_table_that_is_replaced_while_it_is_read_is_read_again(folder, monkeypatch):
    read, writes = partitions.open_files, iter([OLD, NEW])

    def replaced(name, paths):
        if table := next(writes, None):
            table.write(f"{folder}/")
        return read(name, paths)

    monkeypatch.setattr(partitions, "open_files", replaced)
    assert_same(FeatureTable.read(folder), NEW)


# Outputs


def test_nothing_else_is_written_into_a_table(folder):
    for name in ("more.parquet", "model.fk"):
        with pytest.raises(ParameterError, match="is a table, which holds only its parts"):
            check_outputs({str(folder / name): os.path.splitext(name)[1]})


def test_a_folder_that_is_an_input_or_contains_one_is_not_replaced(folder):
    for name in (folder, f"{folder}/", parts_of(folder)[0]):
        with pytest.raises(ParameterError, match="is an input"):
            check_no_input(f"{folder}/", [os.fspath(name)])
    check_no_input(f"{folder}/", [str(folder.parent), str(folder.with_name("a.wav"))])


def test_an_existing_table_needs_no_slash(folder):
    NEW.write(folder)
    assert_same(FeatureTable.read(folder), NEW)


def test_half_of_a_surrogate_pair_is_refused(folder):
    table = made_table(3).with_key("label", np.array(["a", "b\ud800", "c"], dtype=object))
    before = content_of(folder)
    with pytest.raises(TableError, match=r"b\\ud800' ends in half of"):
        table.write(f"{folder}/")
    assert content_of(folder) == before
    assert os.listdir(folder.parent) == ["features"]


# Stores


def test_a_table_in_a_store_is_written_read_and_replaced(bucket, monkeypatch):
    import fsspec

    shrink_parts(monkeypatch.setattr)
    url = f"{bucket}/tables/features/"
    with pytest.raises(TableError, match=r"has no _featkit\.json"):
        FeatureTable.read(url)
    for table, count in ((OLD, 2), (NEW, 2), (made_table(21), 3), (OLD, 2)):
        check_table_target(url)
        table.write(url)
        assert_same(FeatureTable.read(url), table)
        names = fsspec.filesystem("s3").ls(url, refresh=True)
        assert len(names) == count + 1
    assert is_table(url)
    assert row_count(url) == len(OLD)
    assert featkit.diff(url, OLD).same


def test_an_interrupted_write_to_a_store_leaves_the_old_table(bucket, monkeypatch):
    shrink_parts(monkeypatch.setattr)
    url = f"{bucket}/features/"
    OLD.write(url)
    upload = partitions.replacing

    def interrupted(path):
        if path.endswith(COMMIT_FILE):
            raise WriteError("interrupted")
        return upload(path)

    with monkeypatch.context() as patch:
        patch.setattr(partitions, "replacing", interrupted)
        with pytest.raises(WriteError, match="interrupted"):
            NEW.write(url)
    assert len(partitions._names_in_store(url)) == 5
    assert_same(FeatureTable.read(url), OLD)
    NEW.write(url)
    assert_same(FeatureTable.read(url), NEW)
    assert len(partitions._names_in_store(url)) == 3


def test_a_folder_of_a_store_with_other_files_is_not_replaced(bucket):
    import fsspec

    url = f"{bucket}/features/"
    fsspec.filesystem("s3").pipe(join_url(url, "notes.txt"), b"notes")
    with pytest.raises(ParameterError, match="is a folder that featkit did not write"):
        check_table_target(url)
