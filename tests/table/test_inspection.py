"""The summary of a table, compared with tables made by hand."""

import dataclasses
import json

import numpy as np
import pytest
from summaries import odd_table, odd_table_with_quality, run, sections

import featkit
from featkit.errors import TableError
from featkit.schema import QUALITY_COLUMNS
from featkit.table.feature_table import FeatureTable


def test_rows_recordings_and_seconds_are_counted():
    result = featkit.inspect(odd_table())
    assert (result.rows, result.recordings) == (5, 3)
    assert result.seconds.tolist() == [2.0, 2.5, 4.0]
    assert result.as_dict()["seconds"] == 8.5
    assert result.as_dict()["median_seconds"] == 2.5


def test_the_most_common_values_of_keys_come_first():
    (label,) = featkit.inspect(odd_table(label=["b", "a", "a", "", "a"])).keys.to_dict("records")
    assert label == {"key": "label", "values": 2, "missing": 1, "largest": [("a", 3), ("b", 1)]}


def test_flags_name_some_recordings():
    result = featkit.inspect(odd_table_with_quality())
    flags = result.flags.set_index("flag")
    assert flags.index.tolist() == [c.name for c in QUALITY_COLUMNS if c.dtype == "bool"]
    assert flags.loc["quality_silent", "rows"] == 3
    assert flags.loc["quality_silent", "examples"] == ["a.wav", "b.wav"]
    assert flags["rows"].sum() == 3
    peak = result.measures.set_index("measure").loc["quality_peak"]
    assert (peak["missing"], peak["min"], peak["median"], peak["max"]) == (1, 0.5, 1.5, 4.0)
    assert not {c.name for c in QUALITY_COLUMNS} & {*result.columns["column"]}
    (form,) = result.texts.drop(columns="definition").to_dict("records")
    largest = [("MP3", 3), ("FLAC PCM_16", 1)]
    assert form == {"text": "quality_format", "values": 2, "missing": 1, "largest": largest}
    measures = [c.name for c in QUALITY_COLUMNS if c.dtype in ("float64", "int64")]
    assert result.measures["measure"].tolist() == measures


def test_nan_and_infinite_and_constant_features_are_reported():
    columns = featkit.inspect(odd_table()).columns.set_index("column")
    rms = columns.loc["rms_mean"]
    assert (rms["nan"], rms["infinite"], rms["constant"]) == (1, 1, False)
    assert (rms["min"], rms["median"], rms["max"]) == (0.1, 0.2, 0.4)
    assert columns.loc["tempo", "constant"]
    assert columns.loc["tempo", "unit"] == "BPM"


def test_a_table_of_featkit_reports_its_provenance(corpus):
    result = featkit.inspect(corpus / "a.parquet")
    assert result.provenance["feature_set.name"] == "genre75"
    assert result.provenance["feature_set.features.mfcc.n_mfcc"] == 20
    assert result.provenance["versions.featkit"] == featkit.__version__
    assert result.families["columns"].sum() == 75
    assert result.families["family"].tolist()[:2] == ["mfcc", "chroma"]
    (failure,) = result.failures.to_dict("records")
    assert failure == {
        "stage": "decode",
        "error": "AudioError",
        "files": 1,
        "examples": ["jazz/bad.wav"],
    }
    assert list(result.first.columns[:4]) == ["path", "start", "end", "label"]


def test_a_table_of_another_program_is_summarized(tmp_path):
    (tmp_path / "a.csv").write_text("file,x,y,class\na,1,2,k\nb,1,3,l\n")
    result = featkit.inspect(tmp_path / "a.csv", keys=["y"])
    assert (result.rows, result.recordings, len(result.seconds)) == (2, None, 0)
    assert result.keys["key"].tolist() == ["file", "y", "class"]
    assert result.columns["column"].tolist() == ["x"]
    assert (result.columns.loc[0, "family"], result.columns.loc[0, "unit"]) == ("", "")
    assert result.provenance == {}
    facts, _ = sections(run("inspect", tmp_path / "a.csv", "--exclude", "y,class").stdout)
    assert facts["provenance"] == "unknown: the table contains no featkit metadata"


def test_a_table_without_rows_is_summarized():
    result = featkit.inspect(odd_table_with_quality().rows(np.arange(0)))
    assert (result.rows, result.recordings, len(result.seconds)) == (0, 0, 0)
    assert not result.columns["constant"].any()
    json.dumps(result.as_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("labels", "doubtful"),
    [
        (["é", "e\u0301"], True),
        (["Rock", "rock"], True),
        (["rock ", "rock"], True),
        (["rock", "jazz"], False),
    ],
)
def test_labels_that_look_alike_give_a_warning(labels, doubtful):
    result = featkit.inspect(odd_table(label=[*labels, *labels, ""]))
    assert len(result.warnings) == doubtful
    assert all("label: " in warning and "look alike" in warning for warning in result.warnings)


def test_a_list_of_failures_with_other_columns_is_an_error(tmp_path):
    odd_table().write(tmp_path / "a.csv")
    (tmp_path / "a.csv.failures.csv").write_text("name\nx\n")
    with pytest.raises(TableError, match=r"a\.csv\.failures\.csv: not a list of failures"):
        featkit.inspect(tmp_path / "a.csv")


# The command


def test_inspect_prints_facts_and_tables(tmp_path, corpus):
    facts, tables = sections(run("inspect", corpus / "a.parquet").stdout)
    assert (facts["rows"], facts["failures"], facts["audio"][:4]) == ("2", "1", "2 s,")
    assert facts["feature set"].startswith("genre75, version 1: 75 columns")
    assert facts["sample rate"] == "22,050 Hz"
    assert "mfcc.n_mfcc 20" in facts["parameters"]
    assert "numpy " in facts["versions"]
    assert ["label", "2", "0", "jazz: 1, rock: 1"] in tables["metadata"]
    assert ["tempo", "1", "BPM", "tempo"] in tables["features by family: 75"]
    failed = next(rows for title, rows in tables.items() if title.startswith("failed, see"))
    assert failed[1] == ["decode", "AudioError", "1", "jazz/bad.wav"]
    assert tables["the first 2 of 2 rows"][1][:4] == ["jazz/a.wav", "0", "1", "jazz"]


def test_inspect_prints_flags_and_odd_columns_without_control_characters(tmp_path):
    table = dataclasses.replace(
        odd_table_with_quality(), keys={**odd_table_with_quality().keys, "label": ["\x1b[31m"] * 5}
    )
    table.write(tmp_path / "a.parquet")
    output = run("inspect", tmp_path / "a.parquet").stdout
    assert "\x1b" not in output
    _, tables = sections(output)
    assert ["quality_silent", "3", "0", "a.wav, b.wav"] in tables["flags"]
    assert tables["features with nan values: 1"][1] == ["rms_mean", "1", "20.0%"]
    assert tables["features with infinite values: 1"][1][:2] == ["rms_mean", "1"]
    assert "constant\ttempo" in output


def test_inspect_lists_columns_on_demand(corpus):
    header, *rows = run("inspect", corpus / "a.parquet", "--columns").stdout.splitlines()
    assert header.split("\t")[:3] == ["column", "family", "unit"]
    assert [row.split("\t")[0] for row in rows] == list(featkit.feature_set("genre75").column_names)


def test_inspect_prints_json(tmp_path):
    odd_table_with_quality().write(tmp_path / "a.parquet")
    summary = json.loads(run("inspect", tmp_path / "a.parquet", "--json").stdout)
    assert summary["rows"] == 5
    assert summary["columns"][0]["column"] == "rms_mean"
    assert summary["flags"][0]["flag"] == "quality_silent"
    assert summary["keys"][0]["largest"] == [["rock", 2], ["jazz", 2]]


def test_inspect_prints_short_durations_and_single_rows(tmp_path):
    keys = {"path": ["a", "b"], "start": [0.0, 0.0], "end": [0.35, 0.35]}
    FeatureTable(keys, ["x"], np.ones((2, 1))).write(tmp_path / "a.parquet")
    facts, _ = sections(run("inspect", tmp_path / "a.parquet").stdout)
    assert facts["audio"] == "0.7 s, median recording 0.35 s"
    one = {name: values[:1] for name, values in keys.items()}
    FeatureTable(one, ["x"], np.ones((1, 1))).write(tmp_path / "a.parquet")
    facts, tables = sections(run("inspect", tmp_path / "a.parquet").stdout)
    assert facts["audio"] == "0.35 s"
    assert "the first 1 of 1 row" in tables


def test_inspect_does_not_round_few_missing_values_to_none(tmp_path):
    values = np.where(np.arange(3000) == 7, np.nan, 1.0)[:, None]
    FeatureTable({"path": [*map(str, range(3000))]}, ["x"], values).write(tmp_path / "a.parquet")
    _, tables = sections(run("inspect", tmp_path / "a.parquet").stdout)
    assert tables["features with nan values: 1"][1] == ["x", "1", "<0.1%"]
