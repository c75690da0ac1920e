"""Labels from folders, and files with too few folders above them."""

import os

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from folders import fields_by_path, make

import featkit
from featkit import signals
from featkit.cli._main import main
from featkit.datasets.files import find
from featkit.errors import ParameterError

LEVEL = {"sample_rate": 8000, "features": [{"family": "rms", "statistics": ["max"]}]}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [("folder", "c"), ("folder:1", "c"), ("folder:2", "b"), ("folder:3", "a")],
)
def test_the_label_is_the_folder_of_the_requested_level(tmp_path, labels, expected):
    (fields,) = fields_by_path(make(tmp_path, "a/b/c/x.wav"), labels=labels).values()
    assert fields == {"label": expected}


@pytest.mark.parametrize(
    "labels", ["folder:0", "folder:", "folder:-1", "folder:x", "folder2", "Folder", "", 2, True]
)
def test_another_level_is_refused(tmp_path, labels):
    with pytest.raises(ParameterError, match=r"labels must be .* or None, got"):
        find([make(tmp_path, "a/b.wav")], labels=labels)


def test_a_manifest_has_levels_too(tmp_path):
    make(tmp_path, "sound/rock/queen/a.mp3")
    (tmp_path / "list.csv").write_text("path\nsound/rock/queen/a.mp3\n")
    how = {"manifest": tmp_path / "list.csv", "labels": "folder:2", "name_pattern": "{group}/"}
    assert fields_by_path(**how) == {"sound/rock/queen/a.mp3": {"label": "rock", "group": "queen"}}


# Depth


@pytest.mark.parametrize(
    "how", [{"labels": "folder:2"}, {"name_pattern": "{label}/{group}/"}], ids=["labels", "pattern"]
)
def test_a_file_with_too_few_folders_is_named_and_counted(tmp_path, how):
    make(tmp_path, "corpus/rock/queen/a.wav", "corpus/jazz/b.wav", "corpus/c.wav")
    message = (
        r"c\.wav has too few folders above it in .*corpus: 2 folder names are needed,"
        r" and there are 0; this applies to 2 of 3 files"
    )
    with pytest.raises(ParameterError, match=message):
        fields_by_path(tmp_path / "corpus", **how)


def test_folders_above_the_one_that_was_given_do_not_count(tmp_path):
    make(tmp_path, "corpus/a.wav")
    with pytest.raises(
        ParameterError, match=r"a\.wav has too few folders above it in .*there is 1"
    ):
        fields_by_path(tmp_path / "corpus", labels="folder:2")


def test_the_folder_that_was_given_counts_where_all_files_need_it(tmp_path, monkeypatch):
    make(tmp_path, "corpus/anna/calm/1.wav", "corpus/bob/calm/2.wav")
    pattern = "{speaker}/{label}/{take}"
    expected = [("anna", "1"), ("bob", "2")]
    given = fields_by_path(tmp_path / "corpus/anna", tmp_path / "corpus/bob", name_pattern=pattern)
    assert [(fields["speaker"], fields["take"]) for fields in given.values()] == expected
    monkeypatch.chdir(tmp_path / "corpus" / "anna")
    assert fields_by_path(".", name_pattern=pattern)["calm/1.wav"]["speaker"] == "anna"
    assert fields_by_path(".", labels="folder:2")["calm/1.wav"] == {"label": "anna"}


def test_all_folders_of_files_that_are_given_by_themselves_count(tmp_path, monkeypatch):
    make(tmp_path, "corpus/anna/calm/1.wav", "corpus/bob/calm/2.wav")
    monkeypatch.chdir(tmp_path / "corpus")
    files = ["anna/calm/1.wav", "bob/calm/2.wav"]
    assert [fields["label"] for fields in fields_by_path(*files, labels="folder:2").values()] == [
        "anna",
        "bob",
    ]
    fields = fields_by_path(*files, name_pattern="{speaker}/{label}/{take}")
    assert [row["speaker"] for row in fields.values()] == ["anna", "bob"]


def test_folders_that_a_path_leaves_again_do_not_count(tmp_path, monkeypatch):
    make(tmp_path, "corpus/anna/calm/1.wav", "corpus/bob/loud/2.wav")
    monkeypatch.chdir(tmp_path)
    given = ["corpus/bob/../anna/calm/1.wav", "corpus/bob/loud/../../anna/../bob/loud/2.wav"]
    assert [fields["label"] for fields in fields_by_path(*given, labels="folder:2").values()] == [
        "anna",
        "bob",
    ]


# From the command to the table


def test_fields_of_folders_are_columns_of_the_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("anna/calm/1.wav", "bob/loud/1.wav"):
        os.makedirs(os.path.dirname(f"corpus/{name}"))
        soundfile.write(f"corpus/{name}", signals.noise(8000, 0.2), 8000)
    table = featkit.extract(
        "corpus", features=LEVEL, labels="folder", name_pattern="{speaker}/{session}/{take}"
    ).table
    assert table.data[["label", "speaker", "session", "take"]].to_numpy().tolist() == [
        ["calm", "anna", "calm", "1"],
        ["loud", "bob", "loud", "1"],
    ]
    words = ["extract", "corpus", "-o", "t.csv", "--features", "genre75", "--jobs", "1"]
    done = CliRunner().invoke(main, [*words, "--labels", "folder:2", "--name-pattern", "{group}/"])
    assert done.exit_code == 0, done.output
    data = featkit.FeatureTable.read("t.csv").data
    assert data["label"].tolist() == ["anna", "bob"]
    assert data["group"].tolist() == ["calm", "loud"]
    assert np.isfinite(data["rms_mean"]).all()


@pytest.mark.parametrize("labels", ["folder:0", "file"])
def test_the_command_refuses_another_level(labels):
    done = CliRunner().invoke(main, ["extract", ".", "-o", "t.csv", "--labels", labels])
    assert done.exit_code == 2
    assert f"'{labels}' is not folder, folder:2" in done.output
