"""``--target``: training, predictions, explanations and reports of a number."""

import json

import pytest
from click.testing import CliRunner
from regression_data import trained, voices

from featkit.cli._main import main
from featkit.cli._regression_scores import TITLES
from featkit.models.regression_types import REGRESSION_METRICS


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("regression")
    voices().to_csv(folder / "voices.csv", index=False)
    return folder


def train(folder, *more):
    return run(
        *("train", folder / "voices.csv", "--target", "valence", "--group", "speaker"),
        *("--folds", 3, "--model", "ridge", "--jobs", 1, *more),
    )


def test_training_prints_and_writes_scores_and_predictions(folder):
    outputs = ("-o", folder / "m.fk", "--scores", folder / "s.json")
    result = train(folder, *outputs, "--predictions", folder / "p.csv")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("60 rows of 12 speakers, valence from ")
    header = next(line for line in lines if line.startswith("model\t"))
    assert header.split("\t") == ["model", *TITLES.values(), "time", "size"]
    assert any(line.startswith("ridge\t0.") for line in lines)
    assert "ridge, errors of each speaker (the 10 with the largest errors):" in lines
    scores = json.loads((folder / "s.json").read_text())
    assert scores["models"]["ridge"].keys() == REGRESSION_METRICS.keys()
    assert scores["training"]["settings"]["target"] == "valence"
    expected = trained("ridge").scores
    assert scores["models"]["ridge"]["r2"]["value"] == expected["models"]["ridge"]["r2"]["value"]
    assert (folder / "p.csv").read_text().startswith("row,path,group,fold,target,predicted\n")


def test_predictions_of_a_table(folder):
    train(folder, "-o", folder / "m.fk")
    result = run("predict", folder / "m.fk", folder / "voices.csv", "--jobs", 1)
    assert result.exit_code == 0, result.output
    header, first, *_ = result.stdout.splitlines()
    assert header == "path\tpredicted"
    assert abs(float(first.split("\t")[1]) - voices()["valence"][0]) < 3


def test_reports_with_and_without_a_table(folder):
    train(folder, "-o", folder / "m.fk", "--scores", folder / "s.json")
    for inputs in (["m.fk", "voices.csv"], ["m.fk"], ["s.json"]):
        paths = [folder / name for name in inputs]
        result = run("report", *paths, "-o", folder / "r.html", "--quiet")
        assert result.exit_code == 0, result.output
        assert "Errors by range of the target" in (folder / "r.html").read_text("utf-8")


def test_a_target_together_with_a_label_is_refused(folder):
    result = train(folder, "--label", "speaker")
    assert result.exit_code != 0
    assert "label and target exclude each other" in result.output
    assert "Traceback" not in result.output


def test_a_target_with_text_is_refused_with_the_row(folder):
    data = voices().astype({"valence": str})
    data.loc[4, "valence"] = "loud"
    data.to_csv(folder / "text.csv", index=False)
    result = run(
        "train", folder / "text.csv", "--target", "valence", "--model", "ridge", "--jobs", 1
    )
    assert result.exit_code != 0
    assert "the target 'valence' is 'loud', which is no number" in result.output
    assert "Traceback" not in result.output


def test_each_dataset_can_be_left_out_once(folder):
    for seed in (1, 2):
        voices(seed=seed).to_csv(folder / f"studio{seed}.csv", index=False)
    tables = [folder / "studio1.csv", folder / "studio2.csv"]
    options = ("--target", "valence", "--model", "ridge", "--jobs", 1, "--leave-one-dataset-out")
    result = run("train", *tables, *options, "-o", folder / "two.fk")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    place = lines.index("ridge, scores of each dataset by a model of the others:")
    assert [line.split("\t")[:2] for line in lines[place + 2 : place + 4]] == [
        ["studio1", "60"],
        ["studio2", "60"],
    ]
    assert run("report", folder / "two.fk", "-o", folder / "two.html").exit_code == 0
    assert "Scores of each dataset" in (folder / "two.html").read_text("utf-8")


def test_help_lists_the_option_and_the_regressors():
    output = run("train", "--help").stdout
    assert "--target" in output
    assert "svr" in output
