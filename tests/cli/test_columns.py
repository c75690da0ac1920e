"""Column names on the command line: --exclude and --exclude-from."""

import json

import numpy as np
import pandas as pd
import pytest
from command_line import run

from featkit import load_model
from featkit.cli._columns import split_names  # no command prints the names alone

COMMAS = "x__widths_(2, 5, 10, 20)"

NAMES = ["a", "b", COMMAS, " blank ", 'a "quoted" one', "two\nlines", "a,b", "é" * 300]


@pytest.fixture(params=["csv", "parquet"])
def table(request, tmp_path):
    rng = np.random.default_rng(0)
    data = pd.DataFrame(rng.normal(size=(40, len(NAMES))), columns=NAMES)
    data["label"] = np.repeat(["x", "y"], 20)
    file = tmp_path / f"t.{request.param}"
    data.to_csv(file, index=False) if request.param == "csv" else data.to_parquet(file)
    return file


def features(table, *options):
    """Names of the features after exclusion."""
    inspection = json.loads(run("inspect", table, "--json", *options).stdout)
    return [column["column"] for column in inspection["columns"]]


@pytest.mark.parametrize("name", NAMES)
def test_a_column_of_any_name_can_be_excluded(table, name):
    assert features(table, "--exclude", name) == [other for other in NAMES if other != name]


def test_names_may_contain_commas(table):
    remaining = features(table, "--exclude", f"a, {COMMAS},b")
    assert remaining == [" blank ", 'a "quoted" one', "two\nlines", "a,b", "é" * 300]
    remaining = features(table, "--exclude", "a", "--exclude", "b")
    assert "a,b" in remaining
    assert not {"a", "b"} & {*remaining}
    assert "a" in features(table, "--exclude", "a,b")  # a column of this very name


def test_columns_are_excluded_by_a_file_of_names(table, tmp_path):
    (tmp_path / "names.txt").write_text(f"\ufeffa\r\n\n{COMMAS}\n blank \n", "utf-8")
    remaining = features(table, "--exclude-from", tmp_path / "names.txt", "--exclude", "b")
    assert remaining == ['a "quoted" one', "two\nlines", "a,b", "é" * 300]


def test_training_excludes_what_inspection_does(table, tmp_path):
    (tmp_path / "names.txt").write_text("a,b\n")
    options = ("--exclude", COMMAS, "--exclude-from", tmp_path / "names.txt")
    output = tmp_path / "m.fk"
    run("train", table, "--model", "logistic", "--folds", 2, "-q", "-o", output, *options)
    assert load_model(output).columns == features(table, *options)


def test_a_fault_in_a_file_of_names_is_reported(table, tmp_path):
    for name, cause in (("none.txt", "none.txt: no such file"), (".", "cannot read it")):
        result = run("inspect", table, "--exclude-from", tmp_path / name, status=2)
        assert cause in result.stderr
    (tmp_path / "names.txt").write_text("c\n")
    result = run("inspect", table, "--exclude-from", tmp_path / "names.txt", status=2)
    assert "unknown column 'c'" in result.stderr
    (tmp_path / "names.txt").write_bytes(b"\xff\n")
    result = run("inspect", table, "--exclude-from", tmp_path / "names.txt", status=2)
    assert "it is not UTF-8 text" in result.stderr


@pytest.mark.parametrize(
    ("option", "names"),
    [
        ("a,b", ["a", "b"]),
        ("a,,b,", ["a", "b"]),
        ("f(1,2),f(1", ["f(1,2)", "f(1"]),
        ("f(1,2,3)", ["f(1,2,3)"]),
        ("f(1,4)", ["f(1", "4)"]),
        ("", []),
    ],
)
def test_the_longest_name_wins_from_left_to_right(option, names):
    assert split_names(option, ["a", "b", "f(1,2)", "f(1,2,3)", "f(1"]) == names
