"""CSV files with the numbers of the page."""

import json
import re
from dataclasses import replace

import pandas as pd
import pytest
from learning import tones
from reporting import hostile, made

import featkit
from featkit.explanation import explain
from featkit.models.score_types import Evaluation
from featkit.models.serialization import from_dict
from featkit.report._csv_files import file_name
from featkit.report.page import write_report
from featkit.table.feature_table import FeatureTable


def test_files_hold_the_numbers_of_the_page(tmp_path):
    model, explanation, table = hostile()
    write_report(
        tmp_path / "r.html", model=model, explanation=explanation, table=table, csv=tmp_path / "csv"
    )
    written = {path.name for path in (tmp_path / "csv").iterdir()}
    assert {"importance.csv", "by_family.csv", "by_descriptor.csv", "by_statistic.csv"} <= written
    assert {"per_class.csv", "confusion.csv", "predictions.csv"} <= written
    class_files = sorted(name for name in written if name.startswith("importance_"))
    assert len(class_files) == 4
    assert all(re.fullmatch(r"importance_\d{3}[a-z0-9_-]*\.csv", name) for name in class_files)
    ranked = pd.read_csv(tmp_path / "csv" / "importance.csv")
    assert list(ranked) == ["feature", "mean_abs_shap", "low", "high", "share", "std"]
    assert ranked["mean_abs_shap"].is_monotonic_decreasing
    predictions = pd.read_csv(tmp_path / "csv" / "predictions.csv")
    assert predictions["path"].tolist() == explanation.keys["path"].tolist()
    assert predictions["label"].tolist() == explanation.y.tolist()
    confusion = pd.read_csv(tmp_path / "csv" / "confusion.csv", index_col=0)
    assert confusion.to_numpy().tolist() == model.scores["confusion"]


@pytest.mark.parametrize("name", ["../../etc", "CON", "a/b\\c", "", "ё", "é" * 300])
def test_names_of_files_are_safe(name):
    assert re.fullmatch(r"importance_007(_[a-z0-9-]+)?\.csv", file_name(7, name))
    assert len(file_name(7, name)) < 80


def test_files_are_written_for_both_tables(tmp_path):
    model = featkit.train(tones(rows=60, spread=2.0), model="logistic", folds=3).model
    other = FeatureTable.of(tones(rows=30, seed=5, spread=2.0))
    explanation = explain(model, other)
    write_report(tmp_path / "r.html", model=model, explanation=explanation, csv=tmp_path)
    rows = [pd.read_csv(tmp_path / f"confusion{item}.csv", index_col=0).to_numpy().sum()
            for item in ("", "_here")]  # fmt: skip
    assert rows == [60, 30]
    scores = pd.read_csv(tmp_path / "scores.csv").set_index(["model", "score"])["value"]
    value = model.scores["models"]["logistic"]["accuracy"]["value"]
    assert scores["logistic", "accuracy"] == pytest.approx(value)
    assert len(pd.read_csv(tmp_path / "scores_here.csv")) == 8


def test_files_of_an_earlier_report_are_replaced(tmp_path):
    model, explanation, _ = made()
    own_files = ["importance_.csv", "importance_1.csv", "notes.csv"]
    for name in ["importance_009_old.csv", *own_files]:
        (tmp_path / name).touch()
    write_report(tmp_path / "r.html", model=model, explanation=explanation, csv=tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert "importance_009_old.csv" not in names
    assert {*own_files, "importance_001_a.csv"} <= names
    directions = pd.read_csv(tmp_path / "direction.csv")
    assert list(directions) == ["feature", "a", "b", "c"]
    assert pd.read_csv(tmp_path / "family_by_statistic.csv").shape == (3, 2)
    assert list(pd.read_csv(tmp_path / "correlated.csv")) == ["group", "feature"]
    bins = pd.read_csv(tmp_path / "reliability.csv")
    assert bins["rows"].sum() == 40


def test_columns_of_files_do_not_depend_on_the_order_of_keys(tmp_path):
    """Which keeps names in alphabetical order."""
    model, _, _ = made()
    scores = json.loads(json.dumps(model.scores, sort_keys=True))
    held = replace(model, evaluation=from_dict(Evaluation, scores))
    for name, item in (("trained", model), ("held", held)):
        write_report(tmp_path / "r.html", model=item, csv=tmp_path / name)
    trained, held = (
        {
            item: (tmp_path / name / item).read_text("utf-8")
            for item in ("per_class.csv", "reliability.csv")
        }
        for name in ("trained", "held")
    )
    assert held == trained
    assert held["per_class.csv"].startswith("class,precision,recall,f1,support,predicted\n")
    assert held["reliability.csv"].startswith("from,to,rows,confidence,accuracy\n")
    edges = pd.read_csv(tmp_path / "held" / "reliability.csv", dtype=str)[["from", "to"]]
    assert (edges.map(len) == 3).all(axis=None)


def test_formulas_in_names_are_escaped_in_files(tmp_path):
    model, explanation, _ = made(classes=("=1+1", "b"))
    write_report(tmp_path / "r.html", model=model, explanation=explanation, csv=tmp_path)
    assert "\n=1+1," not in (tmp_path / "per_class.csv").read_text("utf-8")
    assert "\n'=1+1," in (tmp_path / "per_class.csv").read_text("utf-8")
