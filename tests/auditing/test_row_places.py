"""The recording of each row, or its part of one."""

import pandas as pd

from featkit.auditing.issue import Place
from featkit.auditing.row_places import row_places
from featkit.table.feature_table import FeatureTable

SEGMENTS = pd.DataFrame(
    {"path": ["a", "a", "b"], "start": [0.0, 1, 0], "end": [1.0, 2, 1], "mfcc_1_mean": [1.0, 2, 3]}
)


def test_segments_are_of_the_whole_recording():
    assert row_places(FeatureTable.of(SEGMENTS)) == [Place("a"), Place("a"), Place("b")]


def test_rows_that_count_one_by_one_have_times():
    places = row_places(FeatureTable.of(SEGMENTS), is_divided=True)
    assert places == [Place("a", 0, 1), Place("a", 1, 2), Place("b", 0, 1)]


def test_whole_recordings_have_no_times():
    table = FeatureTable.of(SEGMENTS.iloc[1:].assign(path=["a", "b"]))
    assert row_places(table, is_divided=True) == [Place("a"), Place("b")]


def test_rows_of_a_table_without_paths_are_numbered():
    table = FeatureTable.of(pd.DataFrame({"x": [1.0, 2.0]}))
    assert row_places(table) == [Place("row 1"), Place("row 2")]
