"""``--annotations`` and its options."""

import pytest
from annotation_writers import RAVEN_NAMES, textgrid
from command_line import error_line, run
from extracting import clip, write_audio
from folders import write_file


@pytest.fixture
def recording(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_audio(tmp_path / "dawn.wav", clip(0, 2.0))


def extract(*arguments, **how):
    return run("extract", "dawn.wav", "-o", "out.csv", "--features", "genre75", *arguments, **how)


def labels(tmp_path):
    lines = (tmp_path / "out.csv").read_text().splitlines()
    place = lines[0].split(",").index("label")
    return [line.split(",")[place] for line in lines[1:]]


def test_files_are_repeatable_and_tier_and_background_are_used(recording, tmp_path):
    tiers = {"words": [(0.5, 1.0, "one")], "phones": [(0.0, 0.5, "w")]}
    write_file(tmp_path / "a" / "dawn.TextGrid", textgrid(tiers))
    write_file(tmp_path / "b" / "dusk.txt", "0\t1\tx\n")
    result = extract(
        *("--annotations", "a", "--annotations", "b", "--tier", "words", "--background", "none")
    )
    assert sorted(labels(tmp_path)) == ["none", "none", "one"]
    assert "annotations of 1 recording that are not among the inputs" in result.stderr


def test_the_column_of_the_label_is_named(recording, tmp_path):
    text = "\t".join([*RAVEN_NAMES, "Species", "Call"]) + "\n1\tv\t1\t0.5\t1\t\t\twren\tsong\n"
    write_file(tmp_path / "dawn.txt", text)
    line = error_line("extract", "dawn.wav", "-o", "out.csv", "--annotations", "dawn.txt", status=1)
    assert line.endswith("name one with --annotation-label (annotation_label)")
    extract("--annotations", "dawn.txt", "--annotation-label", "call")
    assert labels(tmp_path) == ["song"]


def test_a_fault_is_one_line_with_file_and_line(recording, tmp_path):
    write_file(tmp_path / "dawn.txt", "0\t1\ta\n1\tx\tb\n")
    line = error_line("extract", "dawn.wav", "-o", "out.csv", "--annotations", "dawn.txt", status=1)
    assert line == "Error: dawn.txt: line 2: end: 'x' is not a number of seconds, such as 12.5"


@pytest.mark.parametrize("command", ["extract", "predict", "evaluate"])
def test_the_help_explains_the_options(command):
    shown = run(command, "--help").stdout
    for option in ("--annotations FILE|FOLDER", "--tier", "--annotation-label", "--background"):
        assert option in shown
