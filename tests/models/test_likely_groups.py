"""Likely groups are scored, and shown first by the command line and the report."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from learning import few_estimators, file_names, people
from sklearn.metrics import accuracy_score
from sklearn.pipeline import Pipeline

import featkit
from featkit.cli._main import main
from featkit.explanation import explain
from featkit.models import pipeline
from featkit.models.splits import GroupFolds
from featkit.report.page import page
from featkit.table.feature_table import FeatureTable

VOICES = [f"v{k}" for k in range(6)]


def named_table(folder):
    data, who, take = people()
    data["name"] = file_names(who, take)
    file = folder / "voices.csv"
    data.to_csv(file, index=False)
    return data, who, file


def test_the_score_by_a_likely_group_is_that_of_the_named_group():
    data, who, take = people()
    named = data.assign(name=file_names(who, take))
    result = featkit.train(named, model="svm")
    by_group = result.scores["by_group"]
    assert by_group["group"] == "stem(name, 1-3)"
    grouped = featkit.train(named, model="svm", group="stem(name, 1-3)")
    values = {name: metric["value"] for name, metric in grouped.scores["models"]["svm"].items()}
    assert by_group["scores"] == pytest.approx(values, rel=1e-12)
    by_column = featkit.train(data.assign(who=[f"S{w:02d}" for w in who]), model="svm", group="who")
    assert values["accuracy"] == by_column.scores["models"]["svm"]["accuracy"]["value"]
    assert by_group["own"]["accuracy"] > 0.8
    assert by_group["scores"]["accuracy"] < 0.7
    assert by_group["difference"]["high"] < 0
    assert grouped.scores["likely_groups"] == []
    assert grouped.scores["by_group"] is None
    assert grouped.scores["unit"] == "name stem"


def test_the_score_by_the_likely_group_agrees_with_scikit_learn():
    data, who, _ = people()
    result = featkit.train(data.assign(patient=who), model="logistic", folds=4)
    X, y = data[VOICES].to_numpy(), data["label"].to_numpy(str)
    answers = np.empty_like(y)
    for train, test in GroupFolds(4).split(X, y, who.astype(str)):
        model: Pipeline = pipeline("logistic").fit(X[train], y[train])
        answers[test] = model.predict(X[test])
    expected = accuracy_score(y, answers)
    assert result.scores["by_group"]["scores"]["accuracy"] == pytest.approx(expected)
    assert result.scores["by_group"]["commonest"] == 0.5


def test_the_first_warning_gives_both_scores_and_the_remedy():
    data, who, _ = people()
    result = featkit.train(data.assign(patient=who), model="svm")
    by_group = result.scores["by_group"]
    first = result.warnings[0]
    assert "column 'patient' may identify groups" in first
    own, unseen = (by_group[name]["accuracy"] for name in ("own", "scores"))
    assert f"svm has an accuracy of {own:.3f}. " in first
    assert f"stay together, the accuracy is {unseen:.3f} (5 folds by patient)" in first
    assert first.endswith("To keep them together, add --group patient (in Python: group='patient')")
    assert "patient" not in result.model.columns


def test_auto_scores_the_final_candidate_by_the_likely_group(monkeypatch):
    few_estimators(monkeypatch, "logistic", "svm")
    data, who, _ = people(count=16, takes=3)
    steps = []
    result = featkit.train(
        data.assign(patient=who), folds=2, progress=lambda p: steps.append((p.done, p.total))
    )
    by_group = result.scores["by_group"]
    assert by_group["candidate"] == result.model.training["candidate"]
    assert by_group["scores"]["accuracy"] < by_group["own"]["accuracy"]
    assert steps[-1][0] == steps[-1][1] == len(steps)


def test_a_rare_class_limits_the_folds_of_the_likely_group():
    data, who, _ = people()
    data["label"] = np.where(who < 3, "rare", "common")
    by_group = featkit.train(data.assign(patient=who), model="logistic").scores["by_group"]
    assert by_group["protocol"] == "3 folds by patient"
    data["label"] = np.where(who < 1, "rare", "common")
    result = featkit.train(data.assign(patient=who), model="logistic", folds=2)
    assert result.scores["by_group"] is None
    assert "may identify groups" in result.warnings[0]
    assert "If so, add --group patient (in Python" in result.warnings[0]


def test_the_likely_group_is_split_by_the_same_ratio():
    data, who, _ = people()
    by_group = featkit.train(data.assign(patient=who), model="logistic", shares=(70, 30)).scores[
        "by_group"
    ]
    assert by_group["protocol"] == "70/30 by patient"


def test_a_group_of_single_rows_does_not_replace_likely_groups():
    data, who, take = people()
    data["name"] = file_names(who, take)
    scores = featkit.train(data, model="logistic", group="name", folds=3).scores
    assert scores["by_group"]["group"] == "stem(name, 1-3)"


def test_published_folds_that_divide_people_are_a_warning():
    data, who, take = people()
    scores = featkit.train(
        data.assign(patient=who, fold=take), model="logistic", fold="fold"
    ).scores
    assert scores["by_group"]["group"] == "patient"
    assert "may identify groups" in scores["warnings"][0]


def test_splits_of_whole_groups_and_row_wise_splits_have_no_likely_groups():
    data, who, _ = people()
    data = data.assign(patient=who, fold=who % 3)
    for how in ({"fold": "fold"}, {"split_by_row": True}):
        scores = featkit.train(data, model="logistic", **how).scores
        assert scores["likely_groups"] == []
        assert scores["by_group"] is None


def test_rows_of_a_model_grouped_by_stem_are_explained_by_their_test_folds():
    data, who, take = people()
    data["name"] = file_names(who, take)
    result = featkit.train(data, model="logistic", group="stem(name, 1-3)", folds=4)
    explanation = explain(result.model, FeatureTable.of(data))
    assert set(explanation.folds) == {"1", "2", "3", "4"}
    assert len(set(explanation.groups)) == 40


def test_the_command_line_prints_the_likely_group_first_and_accepts_it(tmp_path):
    _, _, file = named_table(tmp_path)
    run = CliRunner().invoke
    model, scores = str(tmp_path / "m.fk"), str(tmp_path / "s.json")
    first = run(
        main,
        ["train", str(file), "--model", "logistic", "-o", model, "--scores", scores, "--quiet"],
    )
    assert first.exit_code == 0, first.output
    assert first.stdout.startswith('likely group: --group "stem(name, 1-3)" gives accuracy 0.')
    assert "predicting the most common class 0." in first.stdout.splitlines()[0]
    warnings = first.stderr.split("warning: ")[1:]
    assert "may identify groups" in warnings[0]
    # The advice to look for a group and the unused column are not repeated.
    assert not any("'path'" in text or "not used as features: name" in text for text in warnings)
    written = json.loads((tmp_path / "s.json").read_text("utf-8"))
    assert next(iter(written)) == "likely_groups"
    assert written["likely_groups"][0]["group"] == written["by_group"]["group"] == "stem(name, 1-3)"
    assert featkit.load_model(model).scores["by_group"] == written["by_group"]
    grouped = run(
        main,
        [
            "train",
            str(file),
            "--model",
            "svm",
            "--group",
            "stem(name, 1-3)",
            "-o",
            model,
            "--quiet",
        ],
    )
    assert grouped.exit_code == 0, grouped.output
    assert "160 rows of 40 name stems" in grouped.stdout
    assert "likely group" not in grouped.output
    inspected = run(main, ["inspect", str(file)])
    assert 'If so, train with --group "stem(name, 1-3)"' in inspected.stderr


def test_the_page_shows_the_score_by_the_likely_group():
    data, who, _ = people()
    result = featkit.train(data.assign(patient=who), model="logistic", folds=3)
    text = page(model=result)
    assert "If all rows of one “patient” are kept together" in text
    assert "a split by row is the same" not in text
    assert "no groups were detected" not in text
    plain = page(model=featkit.train(data, model="logistic", folds=3))
    assert "no groups were detected" in plain
