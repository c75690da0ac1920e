"""Manifests of intervals: one recording for each path, with its annotations in order."""

import math

import pytest
from annotating import write_manifest

from featkit.datasets.annotated_recordings import (
    background_fields,
    row_fields,
    with_background,
    with_recording_fields,
)
from featkit.datasets.annotations import Annotation
from featkit.datasets.files import recording_at
from featkit.datasets.recordings import read_manifest, recordings
from featkit.errors import ParameterError, TableError

NAMES = ("path", "start", "end", "label", "site")
ROWS = [
    ("b.wav", 1, 2, "x", "north"),
    ("a.wav", "", "", "y", "south"),
    ("b.wav", 0.5, "", "z", "north"),
]


@pytest.fixture
def manifest(tmp_path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).touch()
    return write_manifest(tmp_path / "m.csv", ROWS, NAMES)


def annotated(*fields, **own):
    annotations = tuple(Annotation(start=0, end=1, fields=one) for one in fields)
    return recording_at("a", "a", fields=own, annotations=annotations)


def labels(recording):
    return [annotation.fields["label"] for annotation in recording.annotations]


def test_rows_of_one_path_are_annotations_of_one_recording(manifest):
    first, second = read_manifest(manifest)
    assert (first.path, second.path) == ("b.wav", "a.wav")
    assert [(a.start, a.end) for a in first.annotations] == [(1, 2), (0.5, math.inf)]
    assert [(a.start, a.end) for a in second.annotations] == [(0, math.inf)]
    assert [a.location for a in first.annotations] == [f"{manifest}: line {n}" for n in (2, 4)]
    assert labels(first) == ["x", "z"]
    assert all(math.isnan(a.low_hz) and math.isnan(a.high_hz) for a in first.annotations)


def test_all_recordings_have_the_fields_of_recordings_and_annotations(manifest):
    for recording in read_manifest(manifest):
        assert recording.fields == {
            "label": "",
            "site": {"b.wav": "north", "a.wav": "south"}[recording.path],
        }


def test_without_start_and_end_a_repeated_path_is_an_error_with_a_remedy(tmp_path):
    file = write_manifest(tmp_path / "m.csv", [("a.wav",), ("a.wav",)], ("path",))
    with pytest.raises(TableError, match=r"line 3: path: duplicate.*add columns start and end"):
        read_manifest(file)


@pytest.mark.parametrize(
    ("header", "cells", "message"),
    [
        ("path,start", "a.wav,1", "line 1: start: requires a column end"),
        ("path,low_hz", "a.wav,1", "line 1: low_hz: requires a column start"),
        ("path,start,end,high_hz,tempo", "a.wav,1,2,3,4", "line 1: tempo: a feature has this name"),
        ("path,start,end", "a.wav,one,2", "line 2: start: 'one' is not a number: write seconds"),
        ("path,start,end", "a.wav,1,inf", "line 2: end: 'inf' is not a number"),
        ("path;start;end", "a.wav;1,5;2", "line 2: start: '1,5' is not a number"),
        ("path,start,end", "a.wav,1,1_0", "line 2: end: '1_0' is not a number"),
        ("path,start,end,low_hz", "a.wav,1,2,nan", "line 2: low_hz: 'nan' is not .*: write Hz"),
    ],
)
def test_a_cell_that_is_not_a_number_is_located(tmp_path, header, cells, message):
    (tmp_path / "m.csv").write_text(f"{header}\n{cells}\n")
    with pytest.raises(TableError, match=rf"m\.csv: {message}"):
        read_manifest(tmp_path / "m.csv")


def test_reversed_and_negative_intervals_are_read(tmp_path):
    rows = [("a.wav", 2, 1), ("a.wav", -1, 1), ("a.wav", 1, 1)]
    (recording,) = read_manifest(write_manifest(tmp_path / "m.csv", rows, NAMES[:3]))
    assert [(a.start, a.end) for a in recording.annotations] == [(2, 1), (-1, 1), (1, 1)]


def test_where_applies_to_annotations(manifest):
    (first,) = recordings([], manifest=manifest, where={"label": ["x", "z"], "site": "north"})
    assert labels(first) == ["x", "z"]
    (first,) = recordings([], manifest=manifest, where={"label": "z"})
    assert labels(first) == ["z"]
    assert [annotation.fields["label"] for annotation in first.excluded] == ["x"]
    with pytest.raises(ParameterError, match="where: unknown label = 'q'"):
        recordings([], manifest=manifest, where={"label": "q"})
    with pytest.raises(ParameterError, match="where: no recording matches all"):
        recordings([], manifest=manifest, where={"label": "y", "site": "north"})


def test_fields_of_names_are_added_and_must_be_new(manifest):
    selected = recordings([], manifest=manifest, name_pattern="{letter}")
    assert [recording.fields["letter"] for recording in selected] == ["b", "a"]
    with pytest.raises(ParameterError, match="duplicate field 'label'"):
        recordings([], manifest=manifest, name_pattern="{label}")
    with pytest.raises(ParameterError, match="duplicate field 'label'"):
        recordings([], manifest=manifest, labels="folder")


def test_a_field_with_one_value_in_each_recording_is_one_of_the_recording():
    one = annotated({"label": "x", "site": "n", "note": "1"}, {"label": "x", "site": "n"})
    two = annotated({"label": "x", "site": "s", "note": ""})
    first, second = with_recording_fields([one, two])
    assert (first.fields, second.fields) == ({"site": "n"}, {"site": "s"})
    assert row_fields(first, first.annotations[0]) == {"label": "x", "site": "n", "note": "1"}
    plain = recording_at("b", "b", fields={"site": "w"})
    assert with_recording_fields([plain, annotated()]) == [plain, annotated()]


def test_the_background_has_the_fields_of_the_recording_and_its_label():
    (first, plain) = with_background(
        [annotated({"label": "x"}, site="n"), recording_at("b", "b", fields={"site": "s"})], "noise"
    )
    assert background_fields(first) == {"label": "noise", "site": "n"}
    assert (plain.background, plain.fields) == (None, {"label": "", "site": "s"})


def test_background_needs_annotations_and_a_label():
    with pytest.raises(ParameterError, match="background requires annotations"):
        with_background([recording_at("b", "b")], "noise")
    with pytest.raises(ParameterError, match="background must be a label"):
        with_background([annotated({})], " ")
