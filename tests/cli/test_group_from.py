"""Commands with a model that normalises columns within groups, on sound and on tables."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile
from command_line import error_line, run
from extracting import count_stored
from learning import speakers

import featkit
from featkit import signals

SR = 8000

FEATURES = {
    "name": "small",
    "sample_rate": SR,
    "features": [
        {"family": "rms", "statistics": ["mean", "std"]},
        {"family": "spectral_centroid", "statistics": ["mean"]},
    ],
}

TAKES = 12


def write(folder):
    """Takes of three speakers, each with a level of its own; loud ones are three times it."""
    for number, name in enumerate(["ann", "bob", "cem"]):
        (folder / name).mkdir(parents=True)
        for take in range(TAKES):
            y = signals.noise(SR, 0.2, seed=100 * number + take)
            factor = (0.3, 0.1)[take % 2] * 10.0**-number * (1 + take / 50)
            soundfile.write(
                folder / name / f"{name}_{take:02d}.wav", y * factor, SR, subtype="FLOAT"
            )
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A corpus, its table, and a model that normalises by speaker."""
    folder = tmp_path_factory.mktemp("speakers")
    write(folder / "wav")
    how = {"features": FEATURES, "name_pattern": "{speaker}_{take}"}
    table = featkit.extract(folder / "wav", **how).table
    loud = np.where(table.column("take").astype(int) % 2, "soft", "loud")
    table.with_key("label", loud).write(folder / "t.parquet")
    options = ["--group", "speaker", "--folds", 3, "--model", "logistic", "--exclude", "take"]
    options += ["--jobs", 1]
    files = ["-o", folder / "m.fk", "--scores", folder / "s.json"]
    shown = run("train", folder / "t.parquet", *options, "--normalize-by", "speaker", *files)
    (folder / "train.txt").write_text(shown.stdout)
    return folder


@pytest.fixture
def here(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return folder


def predicted(folder, *arguments):
    run("predict", folder / "m.fk", *arguments, "-o", "p.csv")
    return pd.read_csv("p.csv")


def test_training_says_that_unlabelled_rows_are_used(here):
    note = "so a prediction also depends on the other, unlabelled rows of its speaker"
    assert note in (here / "train.txt").read_text()
    scores = json.loads((here / "s.json").read_text())
    assert note in scores["normalization"]["note"]
    assert scores["training"]["settings"]["normalize_by"] == "speaker"
    assert scores["models"]["logistic"]["accuracy"]["value"] == 1


@pytest.mark.parametrize(
    "source", ["folder", "{speaker}_{take}", "{speaker}/", "stem(path, 1)", "folder(path)"]
)
def test_recordings_are_predicted_as_the_rows_of_their_table(here, source):
    table = featkit.load_model(here / "m.fk").predict(here / "t.parquet").data
    own = predicted(here, here / "wav", "--group-from", source)
    assert own["path"].tolist() == table["path"].tolist()
    np.testing.assert_allclose(own["p_loud"], table["p_loud"], rtol=1e-12)
    assert (own["predicted"] == ["loud", "soft"] * 18).all()


def test_a_resumed_prediction_and_any_number_of_workers_give_the_same_bytes(here, tmp_path):
    arguments = ["predict", here / "m.fk", here / "wav", "--group-from", "folder", "-o"]
    run(*arguments, "one.csv", "--jobs", 1)
    run(*arguments, "two.csv", "--jobs", 2)
    assert (tmp_path / "two.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    run("predict", here / "m.fk", here / "wav/ann", "--group-from", "folder", "-o", "part.csv")
    assert count_stored("part.csv")[0] == TAKES
    resumed = run(*arguments, "part.csv")
    assert f"{TAKES} files from earlier runs" in resumed.stderr
    assert (tmp_path / "part.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


def test_folders_that_are_given_are_groups_too(here):
    whole = predicted(here, here / "wav", "--group-from", "folder")
    folders = [here / "wav" / name for name in ("ann", "bob", "cem")]
    parts = predicted(here, *folders, "--group-from", "folder")
    assert (parts["p_loud"] == whole["p_loud"]).all()


def test_groups_may_come_from_a_manifest(here, tmp_path):
    whole = predicted(here, here / "wav", "--group-from", "folder")
    lines = [f"{path},{path[:3].upper()}" for path in whole["path"]]
    (tmp_path / "list.csv").write_text("\n".join(["path,person", *lines]))
    how = ["--manifest", "list.csv", "--group-from", "person"]
    assert (predicted(here, here / "wav", *how)["p_loud"] == whole["p_loud"]).all()
    (tmp_path / "own.csv").write_text("\n".join(["path,speaker", *lines]))
    own = predicted(here, here / "wav", "--manifest", "own.csv")
    assert (own["p_loud"] == whole["p_loud"]).all()


def test_a_recording_without_a_group_in_the_manifest_is_a_failure(here, tmp_path):
    lines = [f"ann/ann_{k:02d}.wav,{'' if k == 2 else 'ann'}" for k in range(TAKES)]
    (tmp_path / "list.csv").write_text("\n".join(["path,speaker", *lines]))
    shown = run("predict", here / "m.fk", here / "wav", "--manifest", "list.csv", status=3)
    assert "ann/ann_02.wav: predict: its group is missing (column 'speaker')" in shown.stderr
    assert shown.stdout.count("\n") == TAKES


def test_without_groups_nothing_is_analysed(here, tmp_path):
    line = error_line("predict", here / "m.fk", here / "wav", "-o", "p.csv", status=1)
    assert "within each speaker" in line
    assert "--group-from" in line
    line = error_line("predict", here / "m.fk", here / "wav", "--group-from", "x", "-o", "p.csv")
    assert "unknown column 'x'" in line
    assert not list(tmp_path.iterdir())


def test_a_prediction_says_how_rows_were_normalised(here):
    shown = run("predict", here / "m.fk", here / "wav", "--group-from", "folder")
    assert "3 speakers by 'folder'" in shown.stderr
    few = run("predict", here / "m.fk", here / "wav/bob/bob_00.wav", "--group-from", "folder")
    assert "1 of 1 speaker has fewer than 10 rows" in few.stderr


def test_a_recording_is_explained_among_the_others_of_its_group(here):
    file = here / "wav/bob/bob_03.wav"
    p = predicted(here, here / "wav", "--group-from", "folder").set_index("path")["p_soft"]
    for source in ("folder", "{speaker}_{take}", "stem(path, 1)"):
        shown = run("explain", here / "m.fk", file, "--group-from", source, "-o", "e.html")
        assert f"soft\t{p['bob/bob_03.wav']:.3f}" in shown.stdout
        assert "values in tables, and the usual values, are in their own units" in shown.stdout
    line = error_line("explain", here / "m.fk", file, "--group-from", "folder:2")
    assert "only the folder of the file is searched" in line
    assert "--group-from" in error_line("explain", here / "m.fk", file, status=1)


def test_a_report_says_how_columns_are_normalised(here, tmp_path):
    run("report", here / "m.fk", here / "t.parquet", "-o", "r.html")
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "Normalisation by speaker" in page
    assert "unlabelled rows of its speaker that are predicted with it" in page
    data = featkit.FeatureTable.read(here / "t.parquet").data.rename(columns={"speaker": "who"})
    data.to_parquet("other.parquet")
    run("report", here / "m.fk", "other.parquet", "--group-from", "who", "-o", "r.html")
    assert "no column 'speaker'" in error_line(
        "report", here / "m.fk", "other.parquet", "-o", "x.html", status=1
    )


def test_evaluation_takes_the_groups_too(here, tmp_path):
    data = featkit.FeatureTable.read(here / "t.parquet").data.rename(columns={"speaker": "who"})
    data["rms_mean"] *= 1.5  # other rows than those of the training
    data.to_parquet("other.parquet")
    run("evaluate", here / "m.fk", "other.parquet", "--group-from", "who", "-o", "e.json")
    (own,) = json.loads((tmp_path / "e.json").read_text())["evaluations"]
    assert own["scores"]["accuracy"]["value"] == 1
    assert any("3 speakers by column 'who'" in text for text in own["warnings"])
    assert "--group-from" in error_line("evaluate", here / "m.fk", "other.parquet", status=1)


def test_a_model_without_normalisation_refuses_groups(here):
    featkit.train(speakers(), model="logistic").model.save("plain.fk")
    speakers().to_csv("t.csv", index=False)
    for command in ("predict", "evaluate"):
        assert "group_from has no use" in error_line(
            command, "plain.fk", "t.csv", "--group-from", "speaker"
        )
