"""Names of files, however odd: each is a row or a failure of its own, in every kind of table."""

import io
import os
import unicodedata

import hypothesis
import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from hypothesis import strategies as st

import featkit
from featkit import signals
from featkit.cli._main import main
from featkit.datasets.files import as_name, as_text, find

SR = 8000

LEVEL = {"sample_rate": SR, "features": [{"family": "rms", "statistics": ["max"]}]}
"""One column, with a different value for each file."""

ENDINGS = ["parquet", "csv"]

NFC, NFD = (unicodedata.normalize(form, "é.wav") for form in ("NFC", "NFD"))

NAMES = [
    *("rock/a.wav", "jazz/a.wav", "jazz/A.wav", "jazz/a.WAV"),
    *(" a.wav", "a b.wav", "a  b.wav", "two words/a b.wav"),
    *(NFC, NFD, "日本/ä ö.wav", "\u202egnp.wav", "\ufeffmark.wav"),
    *(
        "line\nend.wav",
        "line\r\nend.wav",
        "line\rend.wav",
        "\nfirst.wav",
        "tab\t.wav",
        "\x1b[31m.wav",
    ),
    *("-x.wav", "--help.wav", "-", "-.wav"),
    *("=1+1.wav", "'=1+1.wav", "''=1+1.wav", "+1.wav", "@x.wav", "'quoted'.wav", '"quoted".wav'),
    *("a,b.wav", "a;b.wav", "NA.wav", "null.wav", "007.wav", "#.wav", "%20.wav", "a\\b.wav"),
    *(b"caf\xe9.wav", b"caf\xe8.wav", rb"caf\xe9.wav", rb"caf\x5cxe9.wav", b"\\x\xe9.wav"),
    *(f"{'long' * 60}.wav", "/".join(["deep" * 10] * 20) + "/a.wav"),
]
"""Relative to the corpus; bytes are not UTF-8, or look like their escape sequence."""


def text(name):
    """The path of a file of `NAMES` in a table, written by hand where it differs."""
    named = {
        b"caf\xe9.wav": r"caf\xe9.wav",
        b"caf\xe8.wav": r"caf\xe8.wav",
        rb"caf\xe9.wav": r"caf\x5cxe9.wav",
        rb"caf\x5cxe9.wav": r"caf\x5cx5cxe9.wav",
        b"\\x\xe9.wav": r"\x\xe9.wav",
    }
    return named.get(name, name)


def write(path, level):
    sound = io.BytesIO()
    soundfile.write(sound, signals.constant(SR, 0.6, value=level), SR, "FLOAT", format="WAV")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as stream:
        stream.write(sound.getvalue())


def corpus_of(folder, names):
    """Write files with different levels; return the level of each that the file system allows."""
    levels = {}
    for number, name in enumerate(names, 1):
        path = os.path.join(os.fsencode(folder), os.fsencode(name))
        try:
            taken = os.path.exists(path)
            write(path, number / 256)
        except OSError:  # this file system has no such names
            continue
        if not taken:
            levels[text(name)] = number / 256
    return levels


def levels_in(table):
    return dict(zip(table.data["path"], table.features["rms_max"], strict=True))


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("ending", ENDINGS)
def test_every_name_is_a_row_of_its_own_and_comes_back(tmp_path, ending, n_jobs):
    levels = corpus_of(tmp_path / "corpus", [name for name in NAMES if name != "-"])
    extraction = featkit.extract(
        tmp_path / "corpus", features=LEVEL, labels="folder", n_jobs=n_jobs
    )
    assert not extraction.failures
    assert levels_in(extraction.table) == pytest.approx(levels, rel=1e-6)
    assert len(extraction.table) == len(levels) > 20
    extraction.write(tmp_path / f"a.{ending}")
    back = featkit.FeatureTable.read(tmp_path / f"a.{ending}")
    pd.testing.assert_frame_equal(back.data, extraction.table.data, check_exact=True)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", [name for name in NAMES if isinstance(name, str)])
def test_every_name_can_be_given_by_itself(tmp_path, monkeypatch, name, ending):
    if not corpus_of(tmp_path / "corpus", [name]):
        pytest.skip("this file system has no such names")
    folder = tmp_path / "corpus" / os.path.dirname(name)
    monkeypatch.chdir(folder)
    extraction = featkit.extract(os.path.basename(name), features=LEVEL)
    assert [failure.message for failure in extraction.failures] == []
    extraction.write(tmp_path / f"a.{ending}")
    back = featkit.FeatureTable.read(tmp_path / f"a.{ending}")
    assert back.data["path"].tolist() == [os.path.basename(name)]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_is_no_sound_fails_under_its_name(tmp_path, ending):
    levels = corpus_of(tmp_path / "corpus", [name for name in NAMES if name != "-"])
    for recording in find([tmp_path / "corpus"]):
        with open(recording.file, "wb") as stream:
            stream.write(b"no sound")
    extraction = featkit.extract(tmp_path / "corpus", features=LEVEL)
    assert {failure.path for failure in extraction.failures} == set(levels)


@pytest.mark.parametrize("words", [["./-x.wav"], ["--", "-x.wav"], ["."]])
def test_a_leading_dash_is_no_option_after_two_dashes(tmp_path, monkeypatch, words):
    corpus_of(tmp_path, ["-x.wav"])
    monkeypatch.chdir(tmp_path)
    arguments = ["extract", "-o", "out.csv", "--jobs", "1", "--features", "genre75", *words]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert featkit.FeatureTable.read("out.csv").data["path"].tolist() == ["-x.wav"]
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("'-x.wav,")


def test_folders_that_look_alike_are_labels_of_their_own(tmp_path):
    levels = corpus_of(tmp_path, [f"{folder}/a.wav" for folder in ("é", "e\u0301", "E\u0301")])
    table = featkit.extract(tmp_path, features=LEVEL, labels="folder").table
    assert sorted(table.labels) == sorted(path.partition("/")[0] for path in levels)


# Names that are bytes


@hypothesis.given(st.binary(min_size=1, max_size=12).map(lambda name: name.replace(b"/", b"\\")))
@hypothesis.example(b"\\x5c")
@hypothesis.example(b"\\\\xe9\xe9\\x\xe9")
def test_any_name_comes_back_from_its_text(name):
    called = as_text(os.fsdecode(name))
    called.encode()  # is text
    assert os.fsencode(as_name(called)) == name


@hypothesis.given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\\")))
def test_a_name_of_text_is_its_own_text(name):
    assert as_text(name) == name == as_name(name)


def test_a_manifest_can_name_files_that_are_not_utf8(tmp_path):
    if not corpus_of(tmp_path, [b"caf\xe9.wav"]):
        pytest.skip("this file system has no such names")
    (tmp_path / "list.csv").write_text("path,label\ncaf\\xe9.wav,a\n")
    table = featkit.extract(manifest=tmp_path / "list.csv", features=LEVEL).table
    assert table.data["path"].tolist() == [r"caf\xe9.wav"]


# Links, and folders that cannot be searched


def link(path, to):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(to, path)


def test_a_link_to_a_file_is_a_row_of_its_own(tmp_path):
    corpus_of(tmp_path, ["rock/a.wav"])
    link(tmp_path / "jazz" / "a.wav", tmp_path / "rock" / "a.wav")
    link(tmp_path / "jazz" / "b.wav", "../rock/a.wav")
    table = featkit.extract(tmp_path, features=LEVEL, labels="folder").table
    assert table.data["path"].tolist() == ["jazz/a.wav", "jazz/b.wav", "rock/a.wav"]
    assert table.labels.tolist() == ["jazz", "jazz", "rock"]
    assert len(np.unique(table.values)) == 1


def test_a_folder_is_searched_under_its_own_place_not_under_a_link_to_it(tmp_path):
    corpus_of(tmp_path, ["z/a.wav", "z/inner/b.wav"])
    link(tmp_path / "a_link", "z")
    link(tmp_path / "b" / "link", "../z/inner")
    assert [recording.path for recording in find([tmp_path])] == ["z/a.wav", "z/inner/b.wav"]


def test_links_that_form_a_loop_end(tmp_path):
    corpus_of(tmp_path, ["x/a.wav", "y/b.wav"])
    link(tmp_path / "x" / "y", "../y")
    link(tmp_path / "y" / "x", "../x")
    link(tmp_path / "x" / "up", "..")
    link(tmp_path / "itself", "itself")
    assert [recording.path for recording in find([tmp_path])] == ["x/a.wav", "y/b.wav"]


def test_links_that_lead_nowhere_fail_by_name(tmp_path):
    corpus_of(tmp_path, ["a.wav"])
    link(tmp_path / "gone.wav", "nothing.wav")
    link(tmp_path / "itself.wav", "itself.wav")
    extraction = featkit.extract(tmp_path, features=LEVEL)
    assert extraction.table.data["path"].tolist() == ["a.wav"]
    assert {f.path: f.stage for f in extraction.failures} == {
        "gone.wav": "open",
        "itself.wav": "open",
    }


def test_a_folder_that_cannot_be_searched_fails_by_name(tmp_path, monkeypatch):
    corpus_of(tmp_path, ["a.wav", "closed/b.wav"])
    scan = os.scandir

    def scandir(folder):
        if os.path.basename(folder) == "closed":
            raise PermissionError(13, "Permission denied", folder)
        return scan(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    extraction = featkit.extract(tmp_path, features=LEVEL)
    assert extraction.table.data["path"].tolist() == ["a.wav"]
    (failure,) = extraction.failures
    assert (failure.path, failure.stage) == ("closed", "open")


def test_a_pipe_fails_and_does_not_hang(tmp_path):
    corpus_of(tmp_path, ["a.wav"])
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no pipes with a name")
    os.mkfifo(tmp_path / "pipe.wav")
    extraction = featkit.extract(tmp_path, features=LEVEL)
    assert [failure.path for failure in extraction.failures] == ["pipe.wav"]


def test_hidden_files_are_left_out_and_an_empty_folder_is_an_error(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(featkit.ParameterError, match="no audio files in"):
        find([tmp_path])
    corpus_of(tmp_path, [".a.wav", "._b.wav", ".x/c.wav", "d.wav"])
    assert [recording.path for recording in find([tmp_path])] == ["d.wav"]
