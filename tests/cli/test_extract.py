"""``featkit extract``: its tables, messages and exit status."""

import csv
import os
import re

import numpy as np
import pytest
import soundfile
from command_line import SMALL_SET, error_line, run, run_process

import featkit
from featkit import signals

SR = 22050


def write(path, seconds=0.5, number=0, sr=SR):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, signals.noise(sr, seconds, seed=number), sr)
    return path


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """A corpus of two labels with two clips each; its parent is the current folder."""
    for number, name in enumerate(["rock/a", "rock/b", "jazz/a", "jazz/b"]):
        write(tmp_path / "corpus" / f"{name}.wav", 0.4 + 0.1 * number, number)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "corpus"


def failures_in(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_fresh_process_writes_a_table_and_a_summary_on_standard_error(corpus, ending):
    done = run_process("extract", "corpus", "-o", f"out.{ending}", cwd=corpus.parent)
    assert done.stdout == ""
    assert re.search(rf"out\.{ending}: 4 rows, \d+ features; 2\.2 s of audio in", done.stderr)
    assert "s of audio per second" in done.stderr
    table = featkit.FeatureTable.read(corpus.parent / f"out.{ending}")
    expected = featkit.extract(corpus, n_jobs=1).table
    assert table.data["path"].tolist() == ["jazz/a.wav", "jazz/b.wav", "rock/a.wav", "rock/b.wav"]
    np.testing.assert_array_equal(table.features, expected.features)
    assert table.labels is None
    written = sorted(path.name for path in corpus.parent.iterdir())
    assert written == ["corpus", f"out.{ending}", f"out.{ending}.parts"]


def test_some_failures_give_status_3_a_table_and_a_list(corpus):
    (corpus / "rock" / "text.wav").write_text("no samples")
    (corpus / "jazz" / "empty.wav").touch()
    done = run_process(
        "extract", "corpus", "-o", "out.csv", "--jobs", 2, cwd=corpus.parent, status=3
    )
    assert done.stdout == ""
    assert "2 failed, see out.csv.failures.csv:" in done.stderr
    assert "  jazz/empty.wav: open: the file is empty (0 bytes)" in done.stderr
    listed = corpus.parent / "out.csv.failures.csv"
    assert listed.read_text().splitlines()[0] == "path,stage,error,message"
    empty, text = failures_in(listed)
    assert empty == {
        "path": "jazz/empty.wav",
        "stage": "open",
        "error": "AudioError",
        "message": "the file is empty (0 bytes)",
    }
    assert (text["path"], text["stage"]) == ("rock/text.wav", "decode")
    assert len(featkit.FeatureTable.read(corpus.parent / "out.csv")) == 4


def test_a_later_run_that_succeeds_removes_the_list_of_failures(corpus):
    broken = corpus / "rock" / "text.wav"
    broken.write_text("no samples")
    arguments = ["extract", "corpus", "-o", "out.parquet", "--features", "genre75", "--jobs", 1]
    run(*arguments, status=3)
    assert os.path.exists("out.parquet.failures.csv")
    broken.unlink()
    run(*arguments)
    assert not os.path.exists("out.parquet.failures.csv")


def test_when_all_fail_there_is_a_table_without_rows(corpus):
    for path in corpus.rglob("*.wav"):
        path.write_text("no samples")
    run("extract", "corpus", "-o", "out.parquet", "--jobs", 1, status=3)
    assert len(featkit.FeatureTable.read("out.parquet")) == 0
    assert len(failures_in(corpus.parent / "out.parquet.failures.csv")) == 4


def test_only_the_first_of_many_failures_are_shown(corpus):
    for number in range(9):
        (corpus / f"{number}.wav").touch()
    result = run("extract", "corpus", "-o", "out.csv", "--jobs", 1, status=3)
    assert result.stderr.count("(0 bytes)") == 5
    assert "  and 4 more" in result.stderr
    assert len(failures_in(corpus.parent / "out.csv.failures.csv")) == 9


def test_labels_are_the_names_of_the_folders(corpus):
    run("extract", "corpus", "-o", "out.csv", "--labels", "folder", "--jobs", 1)
    table = featkit.FeatureTable.read("out.csv")
    assert table.labels.tolist() == ["jazz", "jazz", "rock", "rock"]


def test_a_name_pattern_gives_columns(corpus):
    arguments = ["--name-pattern", "{take}", "--labels", "folder", "--features", "genre75"]
    run("extract", "corpus", "-o", "out.csv", "--jobs", 1, *arguments, "--where", "take=b")
    table = featkit.FeatureTable.read("out.csv")
    assert table.column("take").tolist() == ["b", "b"]
    assert table.labels.tolist() == ["jazz", "rock"]


def test_a_manifest_lists_the_recordings(corpus):
    (corpus.parent / "list.csv").write_text(
        "path,label,group\ncorpus/rock/a.wav,R,1\ncorpus/jazz/b.wav,J,02\ncorpus/jazz/a.wav,J,3\n"
    )
    arguments = ["-o", "out.parquet", "--features", "genre75", "--jobs", 1]
    run("extract", "--manifest", "list.csv", *arguments, "--where", "group=1,02")
    table = featkit.FeatureTable.read("out.parquet")
    assert table.column("path").tolist() == ["corpus/rock/a.wav", "corpus/jazz/b.wav"]
    assert table.column("group").tolist() == ["1", "02"]
    assert len(table.feature_names) == 75


def test_a_fault_in_a_manifest_is_reported_in_one_line(corpus):
    (corpus.parent / "list.csv").write_text("path,label\ncorpus/rock/a.wav\n")
    error = error_line("extract", "--manifest", "list.csv", "-o", "out.csv", status=1)
    assert "list.csv: line 2: label: missing: 1 fields, but the header has 2" in error
    (corpus.parent / "list.csv").write_text("file\ncorpus/rock/a.wav\n")
    error = error_line("extract", "--manifest", "list.csv", "-o", "out.csv", status=1)
    assert "list.csv: line 1: 'file' is not the header of a manifest; known formats: esc50" in error
    error = error_line("extract", "--manifest", "none.csv", "-o", "out.csv", status=1)
    assert "none.csv: no such file" in error


def test_each_segment_is_a_row(corpus):
    arguments = ["extract", "corpus/rock/a.wav", "-o", "out.csv", "--jobs", 1]
    arguments += ["--segment", 0.15, "--segment-hop", 0.1, "--segment-tail", "keep"]
    run(*arguments, "--features", "genre75")
    rows = featkit.FeatureTable.read("out.csv").data
    assert rows["path"].tolist() == ["a.wav"] * 4
    np.testing.assert_allclose(rows["start"], [0.0, 0.1, 0.2, 0.3], atol=1e-4)
    np.testing.assert_allclose(rows["end"], [0.15, 0.25, 0.35, 0.4], atol=1e-4)


def test_an_excerpt_is_cut_and_padded(corpus):
    arguments = ["extract", "corpus", "-o", "out.parquet", "--features", "genre75", "--jobs", 1]
    run(*arguments, "--offset", 0.1, "--duration", 0.2)
    table = featkit.FeatureTable.read("out.parquet")
    assert table.data["start"].tolist() == pytest.approx([0.1] * 4)
    assert table.data["end"].tolist() == pytest.approx([0.3] * 4)
    run(*arguments, "--duration", 5, "--pad", "--fresh")
    table = featkit.FeatureTable.read("out.parquet")
    assert table.provenance["excerpt"]["duration"] == 5
    expected = featkit.extract(corpus, features="genre75", duration=5.0, pad=True, n_jobs=1).table
    np.testing.assert_array_equal(table.features, expected.features)


def test_a_feature_set_can_be_a_file(corpus):
    with open("my.toml", "w") as stream:
        stream.write(SMALL_SET)
    run("extract", "corpus", "-o", "out.csv", "--features", "my.toml", "--jobs", 1)
    names = featkit.FeatureTable.read("out.csv").feature_names
    assert names == [*(f"mfcc_{k}_{s}" for s in ("mean", "std") for k in (1, 2, 3)), "tempo"]


def test_a_missing_file_does_not_stop_the_others(corpus):
    arguments = ["corpus/rock/a.wav", "gone.wav", "-o", "out.csv", "--features", "genre75"]
    run("extract", *arguments, "--jobs", 1, status=3)
    (failure,) = failures_in(corpus.parent / "out.csv.failures.csv")
    assert (failure["path"], failure["stage"]) == ("gone.wav", "open")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--features", "genre57"], "unknown feature set 'genre57': did you mean 'genre75'?"),
        (["--features", "none.toml"], "none.toml: cannot read the feature set"),
        (["--labels", "file"], "'file' is not"),
        (["--jobs", "0"], "'--jobs'"),
        (["--jobs", "many"], "'--jobs'"),
        (["--offset", "-1"], "offset must be from 0 to 1e+09 seconds, got -1.0"),
        (["--duration", "0"], "duration must be above 0 and at most 1e+09 seconds, got 0"),
        (["--duration", "nan"], "duration must be above 0 and at most"),
        (["--pad"], "pad requires a duration"),
        (["--segment", "0"], "segment must be above 0 seconds"),
        (["--segment-hop", "1"], "give the length of a segment, too"),
        (["--segment", "1", "--segment-tail", "cut"], "'cut' is not one of"),
        (["--segmnt", "1"], "--segmnt"),
        (["--where", "fold"], "'fold' is not COLUMN=VALUE"),
        (["--where", "=1"], "'=1' is not COLUMN=VALUE"),
        (["--where", "fold=1"], "unknown column 'fold': available: none"),
        (["--name-pattern", "{fold}-{take}"], "'a' does not match (4"),
    ],
)
def test_wrong_usage_gives_status_2_and_one_line_with_the_reason(corpus, arguments, message):
    assert message in error_line("extract", "corpus", "-o", "out.csv", *arguments)
    assert not os.path.exists("out.csv")


@pytest.mark.parametrize("output", ["out.xlsx", "out", "out.csv.gz"])
def test_an_unknown_table_format_is_refused_before_anything_is_read(corpus, output):
    error = error_line("extract", "corpus", "-o", output)
    assert f"{output}: cannot be written: the file name must end in .csv or .parquet" in error


def test_a_missing_output_folder_is_refused_before_anything_is_read(corpus):
    error = error_line("extract", "corpus", "-o", "no/out.csv")
    assert "no/out.csv: there is no folder no" in error


def test_an_output_that_is_a_folder_is_refused_before_anything_is_read(corpus):
    os.mkdir("out.csv")
    assert "out.csv: is a folder" in error_line("extract", "corpus", "-o", "out.csv")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.wav", "-o", "out.csv"], "no such file or folder: gone.wav"),
        (["nothing", "-o", "out.csv"], "no audio files in nothing"),
        (["-o", "out.csv"], "Missing argument 'INPUT...'"),
        (["corpus"], "Missing option '-o'"),
    ],
)
def test_nothing_to_extract_is_wrong_usage(corpus, arguments, message):
    os.mkdir("nothing")
    assert message in error_line("extract", *arguments)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("features = [", "my.toml: not valid TOML"),
        ("[[features]]\nfamily = 'mfc'\nstatistics = ['mean']", "did you mean 'mfcc'?"),
        ("[[features]]\nfamily = 'mfcc'\nn_mfc = 3\nstatistics = ['mean']", "'n_mfcc'"),
        ("[spectra]\nhop_length = 0\n[[features]]\nfamily = 'tempo'", "hop_length"),
    ],
)
def test_a_fault_in_a_feature_set_is_named(corpus, text, message):
    with open("my.toml", "w") as stream:
        stream.write(text)
    error = error_line("extract", "corpus", "-o", "out.csv", "--features", "my.toml")
    assert "my.toml" in error
    assert message in error


def test_an_error_in_a_fresh_process_is_one_line_on_standard_error(corpus):
    arguments = ["extract", "corpus", "-o", "out.csv", "--features", "genre57"]
    done = run_process(*arguments, cwd=corpus.parent, status=2)
    assert done.stdout == ""
    assert done.stderr.startswith("Error: unknown feature set 'genre57'")
    assert len(done.stderr.splitlines()) == 1


def test_four_hundred_recordings_of_ten_kinds_become_four_hundred_rows(real_data, tmp_path):
    folder = real_data / "esc10"
    if not folder.is_dir():
        pytest.skip(f"no recordings in {folder}")
    arguments = ["--labels", "folder", "-o", "esc10.parquet", "--features", "genre75"]
    done = run_process("extract", folder, *arguments, cwd=tmp_path)
    assert done.stdout == ""
    table = featkit.FeatureTable.read(tmp_path / "esc10.parquet")
    assert len(table) == 400
    assert table.labels.nunique() == 10
    assert (table.labels.value_counts() == 40).all()
    assert table.data["path"].is_unique
    assert len(table.feature_names) == 75
    level = table.features["rms_mean"]
    assert level.notna().all()
    assert (level > 0).all()


def test_control_characters_in_names_are_escaped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a\x1b[31m\n.wav").write_text("no sound")
    result = run("extract", ".", "-o", "a.csv", status=3)
    assert "\x1b" not in result.stderr
    assert "a\\x1b[31m\\n.wav: decode" in result.stderr
