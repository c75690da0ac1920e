"""Networks on the command line: train, predict and evaluate with folders of sequences."""

import dataclasses
import json

import pandas as pd
import pytest
from command_line import error_line, run
from fake_networks import add_fake_network, recordings

from featkit.models.networks.extra import missing_extra
from featkit.table.sequences.writing import write_sequences

NO_FOLDER = "is a file, not a folder of sequences"

STATUS = {NO_FOLDER: 1}
"""Status of messages that are about files instead of arguments."""

needs_torch = pytest.mark.skipif(bool(missing_extra()), reason="needs the extra deep")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with a table, and the sequences of its recordings."""
    add_fake_network(monkeypatch)
    whole = recordings(columns=["a", "b"], shape=(8, 10))
    write_sequences(tmp_path / "seq", [whole])
    dataclasses.replace(whole, sequences=None).write(tmp_path / "t.csv")
    return tmp_path


def test_several_models_are_one_leaderboard(files):
    done = run(
        *("train", files / "t.csv", "--sequences", files / "seq", "--model", "fake,logistic"),
        *("--jobs", 1, "--folds", 3, "--set", "fake.strength=2.0", "--set", "logistic.C=0.1"),
        *("--scores", files / "s.json", "--learning-curves", files / "curves.csv"),
    )
    lines = done.stdout.splitlines()
    (head,) = (line for line in lines if line.startswith("model\taccuracy"))
    assert head.endswith("\ttime\tsize")
    rows = dict(line.split("\t", 1) for line in lines[lines.index(head) + 1 :][:3])
    assert {*rows} == {"fake", "logistic", "baseline"}
    assert rows["fake"].endswith("KB")
    assert rows["baseline"].endswith("\t\t")
    assert "36 rows of 36 recordings, 3 classes, sequences" in done.stdout
    assert "accuracy of fake minus that of each other model on the same 36 rows" in done.stdout
    scores = json.loads((files / "s.json").read_text())
    assert scores["training"]["settings"]["model"] == "fake,logistic"
    assert scores["training"]["settings"]["parameters"] == {
        "fake.strength": 2.0,
        "logistic.C": 0.1,
    }
    assert scores["training"]["candidate"] == "fake (strength=2.0)"
    assert [one["model"] for one in scores["differences"]] == ["logistic", "baseline"]
    curves = pd.read_csv(files / "curves.csv")
    assert list(curves.columns) == [
        *("model", "fold", "epoch", "training_loss", "training_accuracy"),
        *("validation_loss", "validation_accuracy", "kept"),
    ]
    assert len(curves) == 3 * 3


def test_learning_curves_of_classical_models_are_an_empty_table(files):
    curves = files / "curves.csv"
    run("train", files / "t.csv", "--jobs", 1, "--model", "sgd", "--learning-curves", curves)
    assert pd.read_csv(curves).empty


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["t.csv", "--model", "fake"], "make them with `featkit sequences FOLDER -o DIR`"),
        (["seq", "--model", "fake,svm"], "svm learns from columns"),
        (["seq"], "auto learns from columns, and the table has sequences only: name networks"),
        (["t.csv", "--model", "svm", "--sequences", "seq"], "no model learns from them"),
        (["t.csv", "--model", "fake,svm", "--set", "C=1"], "as in fake.C"),
        (["t.csv", "--model", "cnn", "--set", "schedule=slow"], "available: one-cycle, constant"),
        (["t.csv", "--model", "cnn", "--set", "freeze=true"], "freeze must be a whole number"),
        (["t.csv", "--model", "cnn", "--target", "a"], "cnn is a network, which predicts classes"),
        (["t.csv", "--model", "fake", "--sequences", "t.csv"], NO_FOLDER),
    ],
)
def test_mistakes_are_explained(files, monkeypatch, arguments, message):
    monkeypatch.chdir(files)
    assert message in error_line("train", *arguments, status=STATUS.get(message, 2))


@needs_torch
def test_a_network_is_trained_and_predicts(files, monkeypatch):
    monkeypatch.chdir(files)
    values = ("epochs=1", "batch_size=8", "schedule=constant")
    options = ["--jobs", 1, *(word for value in values for word in ("--set", value))]
    done = run("train", "seq", "--model", "cnn", "--folds", 2, *options, "-o", "cnn.fk")
    assert "cnn (epochs=1, batch_size=8, schedule=constant), fitted on 36 rows" in done.stderr
    alone = run("predict", "cnn.fk", "seq").stdout
    assert run("predict", "cnn.fk", "t.csv", "--sequences", "seq").stdout == alone
    message = error_line("predict", "cnn.fk", "t.csv", status=1)
    assert "reads sequences, and the table has none" in message
    joined = run("evaluate", "cnn.fk", "t.csv", "--sequences", "seq", "-o", "e.json", "--jobs", 1)
    assert "scored: 36 of 36 rows" in joined.stdout
    scores = json.loads((files / "e.json").read_text())["evaluations"][0]
    home = scores["home"]["metrics"]["accuracy"]["value"]
    assert scores["scores"]["accuracy"]["value"] == home


def test_sequences_are_refused_for_sound(files, monkeypatch):
    monkeypatch.chdir(files)
    run("train", "t.csv", "--jobs", 1, "--model", "sgd", "-o", "m.fk")
    message = error_line("predict", "m.fk", "song.wav", "--sequences", "seq")
    assert "those of sound files are computed" in message
