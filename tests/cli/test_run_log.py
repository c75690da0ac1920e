"""The log of a run: `--log`."""

import json
import os
import subprocess
import sys

import pytest
import soundfile
from command_line import error_line, run

from featkit import signals
from featkit.cli import _progress, _run_log  # whose clock no command exposes

SR = 8000


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a recording, and a file that is not sound."""
    monkeypatch.chdir(tmp_path)
    os.makedirs("corpus/a")
    soundfile.write("corpus/a/one.wav", signals.noise(SR, 0.5), SR)
    (tmp_path / "corpus" / "a" / "bad.wav").write_bytes(b"RIFF")
    (tmp_path / "set.toml").write_text(
        'name = "mine"\nsample_rate = 8000\n[[features]]\nfamily = "rms"\nstatistics = ["max"]\n'
    )
    return tmp_path


def events(path="run.jsonl"):
    with open(path) as stream:
        return [json.loads(line) for line in stream]


def test_a_run_is_logged_from_start_to_end(folder):
    words = ["extract", "corpus", "-o", "t.csv", "--features", "set.toml", "--jobs", "1", "-q"]
    run(*words, "--log", "run.jsonl", status=3)
    lines = events()
    kinds = [line["event"] for line in lines]
    assert kinds[0] == "start"
    assert kinds[-1] == "end"
    assert {"progress", "message", "failure", "result"} <= {*kinds}
    by_kind = {line["event"]: line for line in lines}
    assert by_kind["start"]["command"] == "extract"
    assert by_kind["start"]["options"]["features"] == "set.toml"
    assert by_kind["start"]["options"]["jobs"] == 1
    failure = by_kind["failure"]
    assert failure["path"] == "a/bad.wav"
    assert failure["stage"] == "decode"
    assert failure["error"]
    assert failure["message"]
    assert by_kind["progress"]["done"] == by_kind["progress"]["total"] == 2
    assert by_kind["result"]["result"]["rows"] == 1
    assert by_kind["end"]["status"] == 3
    assert by_kind["end"]["seconds"] >= 0


def test_logs_are_appended(folder):
    run("describe", "tempo", "--log", "run.jsonl")
    run("--log", "run.jsonl", "describe", "tempo")
    assert [line["event"] for line in events()] == ["start", "result", "end"] * 2


def test_an_error_is_logged(folder):
    error_line("inspect", "missing.csv", "--log", "run.jsonl", status=1)
    end = events()[-1]
    assert (end["event"], end["status"], end["error"]) == ("end", 1, "TableError")
    assert "missing.csv" in end["message"]


def test_secrets_are_not_logged(folder):
    url = "ftp://me:secret@host/t.csv"  # the missing map ends the run before it is read
    run("labels", "--map", "missing.toml", url, "--log", "run.jsonl", status=2)
    assert events()[0]["options"]["tables"] == ["ftp://me@host/t.csv"]
    assert "secret" not in (folder / "run.jsonl").read_text()


def test_progress_is_throttled(clock, folder, monkeypatch):
    lines = []

    class Log:
        def write(self, event, **fields):
            lines.append(fields["done"])

    monkeypatch.setattr(_run_log, "current_log", Log)
    with _progress._display("training", "fits") as report:
        for done in range(1, 13):
            clock.now += 1
            report(done, 12)
    assert lines == [5, 10, 12]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is full")
def test_a_full_disk_does_not_end_the_run(folder):
    os.symlink("/dev/full", "run.jsonl")
    result = run("describe", "tempo", "--log", "run.jsonl")
    assert result.stderr.startswith("warning: run.jsonl: cannot write the log: No space left")
    assert result.stderr.count("warning") == 1
    assert "tempo" in result.stdout


@pytest.mark.parametrize("name", ["t.csv", "missing/run.jsonl", "s3://bucket/run.jsonl"])
def test_a_file_that_cannot_be_a_log_is_wrong_usage(folder, name):
    assert name in error_line("describe", "tempo", "--log", name)


def test_a_killed_run_leaves_whole_lines(folder):
    code = (
        "import os, click; from featkit.cli import main; from featkit.cli import describe;"
        "describe._show_column = lambda fields: os._exit(9); main()"
    )
    words = [sys.executable, "-c", code, "describe", "tempo", "--log", "run.jsonl"]
    assert subprocess.run(words, check=False).returncode == 9
    assert [line["event"] for line in events()] == ["start", "result"]
