"""``featkit train``: results that are written even if one of them fails."""

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
