"""The command line: what it writes, what it says and where, and its exit status."""

import csv
import functools
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

import featkit
from featkit import signals, sound_model
from featkit.cli._main import main
from featkit.datasets import synthetic

SR = 22050

COMMANDS = ["demo", "describe", "diff", "explain", "extract", "features"]
COMMANDS += ["inspect", "predict", "report", "train"]

SMALL = """
name = "mine"
sample_rate = "native"

[[features]]
family = "mfcc"
n_mfcc = 3
statistics = ["mean", "std"]

[[features]]
family = "tempo"
"""


def write(path, seconds=0.5, number=0, sr=SR):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, signals.noise(sr, seconds, seed=number), sr)
    return path


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Two labels of two clips, and the folder above them to work in."""
    for number, name in enumerate(["rock/a", "rock/b", "jazz/a", "jazz/b"]):
        write(tmp_path / "corpus" / f"{name}.wav", 0.4 + 0.1 * number, number)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "corpus"


def run(*arguments, status=0):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert "Traceback" not in result.output
    assert result.exit_code == status, result.output
    return result


def run_process(*arguments, cwd, status=0):
    done = subprocess.run(
        [sys.executable, "-m", "featkit", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "Warning" not in done.stdout + done.stderr
    return done


def fails(*arguments, status=2):
    """The last line of what a failing command says, all of it on standard error."""
    result = run(*arguments, status=status)
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert lines[-1].startswith("Error: ")
    return lines[-1]


def failures_in(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


# extract


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_fresh_process_writes_a_table_and_says_so_on_standard_error(corpus, ending):
    done = run_process("extract", "corpus", "-o", f"out.{ending}", cwd=corpus.parent)
    assert done.stdout == ""
    assert re.search(rf"out\.{ending}: 4 rows, \d+ features; 2\.2 s of sound in", done.stderr)
    assert "s of sound per second" in done.stderr
    table = featkit.FeatureTable.read(corpus.parent / f"out.{ending}")
    expected = featkit.extract(corpus, n_jobs=1).table
    assert table.data["path"].tolist() == ["jazz/a.wav", "jazz/b.wav", "rock/a.wav", "rock/b.wav"]
    np.testing.assert_array_equal(table.features, expected.features)
    assert table.labels is None
    written = sorted(path.name for path in corpus.parent.iterdir())
    assert written == ["corpus", f"out.{ending}", f"out.{ending}.parts"]


def test_the_console_script_is_the_same_command(corpus):
    script = os.path.join(os.path.dirname(sys.executable), "featkit")
    if not os.path.exists(script):
        pytest.skip("the console script is not installed beside this interpreter")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"featkit {featkit.__version__}\n"


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
    bad = corpus / "rock" / "text.wav"
    bad.write_text("no samples")
    arguments = ["extract", "corpus", "-o", "out.parquet", "--features", "genre75", "--jobs", 1]
    run(*arguments, status=3)
    assert os.path.exists("out.parquet.failures.csv")
    bad.unlink()
    run(*arguments)
    assert not os.path.exists("out.parquet.failures.csv")


def test_when_all_fail_there_is_a_table_without_rows(corpus):
    for path in corpus.rglob("*.wav"):
        path.write_text("no samples")
    run("extract", "corpus", "-o", "out.parquet", "--jobs", 1, status=3)
    assert len(featkit.FeatureTable.read("out.parquet")) == 0
    assert len(failures_in(corpus.parent / "out.parquet.failures.csv")) == 4


def test_many_failures_are_counted_not_recited(corpus):
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


def test_names_say_what_the_pattern_tells(corpus):
    arguments = ["--name-pattern", "{take}", "--labels", "folder", "--features", "genre75"]
    run("extract", "corpus", "-o", "out.csv", "--jobs", 1, *arguments, "--where", "take=b")
    table = featkit.FeatureTable.read("out.csv")
    assert table.column("take").tolist() == ["b", "b"]
    assert table.labels.tolist() == ["jazz", "rock"]


def test_a_manifest_says_which_recordings_there_are(corpus):
    (corpus.parent / "list.csv").write_text(
        "path,label,group\ncorpus/rock/a.wav,R,1\ncorpus/jazz/b.wav,J,02\ncorpus/jazz/a.wav,J,3\n"
    )
    arguments = ["-o", "out.parquet", "--features", "genre75", "--jobs", 1]
    run("extract", "--manifest", "list.csv", *arguments, "--where", "group=1,02")
    table = featkit.FeatureTable.read("out.parquet")
    assert table.column("path").tolist() == ["corpus/rock/a.wav", "corpus/jazz/b.wav"]
    assert table.column("group").tolist() == ["1", "02"]
    assert len(table.feature_names) == 75


def test_what_is_wrong_in_a_manifest_is_told_in_one_line(corpus):
    (corpus.parent / "list.csv").write_text("path,label\ncorpus/rock/a.wav\n")
    error = fails("extract", "--manifest", "list.csv", "-o", "out.csv", status=1)
    assert "list.csv: line 2: label: missing: 1 fields where the header has 2" in error
    (corpus.parent / "list.csv").write_text("file\ncorpus/rock/a.wav\n")
    error = fails("extract", "--manifest", "list.csv", "-o", "out.csv", status=1)
    assert "list.csv: line 1: 'file' heads no manifest; known are: esc50" in error
    error = fails("extract", "--manifest", "none.csv", "-o", "out.csv", status=1)
    assert "none.csv: no such file" in error


def test_segments_are_rows(corpus):
    arguments = ["extract", "corpus/rock/a.wav", "-o", "out.csv", "--jobs", 1]
    arguments += ["--segment", 0.15, "--segment-hop", 0.1, "--segment-tail", "keep"]
    run(*arguments, "--features", "genre75")
    rows = featkit.FeatureTable.read("out.csv").data
    assert rows["path"].tolist() == ["a.wav"] * 4
    np.testing.assert_allclose(rows["start"], [0.0, 0.1, 0.2, 0.3], atol=1e-4)
    np.testing.assert_allclose(rows["end"], [0.15, 0.25, 0.35, 0.4], atol=1e-4)


def test_an_excerpt_is_taken_and_filled_up(corpus):
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
        stream.write(SMALL)
    run("extract", "corpus", "-o", "out.csv", "--features", "my.toml", "--jobs", 1)
    names = featkit.FeatureTable.read("out.csv").feature_names
    assert names == [*(f"mfcc_{k}_{s}" for s in ("mean", "std") for k in (1, 2, 3)), "tempo"]


def test_a_missing_file_beside_others_fails_alone(corpus):
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
        (["--pad"], "pad fills up to a duration"),
        (["--segment", "0"], "segment must be above 0 seconds"),
        (["--segment-hop", "1"], "give segment, too"),
        (["--segment", "1", "--segment-tail", "cut"], "'cut' is not one of"),
        (["--segmnt", "1"], "--segmnt"),
        (["--where", "fold"], "'fold' is not COLUMN=VALUE"),
        (["--where", "=1"], "'=1' is not COLUMN=VALUE"),
        (["--where", "fold=1"], "unknown column 'fold': known are none"),
        (["--name-pattern", "{fold}-{take}"], "'a' does not fit it, one of 4"),
    ],
)
def test_wrong_usage_gives_status_2_and_one_line_that_says_why(corpus, arguments, message):
    assert message in fails("extract", "corpus", "-o", "out.csv", *arguments)
    assert not os.path.exists("out.csv")


@pytest.mark.parametrize("output", ["out.xlsx", "out", "out.csv.gz"])
def test_another_ending_is_refused_before_anything_is_read(corpus, output):
    error = fails("extract", "corpus", "-o", output)
    assert f"{output}: a table ends in .parquet or .csv" in error


def test_a_folder_for_the_table_must_be_there_before_anything_is_read(corpus):
    error = fails("extract", "corpus", "-o", "no/out.csv")
    assert "no/out.csv: there is no folder no" in error


def test_an_output_that_is_a_folder_is_refused_before_anything_is_read(corpus):
    os.mkdir("out.csv")
    assert "out.csv: is a folder" in fails("extract", "corpus", "-o", "out.csv")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.wav", "-o", "out.csv"], "no such file or folder: gone.wav"),
        (["nothing", "-o", "out.csv"], "no sound files in nothing"),
        (["-o", "out.csv"], "Missing argument 'INPUT...'"),
        (["corpus"], "Missing option '-o'"),
    ],
)
def test_nothing_to_extract_is_wrong_usage(corpus, arguments, message):
    os.mkdir("nothing")
    assert message in fails("extract", *arguments)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("features = [", "my.toml: not valid TOML"),
        ("[[features]]\nfamily = 'mfc'\nstatistics = ['mean']", "did you mean 'mfcc'?"),
        ("[[features]]\nfamily = 'mfcc'\nn_mfc = 3\nstatistics = ['mean']", "'n_mfcc'"),
        ("[spectra]\nhop_length = 0\n[[features]]\nfamily = 'tempo'", "hop_length"),
    ],
)
def test_what_is_wrong_in_a_feature_set_is_named(corpus, text, message):
    with open("my.toml", "w") as stream:
        stream.write(text)
    error = fails("extract", "corpus", "-o", "out.csv", "--features", "my.toml")
    assert "my.toml" in error
    assert message in error


def test_an_error_in_a_fresh_process_is_one_line_on_standard_error(corpus):
    arguments = ["extract", "corpus", "-o", "out.csv", "--features", "genre57"]
    done = run_process(*arguments, cwd=corpus.parent, status=2)
    assert done.stdout == ""
    assert done.stderr.startswith("Error: unknown feature set 'genre57'")
    assert len(done.stderr.splitlines()) == 1


# features, describe


def test_the_feature_sets_are_listed():
    lines = run("features").stdout.splitlines()
    assert lines[0].split("\t") == ["name", "version", "columns", "sample rate", "what"]
    rows = {line.split("\t")[0]: line.split("\t") for line in lines[1:]}
    assert list(rows) == featkit.feature_sets()
    assert rows["genre75"][:4] == ["genre75", "1", "75", "22,050 Hz"]


def test_the_columns_of_a_set_are_listed_with_tabs_for_other_programs(tmp_path):
    done = run_process("features", "genre75", "--columns", cwd=tmp_path)
    assert done.stderr == ""
    header, *rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert header == ["column", "unit", "definition", "reference"]
    assert [row[0] for row in rows] == list(featkit.feature_set("genre75").column_names)
    assert len(rows) == 75
    assert all(len(row) == 4 and all(row) for row in rows)
    units = {row[0]: row[1] for row in rows}
    assert (units["tempo"], units["spectral_centroid_std"]) == ("BPM", "Hz")


def test_the_columns_of_a_file_are_listed(tmp_path):
    (tmp_path / "my.toml").write_text(SMALL)
    lines = run("features", tmp_path / "my.toml", "--columns").stdout.splitlines()
    assert [line.split("\t")[0] for line in lines[1:]][-1] == "tempo"
    assert len(lines) == 8


def test_a_set_is_shown_with_its_note_and_by_descriptor():
    text = run("features", "fma518").stdout
    facts, _, rest = text.partition("\n\n")
    note, _, table = rest.rpartition("\n\n")
    assert "name\tfma518, version 1" in facts
    assert "sample rate\tnative" in facts
    assert "tracks in full length" in note
    header, *rows = [line.split("\t") for line in table.splitlines()]
    assert header == ["descriptor", "unit", "components", "statistics", "definition"]
    assert [row[0] for row in rows][:2] == ["chroma_cens", "chroma_cqt"]
    assert ["mfcc", "dB", "20: 1, 2 … 20"] in [row[:3] for row in rows]
    assert all("mean" in row[3] for row in rows)


def test_a_family_that_stands_twice_is_shown_twice(tmp_path):
    (tmp_path / "my.toml").write_text(
        "[[features]]\nfamily = 'mel_bands'\nn_bands = 20\nstatistics = ['mean']\n"
        "[[features]]\nfamily = 'mel_bands'\nstatistics = ['std']\n"
    )
    rows = run("features", tmp_path / "my.toml").stdout.rpartition("\n\n")[2].splitlines()[1:]
    assert [row.split("\t")[2:4] for row in rows] == [
        ["20: 1of20, 2of20 … 20of20", "mean"],
        ["40: 1, 2 … 40", "std"],
    ]


def test_columns_are_those_of_a_set():
    assert "name it" in fails("features", "--columns")


def test_an_unknown_set_is_wrong_usage():
    assert "did you mean 'standard'?" in fails("features", "standart")


def test_a_column_is_described():
    described = dict(
        re.split(r" {2,}", line, maxsplit=1)
        for line in run("describe", "mfcc_3_mean").stdout.splitlines()
    )
    assert described["name"] == "mfcc_3_mean"
    assert described["family"] == "mfcc"
    assert described["index"] == "3"
    assert described["statistic"] == "mean"
    assert {"unit", "definition", "reference", "undefined"} <= described.keys()


@pytest.mark.parametrize("name", featkit.feature_set("genre75").column_names[::7])
def test_every_kind_of_column_is_described(name):
    column = featkit.describe(name)
    output = run("describe", name).stdout
    assert column.definition in output
    assert column.undefined in output


def test_an_unknown_column_is_wrong_usage():
    assert "unknown column 'mfc_3_mean'" in fails("describe", "mfc_3_mean")
    assert "did you mean 'mean'?" in fails("describe", "mfcc_3_meen")


# demo


@pytest.fixture
def quick(monkeypatch):
    """A demo that trains one model; all of it is the README's first command."""
    monkeypatch.setattr(
        sound_model, "train", functools.partial(sound_model.train, model="logistic")
    )


def test_the_demo_makes_a_corpus_a_table_and_a_model_and_shows_them(tmp_path, quick):
    done = run("demo", "-o", tmp_path / "here", "--clips", 6, "--jobs", 1)
    files = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.wav"))
    assert len(files) == 24
    assert files[0] == "here/corpus/ambient/ambient_01.wav"
    table = featkit.FeatureTable.read(tmp_path / "here" / "features.parquet")
    assert len(table) == 24
    assert sorted(set(table.labels)) == ["ambient", "house", "rock", "swing"]
    assert re.search(r"144 s of sound analysed in [\d.]+ s: \d+ s of sound per second", done.stdout)
    assert "ambient/ambient_01.wav" in done.stdout
    for shown in ("ambient", "house", "rock", "swing", "tempo", "BPM", "dwt_entropy"):
        assert shown in done.stdout
    for model in ("baseline", "logistic"):
        assert re.search(rf"^{model}\t\d\.\d", done.stdout, flags=re.MULTILINE)
    assert "nan" not in done.stdout
    assert "rock_01" not in done.stderr
    assert (tmp_path / "here" / "report.html").stat().st_size > 100_000
    model = featkit.load_model(tmp_path / "here" / "style.fk")
    predicted = model.predict(tmp_path / "here" / "corpus" / "swing").data["predicted"]
    assert list(predicted) == ["swing"] * 6


def test_the_demo_gives_the_same_clips_for_the_same_seed_and_leaves_none_of_a_larger_one(
    tmp_path, quick
):
    for clips in (7, 6):
        synthetic.write_corpus(tmp_path / "alone", clips_per_style=clips, seed=3)
    run("demo", "-o", tmp_path, "--clips", 6, "--jobs", 1, "--seed", 3)
    alone, of_demo = (
        {file.name: file.read_bytes() for file in (tmp_path / folder).rglob("*.wav")}
        for folder in ("alone", "corpus")
    )
    assert len(alone) == 24
    assert alone == of_demo


def test_a_demo_of_too_few_clips_to_learn_from_is_wrong_usage(tmp_path):
    assert "'--clips'" in fails("demo", "-o", tmp_path / "here", "--clips", 5)
    assert not (tmp_path / "here").exists()


def test_a_demo_that_cannot_be_written_fails_in_one_line(tmp_path):
    (tmp_path / "here").write_text("a file, not a folder")
    result = CliRunner().invoke(main, ["demo", "-o", str(tmp_path / "here"), "--clips", "6"])
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code in (1, 2)
    assert "here" in result.stderr.splitlines()[-1]


# Help


def test_the_commands_are_listed():
    output = run("--help").stdout
    assert "Examples:" in output
    for command in COMMANDS:
        assert re.search(rf"^  {command} +\S", output, flags=re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_examples_that_use_options_that_exist(command):
    output = run(command, "--help").stdout
    usage, _, examples = output.partition("Examples:")
    assert examples
    lines = [line.strip() for line in examples.splitlines()]
    shown = [line for line in lines if line.startswith(f"featkit {command}")]
    assert shown
    for option in re.findall(r"(?<=\s)--?[a-z-]+", " ".join(shown)):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", usage), option


def test_an_unknown_command_is_wrong_usage():
    assert "No such command 'extrakt'" in fails("extrakt")


# Real recordings


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


def test_names_cannot_speak_to_the_terminal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a\x1b[31m\n.wav").write_text("no sound")
    result = run("extract", ".", "-o", "a.csv", status=3)
    assert "\x1b" not in result.stderr
    assert "a\\x1b[31m\\n.wav: decode" in result.stderr


def test_scores_are_shown_and_written_even_if_the_model_cannot_be(tmp_path, monkeypatch):
    table = tmp_path / "t.csv"
    rows = "".join(f"{k % 7},{'xy'[k % 2]}\n" for k in range(40))
    table.write_text("a,label\n" + rows)

    def refuse(*_):
        raise featkit.ModelError("larger than a model file can be")

    monkeypatch.setattr("featkit.sound_model.Model.save", refuse)
    scores, predictions = tmp_path / "s.json", tmp_path / "p.csv"
    done = run(
        *("train", str(table), "--model", "logistic", "-o", str(tmp_path / "m.fk")),
        *("--scores", str(scores), "--predictions", str(predictions)),
        status=1,
    )
    assert "larger than a model file can be" in done.stderr
    assert "accuracy" in done.stdout
    assert scores.exists()
    assert predictions.exists()
