"""Classes whose names are numbers, or names of columns, in every output that shows them."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from reporting import made

from featkit import plots
from featkit.cli import _console
from featkit.cli._main import main
from featkit.cli._scores import show_confusion
from featkit.errors import ParameterError
from featkit.explanation import contributions, importance, importance_by_fold
from featkit.report.page import page, recording_page, write_report

OURS = ["class", "family", "feature", "fold", "label", "low", "path", "predicted", "row", "value"]


@pytest.fixture
def numbered():
    return made(classes=["1", "2", "True", "3.5"])


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (1, "1"),
        (np.int64(2), "2"),
        (2.0, "2"),
        (np.float32(3.5), "3.5"),
        ("1", "1"),
        (True, "True"),
    ],
)
def test_a_class_may_be_given_as_the_number_that_it_is(numbered, given, name):
    model, explanation, _ = numbered
    for function in (importance, importance_by_fold):
        by_number = function(explanation, of_class=given)
        pd.testing.assert_frame_equal(by_number, function(explanation, of_class=name))
    pd.testing.assert_frame_equal(
        contributions(explanation, 0, given), contributions(explanation, 0, name)
    )
    column = explanation.columns[1]
    for ax in (
        plots.importance(explanation, of_class=given),
        plots.beeswarm(explanation, of_class=given),
        plots.dependence(explanation, column, of_class=given),
    ):
        assert ax.get_title().startswith(name)
    asked = recording_page(model=model, explanation=explanation, of_class=given)
    assert asked == recording_page(model=model, explanation=explanation, of_class=name)


@pytest.mark.parametrize("given", [0, 7, np.int64(5), 1.5, False, ["1"], np.array(["1"]), b"1"])
def test_a_class_that_there_is_not_is_an_error_that_names_those_there_are(numbered, given):
    model, explanation, _ = numbered
    column = explanation.columns[1]
    for ask in (
        lambda: importance(explanation, of_class=given),
        lambda: contributions(explanation, 0, given),
        lambda: plots.importance(explanation, of_class=given),
        lambda: plots.beeswarm(explanation, of_class=given),
        lambda: plots.dependence(explanation, column, of_class=given),
        lambda: recording_page(model=model, explanation=explanation, of_class=given),
    ):
        with pytest.raises(ParameterError, match=r"unknown class .*available: 1, 2, 3\.5, True"):
            ask()


def test_a_column_may_be_called_as_a_number():
    _, explanation, _ = made()
    renamed = dataclasses.replace(explanation, columns=["0", *explanation.columns[1:]])
    assert plots.dependence(renamed, 0, of_class="a").get_xlabel() == "0"
    with pytest.raises(ParameterError, match="unknown column 7: available:"):
        plots.dependence(renamed, 7, of_class="a")


def test_every_file_of_a_report_has_columns_of_different_names(tmp_path):
    model, explanation, _ = made(rows=60, classes=OURS)
    write_report(tmp_path / "r.html", model=model, explanation=explanation, csv=tmp_path / "csv")
    heads = {
        path.name: path.read_text("utf-8").splitlines()[0].split(",")
        for path in (tmp_path / "csv").glob("*.csv")
    }
    assert all(len(set(head)) == len(head) for head in heads.values())
    assert heads["confusion.csv"] == ["class_", *OURS]
    assert heads["direction.csv"] == ["feature_", *OURS]
    direction = pd.read_csv(tmp_path / "csv" / "direction.csv")
    assert direction["feature_"].tolist() == explanation.columns
    predictions = pd.read_csv(tmp_path / "csv" / "predictions.csv")
    assert predictions["label"].tolist() == explanation.y.tolist()
    assert np.allclose(predictions[[f"p_{name}" for name in OURS]], explanation.probabilities)


def test_a_confusion_matrix_is_headed_by_its_classes(tmp_path):
    rng = np.random.default_rng(0)
    data = pd.DataFrame(rng.normal(size=(40, 2)), columns=["a", "b"])
    data["label"] = np.where(np.arange(40) % 2, "1", "0")
    data.to_csv(tmp_path / "t.csv", index=False)
    done = CliRunner().invoke(main, ["train", str(tmp_path / "t.csv"), "--model", "logistic", "-q"])
    assert done.exit_code == 0, done.output
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    at = next(k for k, line in enumerate(lines) if line[0] == "true \\ predicted")
    assert lines[at][1:] == ["0", "1"]
    assert [line[0] for line in lines[at + 1 : at + 3]] == ["0", "1"]


@pytest.mark.parametrize(
    ("width", "classes", "head"),
    [(80, ["0", "1"], "0 1"), (80, ["a" * 30, "b" * 30, "1"], "#1 #2 #3")],
)
def test_on_a_terminal_long_classes_are_headed_by_marks(monkeypatch, width, classes, head):
    shown = []
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr(
        "featkit.cli._scores.show_table", lambda headers, rows: shown.append((headers, rows))
    )
    counts = np.eye(len(classes), dtype=int).tolist()
    show_confusion(classes, counts, "rows")
    ((headers, rows),) = shown
    assert headers[1:] == head.split()
    for mark, name, row in zip(headers[1:], classes, rows, strict=True):
        assert row[0] in (name, f"{mark} {name}")
        assert (mark == name) == (row[0] == name)


def test_what_is_no_terminal_has_room_for_every_table(monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    assert _console.fits(["a" * 1000], [["b"]])


@pytest.mark.parametrize(
    ("classes", "heads"),
    [
        (["0", "1"], ["0", "1"]),
        (["a", "b" * 13], ["a", "b" * 13]),
        (["a", "b" * 40], ["a", "b" * 12 + "…" + "b" * 11]),
        (["10", "9"], ["10", "9"]),
    ],
)
def test_the_matrix_on_the_page_is_headed_by_its_classes(classes, heads):
    model, explanation, _ = made(classes=classes)
    text = page(model=model, explanation=explanation)
    table = text.split('<table class="heat">')[1].split("</table>")[0]
    head, body = table.split("<tbody>")
    for name, short in zip(classes, heads, strict=True):
        assert f">{short}<" in head
        assert f">{name}<" in head  # the whole name, for screen readers if it is cut
        assert short == name or f'title="{name}"' in head
        assert f">{name}<" in body
