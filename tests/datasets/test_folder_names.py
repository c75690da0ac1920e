"""What the names of folders say: the layouts of public collections, and what is not deep enough."""

import os

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

import featkit
from featkit import signals
from featkit.cli._main import main
from featkit.datasets.files import Recording, find
from featkit.datasets.recordings import recordings, with_name_fields
from featkit.errors import ParameterError

LEVEL = {"sample_rate": 8000, "features": [{"family": "rms", "statistics": ["max"]}]}


def make(folder, *names):
    """Empty files: a search looks at names only."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def told(*inputs, **how):
    """What is known of each recording, by its path."""
    return {each.path: dict(each.about) for each in recordings(inputs, **how)}


# Layouts


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        (
            "anna/calm/1.wav",  # a folder for each speaker, and in it one for each session
            "{speaker}/{label}/{take}",
            {"speaker": "anna", "label": "calm", "take": "1"},
        ),
        ("train/dog/x.wav", "{split}/{label}/", {"split": "train", "label": "dog"}),
        ("rock/queen/song.mp3", "{label}/{group}/", {"label": "rock", "group": "queen"}),
        (
            "genres/blues/blues.00000.wav",  # GTZAN
            "{label}/{genre}.{number}",
            {"label": "blues", "genre": "blues", "number": "00000"},
        ),
        (
            "fan/id_00/normal/00000001.wav",  # MIMII
            "{machine}/id_{id}/{label}/",
            {"machine": "fan", "id": "00", "label": "normal"},
        ),
        (
            "wav48/p225/p225_001.wav",  # VCTK
            "{speaker}/{again}_{sentence}",
            {"speaker": "p225", "again": "p225", "sentence": "001"},
        ),
        (
            "yes/004ae714_nohash_0.wav",  # Speech Commands
            "{label}/{speaker}_nohash_{take}",
            {"label": "yes", "speaker": "004ae714", "take": "0"},
        ),
        (
            "Actor_01/03-01-05-02-01-02-01.wav",  # RAVDESS
            "Actor_{actor}/{a}-{b}-{label}-{c}-{d}-{e}-{f}",
            {
                "actor": "01",
                "a": "03",
                "b": "01",
                "label": "05",
                "c": "02",
                "d": "01",
                "e": "02",
                "f": "01",
            },
        ),
        ("fan-broken/7.wav", "{machine}-{label}/", {"machine": "fan", "label": "broken"}),
        ("84/121123/84-121123-0001.flac", "{speaker}/{chapter}/", {"speaker": "84"}),
        ("a b/(live)/x.y.wav", "{group}/({kind})/{take}", {"kind": "live", "take": "x.y"}),
    ],
)
def test_the_layout_of_a_collection_is_told(tmp_path, path, pattern, expected):
    (about,) = told(make(tmp_path, path), name_pattern=pattern).values()
    assert about.items() >= expected.items()


def test_a_pattern_is_held_to_the_end_of_the_path(tmp_path):
    make(tmp_path, "x/y/anna/calm/1.wav", "bob/loud/2.wav")
    assert told(tmp_path, name_pattern="{speaker}/{label}/{take}") == {
        "bob/loud/2.wav": {"speaker": "bob", "label": "loud", "take": "2"},
        "x/y/anna/calm/1.wav": {"speaker": "anna", "label": "calm", "take": "1"},
    }


def test_a_pattern_and_the_labels_of_folders_are_told_together(tmp_path):
    make(tmp_path, "rock/queen-1975/a.mp3", "jazz/davis-1959/b.mp3")
    about = told(tmp_path, labels="folder:2", name_pattern="{group}-{year}/")
    assert about["rock/queen-1975/a.mp3"] == {"label": "rock", "group": "queen", "year": "1975"}


def test_a_folder_and_a_name_that_fit_in_two_ways_are_an_error(tmp_path):
    make(tmp_path, "a-b-c/1.wav")
    with pytest.raises(ParameterError, match=r"'a-b-c/1' can be read in more than one way"):
        told(tmp_path, name_pattern="{x}-{y}/{take}")


def test_a_folder_that_does_not_fit_is_named(tmp_path):
    make(tmp_path, "id_00/1.wav", "other/2.wav")
    with pytest.raises(ParameterError, match=r"other/2\.wav: 'other/2' does not fit it, one of 1"):
        told(tmp_path, name_pattern="id_{machine}/{take}")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("/{a}/{b}", "a folder's name is empty"),
        ("{a}//{b}", "a folder's name is empty"),
        ("{a}/{a}", "field 'a' stands twice"),
        ("x/y", "it has no field"),
        ("{a/b}", "it has no field"),
        ("{a}{b}/", "fields 'a' and 'b' have nothing between them"),
    ],
)
def test_what_is_no_pattern_of_folders_is_refused(pattern, message):
    with pytest.raises(ParameterError) as caught:
        with_name_fields([Recording("/x/a/b.wav", "a/b.wav")], pattern)
    assert message in str(caught.value)


@pytest.mark.skipif(os.sep != "\\", reason="a backslash is a letter of a name here")
def test_a_backslash_parts_folders_where_the_system_does(tmp_path):
    (about,) = told(make(tmp_path, "anna/1.wav"), name_pattern="{speaker}\\{take}").values()
    assert about == {"speaker": "anna", "take": "1"}


# Levels


@pytest.mark.parametrize(
    ("labels", "expected"),
    [("folder", "c"), ("folder:1", "c"), ("folder:2", "b"), ("folder:3", "a")],
)
def test_the_label_is_the_folder_of_the_level_that_is_asked_for(tmp_path, labels, expected):
    (about,) = told(make(tmp_path, "a/b/c/x.wav"), labels=labels).values()
    assert about == {"label": expected}


@pytest.mark.parametrize(
    "labels", ["folder:0", "folder:", "folder:-1", "folder:x", "folder2", "Folder", "", 2, True]
)
def test_another_level_is_refused(tmp_path, labels):
    with pytest.raises(ParameterError, match="labels must be 'folder' or left out, got"):
        find([make(tmp_path, "a/b.wav")], labels=labels)


def test_a_manifest_has_levels_too(tmp_path):
    make(tmp_path, "sound/rock/queen/a.mp3")
    (tmp_path / "list.csv").write_text("path\nsound/rock/queen/a.mp3\n")
    how = {"manifest": tmp_path / "list.csv", "labels": "folder:2", "name_pattern": "{group}/"}
    assert told(**how) == {"sound/rock/queen/a.mp3": {"label": "rock", "group": "queen"}}


# Depth


@pytest.mark.parametrize(
    "how", [{"labels": "folder:2"}, {"name_pattern": "{label}/{group}/"}], ids=["labels", "pattern"]
)
def test_a_file_that_lies_not_deep_enough_is_named_and_counted(tmp_path, how):
    make(tmp_path, "corpus/rock/queen/a.wav", "corpus/jazz/b.wav", "corpus/c.wav")
    message = (
        r"c\.wav lies not deep enough in .*corpus: it asks for the names of 2 folders,"
        r" and there are 0; one of 2 such files of 3"
    )
    with pytest.raises(ParameterError, match=message):
        told(tmp_path / "corpus", **how)


def test_folders_above_the_one_that_was_given_do_not_count(tmp_path):
    make(tmp_path, "corpus/a.wav")
    with pytest.raises(ParameterError, match=r"a\.wav lies not deep enough in .*there is 1"):
        told(tmp_path / "corpus", labels="folder:2")


def test_the_folder_that_was_given_counts_where_all_files_need_it(tmp_path, monkeypatch):
    make(tmp_path, "corpus/anna/calm/1.wav", "corpus/bob/calm/2.wav")
    pattern = "{speaker}/{label}/{take}"
    expected = [("anna", "1"), ("bob", "2")]
    given = told(tmp_path / "corpus/anna", tmp_path / "corpus/bob", name_pattern=pattern)
    assert [(about["speaker"], about["take"]) for about in given.values()] == expected
    monkeypatch.chdir(tmp_path / "corpus" / "anna")
    assert told(".", name_pattern=pattern)["calm/1.wav"]["speaker"] == "anna"
    assert told(".", labels="folder:2")["calm/1.wav"] == {"label": "anna"}


def test_all_folders_of_files_that_are_given_by_themselves_count(tmp_path, monkeypatch):
    make(tmp_path, "corpus/anna/calm/1.wav", "corpus/bob/calm/2.wav")
    monkeypatch.chdir(tmp_path / "corpus")
    files = ["anna/calm/1.wav", "bob/calm/2.wav"]
    assert [about["label"] for about in told(*files, labels="folder:2").values()] == ["anna", "bob"]
    about = told(*files, name_pattern="{speaker}/{label}/{take}")
    assert [each["speaker"] for each in about.values()] == ["anna", "bob"]


def test_folders_that_a_path_leaves_again_do_not_count(tmp_path, monkeypatch):
    make(tmp_path, "corpus/anna/calm/1.wav", "corpus/bob/loud/2.wav")
    monkeypatch.chdir(tmp_path)
    given = ["corpus/bob/../anna/calm/1.wav", "corpus/bob/loud/../../anna/../bob/loud/2.wav"]
    assert [about["label"] for about in told(*given, labels="folder:2").values()] == ["anna", "bob"]


# From the command to the table


def test_what_folders_say_are_columns_of_the_table(tmp_path, monkeypatch):
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
