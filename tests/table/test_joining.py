"""Joining of tables to one with the column ``dataset``."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_examples import assert_same, table_with_quality

from featkit.errors import ParameterError, TableError
from featkit.table.feature_table import FeatureTable
from featkit.table.joining import dataset_name, join_tables, named_tables

PROVENANCE = {
    "feature_set": {"name": "mine", "version": 1},
    "fingerprint": "abc",
    "columns": [{"name": "rms_mean", "unit": "1"}, {"name": "tempo", "unit": "BPM"}],
    "excerpt": {"segment": 3.0, "offset": 0.0},
    "decoders": {"wav": "libsndfile"},
}


def table_of(**columns):
    """A table of two rows with the feature ``f``."""
    return FeatureTable.of(pd.DataFrame({"f": [1.0, 2.0]} | columns))


def with_provenance(**changes):
    """The same features with the provenance of a feature set."""
    table = table_of(rms_mean=[0.1, 0.2], tempo=[90.0, 91.0])
    features = ["rms_mean", "tempo"]
    provenance = PROVENANCE | changes
    return dataclasses.replace(
        table, feature_names=features, values=table.matrix(features), provenance=provenance
    )


def test_the_name_of_a_dataset_is_that_of_its_file_without_suffix():
    files = ["a/gtzan.parquet", "b.v2.csv", "fma.CSV.GZ", "m.tsv.xz"]
    assert [*map(dataset_name, files)] == ["gtzan", "b.v2", "fma", "m"]


def test_two_files_of_one_name_are_an_error():
    assert named_tables(["a/x.csv", "b/y.csv"]) == {"x": "a/x.csv", "y": "b/y.csv"}
    with pytest.raises(ParameterError, match=r"named 'x': a/x.csv and b/x.parquet: rename"):
        named_tables(["a/x.csv", "b/x.parquet"])
    for wrong in ([], {}):
        with pytest.raises(ParameterError, match="no table is given"):
            named_tables(wrong)
    with pytest.raises(ParameterError, match="pass a dict of dataset names and tables"):
        named_tables([table_of(), table_of()])
    with pytest.raises(ParameterError, match="the name of a dataset must be a text, got 1"):
        named_tables({1: table_of()})


def test_rows_follow_one_another_with_all_keys_and_the_dataset_first():
    one = table_of(path=["a.wav", "b.wav"], label=["x", "y"], take=["A", "B"])
    other = table_of(path=["a.wav", "c.wav"], start=[0.5, 1.0], sex=["f", "m"])
    joined = join_tables({"one": one, "two": other})
    assert list(joined.keys) == ["path", "start", "label", "dataset", "take", "sex"]
    assert joined.column("dataset").tolist() == ["one", "one", "two", "two"]
    assert joined.column("path").tolist() == ["a.wav", "b.wav", "a.wav", "c.wav"]
    assert joined.column("label").tolist() == ["x", "y", "", ""]
    assert joined.column("sex").tolist() == ["", "", "f", "m"]
    np.testing.assert_array_equal(joined.keys["start"], [np.nan, np.nan, 0.5, 1.0])
    assert joined.values[:, 0].tolist() == [1.0, 2.0, 1.0, 2.0]
    names = [joined.row_name(row) for row in range(4)]
    assert names == ["row 1 of one", "row 2 of one", "row 1 of two", "row 2 of two"]
    assert joined.rows(np.array([3])).row_name(0) == "row 2 of two"


def test_features_are_in_the_order_of_the_first_table():
    one, other = table_of(g=[3.0, 4.0]), FeatureTable.of(pd.DataFrame({"g": [5.0], "f": [6.0]}))
    joined = join_tables({"one": one, "two": other})
    assert joined.feature_names == ["f", "g"]
    assert joined.values.tolist() == [[1.0, 3.0], [2.0, 4.0], [6.0, 5.0]]


def test_rows_without_a_path_are_recordings_of_their_own():
    joined = join_tables({"one": table_of(path=["a", "b"]), "two": table_of()})
    assert joined.column("path").tolist() == ["a", "b", "row 1", "row 2"]
    assert joined.notes == ["two: no column 'path': each row counts as one recording"]
    assert "path" not in join_tables({"one": table_of(), "two": table_of()}).keys


def test_quality_columns_that_a_table_lacks_are_missing_there():
    full = table_with_quality()
    bare = dataclasses.replace(full, quality={})
    quality = join_tables({"one": full, "two": bare}).quality
    assert list(quality) == list(full.quality)
    assert quality["quality_truncated"][0] == 1.0
    assert np.isnan(quality["quality_truncated"][2:].astype(float)).all()
    assert quality["quality_format"][2:].tolist() == ["", ""]
    for name, column in join_tables({"one": full, "two": full}).quality.items():
        assert column.dtype == full.quality[name].dtype


def test_classes_that_a_file_stores_as_floats_keep_their_spelling():
    one, other = table_of(label=[1.0, np.nan]), table_of(label=["1", "x"])
    tables = {
        name: FeatureTable.of(table.data, keys=["label"])
        for name, table in {"one": one, "two": other}.items()
    }
    assert join_tables(tables).column("label").tolist() == ["1", "", "1", "x"]


def test_integers_beyond_float64_keep_their_digits():
    one = table_of(g=np.array([2**60 + 1, 2**60 + 3]))
    joined = join_tables({"one": one, "two": table_of(g=[0.5, 1.0])})
    assert joined.column("g").tolist() == [str(2**60 + 1), str(2**60 + 3), "0.5", "1"]


def test_provenance_is_what_is_common_with_the_differences_by_dataset():
    one, two = with_provenance(), with_provenance(decoders={"mp3": "libsndfile"})
    provenance = join_tables({"one": one, "two": two}).provenance
    assert provenance == {
        **{key: value for key, value in PROVENANCE.items() if key != "decoders"},
        "datasets": {
            "one": {"rows": 2, "decoders": {"wav": "libsndfile"}},
            "two": {"rows": 2, "decoders": {"mp3": "libsndfile"}},
        },
    }


def test_other_segments_are_noted_and_are_not_common():
    five = with_provenance(excerpt={"segment": 5.0, "offset": 0.0})
    joined = join_tables({"one": with_provenance(), "two": five})
    assert "excerpt" not in joined.provenance
    assert any("segment is 3.0 in one, 5.0 in two" in note for note in joined.notes)


def test_a_table_without_provenance_leaves_none():
    bare = dataclasses.replace(with_provenance(), provenance={})
    joined = join_tables({"one": with_provenance(), "two": bare})
    assert joined.provenance == {}
    assert joined.notes == ["two: stores no provenance, so the joined table has none"]


OTHER_UNIT = [{"name": "rms_mean", "unit": "dB"}, {"name": "tempo", "unit": "BPM"}]

UNLIKE = {
    "one and two have different feature sets, mine 1 and mine 2": with_provenance(
        feature_set={"name": "mine", "version": 2}
    ),
    "mine 1 in two definitions (fingerprints abc and xyz)": with_provenance(fingerprint="xyz"),
    "column 'rms_mean' is in '1' in one, but in 'dB' in two": with_provenance(columns=OTHER_UNIT),
    "two lacks 2 features of one: rms_mean, tempo": table_of(),
    "two: has a column 'dataset' already": table_of(dataset=["x", "y"]),
}


@pytest.mark.parametrize("message", UNLIKE)
def test_tables_that_do_not_fit_together_are_an_error_that_names_both(message):
    with pytest.raises(TableError, match=re.escape(message)):
        join_tables({"one": with_provenance(), "two": UNLIKE[message]})


def test_a_feature_that_only_the_second_table_has_is_an_error():
    with pytest.raises(TableError, match="one lacks 1 feature of two: g; add or exclude"):
        join_tables({"one": table_of(), "two": table_of(g=[1.0, 2.0])})


def test_a_joined_table_survives_a_file(tmp_path):
    joined = join_tables({"one": table_with_quality(), "two": table_with_quality()})
    joined.write(tmp_path / "t.parquet")
    assert_same(FeatureTable.read(tmp_path / "t.parquet"), joined)


@given(st.lists(st.lists(st.floats(width=32), max_size=5), min_size=1, max_size=4))
def test_every_row_is_there_once(columns):
    tables = {
        f"d{k}": FeatureTable.of(pd.DataFrame({"f": np.array(column, dtype=float)}))
        for k, column in enumerate(columns)
    }
    joined = join_tables(tables)
    np.testing.assert_array_equal(joined.values[:, 0], np.concatenate(columns))
    assert joined.column("dataset").tolist() == [
        name for name, table in tables.items() for _ in range(len(table))
    ]
