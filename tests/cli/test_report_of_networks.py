"""``featkit report`` and ``featkit explain`` with networks."""

import numpy as np
import pytest
from command_line import error_line, run
from made_networks import banded
from tiny_sequences import FAST

import featkit
from featkit.table.feature_table import FeatureTable
from featkit.table.sequences.writing import write_sequences

pytest.importorskip("torch")

ROWS = 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sequences, a table with two columns, and a model of each."""
    folder = tmp_path_factory.mktemp("networks")
    sequences, y = banded(ROWS, shape=(16, 8), bands=slice(8, 12))
    keys = {"path": np.array([f"{k:02d}.wav" for k in range(ROWS)]), "label": y}
    X = np.random.default_rng(0).normal(size=(ROWS, 2)) + (y == "b")[:, None]
    write_sequences(
        folder / "seq",
        [FeatureTable(keys, [], X[:, :0], dict(sequences.provenance), sequences=sequences)],
    )
    table = FeatureTable(keys, ["x0", "x1"], X)
    table.write(folder / "table.parquet")
    common = {"folds": 2, "n_jobs": 1}
    featkit.train(folder / "seq", model="cnn", parameters=FAST, **common).model.save(
        folder / "cnn.fk"
    )
    featkit.train(table, model="logistic", **common).model.save(folder / "logistic.fk")
    return folder


def test_a_network_alone_is_reported_from_its_sequences(folder):
    page = folder / "alone.html"
    result = run(
        *("report", folder / "cnn.fk", folder / "seq", "-o", page, "--steps", "2"),
        *("--rows", "6", "--jobs", "1", "--csv", folder / "csv"),
    )
    assert "6 of 16 rows explained" in result.stderr
    text = page.read_text("utf-8")
    assert 'class="plot sequence"' in text
    assert "Learning curves" in text
    assert "cannot" not in result.stderr
    assert (folder / "csv" / "evidence.csv").exists()


def test_a_model_of_columns_is_reported_beside_a_network(folder):
    page = folder / "beside.html"
    run(
        *("report", folder / "cnn.fk", folder / "table.parquet", "--sequences", folder / "seq"),
        *("--beside", folder / "logistic.fk", "-o", page, "--steps", "2", "--jobs", "1"),
    )
    text = page.read_text("utf-8")
    assert "Predicted by logistic:" in text
    assert "did not explain this row" not in text


def test_options_of_networks_are_refused_for_other_models(folder):
    arguments = (
        "report",
        folder / "logistic.fk",
        folder / "table.parquet",
        "-o",
        folder / "x.html",
    )
    line = error_line(*arguments, "--sequences", folder / "seq")
    assert "--sequences cannot be used: the model is logistic, which reads columns" in line
    line = error_line(*arguments, "--beside", folder / "cnn.fk")
    assert "--beside cannot be used" in line
    assert not (folder / "x.html").exists()


def test_options_that_need_a_table_say_so(folder):
    line = error_line("report", folder / "cnn.fk", "--sequences", folder / "seq", "-o", "x.html")
    assert "need TABLE" in line


def test_a_table_without_sequences_is_refused(folder):
    line = error_line(
        *("report", folder / "cnn.fk", folder / "table.parquet", "-o", folder / "x.html"), status=1
    )
    assert "sequences" in line


def test_explain_points_to_the_report(folder):
    (folder / "song.wav").write_bytes(b"")
    line = error_line("explain", folder / "cnn.fk", folder / "song.wav")
    assert "cnn is a network" in line
    assert "featkit report MODEL DIR" in line
    assert "featkit report" in error_line("explain", folder / "cnn.fk", folder / "seq")
