"""Differences between two tables, compared with tables made by hand."""

import dataclasses
import json
import re

import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from summaries import odd_table, odd_table_with_quality, run, sections

import featkit
from featkit.errors import ParameterError
from featkit.table.feature_table import FeatureTable


def test_a_table_is_the_same_as_itself():
    result = featkit.diff(odd_table_with_quality(), odd_table_with_quality())
    assert result.same
    assert result.rows == 5
    json.dumps(result.as_dict(), allow_nan=False)


@hypothesis.settings(max_examples=50)
@hypothesis.given(st.permutations(range(5)))
def test_rows_are_matched_in_any_order(order):
    result = featkit.diff(odd_table_with_quality(), odd_table_with_quality().rows(np.array(order)))
    assert result.reordered == (order != sorted(order))
    assert result.same == (not result.reordered)
    assert not any(map(len, (result.only_a, result.only_b, result.columns, result.keys)))


def test_rows_in_one_table_only_are_listed():
    result = featkit.diff(odd_table().rows(np.arange(4)), odd_table().rows(np.arange(1, 5)))
    assert result.only_a.to_dict("records") == [{"path": "a.wav", "start": 0.0}]
    assert result.only_b.to_dict("records") == [{"path": "c\x1b.wav", "start": 0.5}]
    assert (result.rows, result.same, result.reordered) == (3, False, False)


def test_rows_without_a_path_are_matched_by_number():
    one = FeatureTable({}, ["x"], np.array([[1.0], [2.0], [3.0]]))
    two = FeatureTable({}, ["x"], np.array([[1.0], [2.5]]))
    result = featkit.diff(one, two)
    assert result.only_a.to_dict("records") == [{"row": 3}]
    assert result.columns["worst"].tolist() == ["row 2"]


def test_equal_rows_are_matched_in_their_order():
    keys = {"path": ["a", "a", "b"]}
    one = FeatureTable(keys, ["x"], np.array([[1.0], [2.0], [3.0]]))
    result = featkit.diff(one, FeatureTable(keys, ["x"], np.array([[1.0], [9.0], [3.0]])))
    assert result.columns[["rows", "worst"]].to_numpy().tolist() == [[1, "a (no. 2)"]]


def test_sizes_of_differences_are_reported():
    one = odd_table(rms_mean=[1.0, 2.0, 3.0, 4.0, 5.0])
    two = odd_table(rms_mean=[1.0, 2.0, 3.5, 4.0, 5.1])
    (row,) = featkit.diff(one, two).columns.to_dict("records")
    both = np.array([1, 2, 3, 4, 5, 1, 2, 3.5, 4, 5.1])
    assert (row["column"], row["unit"], row["rows"]) == ("rms_mean", "full scale", 2)
    assert row["max_absolute"] == 0.5
    assert row["max_relative"] == pytest.approx(0.5 / 3.5)
    assert row["max_in_spread"] == pytest.approx(0.5 / both.std())
    assert (row["worst"], row["a"], row["b"]) == ("b.wav", 3.0, 3.5)
    assert featkit.diff(one, two, atol=0.5).same
    assert featkit.diff(one, two, rtol=0.5 / 3.5 + 1e-12).same
    assert len(featkit.diff(one, two, atol=0.2).columns) == 1


def test_nan_and_a_number_differ_at_any_tolerance():
    one = odd_table(rms_mean=[np.nan, np.nan, 1.0, 1.0, np.inf], tempo=[1.0, 2, 3, 4, np.inf])
    two = odd_table(rms_mean=[np.nan, 5.0, np.nan, 1.5, np.inf], tempo=[1.0, 2, 3, 4, -np.inf])
    result = featkit.diff(one, two, atol=1e9, rtol=1e9).columns.set_index("column")
    assert result.loc["rms_mean", ["rows", "only_a_nan", "only_b_nan"]].tolist() == [2, 1, 1]
    assert result.loc["rms_mean", "worst"] == "a.wav at 1 s"
    assert np.isnan(result.loc["rms_mean", "max_absolute"])
    assert result.loc["tempo", "max_absolute"] == np.inf
    json.dumps(featkit.diff(one, two).as_dict(), allow_nan=False)


@hypothesis.settings(max_examples=50)
@hypothesis.given(
    st.lists(st.floats(), min_size=5, max_size=5),
    st.lists(st.floats(), min_size=5, max_size=5),
    st.floats(0, 1e300),
    st.floats(0, 10),
)
def test_the_difference_is_the_same_from_either_side(one, two, atol, rtol):
    a, b = odd_table(rms_mean=one), odd_table(rms_mean=two)
    result = featkit.diff(a, b, atol=atol, rtol=rtol)
    back = featkit.diff(b, a, atol=atol, rtol=rtol)
    assert result.same == back.same == (not len(result.columns))
    names = ["rows", "max_absolute", "max_relative", "max_in_spread", "worst"]
    pd.testing.assert_frame_equal(result.columns[names], back.columns[names], rtol=1e-12)


def test_quality_and_keys_and_ends_are_compared():
    one = odd_table_with_quality()
    two = FeatureTable.of(
        one.data.assign(
            quality_silent=[True] * 5,
            quality_format=["MP3"] * 5,
            label=["rock"] * 5,
            end=[1.0, 2.0, 1.0, 2.5, 4.6],
        )
    )
    result = featkit.diff(one, two)
    assert result.columns[["column", "rows"]].to_numpy().tolist() == [["quality_silent", 2]]
    keys = result.keys.set_index("key")
    assert keys.loc["label"].tolist() == [3, "b.wav", "jazz", "rock"]
    assert keys.loc["quality_format"].tolist() == [2, "b.wav", "FLAC PCM_16", "MP3"]
    assert keys.loc["end"].tolist() == [1, "c\x1b.wav at 0.5 s", "4.5", "4.6"]


def test_columns_in_one_table_only_are_listed():
    result = featkit.diff(odd_table(rms_std=[0.0] * 5), odd_table(take=["x"] * 5))
    assert (result.columns_only_a, result.columns_only_b) == (["rms_std"], ["take"])
    assert not result.same


def test_units_count_as_differences_and_versions_do_not():
    def with_unit(unit, version):
        columns = [{"name": name, "unit": unit, "definition": ""} for name in ("rms_mean", "tempo")]
        entry = {"family": "mfcc", "n_mfcc": version}
        provenance = {"columns": columns, "versions": {"numpy": version}}
        return dataclasses.replace(
            odd_table(), provenance=provenance | {"feature_set": {"features": [entry]}}
        )

    result = featkit.diff(with_unit("dB", 1), with_unit("1", 1))
    assert result.meanings.iloc[0].tolist() == ["rms_mean", "unit", "dB", "1"]
    assert not result.same
    result = featkit.diff(with_unit("dB", 1), with_unit("dB", 2))
    assert result.same
    assert result.provenance.to_numpy().tolist() == [
        ["versions.numpy", 1, 2],
        ["feature_set.features.mfcc.n_mfcc", 1, 2],
    ]


def test_missing_provenance_is_a_single_difference():
    one = dataclasses.replace(odd_table(), provenance={"excerpt": {"offset": 0.0, "segment": None}})
    two = dataclasses.replace(odd_table(), provenance={"excerpt": {"offset": 0.0}})
    assert featkit.diff(one, two).provenance.empty
    result = featkit.diff(one, dataclasses.replace(odd_table(), provenance={}))
    assert result.provenance.to_numpy().tolist() == [["provenance", "present", "missing"]]


@pytest.mark.parametrize("tolerance", [{"rtol": -1.0}, {"atol": float("nan")}])
def test_a_tolerance_must_not_be_negative_or_nan(tolerance):
    with pytest.raises(ParameterError, match="tol must be at least 0"):
        featkit.diff(odd_table(), odd_table(), **tolerance)


def test_diff_exits_with_the_status_of_diff(tmp_path, corpus):
    odd_table_with_quality().write(tmp_path / "a.parquet")
    odd_table_with_quality().write(tmp_path / "b.csv")
    odd_table(tempo=[120.0, 121, 120, 120, 120]).write(tmp_path / "c.csv")
    same, _ = sections(run("diff", tmp_path / "a.parquet", tmp_path / "b.csv").stdout)
    assert same == {"rows in both": "5", "same": "yes"}
    output = run("diff", tmp_path / "b.csv", tmp_path / "c.csv", status=1).stdout
    assert "columns only in A\t14: quality_duration, " in output
    row = next(line for line in output.splitlines() if line.startswith("tempo\t"))
    assert row.split("\t")[:4] == ["tempo", "BPM", "1", "1"]
    assert "\ta.wav at 1 s\t120\t121" in row
    files = tmp_path / "b.csv", tmp_path / "c.csv"
    assert json.loads(run("diff", *files, "--json", status=1).stdout)["same"] is False
    for wrong in (["gone.csv"], [tmp_path / "a.xlsx"], [tmp_path / "b.csv", "--rtol", "-1"]):
        result = run("diff", tmp_path / "a.parquet", *wrong, status=2)
        assert result.stdout == ""
        assert re.match(
            r"Error: .*(no such file|the file name must end in|at least 0)", result.stderr
        )
