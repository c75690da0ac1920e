"""Files of groups: read in any format, and joined by path."""

import pandas as pd
import pytest

from featkit.errors import TableError
from featkit.table.feature_table import FeatureTable
from featkit.table.group_files import is_group_file, read_groups, with_groups

TABLE = FeatureTable.of(pd.DataFrame({"path": ["a", "b", "b", "c"], "x": [1.0, 2.0, 3.0, 4.0]}))


def write(folder, text, name="groups.csv"):
    (folder / name).write_text(text)
    return folder / name


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("artist", False),
        ("groups.csv", True),
        ("folder/G.Parquet", True),
        ("mine.csv", False),
        (None, False),
    ],
)
def test_a_file_is_told_from_a_column_by_its_name(group, expected):
    assert is_group_file(group, ["artist", "mine.csv"]) == expected


def test_groups_are_joined_by_path(tmp_path):
    file = write(tmp_path, "group;path;other\n1;c;x\n2;b;y\n1.0;a;z\n9;unused;z\n")
    joined = with_groups(TABLE, file)
    assert joined.column("group").tolist() == ["1", "2", "2", "1"]
    assert joined.feature_names == ["x"]


def test_an_earlier_column_is_replaced(tmp_path):
    file = write(tmp_path, "path,group\na,A\nb,B\nc,A\n")
    table = FeatureTable.of(TABLE.data.assign(group=[1.0, 1.0, 1.0, 2.0]))
    assert with_groups(table, file).column("group").tolist() == ["A", "B", "B", "A"]


def test_parquet_files_are_read(tmp_path):
    data = pd.DataFrame({"path": ["a", "b", "c"], "group": [1, 1, 2]})
    data.to_parquet(tmp_path / "groups.parquet")
    assert read_groups(tmp_path / "groups.parquet") == {"a": "1", "b": "1", "c": "2"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,grup\na,1\n", "needs the columns 'path' and 'group'.*did you mean 'grup'"),
        ("file,group\na,1\n", "needs the columns 'path' and 'group'"),
        ("path,group\na,1\nb,\nc,1\n", r"row 2, line 3: 'b' has no group: fill it in"),
        ("path,group\na,1\na,2\n", "row 2, line 3: 'a' is in two groups, '1' and '2'"),
        ("path,group\na,1\n", "has no group for 'b', and 1 more, of 3 recordings of the table"),
    ],
)
def test_faulty_files_are_refused(tmp_path, text, message):
    with pytest.raises(TableError, match=message):
        with_groups(TABLE, write(tmp_path, text))


def test_a_table_without_paths_cannot_be_joined(tmp_path):
    table = FeatureTable.of(pd.DataFrame({"x": [1.0, 2.0]}))
    with pytest.raises(TableError, match="the table has no column 'path'"):
        with_groups(table, write(tmp_path, "path,group\na,1\n"))
