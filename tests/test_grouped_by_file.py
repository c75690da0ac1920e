"""Models whose groups come from a file: training, and what reports and evaluations need."""

import numpy as np
import pytest
from command_line import run
from learning import tones

import featkit
from featkit.errors import ParameterError, TableError
from featkit.models.fold_models import training_rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table with groups of six recordings, in a column and in a file."""
    folder = tmp_path_factory.mktemp("grouped")
    data = tones(90)
    groups = np.repeat([f"group {k}" for k in range(15)], 6)
    data.to_parquet(folder / "table.parquet")
    data.assign(group=groups).to_parquet(folder / "with_column.parquet")
    data[["path"]].assign(group=groups).iloc[::-1].to_csv(folder / "groups.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def model(folder):
    options = {"group": str(folder / "groups.csv"), "model": "logistic"}
    return featkit.train(folder / "table.parquet", **options).model


def test_groups_of_a_file_are_those_of_a_column(folder, model):
    by_column = featkit.train(folder / "with_column.parquet", group="group", model="logistic")
    by_file = featkit.train(
        folder / "table.parquet", group=str(folder / "groups.csv"), model="logistic"
    )
    assert by_file.scores["models"] == by_column.scores["models"]
    assert by_file.model.trained.digest == by_column.model.trained.digest
    assert by_file.predictions.equals(by_column.predictions)
    settings = model.trained.settings
    assert (settings.group, settings.group_file) == ("group", "groups.csv")


def test_the_name_of_the_file_is_stored(model, tmp_path):
    model.save(tmp_path / "m.fk")
    assert featkit.load_model(tmp_path / "m.fk").trained.settings.group_file == "groups.csv"


def test_each_group_may_be_a_fold(folder):
    result = featkit.train(
        folder / "table.parquet",
        group=str(folder / "groups.csv"),
        leave_one_group_out=True,
        model="logistic",
    )
    assert len(set(result.predictions["fold"])) == 15


def test_a_recording_without_a_group_is_an_error(folder, tmp_path):
    lines = (folder / "groups.csv").read_text().splitlines(keepends=True)
    (tmp_path / "short.csv").write_text("".join(lines[:-1]))
    with pytest.raises(TableError, match=r"has no group for '000\.wav', of 90 recordings"):
        featkit.train(folder / "table.parquet", group=tmp_path / "short.csv")


def test_a_column_with_the_name_of_a_file_is_a_column(folder):
    data = tones(90).assign(**{"groups.csv": np.repeat([f"{k}" for k in range(30)], 3)})
    result = featkit.train(data, group="groups.csv", model="logistic")
    assert result.model.trained.settings.group_file is None


def test_a_misspelled_column_is_no_file(folder):
    with pytest.raises(ParameterError, match="unknown column 'grop'"):
        featkit.train(folder / "with_column.parquet", group="grop", model="logistic")


def test_training_rows_are_recognised_with_their_groups_only(folder, model):
    table = folder / "table.parquet"
    with_groups = model.read(table, groups=folder / "groups.csv")
    assert training_rows(model, with_groups).problem is not None
    explained = featkit.explain(model, with_groups, rows=3, n_jobs=1)
    assert not explained.learnt.any()
    without = featkit.explain(model, model.read(table), rows=3, n_jobs=1)
    assert without.learnt.any()
    assert any("come from the file groups.csv" in note for note in without.notes)


def test_predictions_need_no_groups(folder, model):
    assert len(model.predict_table(model.read(folder / "table.parquet"))) == 90


def test_reports_and_evaluations_take_the_same_file(folder, model, tmp_path):
    model.save(tmp_path / "m.fk")
    table, groups = folder / "table.parquet", folder / "groups.csv"
    arguments = ("report", tmp_path / "m.fk", table, "--rows", 3, "--jobs", 1)
    arguments = (*arguments, "-o", tmp_path / "r.html")
    assert "the file groups.csv" in run(*arguments).stderr
    assert "groups.csv" not in run(*arguments, "--group", groups).stderr
    done = run("evaluate", tmp_path / "m.fk", table, "--group", groups, "--jobs", 1)
    assert "contains the whole training table" in done.stderr
    assert "scored: 90 of 90 rows" in done.stdout


def test_the_command_trains_with_a_file(folder, tmp_path):
    output = tmp_path / "m.fk"
    run(
        *("train", folder / "table.parquet", "--group", folder / "groups.csv"),
        *("--model", "logistic", "-o", output),
    )
    assert featkit.load_model(output).trained.settings.group_file == "groups.csv"
