"""``featkit train``: results that are written even if one of them fails."""

import json

from command_line import run

import featkit


def test_scores_are_shown_and_written_even_if_the_model_cannot_be_saved(tmp_path, monkeypatch):
    table = tmp_path / "t.csv"
    rows = "".join(f"{k % 7},{'xy'[k % 2]}\n" for k in range(40))
    table.write_text("a,label\n" + rows)

    def refuse(*_):
        raise featkit.ModelError("larger than a model file can be")

    monkeypatch.setattr("featkit.sound_model.Model.save", refuse)
    scores, predictions = tmp_path / "s.json", tmp_path / "p.csv"
    done = run(
        *("train", str(table), "--model", "logistic", "-o", str(tmp_path / "m.fk")),
        *("--scores", str(scores), "--predictions", str(predictions)),
        status=1,
    )
    assert "larger than a model file can be" in done.stderr
    assert "accuracy" in done.stdout
    assert scores.exists()
    assert predictions.exists()


def test_parameters_of_a_model_are_set(tmp_path):
    table = tmp_path / "t.csv"
    rows = "".join(f"{k * k % 7},{'xy'[k % 2]}\n" for k in range(40))
    table.write_text("a,label\n" + rows)
    model = tmp_path / "m.fk"
    done = run("train", table, "--model", "xgboost", "--set", "n_estimators=9", "-o", model)
    assert "xgboost (n_estimators=9), fitted on 40 rows" in done.stderr
    for options, message in (
        (["--set", "n_estimators=9"], "name a model"),
        (["--model", "xgboost", "--set", "trees=9"], "unknown parameter of xgboost 'trees'"),
        (["--model", "xgboost", "--set", "n_estimators"], "is not NAME=VALUE"),
        (["--model", "xgboost", "--set", "max_depth=3", "--set", "max_depth=4"], "given twice"),
    ):
        failed = run("train", table, *options, status=2)
        assert message in failed.stderr


def test_what_a_budget_leaves_out_is_printed(tmp_path):
    table, model, scores = tmp_path / "t.csv", tmp_path / "m.fk", tmp_path / "s.json"
    rows = "".join(f"{k * k % 7},{k % 5},{'xy'[k % 2]}\n" for k in range(40))
    table.write_text("a,b,label\n" + rows)
    options = ("--folds", "2", "--jobs", "1", "-o", model, "--scores", scores)
    done = run("train", table, "--budget", "0.01", *options)
    assert "the budget of 10 ms was too short to try everything: no fold tried" in done.stderr
    assert "random_forest (4 candidates)" in done.stderr
    stored = json.loads(scores.read_text())["training"]["budget"]
    assert stored["omitted"] == ["random_forest", "sgd", "svm", "xgboost"]
    assert len(stored["untried"]["svm"]) == 9
    page = tmp_path / "page.html"
    run("report", model, table, "-o", page)
    assert "the budget of 10 ms was too short" in page.read_text()
    assert "--budget 0.01" in page.read_text()
    refused = run("train", table, "--budget", "0", status=2)
    assert "--budget" in refused.stderr
