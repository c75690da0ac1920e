"""Rows of a feature table get the sequences of their recording, start and end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sequence_tables import feature_rows, same_sequences, sequence_table

from featkit import FeatureTable
from featkit.errors import TableError
from featkit.table.joining import join_tables
from featkit.table.sequences.joining import join_sequences

SEGMENTS = {
    "path": ["a.wav"] * 3 + ["b.wav"] * 2,
    "start": np.array([0.0, 1.0, 2.0, 0.0, 1.0]),
    "end": np.array([1.0, 2.0, 3.0, 1.0, 2.0]),
}


def segments(**keys):
    return sequence_table(5, **{**SEGMENTS, **keys})


@settings(max_examples=30)
@given(rows=st.lists(st.integers(0, 4), min_size=1, max_size=8))
def test_rows_get_their_sequences_in_any_order(rows):
    table = feature_rows(**{name: np.array(cells)[rows] for name, cells in SEGMENTS.items()})
    joined = join_sequences(table, segments())
    same_sequences(joined, segments().rows(np.array(rows)))
    np.testing.assert_array_equal(joined.values, table.values)


def test_times_may_differ_by_a_sample():
    shifted = {name: SEGMENTS[name] + 1e-4 for name in ("start", "end")}
    same_sequences(join_sequences(feature_rows(**SEGMENTS), segments(**shifted)), segments())


def test_a_whole_recording_needs_the_same_start_only():
    table = feature_rows(path=["1.wav"], start=np.zeros(1), end=np.full(1, 30.0))
    same_sequences(join_sequences(table, sequence_table()), sequence_table().rows(np.array([1])))
    late = feature_rows(path=["1.wav"], start=np.ones(1), end=np.full(1, 30.0))
    with pytest.raises(TableError, match="of other parts of this recording"):
        join_sequences(late, sequence_table())


def test_a_table_without_times_has_whole_recordings():
    joined = join_sequences(feature_rows(path=["3.wav", "0.wav"]), sequence_table())
    same_sequences(joined, sequence_table().rows(np.array([3, 0])))
    with pytest.raises(TableError, match="other parts of this recording"):
        join_sequences(feature_rows(path=["a.wav"]), segments())


def test_a_segment_is_not_a_whole_recording():
    table = feature_rows(path=["a.wav"], start=np.zeros(1), end=np.full(1, 3.0))
    with pytest.raises(TableError, match="1 row of 1 have no sequences"):
        join_sequences(table, segments())


def test_overlapping_intervals_of_one_start_are_told_apart_by_their_end():
    keys = {"path": ["a.wav"] * 3, "start": np.zeros(3), "end": np.array([3.0, 1.0, 2.0])}
    table = feature_rows(**{name: cells[::-1] for name, cells in keys.items()})
    joined = join_sequences(table, sequence_table(3, **keys))
    same_sequences(joined, sequence_table(3, **keys).rows(np.array([2, 1, 0])))


def test_missing_sequences_are_an_error_that_names_the_first_and_counts_all():
    table = feature_rows(path=["1.wav", "8.wav", "2.wav", "9.wav"], start=np.zeros(4))
    message = r"2 rows of 4 have no sequences, the first is row 2 \('8\.wav', 0 s\): make them"
    with pytest.raises(TableError, match=message):
        join_sequences(table, sequence_table())


def test_other_folders_are_the_likely_cause_if_no_recording_matches():
    table = feature_rows(path=["x/1.wav", "x/2.wav"], start=np.zeros(2))
    with pytest.raises(TableError, match=r"such as '0\.wav': paths are relative to INPUT"):
        join_sequences(table, sequence_table())


def test_rows_get_sequences_of_their_own_dataset():
    one, two = sequence_table(2, seed=1), sequence_table(2, seed=2)
    sequences = join_tables({"one": one, "two": two})
    table = join_tables({name: feature_rows(path=["1.wav", "0.wav"]) for name in ("two", "one")})
    joined = join_sequences(table, sequences)
    same_sequences(joined, sequences.rows(np.array([3, 2, 1, 0])))


def test_recordings_of_one_name_need_the_sequences_of_each_dataset():
    table = join_tables({name: feature_rows(path=["0.wav"]) for name in ("a", "b")})
    with pytest.raises(TableError, match=r"'0\.wav' is a recording of a and of b"):
        join_sequences(table, sequence_table())


def test_both_tables_need_recordings_and_one_of_them_sequences():
    with pytest.raises(TableError, match="has none"):
        join_sequences(feature_rows(path=["0.wav"]), feature_rows(path=["0.wav"]))
    with pytest.raises(TableError, match="no column 'path'"):
        join_sequences(feature_rows(name=["0.wav"]), sequence_table())


def test_datasets_need_the_same_sequence_set():
    other = {"sequence_set": {"name": "small"}, "fingerprint": "b"}
    tables = {"one": sequence_table(2), "two": sequence_table(2, provenance=other)}
    with pytest.raises(TableError, match=r"different sequence sets \(fingerprints a and b\)"):
        join_tables(tables)
    without = FeatureTable({"path": ["a.wav"]}, [], np.empty((1, 0)))
    with pytest.raises(TableError, match="one has sequences, and two has none"):
        join_tables({"one": sequence_table(2), "two": without})


def test_joined_sequences_keep_what_all_datasets_have_in_common():
    base = {"sequence_set": {"name": "small"}, "fingerprint": "a", "excerpt": {"offset": 0.0}}
    tables = {
        name: sequence_table(2, provenance={**base, "decoded": {name: 2}}) for name in ("x", "y")
    }
    assert join_tables(tables).sequences.provenance == base
