"""``featkit sequences``: what it writes and shows, and how it ends."""

import re

import numpy as np
import pytest
from command_line import error_line, run
from extracting import clip, write_audio
from sequence_tables import same_sequences

import featkit
from featkit.table.sequences.reading import read_sequences


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Two labels with a recording each; its parent is the current folder. There are no workers."""
    monkeypatch.chdir(tmp_path)
    for user in ("opening", "_in_process"):
        monkeypatch.setattr(f"featkit.executors.{user}.why_no_processes", lambda: "test")
    for k, label in enumerate(["rain", "dog"]):
        write_audio(tmp_path / "corpus" / label / f"{k}.wav", clip(k, 0.3 + 0.1 * k))
    return tmp_path / "corpus"


def test_the_folder_is_that_of_the_function(corpus):
    options = ("--features", "mel16,mfcc8", "--labels", "folder", "--dtype", "float16")
    result = run("sequences", corpus, "-o", "s/", *options)
    assert result.stdout == ""
    pattern = r"s/: 2 rows, mel16 16 × 18, mfcc8 8 × 18, 1\.73 KB; 0\.7 s of audio in"
    assert re.search(pattern, result.stderr)
    table = read_sequences("s")
    assert table.labels.tolist() == ["dog", "rain"]
    expected = featkit.sequences(corpus, features=["mel16", "mfcc8"], dtype="float16").table
    same_sequences(table, expected)


def test_a_definition_from_a_file_and_the_options_of_length(corpus):
    (corpus.parent / "own.toml").write_text('kinds = ["rms"]\nframes = 30\n')
    run("sequences", corpus, "-o", "s", "--features", "own.toml", "--frames", 4, "-q")
    assert read_sequences("s").sequences.shapes == {"rms": (1, 4)}
    run("sequences", corpus, "-o", "t", "--features", "rms", "--seconds", 0.1, "-q")
    assert read_sequences("t").sequences.shapes == {"rms": (1, 1 + 2205 // 512)}


def test_segments_and_names_are_rows_and_columns(corpus):
    arguments = ("--features", "rms", "--segment", 0.2, "--name-pattern", "{label}/{take}")
    run("sequences", corpus, "-o", "s", *arguments, "-q")
    table = read_sequences("s")
    assert table.column("take").tolist() == ["1", "1", "0"]
    assert np.all(table.sequences.kinds["rms"].lengths == 1 + 4410 // 512)


def test_failures_are_listed_and_give_status_3(corpus):
    (corpus / "bad.wav").write_text("no samples")
    result = run("sequences", corpus, "-o", "s", "--features", "rms", status=3)
    assert "bad.wav" in result.stderr
    assert (corpus.parent / "s.failures.csv").exists()
    run("sequences", corpus, "-o", "s", "--features", "rms", "--max-failures", 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--features", "nothing"], "nothing"),
        (["--features", "rms", "--seconds", 0], "seconds must be above 0"),
        (["--labels", "folders"], "'folders' is not folder, folder:2 and so on"),
        (["--features", "rms", "--dtype", "float64"], "float32"),
    ],
)
def test_wrong_options_are_errors_of_usage(corpus, arguments, message):
    assert message in error_line("sequences", corpus, "-o", "s", *arguments)


def test_an_output_of_others_is_not_replaced(corpus):
    assert "'dog'" in error_line("sequences", corpus, "-o", corpus)
    (corpus.parent / "file").touch()
    assert "is a file, not a folder" in error_line("sequences", corpus, "-o", "file")


def test_recordings_must_be_named(corpus):
    assert "Missing argument 'INPUT...'" in error_line("sequences", "-o", "s")


def test_what_killed_runs_left_is_removed(corpus):
    scratch = corpus.parent / ".s.123.part"
    scratch.mkdir()
    for name in ("mel.npy", "index.parquet"):
        (scratch / name).touch()
    run("sequences", corpus, "-o", "s", "--features", "rms", "-q")
    assert not scratch.exists()


def test_inspect_and_diff_show_sequences(corpus):
    run("sequences", corpus, "-o", "s", "--features", "mel16,rms", "-q")
    shown = run("inspect", "s").stdout
    assert re.search(r"sequence set\s+custom", shown)
    assert re.search(r"mel16\s+16\s+18\s+float32\s+13\s+15\.5\s+18", shown)
    assert "features by family" not in shown
    assert '"kind": "rms"' in run("inspect", "s", "--json").stdout
    assert re.search(r"same\s+yes", run("diff", "s", "s").stdout)
    run("sequences", corpus, "-o", "t", "--features", "mel16,mfcc8", "--dtype", "float16", "-q")
    shown = run("diff", "s", "t", status=1).stdout
    assert re.search(r"mel16\s+float32 16 × 18\s+float16 16 × 18\s+2\s+0\.0", shown)
    assert re.search(r"rms\s+float32 1 × 18", shown)
    shown = run("diff", "s", "t", "--atol", 0.1, status=1).stdout
    assert not re.search(r"mel16\s+float32", shown)
