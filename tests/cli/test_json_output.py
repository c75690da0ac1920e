"""Results as JSON: every command, and how values are converted."""

import json
import math
import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile
from command_line import run

from featkit import signals
from featkit.cli._main import COMMANDS  # which lists the commands
from featkit.cli._plain import plain  # whose values no command has all of
from featkit.schema import Failure

SR = 8000

SET = """
name = "mine"
sample_rate = 8000

[[features]]
family = "rms"
statistics = ["mean", "std"]

[[features]]
family = "spectral_centroid"
statistics = ["mean"]
"""

TRAIN = ["train", "t.parquet", "--model", "logistic", "--folds", "2", "--no-compare-splits"]

CASES = {
    "audit": (["t.parquet", "--check", "exact_copies,balance", "--fail-on", "never"], "issues"),
    "describe": (["loudness"], "descriptors"),
    "diff": (["t.parquet", "t.parquet"], "same"),
    "evaluate": (["m.fk", "t.parquet"], "evaluations"),
    "explain": (["m.fk", "corpus/a/0.wav"], "contributions"),
    "extract": (["corpus", "-o", "u.csv", "--features", "set.toml", "--jobs", "1"], "failures"),
    "features": (["genre75", "--columns"], "column_list"),
    "inspect": (["t.parquet"], "provenance"),
    "labels": (["t.parquet"], "datasets"),
    "merge": (["shard.parquet", "-o", "merged.csv"], "rows"),
    "predict": (["m.fk", "t.parquet"], "predictions"),
    "report": (["scores.json", "-o", "r.html"], "output"),
    "sequences": (["corpus", "-o", "seq", "--features", "rms", "--frames", "4"], "rows"),
    "train": ([*TRAIN[1:], "-o", "n.fk"], "models"),
}
"""Arguments of a quick run of each command, and a key of its result."""

ELSEWHERE = {"demo", "export"}
"""Commands whose JSON is tested with the rest of them."""

WITHOUT = {"completion"}
"""Commands that print a script."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with recordings, a table, a shard, a model and its scores."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for k in range(12):
            label = "ab"[k % 2]
            (folder / "corpus" / label).mkdir(parents=True, exist_ok=True)
            y = signals.noise(SR, 0.3, seed=k) * (0.2 if label == "a" else 0.5)
            soundfile.write(f"corpus/{label}/{k}.wav", y, SR)
        (folder / "set.toml").write_text(SET)
        words = ["extract", "corpus", "--features", "set.toml", "--labels", "folder", "--jobs", "1"]
        run(*words, "-o", "t.parquet")
        run(*words, "-o", "shard.parquet", "--shard", "1/1")
        run(*TRAIN, "-o", "m.fk", "--scores", "scores.json")
    return folder


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    """A copy of the folder."""
    copy = shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(copy)
    return copy


def strict(text):
    """Parse one document of standard JSON: without NaN."""

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_every_command_has_a_case():
    assert {*CASES} | WITHOUT | ELSEWHERE >= {*COMMANDS.names}


@pytest.mark.parametrize("name", sorted({*COMMANDS.names} - WITHOUT))
def test_every_command_has_the_option(name):
    assert any("--json" in parameter.opts for parameter in COMMANDS[name].params)


@pytest.mark.parametrize("name", CASES)
def test_the_result_is_one_document(folder, name):
    words, key = CASES[name]
    result = run(name, *words, "--json", "--log", "run.jsonl")
    document = strict(result.stdout)
    assert key in document
    with open("run.jsonl") as stream:
        logged = [strict(line) for line in stream]
    assert [line["result"] for line in logged if line["event"] == "result"] == [document]


def test_scores_are_those_of_the_file(folder):
    document = strict(run(*TRAIN, "--json", "--scores", "own.json").stdout)
    assert document == json.loads((folder / "own.json").read_text())


def test_predictions_have_all_columns(folder):
    document = strict(run("predict", "m.fk", "corpus", "--json", "-q").stdout)
    assert len(document["predictions"]) == document["rows"] == document["files"] == 12
    first = document["predictions"][0]
    assert {"path", "predicted", "p_a", "p_b"} <= first.keys()
    assert first["p_a"] + first["p_b"] == pytest.approx(1.0)


def test_failures_are_listed_and_still_reported(folder):
    (folder / "corpus" / "bad.wav").write_bytes(b"RIFF")
    result = run("predict", "m.fk", "corpus", "--json", status=3)
    (failure,) = strict(result.stdout)["failures"]
    assert failure["path"] == "bad.wav"
    assert "bad.wav" in result.stderr


def test_values_of_any_kind_become_json():
    values = {
        "nan": np.float32("nan"),
        "inf": math.inf,
        "int": np.int64(3),
        "array": np.array([[1.5, np.nan]]),
        "flag": np.bool_(True),
        "frame": pd.DataFrame({"a": [1, 2], "b": ["x", None]}),
        "failure": Failure("a.wav", "open", "OSError", "no"),
        "time": pd.Timestamp("2026-01-02"),
        "no_time": pd.NaT,
        "missing": pd.NA,
        3: {"x"},
    }
    assert plain(values) == {
        "nan": None,
        "inf": None,
        "int": 3,
        "array": [[1.5, None]],
        "flag": True,
        "frame": [{"a": 1, "b": "x"}, {"a": 2, "b": None}],
        "failure": {"path": "a.wav", "stage": "open", "error": "OSError", "message": "no"},
        "time": "2026-01-02T00:00:00",
        "no_time": None,
        "missing": None,
        "3": ["x"],
    }
