"""``featkit extract --recorder``: columns of field recorders, which models do not use."""

import pytest
from command_line import error_line, run
from wave_chunks import info, wamd, write_wav

import featkit
from featkit.datasets.recorder import COLUMNS

SET = 'sample_rate = "native"\n[[features]]\nfamily = "rms"\nstatistics = ["mean", "std"]\n'


@pytest.fixture
def marsh(tmp_path, monkeypatch):
    """Eight recordings by an AudioMoth; temperature and battery tell the classes, the sound not."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set.toml").write_text(SET, "utf-8")
    for k in range(8):
        comment = (
            f"Recorded at 0{k}:00:00 10/12/2018 (UTC) by AudioMoth 24E144085F256CE6 at medium gain"
            f" while battery was {4.0 + k % 2}V and temperature was {10.0 * (k % 2)}C."
        )
        file = tmp_path / "marsh" / ("owl" if k % 2 else "frog") / f"{k}.wav"
        write_wav(file, info(ICMT=comment), seconds=0.6, seed=k)
    return tmp_path


def extract(output, *options, status=0):
    common = ("extract", "marsh", "-o", output, "--features", "set.toml", "--jobs", "1")
    return run(*common, *options, status=status)


@pytest.mark.parametrize("output", ["t.csv", "t.parquet"])
def test_columns_are_text_and_no_model_learns_from_them(marsh, output):
    extract(output, "--recorder", "audiomoth", "--labels", "folder")
    table = featkit.FeatureTable.read(marsh / output)
    assert table.feature_names == ["rms_mean", "rms_std"]
    assert set(COLUMNS) <= set(table.keys)
    assert list(table.keys["temperature"]) == ["0.0"] * 4 + ["10.0"] * 4
    assert list(table.keys["battery"]) == ["4.0"] * 4 + ["5.0"] * 4
    assert table.keys["recorded_at"][0] == "2018-12-10T00:00:00+00:00"
    run("train", output, "-o", "m.fk", "--model", "logistic", "--folds", "2")
    assert list(featkit.load_model(marsh / "m.fk").columns) == ["rms_mean", "rms_std"]


def test_a_run_without_metadata_succeeds_with_a_remark(marsh):
    write_wav(marsh / "marsh/plain.wav")
    result = extract("t.csv", "--recorder", "songmeter")
    assert "recorder songmeter: no metadata in the name or header of 9 of 9 files" in result.stderr
    table = featkit.FeatureTable.read(marsh / "t.csv")
    assert set(table.keys["recorder"]) == {""}


def test_segments_have_the_time_of_their_file(marsh):
    extract("t.csv", "--recorder", "auto", "--segment", "0.2", "--where", "battery=5.0")
    table = featkit.FeatureTable.read(marsh / "t.csv")
    assert len(table) == 12
    assert list(table.keys["recorded_at"])[:3] == ["2018-12-10T01:00:00+00:00"] * 3
    assert table.data["start"].tolist()[:3] == pytest.approx([0, 0.2, 0.4])


def test_shards_and_resumed_runs_give_the_same_table(marsh):
    extract("whole.parquet", "--recorder", "auto")
    for k in (1, 2, 3):
        extract(f"{k}.parquet", "--recorder", "auto", "--shard", f"{k}/3")
    run("merge", "1.parquet", "2.parquet", "3.parquet", "-o", "merged.parquet")
    extract("resumed.parquet")
    result = extract("resumed.parquet", "--recorder", "auto")
    assert "8 files from earlier runs" in result.stderr
    whole = (marsh / "whole.parquet").read_bytes()
    assert (marsh / "merged.parquet").read_bytes() == whole
    assert (marsh / "resumed.parquet").read_bytes() == whole


def test_a_field_with_other_values_of_two_sources_is_an_error(marsh):
    common = ("extract", "marsh", "-o", "t.csv", "--recorder", "auto")
    line = error_line(*common, "--name-pattern", "{recorder_id}")
    assert "duplicate field 'recorder_id': the recorder gives it" in line
    assert "frog/0.wav has it already, as '0': drop or rename one of the two" in line


def test_a_manifest_may_give_fields_that_the_recorder_repeats_or_leaves_empty(marsh):
    rows = [
        f"{'owl' if k % 2 else 'frog'}/{k}.wav,{'pond' if k else ''},{4.0 + k % 2}"
        for k in range(8)
    ]
    (marsh / "places.csv").write_text("\n".join(["path,site,battery", *rows]))
    extract("t.csv", "--recorder", "auto", "--manifest", "places.csv")
    table = featkit.FeatureTable.read(marsh / "t.csv")
    assert sorted(table.keys["site"]) == ["", *["pond"] * 7]
    assert sorted(table.keys["battery"]) == ["4.0"] * 4 + ["5.0"] * 4
    assert "" not in table.keys["recorded_at"]


def test_intervals_of_a_manifest_may_give_the_site(marsh):
    rows = ["frog/0.wav,0,0.3,pond", "frog/0.wav,0.2,0.6,pond", "owl/1.wav,0.1,0.5,lake"]
    (marsh / "calls.csv").write_text("\n".join(["path,start,end,site", *rows]))
    extract("t.csv", "--recorder", "auto", "--manifest", "calls.csv")
    table = featkit.FeatureTable.read(marsh / "t.csv")
    assert list(table.keys["site"]) == ["pond", "pond", "lake"]
    assert list(table.keys["battery"]) == ["4.0", "4.0", "5.0"]


def test_an_unknown_recorder_is_an_error(marsh):
    line = error_line("extract", "marsh", "-o", "t.csv", "--recorder", "moth")
    assert "available: auto, audiomoth, raven, songmeter" in line


def test_the_function_has_the_same_argument(marsh):
    write_wav(marsh / "more/x.wav", wamd({1: "SM4", 6: "WGS84,1.5,S,2.5,E"}))
    table = featkit.extract(marsh / "more", features="set.toml", recorder="auto").table
    assert list(table.keys["latitude"]) == ["-1.5"]
    assert table.provenance["corpus"]["recorder"] == "auto"
    plain = featkit.extract(marsh / "more", features="set.toml").table
    assert "recorder" not in plain.provenance["corpus"]
    assert "recorder" not in plain.keys
