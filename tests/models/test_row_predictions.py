"""Predictions of rows and recordings, of a whole table and in pieces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featkit.models.row_predictions import (
    NO_VALUE,
    EmptyColumns,
    RowPredictions,
    complete_recordings,
    row_problems,
)
from featkit.table.feature_table import FeatureTable

CLASSES = ["a", "b", "c"]


def some_rows(segments, problems, seed=0):
    """Rows of recordings with some numbers of segments; some of them cannot be predicted."""
    number = np.repeat(np.arange(len(segments)), segments)
    start = np.concatenate([np.arange(count, dtype=float) for count in segments])
    P = np.random.default_rng(seed).dirichlet(np.ones(3), size=len(number))
    keys = {"path": [f"{k}.wav" for k in number], "start": start, "end": start + 1}
    table = FeatureTable(keys, [], np.empty((len(number), 0)))
    return RowPredictions.of(table, P, np.where(problems, NO_VALUE, "").astype(object))


def joined(parts, per):
    """Predictions and failures of several parts."""
    columns = [part.predictions(CLASSES, per) for part in parts]
    failures = [failure for part in parts for failure in part.failures(per)]
    return {name: np.concatenate([c[name] for c in columns]) for name in columns[0]}, failures


@given(st.data())
def test_recordings_do_not_depend_on_how_their_rows_are_cut(data):
    segments = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=8))
    flags = st.lists(st.booleans(), min_size=sum(segments), max_size=sum(segments))
    rows = some_rows(segments, data.draw(flags))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=6)))
    pieces = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    complete = list(complete_recordings(pieces))
    paths = [path for part in complete for path in dict.fromkeys(part.names)]
    assert paths == [f"{k}.wav" for k in range(len(segments))]
    for per, parts in (("recording", complete), ("segment", pieces)):
        columns, failures = joined(parts, per)
        expected, expected_failures = joined([rows], per)
        assert failures == expected_failures
        for name in expected:
            np.testing.assert_array_equal(columns[name], expected[name], strict=True)


def test_a_recording_is_a_failure_if_none_of_its_rows_can_be_predicted():
    rows = some_rows([2, 2, 1], [True, False, True, True, False])
    assert rows.predictions(CLASSES, "recording")["path"].tolist() == ["0.wav", "2.wav"]
    assert [failure.path for failure in rows.failures("recording")] == ["1.wav"]
    by_segment = list(rows.failures("segment"))
    assert [failure.path for failure in by_segment] == ["0.wav", "1.wav", "1.wav"]
    assert by_segment[2].message == f"from 1 s on {NO_VALUE}"
    assert {failure.stage for failure in by_segment} == {"predict"}


def test_the_rows_of_a_recording_may_be_apart_in_a_table():
    rows = some_rows([2, 2], [False] * 4)
    apart = rows[np.array([0, 2, 1, 3])].predictions(CLASSES, "recording")
    for name, column in rows.predictions(CLASSES, "recording").items():
        np.testing.assert_array_equal(apart[name], column)


def test_rows_without_paths_are_numbered():
    table = FeatureTable({}, ["x"], np.zeros((3, 1)))
    rows = RowPredictions.of(table, np.full((3, 3), 1 / 3))
    columns = rows.predictions(CLASSES, "recording")
    assert columns["row"].tolist() == [1, 2, 3]
    assert list(columns) == ["row", "predicted", "probability", "p_a", "p_b", "p_c"]


def test_problems_of_rows_name_the_columns():
    X = np.array([[1.0, np.nan], [np.nan, np.nan], [1e39, 0.0], [-np.inf, 1e300]])
    none, empty, one, both = row_problems(X, ["low", "high"])
    assert (none, empty) == ("", NO_VALUE)
    assert one == "infinite values, so no prediction is possible: low"
    assert both == "infinite values, so no prediction is possible: low, high"


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_column_is_empty_only_if_no_block_has_a_value(size):
    values = np.full((4, 3), np.nan)
    values[3, 0] = values[1, 2] = 1.0
    columns = EmptyColumns(["x", "y", "z"])
    for start in range(0, 4, size):
        columns.add(FeatureTable({}, ["x", "y", "z"], values[start : start + size]))
    assert columns.warnings == [
        "1 of the model's 3 columns have no value in any row, though they had values in training: y"
    ]


def test_rows_without_any_value_give_no_warning_of_columns():
    columns = EmptyColumns(["x"])
    columns.add(FeatureTable({}, ["x"], np.full((2, 1), np.nan)))
    assert columns.warnings == []
