"""The report of scores without a model."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from learning import tones
from reporting import plain_text

import featkit
from featkit.cli._main import main
from featkit.errors import TableError
from featkit.report.page import page, read_scores, write_report


@pytest.fixture(scope="module")
def result():
    return featkit.train(tones(rows=60), model="logistic", folds=3)


def test_the_page_of_a_result_is_that_of_its_model(result, tmp_path):
    write_report(tmp_path / "r.html", model=result)
    assert (tmp_path / "r.html").read_text("utf-8") == page(model=result.model)


def test_a_page_of_scores_alone(result, tmp_path):
    (tmp_path / "s.json").write_text(json.dumps(result.scores), "utf-8")
    words = [str(tmp_path / name) for name in ("s.json", "s.html")]
    outcome = CliRunner().invoke(main, ["report", words[0], "-o", words[1]])
    assert outcome.exit_code == 0, outcome.output
    text = plain_text((tmp_path / "s.html").read_text("utf-8"))
    right = np.trace(result.scores["confusion"])
    assert f"Of 60 recordings, {right} (" in text
    assert "pass the table as well" in text
    assert "column “" not in text
    assert "featkit train" not in text.split("Reproducibility")[-1]
    refused = CliRunner().invoke(main, ["report", words[0], "-o", words[1], "--rows", "3"])
    assert refused.exit_code == 2


def test_scores_as_the_command_writes_them(tmp_path):
    tones(rows=60).rename(columns={"label": "kind"}).to_csv(tmp_path / "t.csv", index=False)
    names = {name: str(tmp_path / name) for name in ("t.csv", "s.json", "s.html")}
    words = ["train", names["t.csv"], "--label", "kind", "--folds", "3", "--model", "logistic"]
    outcome = CliRunner().invoke(main, [*words, "--jobs", "1", "--scores", names["s.json"]])
    assert outcome.exit_code == 0, outcome.output
    outcome = CliRunner().invoke(main, ["report", names["s.json"], "-o", names["s.html"]])
    assert outcome.exit_code == 0, outcome.output
    text = plain_text((tmp_path / "s.html").read_text("utf-8"))
    assert "column “kind”" in text
    assert "featkit train TABLE.parquet --label kind --folds 3 --model logistic" in text


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"model": "logistic", "classes": ["a", "b"]}', "\x00", "null"]
)
def test_files_without_scores_are_refused(tmp_path, text):
    (tmp_path / "s.json").write_text(text, "utf-8")
    with pytest.raises(TableError, match=r"s\.json: not a file of scores"):
        read_scores(tmp_path / "s.json")
    with pytest.raises(TableError, match="cannot read"):
        read_scores(tmp_path / "nowhere.json")


@pytest.mark.parametrize("missing", ["confusion", "calibration", "per_class", "models", "protocol"])
def test_incomplete_scores_are_refused(result, tmp_path, missing):
    scores = {name: value for name, value in result.scores.items() if name != missing}
    (tmp_path / "s.json").write_text(json.dumps(scores), "utf-8")
    with pytest.raises(TableError, match="not a file of scores"):
        read_scores(tmp_path / "s.json")
