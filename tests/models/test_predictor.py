"""Predictions block by block: the same as in one piece, in memory and in a file."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from learning import tones

import featkit
from featkit.errors import ParameterError, TableError
from featkit.models import probabilities
from featkit.models.predictions import read_predictions
from featkit.models.predictor import Predictor
from featkit.table.feature_table import FeatureTable

NAMES = ["=1+1.wav", "-1", "'=x", 'a,"b".wav', "NA", "01", "line\nbreak", "é\r.wav", "", " "]
"""Paths that a CSV file may spoil."""

FEATURES = ["pitch", "a", "b", "c"]


@pytest.fixture(scope="module")
def model():
    return featkit.train(tones(), model="logistic", folds=3).model


def segments(recordings, per_recording=3, names=None):
    """A table of segments of recordings, whose features are those of `tones`."""
    count = recordings * per_recording
    number = np.repeat(np.arange(recordings), per_recording)
    start = np.tile(np.arange(per_recording, dtype=float), recordings)
    paths = [names[k] if names else f"{k:05d}.wav" for k in number]
    keys = {"path": paths, "start": start, "end": start + 1}
    return FeatureTable(keys, FEATURES, tones(count)[FEATURES].to_numpy())


def blocks(table, size):
    """Tables of some rows each; at least one."""
    for start in range(0, max(1, len(table)), size):
        yield table.rows(np.arange(start, min(start + size, len(table))))


def written(model, table, per, path, size):
    """Predict a table in blocks, and return the failures and the bytes of the file."""
    predictor = Predictor(model, per, path)
    failures = predictor.write(blocks(table, size))
    return failures, path.read_bytes()


@pytest.mark.parametrize("per", ["recording", "segment"])
@pytest.mark.parametrize("size", [1, 2, 4, 60])
def test_blocks_give_the_bytes_of_the_whole_table(model, tmp_path, monkeypatch, per, size):
    monkeypatch.setattr(probabilities, "ROWS_AT_ONCE", size)  # linear models depend on it
    table = segments(20)
    table.values[[4, 9, 10, 11]] = np.nan
    whole = model.predict(table, per=per, output=tmp_path / "whole.csv")
    failures, content = written(model, table, per, tmp_path / "blocks.csv", size)
    assert content == (tmp_path / "whole.csv").read_bytes()
    assert failures == whole.failures
    assert {failure.path for failure in failures} >= {"00003.wav"}
    assert content.count(b"\n") - 1 == whole.rows == (19 if per == "recording" else 56)


@pytest.mark.parametrize("count", [1024, 1025, 2500])
def test_a_table_in_blocks_of_the_usual_size_has_the_same_bytes(model, tmp_path, count):
    table = segments(count, per_recording=1)
    model.predict(table, output=tmp_path / "whole.csv")
    _, content = written(model, table, "recording", tmp_path / "b.csv", Predictor.max_rows)
    assert content == (tmp_path / "whole.csv").read_bytes()


@pytest.mark.parametrize("per", ["recording", "segment"])
def test_predictions_are_read_from_a_file_as_they_were_written(model, tmp_path, per):
    table = segments(len(NAMES), names=NAMES)
    expected = model.predict(table, per=per)
    written(model, table, per, tmp_path / "p.csv", 7)
    actual = pd.DataFrame(read_predictions(tmp_path / "p.csv"))
    pd.testing.assert_frame_equal(actual, expected.data, check_exact=True)


def test_class_names_are_read_as_they_were_written(tmp_path):
    data = tones(classes=("=1", 'x,"y"', "1.0"))
    model = featkit.train(data, model="logistic", folds=3).model
    written(model, segments(20), "recording", tmp_path / "p.csv", 60)
    expected = model.predict(segments(20)).data
    assert set(expected["predicted"]) == {"=1", 'x,"y"', "1.0"}
    actual = pd.DataFrame(read_predictions(tmp_path / "p.csv"))
    pd.testing.assert_frame_equal(actual, expected, check_exact=True)


def test_infinite_values_of_a_recording_are_its_failure(model, tmp_path):
    table = segments(3, per_recording=2)
    table.values[2, 1] = np.inf
    table.values[4:, 0] = -1e39
    failures, content = written(model, table, "recording", tmp_path / "p.csv", 2)
    assert [failure.path for failure in failures] == ["00002.wav"]
    assert failures[0].message == "infinite values, so no prediction is possible: pitch"
    assert content.count(b"\n") == 3
    with pytest.raises(TableError, match="row 3: column 'a' holds infinite values"):
        model.predict(table)


def test_no_rows_give_a_header(model, tmp_path):
    failures, content = written(model, segments(0), "recording", tmp_path / "p.csv", 5)
    assert failures == []
    assert content == b"path,predicted,probability,p_high,p_low,p_mid\n"
    assert len(read_predictions(tmp_path / "p.csv")["predicted"]) == 0


def test_a_column_without_any_value_in_all_blocks_is_a_warning(model, tmp_path):
    table = segments(4)
    table.values[:, 1] = np.nan
    table.values[:10, 2] = np.nan
    predictor = Predictor(model, "recording", tmp_path / "p.csv")
    predictor.write(blocks(table, 5))
    (warning,) = predictor.empty_columns.warnings
    assert warning.endswith("though they had values in training: a")


def test_memory_does_not_grow_with_the_number_of_rows(model, tmp_path):
    table = segments(300)

    def many(count):
        for k in range(count):
            keys = {**table.keys, "path": [f"{k}/{path}" for path in table.keys["path"]]}
            yield FeatureTable(keys, FEATURES, table.values)

    peaks = []
    for count in (1, 3, 30):
        tracemalloc.start()
        predictor = Predictor(model, "recording", tmp_path / "p.csv")
        predictor.write(many(count))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert predictor.rows == 300 * count
    assert peaks[2] < 1.2 * peaks[1]


def test_the_predictions_of_a_table_are_written_with_a_list_of_failures(model, tmp_path):
    data = tones()
    data.loc[[3, 7], FEATURES] = np.nan
    predictions = model.predict(data, output=tmp_path / "p.csv")
    assert predictions.rows == 58
    assert sorted(file.name for file in tmp_path.iterdir()) == ["p.csv", "p.csv.failures.csv"]
    listed = pd.read_csv(tmp_path / "p.csv.failures.csv")
    assert listed["path"].tolist() == ["003.wav", "007.wav"]
    assert listed["stage"].tolist() == ["predict", "predict"]
    model.predict(tones(), output=tmp_path / "p.csv")
    assert [file.name for file in tmp_path.iterdir()] == ["p.csv"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timeout": 0.0}, "timeout cannot be used with a table"),
        ({"manifest": "m.csv", "where": {"a": "b"}}, "manifest and where cannot be used with"),
        ({"output": "p.parquet"}, "p.parquet: the file name must end in .csv"),
        ({"output": "nowhere/p.csv"}, "there is no folder nowhere"),
    ],
)
def test_options_that_do_not_fit_a_table_are_refused(model, options, message):
    with pytest.raises(ParameterError, match=message):
        model.predict(tones(), **options)


def test_a_table_is_not_replaced_by_its_predictions(model, tmp_path):
    tones().to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ParameterError, match="is an input and would be overwritten"):
        model.predict(tmp_path / "t.csv", output=tmp_path / "t.csv")


def test_a_list_of_failures_that_cannot_be_written_is_noticed_first(model, tmp_path):
    (tmp_path / "p.csv.failures.csv").mkdir()
    with pytest.raises(ParameterError, match=r"p.csv.failures.csv: is a folder"):
        model.predict(tones(), output=tmp_path / "p.csv")
    assert not (tmp_path / "p.csv").exists()


def test_an_interruption_leaves_the_earlier_file(model, tmp_path):
    model.predict(tones(), output=tmp_path / "p.csv")
    before = (tmp_path / "p.csv").read_bytes()

    def interrupted():
        yield segments(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Predictor(model, "recording", tmp_path / "p.csv").write(interrupted())
    assert [file.name for file in tmp_path.iterdir()] == ["p.csv"]
    assert (tmp_path / "p.csv").read_bytes() == before
