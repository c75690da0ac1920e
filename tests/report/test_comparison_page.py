"""The page that compares several trainings: paired numbers only where they are fair."""

import re
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from comparing import pair
from learning import tones
from reporting import plain_text

import featkit
from featkit.cli._main import main
from featkit.errors import ParameterError
from featkit.models.model_differences import mcnemar_p_value
from featkit.models.scores import accuracy_difference
from featkit.report._comparison import same_partition
from featkit.report.comparison_page import comparison_page, training_names
from featkit.report.formatting import signed, significant


def test_differences_are_paired_on_the_same_rows_and_folds():
    models, explanations = pair()
    text = plain_text(comparison_page(models, explanations))
    hits = [own.predicted == own.y for own in explanations.values()]
    groups = explanations["a"].groups
    expected = accuracy_difference(hits[0], groups, hits[1], groups)
    interval = f"{signed(expected.low, 2)} to {signed(expected.high, 2)}"
    assert f"{signed(expected.value, 2)} {interval}" in text
    assert "Differences on the same 60 rows" in text
    assert "The trainings have the same table, test rows and kind of split." in text
    only_first, only_second = int((hits[0] & ~hits[1]).sum()), int((hits[1] & ~hits[0]).sum())
    assert f"right only by b: {only_second}, only by a: {only_first}" in text
    assert f"{hits[1].mean():.3f} − {hits[0].mean():.3f}" in text
    assert f"McNemar p = {significant(mcnemar_p_value(only_first, only_second), 2)}" in text
    differ = int((explanations["a"].predicted != explanations["b"].predicted).sum())
    assert f"{differ} rows of 60 are predicted differently." in text


def test_every_disputed_row_is_named_with_both_predictions():
    models, explanations = pair()
    html = comparison_page(models, explanations)
    section = html.split('<section id="comparison_rows"')[1].split("</section>")[0]
    a, b = explanations.values()
    for row in np.flatnonzero(a.predicted != b.predicted):
        assert a.keys["path"][row] in section
    assert section.count('<tr><th scope="row">') == int((a.predicted != b.predicted).sum())
    wrong = sum(int((own.predicted != own.y)[a.predicted != b.predicted].sum()) for own in (a, b))
    assert section.count("<td>✗ ") == wrong


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda own: {"folds": np.sort(own.folds)}, "the folds are not"),
        (lambda own: {"y": np.roll(own.y, 1)}, "the same rows have different classes"),
        (lambda own: {"learnt": np.arange(len(own)) < 3}, "3 rows would be predicted by a model"),
        (lambda own: {"keys": {**own.keys, "row": np.arange(100, 160)}}, "no row is predicted by"),
        (lambda own: {"y": None}, "without a known truth"),
    ],
)
def test_unfair_pairs_are_refused(change, reason):
    models, explanations = pair()
    second = explanations["b"]
    explanations["b"] = replace(second, **change(second))
    text = plain_text(comparison_page(models, explanations))
    assert reason in text
    assert "Differences on the same" not in text
    assert "McNemar" not in text
    assert "Rows can be compared only if" in text


def test_different_splits_and_tables_are_no_fair_comparison():
    models, _ = pair()
    other = models["b"]
    models["b"] = replace(
        other,
        evaluation=replace(other.evaluation, protocol="10 folds by row"),
        training_metadata=replace(other.training_metadata, digest="1"),
    )
    models["a"] = replace(
        models["a"], training_metadata=replace(models["a"].training_metadata, digest="2")
    )
    text = plain_text(comparison_page(models))
    assert "Not as it is." in text
    assert "The splits differ: a 5 folds by recording and b 10 folds by row." in text
    assert "The training tables differ" in text
    assert "2 trainings compared" in text
    assert "Paired differences need the predictions of all models" in text


def test_folds_of_other_names_are_the_same_partition():
    assert same_partition(np.array(list("1122")), np.array(list("bbaa")))
    assert not same_partition(np.array(list("1122")), np.array(list("1212")))
    assert not same_partition(np.array(list("1122")), np.array(list("1111")))
    assert not same_partition(np.array(["1", ""]), np.array(["", "1"]))


def test_settings_that_differ_are_listed_first():
    models, _ = pair()
    metadata = models["b"].training_metadata
    models["b"] = replace(models["b"], training_metadata=replace(metadata, candidate="svm (C=1)"))
    html = comparison_page(models)
    differ, same = html.split("Settings that differ")[2], html.split("settings that are the same")
    assert "svm (C=1)" in differ.split("</table>")[0]
    assert "xgboost" in differ.split("</table>")[0]
    assert len(same) == 2


def test_importances_are_shares_side_by_side():
    models, explanations = pair()
    text = plain_text(comparison_page(models, explanations))
    assert "Families: share of the total importance" in text
    assert "a in log odds, b in log odds" in text
    few = {name: own.of_rows(np.arange(5)) for name, own in explanations.items()}
    assert "Importances need the table" in plain_text(comparison_page(models, few))


def test_names_of_files_are_short_where_they_differ():
    assert training_names(["x/a.fk", "y/b.json"]) == ["a", "b"]
    assert training_names(["x/a.fk", "y/a.fk"]) == ["x/a.fk", "y/a.fk"]
    with pytest.raises(ParameterError, match=r"a\.fk: is named twice"):
        training_names(["a.fk", "a.fk"])


def test_wrong_comparisons_are_refused():
    models, explanations = pair()
    with pytest.raises(ParameterError, match="needs 2 to 12 models, and there are 1"):
        comparison_page({"a": models["a"]})
    with pytest.raises(ParameterError, match="no explanation of 'b'"):
        comparison_page(models, {"a": explanations["a"]})
    models["b"] = replace(models["b"], task="regression")
    with pytest.raises(ParameterError, match="'a' is a model for classification and 'b' for regr"):
        comparison_page(models)


def test_hostile_names_are_text():
    models, explanations = pair()
    name = "<img src=x onerror=alert(1)>"
    html = comparison_page(
        {name: models["a"], "b": models["b"]}, {name: explanations["a"], "b": explanations["b"]}
    )
    assert "<img" not in html
    assert "&lt;img src=x" in html


def test_the_command_compares_models(tmp_path):
    table = tones(rows=60)
    table.to_csv(tmp_path / "t.csv", index=False)
    for name in ("logistic", "random_forest"):
        how = {"parameters": {"n_estimators": 10}} if name == "random_forest" else {}
        featkit.train(table, model=name, folds=3, **how).model.save(tmp_path / f"{name}.fk")
    files = [str(tmp_path / name) for name in ("logistic.fk", "random_forest.fk", "t.csv")]
    page = tmp_path / "p.html"

    def run(*arguments):
        return CliRunner().invoke(main, ["report", *arguments, "-o", str(page), "--jobs", "1"])

    outcome = run(*files)
    assert outcome.exit_code == 0, outcome.output
    assert "2 trainings compared, 60 rows explained by each" in outcome.stderr
    text = plain_text(page.read_text("utf-8"))
    assert "Differences on the same 60 rows" in text
    assert re.search(r"random_forest − logistic", text)
    first = page.read_bytes()
    assert run(*files).exit_code == 0
    assert page.read_bytes() == first

    outcome = run(*files[:2])
    assert outcome.exit_code == 0
    assert "without differences on the same rows" in outcome.stderr
    outcome = run(*files, "--sound", str(tmp_path))
    assert outcome.exit_code == 2
    assert "--sound cannot be used with several models" in outcome.stderr
    (tmp_path / "s.json").write_text("{}")
    outcome = run(files[0], str(tmp_path / "s.json"), files[2])
    assert outcome.exit_code == 2
    assert "has scores only" in outcome.stderr
