"""The verdict of `featkit train`: its lines for each task, and the commands that it names."""

import re
import shlex

import numpy as np
import pandas as pd
import pytest
from command_line import run

from featkit.cli._verdict import first_clause


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a table of singers, whose rows resemble one another."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"singer": np.repeat([f"s{k:02}" for k in range(12)], 10)})
    number = data["singer"].str[1:].astype(int)
    data["label"] = np.where(number % 2, "b", "a")
    data["path"] = [f"{s}_{k % 10}.wav" for k, s in enumerate(data["singer"])]
    data["fold"] = np.arange(120) % 5
    shifts = 3 * rng.normal(size=(12, 4))
    of_class = 2.0 * (number % 2).to_numpy()[:, None]
    values = 0.5 * rng.normal(size=(120, 4)) + shifts[number] + of_class
    values[5] = values[44]  # a copy
    for k in range(4):
        data[f"x{k}"] = values[:, k]
    data["valence"] = 0.3 * values[:, 0] + rng.normal(size=120)
    data["tags"] = np.where(values[:, 0] > 0, "loud;fast", "calm")
    data.to_csv("singers.csv", index=False)
    return tmp_path


def verdict(*words):
    """The fields of the verdict; a field of several lines is a list."""
    text = run("train", "singers.csv", "--folds", "3", *words).stdout.partition("\nverdict:\n")[2]
    fields, latest = {}, ""
    for line in text.splitlines():
        name, value = line.split("\t")
        latest = name or latest
        fields.setdefault(latest, []).append(value)
    return fields


def test_a_classification_ends_with_score_baseline_doubts_and_commands(folder):
    quiet = ["--model", "logistic,sgd", "--exclude", "valence"]
    fields = verdict(*quiet, "-o", "my model.fk", "--scores", "s.json")
    number = r"0\.\d{3} \[0\.\d{3}, [01]\.\d{3}\]"
    assert re.fullmatch(
        rf"accuracy {number}, 3 folds by recording; balanced accuracy {number}", fields["score"][0]
    )
    assert re.fullmatch(
        rf"always the most common class: {number}; difference \+\d+\.\d points, the intervals do"
        r" not overlap",
        fields["baseline"][0],
    )
    assert fields["model"] == ["logistic, fitted on 120 rows"]
    assert re.fullmatch(
        rf"sgd: accuracy {number}; the intervals overlap", fields["best other model"][0]
    )
    assert "with --group singer, accuracy 0." in fields["likely group"][0]
    count, *doubts = fields["doubts"]
    assert count == f"{len(doubts)} warnings, in full above:"
    assert "- column 'singer' may identify groups → --group singer" in doubts
    assert "- column 'fold' is not used → --fold fold" in doubts
    assert any("s00_5.wav = s04_4.wav" in text for text in doubts)
    assert fields["written"] == ["my model.fk, s.json"]
    again, report, predict = map(shlex.split, fields["next"])
    assert again[-2:] == ["--group", "singer"]
    assert again[:3] == ["featkit", "train", "singers.csv"]
    assert report == ["featkit", "report", "my model.fk", "singers.csv", "-o", "my model.html"]
    assert predict == ["featkit", "predict", "my model.fk", "RECORDING"]


def test_the_named_commands_work(folder):
    options = ["--model", "logistic", "--exclude", "valence", "-o", "m.fk"]
    again, report, _ = map(shlex.split, verdict(*options)["next"])
    fields = {}
    text = run(*again[1:]).stdout.partition("\nverdict:\n")[2]
    for line in text.splitlines():
        name, _, value = line.partition("\t")
        fields.setdefault(name, value)
    assert "3 folds by singer" in fields["score"]
    assert "row-wise split" in fields
    assert "would claim accuracy 0." in fields["row-wise split"]
    assert "likely group" not in fields
    assert report[1:] == ["report", "m.fk", "singers.csv", "-o", "m.html"]


def test_without_a_file_the_verdict_says_how_to_keep_the_model(folder):
    fields = verdict("--target", "valence", "--model", "ridge")
    assert fields["score"][0].startswith("mean absolute error 0.")
    assert fields["baseline"][0].startswith("always the mean: ")
    assert "difference -0." in fields["baseline"][0]
    assert fields["written"] == ["nothing: add -o model.fk to keep the model"]
    assert fields["next"][-1].endswith("-o model.fk")


def test_several_labels_have_a_verdict(folder):
    words = ["--multilabel", "tags", "--model", "logistic", "--group", "singer"]
    fields = verdict(*words, "--exclude", "valence")
    assert fields["score"][0].startswith("mean average precision ")
    assert "would claim mean average precision " in fields["row-wise split"][0]


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("column 'a' is b; it is left out", "column 'a' is b"),
        ("a score. See there", "a score"),
        ("column 'fold' is not used: if it is a split, add it", "column 'fold' is not used"),
        ("the ratio 1.5 of a: b is low", "the ratio 1.5 of a: b is low"),
        ("x" * 150, "x" * 99 + "…"),
    ],
)
def test_a_doubt_is_the_first_clause_of_a_warning(text, clause):
    assert first_clause(text) == clause
