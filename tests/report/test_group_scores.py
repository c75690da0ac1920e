"""Scores of each group that was left out, on the page and on the terminal."""

import re

import numpy as np
import pytest
from click.testing import CliRunner
from learning import tones
from reporting import plain_text

import featkit
from featkit.cli._main import main
from featkit.report._group_scores import MAX_GROUPS, group_scores
from featkit.report.page import page


def voices(speakers=4, rows=48):
    data = tones(rows).assign(speaker=[f"s{k // 3 % speakers}" for k in range(rows)])
    data.loc[(data["speaker"] == "s0") & (data["label"] == "mid"), "label"] = "low"
    data.loc[[3, 4], "label"] = "rare"
    return data


@pytest.fixture(scope="module")
def result():
    return featkit.train(voices(), model="logistic", group="speaker", leave_one_group_out=True)


def test_the_page_has_the_accuracy_of_each_group(result):
    text = plain_text(page(model=result.model))
    for name, own in result.evaluation.fold_scores.items():
        row = rf'<th scope="row">{name}</th><td><svg.*?</svg></td><td class="number">(.*?) '
        assert re.search(row, text)[1] == f"{own['accuracy']:.3f}"
    assert "No training row has the class of 2 test rows" in text
    assert "No test row of speaker “s0” has the class “mid”" in text
    assert "--leave-one-group-out -o MODEL.fk" in text


def test_the_terminal_has_them_too(tmp_path):
    voices().to_csv(tmp_path / "t.csv", index=False)
    words = ["train", str(tmp_path / "t.csv"), "--group", "speaker", "--leave-one-group-out"]
    outcome = CliRunner().invoke(main, [*words, "--model", "logistic", "--jobs", "1"])
    assert outcome.exit_code == 0, outcome.output
    assert "1 class occurs in one fold only" in outcome.output
    assert "scores of each speaker by a model of the others" in outcome.output
    assert "class mid: no test row in fold s0" in outcome.output
    assert "2 test rows of rare, which no training row of the fold has" in outcome.output


def test_of_many_groups_the_lowest_and_the_highest_are_shown():
    data = tones(96).assign(speaker=[f"s{k // 3}" for k in range(96)])
    result = featkit.train(data, model="logistic", group="speaker", leave_one_group_out=True)
    scores = group_scores(result.evaluation)
    assert (len(scores.all), len(scores.shown)) == (32, MAX_GROUPS)
    assert scores.rest.startswith("2 speakers")
    accuracies = [row.values[0] for row in scores.shown]
    assert accuracies == sorted(accuracies)
    assert np.isin([accuracies[0], accuracies[-1]], [row.values[0] for row in scores.all]).all()


def test_other_splits_have_no_scores_of_groups():
    result = featkit.train(tones(30), model="logistic", folds=3)
    assert group_scores(result.evaluation) is None
