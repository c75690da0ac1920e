"""Labels of any type and spelling give the same classes and model from every kind of table."""

import datetime
import re
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from learning import few_estimators, few_trees

import featkit
from featkit.models import compared_models, pipeline
from featkit.models.estimator import ESTIMATORS, Candidate
from featkit.models.preparation import prepare_problem
from featkit.models.settings import Settings
from featkit.report.page import page
from featkit.table.feature_table import FeatureTable


@pytest.mark.parametrize(
    "classes", [["0", "1"], ["-1", "x"], ["1_0", "1e3"], [0, 1], [False, True]]
)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_learns_classes_that_look_like_numbers(name, classes, monkeypatch):
    few_trees(monkeypatch)
    y = np.array(classes)[np.arange(40) % 2]
    X = np.random.default_rng(0).normal(size=(40, 2)) + 4 * (np.arange(40) % 2)[:, None]
    fitted = pipeline(name).fit(X, y)
    assert fitted.classes_.tolist() == sorted(classes)
    assert np.mean(fitted.predict(X) == y) > 0.9


BIG = 2**53

KINDS = {
    "text": pd.Series(["cat", "dog", "owl"], dtype=object),
    "nullable text": pd.Series(["cat", "dog", "owl"], dtype="string"),
    "whole numbers": pd.Series([1, 2, 10]),
    "short whole numbers": pd.Series([1, 2, 10], dtype="int8"),
    "unsigned whole numbers": pd.Series([1, 2, 2**63 + 1], dtype="uint64"),
    "nullable whole numbers": pd.Series([1, 2, 10], dtype="Int64"),
    "whole numbers beyond 2**53": pd.Series([BIG, BIG + 1, BIG + 2]),
    "nullable whole numbers beyond 2**53": pd.Series([BIG, BIG + 1, BIG + 2], dtype="Int64"),
    "categories beyond 2**53": pd.Series([BIG, BIG + 1, BIG + 2]).astype("category"),
    "objects that are whole numbers": pd.Series([1, 2, 10], dtype=object),
    "whole floats": pd.Series([1.0, 2.0, 10.0]),
    "negative floats": pd.Series([-1.0, -0.0, 1.0]),
    "floats": pd.Series([1.0, 1.5, 2.0]),
    "floats in single precision": pd.Series([0.1, 1.0, 2.0], dtype="float32"),
    "nullable floats": pd.Series([1.0, 2.0, 10.0], dtype="Float64"),
    "flags": pd.Series([False, True, True]),
    "nullable flags": pd.Series([False, True, True], dtype="boolean"),
    "objects that are flags": pd.Series([False, True, True], dtype=object),
    "text of flags": pd.Series(["FALSE", "TRUE", "true"], dtype=object),
    "text that looks like whole numbers": pd.Series(["01", "02", "10"], dtype=object),
    "text that looks like numbers": pd.Series(["1_0", "-1", "1e3"], dtype=object),
    "text of whole floats": pd.Series(["1.0", "2.0", "10.00"], dtype=object),
    "versions": pd.Series(["1.1", "1.10", "2.0"], dtype=object),
    "categories": pd.Series(["cat", "dog", "owl"]).astype("category"),
    "ordered categories, one unused": pd.Series(
        pd.Categorical(["low", "mid", "top"], ["top", "none", "mid", "low"], ordered=True)
    ),
    "categories of whole numbers": pd.Series([1, 2, 10]).astype("category"),
    "categories of floats": pd.Series([1.0, 2.0, 10.0]).astype("category"),
    "categories of flags": pd.Series([False, True, True]).astype("category"),
    "days": pd.Series(pd.to_datetime(["2026-01-01", "2026-01-02", "2026-02-01"])),
    "moments": pd.Series(
        pd.to_datetime(
            ["2026-01-01 00:00:00", "2026-01-01 12:30:00", "2026-01-01 12:30:00.5"],
            format="ISO8601",
        )
    ),
    "moments of a zone": pd.Series(
        pd.to_datetime(["2026-01-01", "2026-01-02", "2026-02-01"]).tz_localize("Europe/Berlin")
    ),
    "objects that are days": pd.Series(
        [datetime.date(2026, 1, day) for day in (1, 2, 3)], dtype=object
    ),
    "objects that are moments": pd.Series(
        [datetime.datetime(2026, 1, day) for day in (1, 2, 3)], dtype=object
    ),
    "months": pd.Series(pd.period_range("2026-01", periods=3, freq="M")),
    "spans": pd.Series(pd.to_timedelta(["1 days", "2 days", "3 days"])),
    "spans with a time": pd.Series(pd.to_timedelta(["1 days", "36 hours", "1.5 s"])),
    "numbers of decimals": pd.Series([Decimal("1.50"), Decimal("2.00"), Decimal("3.25")]),
}
"""Three classes of each type and spelling."""


def frame(kind, rows=36, gaps=(1, 20)):
    """Return rows of three classes, a few without a label, with a feature that separates them."""
    rng = np.random.default_rng(0)
    number = np.arange(rows) % 3
    label = KINDS[kind].iloc[number].reset_index(drop=True)
    holds_gaps = label.dtype.kind not in "biu" or hasattr(label.dtype, "na_value")
    for gap in gaps if holds_gaps else ():
        label[gap] = None
    data = pd.DataFrame(rng.normal(size=(rows, 2)), columns=["a", "b"])
    data["a"] += 3 * number
    return data.assign(sort=label)


def stored(data, folder):
    """Return the table as a DataFrame, as CSV and as Parquet."""
    data.to_csv(folder / "t.csv", index=False)
    data.to_parquet(folder / "t.parquet")
    return [data, folder / "t.csv", folder / "t.parquet"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_gives_the_same_problem(kind, tmp_path):
    tables = stored(frame(kind), tmp_path)
    first, *others = (prepare_problem(table, Settings(label="sort")) for table in tables)
    assert len(first.classes) == len(set(KINDS[kind].astype(str).str.lower()))
    for other in others:
        assert other.classes == first.classes
        assert other.y.tolist() == first.y.tolist()
        assert other.digest == first.digest


@pytest.mark.parametrize(
    ("kind", "classes"),
    [
        ("whole floats", ["1", "10", "2"]),
        ("floats in single precision", ["0.1", "1", "2"]),
        ("nullable flags", ["False", "True"]),
        ("nullable whole numbers beyond 2**53", [str(BIG + k) for k in range(3)]),
        ("text that looks like whole numbers", ["01", "02", "10"]),
        ("text that looks like numbers", ["-1", "1_0", "1e3"]),
        ("versions", ["1.1", "1.10", "2.0"]),
        ("days", ["2026-01-01", "2026-01-02", "2026-02-01"]),
        ("months", ["2026-01", "2026-02", "2026-03"]),
    ],
)
def test_class_names_are_written_as_usual(kind, classes):
    assert prepare_problem(frame(kind), Settings(label="sort")).classes == classes


@pytest.mark.parametrize(
    "kind", ["flags", "nullable whole numbers beyond 2**53", "categories beyond 2**53"]
)
def test_a_column_that_was_not_read_as_label_keeps_its_text(kind):
    settings = Settings(label="sort")
    named = prepare_problem(frame(kind), settings)
    other = prepare_problem(FeatureTable.of(frame(kind)), settings)
    assert (other.classes, other.digest) == (named.classes, named.digest)


def test_a_column_of_integers_without_any_value_is_read(tmp_path):
    data = frame("text").assign(empty=pd.array([None] * 36, dtype="Int64"))
    for table in stored(data, tmp_path):
        assert featkit.train(table, label="sort", model="logistic", folds=2).model.columns == [
            "a",
            "b",
        ]


def test_pandas_periods_are_read_from_parquet_by_a_new_process(tmp_path):
    frame("months").to_parquet(tmp_path / "t.parquet")
    code = "import sys, featkit; print(*featkit.FeatureTable.read(sys.argv[1]).column('sort')[2:5])"
    command = [sys.executable, "-c", code, tmp_path / "t.parquet"]
    assert subprocess.check_output(command, text=True).split() == ["2026-03", "2026-01", "2026-02"]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_numeric_classes_survive_training_file_prediction_explanation_and_page(
    name, tmp_path, monkeypatch
):
    few_trees(monkeypatch, 10)
    tables = stored(frame("whole floats", rows=30, gaps=(1,)), tmp_path)
    results = [
        featkit.train(table, label="sort", model=name, shares=(70, 30), exclude=["b"])
        for table in (tables if name == "logistic" else tables[:1])
    ]
    for other in results[1:]:
        assert other.scores == results[0].scores
        pd.testing.assert_frame_equal(other.predictions, results[0].predictions)
    results[0].model.save(tmp_path / "m.fk")
    model = featkit.load_model(tmp_path / "m.fk")
    assert model.classes == ["1", "10", "2"]
    assert set(model.predict(tmp_path / "t.csv").data["predicted"]) <= {"1", "10", "2"}
    rows = 1 if name == "svm" else 5
    explanations = [
        featkit.explain(model, FeatureTable.read(table), rows=rows, n_jobs=1)
        for table in tables[1:]
    ]
    for explanation in explanations:
        assert set(explanation.y.tolist()) <= {"", "1", "10", "2"}
        assert "test" in explanation.folds
        assert not any("was not trained on" in note for note in explanation.notes)
    np.testing.assert_array_equal(explanations[0].values, explanations[1].values)
    html = page(model=results[0], explanation=explanations[0], table=FeatureTable.read(tables[1]))
    assert "1.0" not in re.findall(r">([0-9.]+)</t[hd]>", html)


def test_auto_selects_among_estimators_for_numeric_classes(monkeypatch):
    few_trees(monkeypatch)
    few_estimators(monkeypatch, "logistic", "random_forest")
    monkeypatch.setattr(compared_models, "candidates", lambda name, _: [Candidate(name)])
    result = featkit.train(frame("whole floats", rows=24), label="sort", folds=2)
    assert result.model.classes == ["1", "10", "2"]
