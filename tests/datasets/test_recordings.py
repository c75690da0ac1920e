"""Fields of recordings from a manifest, and from several sources together."""

import csv

import pytest
from folders import fields_of, write_file
from hypothesis import given
from hypothesis import strategies as st

from featkit.datasets import recordings
from featkit.datasets.recordings import read_manifest
from featkit.errors import FeatkitError, ParameterError, TableError

MANIFEST = "path,label,group,split\na.wav,rock,ann,train\nx/b.wav,,bob,test\n"


def test_a_manifest_has_the_fields_of_each_recording(tmp_path):
    a, b = read_manifest(write_file(tmp_path / "corpus.csv", MANIFEST))
    assert (a.path, a.file) == ("a.wav", str(tmp_path / "a.wav"))
    assert (b.path, b.file) == ("x/b.wav", str(tmp_path / "x" / "b.wav"))
    assert a.fields == {"label": "rock", "group": "ann", "split": "train"}
    assert b.fields == {"label": "", "group": "bob", "split": "test"}


def test_paths_are_relative_to_the_folder_that_is_given_or_absolute(tmp_path):
    text = "path\na.wav\n/else/b.wav\n"
    a, b = read_manifest(write_file(tmp_path / "corpus.csv", text), root="/sound")
    assert (a.file, b.file) == ("/sound/a.wav", "/else/b.wav")
    assert b.path == "/else/b.wav"


@pytest.mark.parametrize("text", [b"\xef\xbb\xbfpath,label\na.wav,x\n", b"path,label\r\na.wav,x"])
def test_a_manifest_is_written_by_many_programs(tmp_path, text):
    (recording,) = read_manifest(write_file(tmp_path / "a.csv", text))
    assert (recording.path, recording.fields) == ("a.wav", {"label": "x"})


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1))
def test_any_text_in_a_manifest_is_read_exactly(tmp_path_factory, rows):
    file = tmp_path_factory.mktemp("manifest") / "a.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["label", "path", "note", "group"])
        writer.writerows([a, f"{k}.wav", b, c] for k, (a, b, c) in enumerate(rows))
    selected = read_manifest(file)
    assert [row.path for row in selected] == [f"{k}.wav" for k in range(len(rows))]
    assert [tuple(row.fields.values()) for row in selected] == rows
    assert {tuple(row.fields) for row in selected} == {("label", "note", "group")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\na.wav,x\n\nb.wav\n", "line 4: label: missing: 1 fields, but the header has"),
        ("path,label\na.wav,x,y\n", "line 2: field 3: 'y' belongs to no column"),
        ('path,label\n"a\nb.wav",x\n,x\n', "line 4: path: empty"),
        (
            "path\na.wav\nb.wav\n./a.wav\n",
            r"line 4: path: duplicate '\./a\.wav', first in .*line 2",
        ),
        ("path,label,label\na.wav,x,y\n", "line 1: duplicate column 'label'"),
        ("path,\na.wav,x\n", "line 1: column 2 has no name"),
        ("path, label\na.wav,x\n", "line 1: ' label': begins or ends with a space"),
        ("path,start\na.wav,1\n", "line 1: start: requires a column end"),
        ("path,end\na.wav,1\n", "line 1: end: requires a column start"),
        ("path,tempo\na.wav,1\n", "line 1: tempo: a feature has this name"),
        ("path,quality_short\na.wav,1\n", "line 1: quality_short: every table has a column"),
        ("path,mfcc_3_mean\na.wav,1\n", "line 1: mfcc_3_mean: a feature has this name"),
        ("path,label\n", "lists no recordings"),
        ('path,label\n"a.wav,x\n', "line 2: unexpected end of data: check for a missing"),
        (
            "file,label\na.wav,x\n",
            "line 1: 'file,label' is not the header of a manifest; known formats: esc50 .*'path'",
        ),
        ("", "line 1: '' is not the header of a manifest"),
        (b"path\n\xff.wav\n", "not UTF-8 text: save it as CSV in UTF-8"),
    ],
)
def test_a_fault_in_a_manifest_is_located(tmp_path, text, message):
    with pytest.raises(TableError, match=rf"corpus\.csv: {message}"):
        read_manifest(write_file(tmp_path / "corpus.csv", text))


def test_a_missing_manifest_is_an_error(tmp_path):
    with pytest.raises(TableError, match=r"none\.csv: no such file"):
        read_manifest(tmp_path / "none.csv")
    with pytest.raises(TableError, match="cannot read it"):
        read_manifest(tmp_path)


# Where


def test_where_keeps_the_rows_that_match(tmp_path):
    text = "path,fold,kind\na.wav,1,x\nb.wav,2,x\nc.wav,3,y\n"
    file = write_file(tmp_path / "a.csv", text)
    selected = read_manifest(file, where={"fold": [1, 3], "kind": "x"})
    assert [row.path for row in selected] == ["a.wav"]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"fald": ["1"]}, r"where: unknown column 'fald': did you mean 'fold'\? available: fold"),
        ({"kind": ["x", "z"]}, r"where: unknown kind = 'z': available: x, y"),
        ({"fold": ["04"]}, r"available: 00, 01, 02, .*, …"),
        ({"fold": "19", "kind": "x"}, "where: no recording matches all of"),
    ],
)
def test_where_lists_existing_columns_and_values(tmp_path, where, message):
    rows = "".join(f"{k:02d}.wav,{k:02d},{'xy'[k > 3]}\n" for k in range(20) if k != 4)
    file = write_file(tmp_path / "a.csv", f"path,fold,kind\n{rows}")
    with pytest.raises(ParameterError, match=message):
        read_manifest(file, where=where)


# Several sources


def test_fields_of_folder_name_and_manifest_can_be_combined(tmp_path):
    write_file(tmp_path / "rock" / "1-a.wav", "")
    write_file(tmp_path / "jazz" / "2-b.wav", "")
    file = write_file(tmp_path / "list.csv", "path,group\nrock/1-a.wav,ann\njazz/2-b.wav,bob\n")
    options = {"labels": "folder", "name_pattern": "{fold}-{take}", "manifest": file}
    selected = recordings.recordings([], **options, where={"fold": "2"})
    assert fields_of(selected) == [{"group": "bob", "label": "jazz", "fold": "2", "take": "b"}]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": "folder"}, r"duplicate field 'label': the folder gives it"),
        ({"name_pattern": "{label}_{take}"}, "duplicate field 'label': the name pattern gives it"),
        ({"labels": "file"}, "labels must be 'folder', 'folder:2' and so on, or None"),
    ],
)
def test_two_sources_of_one_field_are_refused(tmp_path, options, message):
    write_file(tmp_path / "a_1.wav", "")
    file = write_file(tmp_path / "list.csv", "path,label\na_1.wav,x\n")
    with pytest.raises(ParameterError, match=message):
        recordings.recordings([], manifest=file, **options)


def test_with_a_manifest_there_is_one_folder_at_most(tmp_path):
    file = write_file(tmp_path / "list.csv", MANIFEST)
    with pytest.raises(ParameterError, match="give one folder at most"):
        recordings.recordings([tmp_path, tmp_path], manifest=file)
    with pytest.raises(ParameterError, match=r"list\.csv: no such folder"):
        recordings.recordings([file], manifest=file)


def test_a_manifest_without_existing_files_reports_where_it_looked(tmp_path):
    file = write_file(tmp_path / "list.csv", MANIFEST)
    message = r"none of its 2 recordings exists, such as .*a\.wav: give the folder"
    with pytest.raises(ParameterError, match=message) as caught:
        recordings.recordings([], manifest=file)
    assert isinstance(caught.value, FeatkitError)
    write_file(tmp_path / "a.wav", "")
    assert len(recordings.recordings([], manifest=file)) == 2
