"""Output under an encoding that lacks characters: nothing fails, and nothing is lost."""

import io
import os
import subprocess
import sys

import pytest
import soundfile

import featkit
from featkit import signals
from featkit.cli._main import main

SR = 8000

LEVEL = {"sample_rate": SR, "features": [{"family": "rms", "statistics": ["max"]}]}


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A table whose names no encoding of eight bits has."""
    monkeypatch.chdir(tmp_path)
    for name in ("日本", "音"):
        os.makedirs(f"corpus/{name}")
        soundfile.write(f"corpus/{name}/ü.wav", signals.noise(SR, 0.5), SR)
    featkit.extract("corpus", features=LEVEL, labels="folder").write("日本.csv")


def spoken(monkeypatch, encoding, *words):
    """Standard output and error of a command, where a character that they lack is an error."""
    streams = {}
    for name in ("stdout", "stderr"):
        streams[name] = io.TextIOWrapper(io.BytesIO(), encoding, errors="strict")
        monkeypatch.setattr(sys, name, streams[name])
    with pytest.raises(SystemExit) as end:
        main(words)
    told = []
    for stream in streams.values():
        stream.flush()
        told.append(stream.buffer.getvalue().decode(encoding))
    return end.value.code, *told


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["inspect", "日本.csv"], 0, r"\u65e5\u672c/"),
        (["inspect", "日本.csv", "--columns"], 0, "rms_max"),
        (["inspect", "日本.csv", "--json"], 0, r'"\u65e5\u672c"'),
        (["diff", "日本.csv", "日本.csv"], 0, "same"),
        (["features", "standard"], 0, "mfcc"),
        (["describe", "spectral_bandwidth_var"], 0, r"\xb2"),
        (["inspect", "音.csv"], 1, r"\u97f3.csv"),
        (["extract", "音", "-o", "out.csv"], 2, r"\u97f3"),
        (["extract", "corpus", "--音"], 2, r"\u97f3"),
        (["音"], 2, r"\u97f3"),
    ],
    ids=str,
)
def test_a_character_that_the_encoding_lacks_is_written_out(
    table, monkeypatch, words, status, expected
):
    code, output, errors = spoken(monkeypatch, "iso8859-5", *words)
    assert code == status
    assert expected in output + errors


def test_what_the_encoding_has_is_written_as_it_is(table, monkeypatch):
    code, output, _ = spoken(monkeypatch, "cp1252", "inspect", "日本.csv")
    assert code == 0
    assert r"\u97f3/ü.wav" in output


def test_a_fresh_process_obeys_the_encoding_it_is_given(table):
    done = subprocess.run(
        [sys.executable, "-m", "featkit", "inspect", "日本.csv"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "cp1252:strict"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert rb"\u65e5\u672c/" + "ü.wav".encode("cp1252") in done.stdout


def test_a_reader_that_has_seen_enough_ends_it_quietly(table):
    command = subprocess.Popen(
        [sys.executable, "-m", "featkit", "features", "standard"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    command.stdout.close()
    assert command.stderr.read() == b""
    command.stderr.close()
    assert command.wait() == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is full")
@pytest.mark.parametrize("words", [["--help"], ["--version"], ["features"], ["train", "--help"]])
def test_output_that_cannot_be_written_is_told_in_a_line(words):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "featkit", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "Error: No space left on device\n")
