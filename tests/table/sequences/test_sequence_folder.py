"""Folders of sequences: what is written is read, and nothing else is."""

import json
import os
import shutil
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sequence_tables import same_sequences, sequence_table

import featkit
from featkit import FeatureTable
from featkit.errors import ParameterError, TableError, WriteError
from featkit.storage.writing import COMMIT_FILE
from featkit.table.sequences.folder import is_sequence_folder
from featkit.table.sequences.reading import read_sequences
from featkit.table.sequences.writing import write_sequences
from featkit.table.table_files import is_table, read_blocks, row_count

FILES = ["_featkit.json", "index.parquet", "mel.npy", "mfcc3.npy"]


@pytest.fixture
def folder(tmp_path):
    """A folder of five rows."""
    write_sequences(tmp_path / "s", [sequence_table(label=["x"] * 5)])
    return tmp_path / "s"


def content(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_what_is_written_is_read(folder):
    written = sequence_table(label=["x"] * 5)
    table = read_sequences(folder)
    same_sequences(table, written)
    assert table.data.equals(written.data)
    assert table.feature_names == []
    assert table.provenance == written.provenance == table.sequences.provenance
    assert sorted(os.listdir(folder)) == FILES


def test_a_folder_is_a_table(folder):
    assert is_table(folder)
    assert row_count(folder) == 5
    same_sequences(FeatureTable.read(f"{folder}/"), read_sequences(folder))


def test_numpy_and_pandas_read_the_files(folder):
    table = sequence_table()
    array = np.load(folder / "mfcc3.npy")
    np.testing.assert_array_equal(array, table.sequences.kinds["mfcc3"].sources[0])
    index = pd.read_parquet(folder / "index.parquet")
    assert index["mel_frames"].dtype == np.int64
    assert index["mel_frames"].tolist() == table.sequences.kinds["mel"].lengths.tolist()


def test_arrays_stay_on_disk(folder):
    kinds = read_sequences(folder).sequences.kinds
    assert [kind.sources for kind in kinds.values()] == [
        (folder / "mel.npy",),
        (folder / "mfcc3.npy",),
    ]


@settings(max_examples=15)
@given(cuts=st.lists(st.integers(0, 9), max_size=4))
def test_the_bytes_do_not_depend_on_the_division_into_tables(tmp_path_factory, cuts):
    folder = tmp_path_factory.mktemp("divided")
    table = sequence_table(9)
    bounds = [0, *sorted(cuts), 9]
    parts = [table.rows(np.arange(a, b)) for a, b in pairwise(bounds)]
    write_sequences(folder / "whole", [table])
    write_sequences(folder / "parts", parts)
    assert content(folder / "whole") == content(folder / "parts")


def test_a_table_without_rows_is_written_and_read(tmp_path):
    write_sequences(tmp_path / "s", [sequence_table(0)])
    table = read_sequences(tmp_path / "s")
    assert len(table) == len(table.sequences) == 0
    assert table.sequences.shapes == {"mel": (4, 7), "mfcc3": (3, 5)}


def test_blocks_of_rows_have_their_own_sequences(folder):
    blocks = [*read_blocks(folder, rows=2)]
    assert [len(block) for block in blocks] == [2, 2, 1]
    whole = read_sequences(folder)
    for k, block in enumerate(blocks):
        same_sequences(block, whole.rows(np.arange(2 * k, 2 * k + len(block))))


def test_a_table_of_sequences_writes_itself(tmp_path):
    table = sequence_table()
    table.write(tmp_path / "s")
    same_sequences(read_sequences(tmp_path / "s"), table)


def test_a_folder_replaces_an_older_one(folder):
    write_sequences(folder, [sequence_table(2, kinds={"rms": (1, 3, "float32")})])
    assert sorted(os.listdir(folder)) == ["_featkit.json", "index.parquet", "rms.npy"]
    assert len(read_sequences(folder)) == 2


def test_an_interrupted_write_leaves_the_old_folder(folder):
    before = content(folder)

    def killed():
        yield sequence_table(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sequences(folder, killed())
    assert content(folder) == before
    assert os.listdir(folder.parent) == [folder.name]


def test_a_full_disk_leaves_the_old_folder(folder, monkeypatch):
    before = content(folder)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("featkit.table.sequences.writing._ArrayFile.append", full)
    with pytest.raises(WriteError, match="No space left on device"):
        write_sequences(folder, [sequence_table(2)])
    assert content(folder) == before


def test_files_of_others_are_not_replaced(folder):
    (folder / "notes.npy").touch()
    with pytest.raises(ParameterError, match=r"'notes\.npy', which is not part of the table"):
        write_sequences(folder, [sequence_table()])
    (folder / COMMIT_FILE).unlink()
    with pytest.raises(ParameterError, match="a folder that featkit did not write"):
        write_sequences(folder, [sequence_table()])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kinds": {"mel": (4, 6, "float32"), "mfcc3": (3, 5, "float16")}}, "differ"),
        ({"kinds": {"mel": (4, 7, "float32")}}, "differ"),
    ],
)
def test_tables_of_other_shapes_are_refused(tmp_path, change, message):
    with pytest.raises(TableError, match=message):
        write_sequences(tmp_path / "s", [sequence_table(), sequence_table(**change)])
    assert os.listdir(tmp_path) == []


def test_a_field_may_not_have_the_name_of_a_length(tmp_path):
    with pytest.raises(TableError, match="'mel_frames' holds the frames of mel"):
        write_sequences(tmp_path / "s", [sequence_table(mel_frames=["1"] * 5)])


def test_a_kind_is_a_name_of_a_file(tmp_path):
    with pytest.raises(ParameterError, match=r"got '\.\./mel'"):
        write_sequences(tmp_path / "s", [sequence_table(kinds={"../mel": (1, 1, "float32")})])
    with pytest.raises(ParameterError, match="float32 or float16, mel is float64"):
        write_sequences(tmp_path / "s", [sequence_table(kinds={"mel": (1, 1, "float64")})])


def test_a_folder_has_no_name_of_a_file(tmp_path):
    with pytest.raises(ParameterError, match=r"must not end in \.parquet"):
        sequence_table().write(tmp_path / "s.parquet")


def test_sequences_are_on_this_machine(tmp_path):
    with pytest.raises(ParameterError, match="written to a local folder"):
        write_sequences("s3://bucket/s", [sequence_table()])
    with pytest.raises(TableError, match="must be in a local folder"):
        read_sequences("s3://bucket/s/")


# Damage


def save(folder, array, **options):
    np.save(folder / "mel.npy", array, **options)


DAMAGES = {
    "missing array": (lambda f: (f / "mel.npy").unlink(), r"mel\.npy: is missing"),
    "missing index": (lambda f: (f / "index.parquet").unlink(), r"index\.parquet: no such file"),
    "fewer rows": (lambda f: save(f, np.zeros((4, 4, 7), "f4")), r"\(4, 4, 7\).*\(5, 4, 7\)"),
    "other type": (lambda f: save(f, np.zeros((5, 4, 7), "f8")), "holds float64.*with float32"),
    "big endian": (lambda f: save(f, np.zeros((5, 4, 7), ">f4")), "holds >f4"),
    "columns first": (
        lambda f: save(f, np.zeros((5, 4, 7), "f4", order="F")),
        "holds float32 of shape",
    ),
    "objects": (
        lambda f: save(f, np.full((5, 4, 7), None), allow_pickle=True),
        "is not a readable array",
    ),
    "truncated": (lambda f: os.truncate(f / "mel.npy", 300), "is not a readable array"),
    "longer": (lambda f: _append(f / "mel.npy"), "is damaged: it has"),
    "no array": (lambda f: (f / "mel.npy").write_bytes(b"mel"), "is not a readable array"),
    "archive": (
        lambda f: shutil.move(_archive(f), f / "mel.npy"),
        r"is not a single array of type \.npy",
    ),
    "altered index": (lambda f: _alter(f / "index.parquet"), "was changed after it was written"),
    "no commit file": (lambda f: (f / COMMIT_FILE).unlink(), "has no valid _featkit.json"),
}


def _archive(folder):
    np.savez(folder / "mel.npz", np.zeros((5, 4, 7), "f4"))
    return folder / "mel.npz"


def _append(file):
    file.write_bytes(file.read_bytes() + b"1")


def _alter(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_an_error_that_names_the_file(folder, name):
    damage, message = DAMAGES[name]
    damage(folder)
    with pytest.raises(TableError, match=message):
        read_sequences(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "has version 2 of the format"),
        ({"rows": 4}, "has 5 rows, and the folder 4"),
        ({"rows": -1}, "its list of files is not consistent"),
        ({"kinds": []}, "its list of files is not consistent"),
        ({"kinds": [{"name": "../x", "channels": 1, "frames": 1, "dtype": "float32"}]}, "consist"),
        ({"kinds": [{"name": "x", "channels": 1, "frames": 1, "dtype": "object"}]}, "consistent"),
        ({"kinds": [{"name": "x"}]}, "consistent"),
        (
            {"kinds": [{"name": "mel", "channels": 4, "frames": 2, "dtype": "float32"}]},
            "'mel_frames' must hold numbers of frames from 0 to 2",
        ),
        (
            {"kinds": [{"name": "rms", "channels": 4, "frames": 2, "dtype": "float32"}]},
            "lacks the column 'rms_frames'",
        ),
    ],
)
def test_an_altered_commit_file_is_an_error(folder, change, message):
    commit = json.loads((folder / COMMIT_FILE).read_text())
    (folder / COMMIT_FILE).write_text(json.dumps({**commit, **change}))
    with pytest.raises(TableError, match=message):
        read_sequences(folder)


def test_other_paths_are_no_folders_of_sequences(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TableError, match="is a file"):
        read_sequences(tmp_path / "file")
    with pytest.raises(TableError, match="no such"):
        read_sequences(tmp_path / "missing")
    featkit.FeatureTable({"path": ["a"]}, ["x"], np.ones((1, 1))).write(f"{tmp_path}/t/")
    with pytest.raises(TableError, match="not a folder of sequences"):
        read_sequences(tmp_path / "t")
    assert not is_sequence_folder(tmp_path / "t")
    assert not is_sequence_folder("s3://bucket/s/")
