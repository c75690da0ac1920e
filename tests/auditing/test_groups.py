"""Groups that no split may divide, and the file that holds them."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featkit
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.groups import recording_groups, write_groups
from featkit.auditing.issue import Issue
from featkit.auditing.result import Audit
from featkit.datasets.recordings import read_manifest
from featkit.errors import ParameterError
from featkit.table.feature_table import FeatureTable
from featkit.table.group_files import read_groups


def dataset(**columns):
    data = pd.DataFrame(columns)
    group = "artist" if "artist" in columns else None
    table = FeatureTable.of(
        data.assign(x=range(len(data))), keys=["label"] if "label" in data else ()
    )
    return AuditedDataset("mine", table, group=group)


def together(*paths):
    return Issue("exact_copies", "same file", "high", "copies", "remove", together=paths)


def test_copies_are_one_group_and_every_recording_has_one():
    groups = recording_groups(dataset(path=["a", "b", "c", "d"]), [together("d", "b")])
    assert groups == {"a": "a", "b": "b", "c": "c", "d": "b"}


def test_copies_join_the_groups_of_the_user():
    own = dataset(path=["a", "b", "c", "d", "e"], artist=["X", "X", "Y", "Z", ""])
    groups = recording_groups(own, [together("b", "c")])
    assert groups == {"a": "X + Y", "b": "X + Y", "c": "X + Y", "d": "Z", "e": "e"}


def test_names_of_groups_are_unique():
    own = dataset(path=["a", "b"], artist=["b", ""])
    assert recording_groups(own, []) == {"a": "b", "b": "b (2)"}


def test_recordings_that_the_table_lacks_have_no_group():
    assert recording_groups(dataset(path=["a"]), [together("a", "lost")]) == {"a": "a"}


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), max_size=6))
def test_groups_are_the_connected_recordings(joined):
    names = [f"{k}.wav" for k in range(10)]
    issues = [together(*(names[k] for k in part)) for part in joined]
    groups = recording_groups(dataset(path=names), issues)
    reach = {name: {name} for name in names}
    for _ in names:  # grow until nothing changes
        for part in joined:
            union = set().union(*(reach[names[k]] for k in part))
            for k in part:
                reach[names[k]] |= union
        for name in names:
            reach[name] = set().union(*(reach[other] for other in reach[name]))
    for one in names:
        for other in names:
            assert (groups[one] == groups[other]) == (other in reach[one])


def test_the_file_of_groups_is_a_manifest(tmp_path):
    own = dataset(
        path=["=1.wav", "b.wav", "b.wav"],
        label=["1", "2", "2"],
        take=["x", "y", "z"],  # differs within a recording
        artist=["A", "B", "B"],
    )
    audit = Audit(own, [together("=1.wav", "b.wav")], [])
    assert write_groups(tmp_path / "groups.csv", audit) == 1
    assert read_groups(tmp_path / "groups.csv") == {"=1.wav": "A + B", "b.wav": "A + B"}
    first, second = read_manifest(tmp_path / "groups.csv")
    assert (first.path, second.path) == ("=1.wav", "b.wav")
    assert first.fields == {"group": "A + B", "label": "1", "artist": "A"}


def test_without_paths_there_is_no_file_of_groups(tmp_path):
    table = pd.DataFrame({"x": [1.0, 2.0], "y": [2.0, 1.0]})
    with pytest.raises(ParameterError, match="the table has no column 'path' that names them"):
        featkit.audit(table, checks=["exact_copies"], needs_paths=True)
