"""Reports on tables that join several datasets."""

import dataclasses

import numpy as np
import soundfile
from reporting import made

from featkit.report._class_panels import row_name
from featkit.report._held_out import held_out_scores
from featkit.report.page import write_report
from featkit.table.feature_table import FeatureTable

SR = 8000


def joined(rows=12, folds=None):
    """A model of two datasets, whose recordings have the same paths."""
    model, explanation, table = made(rows, paths=[f"{k}.wav" for k in range(rows // 2)])
    datasets = np.repeat(["north", "south"], rows // 2)
    keys = {"dataset": datasets, **explanation.keys, "row": np.arange(rows) % (rows // 2) + 1}
    folds = explanation.folds if folds is None else np.full(rows, folds, object)
    explanation = dataclasses.replace(explanation, keys=keys, folds=folds)
    table = FeatureTable({**table.keys, "dataset": datasets}, table.feature_names, table.values)
    settings = dataclasses.replace(
        model.training_metadata.settings,
        datasets=("north", "south"),
        leave_one_dataset_out=True,
        label_map={"labels": {"a": ["A 1"]}, "unmapped": "keep"},
    )
    training = dataclasses.replace(model.training_metadata, settings=settings)
    return dataclasses.replace(model, training_metadata=training), explanation, table


def test_equal_paths_in_two_datasets_are_two_recordings():
    _, explanation, _ = joined()
    assert len(set(explanation.recordings.tolist())) == 12
    assert explanation.groups.tolist() == explanation.recordings.tolist()
    assert row_name(explanation, 7) == "south: 1.wav, 0.0 to 2.0\u00a0s"
    _, new, _ = joined(folds="")
    scores = held_out_scores("xgboost", new)
    assert scores.groups == 12
    assert scores.recordings is None


def test_a_page_shows_datasets_commands_and_map(tmp_path):
    model, explanation, table = joined()
    write_report(tmp_path / "r.html", model=model, explanation=explanation, table=table)
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "north.parquet south.parquet" in page
    assert "--label-map MAP.json --leave-one-dataset-out" in page
    assert "&#34;labels&#34;: {&#34;a&#34;: [&#34;A 1&#34;]}" in page
    assert "south: 1.wav" in page


def test_sounds_may_be_in_a_folder_of_each_dataset(tmp_path):
    for dataset, frequency in (("north", 100), ("south", 1000)):
        (tmp_path / dataset).mkdir()
        for k in range(6):
            y = np.sin(2 * np.pi * frequency * np.arange(SR) / SR)
            soundfile.write(tmp_path / dataset / f"{k}.wav", 0.5 * y, SR)
    model, explanation, table = joined()
    page = tmp_path / "r.html"
    write_report(page, model=model, explanation=explanation, table=table, sound=tmp_path)
    assert "no such file in the folder" not in page.read_text("utf-8")
    assert "data:audio/" in page.read_text("utf-8")


def test_a_dataset_cannot_name_a_folder_outside(tmp_path):
    (tmp_path / "sounds").mkdir()
    soundfile.write(tmp_path / "0.wav", np.zeros(SR), SR)
    model, explanation, table = joined()
    keys = {**explanation.keys, "dataset": np.full(12, "..")}
    explanation = dataclasses.replace(explanation, keys=keys)
    page, folder = tmp_path / "r.html", tmp_path / "sounds"
    write_report(page, model=model, explanation=explanation, table=table, sound=folder)
    assert "data:audio/" not in page.read_text("utf-8")
    assert "the path is outside the folder of recordings" in page.read_text("utf-8")
