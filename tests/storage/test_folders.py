"""Folders are replaced in one step: readers see the old or the new table, whatever happens."""

import contextlib
import os
import subprocess
import sys
import threading

import partitioned
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from partitioned import NEW, OLD
from table_examples import assert_same

from featkit.errors import ParameterError, TableError, WriteError
from featkit.storage import folders
from featkit.storage.folders import (
    PART_FILE,
    check_folder_writable,
    existing_folder,
    has_commit,
    remove_unfinished_folders,
    replacing_folder,
)
from featkit.storage.writing import COMMIT_FILE
from featkit.table.feature_table import FeatureTable

PART = "part-000000-0123456789abcdef.parquet"


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """Folders of writers that were killed, or got an error, before each of their steps."""
    if not hasattr(os, "fork"):
        pytest.skip("no fork")
    folder = tmp_path_factory.mktemp("interrupted")
    subprocess.run([sys.executable, partitioned.__file__, folder], check=True, timeout=100)
    return folder


def paths_in(folder):
    """Paths of the rows of a folder of Parquet files, as pyarrow reads them; None without one."""
    if not folder.exists():
        return None
    return tuple(ds.dataset(folder).to_table(["path"])["path"].to_pylist())


def table_in(folder):
    """The table in a folder; None if there is none, or it was replaced too often to be read."""
    try:
        return FeatureTable.read(f"{folder}/")
    except TableError as error:
        if "no such f" in str(error) or "is missing" in str(error):
            return None
        raise


@pytest.mark.parametrize("how", ["kill", "fail"])
@pytest.mark.parametrize("way", ["new", "exchange", "two renames"])
def test_the_old_or_the_new_table_remains_wherever_a_writer_stops(
    interrupted, monkeypatch, how, way
):
    partitioned.shrink_parts(monkeypatch.setattr)
    states = sorted((interrupted / how / way).iterdir())
    assert len(states) > 12
    seen = []
    for state in states:
        folder = state / "features"
        table = table_in(folder)
        assert table is not None or way == "new"
        seen.append(table and table.keys["path"][0])
        if table is not None:
            assert_same(table, OLD if seen[-1] == OLD.keys["path"][0] else NEW)
        if folder.exists():
            assert paths_in(folder) == tuple(table.keys["path"])
        else:
            assert table is None or way == "two renames"
    expected = [None if way == "new" else OLD.keys["path"][0], NEW.keys["path"][0]]
    assert list(dict.fromkeys(seen)) == expected


@pytest.mark.parametrize("how", ["kill", "fail"])
@pytest.mark.parametrize("way", ["new", "exchange", "two renames"])
def test_the_next_write_cleans_up(interrupted, monkeypatch, how, way):
    partitioned.shrink_parts(monkeypatch.setattr)
    for state in sorted((interrupted / how / way).iterdir()):
        remove_unfinished_folders(state / "features")
        OLD.write(f"{state}/features/")
        assert os.listdir(state) == ["features"]
        assert paths_in(state / "features") == tuple(OLD.keys["path"])


def test_a_failing_writer_leaves_nothing_before_the_new_table_is_complete(interrupted):
    for state in (interrupted / "fail" / "new").iterdir():
        if "features" not in os.listdir(state):
            assert os.listdir(state) == []


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_reader_never_sees_a_mixture(tmp_path, monkeypatch, can_exchange):
    partitioned.shrink_parts(monkeypatch.setattr)
    if not can_exchange:
        monkeypatch.setattr(folders, "_exchange", lambda one, other: False)
    OLD.write(f"{tmp_path}/features/")
    stop = threading.Event()

    def write():
        while not stop.is_set():
            for table in (NEW, OLD):
                table.write(f"{tmp_path}/features/")

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    try:
        for _ in range(30):
            table = table_in(tmp_path / "features")
            seen.add(table and tuple(table.keys["path"]))
            with contextlib.suppress(OSError, pa.ArrowInvalid):  # pyarrow does not try again
                seen.add(paths_in(tmp_path / "features"))
    finally:
        stop.set()
        writer.join()
    assert seen <= {tuple(OLD.keys["path"]), tuple(NEW.keys["path"]), None}
    assert seen - {None}


def test_the_names_are_exchanged_where_the_system_can(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if folders._exchange(tmp_path / "a", tmp_path / "b"):
        assert os.listdir(tmp_path / "a") == ["b"]
        assert os.listdir(tmp_path / "b") == ["a"]
    else:
        assert os.listdir(tmp_path / "a") == ["a"]
    with pytest.raises(OSError, match="No such file"):
        folders._exchange(tmp_path / "a", tmp_path / "c")


# Folders that are not replaced


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["notes.txt"], "is a folder that featkit did not write, and it is not empty.*notes.txt"),
        ([PART], "did not write"),
        ([".hidden"], "did not write"),
        ([COMMIT_FILE, PART, "notes.txt"], "contains 'notes.txt', which is not part of the table"),
        ([COMMIT_FILE, PART, "folder/"], "contains 'folder'"),
    ],
)
def test_a_folder_with_other_files_is_neither_replaced_nor_cleaned(tmp_path, names, message):
    folder = tmp_path / "features"
    folder.mkdir()
    for name in names:
        (folder / name).mkdir() if name.endswith("/") else (folder / name).write_text(name)
    before = sorted(os.listdir(folder))
    with pytest.raises(ParameterError, match=message):
        check_folder_writable(folder)
    with pytest.raises(ParameterError, match=message):
        OLD.write(f"{folder}/")
    remove_unfinished_folders(folder)
    assert sorted(os.listdir(folder)) == before
    assert os.listdir(tmp_path) == ["features"]


def test_a_table_whose_replacement_was_interrupted_needs_no_slash(tmp_path):
    OLD.write(f"{tmp_path}/features/")
    (tmp_path / "features").rename(tmp_path / ".features.previous")
    assert_same(FeatureTable.read(tmp_path / "features"), OLD)
    NEW.write(tmp_path / "features")
    assert_same(FeatureTable.read(tmp_path / "features"), NEW)
    assert os.listdir(tmp_path) == ["features"]


def test_an_empty_folder_is_replaced(tmp_path):
    (tmp_path / "features").mkdir()
    OLD.write(f"{tmp_path}/features/")
    assert_same(FeatureTable.read(tmp_path / "features"), OLD)


def test_a_file_that_is_added_during_the_write_is_kept(tmp_path):
    folder = tmp_path / "features"
    OLD.write(f"{folder}/")

    def write():
        with replacing_folder(folder) as scratch:
            (scratch / COMMIT_FILE).touch()
            (folder / "notes.txt").touch()

    with pytest.raises(ParameterError, match="notes"):
        write()
    assert (folder / "notes.txt").exists()
    assert os.listdir(tmp_path) == ["features"]


def test_files_that_are_not_parts_are_kept_in_a_temporary_folder(tmp_path):
    left = tmp_path / ".features.71.part"
    left.mkdir()
    for name in (PART, "part-000001.unfinished", COMMIT_FILE, "notes.txt"):
        (left / name).touch()
    remove_unfinished_folders(tmp_path / "features")
    assert os.listdir(left) == ["notes.txt"]


def test_the_target_of_a_link_is_replaced(tmp_path):
    (tmp_path / "far").mkdir()
    link = tmp_path / "features"
    link.symlink_to(tmp_path / "far" / "target")
    for table in (OLD, NEW):
        table.write(f"{link}/")
        assert link.is_symlink()
        assert_same(FeatureTable.read(link), table)
    assert os.listdir(tmp_path / "far") == ["target"]


def test_a_file_and_a_missing_folder_are_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ParameterError, match="file: is a file, not a folder"):
        check_folder_writable(tmp_path / "file")
    with pytest.raises(WriteError, match="file: cannot write it: it is a file"):
        OLD.write(f"{tmp_path}/file/")
    with pytest.raises(ParameterError, match="there is no folder"):
        check_folder_writable(tmp_path / "none" / "features")
    with pytest.raises(WriteError, match="features: cannot write it"):
        OLD.write(f"{tmp_path}/none/features/")


@pytest.mark.parametrize("name", [".", "./", "..", "../../", "/"])
def test_the_current_folder_and_those_above_it_are_refused(tmp_path, monkeypatch, name):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(ParameterError, match=r"[./]: cannot be replaced by a table: name a folder"):
        check_folder_writable(name)


def test_a_mount_point_is_refused(tmp_path, monkeypatch):
    (tmp_path / "features").mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda path: True)
    with pytest.raises(ParameterError, match="is a mount point"):
        check_folder_writable(tmp_path / "features")


def test_names_of_parts_are_recognised():
    names = [
        PART,
        "part-000000.unfinished",
        "part-00000-0123456789abcdef.parquet",
        "part-0.parquet",
    ]
    assert [bool(PART_FILE.fullmatch(name)) for name in names] == [True, True, False, False]


@pytest.mark.parametrize("name", ["/no/such/folder", "x" * 300, "a\0b", "", "/dev/null/a"])
def test_impossible_names_are_no_folders(name):
    assert not has_commit(name)
    assert existing_folder(name) is None
