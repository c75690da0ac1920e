"""Differences between sequences: values, true frames, shapes and kinds."""

import numpy as np
import pytest
from sequence_tables import sequence_table

import featkit
from featkit.table.sequences.comparison import sequence_differences
from featkit.table.sequences.sequences import SequenceArray, Sequences

NAMES = [f"{k}.wav" for k in range(5)]


def changed(row, channel, frame, by):
    """The small table with one value of mel changed."""
    table = sequence_table()
    table.sequences.kinds["mel"].sources[0][row, channel, frame] += by
    return table


def differences(a, b, **tolerances):
    return sequence_differences(a.sequences, b.sequences, NAMES, **tolerances)


def test_equal_sequences_have_no_differences():
    assert differences(sequence_table(), sequence_table()).empty
    assert sequence_differences(None, None, NAMES).empty


def test_a_value_that_differs_is_found(monkeypatch):
    monkeypatch.setattr("featkit.table.sequences.comparison.ROWS_AT_ONCE", 2)
    found = differences(sequence_table(), changed(3, 1, 2, 0.5))
    assert found["kind"].tolist() == ["mel"]
    assert found["rows"].tolist() == [1]
    assert found["worst"].tolist() == ["3.wav"]
    assert found["max_absolute"].tolist() == [pytest.approx(0.5, abs=1e-6)]
    assert differences(sequence_table(), changed(3, 1, 2, 0.5), atol=0.6).empty
    assert differences(sequence_table(), changed(3, 1, 2, 1e-4), rtol=0.5).empty


def test_true_frames_count():
    table = sequence_table()
    table.sequences.kinds["mfcc3"].lengths[0] += 1
    found = differences(sequence_table(), table)
    assert found[["kind", "rows", "max_absolute"]].to_numpy().tolist() == [["mfcc3", 1, 0.0]]


def test_other_shapes_and_missing_kinds_differ_in_all_rows():
    other = sequence_table(kinds={"mel": (4, 6, "float32"), "rms": (1, 2, "float32")})
    found = differences(sequence_table(), other)
    assert found["kind"].tolist() == ["mel", "mfcc3", "rms"]
    assert found["a"].tolist() == ["float32 4 × 7", "float16 3 × 5", ""]
    assert found["b"].tolist() == ["float32 4 × 6", "", "float32 1 × 2"]
    assert found["rows"].tolist() == [5, 5, 5]


def test_tables_are_compared_by_recording():
    order = np.array([4, 2, 0])
    result = featkit.diff(sequence_table(), sequence_table().rows(order))
    assert result.reordered
    assert result.sequences.empty
    assert not featkit.diff(sequence_table(), changed(0, 0, 0, 1.0)).same


def test_a_table_without_rows_can_be_inspected():
    kinds = {"mel": SequenceArray.of(np.zeros((0, 4, 7), np.float32), np.zeros(0, np.int64))}
    table = featkit.FeatureTable({"path": []}, [], np.empty((0, 0)), sequences=Sequences(kinds))
    (row,) = featkit.inspect(table).as_dict()["sequences"]
    assert (row["kind"], row["frames"], row["median"]) == ("mel", 7, None)
