"""``featkit export``: an ONNX file, its test rows, and checks."""

import json
import sys

import pytest
from command_line import error_line, run
from learning import tones

import featkit

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tones.fk"
    featkit.train(tones(60), model="logistic", folds=2).model.save(path)
    return path


def fields(result):
    return [line.split("\t") for line in result.stdout.splitlines()]


def test_a_model_is_exported_and_checked(saved, tmp_path):
    output = tmp_path / "tones.onnx"
    names = fields(run("export", saved, "-o", output))
    assert names[0] == ["file", str(output)]
    assert ["input", "4 columns, double, NaN where missing"] in names
    assert ["not in the file", "class priors"] in names
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "tones.onnx",
        "tones.onnx.test.json",
    ]
    checked = fields(run("export", "--check", output))
    assert checked[1:] == [line for line in names if line[0] in ("check", "largest difference")]
    assert checked[1][1].startswith("76 rows in onnxruntime ")


def test_the_outcome_is_printed_as_json(saved, tmp_path):
    output = tmp_path / "tones.onnx"
    exported = json.loads(run("export", saved, "-o", output, "--json").stdout)
    assert exported["path"] == str(output)
    assert exported["check"]["largest_difference"] < 1e-12
    checked = json.loads(run("export", "--check", output, "--json").stdout)
    assert checked == {"path": str(output), **exported["check"]}


def test_a_check_that_fails_has_status_1(saved, tmp_path):
    output, test = tmp_path / "tones.onnx", tmp_path / "tones.onnx.test.json"
    run("export", saved, "-o", output)
    content = json.loads(test.read_text("utf-8"))
    content["outputs"]["probabilities"][0][2] += 1e-4
    moved = tmp_path / "moved.json"
    moved.write_text(json.dumps(content), "utf-8")
    message = error_line("export", "--check", output, "--test", moved, status=1)
    assert "probabilities of 'mid' of the test row 'training row 0' is" in message


WRONG_USAGE = {
    "nothing": ([], "Give MODEL and -o FILE.onnx, or --check FILE.onnx."),
    "no output": (["m.fk"], "Give MODEL and -o FILE.onnx, or --check FILE.onnx."),
    "check and model": (["m.fk", "--check", "m.onnx"], "--check takes no MODEL"),
    "test without check": (["m.fk", "-o", "m.onnx", "--test", "t"], "--test belongs to --check"),
}


@pytest.mark.parametrize("case", WRONG_USAGE)
def test_wrong_usage_is_explained(case):
    arguments, message = WRONG_USAGE[case]
    assert message in error_line("export", *arguments)


def test_a_missing_extra_is_named(saved, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    message = error_line("export", saved, "-o", tmp_path / "tones.onnx")
    assert message.endswith("ONNX models need the package onnx: pip install 'featkit[onnx]'")
