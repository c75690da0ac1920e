"""Rows are named by their place in the table that was read, even after a selection."""

import numpy as np
import pandas as pd
import pytest

import featkit
from featkit.errors import TableError
from featkit.report.page import page
from featkit.table.feature_table import FeatureTable


def data(rows=40, **columns):
    """Two classes separated by column a; the first five rows have no class."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(rows, 3)), columns=list("abc"))
    frame["a"] += np.arange(rows) % 2 * 3
    frame["label"] = np.array(["x", "y"], dtype=object)[np.arange(rows) % 2]
    frame.loc[:4, "label"] = None
    return frame.assign(**columns)


def stored(table, folder, kind):
    if kind == "frame":
        return table
    path = folder / f"t.{kind}"
    table.to_csv(path, index=False) if kind == "csv" else table.to_parquet(path)
    return path


KINDS = ["frame", "parquet", "csv"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_infinite_value_is_in_the_row_of_the_table(kind, tmp_path):
    table = data()
    table.loc[9, "b"] = np.inf
    name = "row 10, line 11" if kind == "csv" else "row 10"
    with pytest.raises(TableError, match=f"^{name}: column 'b' is infinite"):
        featkit.train(stored(table, tmp_path, kind), model="logistic")


@pytest.mark.parametrize("kind", KINDS)
def test_duplicate_rows_are_named_by_their_places(kind, tmp_path):
    table = data()
    table.iloc[30, :3] = table.iloc[9, :3].to_numpy()
    warnings = featkit.train(stored(table, tmp_path, kind), model="logistic", folds=2).warnings
    names = "row: 10 = 31 (lines 11 and 32);" if kind == "csv" else "row: 10 = 31;"
    assert any(names in text for text in warnings)


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_hold_the_row_of_the_table(kind, tmp_path):
    table = data()
    result = featkit.train(stored(table, tmp_path, kind), model="logistic", folds=2)
    assert result.predictions["row"].tolist() == list(range(6, 41))
    assert result.predictions["label"].tolist() == table["label"][5:].tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_without_a_group_is_named(kind, tmp_path):
    table = data(song=[f"s{k // 2}" for k in range(40)])
    table.loc[[7, 12], "song"] = None
    name = "row 8, line 9" if kind == "csv" else "row 8"
    with pytest.raises(TableError, match=f"2 rows have no 'song', the first is {name}: "):
        featkit.train(stored(table, tmp_path, kind), group="song", model="logistic")


@pytest.mark.parametrize("kind", KINDS)
def test_the_report_names_rows_by_their_places(kind, tmp_path):
    table = data()
    result = featkit.train(table, model="logistic", shares=(70, 30))
    path = stored(table, tmp_path, kind)
    read = FeatureTable.of(table) if kind == "frame" else FeatureTable.read(path)
    explanation = featkit.explain(result.model, read)
    tested = explanation.keys["row"][explanation.folds == "test"]
    assert tested.tolist() == result.predictions["row"].tolist()
    text = page(model=result, explanation=explanation)
    name = f"row {tested[0]}, line {tested[0] + 1}" if kind == "csv" else f"row {tested[0]}"
    assert f">{name}<" in text or f'"{name}"' in text


def test_a_selection_from_a_selection_keeps_the_places():
    table = FeatureTable.of(data()).rows(np.arange(10, 20)).rows(np.array([5, 2]))
    assert table.row_numbers.tolist() == [16, 13]
    assert table.row_name(1) == "row 13"


def test_a_prediction_of_some_rows_names_them():
    table = data()
    model = featkit.train(table, model="logistic", folds=2).model
    part = FeatureTable.of(table.assign(a=table["a"].where(table.index != 21))).rows(
        np.arange(20, 24)
    )
    assert model.predict(part).data["row"].tolist() == [21, 22, 23, 24]
    empty = table.copy()
    empty.loc[21, ["a", "b", "c"]] = np.nan
    predictions = model.predict(FeatureTable.of(empty).rows(np.arange(20, 24)))
    assert predictions.data["row"].tolist() == [21, 23, 24]
    assert [failure.path for failure in predictions.failures] == ["row 22"]


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("a,label\n1,x\n2,y\n", [2, 3]),
        ("a,label\n1,x\n2,y", [2, 3]),
        ("a,label\r\n1,x\r\n2,y\r\n", [2, 3]),
        ("a,label\n\n1,x\n2,y", [3, 4]),
        ('a,label\n1,"two\nlines"\n2,y\n', [2, 4]),
        ('a,"la\nbel"\n\n1,x\n\n2,y\n\n', [4, 6]),
    ],
)
def test_a_line_is_where_the_row_begins_in_the_file(text, begins, tmp_path):
    (tmp_path / "t.csv").write_text(text, newline="")
    table = FeatureTable.read(tmp_path / "t.csv")
    assert table.places.lines.tolist() == begins
