"""``featkit evaluate``: from sound and tables to scores, predictions and a report."""

import csv
import json

import numpy as np
import pytest
import soundfile
from command_line import SMALL_SET, error_line, run
from learning import tones, trained

import featkit
from featkit.datasets.synthetic import write_corpus
from featkit.evaluation.result import CrossEvaluation
from featkit.models.serialization import from_dict


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, its training table, and tables of other recordings."""
    folder = tmp_path_factory.mktemp("evaluate")
    result, table = trained(tones(90), "logistic")
    result.model.save(folder / "m.fk")
    table.write(folder / "home.parquet")
    trained(tones(90), "logistic", seed=5)[0].model.save(folder / "other.fk")
    far = tones(60, seed=1, spread=2.0).assign(sex=["f", "m", "f", "f"] * 15)
    far["path"] = "far/" + far["path"]
    far.loc[0, "label"] = "polka"
    far.to_csv(folder / "far.csv", index=False)
    return folder


def test_scores_predictions_and_report_are_written_and_shown(folder, tmp_path):
    scores, predictions, page = tmp_path / "s.json", tmp_path / "p.csv", tmp_path / "r.html"
    done = run(
        *("evaluate", folder / "m.fk", folder / "far.csv", "--by", "sex", "-o", scores),
        *("--predictions", predictions, "--report", page, "--jobs", 1),
        *("--training-table", folder / "home.parquet"),
    )
    evaluation = from_dict(CrossEvaluation, json.loads(scores.read_text("utf-8")))
    (one,) = evaluation.evaluations
    assert (one.dataset, one.model) == ("far", "m")
    with predictions.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    right = np.mean([row["correct"] == "true" for row in rows])
    assert one.scores.accuracy.value == pytest.approx(right)
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"m on far: accuracy {one.scores.accuracy.value:.3f} [")
    assert "; at home 0." in lines[0]
    assert "scored: 59 of 60 rows" in lines
    assert "not scored: 1 row with a label that the model does not know: polka 1" in lines
    for title in (
        "classes:",
        "confusion matrix, in recordings:",
        "calibration: ",
        "by sex:",
        "shift: ",
    ):
        assert any(line.startswith(title) for line in lines), title


def test_several_models_and_datasets_have_an_overview_and_comparisons(folder):
    arguments = [folder / name for name in ("m.fk", "other.fk", "far.csv", "home.parquet")]
    done = run("evaluate", *arguments, "--jobs", 1)
    lines = done.stdout.splitlines()
    assert lines[0] == "balanced accuracy [95 % confidence interval]:"
    assert [line.split("\t")[:2] for line in lines[2:6]] == [
        *(["far", "m"], ["far", "other"], ["home", "m"], ["home", "other"])
    ]
    assert "pairs of models, on the recordings that both predict:" in lines
    assert "the whole training table" in done.stderr


def test_results_are_shown_and_written_even_if_one_of_them_fails(folder, tmp_path, monkeypatch):
    def refuse(*_):
        raise featkit.WriteError("the disk is full")

    monkeypatch.setattr("featkit.report.evaluation_page.write_evaluation_report", refuse)
    scores, predictions = tmp_path / "s.json", tmp_path / "p.csv"
    done = run(
        *("evaluate", folder / "m.fk", folder / "far.csv", "-o", scores),
        *("--predictions", predictions, "--report", tmp_path / "r.html"),
        status=1,
    )
    assert "the disk is full" in done.stderr
    assert "m on far: accuracy" in done.stdout
    assert scores.exists()
    assert predictions.exists()


def test_a_label_map_merges_classes(folder, tmp_path):
    (tmp_path / "map.toml").write_text(
        'drop = ["polka"]\n[labels]\ntonal = ["high", "mid"]\ndeep = ["low"]\n', "utf-8"
    )
    done = run(
        "evaluate", folder / "m.fk", folder / "far.csv", "--label-map", tmp_path / "map.toml"
    )
    assert "not scored: 1 row dropped by the label map: polka 1" in done.stdout
    assert "merged classes" in done.stdout
    assert "\ntonal\t40\t" in done.stdout or "\ntonal\t39\t" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message", "status"),
    [
        (["far.csv"], "No model is given: name at least one model file", 2),
        (["m.fk"], "No dataset is given", 2),
        (["m.fk", "far.csv", "far.csv"], "far.csv: is given twice", 2),
        (["m.fk", "m.fk", "far.csv"], "m.fk: is given twice", 2),
        (["gone.fk", "far.csv"], "gone.fk", 1),
        (["m.fk", "gone.csv"], "gone.csv: no such file", 1),
        (["m.fk", "far.csv", "--label", "x"], "far: unknown column 'x'", 2),
        (
            ["m.fk", "far.csv", "--label", "sex"],
            "far: no label in common: column 'sex' holds f, m",
            2,
        ),
        (["m.fk", "far.csv", "--by", "age"], "far: unknown column 'age'", 2),
        (["m.fk", "far.csv", "-o", "s.csv"], "s.csv: the file name must end in .json", 2),
        (
            ["m.fk", "far.csv", "--predictions", "far.csv"],
            "is an input and would be overwritten",
            2,
        ),
        (["m.fk", "far.csv", "--labels", "folder"], "labels cannot be used with tables", 2),
        (["m.fk", "far.csv", "--label-separator", ""], "must not be empty", 2),
        (["m.fk", "far.csv", "--training-table", "far.csv"], "is not the training table", 2),
    ],
)
def test_wrong_use_is_one_line_that_says_what_to_do(
    folder, monkeypatch, arguments, message, status
):
    monkeypatch.chdir(folder)
    assert message in error_line("evaluate", *arguments, status=status)


def test_sound_is_extracted_like_the_training_data(tmp_path):
    set_file = tmp_path / "mine.toml"
    set_file.write_text(SMALL_SET)
    home, quiet = tmp_path / "home", tmp_path / "quiet"
    write_corpus(home, clips_per_style=3)
    for file in write_corpus(quiet, clips_per_style=2, seed=1):
        y, rate = soundfile.read(file)
        soundfile.write(file, 0.1 * y, rate)
    table = featkit.extract(home, labels="folder", features=set_file).table
    featkit.train(table, model="logistic", folds=3).model.save(tmp_path / "style.fk")
    scores, features = tmp_path / "s.json", tmp_path / "quiet.parquet"
    options = ("--labels", "folder", "--extracted", features, "-o", scores, "--jobs", 1)
    done = run("evaluate", tmp_path / "style.fk", quiet, *options)
    (one,) = json.loads(scores.read_text("utf-8"))["evaluations"]
    assert one["dataset"] == "quiet"
    assert one["counts"]["scored_rows"] == len(featkit.FeatureTable.read(features)) == 8
    assert "recording conditions" in done.stdout
    again = run("evaluate", tmp_path / "style.fk", features)
    assert again.stdout == done.stdout
    broken = next(path for path in quiet.iterdir() if path.is_dir()) / "broken.wav"
    broken.write_bytes(b"RIFF not sound")
    words = (quiet, "--labels", "folder", "--jobs", 1)
    failed = run("evaluate", tmp_path / "style.fk", *words, status=3)
    assert "not read: 1 sound file" in failed.stdout
    assert "1 failed:" in failed.stderr
    assert "broken.wav: " in failed.stderr
