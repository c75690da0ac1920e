"""``featkit labels``, and training on several tables from the command line."""

import json

import pytest
from command_line import error_line, run
from learning import tones

MAP = """
[labels]
High = ["high"]
Low = ["low"]
Mid = ["mid"]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with two tables and a map."""
    monkeypatch.chdir(tmp_path)
    north, south = tones(60, seed=0), tones(45, seed=1)
    north.to_csv("north.csv", index=False)
    south.assign(label=south["label"].str.upper()).to_parquet("south.parquet")
    (tmp_path / "map.toml").write_text(MAP)
    return tmp_path


def test_labels_of_several_tables_are_compared(folder):
    lines = run("labels", "north.csv", "south.parquet").stdout.splitlines()
    assert lines[:2] == ["dataset\tlabel\trows\trecordings", "north\thigh\t20\t20"]
    assert "label\tnorth\tsouth" in lines
    assert "high\t20\t15" in lines
    assert "hint: spelled in several ways: 'high' (north), 'HIGH' (south)" in lines


def test_a_map_shows_what_becomes_of_each_label(folder):
    lines = run("labels", "north.csv", "south.parquet", "--map", "map.toml").stdout.splitlines()
    assert lines[0].endswith("\tbecomes")
    assert "south\tHIGH\t15\t15\tHigh" in lines
    assert "High\t20\t15" in lines
    assert not any("hint" in line for line in lines)


def test_unmapped_labels_are_shown_and_give_status_1(folder):
    (folder / "map.toml").write_text('drop = ["mid"]\n[labels]\nHigh = ["high"]\n')
    result = run("labels", "north.csv", "south.parquet", "--map", "map.toml", status=1)
    assert "north\tlow\t20\t20\t(unmapped)" in result.stdout
    assert "north\tmid\t20\t20\t(dropped)" in result.stdout
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: 2 labels are unmapped (north: 'low' (20 rows); south: 'LOW' (15")


def test_json_holds_everything(folder):
    result = run("labels", "north.csv", "south.parquet", "--map", "map.toml", "--json")
    data = json.loads(result.stdout)
    assert data["common"]["High"] == {"north": 20, "south": 15}
    assert data["label_map"]["labels"]["Low"] == ["low"]
    assert data["datasets"]["south"]["labels"][0]["common"] == "High"


def test_a_written_map_can_be_used(folder):
    run("labels", "north.csv", "south.parquet", "-o", "map.csv")
    result = run("labels", "north.csv", "south.parquet", "--map", "map.csv")
    assert "high\t20\t15" in result.stdout.splitlines()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["north.csv", "--map", "no.toml"], "no.toml: cannot read the label map"),
        (["north.csv", "--label", "genre"], "north: unknown column 'genre'"),
        (["north.csv", "other/north.csv"], "two tables are named 'north'"),
        (["north.csv", "-o", "map.toml"], "map.toml: the file name must end in .csv"),
        (["north.csv", "-o", "north.csv"], "north.csv: is an input"),
    ],
)
def test_mistakes_are_errors_of_one_line(folder, arguments, message):
    assert message in error_line("labels", *arguments)


TABLES = (
    "north.csv",
    "south.parquet",
    "--label-map",
    "map.toml",
    "--model",
    "logistic",
    "--jobs",
    1,
)


def test_each_dataset_is_left_out_once_and_has_its_scores(folder):
    result = run("train", *TABLES, "--leave-one-dataset-out", "--scores", "s.json", "-o", "m.fk")
    lines = result.stdout.splitlines()
    assert "2 datasets, each left out once" in lines[0]
    start = lines.index("logistic, scores of each dataset by a model of the others:")
    header, north, south = (line.split("\t") for line in lines[start + 1 : start + 4])
    assert header == ["dataset", "rows", "accuracy", "balanced", "macro F1", "log loss"]
    scores = json.loads((folder / "s.json").read_text())
    folds = scores["models"]["logistic"]["accuracy"]["folds"]
    assert north[:3] == ["north", "60", f"{folds['north']:.3f}"]
    assert south[:3] == ["south", "45", f"{folds['south']:.3f}"]
    assert scores["training"]["settings"]["leave_one_dataset_out"] is True
    run("report", "m.fk", "north.csv", "south.parquet", "-o", "r.html", "--jobs", 1)
    page = (folder / "r.html").read_text()
    assert "Scores of each dataset" in page
    assert "north 60 rows, south 45 rows" in page
    assert "explained by the final model" not in page
    run("report", "s.json", "-o", "s.html")
    assert "Scores of each dataset" in (folder / "s.html").read_text()


def test_without_the_flag_the_rows_of_each_dataset_are_shown(folder):
    result = run("train", *TABLES, "--predictions", "p.csv")
    lines = result.stdout.splitlines()
    assert "5 folds by recording" in lines[0]
    assert "datasets: north 60 rows, south 45 rows" in lines
    assert (folder / "p.csv").read_text().startswith("row,dataset,path,fold,label,")


def test_columns_of_any_table_can_be_excluded(folder):
    text = (folder / "north.csv").read_text().splitlines()
    lines = [f"{line},{k if k else 'year'}" for k, line in enumerate(text)]
    (folder / "north.csv").write_text("\n".join(lines))
    message = error_line("train", *TABLES, status=1)
    assert "south lacks 1 feature of north: year; add or exclude" in message
    assert "3 classes, 4 columns" in run("train", *TABLES, "--exclude", "year").stdout
