"""Sources of the groups of a prediction, and messages on them."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from featkit.errors import ModelError, ParameterError, TableError
from featkit.models.group_normalization import GroupNormalization
from featkit.models.row_groups import (
    RowGroups,
    check_known,
    check_source_of_sound,
    group_pattern,
    group_size_warnings,
    prediction_remark,
    row_groups,
)
from featkit.table.feature_table import FeatureTable

NORMALIZATION = GroupNormalization(
    by="speaker",
    method="standard",
    min_rows=3,
    median_rows=40.0,
    centre=(0.0,),
    scale=(1.0,),
)

PATHS = ["site/ann/ann_01.wav", "site/ann/ann_02.wav", "site/bob/bob_01.wav"]


def table(**columns):
    return FeatureTable.of(pd.DataFrame({"path": PATHS, **columns, "x": [1.0, 2.0, 3.0]}))


def names(group_from=None, datasets=None, by="speaker", **columns):
    normalization = dataclasses.replace(NORMALIZATION, by=by)
    return row_groups(table(**columns), normalization, group_from, datasets).names.tolist()


def test_the_column_of_the_training_is_the_default():
    assert names(speaker=["a", "b", "a"]) == ["a", "b", "a"]
    assert names(by="folder(path)") == ["site/ann", "site/ann", "site/bob"]
    assert names(by="stem(path, 2)") == ["ann", "ann", "bob"]


@pytest.mark.parametrize(
    ("group_from", "expected"),
    [
        ("person", ["x", "y", "y"]),
        ("folder", ["ann", "ann", "bob"]),
        ("folder:1", ["ann", "ann", "bob"]),
        ("folder:2", ["site", "site", "site"]),
        ("folder(path)", ["site/ann", "site/ann", "site/bob"]),
        ("stem(path, 2)", ["ann", "ann", "bob"]),
        ("{speaker}_{take}", ["ann", "ann", "bob"]),
        ("{take}_{speaker}", ["01", "02", "01"]),
        ("{who}/", ["ann", "ann", "bob"]),
        ("{place}/{speaker}/{take}", ["ann", "ann", "bob"]),
        ("{place}/{other}/{speaker}_{take}", ["ann", "ann", "bob"]),
    ],
)
def test_groups_come_from_columns_folders_and_names(group_from, expected):
    assert names(group_from, person=["x", "y", "y"]) == expected


def test_a_column_named_folder_comes_first():
    assert names("folder", folder=["1", "2", "1"]) == ["1", "2", "1"]


def test_the_same_name_in_two_datasets_denotes_two_groups():
    datasets = np.array(["one", "two", "two"])
    assert names("folder", datasets) == ["one: ann", "two: ann", "two: bob"]


def test_words_for_missing_values_are_missing_groups():
    assert names(speaker=["a", "NA", ""]) == ["a", "", ""]


def test_without_the_training_column_the_model_refuses_and_names_the_remedy():
    with pytest.raises(ModelError, match=r"within each speaker.*no column 'speaker'.*--group-from"):
        names()


@pytest.mark.parametrize(
    ("group_from", "message"),
    [
        ("spaeker", "unknown column 'spaeker'"),
        ("folder:3", "group_from 'folder:3': .* has too few folders"),
        ("{a}_{b}", "unclear which of the fields a, b"),
        ("{speaker}-{take}", "does not match"),
        ("{speaker", "it has no field|unbalanced"),
        ("stem(path, 0)", "counted from 1"),
    ],
)
def test_a_wrong_source_is_an_error(group_from, message):
    with pytest.raises(ParameterError, match=message):
        names(group_from)


def test_folders_and_patterns_need_paths():
    plain = FeatureTable.of(pd.DataFrame({"x": [1.0]}))
    with pytest.raises(ParameterError, match="needs a table with the column 'path'"):
        row_groups(plain, NORMALIZATION, "folder", None)


def test_a_folder_of_recordings_stands_for_a_pattern():
    assert group_pattern(None, NORMALIZATION, "folder").pattern == "{containing_folder}/"
    assert group_pattern(None, NORMALIZATION, "folder:2").pattern == (
        "{containing_folder}/{folder_1}/"
    )
    assert group_pattern(None, NORMALIZATION, "person") is None


def test_recordings_without_a_manifest_have_no_other_columns():
    check_source_of_sound(NORMALIZATION, "speaker", has_manifest=True)
    check_source_of_sound(NORMALIZATION, "stem(path, 1)", has_manifest=False)
    with pytest.raises(ParameterError, match="recordings without a manifest have no such column"):
        check_source_of_sound(NORMALIZATION, "person", has_manifest=False)
    with pytest.raises(ModelError, match="recordings without a manifest have no column 'speaker'"):
        check_source_of_sound(NORMALIZATION, None, has_manifest=False)


def test_a_missing_group_is_an_error_that_names_the_row():
    groups = RowGroups(np.array(["a", "", "b"]), "column 'speaker'")
    with pytest.raises(TableError, match="row 2: every row must be in a group"):
        check_known(table(), groups)


def test_small_groups_give_warnings():
    groups = RowGroups(np.repeat(["a", "b", "c", "d"], [40, 2, 5, 10]), "column 'speaker'")
    small, smaller = group_size_warnings(groups, NORMALIZATION)
    assert small.startswith("1 of 4 speakers has fewer than 3 rows")
    assert smaller.startswith("1 of 4 speakers has far fewer rows than in training (40 in")
    assert not group_size_warnings(RowGroups(np.repeat("a", 40), ""), NORMALIZATION)


def test_the_remark_says_that_unlabelled_rows_are_used():
    groups = RowGroups(np.array(["a", "b", "a"]), "column 'speaker'")
    assert prediction_remark(groups, NORMALIZATION) == (
        "each column is normalised within each speaker (mean and standard deviation), so a"
        " prediction also depends on the other, unlabelled rows of its speaker that are predicted"
        " with it: 2 speakers by column 'speaker'"
    )
